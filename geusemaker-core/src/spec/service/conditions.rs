//! The conditions of a service's requests, besides their paths.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spec::cidr_block::CidrBlock;
use crate::spec::text::validated_text;

/// The conditions that a request must meet to reach a service, besides one of its paths. Each kind of condition that is
/// given must be met; of several values of one kind, one is enough.
///
/// ```
/// use geusemaker_core::spec::{Compute, Conditions, DeploymentSpec, Service, Tier};
///
/// let conditions = Conditions::default()
///     .hosts(["api.example.com".parse()?])
///     .methods(["POST".parse()?])
///     .header("X-Team".parse()?, ["blue".parse()?, "green".parse()?]);
/// let api = Service::builder("api".parse()?, 8000, "vllm/vllm-openai:v0.11.0".parse()?).conditions(conditions);
/// let ui = Service::builder("ui".parse()?, 8080, "ghcr.io/open-webui/open-webui:main".parse()?);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, compute)
///     .service(api)
///     .service(ui)
///     .build()?;
/// // It has no paths, but it is not the default service.
/// assert_eq!(spec.default_service().unwrap().name().as_str(), "ui");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table, as in { hosts = [\"api.example.com\"] }"
)]
#[must_use = "conditions do nothing until they are given to the builder of a service"]
pub struct Conditions {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::spec) hosts: Vec<HostPattern>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::spec) methods: Vec<HttpMethod>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::spec) headers: BTreeMap<HeaderName, Vec<HeaderPattern>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::spec) sources: Vec<CidrBlock>,
}

impl Conditions {
    /// Sets the names in the Host header.
    pub fn hosts(mut self, hosts: impl IntoIterator<Item = HostPattern>) -> Self {
        self.hosts = hosts.into_iter().collect();
        self
    }

    /// Sets the methods.
    pub fn methods(mut self, methods: impl IntoIterator<Item = HttpMethod>) -> Self {
        self.methods = methods.into_iter().collect();
        self
    }

    /// Sets the values of a header.
    pub fn header(
        mut self,
        name: HeaderName,
        values: impl IntoIterator<Item = HeaderPattern>,
    ) -> Self {
        self.headers.insert(name, values.into_iter().collect());
        self
    }

