//! Selections of headers, cookies and query strings: the parts of a request that a policy names.

use crate::sim::cloudfront::at_edges::items;
use crate::wire::xml::Element;

/// A selection of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Names {
    All,
    AllExcept(Vec<String>),
    Listed(Vec<String>),
    #[default]
    None,
}

impl Names {
    /// Returns true if a name is selected.
    pub(super) fn contains(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::AllExcept(names) => !is_among(names, name),
            Self::Listed(names) => is_among(names, name),
            Self::None => false,
        }
    }

    /// Returns true if a name is selected by itself, not as one of all.
    pub(super) fn lists(&self, name: &str) -> bool {
        match self {
            Self::Listed(names) => is_among(names, name),
            Self::All | Self::AllExcept(_) | Self::None => false,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        match self {
            Self::None => true,
            Self::Listed(names) => names.is_empty(),
            Self::All | Self::AllExcept(_) => false,
        }
    }

    /// Returns the selection of an element such as `HeadersConfig`, whose members are named after what it selects.
    fn read(parent: &Element, singular: &str, plural: &str) -> Self {
        let Some(config) = parent.find(&format!("{plural}Config")) else {
            return Self::None;
        };
        let names = || items(config, plural).map(|name| name.text().to_owned());
        match config.text_at(&[&format!("{singular}Behavior")]) {
            Some("all" | "allViewer" | "allViewerAndWhitelistCloudFront") => Self::All,
            Some("allExcept") => Self::AllExcept(names().collect()),
            Some("whitelist") => Self::Listed(names().collect()),
            _ => Self::None,
        }
    }
}

/// The headers, the cookies and the query strings that a policy selects.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) headers: Names,
    /// The headers that CloudFront makes, in lower case.
    pub(super) generated: Vec<String>,
    pub(super) cookies: Names,
    pub(super) query: Names,
}

impl Selection {
    /// Returns the selection of a policy.
    pub(super) fn of_policy(config: &Element) -> Self {
        let listed = config.find("HeadersConfig").into_iter();
        let listed = listed.flat_map(|headers| items(headers, "Headers"));
        Self {
            headers: Names::read(config, "Header", "Headers"),
            generated: generated(listed),
            cookies: Names::read(config, "Cookie", "Cookies"),
            query: Names::read(config, "QueryString", "QueryStrings"),
        }
    }

    /// Returns the selections of the older ForwardedValues: for the cache key, and for requests to the origin.
    pub(super) fn of_forwarded_values(values: &Element) -> (Self, Self) {
        let names = |list: &str| -> Vec<String> {
            items(values, list)
                .map(|name| name.text().to_owned())
                .collect()
        };
        let cookies = match values.text_at(&["Cookies", "Forward"]) {
            Some("all") => Names::All,
            Some("whitelist") => {
                let listed = values.find("Cookies").into_iter();
                let listed = listed.flat_map(|cookies| items(cookies, "WhitelistedNames"));
                Names::Listed(listed.map(|name| name.text().to_owned()).collect())
            }
            _ => Names::None,
        };
        let is_forwarded = values.text_at(&["QueryString"]) == Some("true");
        let keys = names("QueryStringCacheKeys");
        let (query, query_in_key) = match (is_forwarded, keys.is_empty()) {
            (false, _) => (Names::None, Names::None),
            (true, true) => (Names::All, Names::All),
            (true, false) => (Names::All, Names::Listed(keys)),
        };
        let headers = names("Headers");
        let headers = match headers.iter().any(|name| name == "*") {
            true => Names::All,
            false => Names::Listed(headers),
        };
        let key = Self {
            headers,
            generated: generated(items(values, "Headers")),
            cookies,
            query: query_in_key,
        };
        let forwarded = Self {
            query,
            ..key.clone()
        };
        (key, forwarded)
    }
}

fn generated<'a>(names: impl Iterator<Item = &'a Element>) -> Vec<String> {
    names
        .map(|name| name.text().to_ascii_lowercase())
        .filter(|name| name.starts_with("cloudfront-"))
        .collect()
}

fn is_among(names: &[String], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}
