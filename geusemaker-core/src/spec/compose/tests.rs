//! Tests of whole files, read as a user would.

use std::path::Path;

use crate::spec::{DeploymentSpec, Gpus, SpecError, VolumeKind};

const SPEC: &str = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n";

/// Reads a spec of three lines and these, next to a Compose file.
fn read(lines: &str, compose: &str) -> Result<DeploymentSpec, SpecError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("docker-compose.yml"), compose).unwrap();
    let spec = folder.path().join("gm.toml");
    std::fs::write(&spec, format!("{SPEC}{lines}\n")).unwrap();
    DeploymentSpec::from_file(spec)
}

/// Returns the error of a spec, with the name of its file instead of the path.
fn error(lines: &str, compose: &str) -> String {
    let error = read(lines, compose).unwrap_err();
    let folder = error
        .file()
        .and_then(Path::parent)
        .unwrap()
        .display()
        .to_string();
    error.to_string().replace(&format!("{folder}/"), "")
}

const FILE: &str = "compose = 'docker-compose.yml'";

#[test]
fn whole_file_is_taken_over() {
    let compose = r#"
version: "3.8"
x-usual: &usual
  restart: always
  environment: { LOG: info, SIZE: 1.10, ON: true }

services:
  vllm:
    <<: *usual
    image: vllm/vllm-openai:${VLLM_TAG:-v0.11.0}
    command: --model "Qwen/Qwen3 8B" --port 8000
    entrypoint: ["vllm", serve]
    ports:
      - "80:8000"
      - target: 9000
        published: "8001"
    volumes:
      - models:/root/.cache/huggingface
    shm_size: 8gb
    ulimits:
      memlock: { soft: -1, hard: -1 }
      nofile: 65536
    depends_on:
      db:
        condition: service_healthy
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              count: 1
              capabilities: [gpu]
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000/health"]
  db:
    image: postgres:17
    user: "999:999"
    command:
    environment:
      - GREETING=a$$b
    expose: ["5432"]
    volumes:
      - type: volume
        source: db
        target: /var/lib/postgresql/data

volumes:
  models:
  db: { driver: local }
"#;
    let spec = read(FILE, compose).unwrap();
    let [vllm, db] = spec.services() else {
        panic!("{:?}", spec.services())
    };
    assert_eq!(vllm.image().as_str(), "vllm/vllm-openai:v0.11.0");
    assert_eq!(vllm.port(), Some((80, 8000).into()));
    assert_eq!(vllm.published_ports(), [(8001, 9000).into()]);
    assert_eq!(
        vllm.command().unwrap(),
        ["--model", "Qwen/Qwen3 8B", "--port", "8000"]
    );
    assert_eq!(vllm.entrypoint().unwrap(), ["vllm", "serve"]);
    let env: Vec<_> = vllm
        .env()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(env, ["LOG=info", "ON=true", "SIZE=1.10"]);
    assert_eq!((vllm.gpus(), db.gpus()), (Gpus::Count(1), Gpus::None));
    assert_eq!(vllm.shm_size().unwrap().to_string(), "8g");
    assert_eq!(
        vllm.ulimits().values().copied().collect::<Vec<_>>(),
        [-1, 65536]
    );
    assert_eq!(vllm.restart().to_string(), "always");
    assert_eq!(vllm.depends_on()[0].as_str(), "db");
    assert_eq!(
        vllm.volumes()[0].path().as_str(),
        "/root/.cache/huggingface"
    );
    assert_eq!(vllm.volumes()[0].on(), VolumeKind::Local);
    assert_eq!(spec.default_service(), Some(vllm));

    assert!(db.is_internal() && db.command().is_none() && db.published_ports().is_empty());
    assert_eq!(db.env().values().next().unwrap(), "a$b");
    assert_eq!(db.user().unwrap().to_string(), "999:999");

    let warnings: Vec<_> = spec.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2);
    assert!(
        warnings[0].starts_with("vllm has a healthcheck in the Compose file, which is not used")
    );
    assert!(warnings[1].starts_with("anybody on the internet can use vllm"));
    // The journal of a stack has its services, and not the name of the file.
    let json = serde_json::to_value(&spec).unwrap();
    assert_eq!(json.get("compose"), None);
    assert_eq!(
        serde_json::from_value::<DeploymentSpec>(json).unwrap(),
        spec
    );
}

const THREE: &str = "services:
  api: { image: a, ports: ['80:8000'] }
  ui: { image: b, ports: ['81:8080', '82:82'], volumes: [] }
  worker: { image: c, gpus: all }
