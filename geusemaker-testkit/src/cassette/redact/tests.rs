//! Tests of the redaction.

use proptest::prelude::*;

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

fn redact(mime_type: &str, text: &str) -> String {
    redact_with(&Redactor::new(), mime_type, text)
}

fn redact_with(redactor: &Redactor, mime_type: &str, text: &str) -> String {
    let mut content = Content::from_bytes(mime_type, text.as_bytes());
    redactor.content(&mut content);
    content.text
}

/// The names of the fields stay.
#[test]
fn form_secrets_are_redacted() {
    let form = "Action=RunInstances&UserData=IyEvYmlu&ClientToken=5f2c&Owner.1=111122223333\
                &LaunchTemplateData.UserData=IyEvYmlu&ImageId=ami-1";
    assert_eq!(
        redact(FORM, form),
        "Action=RunInstances&UserData=cmVkYWN0ZWQ%3D&ClientToken=REDACTED-TOKEN&Owner.1=123456789012\
         &LaunchTemplateData.UserData=cmVkYWN0ZWQ%3D&ImageId=ami-1"
    );
}

/// In CloudFront's requests and in the load balancer's.
#[test]
fn origin_secret_header_is_redacted() {
    let rule = "Conditions.member.1.HttpHeaderConfig.HttpHeaderName=X-Origin\
                &Conditions.member.1.HttpHeaderConfig.Values.member.1=hunter2";
    assert!(redact(FORM, rule).ends_with(
        "HttpHeaderName=X-Origin&Conditions.member.1.HttpHeaderConfig.Values.member.1=REDACTED"
    ));
    let described =
        "<HttpHeaderConfig><Values><member>hunter2</member></Values></HttpHeaderConfig>";
    assert!(redact("text/xml", described).contains("<member>REDACTED</member>"));
    let origin =
        "<Origin><HeaderName>X-Origin</HeaderName><HeaderValue>hunter2</HeaderValue></Origin>";
    assert_eq!(
        redact("application/xml", origin),
        "<Origin><HeaderName>X-Origin</HeaderName><HeaderValue>REDACTED</HeaderValue></Origin>"
    );
}

/// The bearer token is in conditions too; the secret by which a provider knows the load balancer is in actions.
#[test]
fn proofs_of_balancer_are_redacted() {
    let rule = "Conditions.member.2.HttpHeaderConfig.HttpHeaderName=Authorization\
                &Conditions.member.2.HttpHeaderConfig.Values.member.1=Bearer+hunter2\
                &Conditions.member.2.HttpHeaderConfig.Values.member.2=Bearer+hunter3\
                &Actions.member.1.AuthenticateOidcConfig.ClientId=llm\
                &Actions.member.1.AuthenticateOidcConfig.ClientSecret=hunter4\
                &DefaultActions.member.1.AuthenticateOidcConfig.ClientSecret=hunter5";
    let redacted = redact(FORM, rule);
    assert!(!redacted.contains("hunter"), "{redacted}");
    assert!(redacted.contains("ClientId=llm"), "{redacted}");
    let described = "<HttpHeaderConfig><HttpHeaderName>Authorization</HttpHeaderName><Values>\
                     <member>Bearer hunter2</member></Values></HttpHeaderConfig>";
    assert!(!redact("text/xml", described).contains("hunter"));
}

/// In requests and in answers; the values of tags stay.
#[test]
fn parameters_and_sessions_are_redacted() {
    let json = "application/x-amz-json-1.1";
    for (body, expected) in [
        (
            r#"{"Name":"a","Value":"hunter2"}"#,
            r#"{"Name":"a","Value":"REDACTED"}"#,
        ),
        (
            r#"{"Parameter":{"Value":"hunter2"}}"#,
            r#"{"Parameter":{"Value":"REDACTED"}}"#,
        ),
        (
            r#"{"Parameters":[{"Value":"hunter2"}]}"#,
            r#"{"Parameters":[{"Value":"REDACTED"}]}"#,
        ),
        (
            r#"{"SessionId":"a","TokenValue":"hunter2"}"#,
            r#"{"SessionId":"a","TokenValue":"REDACTED"}"#,
        ),
        (
            r#"{"StandardOutputContent":"hunter2"}"#,
            r#"{"StandardOutputContent":"REDACTED"}"#,
        ),
        (
            r#"{"Tags":[{"Key":"a","Value":"b"}]}"#,
            r#"{"Tags":[{"Key":"a","Value":"b"}]}"#,
        ),
    ] {
        assert_eq!(redact(json, body), expected);
    }
}

