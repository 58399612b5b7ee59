//! The specs in `examples/` are the first that a reader tries, so each of them must be a valid one.

use std::fs;
use std::path::{Path, PathBuf};

use geusemaker_core::spec::{DeploymentSpec, Tier};
use geusemaker_core::{FileSystems, Journals, Session};
use geusemaker_testkit::{Aws, ServiceGuest};

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

/// The spec of each is deployed in a simulated account, in which the services start and answer.
#[tokio::test(start_paused = true)]
async fn examples_are_deployed() {
    for entry in fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        let spec = DeploymentSpec::from_file(&path).unwrap();
        let aws = Aws::builder()
            .guest(ServiceGuest::new())
            .hosted_zone("example.com")
            .build();
        let ssm = aws_sdk_ssm::Client::new(&aws.sdk_config());
        let token = ssm.put_parameter().name("/llm/hf-token").value("hf_token");
        token.r#type("SecureString".into()).send().await.unwrap();
        aws.reset_baseline();
        let session = Session::new(aws.sdk_config(), Journals::in_memory());
        let planned = session.plan(spec.clone()).await.unwrap();
        let kept = planned.launch().await.unwrap().keep().await;
        kept.unwrap();
        let stack = session.resume(spec.name()).await;
        let stack = stack.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(stack.tier, spec.tier());
        let name = spec.name();
        let destroyed = session.destroy(name, FileSystems::Delete).await.unwrap();
        let left = destroyed.into_result();
        // Only what the spec keeps is left.
        let keeps = usize::from(spec.storage().keep_on_destroy());
        assert_eq!(aws.leftovers().len(), keeps, "{}", path.display());
        left.unwrap();
        session.close().await.into_result().unwrap();
    }
}
