//! The only origin of a distribution.

/// The id of the origin: the load balancer.
pub(super) const ORIGIN: &str = "load-balancer";

/// Returns a number of a spec, whose bounds are far below those of the type.
pub(super) fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
