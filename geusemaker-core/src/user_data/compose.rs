//! The file that Docker Compose reads. It is JSON, which is valid YAML.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::GpuMaker;
use super::container::{Container, Mount};
use super::secrets::Secrets;
use crate::spec::{Gpus, SecretSource};

/// The first of the nodes under `/dev/dri` through which programs compute.
const FIRST_RENDER_NODE: u32 = 128;

#[derive(Serialize)]
struct ComposeService<'a> {
    /// `docker logs NAME` finds the container by this name.
    container_name: &'a str,
    image: Literal<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoint: Option<Vec<Literal<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Vec<Literal<'a>>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    environment: BTreeMap<&'a str, EnvValue<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<BindMount<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deploy: Option<Deploy>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    devices: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shm_size: Option<&'a str>,
    #[serde(skip_serializing_if = "is_empty")]
    ulimits: &'a BTreeMap<&'a str, i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    restart: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    depends_on: &'a [&'a str],
    extra_hosts: [&'static str; 1],
    logging: Logging,
}

#[derive(Serialize)]
struct BindMount<'a> {
    r#type: &'static str,
    source: &'a str,
    target: &'a str,
    bind: BindOptions,
}

/// The script creates the folders. Compose would create a missing one as root's, on the wrong disk.
#[derive(Serialize)]
struct BindOptions {
    create_host_path: bool,
}

#[derive(Serialize)]
struct Deploy {
    resources: Resources,
}

#[derive(Serialize)]
struct Resources {
    reservations: Reservations,
}

#[derive(Serialize)]
struct Reservations {
    devices: [Device; 1],
}

#[derive(Serialize)]
struct Device {
    driver: &'static str,
    count: DeviceCount,
    capabilities: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(untagged)]
enum DeviceCount {
    Word(&'static str),
    Number(u32),
}

/// The journal limits its own size, which Docker's files do not.
#[derive(Serialize)]
struct Logging {
    driver: &'static str,
}

/// A text of the spec. Compose replaces `$NAME` in texts; two dollar signs stand for one.
struct Literal<'a>(&'a str);

impl Serialize for Literal<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.replace('$', "$$"))
    }
}

/// The value of an environment variable.
#[derive(Serialize)]
#[serde(untagged)]
enum EnvValue<'a> {
    Literal(Literal<'a>),
    /// A variable of Compose, which the script sets. Compose takes its value as it is, and refuses to start a container
    /// without one.
    Secret(String),
}

/// Returns the Compose file of these containers, with one line per setting. No line can end a here-document, since each
/// begins with a space or a brace.
#[expect(
    clippy::expect_used,
    reason = "texts, numbers and maps with text keys always become JSON"
)]
pub(super) fn compose_file(
    containers: &[Container<'_>],
    maker: Option<GpuMaker>,
    secrets: &Secrets<'_>,
) -> String {
    let services = containers.iter().map(|container| {
        let service = serde_json::to_value(service(container, maker, secrets))
            .expect("a service is valid JSON");
        let settings = service.as_object().expect("a service is a map");
        let lines: Vec<_> = settings
            .iter()
            .map(|(key, value)| format!("   \"{key}\": {value}"))
            .collect();
        format!("  \"{}\": {{\n{}\n  }}", container.name, lines.join(",\n"))
    });
    let services: Vec<_> = services.collect();
    let json = format!(
        "{{\n \"name\": \"geusemaker\",\n \"services\": {{\n{}\n }}\n}}",
        services.join(",\n")
    );
    json.chars().map(yaml_character).collect()
}

fn service<'a>(
    container: &'a Container<'a>,
    maker: Option<GpuMaker>,
    secrets: &Secrets<'_>,
) -> ComposeService<'a> {
    let secret = |(variable, source): (&&'a str, &SecretSource)| {
        let number = secrets.number(container.name, variable, source);
        (
            *variable,
            EnvValue::Secret(format!("${{GEUSEMAKER_SECRET_{number}?}}")),
        )
    };
    let literals = |texts: &Option<Vec<&'a str>>| {
        let texts = texts.as_ref()?;
        Some(texts.iter().copied().map(Literal).collect())
    };
    let bind = |mount: &Mount<'a>| BindMount {
        r#type: "bind",
        source: mount.folder,
        target: mount.path,
        bind: BindOptions {
            create_host_path: false,
        },
    };
    ComposeService {
        container_name: container.name,
        image: Literal(container.image),
        entrypoint: literals(&container.entrypoint),
        command: literals(&container.command),
        environment: container
            .env
            .iter()
            .map(|(name, value)| (*name, EnvValue::Literal(Literal(value))))
            .chain(container.secrets.iter().map(secret))
            .collect(),
        ports: container
            .ports
            .iter()
            .map(|port| format!("{}:{}", port.host, port.container))
            .collect(),
        volumes: container.volumes.iter().map(bind).collect(),
        deploy: match maker {
            Some(GpuMaker::Nvidia) => nvidia_devices(container.gpus),
            Some(GpuMaker::Amd) | None => None,
        },
        devices: match maker {
            Some(GpuMaker::Amd) => amd_devices(container.gpus),
            Some(GpuMaker::Nvidia) | None => Vec::new(),
        },
        shm_size: container.shm_size.as_deref(),
        ulimits: &container.ulimits,
        user: container.user.as_deref(),
        restart: &container.restart,
        depends_on: &container.depends_on,
        extra_hosts: ["host.docker.internal:host-gateway"],
        logging: Logging { driver: "journald" },
    }
}

