//! A service of the stack, and the validated texts that describe it.

use bon::Builder;
use serde::{Deserialize, Deserializer, Serialize};

use super::bounded::WholeNumber;
use super::error::SpecError;
use super::text::{is_hyphenated_name, validated_text};

/// A service: a program that runs as a container on every instance.
///
/// ```
/// use geusemaker_core::spec::Service;
///
/// let service = Service::builder()
///     .name("ollama".parse()?)
///     .port(11434)?
///     .image("ollama/ollama:latest".parse()?)
///     .build();
/// assert_eq!(service.health_path().as_str(), "/");
/// assert!(service.is_default());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Service {
    /// The name of the service, unique within the stack.
    name: ServiceName,
    /// The port on which the service listens, in its container and on the instance: any port except 22 (SSH) and 2049
    /// (the shared file system).
    #[builder(with = |number: u16| -> Result<_, SpecError> { port(number.into()) })]
    port: Port,
    /// The path that answers with status 200 when the service is healthy; `/` by default.
    #[serde(default)]
    #[builder(default)]
    health_path: HealthPath,
    /// The paths that the load balancer routes to the service, at most five; none for the default service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[builder(default)]
    paths: Vec<PathPattern>,
    /// The container image.
    image: ContainerImage,
    /// The path in the container at which the service's folder of the shared file system is mounted; `/data` by
    /// default.
    #[serde(default)]
    #[builder(default)]
    data_path: DataPath,
}

impl Service {
    /// Returns the name of the service, unique within the stack.
    pub fn name(&self) -> &ServiceName {
        &self.name
    }

    /// Returns the port on which the service listens, in its container and on the instance.
    pub fn port(&self) -> u16 {
        self.port.0
    }

    /// Returns the path that answers with status 200 when the service is healthy.
    pub fn health_path(&self) -> &HealthPath {
        &self.health_path
    }

    /// Returns the paths that the load balancer routes to the service; none for the default service.
    pub fn paths(&self) -> &[PathPattern] {
        &self.paths
    }

    /// Returns the container image.
    pub fn image(&self) -> &ContainerImage {
        &self.image
    }

    /// Returns the path in the container at which the service's folder of the shared file system is mounted.
    pub fn data_path(&self) -> &DataPath {
        &self.data_path
    }

    /// Returns true for the default service, which gets every request that matches no other service's paths.
    pub fn is_default(&self) -> bool {
        self.paths.is_empty()
    }
}

validated_text! {
    /// The name of a service: 1 to 24 lower-case letters, digits and single hyphens.
    ServiceName, check_service_name
}

validated_text! {
    /// The path of a health check: `/`, or a longer path without spaces, at most 1024 characters.
    ///
    /// Source: Elastic Load Balancing API, `CreateTargetGroup`, parameter `HealthCheckPath`.
    HealthPath, check_health_path
}

impl Default for HealthPath {
    /// Returns `/`.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

validated_text! {
    /// A pattern of request paths: `*` stands for any text, `?` for one character.
    ///
    /// Source: Application Load Balancer, path conditions: at most 128 characters of a fixed set.
    PathPattern, check_path_pattern
}

validated_text! {
    /// A reference to a container image, such as `ghcr.io/owner/name:tag`.
    ContainerImage, check_container_image
}

validated_text! {
    /// An absolute path within a container, of letters, digits and `.`, `_`, `-`.
    DataPath, check_data_path
}

impl Default for DataPath {
    /// Returns `/data`.
    fn default() -> Self {
        Self("/data".to_owned())
    }
}

/// A TCP port that a service may listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct Port(u16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
        port(number).map_err(serde::de::Error::custom)
    }
}

fn port(number: i128) -> Result<Port, SpecError> {
    match u16::try_from(number) {
        Ok(22) => Err(SpecError::new("port 22 is taken by SSH: choose another")),
        Ok(2049) => Err(SpecError::new(
            "port 2049 is taken by the shared file system: choose another",
        )),
        Ok(0) | Err(_) => Err(SpecError::new(format!(
            "must be a port from 1 to 65535, not {number}"
        ))),
        Ok(number) => Ok(Port(number)),
    }
}

fn check_service_name(text: &str) -> Result<(), String> {
    if is_hyphenated_name(text) && text.len() <= 24 {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a service name: expected at most 24 lower-case letters, digits and single hyphens, \
             starting with a letter and ending with a letter or digit"
        ))
    }
}

fn check_health_path(text: &str) -> Result<(), String> {
    if text.starts_with('/') && text.len() <= 1024 && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a health check path: expected \"/\", or a path that starts with it, \
             of at most 1024 ASCII characters without spaces"
        ))
    }
}

