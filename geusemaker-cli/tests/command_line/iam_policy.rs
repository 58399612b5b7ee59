//! `gm iam-policy` prints a policy document, for a spec or for all.

use serde_json::Value;

use crate::gm::Gm;
use crate::spec_text::spec;

fn actions(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements
        .iter()
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            action => vec![action.clone()],
        });
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

/// The text is the document alone, for the AWS CLI.
#[test]
fn policy_is_that_of_spec() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let printed = gm.run(&[], &["iam-policy", "gm.toml"]).with(0);
    assert_eq!(printed.stderr, "");
    let policy: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let of_spec = actions(&policy);
    assert!(of_spec.contains(&"ec2:RunInstances".to_owned()));
    assert!(of_spec.iter().all(|it| !it.starts_with("cloudfront:")));
    let deletes = &policy["Statement"][1];
    assert_eq!(
        deletes["Condition"]["StringEquals"]["aws:ResourceTag/geusemaker:stack"],
        "llm"
    );
    let document = gm.run(&[], &["iam-policy", "gm.toml", "-o", "json"]);
    assert_eq!(document.with(0).document()["policy"], policy);
}

/// A managed policy holds 6,144 characters.
#[test]
fn policy_of_all_specs_names_its_length() {
    let gm = Gm::new();
    let printed = gm.run(&[], &["iam-policy"]).with(0);
    let policy: Value = serde_json::from_str(&printed.stdout).unwrap();
    let all = actions(&policy);
    assert!(all.contains(&"cloudfront:DeleteDistribution".to_owned()));
    let length = printed
        .stdout
        .chars()
        .filter(|it| !it.is_whitespace())
        .count();
    assert_eq!(
        printed.stderr.contains("at most 6144"),
        length > 6144,
        "{length}"
    );
    assert!(length <= 10240, "{length}");
    gm.run(&[], &["iam-policy", "nope.toml"])
        .with(2)
        .says(&["there is no such file"]);
}
