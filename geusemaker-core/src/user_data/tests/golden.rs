//! Scripts that were read by eye. `GEUSEMAKER_BLESS=1 cargo test …` writes them anew.

use std::path::Path;

use super::*;

/// Compares the script, without the part that is the same for all, with a file.
fn assert_golden(name: &str, containers: &[Container<'_>], gpu_maker: GpuMaker, gpu_check: bool) {
    let runner = without_comments(include_str!("../run.sh"));
    assert_script(name, script(containers, gpu_maker, gpu_check), &runner);
}

fn assert_script(name: &str, script: String, runner: &str) {
    assert_eq!(script.matches(runner).count(), 1);
    let script = script.replace(runner, "# run.sh without its comments");
    let secrets = without_comments(include_str!("../secrets.sh"));
    let script = script.replace(&secrets, "# secrets.sh without its comments");
    let aws = without_comments(include_str!("../aws.sh"));
    let script = script.replace(&aws, "# aws.sh without its comments");
    let ecr = without_comments(include_str!("../ecr.sh"));
    let script = script.replace(&ecr, "# ecr.sh without its comments");
    let access_points = without_comments(include_str!("../access_points.sh"));
    let script = script.replace(&access_points, "# access_points.sh without its comments");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/user_data/golden")
        .join(name);
    if std::env::var_os("GEUSEMAKER_BLESS").is_some() {
        std::fs::write(&path, &script).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(script, golden, "{name}: GEUSEMAKER_BLESS=1 writes it anew");
}

#[test]
fn one_service_is_as_read() {
    let vllm = Container {
        command: Some(vec![
            "--model",
            "Qwen/Qwen3-8B",
            "--served-model-name",
            "it's $5 \"cheap\"",
        ]),
        env: [("VLLM_LOGGING_LEVEL", "INFO")].into(),
        shm_size: Some("8g".to_owned()),
        ulimits: [("memlock", -1), ("nofile", 65536)].into(),
        volumes: vec![mount("/mnt/shared/vllm", "/root/.cache/huggingface")],
        ..container("vllm", 8000, "vllm/vllm-openai:v0.11.0")
    };
    assert_golden("one_service.sh", &[vllm], GpuMaker::Nvidia, true);
}

#[test]
fn four_services_are_as_read() {
    let n8n = Container {
        env: [
            ("DB_TYPE", "postgresdb"),
            ("DB_POSTGRESDB_HOST", "postgres"),
        ]
        .into(),
        gpus: Gpus::None,
        volumes: vec![mount("/mnt/shared/n8n", "/home/node/.n8n")],
        depends_on: vec!["postgres"],
        ..container("n8n", 5678, "docker.n8n.io/n8nio/n8n:1.110.1")
    };
    let postgres = Container {
        env: [("POSTGRES_INITDB_ARGS", "one\ntwo")].into(),
        ports: Vec::new(),
        gpus: Gpus::None,
        volumes: vec![mount(
            "/var/lib/geusemaker/postgres/var/lib/postgresql",
            "/var/lib/postgresql",
        )],
        shm_size: Some("1g".to_owned()),
        ..container("postgres", 5432, "pgvector/pgvector:pg18")
    };
    let ollama = Container {
        gpus: Gpus::Count(2),
        ports: vec![PublishedPort {
            host: 80,
            container: 11434,
        }],
        volumes: vec![mount("/mnt/scratch/ollama/root/.ollama", "/root/.ollama")],
        entrypoint: Some(vec!["/bin/ollama"]),
        command: Some(vec!["serve"]),
        ..container("ollama", 11434, "ollama/ollama:0.12.3")
    };
    let jupyter = Container {
        user: Some("2000:100".to_owned()),
        restart: "on-failure".to_owned(),
        volumes: vec![
            mount("/mnt/shared/jupyter", "/home/jovyan"),
            mount("/mnt/scratch/jupyter/tmp", "/tmp"),
        ],
        ..container(
            "jupyter",
            8888,
            "quay.io/jupyter/pytorch-notebook:cuda12-latest",
        )
    };
    assert_golden(
        "four_services.sh",
        &[n8n, postgres, ollama, jupyter],
        GpuMaker::Nvidia,
        true,
    );
}

#[test]
fn secrets_are_as_read() {
    let n8n = Container {
        env: [("DB_TYPE", "postgresdb")].into(),
        secrets: [
            ("DB_POSTGRESDB_PASSWORD", "generate:db".parse().unwrap()),
            ("N8N_ENCRYPTION_KEY", "generate".parse().unwrap()),
            (
                "OPENAI_API_KEY",
                "secretsmanager:llm/openai#key".parse().unwrap(),
            ),
        ]
        .into(),
        gpus: Gpus::None,
        volumes: Vec::new(),
        ..container("n8n", 5678, "docker.n8n.io/n8nio/n8n:1.110.1")
    };
    let vllm = Container {
        secrets: [("HF_TOKEN", "ssm:/llm/hf-token".parse().unwrap())].into(),
        volumes: Vec::new(),
        ..container("vllm", 8000, "vllm/vllm-openai:v0.11.0")
    };
    let postgres = Container {
        secrets: [("POSTGRES_PASSWORD", "generate:db".parse().unwrap())].into(),
        ports: Vec::new(),
        gpus: Gpus::None,
        volumes: Vec::new(),
        ..container("postgres", 5432, "postgres:17")
    };
    assert_golden("secrets.sh", &[n8n, vllm, postgres], GpuMaker::Nvidia, true);
}

#[test]
fn access_points_are_as_read() {
    let vllm = Container {
        user: Some("2000:100".to_owned()),
        volumes: vec![
            mount("/mnt/shared/vllm", "/models"),
            mount("/mnt/scratch/vllm/tmp", "/tmp"),
            mount("/mnt/shared/vllm+out", "/out"),
        ],
        ..container("vllm", 8000, "vllm/vllm-openai:v0.11.0")
    };
    let script = access_point_script(&[vllm]);
    let runner = without_comments(include_str!("../run.sh"));
    assert_script("access_points.sh", script, &runner);
}

#[test]
fn amd_service_is_as_read() {
    let comfy = Container {
        volumes: vec![mount("/mnt/shared/comfy", "/root/ComfyUI/models")],
        ..container("comfy", 8188, "yanwk/comfyui-boot:rocm")
    };
    assert_golden("amd.sh", &[comfy], GpuMaker::Amd, false);
}

#[test]
fn private_registry_is_as_read() {
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/llm/vllm:v1";
    let vllm = container("vllm", 8000, image);
    assert_golden("registry.sh", &[vllm], GpuMaker::Nvidia, true);
}

/// The GPUs that the service would see where there are some are left out.
#[test]
fn service_without_gpus_is_as_read() {
    let web = Container {
        volumes: vec![mount("/mnt/shared/web", "/data")],
        ..container("web", 8080, "ghcr.io/open-webui/open-webui:main")
    };
    let runner = without_comments(&without_gpus(include_str!("../run.sh")));
    assert_script("cpu.sh", cpu_script(&[web]), &runner);
}
