//! Instance types that the catalog does not have: newer GPU types, types without GPUs, and names that are no types.

use geusemaker_core::spec::{Gpus, InstanceType};
use geusemaker_core::{
    DeploymentSpec, Ec2Ready, Error, FileSystems, GpuReport, PlanProblem, PlanWarning,
};
use geusemaker_testkit::{Aws, AwsBuilder, Boot, Fault, Guest, NewerType, ServiceGuest};

use crate::scenario::{Scenario, account, census, spec, spec_with, stack};

/// Returns the spec of the other tests with these instance types.
fn spec_of(tier: u8, types: &[&str]) -> DeploymentSpec {
    with_types(&spec(tier), types)
}

fn with_types(spec: &DeploymentSpec, types: &[&str]) -> DeploymentSpec {
    let mut types = types.iter().map(|name| name.parse().unwrap());
    let compute = spec.compute().to_builder();
    let compute = compute.instance_type(types.next().unwrap()).fallback(types);
    spec.to_builder().compute(compute).build().unwrap()
}

/// Returns an account that has a GPU type that the catalog does not have.
fn with_newer_type() -> AwsBuilder {
    account().newer_type(NewerType::new("g97.xlarge", "NVIDIA", "X1").gpus(2))
}

fn asked(scenario: &Scenario, operation: &str) -> usize {
    let calls = scenario.aws.calls();
    calls.iter().filter(|it| it.operation == operation).count()
}

/// Returns the user data of the first instance.
async fn user_data(aws: &Aws, ready: &Ec2Ready) -> String {
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let asked = ec2.describe_instance_attribute();
    let asked = asked.instance_id(ready.instances[0].id.as_str());
    let attribute = aws_sdk_ec2::types::InstanceAttributeName::UserData;
    let answer = asked.attribute(attribute).send().await.unwrap();
    let text = answer.user_data.unwrap().value.unwrap();
    String::from_utf8(aws_smithy_types::base64::decode(text).unwrap()).unwrap()
}

/// Returns the problems of a plan, which makes nothing.
async fn problems(scenario: &Scenario, spec: DeploymentSpec) -> Vec<PlanProblem> {
    let error = scenario.session.plan(spec).await.unwrap_err();
    scenario.assert_nothing_left();
    let Error::Plan(error) = error else {
        panic!("{error}")
    };
    for problem in error.problems() {
        assert!(!problem.remedy().is_empty(), "{problem}");
    }
    error.problems().to_vec()
}