/// In ARNs, and where they are the whole value.
#[test]
fn account_ids_are_redacted() {
    let text = r#"{"OwnerId":"111122223333","FileSystemArn":"arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1","Size":111122223333}"#;
    assert_eq!(
        serde_json::from_str::<Value>(&redact("application/json", text)).unwrap(),
        serde_json::json!({
            "OwnerId": "123456789012",
            "FileSystemArn": "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1",
            "Size": 111_122_223_333_u64,
        })
    );
    let url = "https://elasticfilesystem.us-east-1.amazonaws.com/2015-02-01/tags/arn%3Aaws%3Aefs%3Aus-east-1%3A111122223333%3Afs";
    assert!(
        Redactor::new()
            .url(url)
            .ends_with("arn%3Aaws%3Aefs%3Aus-east-1%3A123456789012%3Afs")
    );
}

#[test]
fn console_output_keeps_only_chosen_lines() {
    let output = BASE64_STANDARD
        .encode("booting\nREADY arn:aws:iam::111122223333:role/x\npassword: hunter2\n");
    let body =
        format!("<GetConsoleOutputResponse><output>{output}</output></GetConsoleOutputResponse>");
    assert!(redact("text/xml", &body).contains("<output>cmVkYWN0ZWQ=</output>"));
    let redactor = Redactor::new().keeping_console_lines("^READY ").unwrap();
    let kept = BASE64_STANDARD.encode("READY arn:aws:iam::123456789012:role/x");
    assert!(
        redact_with(&redactor, "text/xml", &body).contains(&format!("<output>{kept}</output>"))
    );
}

#[test]
fn body_without_secrets_is_unchanged() {
    for (mime_type, text) in [
        (
            "text/xml",
            "<?xml version=\"1.0\"?>\n<a  b='1'>\n <!-- c --> </a>",
        ),
        ("application/json", "{ \"b\": 1.50, \"a\": [] }"),
        (FORM, "a=%7e&b"),
    ] {
        assert_eq!(redact(mime_type, text), text);
    }
}

#[test]
fn unreadable_body_is_replaced() {
    assert_eq!(redact("text/xml", "<a><UserData>c2VjcmV0"), UNREADABLE);
    assert_eq!(
        redact("application/json", "{\"UserData\": \"c2Vj"),
        UNREADABLE
    );
}

#[test]
fn presigned_url_loses_signature() {
    let url =
        "https://b.s3.amazonaws.com/k?versionId=1&X-Amz-Credential=AKIA%2Fx&X-Amz-Signature=00ff";
    assert_eq!(
        Redactor::new().url(url),
        "https://b.s3.amazonaws.com/k?versionId=1"
    );
}

#[test]
fn pattern_applies_to_values_and_urls() {
    let redactor = Redactor::new()
        .with_pattern("[0-9a-f]{8}-run", "00000000-run")
        .unwrap();
    assert_eq!(
        redactor.url("https://h/x/1a2b3c4d-run?q=1a2b3c4d-run"),
        "https://h/x/00000000-run?q=00000000-run"
    );
    assert_eq!(
        redact_with(&redactor, FORM, "Tag.1.Value=1a2b3c4d-run"),
        "Tag.1.Value=00000000-run"
    );
}