fn check_path_pattern(text: &str) -> Result<(), String> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.$/~\"'@:+&*?".contains(&b);
    if !text.starts_with('/') {
        Err(format!(
            "{text:?} is not a path pattern: expected it to start with \"/\", as in \"/api/*\""
        ))
    } else if let Some(wrong) = text
        .chars()
        .find(|c| !u8::try_from(*c).is_ok_and(is_allowed))
    {
        Err(format!(
            "{text:?} is not a path pattern: it has {wrong:?}, expected only letters, digits and _-.$/~\"'@:+&*?"
        ))
    } else if text.len() > 128 {
        Err(format!(
            "{text:?} is not a path pattern: it has {} characters, expected at most 128",
            text.len()
        ))
    } else {
        Ok(())
    }
}

fn check_container_image(text: &str) -> Result<(), String> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b);
    if text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 512
        && text.bytes().all(is_allowed)
    {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a container image: expected a reference without spaces, as in \"ollama/ollama:latest\""
        ))
    }
}

fn check_data_path(text: &str) -> Result<(), String> {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    if text.len() <= 255
        && text
            .strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(is_plain))
    {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a data path: expected an absolute path below \"/\", of letters, digits and ._-, as in \"/data\""
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A service name can be the end of a target group name.
    #[test]
    fn service_name_is_short_and_hyphenated() {
        for text in ["a", "ollama", "open-webui", "v2", &"a".repeat(24)] {
            assert!(text.parse::<ServiceName>().is_ok(), "{text}");
        }
        for text in [
            "",
            "Ollama",
            "2v",
            "-a",
            "a-",
            "a--b",
            "a_b",
            "a b",
            &"a".repeat(25),
        ] {
            let error = text.parse::<ServiceName>().unwrap_err().to_string();
            assert!(
                error.contains("is not a service name: expected at most 24"),
                "{error}"
            );
        }
    }

    #[test]
    fn reserved_ports_are_refused() {
        for (number, reason) in [
            (22, "SSH"),
            (2049, "shared file system"),
            (0, "from 1 to 65535"),
        ] {
            let error = Service::builder().port(number).err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
        }
        for number in [1, 80, 11434, 65535_u16] {
            assert_eq!(port(number.into()).unwrap().0, number);
        }
        let error = serde_json::from_str::<Port>("65536")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("must be a port from 1 to 65535, not 65536"),
            "{error}"
        );
        assert!(serde_json::from_str::<Port>("-1").is_err());
    }

    #[test]
    fn health_path_starts_with_slash() {
        assert_eq!(HealthPath::default().as_str(), "/");
        for text in ["/", "/api/version", "/health?full=1"] {
            assert!(text.parse::<HealthPath>().is_ok(), "{text}");
        }
        for text in [
            "",
            "health",
            "/a b",
            "/é",
            &format!("/{}", "a".repeat(1024)),
        ] {
            assert!(text.parse::<HealthPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn path_pattern_fits_listener_rule() {
        let longest = format!("/{}", "a".repeat(127));
        for text in ["/", "/*", "/v1/*", "/a?b", r#"/_-.$~"'@:+&"#, &longest] {
            assert!(text.parse::<PathPattern>().is_ok(), "{text}");
        }
        let error = |text: &str| text.parse::<PathPattern>().unwrap_err().to_string();
        assert!(error("").contains("start with \"/\""));
        assert!(error("v1/*").contains("start with \"/\""));
        assert!(error("/a b").contains("it has ' '"));
        assert!(error("/é").contains("it has 'é'"));
        assert!(error("/a%20").contains("it has '%'"));
        assert!(
            error(&format!("{longest}a")).contains("it has 129 characters, expected at most 128")
        );
    }

    #[test]
    fn image_is_one_word() {
        let digest = format!("registry:5000/a/b@sha256:{}", "0".repeat(64));
        for text in [
            "ollama/ollama",
            "ghcr.io/open-webui/open-webui:main",
            &digest,
        ] {
            assert!(text.parse::<ContainerImage>().is_ok(), "{text}");
        }
        for text in [
            "",
            " ",
            "a b",
            "a\n",
            "--privileged",
            "a;reboot",
            "$(reboot)",
            "a'b",
        ] {
            assert!(text.parse::<ContainerImage>().is_err(), "{text}");
        }
    }

    #[test]
    fn data_path_is_absolute_and_plain() {
        assert_eq!(DataPath::default().as_str(), "/data");
        for text in ["/data", "/root/.ollama", "/app/backend/data"] {
            assert!(text.parse::<DataPath>().is_ok(), "{text}");
        }
        for text in [
            "", "/", "data", "/data/", "/a//b", "/a/../b", "/a:ro", "/a b", "/$HOME",
        ] {
            assert!(text.parse::<DataPath>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn checks_never_panic(text: String) {
            let _ = text.parse::<ServiceName>();
            let _ = text.parse::<HealthPath>();
            let _ = text.parse::<PathPattern>();
            let _ = text.parse::<ContainerImage>();
            let _ = text.parse::<DataPath>();
        }
    }
}