";

/// Without a choice, the first service with a port is served; the others only publish theirs.
#[test]
fn table_names_served_services() {
    let spec = read(FILE, THREE).unwrap();
    let served: Vec<_> = spec
        .served_services()
        .map(|service| service.name().as_str())
        .collect();
    assert_eq!(served, ["api"]);
    assert_eq!(
        spec.services()[1].published_ports(),
        [(81, 8080).into(), 82.into()]
    );
    assert_eq!(spec.services()[2].gpus(), Gpus::All);

    let table = "[compose]\nfile = 'docker-compose.yml'\n[compose.served]\nui = {}\n\
                 api = { paths = ['/v1/*'], health = { path = '/health', grace = '15m' } }";
    let spec = read(table, THREE).unwrap();
    assert_eq!(spec.default_service().unwrap().name().as_str(), "ui");
    let api = &spec.services()[0];
    assert_eq!(api.paths()[0].as_str(), "/v1/*");
    assert_eq!(
        (api.health().path().as_str(), api.health().grace().as_secs()),
        ("/health", 900)
    );
    assert_eq!(spec.services()[1].published_ports(), [82.into()]);

    let none = "[[service]]\nname = 'web'\nport = 90\nimage = 'w'\n[compose]\nfile = 'docker-compose.yml'\nserved = {}";
    let spec = read(none, THREE).unwrap();
    assert_eq!(spec.default_service().unwrap().name().as_str(), "web");
    assert_eq!(spec.services().len(), 4);
}

const DATABASE: &str = "services:
  web: { image: w, ports: ['80:80'] }
  db:
    image: postgres:17
    environment:
      - POSTGRES_USER=n8n
      - POSTGRES_PASSWORD=hunter2
      - ADMIN_PASSWORD=${ADMIN_PASSWORD}
      - TOKEN
";

fn with_secrets(lines: &str) -> String {
    format!("[compose]\nfile = 'docker-compose.yml'\n{lines}")
}

/// A table of the spec says where the values of variables are, whatever the Compose file has for them.
#[test]
fn secrets_replace_variables() {
    let table = "[compose.secrets.db]\nPOSTGRES_PASSWORD = 'generate:db'\nADMIN_PASSWORD = 'ssm:/llm/admin'\n\
                 TOKEN = 'secretsmanager:token'\nMORE = 'generate'";
    let spec = read(&with_secrets(table), DATABASE).unwrap();
    let db = &spec.services()[1];
    let env: Vec<_> = db.env().keys().map(|name| name.as_str()).collect();
    assert_eq!(env, ["POSTGRES_USER"]);
    let places: Vec<_> = db.secrets().values().map(ToString::to_string).collect();
    assert_eq!(
        places,
        [
            "ssm:/llm/admin",
            "generate",
            "generate:db",
            "secretsmanager:token"
        ]
    );
    let json = serde_json::to_value(&spec).unwrap();
    assert_eq!(
        serde_json::from_value::<DeploymentSpec>(json).unwrap(),
        spec
    );

    let mapping = "services:\n  db: { image: a, environment: { A_TOKEN: , B_TOKEN: 'x$y', C: c } }";
    let table = "[[service]]\nname = 'web'\nport = 80\nimage = 'w'\n[compose]\nfile = 'docker-compose.yml'\n\
                 secrets.db = { A_TOKEN = 'generate', B_TOKEN = 'generate' }";
    let spec = read(table, mapping).unwrap();
    assert_eq!(
        (
            spec.services()[1].secrets().len(),
            spec.services()[1].env().len()
        ),
        (2, 1)
    );
}

