//! `gm` is killed with SIGKILL: at each of its calls and at random moments, on the way up and on the way down. From what
//! is there then another `gm` reaches the end that it is asked for, and nothing is there twice or left.

mod at_each;
mod every_call;
mod point;
mod random_moments;
mod sampling;
mod stack;
mod world;
