//! Record sets: the records of one name and type.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::name::Name;
use super::{Code, invalid_input, refuse_others, required, value};
use crate::wire::ServiceError;
use crate::wire::xml::Element;

/// The types of records of the model.
const KINDS: [&str; 17] = [
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV",
    "SSHFP", "SVCB", "TLSA", "TXT",
];

/// A record set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) name: Name,
    /// `A`, `CNAME`.
    pub(super) kind: String,
    pub(super) content: Content,
    /// The time from which the name servers have the record.
    since: Timestamp,
}

/// The content of a record set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Content {
    Alias(AliasTarget),
    Values { ttl: u32, values: Vec<String> },
}

/// The resource whose addresses an alias has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AliasTarget {
    /// The id of the zone that the resource's own name is in.
    pub(super) zone: String,
    pub(super) name: Name,
    pub(super) evaluates_health: bool,
}

impl Record {
    /// Returns the name that an alias or a CNAME record leads to, once the name servers have it.
    #[cfg(feature = "traffic")]
    pub(super) fn target(&self, now: Timestamp) -> Option<String> {
        if now < self.since {
            return None;
        }
        match &self.content {
            Content::Alias(target) => Some(target.name.plain()),
            Content::Values { values, .. } => {
                Some(values.first()?.trim_end_matches('.').to_ascii_lowercase())
            }
        }
    }

    pub(super) fn with_values(
        name: Name,
        kind: &str,
        ttl: u32,
        values: Vec<String>,
        since: Timestamp,
    ) -> Self {
        Self {
            name,
            kind: kind.to_owned(),
            content: Content::Values { ttl, values },
            since,
        }
    }

    /// Reads a `ResourceRecordSet`. `action` and the text of the change are for errors.
    pub(super) fn read(
        element: &Element,
        action: &str,
        since: Timestamp,
    ) -> Result<Self, ServiceError> {
        // Weights, regions and the like make several records of one name and type, which are not simulated.
        refuse_others(
            element,
            &["Name", "Type", "TTL", "ResourceRecords", "AliasTarget"],
        )?;
        let text = required(element, "Name")?;
        let kind = required(element, "Type")?;
        if !KINDS.contains(&kind) {
            return Err(invalid_input(format!(
                "Invalid XML ; cvc-enumeration-valid: Value '{kind}' is not facet-valid with respect to enumeration '[{}]'. It must be a value from the enumeration.",
                KINDS.join(", ")
            )));
        }
        let name = Name::parse(text).map_err(|problem| {
            ServiceError::new(Code::InvalidChangeBatch, in_brackets(&problem))
        })?;
        let (alias, ttl, records) = (
            element.find("AliasTarget"),
            element.text_at(&["TTL"]),
            element.find("ResourceRecords"),
        );
        let content = match (alias, ttl, records) {
            (Some(alias), None, None) => Content::Alias(AliasTarget::read(alias)?),
            (None, Some(ttl), Some(records)) => Content::Values {
                ttl: read_ttl(ttl)?,
                values: value::read_list(records, kind)?,
            },
            (alias, ..) => {
                let found = if alias.is_some() {
                    "more than one"
                } else {
                    "none"
                };
                return Err(invalid_input(format!(
                    "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={text}, Type={kind}, SetIdentifier=null]"
                )));
            }
        };
        Ok(Self {
            name,
            kind: kind.to_owned(),
            content,
            since,
        })
    }

    pub(super) fn sort_key(&self) -> String {
        sort_key(&self.name, &self.kind)
    }

    /// Returns `llm.example.com/A`.
    pub(super) fn title(&self) -> String {
        format!("{}/{}", self.name.plain(), self.kind)
    }

    /// Returns the record as AWS's errors name it.
    pub(super) fn described(&self) -> String {
        format!("[name='{}', type='{}']", self.name, self.kind)
    }

    /// Returns the time from which the name servers have the record, if it has that value alone.
    pub(super) fn since_with_value(&self, wanted: &str) -> Option<Timestamp> {
        let without_dot = |text: &str| text.trim_end_matches('.').to_ascii_lowercase();
        match &self.content {
            Content::Values { values, .. } => {
                let is_it = |value: &String| without_dot(value) == without_dot(wanted);
                values.iter().all(is_it).then_some(self.since)
            }
            Content::Alias(_) => None,
        }
    }

    /// Returns true if the other record has the same content. The order of values does not matter.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (
                Content::Values { ttl, values },
                Content::Values {
                    ttl: other_ttl,
                    values: others,
                },
            ) => {
                ttl == other_ttl
                    && values.len() == others.len()
                    && values.iter().all(|value| others.contains(value))
            }
            (one, other) => one == other,
        }
    }

    pub(super) fn element(&self) -> Element {
        let record = Element::new("ResourceRecordSet")
            .with("Name", &self.name)
            .with("Type", &self.kind);
        match &self.content {
            Content::Alias(target) => record.child(
                Element::new("AliasTarget")
                    .with("HostedZoneId", &target.zone)
                    .with("DNSName", &target.name)
                    .with("EvaluateTargetHealth", target.evaluates_health),
            ),
            Content::Values { ttl, values } => {
                let values = values
                    .iter()
                    .map(|value| Element::new("ResourceRecord").with("Value", value));
                record
                    .with("TTL", ttl)
                    .child(Element::new("ResourceRecords").children(values))
            }
        }
    }
}

impl AliasTarget {
    fn read(element: &Element) -> Result<Self, ServiceError> {
        refuse_others(
            element,
            &["HostedZoneId", "DNSName", "EvaluateTargetHealth"],
        )?;
        let name = Name::parse(required(element, "DNSName")?).map_err(|problem| {
            ServiceError::new(Code::InvalidChangeBatch, in_brackets(&problem))
        })?;
        let evaluates_health = match required(element, "EvaluateTargetHealth")? {
            "true" => true,
            "false" => false,
            other => {
                return Err(invalid_input(format!(
                    "Invalid XML ; '{other}' is not a valid value for 'boolean'."
                )));
            }
        };
        Ok(Self {
            zone: required(element, "HostedZoneId")?.to_owned(),
            name,
            evaluates_health,
        })
    }
}

/// Returns the key by which records are sorted: by the labels from the right, then by type. A blank comes before all
/// characters of names.
pub(super) fn sort_key(name: &Name, kind: &str) -> String {
    format!("{} {kind}", name.reversed())
}

/// Returns a message as the answers about batches have it.
pub(super) fn in_brackets(problem: &str) -> String {
    format!("[{problem}]")
}

fn read_ttl(text: &str) -> Result<u32, ServiceError> {
    let ttl = text.parse().ok().filter(|ttl| *ttl <= 2_147_483_647);
    ttl.ok_or_else(|| {
        invalid_input(format!(
            "Invalid XML ; the TTL '{text}' is not a number from 0 to 2147483647."
        ))
    })
}