/// No message repeats the value.
#[test]
fn secret_of_compose_file_is_refused() {
    let rest = "ADMIN_PASSWORD = 'generate', TOKEN = 'generate'";
    let refused = error(
        &with_secrets(&format!("secrets.db = {{ {rest} }}")),
        DATABASE,
    );
    assert!(
        refused.starts_with(
            "docker-compose.yml:7: services.db.environment.POSTGRES_PASSWORD: looks like a secret, and whoever may \
             describe the instances can read it here: write [compose.secrets.db] POSTGRES_PASSWORD = \
             \"ssm:/llm/postgres-password\", and store"
        ) && refused.ends_with("add [compose.not_secret] db = [\"POSTGRES_PASSWORD\"]"),
        "{refused}"
    );
    let silenced = format!("secrets.db = {{ {rest} }}\nnot_secret.db = ['POSTGRES_PASSWORD']");
    assert!(read(&with_secrets(&silenced), DATABASE).is_ok());
    for (lines, wanted) in [
        (
            "secrets.db = { POSTGRES_PASSWORD = 'generate', TOKEN = 'generate' }",
            "docker-compose.yml:8: services.db.environment: needs the variable ADMIN_PASSWORD, which has no value here",
        ),
        (
            "secrets.db = { POSTGRES_PASSWORD = 'generate', ADMIN_PASSWORD = 'generate' }",
            "docker-compose.yml:9: services.db.environment: TOKEN has no value, and neither the environment of this \
             machine nor a .env file is read, since a spec must mean the same everywhere: write the value, as in \
             TOKEN=value; for a secret, write [compose.secrets.db] TOKEN = \"ssm:/NAME\"",
        ),
        (
            "secrets = { cache = { A = 'generate' }, db = { ADMIN_PASSWORD = 'generate', TOKEN = 'generate' } }",
            "gm.toml:6: compose.secrets.cache: there is no service cache in docker-compose.yml",
        ),
        (
            "not_secret.cache = ['A']\nsecrets.db = { ADMIN_PASSWORD = 'generate', TOKEN = 'generate' }",
            "gm.toml:6: compose.not_secret.cache: there is no service cache in docker-compose.yml",
        ),
        (
            "secrets.db = { A = 'hunter2' }",
            "gm.toml:6: compose.secrets.db.A: is not the place of a secret: expected \"ssm:NAME\"",
        ),
        (
            "secrets.web = { A = 'ssm:hf_aB3dE5gH7jK9mN1pQ3sT5vW7yZ' }\nsecrets.db = { ADMIN_PASSWORD = 'generate', \
             POSTGRES_PASSWORD = 'generate', TOKEN = 'generate' }",
            "gm.toml:6: compose.secrets.web.A: has the value of a secret where its place belongs",
        ),
    ] {
        let error = error(&with_secrets(lines), DATABASE);
        assert!(
            error.starts_with(wanted) && !error.contains("hunter2"),
            "{lines}\n wanted {wanted}\n    got {error}"
        );
    }
    for compose in [
        "environment: ['HF_TOKEN: hunter2']",
        "environment: ['HF_TOKEN=hunter2$']",
        "environment: { HF_TOKEN: 'hunter2${A}' }",
        "command: \"--api-key hunter2 it's\"",
        "command: ['--api-key', 'hunter2$A']",
        "command: --api-key hunter2",
        "entrypoint: server --token=hunter2",
        "environment: { 'A B hunter2': x }",
        "environment: { TOKEN=hunter2 }",
        "environment: { 'TOKEN=hunter2': x }",
        "environment: ['TOKEN hunter2=x']",
        "environment: [TOKEN hunter2]",
        "environment: [{ TOKEN: hunter2 }]",
        "environment: { TOKEN: [hunter2] }",
        "'TOKEN=hunter2': x",
        "user: 'user:hunter2$@reg.io/x'",
    ] {
        let compose =
            format!("services:\n  a:\n    image: a\n    ports: ['80:80']\n    {compose}\n");
        let error = error(FILE, &compose);
        assert!(
            error.starts_with("docker-compose.yml:5: ") && !error.contains("hunter2"),
            "{error}"
        );
    }
}

/// A path alone leaves no place for tables, which TOML would refuse.
#[test]
fn remedy_has_whole_table_for_path() {
    let refused = error(
        FILE,
        &DATABASE
            .replace("${ADMIN_PASSWORD}", "")
            .replace("      - TOKEN\n", ""),
    );
    let replace = "replace compose = \"docker-compose.yml\" by [compose] with file = \"docker-compose.yml\" at the end of \
                   the spec, and write below it ";
    assert!(
        refused.contains(&format!(
            "can read it here: {replace}[compose.secrets.db] POSTGRES_PASSWORD = \"ssm:/llm/postgres-password\""
        )) && refused.ends_with("write there instead [compose.not_secret] db = [\"POSTGRES_PASSWORD\"]"),
        "{refused}"
    );
    let refused = error(FILE, &DATABASE.replace("n8n", "${POSTGRES_USER}"));
    assert_eq!(
        refused,
        format!(
            "docker-compose.yml:6: services.db.environment: needs the variable POSTGRES_USER, which has no value here: \
             neither a .env file nor the environment is read, since a spec must mean the same everywhere; write a default \
             as in \"${{POSTGRES_USER:-value}}\", or the value itself; for a secret, {replace}[compose.secrets.db] \
             POSTGRES_USER = \"ssm:/NAME\""
        )
    );
    let command = "services:\n  a:\n    image: vllm/vllm-openai\n    ports: ['80:80']\n    command: --api-key hunter2\n";
    let refused = error(&with_secrets(""), command);
    assert!(
        refused.contains("write [compose.secrets.a] VLLM_API_KEY = \"ssm:/llm/vllm-api-key\", and store")
            && refused.contains("entrypoint: [\"sh\", \"-c\"] and command: ['exec PROGRAM --api-key \"$$VLLM_API_KEY\"']"),
        "{refused}"
    );
}

