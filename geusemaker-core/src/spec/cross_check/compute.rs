//! Checks between the fields of `compute`.

use crate::spec::compute::Compute;
use crate::spec::error::SpecError;
use crate::spec::market::Market;

pub(super) fn check(compute: &Compute) -> Result<(), SpecError> {
    let is_block = compute.market() == Market::CapacityBlock;
    if compute.max_price().is_some() && !compute.market().may_be_spot() {
        let message = "holds for spot instances only: set compute.market to \"spot\" or \"spot-then-on-demand\", or leave \
                       it out";
        return Err(SpecError::new(message).at("compute.max_price"));
    }
    if is_block && compute.capacity_reservation().is_none() {
        let message = "a capacity block is needed: set compute.capacity_reservation to its id, cr-... (aws ec2 \
                       describe-capacity-reservations)";
        return Err(SpecError::new(message).at("compute.market"));
    }
    if compute.capacity_reservation().is_some() {
        if compute.market().may_be_spot() {
            let message = "spot instances cannot be launched in a reservation: set compute.market to \"on-demand\", or to \
                           \"capacity-block\" if it is a capacity block";
            return Err(SpecError::new(message).at("compute.capacity_reservation"));
        }
        if !compute.fallback().is_empty() {
            let message =
                "a capacity reservation is of one instance type: leave compute.fallback out";
            return Err(SpecError::new(message).at("compute.fallback"));
        }
    }
    if compute.named_os().is_some() && compute.ami().is_some() {
        let message =
            "chooses a Deep Learning AMI, and compute.ami names the image: leave one of them out";
        return Err(SpecError::new(message).at("compute.os"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{G5, error, read};

    const RESERVATION: &str = "capacity_reservation = \"cr-0a1b2c3d\"";

    #[test]
    fn reservation_goes_with_its_market() {
        let p5 = "instance_type = \"p5.48xlarge\"";
        assert!(read(1, &format!("{p5}\n{RESERVATION}"), "").is_ok());
        let block = "market = \"capacity-block\"";
        assert!(read(1, &format!("{p5}\n{block}\n{RESERVATION}"), "").is_ok());
        for (lines, message) in [
            (
                format!("{p5}\n{block}"),
                "line 5: compute.market: a capacity block is needed",
            ),
            (
                format!("{p5}\nmarket = \"spot\"\n{RESERVATION}"),
                "line 6: compute.capacity_reservation: spot instances cannot be launched in a reservation",
            ),
            (
                format!("{p5}\nfallback = [\"p5en.48xlarge\"]\n{RESERVATION}"),
                "line 5: compute.fallback: a capacity reservation is of one instance type",
            ),
            (
                format!("{G5}\n{block}\n{RESERVATION}"),
                "line 4: compute.instance_type: g5.xlarge is not sold in capacity blocks",
            ),
        ] {
            let error = error(1, &lines, "");
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn price_limit_is_for_spot() {
        assert!(
            read(
                1,
                &format!("{G5}\nmarket = \"spot\"\nmax_price = \"0.5\""),
                ""
            )
            .is_ok()
        );
        assert!(
            error(1, &format!("{G5}\nmax_price = \"0.5\""), "")
                .starts_with("line 5: compute.max_price: holds for spot instances only")
        );
        assert!(
            error(
                1,
                &format!("{G5}\nmarket = \"spot\"\nmax_price = \"0.001\""),
                ""
            )
            .contains("more than 0.001")
        );
    }

    #[test]
    fn system_goes_with_type_and_image() {
        let g6f = "instance_type = \"g6f.large\"";
        let spec = read(1, g6f, "").unwrap();
        assert_eq!(spec.compute().os().to_string(), "amazon-linux-2023");
        assert!(
            error(1, &format!("{g6f}\nos = \"ubuntu-24.04\""), "").contains(
                "is not among the instances that the Deep Learning AMI of ubuntu-24.04 supports: set compute.os to \
                 \"amazon-linux-2023\""
            )
        );
        assert!(
            error(
                1,
                &format!("{G5}\nos = \"ubuntu-22.04\"\nami = \"ami-0a\""),
                ""
            )
            .starts_with("line 5: compute.os: chooses a Deep Learning AMI")
        );
    }
}
