//! The names of instance types that are not in the catalog.

use super::gpu_instance_type::GpuInstanceType;
use super::text::validated_text;

validated_text! {
    /// The name of an instance type that the catalog of GPU instance types does not have: of a newer type, or of one
    /// without GPUs. Only AWS knows if there is such a type, and what it has.
    ///
    /// ```
    /// use geusemaker_core::spec::InstanceTypeName;
    ///
    /// let name: InstanceTypeName = "m7i.xlarge".parse()?;
    /// assert_eq!(name.as_str(), "m7i.xlarge");
    /// assert!("m7i.xlagre".parse::<InstanceTypeName>().is_err());
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    InstanceTypeName, check
}

fn check(name: &str) -> Result<(), String> {
    if !looks_real(name) {
        return Err(format!(
            "{name:?} is not the name of an instance type: expected a name such as \"m7i.xlarge\""
        ));
    }
    match name.parse::<GpuInstanceType>() {
        Ok(_) => Err(format!("{name:?} is in the catalog of GPU instance types")),
        Err(_) => Ok(()),
    }
}

/// Returns the part of a name before the dot.
pub(super) fn family(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Returns the part of a name after the dot.
pub(super) fn size(name: &str) -> &str {
    name.split_once('.').map_or("", |(_, size)| size)
}

/// Returns true if the name has the format of an EC2 instance type, such as `t3.micro` or `c7i.metal-24xl`.
pub(super) fn looks_real(name: &str) -> bool {
    let family = family(name);
    let size = size(name);
    let family_is_real = family.starts_with(|c: char| c.is_ascii_lowercase())
        && family.contains(|c: char| c.is_ascii_digit())
        && family
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_multiple = size.strip_suffix("xlarge").is_some_and(is_number);
    let metal = size.strip_prefix("metal-");
    let is_metal = metal.and_then(|size| size.strip_suffix("xl"));
    let is_metal = is_metal.is_some_and(|number| !number.is_empty() && is_number(number));
    family_is_real
        && (is_multiple
            || is_metal
            || ["nano", "micro", "small", "medium", "large", "metal"].contains(&size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_format_of_aws() {
        for name in [
            "t3.micro",
            "u7i-12tb.224xlarge",
            "c7i.metal-24xl",
            "mac2-m1ultra.metal",
            "g9.xlarge",
            "g5.3xlarge",
        ] {
            assert!(name.parse::<InstanceTypeName>().is_ok(), "{name}");
        }
        for name in [
            "",
            "m7i",
            "m7i.",
            "m7i.huge",
            "M7i.large",
            "m.large",
            "m7i.metal-xl",
            "m7i.large*",
        ] {
            assert!(name.parse::<InstanceTypeName>().is_err(), "{name}");
        }
    }

    /// Of such a type the facts are known, so that it is no open question.
    #[test]
    fn names_of_catalog_are_refused() {
        for instance_type in GpuInstanceType::all() {
            assert!(instance_type.name().parse::<InstanceTypeName>().is_err());
        }
    }
}
