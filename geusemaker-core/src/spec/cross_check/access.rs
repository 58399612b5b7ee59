//! Checks of the access.

use super::first_repeated::first_repeated;
use super::services::RULES_PER_GROUP;
use crate::spec::error::SpecError;
use crate::spec::tier::Tier;
use crate::spec::unchecked::UncheckedSpec;

pub(super) fn check(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let access = &spec.access;
    for (field, ranges) in [("allow", access.allow()), ("ssh_from", access.ssh_from())] {
        if let Some((index, range)) = first_repeated(ranges) {
            let message = format!("{range} is listed more than once: name each range once");
            return Err(SpecError::new(message).at(format!("access.{field}[{index}]")));
        }
    }
    if !access.allow().is_empty() {
        allow(spec).map_err(|error| error.at("access.allow"))?;
    }
    rules(spec)?;
    if !access.ssh_from().is_empty() && spec.compute.key_pair().is_none() {
        let message = "SSH needs a key: name one of EC2 in compute.key_pair, or leave ssh_from out";
        return Err(SpecError::new(message).at("access.ssh_from"));
    }
    Ok(())
}

/// Checks that the rules fit into one security group.
fn rules(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let access = &spec.access;
    let services = spec.services.iter();
    let served = services.filter(|service| !service.is_internal());
    let ports: usize = match spec.tier {
        Tier::Instances => served
            .map(|service| 1 + service.published_ports().len())
            .sum(),
        Tier::LoadBalancer | Tier::Cdn => 1,
    };
    let rules = ports * access.allow().len() + access.ssh_from().len();
    if rules <= RULES_PER_GROUP {
        return Ok(());
    }
    let message = format!(
        "needs {rules} rules in one security group, for each port and range, and AWS allows {RULES_PER_GROUP}: name fewer, \
         larger ranges"
    );
    Err(SpecError::new(message).at("access"))
}

fn allow(spec: &UncheckedSpec) -> Result<(), SpecError> {
    match spec.tier {
        Tier::Instances if spec.services.iter().all(|service| service.is_internal()) => {
            Err(SpecError::new(
                "there is nothing to reach: add a [[service]] that is not internal, or leave allow out",
            ))
        }
        Tier::Instances | Tier::LoadBalancer => Ok(()),
        Tier::Cdn => Err(SpecError::new(
            "CloudFront answers requests from everywhere, and its load balancer admits CloudFront alone: leave allow out, \
             or deploy tier 2",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{G5, error, read, service};

    fn access(keys: &str) -> String {
        format!("{}[access]\n{keys}\n", service("ui", 80, ""))
    }

    #[test]
    fn allow_needs_something_to_reach() {
        let keys = "allow = [\"203.0.113.0/24\"]";
        for tier in [1, 2] {
            assert!(read(tier, G5, &access(keys)).is_ok());
        }
        assert_eq!(
            error(1, G5, &format!("[access]\n{keys}")),
            "line 6: access.allow: there is nothing to reach: add a [[service]] that is not internal, or leave allow out"
        );
        assert!(error(3, G5, &access(keys)).contains("leave allow out, or deploy tier 2"));
    }

    #[test]
    fn ssh_needs_key_pair() {
        let keys = access("ssh_from = [\"203.0.113.7/32\"]");
        assert!(read(1, &format!("{G5}\nkey_pair = \"me\""), &keys).is_ok());
        assert!(error(1, G5, &keys).contains("access.ssh_from: SSH needs a key"));
    }

    #[test]
    fn rules_fit_one_security_group() {
        let with = |ranges: usize| {
            let ranges = (0..ranges).map(|n| format!("\"10.{n}.0.0/16\""));
            access(&format!(
                "allow = [{}]",
                ranges.collect::<Vec<_>>().join(", ")
            ))
        };
        assert!(read(1, G5, &with(60)).is_ok());
        assert!(error(2, G5, &with(61)).contains("needs 61 rules in one security group"));
        let two = format!("{}{}", service("a", 81, ""), with(31));
        let two = two.replacen("port = 81", "port = 81\npaths = [\"/a\"]", 1);
        assert!(error(1, G5, &two).contains("needs 62 rules"));
    }

    #[test]
    fn ranges_differ() {
        let keys = access("allow = [\"203.0.113.0/24\", \"203.0.113.0/24\"]");
        assert!(
            error(1, G5, &keys)
                .contains("access.allow[1]: 203.0.113.0/24 is listed more than once")
        );
    }
}
