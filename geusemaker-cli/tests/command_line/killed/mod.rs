//! Kills `gm` with SIGKILL, at each of its calls and at random moments, while it deploys and while it removes a stack.
//! From there another `gm` brings the stack up or removes it, as asked, and nothing exists twice or is left.

mod at_each;
mod every_call;
mod point;
mod random_moments;
mod sampling;
mod stack;
mod world;