/// A pattern that would change its own replacement, or is not a regular expression.
#[test]
fn unstable_pattern_is_refused() {
    assert!(matches!(
        Redactor::new().with_pattern("a", "aa"),
        Err(PatternError::NotStable { .. })
    ));
    assert!(matches!(
        Redactor::new().with_pattern("(", ""),
        Err(PatternError::NotARegex { .. })
    ));
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("UserData".to_owned()),
        Just("OwnerId".to_owned()),
        Just("ClientToken".to_owned()),
        Just("HeaderValue".to_owned()),
        Just("HttpHeaderConfig".to_owned()),
        Just("Values".to_owned()),
        Just("output".to_owned()),
        "[A-Za-z]{1,8}",
    ]
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "arn:aws:ec2:us-east-1:[1-9]{12}:instance/i-[0-9a-f]{4}",
        "(AKIA|ASIA)[A-Z0-9]{16}",
        "X-Amz-Signature=[0-9a-f]{8}",
        "x-amz-security-token: ?[A-Za-z0-9/+]{9}",
        "eyJ[A-Za-z0-9_-]{8,12}\\.[A-Za-z0-9_-]{8,12}\\.[A-Za-z]{6}",
        "-----BEGIN (RSA )?PRIVATE KEY-----\n[A-Za-z0-9]{20}\n-----END (RSA )?PRIVATE KEY-----",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[0-9]{12}",
        "arn:aws:ec2:us-east-1:[0-9]{12}:instance/i-[0-9a-f]{4}",
        "(AKIA|ASIA)[A-Z0-9]{16}",
        "(X-Amz-Signature|Credential)=[0-9a-f&,]{1,8}",
        "x-amz-security-token: ?[A-Za-z0-9/+=]{0,8}",
        "eyJ[A-Za-z0-9_-]{8,12}\\.[A-Za-z0-9_-]{8,12}\\.",
        Just("-----BEGIN RSA PRIVATE KEY-----".to_owned()),
        "REDACTED",
        "[ -~\\n]{0,12}",
        "\\PC{0,6}",
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn xml_element() -> impl Strategy<Value = String> {
    let leaf = text().prop_map(|text| quick_xml::escape::escape(text).into_owned());
    let inner = leaf.prop_recursive(3, 16, 4, |inner| {
        prop::collection::vec((name(), inner), 1..4).prop_map(|children| {
            children
                .iter()
                .map(|(name, child)| format!("\n<{name}>{child}</{name}>"))
                .collect()
        })
    });
    (name(), inner).prop_map(|(name, inner)| format!("<{name}>{inner}</{name}>"))
}

fn body() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        json_value().prop_map(|value| ("application/json", value.to_string())),
        xml_element().prop_map(|element| ("text/xml", element)),
        prop::collection::vec((name(), text()), 0..5).prop_map(|pairs| (FORM, super::form(&pairs))),
        text().prop_map(|text| ("text/plain", text)),
        text().prop_map(|text| ("", text)),
    ]
}

proptest! {
    #[test]
    fn body_redaction_is_idempotent((mime_type, text) in body()) {
        let once = redact(mime_type, &text);
        prop_assert_eq!(&redact(mime_type, &once), &once);
    }

    #[test]
    fn redacted_body_keeps_its_format((mime_type, text) in body()) {
        let kind = |text: &str| std::mem::discriminant(&Body::read(&Content::from_bytes(mime_type, text.as_bytes())));
        prop_assert_eq!(kind(&redact(mime_type, &text)), kind(&text));
    }

    #[test]
    fn secrets_do_not_survive_redaction(
        names in prop::collection::vec(name(), 4),
        secrets in prop::collection::vec(secret(), 4),
        before in "[ -%'-~]{0,6}[ =:]",
    ) {
        let pairs: Vec<_> = names.into_iter().zip(secrets.iter().map(|secret| format!("{before}{secret} x"))).collect();
        let json = Value::Object(pairs.iter().map(|(name, text)| (name.clone(), Value::from(text.clone()))).collect());
        let xml: String = pairs.iter().map(|(name, text)| format!("<{name}>{}</{name}>", quick_xml::escape::escape(text))).collect();
        for (mime_type, body) in [
            (FORM, super::form(&pairs)),
            ("application/json", json.to_string()),
            ("text/xml", format!("<r>{xml}</r>")),
            ("text/plain", pairs[0].1.clone()),
        ] {
            let redacted = redact(mime_type, &body);
            let found = crate::cassette::scan::findings_in(&Value::from(redacted.clone()));
            prop_assert_eq!(found, vec![], "{}", redacted);
            for secret in &secrets {
                prop_assert!(!redacted.contains(secret), "{}", redacted);
            }
        }
    }

    #[test]
    fn url_redaction_is_idempotent(pairs in prop::collection::vec((name(), text()), 0..5), id in "[0-9]{10,13}") {
        let url = format!("https://host/{id}/x?{}", super::form(&pairs));
        let once = Redactor::new().url(&url);
        prop_assert_eq!(Redactor::new().url(&once), once);
    }
}
