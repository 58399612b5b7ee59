//! The three tiers that the conformance run deploys, and the resources that each must create.

use crate::endpoint::REGION;
use crate::inventory::{Inventory, Kind, Resource};

/// The tag of every resource; its value is the stack's name.
const STACK_TAG: &str = "geusemaker:stack";

/// The name of a stack that has one, in the hosted zone `example.com`.
pub(crate) const NAME: &str = "llm.example.com";

const INSTANCES: usize = 2;
const SERVICES: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    Instances = 1,
    LoadBalancer = 2,
    Cdn = 3,
}

impl Tier {
    pub(crate) const ALL: [Self; 3] = [Self::Instances, Self::LoadBalancer, Self::Cdn];

    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    /// Returns the name of the stack.
    pub(crate) fn stack(self) -> String {
        format!("conformance-{}", self.number())
    }

    /// Returns the spec of the stack.
    ///
    /// The image is one that moto knows: moto has none of the recent Deep Learning AMIs. Its console shows the same
    /// text for every instance, so a GPU cannot be found there.
    pub(crate) fn spec(self) -> String {
        format!(
            r#"name = "{stack}"
region = "{REGION}"
tier = {tier}

[compute]
instance_type = "g5.xlarge"
count = {INSTANCES}
ami = "ami-dca37ea5"
gpu_check = false

[[service]]
name = "ollama"
port = 11434
health_path = "/api/version"
paths = ["/ollama/*"]
image = "ollama/ollama:latest"
user = "1000:1000"

[[service]]
name = "n8n"
port = 5678
health_path = "/healthz"
image = "n8nio/n8n:latest"
user = "1000:1000"
"#,
            stack = self.stack(),
            tier = self.number(),
        )
    }

    /// Returns the problems of a deployment of this tier; none if everything is as it must be.
    pub(crate) fn problems(self, created: &Inventory) -> Vec<String> {
        self.problems_with_file_systems(created, 1)
    }

    /// Returns the same problems for a deployment that adopted an existing file system.
    pub(crate) fn problems_without_file_system(self, created: &Inventory) -> Vec<String> {
        self.problems_with_file_systems(created, 0)
    }

    fn problems_with_file_systems(self, created: &Inventory, file_systems: usize) -> Vec<String> {
        let mut problems = Problems::default();
        for resource in &created.0 {
            problems.extend(wrong_state(resource));
            problems.extend(self.wrong_tags(resource));
        }
        self.check_instances(created, file_systems, &mut problems);
        self.check_load_balancer(created, &mut problems);
        self.check_distribution(created, &mut problems);
        problems.0
    }

    fn wrong_tags(self, resource: &Resource) -> Option<String> {
        let tags = resource.tags.as_ref()?;
        (tags.get(STACK_TAG) != Some(&self.stack()))
            .then(|| format!("{} lacks the tag {STACK_TAG}", resource.id))
    }

    fn check_instances(self, created: &Inventory, file_systems: usize, problems: &mut Problems) {
        let count = |kind: fn(&Kind) -> bool| created.of(|it| kind(it).then_some(())).count();
        let instances = count(|it| matches!(it, Kind::Instance { .. }));
        problems.unless(instances == INSTANCES, || format!("{instances} instances"));
        let volumes = count(|it| matches!(it, Kind::Volume { .. }));
        problems.unless(volumes == INSTANCES, || format!("{volumes} volumes"));
        let systems = count(|it| matches!(it, Kind::FileSystem { .. }));
        problems.unless(systems == file_systems, || {
            format!("{systems} file systems")
        });
        let targets = count(|it| matches!(it, Kind::MountTarget { .. }));
        problems.unless(targets >= 1, || "no mount target".to_owned());
        let roles = [
            count(|it| matches!(it, Kind::Role)),
            count(|it| matches!(it, Kind::RolePolicy)),
            count(|it| matches!(it, Kind::InstanceProfile)),
            count(|it| matches!(it, Kind::InstanceProfileRole)),
        ];
        problems.unless(roles == [1; 4], || {
            format!("{roles:?} roles, policies, instance profiles, and roles in profiles")
        });
        let groups = count(|it| matches!(it, Kind::SecurityGroup));
        problems.unless(groups >= 1, || "no security group".to_owned());
    }

    fn check_load_balancer(self, created: &Inventory, problems: &mut Problems) {
        let balanced = usize::from(self >= Self::LoadBalancer);
        let balancers = load_balancer_names(created).len();
        problems.unless(balancers == balanced, || {
            format!("{balancers} load balancers")
        });
        let listeners = created
            .of(|it| matches!(it, Kind::Listener).then_some(()))
            .count();
        // With a name, a second listener redirects to HTTPS, unless the load balancer is behind a CDN.
        let redirects = usize::from(is_named(created) && self == Self::LoadBalancer);
        problems.unless(listeners == balanced + redirects, || {
            format!("{listeners} listeners")
        });
        let sizes: Vec<_> = created
            .of(|it| match it {
                Kind::TargetGroup { targets } => Some(targets.len()),
                _ => None,
            })
            .collect();
        problems.unless(sizes == vec![INSTANCES; SERVICES * balanced], || {
            format!("target groups with {sizes:?} targets")
        });
    }

    fn check_distribution(self, created: &Inventory, problems: &mut Problems) {
        let origins: Vec<_> = created
            .of(|it| match it {
                Kind::Distribution { origins, .. } => Some(origins.iter().collect::<Vec<_>>()),
                _ => None,
            })
            .collect();
        let named = format!("origin.{NAME}");
        let expected = match self {
            Self::Instances | Self::LoadBalancer => vec![],
            Self::Cdn if is_named(created) => vec![vec![&named]],
            Self::Cdn => vec![load_balancer_names(created)],
        };
        problems.unless(origins == expected, || {
            format!("distributions with the origins {origins:?}, not {expected:?}")
        });
    }
}

