//! Names and addresses: the resource that a host name leads to, as the internet's DNS would say.

use jiff::Timestamp;

use crate::sim::account::Account;

/// A resource that accepts connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Destination {
    Distribution {
        id: String,
    },
    /// An instance, at a public address.
    Instance {
        region: String,
        id: String,
    },
    LoadBalancer {
        region: String,
        arn: String,
    },
}

/// The number of names that a chain of aliases can have.
const LONGEST_CHAIN: usize = 8;

impl Destination {
    /// Returns the resource of a host name or a public address.
    pub(crate) fn of(account: &Account, host: &str, now: Timestamp) -> Option<Self> {
        let mut name = host.trim_end_matches('.').to_ascii_lowercase();
        for _ in 0..LONGEST_CHAIN {
            if let Some(found) = Self::named(account, &name, now) {
                return Some(found);
            }
            let target = account.route53.target_of(&name, now)?;
            name = target.trim_start_matches("dualstack.").to_owned();
        }
        None
    }

    fn named(account: &Account, name: &str, now: Timestamp) -> Option<Self> {
        if let Ok(address) = name.parse() {
            let mut regions = account.regions.iter();
            return regions.find_map(|(region, content)| {
                let id = content.ec2.instance_at(address, now)?;
                Some(Self::Instance {
                    region: region.clone(),
                    id: id.to_owned(),
                })
            });
        }
        if let Some(id) = account.cloudfront.of_domain_name(name, now) {
            return Some(Self::Distribution { id: id.to_owned() });
        }
        let mut regions = account.regions.iter();
        regions.find_map(|(region, content)| {
            let arn = content.elastic_load_balancing.of_dns_name(name, now)?;
            Some(Self::LoadBalancer {
                region: region.clone(),
                arn: arn.to_owned(),
            })
        })
    }
}
