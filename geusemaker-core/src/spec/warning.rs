//! Settings that are valid but likely to be a mistake.

use thiserror::Error;

use super::access::Access;
use super::auth::Auth;
use super::cdn::{CachePolicy, Cdn, CdnPath};
use super::egress::Egress;
use super::is_default::is_default;
use super::load_balancer::LoadBalancer;
use super::network::Network;
use super::scheme::Scheme;
use super::service::{
    ContainerImage, DataPath, Service, ServiceName, Volume, VolumeKind, keeps_database,
};
use super::tier::Tier;

/// A setting that is valid but likely to be a mistake, from
/// [`DeploymentSpec::warnings`](super::DeploymentSpec::warnings).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpecWarning {
    /// A database in a volume on the shared file system.
    #[error(
        "{service} keeps a database at {path}, which the shared file system makes slow and can damage: set on = \"local\" \
         for this volume"
    )]
    DatabaseOnSharedFileSystem {
        /// The service.
        service: ServiceName,
        /// The path of the volume in the container.
        path: DataPath,
    },
    /// A folder of the shared file system in which the same service of several instances writes.
    #[error(
        "{service} has one folder, {folder}, for all {instances} instances, which is well for models and files; if the \
         program keeps settings, sessions or a database there, set count = 1 or on = \"local\""
    )]
    FolderOfManyInstances {
        /// The service.
        service: ServiceName,
        /// The folder on each instance.
        folder: String,
        /// The number of instances.
        instances: u32,
    },
    /// A database that each of several instances has for itself.
    #[error(
        "{service} keeps a database of its own on each of {instances} instances, and a request can come to any of them: \
         set count = 1"
    )]
    DatabaseOfEachInstance {
        /// The service.
        service: ServiceName,
        /// The number of instances.
        instances: u32,
    },
    /// A text with a variable of a shell, which no shell reads.
    #[error(
        "{service} gets the text {variable} as it is: nothing replaces variables in {field}; name a value from elsewhere in \
         secrets, or run a shell: command = [\"sh\", \"-c\", \"...\"]"
    )]
    VariableNotReplaced {
        /// The service.
        service: ServiceName,
        /// The field: `command`.
        field: &'static str,
        /// The variable: `$HF_TOKEN`.
        variable: String,
    },
    /// A load balancer that admits the whole internet to services that anybody may use.
    #[error(
        "anybody on the internet can use {}: the load balancer asks nobody who they are; add \
         [load_balancer.auth], name those who may in access.allow, or write [\"0.0.0.0/0\"] there if this is meant",
        joined(.services)
    )]
    OpenToEverybody {
        /// The services that the load balancer serves.
        services: Vec<ServiceName>,
    },
    /// A bearer token that travels in the clear.
    #[error(
        "the load balancer answers with HTTP, so everybody on the way can read the bearer token, and use it: add \
         [domain], or load_balancer.certificate_arn, for HTTPS"
    )]
    TokenInTheClear,
    /// Cached answers, for which nobody asks the load balancer, although it asks for a proof.
    #[error(
        "CloudFront caches what {path} matches, and sends it to everybody: the load balancer asks for a proof only where \
         nothing is cached; set cache = \"disabled\" there, or keep nothing private there"
    )]
    CachedForEverybody {
        /// The paths of the behavior.
        path: CdnPath,
    },
    /// An image that instances without a way to the internet cannot pull.
    #[error(
        "{service} cannot pull {image}: with egress = \"endpoints\", instances reach ECR and S3 and not the internet; copy \
         the image to ECR and its models to S3, or set egress = \"nat\""
    )]
    ImageOutOfReach {
        /// The service.
        service: ServiceName,
        /// The image.
        image: ContainerImage,
    },
    /// Ranges of addresses that are to reach instances without public addresses.
    #[error(
        "the instances have no public addresses, so only ranges inside of their VPC, or connected to it, can use \
         {field}; gm port-forward and gm ssh need neither"
    )]
    NoPublicAddresses {
        /// The field: `access.ssh_from`.
        field: &'static str,
    },
    /// A table about a part that the tier does not have.
    #[error("[{table}] has no effect in tier {tier}: set tier = {needed}, or leave it out")]
    NoEffectInTier {
        /// The table: `load_balancer`.
        table: &'static str,
        /// The tier of the spec.
        tier: Tier,
        /// The lowest tier in which the table has an effect.
        needed: Tier,
    },
    /// A `healthcheck` of a Compose file, which is not taken over.
    #[error(
        "{service} has a healthcheck in the Compose file, which is not used: the load balancer asks each service that it \
         serves for its health_path"
    )]
    HealthcheckNotUsed {
        /// The service.
        service: ServiceName,
    },
}

