//! The selection of kills that an ordinary test run makes.

/// Returns all kills if `GM_KILLS=all` is set, as `cargo xtask kills` does; otherwise every few, so that all parts of
/// the run and all kinds of moments take turns.
pub(super) fn sample<T>(all: Vec<T>, stride: usize) -> Vec<T> {
    let stride = match std::env::var("GM_KILLS").as_deref() {
        Ok("all") => 1,
        _ => stride,
    };
    all.into_iter().step_by(stride).collect()
}
