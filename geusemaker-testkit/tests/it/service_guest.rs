//! The guest that goes through the stages of GeuseMaker's user data.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_smithy_types::base64;
use geusemaker_testkit::{Aws, BootFault, ServiceGuest, Timings};

const USER_DATA: &str = r#"#!/bin/bash
cat >/opt/geusemaker/run <<'END-OF-RUN'
gpu_check=1
gpu_maker='nvidia'
images=(
  'web nginx:1'
  'vllm vllm/vllm-openai:v0.11.0'
)
services=('web' 'vllm')
gpu_services=('vllm')
"$mode"
END-OF-RUN
cat >/opt/geusemaker/compose.json <<'END-OF-COMPOSE'
{
 "services": {
  "web": {"image": "nginx:1", "ports": ["80:8080"], "restart": "always"},
  "vllm": {"image": "vllm/vllm-openai:v0.11.0", "ports": ["8000:8000"], "restart": "no"}
 }
}
END-OF-COMPOSE
exec bash /opt/geusemaker/run machine
"#;

async fn launch(aws: &Aws, user_data: &str) -> String {
    let image = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64";
    let run = Client::new(&aws.sdk_config())
        .run_instances()
        .image_id(image)
        .instance_type("g5.xlarge".into());
    let run = run.min_count(1).max_count(1);
    let ran = run.user_data(base64::encode(user_data)).send().await;
    let ran = ran.unwrap();
    ran.instances()[0].instance_id().unwrap().to_owned()
}

/// Returns the lines of the script on the console.
async fn console(aws: &Aws, id: &str) -> Vec<String> {
    let ec2 = Client::new(&aws.sdk_config());
    let output = ec2.get_console_output().instance_id(id).send().await;
    let output = output.unwrap();
    let text = base64::decode(output.output().unwrap_or_default()).unwrap();
    let text = String::from_utf8(text).unwrap();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("GEUSEMAKER:"));
    lines.map(str::to_owned).collect()
}

async fn sleep(aws: &Aws, seconds: u64) {
    aws.clock().sleep(Duration::from_secs(seconds)).await;
}

const STAGES: [&str; 9] = [
    "STAGE 1/7 preparing the machine",
    "GPU count=1 model=\"NVIDIA A10G\" memory=\"22888 MiB\" driver=\"595.91.07\"",
    "STAGE 2/7 mounting the shared file system",
    "STAGE 3/7 pulling nginx:1 (1 of 2)",
    "STAGE 4/7 pulling vllm/vllm-openai:v0.11.0 (2 of 2)",
    "STAGE 5/7 starting web",
    "STAGE 6/7 starting vllm",
    "STAGE 7/7 waiting until all containers stay up",
    "GPU count=1 model=\"NVIDIA A10G\" memory=\"22888 MiB\" driver=\"595.91.07\"",
];