/// An error is in the file that has to be changed.
#[test]
fn errors_name_file_and_line() {
    for (lines, wanted) in [
        (
            "compose = 1",
            "gm.toml:4: compose: invalid type: integer `1`, expected the path of a Compose file, or a table",
        ),
        (
            "[compose]\nfil = 'a'",
            "gm.toml:5: compose.fil: unknown key \"fil\" in [compose]; allowed are file, ",
        ),
        (
            "[compose]\nfile = 'docker-compose.yml'\nserved.worker = {}",
            "gm.toml:6: compose.served.worker: worker publishes no port in docker-compose.yml: add one",
        ),
        (
            "[compose]\nfile = 'docker-compose.yml'\nserved.db = {}",
            "gm.toml:6: compose.served.db: there is no service db in docker-compose.yml",
        ),
        (
            "[compose]\nfile = 'docker-compose.yml'\nserved.api = { path = '/' }",
            "gm.toml:6: compose.served.api.path: unknown key \"path\" in [compose.served.api]; allowed are paths, ",
        ),
        (
            "compose = 'docker-compose.yml'\n[[service]]\nname = 'web'\nport = 81\npaths = ['/']\nimage = 'w'",
            "docker-compose.yml:3: services.ui.ports[0]: 81 is taken by an earlier service",
        ),
        (
            "compose = 'docker-compose.yml'\n[[service]]\nname = 'web'\nport = 90\nimage = 'w'",
            "docker-compose.yml:2: services.api: services \"web\" and \"api\" both lack paths",
        ),
    ] {
        let error = error(lines, THREE);
        assert!(
            error.starts_with(wanted),
            "{lines}\n wanted {wanted}\n    got {error}"
        );
    }
    let error = read("compose = 'other.yml'", THREE)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("gm.toml:4: compose: ")
            && error.ends_with("other.yml: there is no such file"),
        "{error}"
    );
    let error = DeploymentSpec::from_toml(&format!("{SPEC}{FILE}"))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "line 4: compose: a Compose file is looked for in the folder of the spec's file: read the spec with \
         DeploymentSpec::from_file"
    );
}

