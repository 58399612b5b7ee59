//! The specs in `examples/` are the first that a reader tries, so each of them must be a valid one.

use geusemaker_core::spec::{DeploymentSpec, Tier};
use std::fs;
use std::path::{Path, PathBuf};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

#[test]
fn examples_are_valid_specs() {
    let mut specs = 0;
    for entry in fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            DeploymentSpec::from_file(&path).unwrap_or_else(|error| panic!("{error}"));
            specs += 1;
        }
    }
    assert!(specs >= 3, "only {specs} specs in examples/");
}

#[test]
fn tiers_have_example_with_default_service() {
    for (file, tier) in [
        ("tier1-gpu.toml", Tier::Instances),
        ("tier2-gpu.toml", Tier::LoadBalancer),
        ("tier3-gpu.toml", Tier::Cdn),
    ] {
        let spec = DeploymentSpec::from_file(examples().join(file)).unwrap();
        assert_eq!(spec.tier(), tier, "{file}");
        assert!(spec.default_service().is_some(), "{file}");
    }
}