    /// Sets the ranges of addresses that requests come from.
    pub fn sources(mut self, ranges: impl IntoIterator<Item = CidrBlock>) -> Self {
        self.sources = ranges.into_iter().collect();
        self
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the number of values in all conditions, which a listener rule limits.
    pub(in crate::spec) fn count(&self) -> usize {
        let headers: usize = self.headers.values().map(Vec::len).sum();
        self.hosts.len() + self.methods.len() + headers + self.sources.len()
    }

    /// Returns the number of wildcards in all conditions.
    pub(in crate::spec) fn wildcards(&self) -> usize {
        let hosts = self.hosts.iter().map(HostPattern::as_str);
        let headers = self.headers.values().flatten().map(HeaderPattern::as_str);
        hosts.chain(headers).map(wildcards).sum()
    }

    /// Returns the number of kinds of conditions.
    pub(in crate::spec) fn kinds(&self) -> usize {
        let kinds = [
            !self.hosts.is_empty(),
            !self.methods.is_empty(),
            !self.sources.is_empty(),
        ];
        kinds.into_iter().filter(|is_given| *is_given).count() + self.headers.len()
    }

    /// Returns the names in the Host header.
    pub fn host_patterns(&self) -> &[HostPattern] {
        &self.hosts
    }

    /// Returns the methods.
    pub fn http_methods(&self) -> &[HttpMethod] {
        &self.methods
    }

    /// Returns the headers with their values.
    pub fn header_patterns(&self) -> &BTreeMap<HeaderName, Vec<HeaderPattern>> {
        &self.headers
    }

    /// Returns the ranges of addresses that requests come from.
    pub fn source_ranges(&self) -> &[CidrBlock] {
        &self.sources
    }
}

/// Returns the number of wildcards in a pattern.
pub(in crate::spec) fn wildcards(pattern: &str) -> usize {
    pattern.matches(['*', '?']).count()
}

validated_text! {
    /// A pattern of the names in the Host header: `*` stands for any text, `?` for one character. Case does not matter.
    ///
    /// Source: Application Load Balancers guide, "Condition types for listener rules".
    ///
    /// ```
    /// use geusemaker_core::spec::HostPattern;
    ///
    /// assert!("*.example.com".parse::<HostPattern>().is_ok());
    /// assert!("example".parse::<HostPattern>().is_err());
    /// ```
    HostPattern, check_host_pattern
}

validated_text! {
    /// A method of HTTP: `POST`.
    ///
    /// Source: Application Load Balancers guide, "Condition types for listener rules".
    ///
    /// ```
    /// use geusemaker_core::spec::HttpMethod;
    ///
    /// assert!("GET".parse::<HttpMethod>().is_ok());
    /// assert!("get".parse::<HttpMethod>().is_err());
    /// ```
    HttpMethod, check_method
}

validated_text! {
    /// The name of a header of a request; case does not matter.
    ///
    /// Source: Application Load Balancers guide, "Condition types for listener rules".
    ///
    /// ```
    /// use geusemaker_core::spec::HeaderName;
    ///
    /// assert!("X-Team".parse::<HeaderName>().is_ok());
    /// let error = "Host".parse::<HeaderName>().unwrap_err();
    /// assert!(error.to_string().contains("hosts"));
    /// ```
    HeaderName, check_header_name
}

validated_text! {
    /// A pattern of the values of a header: `*` stands for any text, `?` for one character. Case does not matter.
    ///
    /// Source: Application Load Balancers guide, "Condition types for listener rules".
    ///
    /// ```
    /// use geusemaker_core::spec::HeaderPattern;
    ///
    /// assert!("blue*".parse::<HeaderPattern>().is_ok());
    /// ```
    HeaderPattern, check_header_pattern
}

fn check_host_pattern(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{text:?} is not a pattern of host names: {why}"));
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-.*?".contains(&b);
    if text.contains("://") || text.contains('/') || text.contains(':') {
        return wrong("write the name alone, as in \"api.example.com\"");
    }
    if text.len() > 128 {
        return wrong("it has more than 128 characters");
    }
    if !text.bytes().all(is_part) {
        return wrong("expected letters, digits, hyphens, dots and the wildcards * and ?");
    }
    match text.rsplit_once('.') {
        Some((name, end))
            if !name.is_empty()
                && !end.is_empty()
                && end.bytes().all(|b| b.is_ascii_alphabetic()) =>
        {
            Ok(())
        }
        Some(_) | None => wrong("expected a dot with letters after it, as in \"*.example.com\""),
    }
}

fn check_method(text: &str) -> Result<(), String> {
    let is_method = |b: u8| b.is_ascii_uppercase() || b"-_".contains(&b);
    if (1..=40).contains(&text.len()) && text.bytes().all(is_method) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a method of HTTP: expected it in upper case, as in \"POST\""
        ))
    }
}

fn check_header_name(text: &str) -> Result<(), String> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.eq_ignore_ascii_case("host") {
        return Err(format!("{text:?} has conditions of its own: use hosts"));
    }
    if (1..=40).contains(&text.len()) && text.bytes().all(is_name) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not the name of a header: expected at most 40 letters, digits and hyphens, as in \"X-Team\""
        ))
    }
}

fn check_header_pattern(text: &str) -> Result<(), String> {
    let is_visible = |b: u8| b.is_ascii_graphic() || b == b' ';
    if (1..=128).contains(&text.len()) && text.bytes().all(is_visible) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not a pattern of a header's values: expected 1 to 128 visible ASCII characters"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_listener_rules() {
        for text in ["example.com", "*.example.com", "a?.Example.COM", "*.com"] {
            assert!(text.parse::<HostPattern>().is_ok(), "{text}");
        }
        for text in [
            "",
            "com",
            "a.",
            ".com",
            "a.b1",
            "https://a.b",
            "a.b:80",
            "a_b.com",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
        for text in ["", "Get", "GET POST", &"A".repeat(41)] {
            assert!(text.parse::<HttpMethod>().is_err(), "{text}");
        }
        for text in ["", "a b", "a:b", "HOST", &"a".repeat(41)] {
            assert!(text.parse::<HeaderName>().is_err(), "{text}");
        }
        for text in ["", "é", "a\nb", &"a".repeat(129)] {
            assert!(text.parse::<HeaderPattern>().is_err(), "{text}");
        }
    }
}
