//! Values that look like secrets, whatever their name.

/// The texts with which secrets of well-known services begin, and the fewest letters and digits after them.
const PREFIXES: [(&str, usize); 36] = [
    ("hf_", 20),
    ("api_org_", 20),
    ("sk-", 16),
    ("sk_live_", 10),
    ("rk_live_", 10),
    ("sk_test_", 10),
    ("rk_test_", 10),
    ("whsec_", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 15),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xapp-", 10),
    ("AIza", 30),
    ("ya29.", 20),
    ("gsk_", 20),
    ("nvapi-", 20),
    ("r8_", 20),
    ("xai-", 20),
    ("pplx-", 20),
    ("tvly-", 16),
    ("lsv2_", 20),
    ("npm_", 30),
    ("pypi-", 34),
    ("dckr_pat_", 20),
    ("dckr_oat_", 20),
    ("dop_v1_", 20),
    ("tskey-", 16),
];

/// Values that programs take for "none".
const PLACEHOLDERS: [&str; 31] = [
    "",
    "-",
    "0",
    "1",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "nil",
    "na",
    "n/a",
    "empty",
    "dummy",
    "dummy-key",
    "fake",
    "fake-key",
    "unused",
    "not-used",
    "not-needed",
    "no-key",
    "no-key-required",
    "sk-no-key-required",
    "sk-dummy",
    "placeholder",
    "disabled",
    "ollama",
    "lm-studio",
];

/// Returns true if the value is what the given part of the code looks for by its form.
pub(super) fn has_secret(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let mut parts = value.split(|c| !is_part(c));
    parts.any(is_token)
        || (value.contains("-----BEGIN ") && value.contains("PRIVATE KEY"))
        || value.contains("://hooks.slack.com/services/")
        || has_bearer(value)
        || has_url_with_password(value)
}

/// Returns the name of a variable for a secret of this form.
pub(super) fn variable_for(value: &str) -> &'static str {
    let has_part = |prefixes: &[&str]| {
        let mut parts = value.split(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c));
        parts.any(|part| prefixes.iter().any(|prefix| part.starts_with(prefix)))
    };
    if has_url_with_password(value) {
        let schemes = [
            "postgres",
            "mysql",
            "mariadb",
            "mongodb",
            "redis",
            "clickhouse",
        ];
        if has_part(&schemes) {
            "DATABASE_URL"
        } else {
            "SERVICE_URL"
        }
    } else if has_part(&["hf_", "api_org_"]) {
        "HF_TOKEN"
    } else if has_part(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"]) {
        "GITHUB_TOKEN"
    } else if value.contains("PRIVATE KEY") {
        "PRIVATE_KEY"
    } else if has_bearer(value) {
        "AUTHORIZATION"
    } else {
        "API_KEY"
    }
}

/// Returns the text with "…" in place of each part that is a secret by its form.
pub(super) fn without_secrets(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let text = without_passwords(text);
    let mut kept = String::new();
    let mut rest = &text[..];
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        // The dots of a path separate its keys; those of a token are within it.
        if part.split('.').any(is_token) {
            let keys = part
                .split('.')
                .map(|key| if is_token(key) { "…" } else { key });
            kept += &keys.collect::<Vec<_>>().join(".");
        } else if is_token(part) {
            kept += "…";
        } else {
            kept += part;
        }
        let (between, next) = after.split_at(after.find(is_part).unwrap_or(after.len()));
        kept += between;
        rest = next;
    }
    kept
}

/// Returns the text with "…" in place of the user and the password of each address.
fn without_passwords(text: &str) -> String {
    let mut kept = String::new();
    for (index, rest) in text.split("://").enumerate() {
        let end = rest.find(|c: char| "/?#\"'`".contains(c) || c.is_whitespace());
        let user = rest[..end.unwrap_or(rest.len())].rfind('@');
        let user = user.filter(|end| index > 0 && rest[..*end].contains(':'));
        kept += if index > 0 { "://" } else { "" };
        kept += if user.is_some() { "…" } else { "" };
        kept += &rest[user.unwrap_or(0)..];
    }
    kept
}

