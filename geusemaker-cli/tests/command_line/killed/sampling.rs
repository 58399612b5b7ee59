//! Which of the kills an ordinary run of the tests does.

/// All of them if the environment says `GM_KILLS=all`, which `cargo xtask kills` does; else every few, from each part of
/// the run and of every kind in turn.
pub(super) fn sample<T>(all: Vec<T>, stride: usize) -> Vec<T> {
    let stride = match std::env::var("GM_KILLS").as_deref() {
        Ok("all") => 1,
        _ => stride,
    };
    all.into_iter().step_by(stride).collect()
}