fn joined(services: &[ServiceName]) -> String {
    let names: Vec<_> = services.iter().map(ServiceName::as_str).collect();
    names.join(", ")
}

/// Returns the warnings about tables that have no effect in this tier.
pub(super) fn of_tier(
    tier: Tier,
    load_balancer: &LoadBalancer,
    cdn: &Cdn,
) -> impl Iterator<Item = SpecWarning> + use<> {
    let without_effect = [
        (
            "load_balancer",
            Tier::LoadBalancer,
            !is_default(load_balancer),
        ),
        ("cdn", Tier::Cdn, !is_default(cdn)),
    ];
    without_effect
        .into_iter()
        .filter(move |(_, needed, is_given)| *is_given && tier < *needed)
        .map(move |(table, needed, _)| SpecWarning::NoEffectInTier {
            table,
            tier,
            needed,
        })
}

/// Returns the warning about a load balancer that admits everybody.
pub(super) fn of_access(
    tier: Tier,
    load_balancer: &LoadBalancer,
    access: &Access,
    services: &[Service],
) -> Option<SpecWarning> {
    let is_public = tier == Tier::LoadBalancer && load_balancer.scheme() == Scheme::InternetFacing;
    let asks = load_balancer.auth().is_some_and(Auth::keeps_strangers_out);
    let is_open = is_public && access.allow().is_empty() && !asks;
    is_open.then(|| SpecWarning::OpenToEverybody {
        services: services
            .iter()
            .filter(|service| !service.is_internal())
            .map(|service| service.name().clone())
            .collect(),
    })
}

/// Returns the warnings about a proof that is easily stolen, or not asked for.
pub(super) fn of_auth(
    tier: Tier,
    load_balancer: &LoadBalancer,
    has_certificate: bool,
    cdn: &Cdn,
) -> Vec<SpecWarning> {
    let Some(auth) = load_balancer.auth() else {
        return Vec::new();
    };
    let is_plain = tier == Tier::LoadBalancer && !has_certificate;
    let in_the_clear = *auth == Auth::Bearer && is_plain;
    let behaviors = match tier {
        Tier::Instances | Tier::LoadBalancer => &[],
        Tier::Cdn => cdn.behaviors(),
    };
    let cached = behaviors.iter().filter(|behavior| match behavior.cache() {
        CachePolicy::Disabled => false,
        // Cookies tell the answers apart, and whoever signs in has one.
        CachePolicy::Origin | CachePolicy::OriginWithQuery => *auth == Auth::Bearer,
        CachePolicy::Optimized | CachePolicy::Id(_) => true,
    });
    let cached = cached.map(|behavior| SpecWarning::CachedForEverybody {
        path: behavior.path().clone(),
    });
    let in_the_clear = in_the_clear.then_some(SpecWarning::TokenInTheClear);
    in_the_clear.into_iter().chain(cached).collect()
}

/// Returns the warnings about a network whose instances have no public addresses.
pub(super) fn of_network(
    tier: Tier,
    network: &Network,
    access: &Access,
    services: &[Service],
) -> Vec<SpecWarning> {
    let Some(egress) = network.egress() else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    if egress == Egress::Endpoints {
        let out_of_reach = services
            .iter()
            .filter(|service| service.image().ecr_repository().is_none());
        warnings.extend(out_of_reach.map(|service| SpecWarning::ImageOutOfReach {
            service: service.name().clone(),
            image: service.image().clone(),
        }));
    }
    let of_instances = tier == Tier::Instances && !access.allow().is_empty();
    for (field, is_given) in [
        ("access.allow", of_instances),
        ("access.ssh_from", !access.ssh_from().is_empty()),
    ] {
        if is_given {
            warnings.push(SpecWarning::NoPublicAddresses { field });
        }
    }
    warnings
}

/// Returns the warnings about the services of this many instances.
pub(super) fn warnings(instances: u32, services: &[Service]) -> impl Iterator<Item = SpecWarning> {
    let services = services.iter();
    services.flat_map(move |service| of_service(service, instances))
}

/// Returns the first variable of a shell in the texts of a service, unless the service runs a shell.
fn variable_not_replaced(service: &Service) -> Option<(&'static str, String)> {
    let words = |words: Option<&[String]>| words.unwrap_or_default().to_vec();
    let (entrypoint, command) = (words(service.entrypoint()), words(service.command()));
    let all = || entrypoint.iter().chain(&command);
    let runs_shell =
        all().any(|word| word.starts_with('-') && word.ends_with('c') && word.len() <= 4);
    let texts = all().map(|text| ("command", text.as_str()));
    let texts = texts.filter(|_| !runs_shell);
    let env = service.env().values().map(|value| ("env", value.as_str()));
    texts
        .chain(env)
        .find_map(|(field, text)| Some((field, shell_variable(text)?)))
}