/// Returns true if a value under the name of a secret is none: it is empty, a word for that, a path, a web address
/// or a reference.
pub(super) fn is_harmless(value: &str) -> bool {
    let value = value.trim();
    PLACEHOLDERS.contains(&value.to_ascii_lowercase().as_str())
        || value.chars().all(|c| "xX*.".contains(c))
        || value.contains("://")
        || value.starts_with("os.environ/")
        || is_path(value)
        || is_reference(value)
}

/// Returns true for a number.
pub(super) fn is_number(value: &str) -> bool {
    value.parse::<f64>().is_ok()
}

/// Returns true for a text that looks as if it was drawn at random: long, of letters and digits.
pub(super) fn looks_random(text: &str) -> bool {
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    text.len() >= 16
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+/=_-".contains(c))
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
}

fn is_token(part: &str) -> bool {
    let part = part.trim_matches('.');
    let has_digit = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
    // Many tokens have no digit. A name of several words has no such run of letters.
    let has_run = |text: &str, length| {
        let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric());
        runs.any(|run| run.len() >= length)
    };
    let has_prefix = PREFIXES.iter().any(|(prefix, length)| {
        part.strip_prefix(prefix).is_some_and(|after| {
            after.len() >= *length && (has_digit(after) || has_run(after, *length))
        })
    });
    let is_aws_key = (part.starts_with("AKIA") || part.starts_with("ASIA"))
        && part.len() == 20
        && part
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let mut pieces = part.split('.');
    let mut piece = |prefix: &str| {
        pieces
            .next()
            .is_some_and(|piece| piece.starts_with(prefix) && piece.len() >= 10)
    };
    let is_jwt = piece("eyJ") && piece("eyJ");
    let is_sendgrid = part.starts_with("SG.") && part.len() >= 40;
    has_prefix || is_aws_key || is_jwt || is_sendgrid
}

/// Returns true if there is a header such as `Authorization: Bearer TOKEN`.
fn has_bearer(value: &str) -> bool {
    let mut words = value.split_whitespace();
    while let Some(word) = words.next() {
        let is_scheme = ["bearer", "basic"]
            .iter()
            .any(|scheme| word.to_ascii_lowercase().ends_with(scheme));
        if is_scheme
            && words
                .clone()
                .next()
                .is_some_and(|next| looks_random(next.trim_matches('"')))
        {
            return true;
        }
    }
    false
}

/// Returns true if there is an address such as `postgresql://user:password@host`.
fn has_url_with_password(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let end = rest.find(|c: char| "/?#\"'".contains(c) || c.is_whitespace());
        let authority = &rest[..end.unwrap_or(rest.len())];
        let password = authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'));
        password.is_some_and(|(_, password)| !is_harmless(password))
    })
}

fn is_path(value: &str) -> bool {
    let is_rooted = ["/", "./", "../", "~/"]
        .iter()
        .any(|root| value.starts_with(root));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-@~ ".contains(c);
    // One of 64 random texts begins with "/".
    let is_random = |part: &str| part.len() >= 20 && looks_random(part);
    let is_file = [".json", ".pem", ".key", ".crt", ".txt", ".yaml", ".yml"]
        .iter()
        .any(|end| value.ends_with(end));
    (is_rooted || is_file) && value.chars().all(is_plain) && !value.split('/').any(is_random)
}

