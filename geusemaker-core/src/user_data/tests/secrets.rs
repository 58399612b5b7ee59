//! Runs of scripts with secrets: the values arrive, and nothing else has them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::machine::Machine;
use super::*;

/// The values of secrets at AWS, in files outside of the machine.
struct Vault(TempDir);

impl Vault {
    fn new(values: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, value) in values {
            fs::write(folder.path().join(name), value).unwrap();
        }
        Self(folder)
    }

    /// Returns functions with which AWS answers with the values, and that write down each container's environment.
    fn functions(&self) -> String {
        format!(
            "answer() {{ cat {folder}/\"$1\"; echo; }}
             up() {{ mkdir -p \"$ROOT/passed\"; env -0 >\"$ROOT/passed/$1\"; }}",
            folder = self.0.path().display()
        )
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn with_secrets<'a>(name: &'a str, secrets: &[(&'a str, &str)]) -> Container<'a> {
    let secrets = secrets.iter();
    Container {
        secrets: secrets
            .map(|(variable, place)| (*variable, place.parse().unwrap()))
            .collect(),
        gpus: Gpus::None,
        ..container(name, 80, "a/b")
    }
}

fn script_of(containers: &[Container<'_>]) -> String {
    script(containers, GpuMaker::Nvidia, false)
}

fn run(containers: &[Container<'_>], functions: &str) -> Machine {
    let machine = Machine::new(functions);
    machine.first_start(&script_of(containers));
    machine
}

/// Returns the values that Docker Compose was given for a container, by variable of the container.
fn passed(machine: &Machine, container: &str) -> BTreeMap<String, String> {
    let environment = machine.read(&format!("passed/{container}"));
    let environment: BTreeMap<_, _> = environment
        .split('\0')
        .filter_map(|variable| variable.split_once('='))
        .collect();
    let file: serde_json::Value =
        serde_json::from_str(&machine.read("opt/geusemaker/compose.json")).unwrap();
    let variables = file["services"][container]["environment"]
        .as_object()
        .unwrap();
    variables
        .iter()
        .map(|(variable, value)| {
            let name = value.as_str().unwrap();
            let name = name.trim_start_matches("${").trim_end_matches("?}");
            (variable.clone(), environment[name].to_owned())
        })
        .collect()
}

/// Returns the files of the machine that contain the text, except those in `passed`.
fn files_with(machine: &Machine, text: &str) -> Vec<String> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), files);
            } else if entry.file_type().unwrap().is_file() {
                files.push(entry.path());
            }
        }
    }
    let root = machine.path("");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let found = files.into_iter().filter_map(|path| {
        let name = path
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let bytes = fs::read(&path).unwrap();
        let found = String::from_utf8_lossy(&bytes).contains(text);
        (found && !name.starts_with("passed/")).then_some(name)
    });
    found.collect()
}

const ODD: &str = "it's \"$HOME\" ${X} $(id) `id` \\ \\n é * ? ; # a=b  two\ttabs";
const KEY: &str = "-----BEGIN KEY-----\n  indented line\n\nc2VjcmV0\n-----END KEY-----";

#[test]
fn secrets_are_read_in_stage() {
    let vault = Vault::new(&[("token", "t0ken-value"), ("key", "")]);
    let containers = [with_secrets("vllm", &[("HF_TOKEN", "ssm:token")])];
    let machine = run(&containers, &vault.functions());
    assert_eq!(
        machine.console(),
        [
            "GEUSEMAKER:STAGE 1/6 preparing the machine",
            "GEUSEMAKER:STAGE 2/6 mounting the shared file system",
            "GEUSEMAKER:STAGE 3/6 reading secrets",
            "GEUSEMAKER:STAGE 4/6 pulling a/b (1 of 1)",
            "GEUSEMAKER:STAGE 5/6 starting vllm",
            "GEUSEMAKER:STAGE 6/6 waiting until all containers stay up",
            "GEUSEMAKER:READY",
        ]
    );
    assert_eq!(
        machine.calls_of("aws"),
        [
            "aws --region us-east-1 ssm get-parameter --with-decryption --name=token --query Parameter.Value --output text"
        ]
    );
    assert_eq!(passed(&machine, "vllm")["HF_TOKEN"], "t0ken-value");
}

/// All but the line ends at the end.
#[test]
fn values_arrive_unchanged() {
    let json = serde_json::json!({ "password": ODD, "the key": KEY, "port": 5432, "": "" });
    let vault = Vault::new(&[
        ("odd", ODD),
        ("key", &format!("{KEY}\n\n")),
        ("json", &format!("{json:#}")),
        ("dash", "-n"),
    ]);
    let containers = [
        with_secrets(
            "a",
            &[
                ("ODD", "ssm:odd"),
                ("KEY", "secretsmanager:key"),
                ("JSON", "secretsmanager:json"),
                ("JSON_ODD", "secretsmanager:json#password"),
                ("JSON_KEY", "secretsmanager:json#the key"),
                ("JSON_PORT", "secretsmanager:json#port"),
                ("DASH", "ssm:dash"),
            ],
        ),
        with_secrets("b", &[("SAME", "ssm:odd")]),
    ];
    let machine = run(&containers, &vault.functions());
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    let values = passed(&machine, "a");
    let whole = format!("{json:#}");
    for (variable, wanted) in [
        ("ODD", ODD),
        ("KEY", KEY),
        ("JSON", &whole),
        ("JSON_ODD", ODD),
        ("JSON_KEY", KEY),
        ("JSON_PORT", "5432"),
        ("DASH", "-n"),
    ] {
        assert_eq!(values[variable], wanted, "{variable}");
    }
    assert_eq!(passed(&machine, "b")["SAME"], ODD);
    assert_eq!(machine.calls_of("aws").len(), 7);
}

/// Whatever prints a value, it is in no output, no file and no argument. The commands of this list are the machine's own.
#[test]
fn values_are_nowhere_else() {
    let prefix = "plant3d-value";
    let longer = format!("{prefix}-and-more");
    let long = "0123456789abcdef".repeat(40);
    let tabbed = "tab\tbed-value";
    let json = serde_json::json!({ "k": "json-plant3d", "other": "other-plant3d" }).to_string();
    let vault = Vault::new(&[
        ("prefix", prefix),
        ("longer", &longer),
        ("long", &long),
        ("tabbed", tabbed),
        ("key", KEY),
        ("odd", ODD),
        ("json", &json),
    ]);
    let containers = [with_secrets(
        "a",
        &[
            ("PREFIX", "ssm:prefix"),
            ("LONGER", "ssm:longer"),
            ("LONG", "ssm:long"),
            ("TABBED", "ssm:tabbed"),
            ("KEY", "ssm:key"),
            ("ODD", "ssm:odd"),
            ("JSON", "secretsmanager:json#k"),
            ("MADE", "generate"),
        ],
    )];
    let recorded: String = [
        "python3", "sed", "tail", "head", "base64", "tr", "sync", "ln", "wc", "mktemp", "rm",
        "test",
    ]
    .iter()
    .map(|name| format!("{name}() {{ record {name} \"$@\"; builtin command {name} \"$@\"; }}\n"))
    .collect();
    let printed = format!(
        "print_all() {{ (cd {}; for f in *; do sed 's/^/ERR=/; s/$/ end/' \"$f\"; echo; cat \"$f\"; echo; done; \
         cat \"$ROOT\"/mnt/shared/.geusemaker/secrets/a.MADE 2>/dev/null); }}
         set -x",
        vault.path().display()
    );
    let searched = |machine: &Machine| {
        let made = machine.read("mnt/shared/.geusemaker/secrets/a.MADE");
        assert_eq!(
            files_with(machine, made.trim_end()),
            ["mnt/shared/.geusemaker/secrets/a.MADE"]
        );
        for value in [
            prefix,
            &long[..16],
            tabbed,
            "tabbed-value",
            "indented line",
            "c2VjcmV0",
            "two\ttabs",
            "${X} $(id)",
            "json-plant3d",
        ] {
            assert_eq!(files_with(machine, value), [""; 0], "{value}");
        }
    };
    // A container that prints all that it knows before it ends, and one that cannot be started because of it.
    for functions in [
        "state() { echo 'exited 0 3 false no'; }\nlog() { print_all; }",
        "up() { print_all >&2; return 1; }\nlog() { print_all; }",
        "up() { print_all >&2; echo \"Error: $(cat */prefix 2>/dev/null) $GEUSEMAKER_SECRET_0\" >&2; return 1; }",
    ] {
        let functions = format!("{}\n{recorded}\n{printed}\n{functions}", vault.functions());
        let machine = Machine::new(&functions).for_seconds(60);
        machine.first_start(&script_of(&containers));
        let outcome = machine.outcome();
        assert!(
            outcome.iter().any(|line| line.contains(":FAILED a: ")),
            "{outcome:?}"
        );
        assert!(
            outcome.iter().any(|line| line.contains("***")),
            "{outcome:?}"
        );
        searched(&machine);
        machine.start_again();
        searched(&machine);
    }
}

/// Only Docker Compose gets them, and it gets none of another command's.
#[test]
fn values_reach_compose_alone() {
    let vault = Vault::new(&[("token", "t0ken-value")]);
    let functions = format!(
        "{}\npull_image() {{ env >\"$ROOT/pulled\"; }}\ninside() {{ env >\"$ROOT/inside\"; echo 'GPU 0'; }}",
        vault.functions()
    );
    let container = Container {
        gpus: Gpus::All,
        ..with_secrets("a", &[("TOKEN", "ssm:token")])
    };
    let machine = run(&[container], &functions);
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    assert!(!machine.read("inside").is_empty());
    assert_eq!(files_with(&machine, "t0ken-value"), [""; 0]);
}

/// A container that is made anew, for its GPUs or at the next start of the machine, gets its secrets again.
#[test]
fn recreated_container_has_secrets() {
    let vault = Vault::new(&[("token", "t0ken-value")]);
    let functions = format!(
        "{}\ninside() {{ [[ -e $ROOT/recreated ]] && echo 'GPU 0: A10G' || {{ echo 'NVML: t0ken-value'; return 255; }}; }}
         up() {{ [[ ${{FUNCNAME[*]}} != *check_gpus_inside* ]] || {{ mkdir -p \"$ROOT/passed\"; env -0 >\"$ROOT/passed/$1\"; \
         touch \"$ROOT/recreated\"; }}; }}",
        vault.functions()
    );
    let container = Container {
        gpus: Gpus::All,
        ..with_secrets("a", &[("TOKEN", "ssm:token")])
    };
    let machine = run(&[container], &functions);
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    assert_eq!(passed(&machine, "a")["TOKEN"], "t0ken-value");

    let machine = run(
        &[with_secrets("a", &[("TOKEN", "ssm:token")])],
        &vault.functions(),
    );
    fs::write(vault.path().join("token"), "rotated-value").unwrap();
    machine.start_again();
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    assert_eq!(passed(&machine, "a")["TOKEN"], "rotated-value");
}

fn refused(functions: &str) -> (Vec<String>, usize) {
    let containers = [
        with_secrets("front", &[("HF_TOKEN", "ssm:/llm/hf-token")]),
        with_secrets("back", &[("DB", "secretsmanager:llm/db#password")]),
    ];
    let machine = run(&containers, functions);
    assert!(machine.calls_of("docker pull").is_empty());
    assert_eq!(machine.ended(), ["storage 0", "services 1"]);
    (machine.outcome(), machine.calls_of("aws").len())
}

const SAYS: &str = "says() { printf '\\nAn error occurred (%s) when calling the GetParameter operation: %s\\n\\nMore help.\\n' \"$@\" >&2; return 254; }\n";

#[test]
fn impossible_secret_fails_at_once() {
    for (functions, wanted) in [
        (
            "answer() { says ParameterNotFound ''; }",
            "front: the secret HF_TOKEN: there is no ssm:/llm/hf-token in us-east-1",
        ),
        (
            "answer() { [[ $1 == /* ]] || says ResourceNotFoundException 'Secrets Manager can not find it.'; }",
            "back: the secret DB: there is no secretsmanager:llm/db in us-east-1",
        ),
        (
            "answer() { says InvalidKeyId 'the key is disabled'; }",
            "front: the secret HF_TOKEN could not be read from ssm:/llm/hf-token: An error occurred (InvalidKeyId) when \
             calling the GetParameter operation: the key is disabled",
        ),
        (
            "answer() { echo '{\"user\": \"hunter2\"}'; }",
            "back: the secret DB: secretsmanager:llm/db has no key password",
        ),
        (
            "answer() { echo '[\"hunter2\"]'; }",
            "back: the secret DB: secretsmanager:llm/db has no key password",
        ),
        (
            "answer() { echo None; }",
            "back: the secret DB: secretsmanager:llm/db holds no text",
        ),
    ] {
        let (outcome, calls) = refused(&format!("{SAYS}{functions}"));
        assert_eq!(outcome, [format!("GEUSEMAKER:FAILED {wanted}")]);
        assert!(calls <= 2, "{functions}");
    }
}

/// The rights of a new role become known within minutes.
#[test]
fn late_rights_are_awaited() {
    let late = |seconds: u32, code: &str| {
        format!(
            "{SAYS}answer() {{ ((SECONDS >= {seconds})) && echo '{{\"password\": \"x\"}}' || says {code} 'User: x'; }}"
        )
    };
    let containers = [with_secrets("a", &[("HF_TOKEN", "ssm:/llm/hf-token")])];
    for code in [
        "AccessDeniedException",
        "UnrecognizedClientException",
        "ThrottlingException",
    ] {
        let machine = run(&containers, &late(290, code));
        assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"], "{code}");
    }
    let (outcome, calls) = refused(&late(400, "AccessDeniedException"));
    assert_eq!(
        outcome,
        [
            "GEUSEMAKER:FAILED front: the secret HF_TOKEN could not be read from ssm:/llm/hf-token: An error occurred \
             (AccessDeniedException) when calling the GetParameter operation: User: x"
        ]
    );
    assert_eq!(calls, 31);
    for (answer, wanted) in [
        (
            "echo 'Unable to locate credentials. You can configure credentials.' >&2; return 253",
            "Unable to locate credentials",
        ),
        ("return 124", "no answer within 60 seconds"),
        ("return 7", "aws ends with code 7"),
    ] {
        let (outcome, _) = refused(&format!("answer() {{ {answer}; }}"));
        assert!(outcome[0].contains(wanted), "{outcome:?}");
    }
}

#[test]
fn aws_cli_is_installed_if_needed() {
    let containers = [with_secrets("a", &[("TOKEN", "ssm:token")])];
    let machine = Machine::new("").without("mount.efs aws unzip");
    machine.first_start(&script_of(&containers));
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    assert_eq!(
        machine.calls_of("apt-get"),
        ["apt-get install -qy --no-install-recommends unzip"]
    );
    assert!(
        machine.calls_of("curl")[0]
            .ends_with("https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip")
    );
    assert_eq!(machine.calls_of("aws/install"), ["aws/install --update"]);
    assert!(!machine.path("var/lib/geusemaker-aws").exists());

    let machine = Machine::new("").without("apt-get aws");
    machine.first_start(&script_of(&containers));
    assert_eq!(machine.calls_of("dnf"), ["dnf -qy install awscli-2"]);

    let machine = Machine::new("curl() { echo 'curl: (6) Could not resolve host' >&2; return 6; }")
        .without("mount.efs aws");
    machine.first_start(&script_of(&containers));
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:FAILED the machine: the AWS CLI could not be installed: curl: (6) Could not resolve host"
        ]
    );

    let machine = Machine::new("").without("mount.efs aws");
    machine.first_start(&script_of(&[with_secrets("a", &[("TOKEN", "generate")])]));
    assert!(machine.calls_of("curl").is_empty() && machine.calls_of("aws").is_empty());
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
}

const MADE: &str = "mnt/shared/.geusemaker/secrets";

#[test]
fn generated_secret_is_kept() {
    let vault = Vault::new(&[]);
    let containers = [
        with_secrets("db", &[("POSTGRES_PASSWORD", "generate:db")]),
        with_secrets(
            "n8n",
            &[("DB_PASSWORD", "generate:db"), ("KEY", "generate")],
        ),
    ];
    let machine = run(&containers, &vault.functions());
    assert_eq!(machine.outcome(), ["GEUSEMAKER:READY"]);
    let mode = |path: &str| {
        fs::metadata(machine.path(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        [
            mode("mnt/shared/.geusemaker"),
            mode(MADE),
            mode(&format!("{MADE}/db")),
            mode(&format!("{MADE}/n8n.KEY"))
        ],
        [0o700, 0o700, 0o600, 0o600]
    );
    let first = (passed(&machine, "db"), passed(&machine, "n8n"));
    let password = &first.0["POSTGRES_PASSWORD"];
    assert!(
        password.len() == 43
            && password
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
        "{password}"
    );
    assert_eq!(*password, first.1["DB_PASSWORD"]);
    assert_ne!(*password, first.1["KEY"]);
    // Another instance may have been stopped while it wrote.
    fs::write(machine.path(&format!("{MADE}/.new.abcdefgh")), "half").unwrap();
    machine.start_again();
    assert_eq!((passed(&machine, "db"), passed(&machine, "n8n")), first);

    fs::write(machine.path(&format!("{MADE}/db")), "").unwrap();
    machine.start_again();
    assert_eq!(
        machine.outcome(),
        [
            "GEUSEMAKER:FAILED db: the secret POSTGRES_PASSWORD is empty in /mnt/shared/.geusemaker/secrets/db: remove the \
             file to have a new one made"
        ]
    );
}

/// Instances that start at the same time agree on the value of the first one.
#[test]
fn instances_agree_on_generated_secret() {
    let functions = "
        head() {
          [[ $1 != -c ]] || { echo >>\"$ROOT/arrived\"; until (($(wc -l <\"$ROOT/arrived\") >= 4)); do :; done; }
          builtin command head \"$@\"
        }
        up() { env | grep GEUSEMAKER_SECRET_0 >>\"$ROOT/got\"; }
        systemctl() { :; }";
    let machine = run(&[with_secrets("a", &[("KEY", "generate:k")])], functions);
    machine.bash("mkdir -p \"$ROOT/mnt/shared\"; for i in 1 2 3 4; do bash \"$ROOT/opt/geusemaker/run\" services & done; wait");
    let got = machine.read("got");
    let got: Vec<_> = got.lines().collect();
    let file = machine.read(&format!("{MADE}/k"));
    assert_eq!(
        got,
        vec![format!("GEUSEMAKER_SECRET_0={}", file.trim_end()); 4]
    );
    assert_eq!(fs::read_dir(machine.path(MADE)).unwrap().count(), 1);
}

#[test]
fn failed_generation_is_reported() {
    for functions in [
        "sync() { echo 'sync: Input/output error' >&2; return 1; }",
        "head() { echo 'head: Input/output error' >&2; return 1; }",
    ] {
        let machine = run(&[with_secrets("a", &[("KEY", "generate")])], functions);
        let outcome = machine.outcome();
        assert!(
            outcome[0].starts_with("GEUSEMAKER:FAILED a: the secret KEY could not be made: ")
                && outcome[0].ends_with("Input/output error"),
            "{outcome:?}"
        );
        assert!(!machine.path(&format!("{MADE}/a.KEY")).exists());
    }
}

#[test]
fn script_with_secrets_fits() {
    let services: Vec<Service> = (0..10)
        .map(|n| {
            let secrets: BTreeMap<_, _> = (0..5).map(|v| (format!("V{v}"), format!("ssm:/stack/{n}/{}", noise(20, v)))).collect();
            let json = serde_json::json!({ "name": format!("s{n}"), "port": 100 + n, "image": "a", "secrets": secrets });
            serde_json::from_value(json).unwrap()
        })
        .collect();
    let data = user_data(&services).unwrap();
    assert!(data.len() < USER_DATA_MAX / 2, "{}", data.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_value_reaches_compose(value in prop_oneof![any::<String>(), "(\\$|\\{|'|\"|`|\\\\|\n|\r|\t| |%|&|\\*|é)*"]) {
        let value = value.replace('\0', "");
        let vault = Vault::new(&[("v", &value)]);
        let machine = Machine::new(&vault.functions()).for_seconds(1);
        machine.first_start(&script_of(&[with_secrets("a", &[("V", "ssm:v")])]));
        let passed = &passed(&machine, "a")["V"];
        prop_assert_eq!(passed.as_str(), value.trim_end_matches('\n'));
    }
}