#[tokio::test(start_paused = true)]
async fn boot_goes_through_stages() {
    let aws = Aws::builder().guest(ServiceGuest::new()).build();
    let id = launch(&aws, USER_DATA).await;
    let mut seen = 0;
    for _ in 0..120 {
        sleep(&aws, 5).await;
        let lines = console(&aws, &id).await;
        assert!(lines.len() >= seen);
        seen = lines.len();
        let known = STAGES.iter().copied().chain(["READY"]);
        assert!(
            lines.iter().map(String::as_str).eq(known.take(seen)),
            "{lines:#?}"
        );
    }
    assert_eq!(seen, STAGES.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn instant_boot_takes_no_time() {
    let aws = Aws::builder()
        .guest(ServiceGuest::new())
        .timings(Timings::Instant);
    let aws = aws.build();
    let id = launch(&aws, USER_DATA).await;
    let lines = console(&aws, &id).await;
    assert_eq!(lines.last().unwrap(), "READY");
}

#[tokio::test(start_paused = true)]
async fn other_user_data_reports_gpus_only() {
    let aws = Aws::builder().guest(ServiceGuest::new()).build();
    let script = "nvidia-smi\necho \"GEUSEMAKER:GPU $count $model\"";
    let id = launch(&aws, script).await;
    sleep(&aws, 900).await;
    assert_eq!(console(&aws, &id).await, ["GPU 1 NVIDIA A10G"]);
}

/// Each fault ends the boot at its stage, with the line that the script prints.
#[tokio::test(start_paused = true)]
async fn faults_end_boot_at_their_stages() {
    for (fault, stages, expected) in [
        (
            BootFault::script_fails(),
            2,
            "the machine: the script failed at line 1 of /opt/geusemaker/run machine",
        ),
        (
            BootFault::mount_refused(),
            3,
            "the shared file system: the mount was refused: mount.nfs4: access denied by server while mounting 127.0.0.1:/",
        ),
        (
            BootFault::no_space_left("web"),
            4,
            "web: no space left on the disk for the image nginx:1",
        ),
        (
            BootFault::image_not_found("vllm"),
            5,
            "vllm: image not found: manifest for vllm/vllm-openai:v0.11.0 not found: manifest unknown: manifest unknown",
        ),
        (
            BootFault::image_denied("vllm"),
            5,
            "vllm: access to the image denied: pull access denied for vllm/vllm-openai, repository does not exist or may require 'docker login'",
        ),
        (
            BootFault::container_exits("web", 3),
            8,
            "web: the container exits with code 3 (restarts: 6)",
        ),
        (
            BootFault::container_exits("vllm", 3),
            8,
            "vllm: the container exits with code 3",
        ),
        (
            BootFault::out_of_gpu_memory("vllm"),
            8,
            "vllm: out of GPU memory",
        ),
    ] {
        let aws = Aws::builder()
            .guest(ServiceGuest::new().fault(fault))
            .build();
        let id = launch(&aws, USER_DATA).await;
        sleep(&aws, 540).await;
        let lines = console(&aws, &id).await;
        assert_eq!(lines[..stages], STAGES[..stages], "{expected}");
        let logged = lines[stages..]
            .iter()
            .take_while(|line| line.starts_with("LOG "));
        let failed = &lines[stages + logged.count()];
        assert_eq!(*failed, format!("FAILED {expected}"));
        assert!(aws.unfired_boot_faults().is_empty());
    }
}

/// The unit of the services is started again, and fails again.
#[tokio::test(start_paused = true)]
async fn failure_comes_again() {
    let fault = BootFault::image_not_found("vllm");
    let aws = Aws::builder()
        .guest(ServiceGuest::new().fault(fault))
        .build();
    let id = launch(&aws, USER_DATA).await;
    sleep(&aws, 86_400).await;
    let lines = console(&aws, &id).await;
    let failures = lines
        .iter()
        .filter(|line| line.starts_with("FAILED vllm: "));
    assert!((10..30).contains(&failures.count()));
    assert!(!lines.contains(&"READY".to_owned()));
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("STAGE 1"))
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn fault_can_be_of_one_instance() {
    let fault = BootFault::script_fails().on_instance(2);
    let aws = Aws::builder()
        .guest(ServiceGuest::new().fault(fault))
        .build();
    for is_good in [true, false] {
        let id = launch(&aws, USER_DATA).await;
        assert_eq!(aws.unfired_boot_faults().len(), 1);
        sleep(&aws, 600).await;
        let lines = console(&aws, &id).await;
        assert_eq!(lines.last().unwrap() == "READY", is_good, "{lines:#?}");
    }
    assert!(aws.unfired_boot_faults().is_empty());
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "on every instance, the image of nginx is not found")]
async fn unfired_boot_fault_panics() {
    let fault = BootFault::image_not_found("nginx");
    let aws = Aws::builder()
        .guest(ServiceGuest::new().fault(fault))
        .build();
    let id = launch(&aws, USER_DATA).await;
    sleep(&aws, 600).await;
    assert_eq!(console(&aws, &id).await.last().unwrap(), "READY");
}

/// A container that ends well has done its work, and a service without GPUs does not need their memory.
#[tokio::test(start_paused = true)]
async fn fault_without_effect_does_not_fire() {
    for fault in [
        BootFault::container_exits("vllm", 0),
        BootFault::out_of_gpu_memory("web"),
    ] {
        let aws = Aws::builder()
            .guest(ServiceGuest::new().fault(fault.clone()))
            .build();
        let id = launch(&aws, USER_DATA).await;
        sleep(&aws, 600).await;
        assert_eq!(console(&aws, &id).await.last().unwrap(), "READY");
        assert_eq!(aws.unfired_boot_faults(), [fault]);
    }
}

/// Secrets are a stage of their own. The script tries to read one for five minutes.
#[tokio::test(start_paused = true)]
async fn secrets_are_read_before_images() {
    let secrets = "secrets=(\n  'vllm HF_TOKEN ssm /llm/hf'\n)\nimages=(";
    let user_data = USER_DATA.replace("images=(", secrets);
    let aws = Aws::builder().guest(ServiceGuest::new()).build();
    let id = launch(&aws, &user_data).await;
    sleep(&aws, 600).await;
    let lines = console(&aws, &id).await;
    let stages: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("STAGE "))
        .collect();
    assert_eq!(
        stages[2..4],
        [
            "STAGE 3/8 reading secrets",
            "STAGE 4/8 pulling nginx:1 (1 of 2)"
        ]
    );
    assert_eq!(lines.last().unwrap(), "READY");

    let fault = BootFault::secret_unreadable("vllm");
    let aws = Aws::builder()
        .guest(ServiceGuest::new().fault(fault))
        .build();
    let id = launch(&aws, &user_data).await;
    sleep(&aws, 300).await;
    assert_eq!(console(&aws, &id).await.last().unwrap(), stages[2]);
    sleep(&aws, 200).await;
    let lines = console(&aws, &id).await;
    let expected = "FAILED vllm: the secret HF_TOKEN could not be read from ssm:/llm/hf: An error occurred (AccessDeniedException)";
    assert!(
        lines.iter().any(|line| line.starts_with(expected)),
        "{lines:#?}"
    );
}