/// Returns the first `$NAME` or `${NAME}` with a name in capitals.
fn shell_variable(text: &str) -> Option<String> {
    text.match_indices('$').find_map(|(place, _)| {
        let rest = &text[place + 1..];
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let name = &name[..name.find(|c| !is_part(c)).unwrap_or(name.len())];
        let is_name = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_uppercase());
        is_name.then(|| format!("${name}"))
    })
}

fn of_service(service: &Service, instances: u32) -> Vec<SpecWarning> {
    let name = || service.name().clone();
    let has_database = keeps_database(service.image());
    let mut warnings = Vec::new();
    for volume in service.volumes() {
        if volume.on() != VolumeKind::Shared {
            continue;
        }
        if has_database {
            let path = volume.path().clone();
            warnings.push(SpecWarning::DatabaseOnSharedFileSystem {
                service: name(),
                path,
            });
        }
        if instances > 1 {
            let folder = volume.host_folder().to_owned();
            warnings.push(SpecWarning::FolderOfManyInstances {
                service: name(),
                folder,
                instances,
            });
        }
    }
    if let Some((field, variable)) = variable_not_replaced(service) {
        warnings.push(SpecWarning::VariableNotReplaced {
            service: name(),
            field,
            variable,
        });
    }
    let is_of_instance = |volume: &Volume| volume.on() != VolumeKind::Shared;
    if instances > 1 && has_database && service.volumes().iter().any(is_of_instance) {
        warnings.push(SpecWarning::DatabaseOfEachInstance {
            service: name(),
            instances,
        });
    }
    warnings
}

#[cfg(test)]
mod tests {
    use crate::spec::DeploymentSpec;

