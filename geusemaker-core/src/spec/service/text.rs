//! The validated texts that describe a service.

use crate::spec::text::{is_hyphenated_name, validated_text};

validated_text! {
    /// The name of a service: 1 to 24 lower-case letters, digits and single hyphens.
    ///
    /// ```
    /// use geusemaker_core::spec::ServiceName;
    ///
    /// assert!("open-webui".parse::<ServiceName>().is_ok());
    /// assert!("Open WebUI".parse::<ServiceName>().is_err());
    /// ```
    ServiceName, check_service_name
}

validated_text! {
    /// The path of a health check: `/`, or a longer path without spaces, at most 1024 characters.
    ///
    /// Source: Elastic Load Balancing API, `CreateTargetGroup`, parameter `HealthCheckPath`.
    ///
    /// ```
    /// use geusemaker_core::spec::HealthPath;
    ///
    /// let path: HealthPath = "/api/version".parse()?;
    /// assert_eq!(path.as_str(), "/api/version");
    /// assert_eq!(HealthPath::default().as_str(), "/");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    HealthPath, check_health_path
}

impl Default for HealthPath {
    /// Returns `/`.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

validated_text! {
    /// The HTTP statuses that a healthy service answers with: `200`, a list as in `200,202`, or a range as in
    /// `200-299`, from 200 to 499. Of a service that speaks gRPC, they are codes of gRPC from 0 to 99.
    ///
    /// Source: Elastic Load Balancing API, `Matcher`, parameter `HttpCode` of an Application Load Balancer.
    ///
    /// ```
    /// use geusemaker_core::spec::HealthMatcher;
    ///
    /// let matcher: HealthMatcher = "200-299".parse()?;
    /// assert_eq!(matcher.as_str(), "200-299");
    /// assert_eq!(HealthMatcher::default().as_str(), "200");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    HealthMatcher, check_health_matcher
}

impl HealthMatcher {
    /// Returns true if a healthy service may answer with the status.
    pub(crate) fn contains(&self, status: u16) -> bool {
        let number = |text: &str| text.parse::<u16>().ok();
        self.0.split(',').any(|part| match part.split_once('-') {
            Some((first, last)) => number(first) <= Some(status) && Some(status) <= number(last),
            None => number(part) == Some(status),
        })
    }

    /// Returns true if these are codes of gRPC.
    pub(crate) fn is_grpc(&self) -> bool {
        self.0.bytes().take_while(u8::is_ascii_digit).count() < 3
    }
}

impl Default for HealthMatcher {
    /// Returns `200`.
    fn default() -> Self {
        Self("200".to_owned())
    }
}

validated_text! {
    /// A pattern of request paths: `*` stands for any text, `?` for one character.
    ///
    /// Source: Application Load Balancer, path conditions: at most 128 characters of a fixed set.
    ///
    /// ```
    /// use geusemaker_core::spec::PathPattern;
    ///
    /// assert!("/v1/*".parse::<PathPattern>().is_ok());
    /// let error = "v1/*".parse::<PathPattern>().unwrap_err();
    /// assert!(error.message().contains("expected it to start with"));
    /// ```
    PathPattern, check_path_pattern
}

impl PathPattern {
    /// Returns the path without the wildcard for what is below it.
    pub(crate) fn prefix(&self) -> &str {
        self.0.strip_suffix("/*").unwrap_or(&self.0)
    }

    /// Returns true if it is a path, or what is below a path.
    pub(super) fn is_prefix(&self) -> bool {
        let prefix = self.prefix();
        prefix.len() > 1 && !prefix.ends_with('/') && !prefix.contains(['*', '?'])
    }
}

validated_text! {
    /// An absolute path within a container, of letters, digits and `.`, `_`, `-`: at most 255 characters, and not in
    /// `/proc`, `/sys` or `/dev`, which Docker itself provides.
    ///
    /// ```
    /// use geusemaker_core::spec::DataPath;
    ///
    /// assert_eq!(DataPath::default().as_str(), "/data");
    /// assert!("/root/.ollama".parse::<DataPath>().is_ok());
    /// assert!("/root/../etc".parse::<DataPath>().is_err());
    /// ```
    DataPath, check_data_path
}

impl Default for DataPath {
    /// Returns `/data`.
    fn default() -> Self {
        Self("/data".to_owned())
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

fn check_health_matcher(text: &str) -> Result<(), String> {
    let bounds = match text.bytes().take_while(u8::is_ascii_digit).count() {
        1 | 2 => 0..=99,
        _ => 200..=499,
    };
    let status = |text: &str| {
        let number = text.bytes().all(|b| b.is_ascii_digit()).then_some(text)?;
        number.parse::<u16>().ok().filter(|n| bounds.contains(n))
    };
    let is_part = |part: &str| match part.split_once('-') {
        Some((first, last)) => status(first) < status(last) && status(first).is_some(),
        None => status(part).is_some(),
    };
    if text.split(',').all(is_part) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a list of HTTP statuses: expected \"200\", \"200,202\" or \"200-299\", from 200 to 499, or codes of gRPC from 0 to 99"
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

fn check_data_path(text: &str) -> Result<(), String> {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let provided = ["proc", "sys", "dev"];
    let first = text.split('/').nth(1);
    if text.len() > 255 {
        Err(format!(
            "{text:?} is not a data path: it has {} characters, expected at most 255",
            text.len()
        ))
    } else if let Some(folder) = first.filter(|first| provided.contains(first)) {
        Err(format!(
            "{text:?} is not a data path: Docker provides /{folder} itself; expected another folder, as in \"/data\""
        ))
    } else if text
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
    fn matcher_lists_statuses() {
        for text in ["200", "200,202", "200-299", "200-299,404", "401"] {
            assert!(text.parse::<HealthMatcher>().is_ok(), "{text}");
        }
        for text in [
            "", "2xx", "199", "500", "200,", "200-", "-200", "299-200", "200-200", "200, 202",
            "+200",
        ] {
            let error = text.parse::<HealthMatcher>().unwrap_err().to_string();
            assert!(error.contains("is not a list of HTTP statuses"), "{error}");
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
            let _ = text.parse::<HealthMatcher>();
            let _ = text.parse::<PathPattern>();
            let _ = text.parse::<DataPath>();
        }
    }
}