/// Returns the texts of the problems of tier 1 with these types.
async fn refusals(types: &[&str]) -> Vec<String> {
    let problems = problems(&Scenario::on(with_newer_type().build()), spec_of(1, types)).await;
    problems.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn listed_types_are_not_asked_for() {
    let scenario = Scenario::new();
    let planned = scenario
        .session
        .plan(spec_with(1, "fallback = [\"g6.xlarge\"]"));
    drop(planned.await.unwrap());
    assert_eq!(asked(&scenario, "DescribeInstanceTypes"), 0);
}

/// Its facts are AWS's, and it has to report its GPUs like any other.
#[tokio::test(start_paused = true)]
async fn newer_gpu_type_passes_gpu_check() {
    let scenario = Scenario::on(with_newer_type().build());
    let planned = scenario.session.plan(spec_of(2, &["g97.xlarge"])).await;
    let planned = planned.unwrap();
    let plan = &planned.state().plan;
    let Some(InstanceType::Gpu(gpu)) = plan.first_type() else {
        panic!("{:?}", plan.first_type())
    };
    assert!(!gpu.is_in_catalog());
    assert_eq!((gpu.gpu_count(), gpu.gpu_model()), (2, "NVIDIA X1"));
    assert!(matches!(
        plan.warnings.as_slice(),
        [PlanWarning::DriverUnproven { .. }]
    ));
    assert!(plan.image.name.starts_with("Deep Learning Base"));
    let ready = planned.launch().await.unwrap();
    let script = user_data(&scenario.aws, ready.state()).await;
    assert!(script.contains("nvidia-smi") && script.contains("\"capabilities\":[\"gpu\"]"));
    let balanced = ready.balance().await.unwrap();
    balanced.commit().await.unwrap();
    assert!(asked(&scenario, "GetConsoleOutput") > 0);
    assert_eq!(asked(&scenario, "DescribeInstanceTypes"), 1);
    let messages = scenario.messages();
    assert!(
        messages.iter().any(|it| it.contains("2 x NVIDIA X1")),
        "{messages:#?}"
    );

    // The journal knows the type, so AWS need not.
    let session = scenario.another_session();
    let committed = session.resume(&stack()).await.unwrap();
    assert_eq!(committed.outputs.instances.len(), 1);
    session.status(&stack()).await.unwrap();
    let undone = session.destroy(&stack(), FileSystems::Delete).await;
    assert!(undone.unwrap().is_complete());
    assert_eq!(asked(&scenario, "DescribeInstanceTypes"), 1);
    scenario.assert_nothing_left();
}

/// Instances whose driver sees one GPU.
#[derive(Debug)]
struct OneGpu;

impl Guest for OneGpu {
    fn console_output(&self, _: &Boot) -> String {
        GpuReport::new(1, "NVIDIA X1").to_string()
    }
}

#[tokio::test(start_paused = true)]
async fn newer_gpu_type_lacks_a_gpu() {
    let scenario = Scenario::on(with_newer_type().guest(OneGpu).build());
    let planned = scenario.session.plan(spec_of(1, &["g97.xlarge"])).await;
    let failed = planned.unwrap().launch().await.unwrap().commit().await;
    let error = Error::from(failed.unwrap_err());
    assert!(
        error.with_sources().contains("expected 2 × NVIDIA X1"),
        "{}",
        error.with_sources()
    );
    scenario.close_and_assert_nothing_left().await;
}

/// No GPU is looked for, and no part of the user data is about any.
#[tokio::test(start_paused = true)]
async fn type_without_gpu_is_deployed() {
    for (tier, name, image) in [
        (1, "m7i.large", "ubuntu-noble-24.04-amd64"),
        (2, "m7g.large", "ubuntu-noble-24.04-arm64"),
    ] {
        let aws = account().guest(ServiceGuest::default());
        let scenario = Scenario::on(aws.build());
        let planned = scenario.session.plan(spec_of(tier, &[name])).await.unwrap();
        let plan = &planned.state().plan;
        let Some(InstanceType::Cpu(cpu)) = plan.first_type() else {
            panic!("{:?}", plan.first_type())
        };
        assert_eq!((cpu.vcpus(), cpu.memory_mib()), (2, 8192));
        assert!(plan.image.name.contains(image), "{}", plan.image.name);
        assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
        let ready = planned.launch().await.unwrap();
        let script = user_data(&scenario.aws, ready.state()).await.to_lowercase();
        for word in ["gpu", "nvidia", "cuda"] {
            let mut lines = script.lines().filter(|line| line.contains(word));
            assert_eq!(lines.next(), None, "{word}");
        }
        if tier == 1 {
            ready.commit().await.unwrap();
            let messages = scenario.messages();
            assert!(
                messages.iter().any(|it| it.contains("pulling ollama")),
                "{messages:#?}"
            );
        } else {
            ready.balance().await.unwrap().commit().await.unwrap();
        }
        let messages = scenario.messages();
        assert!(
            !messages.iter().any(|it| it.contains("GPU")),
            "{messages:#?}"
        );
        assert_eq!(census(&scenario.aws)["EC2::Instance"], 1);
        scenario.destroy().await;
    }
}

/// The image is that of the system that the spec names.
#[tokio::test(start_paused = true)]
async fn type_without_gpu_has_image_of_system() {
    for (os, image) in [
        ("ubuntu-22.04", "ubuntu-jammy-22.04-amd64"),
        ("amazon-linux-2023", "al2023-ami"),
    ] {
        let scenario = Scenario::new();
        let spec = with_types(&spec_with(1, &format!("os = {os:?}")), &["t3.large"]);
        let planned = scenario.session.plan(spec).await.unwrap();
        let found = &planned.state().plan.image.name;
        assert!(found.contains(image), "{found}");
    }
    let fault = Fault::on("GetParameter").answer("ParameterNotFound");
    let scenario = Scenario::on(account().fault(fault).build());
    let found = problems(&scenario, spec_of(1, &["t3.large"])).await;
    assert!(
        matches!(found.as_slice(), [PlanProblem::NoPlainImage { .. }]),
        "{found:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_type_is_named_with_nearest() {
    assert_eq!(
        refusals(&["g5.3xlarge", "m99.large"]).await,
        [
            "compute.instance_type: AWS has no instance type \"g5.3xlarge\" in us-east-1; did you mean \"g5.2xlarge\" or \
             \"g5.4xlarge\" or \"g5.8xlarge\"? (g5 comes in xlarge, 2xlarge, 4xlarge, 8xlarge, 12xlarge, 16xlarge, \
             24xlarge, 48xlarge)",
            "compute.fallback[0]: AWS has no instance type \"m99.large\" in us-east-1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn type_with_other_accelerators_is_refused() {
    for (name, has) in [
        ("inf2.xlarge", "1 x AWS Inferentia2"),
        ("trn1.2xlarge", "1 x AWS Trainium"),
        ("dl2q.24xlarge", "8 x Qualcomm AI100"),
        ("vt1.3xlarge", "1 x Xilinx U30"),
        ("f2.6xlarge", "1 x Xilinx Virtex UltraScale+ (VU47P)"),
    ] {
        assert_eq!(
            refusals(&[name]).await,
            [format!(
                "compute.instance_type: {name} has {has}, and only GPUs of NVIDIA and AMD, and types without any, are served"
            )]
        );
    }
}

/// Without a choice of its own, a service sees all GPUs that there are, also if that is none.
#[tokio::test(start_paused = true)]
async fn service_that_names_gpus_needs_them() {
    for (gpus, name, is_refused) in [
        (Gpus::All, "m7i.large", true),
        (Gpus::Count(1), "m7i.large", true),
        (Gpus::Count(3), "g97.xlarge", true),
        (Gpus::None, "m7i.large", false),
        (Gpus::Count(2), "g97.xlarge", false),
    ] {
        let spec = spec(1);
        let service = spec.services()[0].to_builder().gpus(gpus);
        let compute = spec.compute().to_builder();
        let compute = compute.instance_type(name.parse().unwrap());
        let spec = spec.to_builder().compute(compute).services([service]);
        let spec = spec.build().unwrap();
        let scenario = Scenario::on(with_newer_type().build());
        if !is_refused {
            drop(scenario.session.plan(spec).await.unwrap());
            continue;
        }
        let found = problems(&scenario, spec).await;
        assert!(
            matches!(found.as_slice(), [PlanProblem::TooFewGpus { .. }]),
            "{found:#?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn fallbacks_are_all_of_one_kind() {
    assert_eq!(
        refusals(&["g5.xlarge", "m7i.xlarge"]).await,
        ["compute.fallback[0]: g5.xlarge has GPUs, and m7i.xlarge has none: no service fits both"]
    );
    assert_eq!(
        refusals(&["m7i.xlarge", "g97.xlarge"]).await,
        ["compute.fallback[0]: g97.xlarge has GPUs, and m7i.xlarge has none: no service fits both"]
    );
    assert_eq!(
        refusals(&["m7i.xlarge", "m7g.xlarge"]).await,
        [
            "compute.fallback[0]: m7g.xlarge is arm64, but m7i.xlarge is x86_64: one image cannot start on both"
        ]
    );
}

/// Such a type needs what one of the catalog needs.
#[tokio::test(start_paused = true)]
async fn described_type_suits_rest_of_spec() {
    let amd = || account().newer_type(NewerType::new("g96.xlarge", "AMD", "Radeon X"));
    let found = problems(&Scenario::on(amd().build()), spec_of(1, &["g96.xlarge"])).await;
    let [PlanProblem::UnsuitedType { reason, .. }] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert!(
        reason.contains("cannot start from a Deep Learning AMI"),
        "{reason}"
    );
    let habana = NewerType::new("dl9.xlarge", "Habana", "Gaudi");
    let scenario = Scenario::on(account().newer_type(habana).build());
    let found = problems(&scenario, spec_of(1, &["dl9.xlarge"])).await;
    assert!(
        matches!(found.as_slice(), [PlanProblem::UnservedType { .. }]),
        "{found:#?}"
    );
}

/// The plain image lacks Docker, which a Deep Learning AMI has.
#[tokio::test(start_paused = true)]
async fn plain_image_needs_way_to_internet() {
    let network = "[network]\ncreate = true\nprivate = true\negress = ";
    let with_docker = {
        let planned = Scenario::new().session.plan(spec(1)).await.unwrap();
        format!("ami = '{}'\n", planned.state().plan.image.id)
    };
    for (egress, more, is_refused) in [
        ("'endpoints'", "", true),
        ("'nat'", "", false),
        ("'endpoints'", with_docker.as_str(), false),
    ] {
        let scenario = Scenario::new();
        let lines = format!("{more}{network}{egress}");
        let spec = with_types(&spec_with(1, &lines), &["m7i.large"]);
        if !is_refused {
            drop(scenario.session.plan(spec).await.unwrap());
            continue;
        }
        let found = problems(&scenario, spec).await;
        let [PlanProblem::UnsuitedType { field, .. }] = found.as_slice() else {
            panic!("{found:#?}")
        };
        assert_eq!(field, "network.egress");
    }
}

/// A family that is in no quota that is known can still be launched.
#[tokio::test(start_paused = true)]
async fn family_without_known_quota_is_said() {
    let newer = NewerType::new("q1.xlarge", "NVIDIA", "X1");
    let scenario = Scenario::on(account().newer_type(newer).build());
    let planned = scenario.session.plan(spec_of(1, &["q1.xlarge"])).await;
    let planned = planned.unwrap();
    let warnings = &planned.state().plan.warnings;
    assert!(
        warnings
            .iter()
            .any(|it| matches!(it, PlanWarning::NoKnownQuota { .. })),
        "{warnings:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn missing_permission_to_describe_is_problem() {
    let fault = Fault::on("DescribeInstanceTypes").denied();
    let scenario = Scenario::on(account().fault(fault).build());
    let found = problems(&scenario, spec_of(1, &["m7i.large"])).await;
    assert!(
        matches!(found.as_slice(), [PlanProblem::NotPermitted { .. }]),
        "{found:#?}"
    );
}
