//! `gm iam-policy`: prints the least IAM policy with which gm can do its work.

use geusemaker_core::IamPolicy;

use super::spec;
use crate::arguments::IamPolicyOf;
use crate::document::Document;
use crate::failure::Failure;
use crate::settings::Settings;

/// The most characters, without white space, of a managed policy of IAM.
const MOST_CHARACTERS: usize = 6144;

pub(crate) fn run(settings: &Settings, asked: &IamPolicyOf) -> Result<Document, Failure> {
    let policy = match asked.file() {
        Some(file) => IamPolicy::of_spec(&spec::parse(settings, &file)?.spec),
        None => IamPolicy::of_all_stacks(),
    };
    let text = serde_json::to_string_pretty(&policy)
        .map_err(|error| Failure::local(format!("the policy cannot be written: {error}")))?;
    let length = text.chars().filter(|it| !it.is_whitespace()).count();
    let document = Document::ok()
        .member("policy", &policy)
        .member("characters", length)
        .line(text);
    Ok(match length {
        ..=MOST_CHARACTERS => document,
        _ => document.with_note(format!(
            "note: the policy has {length} characters, and a managed policy at most {MOST_CHARACTERS}: make it the \
             inline policy of a role, which may have 10240, or name a spec for a shorter one"
        )),
    })
}
