//! The values of records.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::name::Name;
use super::record::in_brackets;
use super::{Code, invalid_input, refuse_others, required};
use crate::wire::ServiceError;
use crate::wire::xml::Element;

/// Reads `ResourceRecords`, in the form that their type demands.
pub(super) fn read_list(records: &Element, kind: &str) -> Result<Vec<String>, ServiceError> {
    refuse_others(records, &["ResourceRecord"])?;
    let mut values: Vec<String> = Vec::new();
    for record in records.elements() {
        refuse_others(record, &["Value"])?;
        let value = required(record, "Value")?;
        if let Some(problem) = problem(kind, value) {
            return Err(invalid_record(&format!(
                "FATAL problem: {problem} encountered with '{value}'"
            )));
        }
        if values.iter().any(|other| other == value) {
            let problem = format!("Duplicate Resource Record: '{value}'");
            return Err(ServiceError::new(
                Code::InvalidChangeBatch,
                in_brackets(&problem),
            ));
        }
        values.push(value.to_owned());
    }
    match (kind, values.as_slice()) {
        (_, []) => Err(invalid_input(
            "Invalid XML ; the list of resource records is empty.",
        )),
        ("CNAME" | "SOA", [_, _, ..]) => Err(invalid_record(
            "FATAL problem: RRDATANotSingleMember (Resource record set must have exactly one value)",
        )),
        _ => Ok(values),
    }
}

/// Returns the problem of a value in AWS's words. The values of rarer types are not looked at.
fn problem(kind: &str, value: &str) -> Option<&'static str> {
    let (fits, problem) = match kind {
        "A" => (
            value.parse::<Ipv4Addr>().is_ok(),
            "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)",
        ),
        "AAAA" => (
            value.parse::<Ipv6Addr>().is_ok(),
            "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)",
        ),
        "CNAME" | "NS" | "PTR" => (
            Name::parse(value).is_ok(),
            "RRDATAIllegalDomainName (Value is not a valid domain name)",
        ),
        "TXT" | "SPF" => (
            value.len() >= 2 && value.starts_with('"') && value.ends_with('"'),
            "InvalidCharacterString (Value should be enclosed in quotation marks)",
        ),
        _ => (!value.is_empty(), "RRDATAEmpty (Value is empty)"),
    };
    let is_short = value.len() <= 4000;
    match (fits, is_short) {
        (true, true) => None,
        (true, false) => Some("RRDATATooLong (Value is too long)"),
        (false, _) => Some(problem),
    }
}

fn invalid_record(problem: &str) -> ServiceError {
    let message = in_brackets(&format!("Invalid Resource Record: '{problem}'"));
    ServiceError::new(Code::InvalidChangeBatch, message)
}
