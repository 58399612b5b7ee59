//! Transforms of rules, which rewrite the host or the URL of a request before it goes to a target.

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::validation;
use crate::wire::ServiceError;
use crate::wire::params::Params;
use crate::wire::xml::Element;

/// A transform of a rule: a pattern, and the text that replaces what it matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transform {
    pub(crate) kind: Kind,
    pub(crate) regex: String,
    pub(crate) replace: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    HostHeaderRewrite,
    UrlRewrite,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::HostHeaderRewrite => "host-header-rewrite",
            Self::UrlRewrite => "url-rewrite",
        }
    }

    fn config(self) -> &'static str {
        match self {
            Self::HostHeaderRewrite => "HostHeaderRewriteConfig",
            Self::UrlRewrite => "UrlRewriteConfig",
        }
    }
}

impl Transform {
    /// Reads `Transforms.member.N`; returns an empty list if there is none.
    pub(super) fn read_list(params: &mut Params) -> Result<Vec<Self>, ServiceError> {
        params.optional("Transforms");
        let mut transforms: Vec<Self> = Vec::new();
        for place in params.structures("Transforms.member") {
            let name = params.required(&place.member("Type"))?;
            let kind = [Kind::HostHeaderRewrite, Kind::UrlRewrite]
                .into_iter()
                .find(|kind| kind.name() == name)
                .ok_or_else(|| {
                    validation::error(format!(
                        "Transform type '{name}' must be one of '[host-header-rewrite, url-rewrite]'"
                    ))
                })?;
            if transforms.iter().any(|other| other.kind == kind) {
                return Err(validation::error(format!(
                    "A rule can only have one '{name}' transform"
                )));
            }
            let rewrites = place.member(&format!("{}.Rewrites.member", kind.config()));
            let mut read = Vec::new();
            for rewrite in params.structures(&rewrites) {
                let regex = params.required(&rewrite.member("Regex"))?;
                let replace = params.required(&rewrite.member("Replace"))?;
                read.push((regex, replace));
            }
            let [(regex, replace)] = <[_; 1]>::try_from(read).map_err(|_| {
                validation::error(format!(
                    "A '{name}' transform must have exactly one rewrite"
                ))
            })?;
            check_regex(&regex, 1024)?;
            if replace.chars().count() > 1024 {
                return Err(validation::error(
                    "The replacement of a transform cannot be longer than '1024' characters",
                ));
            }
            transforms.push(Self {
                kind,
                regex,
                replace,
            });
        }
        Ok(transforms)
    }

    pub(super) fn list(transforms: &[Self]) -> Element {
        let transforms = transforms.iter().map(|transform| {
            let rewrite = Element::new("rewrite")
                .with("Regex", &transform.regex)
                .with("Replace", &transform.replace);
            let rewrites = Element::list("Rewrites", "member", [rewrite]);
            Element::new("transform")
                .with("Type", transform.kind.name())
                .child(Element::new(transform.kind.config()).child(rewrites))
        });
        Element::list("Transforms", "member", transforms)
    }
}

/// Refuses a pattern that is too long, or that the load balancer does not know. The patterns of the load balancer are
/// those of this library but for its Unicode classes.
pub(super) fn check_regex(pattern: &str, longest: usize) -> Result<(), ServiceError> {
    let has_class = pattern.contains("\\p") || pattern.contains("\\P");
    let is_short = (1..=longest).contains(&pattern.chars().count());
    if is_short && !has_class && Regex::new(pattern).is_ok() {
        return Ok(());
    }
    Err(validation::error(format!(
        "The regular expression '{pattern}' is not valid, or longer than '{longest}' characters"
    )))
}
