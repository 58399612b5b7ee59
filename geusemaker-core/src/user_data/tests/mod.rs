//! Tests of the script: what it contains, and what it does on a machine whose commands are stubs.

mod golden;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod registry;
#[cfg(unix)]
mod runs;
#[cfg(unix)]
mod secrets;

use std::io::Read;

use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::container::{Mount, PublishedPort};
use super::*;

const NVIDIA: GpuSetup = GpuSetup {
    maker: GpuMaker::Nvidia,
    check: true,
};

/// Returns a container that listens on a port and has a shared volume.
fn container<'a>(name: &'a str, port: u16, image: &'a str) -> Container<'a> {
    let folder = String::leak(format!("/mnt/shared/{name}"));
    Container {
        name,
        image,
        ports: vec![PublishedPort {
            host: port,
            container: port,
        }],
        volumes: vec![mount(folder, "/data")],
        gpus: Gpus::All,
        restart: "unless-stopped".to_owned(),
        ..Container::default()
    }
}

fn mount<'a>(folder: &'a str, path: &'a str) -> Mount<'a> {
    Mount { folder, path }
}

fn script(containers: &[Container<'_>], gpu_maker: GpuMaker, gpu_check: bool) -> String {
    Script {
        stack: "llm-prod",
        file_system: "fs-0a1",
        access_points: &BTreeMap::new(),
        region: "us-east-1",
        containers,
        gpus: Some(GpuSetup {
            maker: gpu_maker,
            check: gpu_check,
        }),
        may_be_spot: false,
    }
    .render()
}

/// Returns the script of an instance without GPUs.
fn cpu_script(containers: &[Container<'_>]) -> String {
    Script {
        stack: "llm-prod",
        file_system: "fs-0a1",
        access_points: &BTreeMap::new(),
        region: "us-east-1",
        containers,
        gpus: None,
        may_be_spot: false,
    }
    .render()
}

/// Returns the script of an instance that mounts the shared folders of these containers by access points.
fn access_point_script(containers: &[Container<'_>]) -> String {
    let folders = containers.iter().flat_map(|it| &it.volumes);
    let folders = folders
        .map(|mount| mount.folder)
        .filter(|folder| folder.starts_with("/mnt/shared/"));
    let access_points = folders.zip(1..).map(|(folder, number)| {
        let id = AccessPointId::from_aws(format!("fsap-0{number}"));
        (folder.to_owned(), id)
    });
    Script {
        stack: "llm-prod",
        file_system: "fs-0a1",
        access_points: &access_points.collect(),
        region: "us-east-1",
        containers,
        gpus: Some(NVIDIA),
        may_be_spot: false,
    }
    .render()
}

/// Returns the script of an instance that AWS may take back.
fn spot_script(containers: &[Container<'_>]) -> String {
    Script {
        stack: "llm-prod",
        file_system: "fs-0a1",
        access_points: &BTreeMap::new(),
        region: "us-east-1",
        containers,
        gpus: Some(NVIDIA),
        may_be_spot: true,
    }
    .render()
}

fn user_data(services: &[Service]) -> Result<Vec<u8>, UserDataTooLarge> {
    UserData {
        stack: &"llm-prod".parse().unwrap(),
        file_system: &"fs-0a1".parse().unwrap(),
        access_points: &BTreeMap::new(),
        region: "us-east-1",
        services,
        gpus: Some(NVIDIA),
        may_be_spot: false,
    }
    .render()
}

fn service(name: &str, port: u16, image: &str) -> Service {
    let service = serde_json::json!({ "name": name, "port": port, "image": image });
    serde_json::from_value(service).unwrap()
}

/// Returns a text in which a compressor finds nothing to repeat.
fn noise(length: usize, seed: u64) -> String {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + u8::try_from(state % 26).unwrap())
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn settings_of_service_reach_compose_file() {
    let vllm = serde_json::json!({
        "name": "vllm", "image": "a/vllm:1", "port": "80:8000", "ports": ["6334:6335"],
        "command": ["--model", "m"], "entrypoint": ["vllm", "serve"], "env": { "N": 3 }, "gpus": 1,
        "shm_size": "8g", "ulimits": { "memlock": -1 }, "user": "1000:1000", "restart": "always",
        "volumes": [{ "path": "/cache", "on": "scratch" }], "depends_on": ["db"],
    });
    let services = [
        serde_json::from_value(vllm).unwrap(),
        service("db", 5432, "postgres"),
    ];
    let script = String::from_utf8(user_data(&services).unwrap()).unwrap();
    let (_, compose) = script.split_once("<<'END-OF-COMPOSE'\n").unwrap();
    let (compose, _) = compose.split_once("\nEND-OF-COMPOSE\n").unwrap();
    let mut file: serde_json::Value = serde_json::from_str(compose).unwrap();
    let device = serde_json::json!({ "driver": "nvidia", "count": 1, "capabilities": ["gpu"] });
    assert_eq!(
        file["services"]["vllm"].take(),
        serde_json::json!({
            "container_name": "vllm", "image": "a/vllm:1", "ports": ["80:8000", "6334:6335"],
            "command": ["--model", "m"], "entrypoint": ["vllm", "serve"], "environment": { "N": "3" },
            "deploy": { "resources": { "reservations": { "devices": [device] } } },
            "shm_size": "8g", "ulimits": { "memlock": -1 }, "user": "1000:1000", "restart": "always",
            "volumes": [{
                "type": "bind", "source": services[0].volumes()[0].host_folder(), "target": "/cache",
                "bind": { "create_host_path": false },
            }],
            "depends_on": ["db"], "extra_hosts": ["host.docker.internal:host-gateway"],
            "logging": { "driver": "journald" },
        })
    );
    assert!(script.contains("\nservices=('db' 'vllm')\n") && script.contains("\nscratch=1\n"));
}

#[test]
fn long_script_is_compressed() {
    let short = user_data(&[service("a", 1, "a")]).unwrap();
    assert!(short.starts_with(b"#!/bin/bash\n"));

    let services: Vec<_> = (101..140)
        .map(|n| service(&format!("s{n}"), n, &"i".repeat(500)))
        .collect();
    let long = user_data(&services).unwrap();
    assert!(long.starts_with(&[0x1f, 0x8b]) && long.len() < USER_DATA_MAX);
    let mut text = String::new();
    GzDecoder::new(&*long).read_to_string(&mut text).unwrap();
    assert!(text.len() > USER_DATA_MAX && text.starts_with("#!/bin/bash\n"));
    assert_eq!(text.matches("container_name").count(), 39);
}

#[test]
fn script_too_long_for_compression_is_refused() {
    let services: Vec<_> = (101..160)
        .map(|n| service(&format!("s{n}"), n, &noise(500, n.into())))
        .collect();
    let error = user_data(&services).unwrap_err();
    assert!(error.bytes > USER_DATA_MAX);
    assert_eq!(
        error.to_string(),
        format!(
            "the user data would be {} bytes, compressed; the limit is 16384",
            error.bytes
        )
    );
}

/// No template syntax is left, and the text of the spec comes late: cloud-init takes user data with the word
/// "mime-version:" in its first 4096 bytes for an e-mail.
#[test]
fn script_is_rendered_completely() {
    let script = script(
        &[container("a", 1, "mime-version:1")],
        GpuMaker::Nvidia,
        true,
    );
    assert!(
        script.starts_with("#!/bin/bash\n") && script.ends_with("/opt/geusemaker/run machine\n"),
        "{script}"
    );
    assert!(
        !script.contains("{%") && !script.contains("\n\n\n"),
        "{script}"
    );
    assert!(script.find("mime-version:").unwrap() > 4096);
    assert!(script.len() < 15_500, "{}", script.len());
}

/// Not a word of it is about GPUs, apart from the names and images of the user.
#[test]
fn script_without_gpus_has_no_gpu_part() {
    let script = cpu_script(&[container("web", 80, "a/b")]);
    let lower = script.to_lowercase();
    for word in ["gpu", "nvidia", "cuda", "amd", "kfd", "#<", "#>"] {
        let mut lines = lower.lines().filter(|line| line.contains(word));
        assert_eq!(lines.next(), None, "{word}");
    }
    assert!(!script.contains("\n\n\n"), "{script}");
}

#[test]
fn file_system_name_has_suffix_of_partition() {
    for (region, suffix) in [
        ("us-east-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("us-isob-east-1", "sc2s.sgov.gov"),
    ] {
        assert_eq!(dns_suffix(region), suffix);
    }
}

proptest! {
    #[test]
    fn quoted_text_is_one_shell_word(text: String) {
        let quoted = quote(text.clone());
        let inner = quoted.strip_prefix('\'').and_then(|q| q.strip_suffix('\'')).unwrap();
        prop_assert!(!inner.replace(r"'\''", "").contains('\''));
        prop_assert_eq!(inner.replace(r"'\''", "'"), text);
    }
}
