//! The types of volumes, with their sizes and settings.

use crate::sim::ec2::Code;
use crate::sim::ec2::validation::invalid;
use crate::wire::ServiceError;

pub(super) const VOLUME_TYPES: [&str; 7] = ["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"];

/// Refuses a size out of range. EBS user guide, volume types: the minimum and maximum size of each type.
pub(super) fn refuse_size(volume_type: &str, size_gib: u32) -> Result<(), ServiceError> {
    let (least, most) = match volume_type {
        "standard" => (1, 1024),
        "st1" | "sc1" => (125, 16_384),
        "io1" => (4, 16_384),
        "io2" => (4, 65_536),
        "gp3" => (1, 65_536),
        _ => (1, 16_384),
    };
    if size_gib < least {
        let message = format!(
            "Volume of {size_gib}GiB is too small for volume type {volume_type}; minimum is {least}GiB."
        );
        return Err(invalid(&message));
    }
    if size_gib > most {
        let message = format!(
            "Volume of {size_gib}GiB is too large for volume type {volume_type}; maximum is {most}GiB."
        );
        return Err(invalid(&message));
    }
    Ok(())
}

/// Refuses settings that a type does not have.
pub(super) fn refuse_performance(
    volume_type: &str,
    iops: Option<u32>,
    throughput: Option<u32>,
) -> Result<(), ServiceError> {
    let combination = |message: String| {
        Err(ServiceError::new(
            Code::InvalidParameterCombination,
            message,
        ))
    };
    if throughput.is_some() && volume_type != "gp3" {
        return combination(format!(
            "The parameter throughput is not supported for {volume_type} volumes"
        ));
    }
    match (volume_type, iops) {
        ("io1" | "io2", None) => {
            let message =
                format!("The parameter iops must be specified for {volume_type} volumes.");
            Err(ServiceError::new(Code::MissingParameter, message))
        }
        ("io1" | "io2" | "gp3", _) | (_, None) => Ok(()),
        (_, Some(_)) => combination(format!(
            "The parameter iops is not supported for {volume_type} volumes."
        )),
    }
}