fn is_empty(limits: &&BTreeMap<&str, i64>) -> bool {
    limits.is_empty()
}

fn nvidia_devices(gpus: Gpus) -> Option<Deploy> {
    let count = match gpus {
        Gpus::None => return None,
        Gpus::All => DeviceCount::Word("all"),
        Gpus::Count(number) => DeviceCount::Number(number),
    };
    let device = Device {
        driver: "nvidia",
        count,
        capabilities: ["gpu"],
    };
    Some(Deploy {
        resources: Resources {
            reservations: Reservations { devices: [device] },
        },
    })
}

fn amd_devices(gpus: Gpus) -> Vec<String> {
    let same_path = |path: &str| format!("{path}:{path}");
    let compute = same_path("/dev/kfd");
    match gpus {
        Gpus::None => Vec::new(),
        Gpus::All => vec![compute, same_path("/dev/dri")],
        Gpus::Count(number) => {
            let nodes = (0..number)
                .map(|gpu| same_path(&format!("/dev/dri/renderD{}", FIRST_RENDER_NODE + gpu)));
            std::iter::once(compute).chain(nodes).collect()
        }
    }
}

/// Returns a character of JSON as YAML may contain it. YAML has fewer printable characters, and more line breaks.
fn yaml_character(character: char) -> String {
    match character {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
            format!("\\u{:04x}", u32::from(character))
        }
        _ => character.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn written(container: Container<'_>, maker: Option<GpuMaker>) -> (String, Value) {
        let name = container.name.to_owned();
        let containers = [container];
        let text = compose_file(&containers, maker, &Secrets::of(&containers));
        let mut file: Value = serde_json::from_str(&text).unwrap();
        let service = file["services"][name].take();
        (text, service)
    }

    /// Returns the text that Compose makes of a text without variables.
    fn interpolated(text: &str) -> String {
        assert!(!text.replace("$$", "").contains('$'), "{text:?}");
        text.replace("$$", "$")
    }

    #[test]
    fn nvidia_gpus_are_reserved() {
        let device = |gpus| {
            let (_, service) = written(
                Container {
                    gpus,
                    ..Container::default()
                },
                Some(GpuMaker::Nvidia),
            );
            assert_eq!(service["devices"], Value::Null);
            service["deploy"]["resources"]["reservations"]["devices"][0].clone()
        };
        let reserved =
            |count: Value| json!({ "driver": "nvidia", "count": count, "capabilities": ["gpu"] });
        assert_eq!(device(Gpus::All), reserved(json!("all")));
        assert_eq!(device(Gpus::Count(2)), reserved(json!(2)));
        assert_eq!(device(Gpus::None), Value::Null);
    }

    #[test]
    fn amd_gpus_are_devices() {
        let devices = |gpus| {
            let (_, service) = written(
                Container {
                    gpus,
                    ..Container::default()
                },
                Some(GpuMaker::Amd),
            );
            assert_eq!(service["deploy"], Value::Null);
            service["devices"].clone()
        };
        assert_eq!(
            devices(Gpus::All),
            json!(["/dev/kfd:/dev/kfd", "/dev/dri:/dev/dri"])
        );
        assert_eq!(
            devices(Gpus::Count(2)),
            json!([
                "/dev/kfd:/dev/kfd",
                "/dev/dri/renderD128:/dev/dri/renderD128",
                "/dev/dri/renderD129:/dev/dri/renderD129"
            ])
        );
        assert_eq!(devices(Gpus::None), Value::Null);
    }

    #[test]
    fn machine_without_gpus_gives_none() {
        for gpus in [Gpus::All, Gpus::Count(2), Gpus::None] {
            let (_, service) = written(
                Container {
                    gpus,
                    ..Container::default()
                },
                None,
            );
            assert_eq!(service["deploy"], Value::Null);
            assert_eq!(service["devices"], Value::Null);
        }
    }

    proptest! {
        /// The texts arrive unchanged, and nothing in them ends the file early, for a shell or for YAML.
        #[test]
        fn any_text_arrives_unchanged(
            value in prop_oneof![
                any::<String>(),
                "(\\$|\\{|\\}|'|\"|`|\\\\|\n|\r|END-OF-COMPOSE|\u{85}|\u{2028}|\u{feff})*",
            ],
            argument: String,
        ) {
            let (text, service) = written(
                Container {
                    name: "a",
                    command: Some(vec![&argument, &value]),
                    entrypoint: Some(vec![&value]),
                    env: [("A", value.as_str())].into(),
                    ..Container::default()
                },
                Some(GpuMaker::Nvidia),
            );
            let read = |value: &Value| interpolated(value.as_str().unwrap());
            prop_assert_eq!(read(&service["environment"]["A"]), value.as_str());
            prop_assert_eq!(read(&service["entrypoint"][0]), value.as_str());
            prop_assert_eq!(read(&service["command"][0]), argument);
            prop_assert!(text.split('\n').all(|line| line.starts_with([' ', '{', '}'])), "{}", text);
            let is_yaml = |c: char| c == '\n' || !c.is_control() && !"\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}".contains(c);
            prop_assert!(text.chars().all(is_yaml), "{text:?}");
        }
    }
}
