//! Policies for caching, for requests to origins, and for response headers. Only the managed ones are simulated.

use super::managed_policy::{self, ManagedPolicy};
use super::paging::{self, Paging};
use super::shape::invalid_argument;
use super::{CloudFront, Code, refuse_other_query};
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// AWS's own policies change so rarely that no program can tell. The day is assumed.
const LAST_MODIFIED: &str = "2021-01-01T00:00:00Z";

/// The kind of a policy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Cache,
    OriginRequest,
    ResponseHeaders,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Cache, Self::OriginRequest, Self::ResponseHeaders];

    /// Returns the name of the policy's element.
    fn element(self) -> &'static str {
        match self {
            Self::Cache => "CachePolicy",
            Self::OriginRequest => "OriginRequestPolicy",
            Self::ResponseHeaders => "ResponseHeadersPolicy",
        }
    }

    /// Returns the member of a cache behavior that names such a policy.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Cache => "CachePolicyId",
            Self::OriginRequest => "OriginRequestPolicyId",
            Self::ResponseHeaders => "ResponseHeadersPolicyId",
        }
    }

    fn managed(self) -> &'static [ManagedPolicy] {
        match self {
            Self::Cache => managed_policy::CACHE,
            Self::OriginRequest => managed_policy::ORIGIN_REQUEST,
            Self::ResponseHeaders => managed_policy::RESPONSE_HEADERS,
        }
    }

    /// Returns the policy of that id.
    pub(super) fn find(self, id: &str) -> Result<&'static ManagedPolicy, ServiceError> {
        let (code, what) = match self {
            Self::Cache => (Code::NoSuchCachePolicy, "cache policy"),
            Self::OriginRequest => (Code::NoSuchOriginRequestPolicy, "origin request policy"),
            Self::ResponseHeaders => (Code::NoSuchResponseHeadersPolicy, "response headers policy"),
        };
        let policy = self.managed().iter().find(|policy| policy.id == id);
        policy
            .ok_or_else(|| ServiceError::new(code, format!("The specified {what} does not exist.")))
    }

    fn describe(self, policy: &ManagedPolicy) -> Element {
        let name = self.element();
        Element::new(name)
            .with("Id", policy.id)
            .with("LastModifiedTime", LAST_MODIFIED)
            .child(policy.config(&format!("{name}Config")))
    }
}

pub(super) fn get(kind: Kind, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let policy = kind.find(id(input))?;
    Ok(Reply::xml(kind.describe(policy)).header("etag", policy.etag()))
}

pub(super) fn get_config(kind: Kind, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let policy = kind.find(id(input))?;
    let config = policy.config(&format!("{}Config", kind.element()));
    Ok(Reply::xml(config).header("etag", policy.etag()))
}

pub(super) fn list(kind: Kind, input: &Input) -> Result<Reply, ServiceError> {
    let [marker, max_items] = paging::PARAMETERS;
    refuse_other_query(input, &[marker, max_items, "Type"])?;
    let paging = Paging::read(input)?;
    let known = match input.query.get("Type").map(String::as_str) {
        None | Some("managed") => kind.managed(),
        Some("custom") => &[],
        Some(other) => {
            return Err(invalid_argument(format!(
                "The parameter Type does not take the value '{other}'."
            )));
        }
    };
    let name = kind.element();
    // The policies are sorted by id.
    let items = known.iter().filter(|policy| policy.id > paging.marker);
    let items = items.map(|policy| {
        let summary = Element::new(format!("{name}Summary"))
            .with("Type", "managed")
            .child(kind.describe(policy));
        (policy.id.to_owned(), summary)
    });
    Ok(Reply::xml(paging.short_list(&format!("{name}List"), items)))
}

/// Lists the ids of the distributions that use a policy.
pub(super) fn list_distributions(
    cloudfront: &CloudFront,
    kind: Kind,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &paging::PARAMETERS)?;
    let paging = Paging::read(input)?;
    let policy = kind.find(id(input))?;
    let items = cloudfront
        .distributions
        .iter()
        .filter(|(id, distribution)| {
            id.as_str() > paging.marker && distribution.uses(kind, policy.id)
        })
        .map(|(id, _)| (id.clone(), Element::leaf("DistributionId", id)));
    Ok(Reply::xml(paging.list("DistributionIdList", items)))
}

/// Returns the id in `cache-policy/4135ea2d` and `distributionsByCachePolicyId/4135ea2d`.
fn id(input: &Input) -> &str {
    input.path.get(1).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn managed_policies_are_sorted_by_id() {
        for kind in Kind::ALL {
            assert!(kind.managed().is_sorted_by_key(|policy| policy.id));
        }
    }
}