/// Returns true for `$NAME` and `${NAME}`, which a shell in the container replaces.
fn is_reference(value: &str) -> bool {
    let Some(name) = value.strip_prefix('$') else {
        return false;
    };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let braced = name
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'));
    is_name(braced.unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Joined here, so that no scanner takes this file for one with secrets.
    fn made(prefix: &str, rest: &str) -> String {
        format!("{prefix}{rest}")
    }

    #[test]
    fn secrets_are_known_by_form() {
        let random = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3gH5";
        let letters = "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi";
        let all = PREFIXES.iter().flat_map(|(prefix, length)| {
            [random, letters, &letters[..*length]].map(|rest| made(prefix, rest))
        });
        for token in all {
            for value in [
                token.clone(),
                format!("a,{token};"),
                format!("{{\"k\":\"{token}\"}}"),
                format!("--key={token}"),
            ] {
                assert!(has_secret(&value), "{value}");
            }
        }
        for (prefix, rest) in [
            ("AKIA", "IOSFODNN7EXAMPLE"),
            ("ASIA", "IOSFODNN7EXAMPLE"),
            ("sk-proj-", "aB3dE5gH7jK9mN1p"),
            ("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
            (
                "-----BEGIN ",
                "RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n",
            ),
            ("-----BEGIN ", "PRIVATE KEY-----\\nMIIE"),
            ("postgresql://", "n8n:hunter2@db:5432/n8n"),
            ("redis://", ":hunter2@redis:6379"),
            ("Authorization: Bearer ", random),
            ("https://hooks.slack.com/services/", "T0/B0/x"),
            (
                "SG.",
                "aB3dE5gH7jK9mN1pQ3sT5v.W7yZ9bC1dF3gH5aB3dE5gH7jK9mN1p",
            ),
        ] {
            let value = made(prefix, rest);
            assert!(has_secret(&value), "{value}");
        }
    }

    #[test]
    fn other_values_have_no_secret() {
        for value in [
            "",
            "Qwen/Qwen3-8B",
            "meta-llama/Llama-3.1-8B-Instruct",
            "hf_transfer",
            "hf_hub",
            "sk-no-key-required",
            "sk-learn-and-other-libraries",
            "hf_hub_enable_transfer_of_files",
            "npm_config_registry_of_the_company",
            "pypi-mirror-of-the-whole-company-2.0",
            "scikit-learn-1.5.2",
            "task-1234567890123456789",
            "postgresql://n8n@db:5432/n8n",
            "postgresql://n8n:$PASSWORD@db/n8n",
            "postgresql://n8n:${PASSWORD}@db/n8n",
            "http://ollama:11434",
            "https://registry:4873/@scope/pkg",
            "https://0a1b2c3d4e5f@o1.ingest.sentry.io/1",
            "https://llm.example.com/v1",
            "redis://redis:6379/0",
            "eyJ",
            "a.b.c",
            "AKIA",
            "-----BEGIN CERTIFICATE-----\nMIIE",
            "bearer of good news",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert!(!has_secret(value), "{value}");
        }
    }

    #[test]
    fn secrets_are_left_out_of_messages() {
        let token = made("hf_", "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi");
        for (text, wanted) in [
            ("unknown key \"tkn\"", "unknown key \"tkn\""),
            (&*format!("a[1].{token}.b: `{token}`é"), "a[1].….b: `…`é"),
            ("at https://user:PLANTED@reg.io/x", "at https://…@reg.io/x"),
            ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln = 1", "… = 1"),
            ("at https://reg.io/x@1:2", "at https://reg.io/x@1:2"),
        ] {
            assert_eq!(without_secrets(text), wanted);
        }
    }

    #[test]
    fn harmless_values_are_no_secrets() {
        for value in [
            "",
            " ",
            "EMPTY",
            "None",
            "null",
            "true",
            "0",
            "ollama",
            "sk-no-key-required",
            "xxx",
            "***",
            "/run/secrets/token",
            "credentials.json",
            "./key.pem",
            "~/.cache/huggingface/token",
            "https://llm.example.com/token",
            "$HF_TOKEN",
            "${HF_TOKEN}",
            "os.environ/OPENAI_API_KEY",
        ] {
            assert!(is_harmless(value), "{value}");
        }
        for value in [
            "hunter2",
            "postgres",
            "changeme",
            "12345678",
            "/8fQ2kLm9ZxT4vBn7RwYc3",
            "/a+b=",
            "$3cret",
            "${3cret",
            "a b c",
        ] {
            assert!(!is_harmless(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read(value in prop_oneof![any::<String>(), "(://|@|:|[.]|eyJ|hf_|Bearer |\\$|\\{|/|a)*"]) {
            let _ = (has_secret(&value), is_harmless(&value), looks_random(&value));
            let _ = (without_secrets(&value), variable_for(&value));
        }
    }
}
