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
    size_gib: u32,
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
    if volume_type == "gp3" {
        refuse_gp3(size_gib, iops, throughput)?;
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

/// Refuses performance out of range. EBS user guide, General Purpose SSD volumes: the limits of gp3 volumes.
fn refuse_gp3(
    size_gib: u32,
    iops: Option<u32>,
    throughput: Option<u32>,
) -> Result<(), ServiceError> {
    let limits = [
        ("iops", "", iops, 3000, 80_000),
        ("throughput", "MiBps", throughput, 125, 2000),
    ];
    for (what, unit, value, least, most) in limits {
        match value {
            Some(value) if value < least => {
                return Err(invalid(&format!(
                    "Volume {what} of {value}{unit} is too low; minimum is {least}{unit}."
                )));
            }
            Some(value) if value > most => {
                return Err(invalid(&format!(
                    "Volume {what} of {value}{unit} is too high; maximum is {most}{unit}."
                )));
            }
            Some(_) | None => {}
        }
    }
    // Every volume has the first 3000, whatever its size.
    let iops = iops.unwrap_or(3000);
    let per_gib = f64::from(iops) / f64::from(size_gib.max(1));
    if iops > 3000 && per_gib > 500.0 {
        return Err(invalid(&format!(
            "Iops to volume size ratio of {per_gib:.6} is too high; maximum is 500.000000 iops per GiB"
        )));
    }
    let per_iops = f64::from(throughput.unwrap_or(125)) / f64::from(iops);
    if per_iops > 0.25 {
        return Err(invalid(&format!(
            "Throughput (MiBps) to iops ratio of {per_iops:.6} is too high; maximum is 0.250000 MiBps per iops"
        )));
    }
    Ok(())
}