/// Returns true if the stack has a name of its own.
fn is_named(created: &Inventory) -> bool {
    created
        .of(|it| matches!(it, Kind::Certificate).then_some(()))
        .next()
        .is_some()
}

fn load_balancer_names(created: &Inventory) -> Vec<&String> {
    created
        .of(|it| match it {
            Kind::LoadBalancer { dns_name, .. } => Some(dns_name),
            _ => None,
        })
        .collect()
}

/// Returns the problem with the state of a single resource, if there is one.
fn wrong_state(resource: &Resource) -> Option<String> {
    let right = match &resource.kind {
        Kind::Distribution {
            status, enabled, ..
        } => status == "Deployed" && *enabled,
        Kind::FileSystem { state, encrypted } => state == "available" && *encrypted,
        Kind::Instance {
            state,
            metadata_tokens,
        } => state == "running" && metadata_tokens == "required",
        Kind::LoadBalancer { state, .. } => state == "active",
        Kind::AccessPoint { state }
        | Kind::MountTarget { state }
        | Kind::NatGateway { state }
        | Kind::VpcEndpoint { state } => state == "available",
        Kind::TargetGroup { targets } => targets.values().all(|health| health == "healthy"),
        Kind::Volume {
            volume_type,
            encrypted,
        } => volume_type == "gp3" && *encrypted,
        Kind::Certificate
        | Kind::DnsRecord
        | Kind::ElasticIp
        | Kind::InstanceProfile
        | Kind::InstanceProfileRole
        | Kind::InternetGateway
        | Kind::InternetGatewayAttachment
        | Kind::Role
        | Kind::RolePolicy
        | Kind::Route
        | Kind::RouteTable
        | Kind::RouteTableAssociation
        | Kind::Listener
        | Kind::ListenerRule
        | Kind::NetworkInterface
        | Kind::SecurityGroup
        | Kind::SecurityGroupRule
        | Kind::Subnet
        | Kind::Vpc => true,
    };
    (!right).then(|| format!("{} is not as it must be: {:?}", resource.id, resource.kind))
}

/// Problems as sentences, in the order in which they were found.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn extend(&mut self, problem: Option<String>) {
        self.0.extend(problem);
    }

    fn unless(&mut self, right: bool, problem: impl FnOnce() -> String) {
        if !right {
            self.0.push(problem());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(tier: Tier) -> Inventory {
        let mut kinds = vec![
            Kind::Role,
            Kind::RolePolicy,
            Kind::InstanceProfile,
            Kind::InstanceProfileRole,
            Kind::SecurityGroup,
            Kind::FileSystem {
                state: "available".into(),
                encrypted: true,
            },
            Kind::MountTarget {
                state: "available".into(),
            },
        ];
        for _ in 0..INSTANCES {
            kinds.push(Kind::Instance {
                state: "running".into(),
                metadata_tokens: "required".into(),
            });
            kinds.push(Kind::Volume {
                volume_type: "gp3".into(),
                encrypted: true,
            });
        }
        if tier >= Tier::LoadBalancer {
            kinds.push(Kind::LoadBalancer {
                state: "active".into(),
                dns_name: "alb".into(),
            });
            kinds.push(Kind::Listener);
            let healthy = ["i-1", "i-2"].map(|id| (id.to_owned(), "healthy".to_owned()));
            for _ in 0..SERVICES {
                kinds.push(Kind::TargetGroup {
                    targets: healthy.clone().into(),
                });
            }
        }
        if tier == Tier::Cdn {
            kinds.push(Kind::Distribution {
                status: "Deployed".into(),
                enabled: true,
                origins: vec!["alb".into()],
            });
        }
        let tags = [(STACK_TAG.to_owned(), tier.stack())];
        let resources = kinds
            .into_iter()
            .enumerate()
            .map(|(number, kind)| Resource {
                id: format!("{number}"),
                belongs_to: None,
                tags: Some(tags.clone().into()),
                kind,
            });
        Inventory(resources.collect())
    }

    #[test]
    fn tier_accepts_own_resources_only() {
        for deployed in Tier::ALL {
            for expected in Tier::ALL {
                let mut created = created(deployed);
                for resource in &mut created.0 {
                    resource.tags = Some([(STACK_TAG.to_owned(), expected.stack())].into());
                }
                let problems = expected.problems(&created);
                assert_eq!(problems.is_empty(), deployed == expected, "{problems:?}");
            }
        }
    }

    #[test]
    fn missing_resource_or_tag_is_problem() {
        let complete = created(Tier::Cdn);
        for missing in 0..complete.0.len() {
            let mut created = Inventory(complete.0.clone());
            created.0.remove(missing);
            assert_ne!(
                Tier::Cdn.problems(&created),
                [""; 0],
                "{:?}",
                complete.0[missing]
            );
            let mut created = Inventory(complete.0.clone());
            created.0[missing].tags = Some([].into());
            assert_eq!(
                Tier::Cdn.problems(&created).len(),
                1,
                "{:?}",
                complete.0[missing]
            );
        }
    }

    #[test]
    fn wrong_distribution_origin_is_problem() {
        let mut created = created(Tier::Cdn);
        for resource in &mut created.0 {
            if let Kind::Distribution { origins, .. } = &mut resource.kind {
                *origins = vec!["elsewhere".into()];
            }
        }
        assert_eq!(Tier::Cdn.problems(&created).len(), 1);
    }
}
