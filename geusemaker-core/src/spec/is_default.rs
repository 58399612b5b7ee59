//! The test by which a setting that has its default is left out of a serialized spec.

/// Returns true for the default of a type.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
