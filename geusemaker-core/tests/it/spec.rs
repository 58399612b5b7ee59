//! A spec that breaks a rule is refused on each public way to make one.

use std::fmt::Display;

use geusemaker_core::DeploymentSpec;
use geusemaker_core::spec::{
    Compute, DeploymentSpecBuilder, Network, Service, ServiceBuilder, SpecError, StackName, Tier,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// A spec that breaks one rule: as data, as a builder, and as a change of a valid spec.
struct Invalid {
    /// The field that breaks the rule.
    field: &'static str,
    data: Value,
    built: DeploymentSpecBuilder,
    changed: DeploymentSpecBuilder,
}

fn service(name: &str, port: u16) -> ServiceBuilder {
    Service::builder(name.parse().unwrap(), port, "a/b".parse().unwrap())
}

/// Returns a spec of tier 2 with this many instances and these services.
fn built(count: u32, services: Vec<ServiceBuilder>) -> DeploymentSpecBuilder {
    let compute = Compute::builder("g5.xlarge".parse().unwrap()).count(count);
    let name = "llm-prod".parse().unwrap();
    DeploymentSpec::builder(name, Tier::LoadBalancer, compute).services(services)
}

/// Returns the same as data.
fn data(count: u32, services: &[(&str, u16)]) -> Value {
    let services: Vec<Value> = services
        .iter()
        .map(|(name, port)| json!({ "name": name, "port": port, "image": "a/b" }))
        .collect();
    json!({
        "name": "llm-prod",
        "tier": 2,
        "compute": { "instance_type": "g5.xlarge", "count": count },
        "service": services,
    })
}

/// Returns a spec whose fields do not fit together, and two with a value out of its bounds.
fn invalid() -> [Invalid; 3] {
    let valid = built(1, vec![service("ollama", 11434)]).build().unwrap();
    assert_eq!(
        DeploymentSpec::deserialize(data(1, &[("ollama", 11434)])).unwrap(),
        valid
    );
    [
        Invalid {
            field: "service[1]",
            data: data(1, &[("ollama", 11434), ("ui", 80)]),
            built: built(1, vec![service("ollama", 11434), service("ui", 80)]),
            changed: valid.to_builder().service(service("ui", 80)),
        },
        Invalid {
            field: "compute.count",
            data: data(21, &[("ollama", 11434)]),
            built: built(21, vec![service("ollama", 11434)]),
            changed: valid
                .to_builder()
                .compute(valid.compute().to_builder().count(21)),
        },
        Invalid {
            field: "service[0].port",
            data: data(1, &[("ollama", 22)]),
            built: built(1, vec![service("ollama", 22)]),
            changed: valid
                .to_builder()
                .services([valid.services()[0].to_builder().port(22)]),
        },
    ]
}

/// Asserts that the attempt failed with a message that names the field.
fn assert_refused<E: Display>(way: &str, field: &str, attempt: Result<DeploymentSpec, E>) {
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
    for case in invalid() {
        let (field, data) = (case.field, case.data);
        let toml = toml::to_string(&data).unwrap();
        std::fs::write(&file, &toml).unwrap();
        let json = data.to_string();
        let nested = json!({ "stack": data });

        assert_refused("TOML", field, DeploymentSpec::from_toml(&toml));
        assert_refused("a file", field, DeploymentSpec::from_file(&file));
        assert_refused("JSON", field, serde_json::from_str::<DeploymentSpec>(&json));
        assert_refused(
            "a JSON value",
            field,
            serde_json::from_value::<DeploymentSpec>(data.clone()),
        );
        assert_refused(
            "a path to deserialize",
            field,
            DeploymentSpec::deserialize(&data),
        );
        assert_refused(
            "the trait's deserialize",
            field,
            <DeploymentSpec as Deserialize>::deserialize(&data),
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
        assert_refused("the builder", field, case.built.build());
        assert_refused("a changed clone", field, case.changed.build());
    }
}

/// The ids and names in a spec can be parsed with `?` where a spec is made.
#[test]
fn spec_with_ids_needs_one_error_type() {
    fn make(subnets: [&str; 2], name: &str) -> Result<DeploymentSpec, SpecError> {
        let name: StackName = name.parse()?;
        let network = Network::builder()
            .vpc("vpc-0a".parse()?)
            .subnets([subnets[0].parse()?, subnets[1].parse()?]);
        let compute = Compute::builder("g5.xlarge".parse()?).ami("ami-0a".parse()?);
        DeploymentSpec::builder(name, Tier::Instances, compute)
            .network(network)
            .build()
    }
    let spec = make(["subnet-0a", "subnet-0b"], "llm-prod").unwrap();
    assert_eq!(spec.network().subnets().len(), 2);
    let error = make(["subnet-0a", "vpc-0b"], "llm-prod").unwrap_err();
    assert!(error.message().contains("is not a subnet id"), "{error}");
}
