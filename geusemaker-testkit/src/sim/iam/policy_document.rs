//! Policy documents: JSON that says who may do what.

use serde_json::Value;

use super::{Code, validation};
use crate::wire::ServiceError;
use crate::wire::params::Params;

/// The place of a policy, which decides the members that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyUse {
    /// The policy of a role that says who may assume it.
    Trust,
    /// A policy of a role that says what it may do.
    Inline,
}

/// Reads a document and checks its form: JSON, and the members that each statement needs.
pub(super) fn read(
    params: &mut Params,
    parameter: &str,
    policy_use: PolicyUse,
) -> Result<String, ServiceError> {
    let document = params.required(parameter)?;
    let is_allowed = |c: char| "\t\n\r".contains(c) || (' '..='\u{ff}').contains(&c);
    if document.is_empty() || !document.chars().all(is_allowed) {
        return Err(validation::failed(
            parameter,
            &document,
            "Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
        ));
    }
    validation::bounded(parameter, &document, 131_072)?;
    match problem(&document, policy_use) {
        Some(problem) => Err(ServiceError::new(Code::MalformedPolicyDocument, problem)),
        None => Ok(document),
    }
}

/// Returns a document as IAM's answers show it, encoded as in a URL (RFC 3986).
pub(super) fn encoded(document: &str) -> String {
    let mut encoded = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Returns true if a statement of the document allows an action.
pub(super) fn allows(document: &str, action: &str) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(document) else {
        return false;
    };
    statements(&document).iter().any(|statement| {
        let patterns = strings(&statement["Action"]);
        statement["Effect"] == "Allow" && patterns.iter().any(|pattern| matches(pattern, action))
    })
}

/// Returns true if an action is one of those that a pattern with wildcards names. Their case does not matter.
pub(super) fn matches(pattern: &str, action: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let action: Vec<char> = action.to_lowercase().chars().collect();
    let (mut at, mut from) = (0, 0);
    // The latest `*`, and the part of the action that it has to skip if what follows does not fit.
    let mut star: Option<(usize, usize)> = None;
    while from < action.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(expected) if *expected == '?' || *expected == action[from] => {
                at += 1;
                from += 1;
            }
            Some(_) | None => {
                let Some((star_at, skipped)) = star else {
                    return false;
                };
                star = Some((star_at, skipped + 1));
                at = star_at + 1;
                from = skipped + 1;
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

/// Returns AWS's words for the first problem of a document.
fn problem(document: &str, policy_use: PolicyUse) -> Option<&'static str> {
    let syntax = match policy_use {
        PolicyUse::Trust => "This policy contains invalid Json",
        PolicyUse::Inline => "Syntax errors in policy.",
    };
    let Ok(document) = serde_json::from_str::<Value>(document) else {
        return Some(syntax);
    };
    let version = document.get("Version");
    let is_version = |version: &Value| version == "2012-10-17" || version == "2008-10-17";
    if !document.is_object() || !version.is_none_or(is_version) {
        return Some(syntax);
    }
    let statements = statements(&document);
    if statements.is_empty() {
        return Some(syntax);
    }
    statements
        .into_iter()
        .find_map(|statement| problem_of_statement(statement, policy_use, syntax))
}

fn problem_of_statement(
    statement: &Value,
    policy_use: PolicyUse,
    syntax: &'static str,
) -> Option<&'static str> {
    let has = |names: [&str; 2]| names.iter().any(|name| statement.get(name).is_some());
    if !statement.is_object()
        || !["Allow", "Deny"]
            .map(Value::from)
            .contains(&statement["Effect"])
    {
        return Some(syntax);
    }
    if !has(["Action", "NotAction"]) {
        return Some("Policy statement must contain actions.");
    }
    match policy_use {
        PolicyUse::Trust if has(["Resource", "NotResource"]) => {
            Some("Has prohibited field Resource")
        }
        PolicyUse::Trust if !has(["Principal", "NotPrincipal"]) => {
            Some("Missing required field Principal")
        }
        PolicyUse::Inline if has(["Principal", "NotPrincipal"]) => {
            Some("Policy document should not specify a principal.")
        }
        PolicyUse::Inline if !has(["Resource", "NotResource"]) => {
            Some("Policy statement must contain resources.")
        }
        PolicyUse::Inline | PolicyUse::Trust => None,
    }
}

/// Returns the statements, of which a document may have one without a list.
fn statements(document: &Value) -> Vec<&Value> {
    match &document["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        Value::Null => Vec::new(),
        statement => vec![statement],
    }
}

/// Returns the strings of a member that is one string or a list of them.
fn strings(member: &Value) -> Vec<&str> {
    match member {
        Value::Array(members) => members.iter().filter_map(Value::as_str).collect(),
        member => member.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{PolicyUse, allows, encoded, matches, problem};

    #[test]
    fn wildcards_match_actions() {
        for (pattern, action, expected) in [
            ("*", "ssm:GetParameter", true),
            ("ssm:*", "ssm:GetParameter", true),
            ("SSM:get*", "ssm:GetParameter", true),
            ("ssm:*Parameter", "ssm:GetParameter", true),
            ("ssm:G?tParameter", "ssm:GetParameter", true),
            ("ssm:Get", "ssm:GetParameter", false),
            ("ssm:GetParameters", "ssm:GetParameter", false),
            ("ec2:*", "ssm:GetParameter", false),
            ("", "ssm:GetParameter", false),
        ] {
            assert_eq!(matches(pattern, action), expected, "{pattern}");
        }
    }

    #[test]
    fn statement_may_stand_without_list() {
        let one = r#"{"Statement": {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}}"#;
        assert_eq!(problem(one, PolicyUse::Inline), None);
        assert!(allows(one, "ssm:GetParameter") && !allows(one, "ec2:RunInstances"));
        let denial = one.replace("Allow", "Deny");
        assert!(!allows(&denial, "ssm:GetParameter"));
        assert!(problem(one, PolicyUse::Trust).is_some());
    }

    #[test]
    fn encoded_document_has_no_plus_sign() {
        assert_eq!(
            encoded("{\"a\": \"b+~\"}"),
            "%7B%22a%22%3A%20%22b%2B~%22%7D"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_patterns_end(pattern in "[ab*?]{0,12}", action in "[ab]{0,12}") {
            let all = format!("*{pattern}*");
            prop_assert!(!matches(&pattern, &action) || matches(&all, &action));
        }
    }
}