    fn warnings(count: u32, service: &str) -> Vec<String> {
        let spec = DeploymentSpec::from_toml(&format!(
            "name = 'llm'\ntier = 1\n[compute]\ninstance_type = 'g5.xlarge'\ncount = {count}\n\
             [[service]]\nname = 'a'\nport = 80\n{service}\n"
        ))
        .unwrap();
        spec.warnings().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn table_without_effect_is_warned_about() {
        let spec = |tier: u8, lines: &str| {
            DeploymentSpec::from_toml(&format!(
                "name = 'llm'\ntier = {tier}\ncompute.instance_type = 'g5.xlarge'\naccess.allow = ['10.0.0.0/8']\n\
                 {lines}\n[[service]]\nname = 'a'\nport = 80\nimage = 'nginx:1'"
            ))
            .unwrap()
        };
        let shown = |tier, lines| {
            let warnings = spec(tier, lines).warnings();
            warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let lines = "load_balancer.idle_timeout = '300s'\ncdn.wait_timeout = '50m'";
        assert_eq!(
            shown(1, lines),
            [
                "[load_balancer] has no effect in tier 1: set tier = 2, or leave it out",
                "[cdn] has no effect in tier 1: set tier = 3, or leave it out",
            ]
        );
        assert_eq!(shown(2, lines).len(), 1);
        assert_eq!(shown(1, ""), [""; 0]);
    }

    #[test]
    fn shared_database_is_warned_about() {
        for image in [
            "postgres:17",
            "minio/minio",
            "n8nio/n8n",
            "ghcr.io/open-webui/open-webui:main",
        ] {
            let shared =
                format!("image = '{image}'\nvolumes = [{{ path = '/db', on = 'shared' }}]");
            assert_eq!(
                warnings(1, &shared),
                [
                    "a keeps a database at /db, which the shared file system makes slow and can damage: \
                  set on = \"local\" for this volume"
                ]
            );
            let local = shared.replace("'shared'", "'local'");
            assert!(warnings(1, &local).is_empty());
        }
        assert!(warnings(1, "image = 'postgres'\ndata_path = '/db'").is_empty());
        assert_eq!(
            warnings(1, "image = 'n8nio/n8n'\ndata_path = '/db'").len(),
            1
        );
        assert!(warnings(1, "image = 'ollama/ollama'").is_empty());
    }

    #[test]
    fn weak_authentication_is_warned_about() {
        let warnings = |tier: u8, more: &str| -> Vec<String> {
            let spec = DeploymentSpec::from_toml(&format!(
                "name = 'llm'\ntier = {tier}\ncompute.instance_type = 'g5.xlarge'\n\
                 [[service]]\nname = 'a'\nport = 80\nimage = 'a'\n{more}\n"
            ));
            let warnings = spec.unwrap().warnings();
            warnings.iter().map(ToString::to_string).collect()
        };
        let bearer = "[load_balancer.auth]\ntype = 'bearer'\n";
        let name = "[domain]\nname = 'a.example.com'\nhosted_zone = 'example.com'\n";
        let [plain] = &warnings(2, bearer)[..] else {
            panic!("not one warning");
        };
        assert!(plain.starts_with("the load balancer answers with HTTP"));
        assert!(warnings(2, &format!("{bearer}{name}")).is_empty());
        assert!(warnings(3, bearer).is_empty());
        let cached = format!(
            "{bearer}[[cdn.behavior]]\npath = '/static/*'\ncache = 'optimized'\n\
             [[cdn.behavior]]\npath = '/x/*'\ncache = 'disabled'"
        );
        let [cached] = &warnings(3, &cached)[..] else {
            panic!("not one warning");
        };
        assert!(cached.starts_with("CloudFront caches what /static/* matches"));
        let cognito = |choice: &str| {
            format!(
                "{name}[load_balancer.auth]\ntype = 'cognito'\nclient_id = 'a'\ndomain = 'a'\n\
                 user_pool_arn = 'arn:aws:cognito-idp:us-east-1:123456789012:userpool/a'\n\
                 on_unauthenticated = '{choice}'"
            )
        };
        assert!(warnings(2, &cognito("deny")).is_empty());
        let [open] = &warnings(2, &cognito("allow"))[..] else {
            panic!("not one warning");
        };
        assert!(open.starts_with("anybody on the internet can use a"));
    }

    /// With endpoints alone, images come from ECR.
    #[test]
    fn private_instances_are_warned_about() {
        let in_network = |egress: &str, image: &str, access: &str| {
            let keys = format!(
                "image = '{image}'\n[network]\ncreate = true\nprivate = true\negress = '{egress}'\n{access}"
            );
            warnings(1, &keys)
        };
        let ecr = "123456789012.dkr.ecr.us-east-1.amazonaws.com/llm/vllm:v0.11.0";
        for (egress, image) in [("nat", "vllm/vllm-openai:latest"), ("endpoints", ecr)] {
            assert!(in_network(egress, image, "").is_empty(), "{image}");
        }
        for image in ["vllm/vllm-openai:latest", "public.ecr.aws/llm/vllm:latest"] {
            let [warning] = &in_network("endpoints", image, "")[..] else {
                panic!("not one warning about {image}");
            };
            let wanted = format!("a cannot pull {image}: with egress = \"endpoints\"");
            assert!(warning.starts_with(&wanted), "{warning}");
        }
        let access = "[access]\nallow = ['203.0.113.0/24']";
        let [warning] = &in_network("nat", "a/b", access)[..] else {
            panic!("not one warning");
        };
        assert!(
            warning.contains("can use access.allow; gm port-forward"),
            "{warning}"
        );
    }

    #[test]
    fn variables_of_shell_are_warned_about() {
        for (keys, variable) in [
            ("command = ['--api-key', '$VLLM_API_KEY']", "$VLLM_API_KEY"),
            ("env = { A = '${HF_HOME}/hub' }", "$HF_HOME"),
        ] {
            let warnings = warnings(1, &format!("image = 'a'\n{keys}"));
            let wanted = format!("a gets the text {variable} as it is");
            assert!(warnings[0].starts_with(&wanted), "{warnings:?}");
        }
        for keys in [
            "command = ['sh', '-c', 'exec a --key $KEY']",
            "entrypoint = ['bash', '-lc']\ncommand = ['$KEY']",
            "command = ['--price', '$5', '--regex', 'a$']",
        ] {
            assert!(warnings(1, &format!("image = 'a'\n{keys}")).is_empty());
        }
    }

    #[test]
    fn state_of_many_instances_is_warned_about() {
        assert_eq!(
            warnings(2, "image = 'ollama/ollama'"),
            [
                "a has one folder, /mnt/shared/a, for all 2 instances, which is well for models and files; if the program \
              keeps settings, sessions or a database there, set count = 1 or on = \"local\""
            ]
        );
        assert_eq!(
            warnings(3, "image = 'postgres'"),
            [
                "a keeps a database of its own on each of 3 instances, and a request can come to any of them: \
              set count = 1"
            ]
        );
        for stateless in [
            "image = 'a'\nvolumes = []",
            "image = 'a'\nvolumes = [{ path = '/a', on = 'scratch' }]",
        ] {
            assert!(warnings(2, stateless).is_empty());
        }
    }
}