/// Whatever is not taken over is named with its line, which is the sixth or a later one.
#[test]
fn other_keys_are_refused() {
    for (keys, wanted) in [
        (
            "networks: [a]",
            "6: services.a.networks: is not taken over from a Compose file: remove it",
        ),
        (
            "build: .",
            "6: services.a.build: no image is built here: build it, push it",
        ),
        (
            "env_file: .env",
            "6: services.a.env_file: no other file is read",
        ),
        (
            "ports: ['8080']",
            "6: services.a.ports[0]: names no port of the instance: write it as \"8080:80\"",
        ),
        (
            "ports:\n      - 80:80\n      - 53:53/udp",
            "8: services.a.ports[1]: only TCP is published",
        ),
        (
            "ports: ['127.0.0.1:80:80']",
            "6: services.a.ports[0]: only one port is published, on every address",
        ),
        (
            "ports: ['80-81:80-81']",
            "6: services.a.ports[0]: only one port is published",
        ),
        (
            "ports: ['22:22']",
            "6: services.a.ports[0]: port 22 is taken by SSH",
        ),
        (
            "ports: ['80:70000']",
            "6: services.a.ports[0]: must be a port from 1 to 65535, not 70000",
        ),
        (
            "ports: [{ target: 80, published: 80, mode: host }]",
            "6: services.a.ports[0].mode: is not taken over",
        ),
        (
            "volumes: ['./data:/data']",
            "6: services.a.volumes[0]: is a folder of this machine, which the instance does not have",
        ),
        (
            "volumes:\n      - data:/data\n      - /etc/x:/etc/x:ro",
            "8: services.a.volumes[1]: is a folder of this machine",
        ),
        (
            "volumes: ['data:/data:ro']",
            "6: services.a.volumes[0]: has an option that is not taken over",
        ),
        (
            "volumes: [{ type: tmpfs, target: /a }]",
            "6: services.a.volumes[0].type: is not taken over",
        ),
        (
            "volumes: ['data:data']",
            "6: services.a.volumes[0]: \"data\" is not a data path",
        ),
        (
            "volumes: ['a:/a', 'b:/a']",
            "6: services.a.volumes[1]: /a is the path of an earlier volume",
        ),
        (
            "environment: [A]",
            "6: services.a.environment: A has no value, and neither the environment of this machine",
        ),
        (
            "environment:\n      B: 1\n      A:",
            "8: services.a.environment: A has no value",
        ),
        (
            "environment: { A: $B }",
            "6: services.a.environment: needs the variable B",
        ),
        (
            "environment: { 'A B': c }",
            "6: services.a.environment: A, followed by ' ', is not the name of an environment variable",
        ),
        (
            "environment: { A: [b] }",
            "6: services.a.environment: expected a text, not a list",
        ),
        (
            "command: it's",
            "6: services.a.command: has a quote without its end",
        ),
        (
            "restart: on-failure:3",
            "6: services.a.restart: unknown variant `on-failure:3`",
        ),
        (
            "shm_size: big",
            "6: services.a.shm_size: \"big\" is not a number of bytes",
        ),
        ("user: node", "6: services.a.user: \"node\" is not a user"),
        (
            "ulimits: { nofile: { soft: 1, hard: 2 } }",
            "6: services.a.ulimits: nofile needs soft and hard to be the same",
        ),
        (
            "ulimits: { nofile: many }",
            "6: services.a.ulimits: \"many\" is not a whole number",
        ),
        (
            "depends_on: [b]",
            "6: services.a.depends_on: there is no service b",
        ),
        (
            "depends_on: { b: { condition: service_completed_successfully } }",
            "6: services.a.depends_on.b.condition: is not taken over",
        ),
        ("gpus: 1", "6: services.a.gpus: only \"all\" is taken over"),
        (
            "runtime: runsc",
            "6: services.a.runtime: only \"nvidia\" is taken over",
        ),
        (
            "deploy: { replicas: 2 }",
            "6: services.a.deploy.replicas: is not taken over",
        ),
        (
            "deploy:\n      resources:\n        reservations:\n          devices:\n            - { driver: nvidia, device_ids: ['0'] }",
            "10: services.a.deploy.device_ids: is not taken over",
        ),
        (
            "deploy: { resources: { reservations: { devices: [{ count: 2, capabilities: [gpu] }] } } }",
            "6: services.a.deploy: must be at most 1, the GPUs of g5.xlarge, not 2",
        ),
        ("image: again", "6: the key \"image\" is there twice"),
    ] {
        let compose =
            format!("services:\n  first:\n    image: f\n  a:\n    image: a\n    {keys}\n");
        let lines = format!("{FILE}\n[[service]]\nname = 'web'\nport = 90\nimage = 'w'");
        let error = error(&lines, &compose);
        let wanted = format!("docker-compose.yml:{wanted}");
        assert!(
            error.starts_with(&wanted),
            "{keys}\n wanted {wanted}\n    got {error}"
        );
    }
    for (compose, wanted) in [
        (
            "services:\n  a: { image: a, volumes: ['v:/v'] }\n  b: { image: b, volumes: ['v:/v'] }",
            "3: services.b.volumes: the volume v is used by a already",
        ),
        (
            "services:\n  a: { image: a }\nvolumes:\n  v: { external: true }",
            "4: volumes.v.external: is not taken over",
        ),
        (
            "services:\n  a: { image: a }\nnetworks: {}",
            "3: networks: is not taken over",
        ),
        ("services:\n  a: {}", "2: services.a: missing field `image`"),
        (
            "services:\n  a: b",
            "2: services.a: expected a mapping, not a text",
        ),
        (
            "services:\n  My_App: { image: a }",
            "2: services.My_App: \"My_App\" is not a service name",
        ),
        ("services: [", "2:1: is not YAML: "),
        ("- a", "1: expected a mapping, not a list"),
    ] {
        let error = error(FILE, compose);
        let wanted = format!("docker-compose.yml:{wanted}");
        assert!(
            error.starts_with(&wanted),
            "{compose}\n wanted {wanted}\n    got {error}"
        );
    }
}
