//! The text of specs for `gm`.

/// Returns the spec of a stack named `llm` with these additional lines.
pub(crate) fn spec(tier: u8, lines: &str) -> String {
    format!(
        r#"name = "llm"
region = "us-east-1"
tier = {tier}
compute.instance_type = "g5.xlarge"
{lines}
[[service]]
name = "ollama"
port = 11434
health_path = "/api/version"
image = "ollama/ollama:latest"
"#
    )
}

/// Returns the path of an example in the repository.
pub(crate) fn example(name: &str) -> String {
    format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"))
}
