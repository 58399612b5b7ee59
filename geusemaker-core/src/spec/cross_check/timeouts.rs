//! Checks between the timeouts of the load balancer and of the CDN.

use crate::spec::error::SpecError;
use crate::spec::tier::Tier;
use crate::spec::unchecked::UncheckedSpec;

/// The one that ends first decides, so a longer one in front of it would only look like more time.
pub(super) fn check(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let idle = spec.load_balancer.idle_timeout();
    match spec.cdn.read_timeout() {
        Some(read) if spec.tier == Tier::Cdn && read > idle => {
            let idle = idle.as_secs();
            Err(SpecError::new(format!(
                "the load balancer ends a silent connection after {idle} s: set load_balancer.idle_timeout to this or more"
            ))
            .at("cdn.read_timeout"))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{G5, error, read, service};

    #[test]
    fn cdn_waits_no_longer_than_balancer() {
        let with = |tables: &str| format!("{}{tables}", service("ui", 80, ""));
        for (tables, timeout) in [
            ("", 120),
            ("[load_balancer]\nidle_timeout = \"45s\"", 45),
            ("[load_balancer]\nidle_timeout = \"1h\"", 120),
            ("[cdn]\nread_timeout = \"30s\"", 30),
        ] {
            let spec = read(3, G5, &with(tables)).unwrap();
            assert_eq!(
                spec.read_timeout(),
                Duration::from_secs(timeout),
                "{tables}"
            );
        }
        let longer = with("[load_balancer]\nidle_timeout = \"45s\"\n[cdn]\nread_timeout = \"50s\"");
        let message = error(3, G5, &longer);
        assert!(
            message.contains(
                "cdn.read_timeout: the load balancer ends a silent connection after 45 s"
            ),
            "{message}"
        );
        assert!(read(2, G5, &longer).is_ok());
    }
}
