//! A spec that breaks a rule is refused on each public way to make one.

use geusemaker_core::DeploymentSpec;
use serde::Deserialize;
use serde_json::{Value, json};

/// A spec that breaks one rule, as data, and the field that breaks it.
struct Invalid {
    field: &'static str,
    spec: Value,
}

/// Returns a spec whose fields do not fit together, and two with a value out of its bounds.
fn invalid() -> [Invalid; 3] {
    let with = |count: u32, port: u16, tier: u8, more: Value| {
        let mut services = vec![json!({ "name": "ollama", "port": port, "image": "a/b" })];
        services.extend(more.as_array().into_iter().flatten().cloned());
        json!({
            "name": "llm-prod",
            "tier": tier,
            "compute": { "instance_type": "g5.xlarge", "count": count },
            "service": services,
        })
    };
    let second_default = json!([{ "name": "ui", "port": 80, "image": "a/b" }]);
    [
        Invalid {
            field: "service[1]",
            spec: with(1, 11434, 2, second_default),
        },
        Invalid {
            field: "compute.count",
            spec: with(21, 11434, 2, json!([])),
        },
        Invalid {
            field: "service[0].port",
            spec: with(1, 22, 2, json!([])),
        },
    ]
}

/// Asserts that the attempt failed with a message that names the field.
fn assert_refused<E: std::fmt::Display>(
    way: &str,
    field: &str,
    attempt: Result<DeploymentSpec, E>,
) {
    match attempt {
        Ok(spec) => panic!("{way} makes an invalid {field}: {spec:?}"),
        Err(error) => {
            let named = format!("{field}: ");
            assert!(
                error.to_string().contains(&named),
                "{way} does not name {field}: {error}"
            );
        }
    }
}

#[test]
fn invalid_spec_is_refused_on_each_way() {
    #[derive(Debug, Deserialize)]
    struct Settings {
        stack: DeploymentSpec,
    }

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gm.toml");
    for Invalid { field, spec } in invalid() {
        let toml = toml::to_string(&spec).unwrap();
        std::fs::write(&file, &toml).unwrap();
        let json = spec.to_string();
        let nested = json!({ "stack": spec });

        assert_refused("TOML", field, DeploymentSpec::from_toml(&toml));
        assert_refused("a file", field, DeploymentSpec::from_file(&file));
        assert_refused("JSON", field, serde_json::from_str::<DeploymentSpec>(&json));
        assert_refused(
            "a JSON value",
            field,
            serde_json::from_value::<DeploymentSpec>(spec.clone()),
        );
        assert_refused(
            "a path to deserialize",
            field,
            DeploymentSpec::deserialize(&spec),
        );
        assert_refused(
            "the trait's deserialize",
            field,
            <DeploymentSpec as Deserialize>::deserialize(&spec),
        );
        assert_refused(
            "a field of another type",
            field,
            serde_json::from_value::<Settings>(nested).map(|settings| settings.stack),
        );
        assert_refused(
            "the toml crate",
            field,
            toml::from_str::<DeploymentSpec>(&toml),
        );
    }
}
