//! Tests of whole specs, which have a secret at every place where one can stand.

use proptest::prelude::*;

use crate::spec::{Compute, DeploymentSpec, Service, SpecError, Tier};

const SECRET: &str = "hunter2-aB3dE5gH7jK9";

fn toml(keys: &str) -> Result<DeploymentSpec, SpecError> {
    DeploymentSpec::from_toml(&format!(
        "name = 'llm'\ntier = 1\n[compute]\ninstance_type = 'g5.xlarge'\n\
         [[service]]\nname = 'a'\nport = 80\nimage = 'a/b'\n{keys}\n"
    ))
}

/// Returns the error, after a look for the secret in it.
fn error(keys: &str) -> String {
    let error = toml(keys).expect_err(keys);
    let texts = [error.to_string(), format!("{error:?}")];
    for part in [SECRET, "aB3dE5gH7jK9"] {
        assert!(texts.iter().all(|text| !text.contains(part)), "{texts:?}");
    }
    error.to_string()
}

#[test]
fn secret_in_env_has_remedy() {
    assert_eq!(
        error(&format!("env = {{ A = 1, HF_TOKEN = '{SECRET}' }}")),
        "line 9: service[0].env.HF_TOKEN: looks like a secret, and whoever may describe the instances can read it here: \
         write secrets = { HF_TOKEN = \"ssm:/llm/hf-token\" }, and store the value with aws ssm put-parameter --type \
         SecureString --name /llm/hf-token --value …; if it is no secret, add not_secret = [\"HF_TOKEN\"]"
    );
    assert!(toml("secrets = { HF_TOKEN = 'ssm:/llm/hf-token' }").is_ok());
    assert!(
        toml(&format!(
            "env = {{ HF_TOKEN = '{SECRET}' }}\nnot_secret = ['HF_TOKEN']"
        ))
        .is_ok()
    );
}

/// Many tokens have no digit.
#[test]
fn token_of_letters_is_refused() {
    let token = ["hf_", "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"].concat();
    for keys in [
        "env = { F = '§' }",
        "command = ['§']",
        "command = ['-f', '§']",
        "args = ['--f=§']",
        "entrypoint = ['sh', '-c', 'exec a §']",
        "env = { '§' = 'x' }",
        "secrets = { '§' = 'generate' }",
        "not_secret = ['§']",
        "§ = 'x'",
        "env = { '§' = [1] }",
        "user = '§'",
        "image = '§'",
    ] {
        let error = toml(&keys.replace('§', &token)).expect_err(keys);
        assert!(!format!("{error:?}").contains(&token), "{error:?}");
    }
    let json = serde_json::json!({ "name": "llm", "tier": 1, token.clone(): 1 });
    let error = serde_json::from_value::<DeploymentSpec>(json).unwrap_err();
    assert!(!error.to_string().contains(&token), "{error}");
}

/// Only a value that nobody else has given out can be made up.
#[test]
fn value_is_made_for_own_secrets_alone() {
    for name in [
        "POSTGRES_PASSWORD",
        "SECRET_KEY",
        "WEBUI_SECRET_KEY",
        "N8N_ENCRYPTION_KEY",
        "SALT",
        "LITELLM_MASTER_KEY",
        "N8N_RUNNERS_AUTH_TOKEN",
        "ADMIN_TOKEN",
        "PGPASSWORD",
    ] {
        let error = error(&format!("env = {{ {name} = '{SECRET}' }}"));
        assert!(
            error.contains("or write \"generate\" in place of \"ssm:/llm/"),
            "{error}"
        );
    }
    for (name, value) in [
        ("HF_TOKEN", SECRET),
        ("OPENAI_API_KEY", SECRET),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SECRET_KEY", SECRET),
        ("GITHUB_TOKEN", SECRET),
        ("SLACK_BOT_TOKEN", SECRET),
        ("N8N_SMTP_PASS", SECRET),
        ("NEO4J_AUTH", "neo4j/hunter2-aB3dE5gH7jK9"),
        (
            "DATABASE_URL",
            "postgresql://n8n:hunter2-aB3dE5gH7jK9@db/n8n",
        ),
        (
            "DB_PASSWORD",
            "postgresql://n8n:hunter2-aB3dE5gH7jK9@db/n8n",
        ),
        ("DSN", "host=db password=hunter2-aB3dE5gH7jK9"),
    ] {
        let error = error(&format!("env = {{ {name} = '{value}' }}"));
        assert!(!error.contains("generate"), "{error}");
    }
}

#[test]
fn secret_in_command_has_remedy() {
    assert_eq!(
        error(&format!("args = ['--model', 'm', '--api-key', '{SECRET}']")),
        "line 9: service[0].args[3]: the value of --api-key looks like a secret, and whoever may describe the instances \
         can read it here: write secrets = { API_KEY = \"ssm:/llm/api-key\" }, and store the value with aws ssm \
         put-parameter --type SecureString --name /llm/api-key --value …; give it to the program through a shell: \
         entrypoint = [\"sh\", \"-c\"] and command = ['exec PROGRAM --api-key \"$API_KEY\"'], where PROGRAM is the \
         entrypoint of the image with its other words; if it is no secret, add not_secret = [\"--api-key\"]"
    );
    let found = error(&format!("command = ['--api-key={SECRET}']"));
    assert!(
        found.starts_with("line 9: service[0].command[0]: "),
        "{found}"
    );
    let silenced = format!("command = ['--api-key', '{SECRET}']\nnot_secret = ['--api-key']");
    assert!(toml(&silenced).is_ok());
    // The remedy is one that the check lets pass.
    let remedy = "secrets = { API_KEY = 'ssm:/llm/api-key' }\nentrypoint = [\"sh\", \"-c\"]\n\
                  command = ['exec PROGRAM --api-key \"$API_KEY\"']";
    assert!(toml(remedy).is_ok());
}

/// The variable has a name that says what it is, whatever the option.
#[test]
fn variables_of_remedy_have_good_names() {
    let token = ["hf_", "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"].concat();
    for (keys, variable, argument) in [
        (
            "command = ['redis-server', '--requirepass', '§']",
            "REDIS_PASSWORD",
            "--requirepass \"$REDIS_PASSWORD\"'",
        ),
        (
            "command = ['postgresql://n8n:§@db/n8n']",
            "DATABASE_URL",
            "PROGRAM … \"$DATABASE_URL\"'",
        ),
        (
            "command = ['-c', 'postgresql://n8n:§@db/n8n']",
            "DATABASE_URL",
            "PROGRAM -c \"$DATABASE_URL\"'",
        ),
        (
            "command = ['-t', 'TOKEN']",
            "HF_TOKEN",
            "PROGRAM -t \"$HF_TOKEN\"'",
        ),
        (
            "command = ['--token', '§']",
            "API_TOKEN",
            "--token \"$API_TOKEN\"'",
        ),
        (
            "command = ['-H', 'Authorization: Bearer §']",
            "AUTHORIZATION",
            "-H \"$AUTHORIZATION\"'",
        ),
        (
            "command = ['sh', '-c', 'exec a --api-key §']",
            "API_KEY",
            "write \"$API_KEY\" in place of the value",
        ),
        (
            "entrypoint = ['/bin/bash', '-c']\ncommand = ['exec a TOKEN']",
            "HF_TOKEN",
            "write \"$HF_TOKEN\" in place",
        ),
    ] {
        let error = error(
            &keys
                .replace('§', SECRET)
                .replace("'TOKEN", &format!("'{token}"))
                .replace(" TOKEN", &format!(" {token}")),
        );
        assert!(
            error.contains(&format!("write secrets = {{ {variable} = \"ssm:/llm/")),
            "{error}"
        );
        assert!(error.contains(argument), "{error}");
    }
}

/// Some programs read the key of their API from a variable, which is shorter.
#[test]
fn programs_read_their_variables() {
    for (image, wanted) in [
        (
            "vllm/vllm-openai:v0.11.0",
            Some("vLLM reads VLLM_API_KEY itself"),
        ),
        (
            "ghcr.io/ggml-org/llama.cpp:server-cuda",
            Some("llama.cpp reads LLAMA_API_KEY itself"),
        ),
        (
            "ghcr.io/berriai/litellm:main",
            Some("LiteLLM reads LITELLM_MASTER_KEY itself"),
        ),
        (
            "qdrant/qdrant",
            Some("Qdrant reads QDRANT__SERVICE__API_KEY itself"),
        ),
        ("lmsysorg/sglang:latest", None),
        ("vllm/other", None),
    ] {
        let spec = format!(
            "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n[[service]]\nname = 'a'\nport = 80\n\
             image = '{image}'\ncommand = ['--api-key', '{SECRET}']"
        );
        let error = DeploymentSpec::from_toml(&spec).unwrap_err().to_string();
        assert_eq!(
            error.contains("it is shorter to leave --api-key out, since "),
            wanted.is_some()
        );
        assert!(error.contains(wanted.unwrap_or_default()), "{error}");
    }
}

#[test]
fn secrets_are_found_everywhere() {
    for keys in [
        "env = { POSTGRES_PASSWORD = '§' }",
        "env = { DATABASE_URL = 'postgresql://n8n:§@db/n8n' }",
        "env = { NOTEBOOK_ARGS = '--IdentityProvider.token=§' }",
        "env = { NOTEBOOK_ARGS = '--ip 0.0.0.0 --IdentityProvider.token §' }",
        "env = { JAVA_OPTS = '-Xmx1g -Dpassword=§' }",
        "env = { DSN = 'host=db user=n8n password=§' }",
        "env = { AZURE = 'AccountName=a;AccountKey=§;EndpointSuffix=b' }",
        "env = { CALLBACK = 'https://a/b?api_key=§&c=d' }",
        "env = { CONFIG = '{\"models\": [{\"api_key\": \"§\"}]}' }",
        "env = { OPENAI_KEY = '§' }",
        "command = ['--password', '§']",
        "command = ['-token=§']",
        "command = ['redis-server', '--requirepass', '§']",
        "command = ['sh', '-c', 'HF_TOKEN=§ exec vllm serve m']",
        "command = ['sh', '-c', 'exec vllm serve m --api-key §']",
        "command = ['bash', '-lc', 'export API_KEY=\"§\"; exec server']",
        "command = ['curl', '-H', 'Authorization: Bearer §§']",
        "command = ['--config', '{\"token\": \"§\"}']",
        "command = ['--override', 'api_key=§']",
        "entrypoint = ['server', '--hf-token', '§']",
        "entrypoint = ['sh', '-c', \"su -c 'server --token §'\"]",
    ] {
        let keys = keys.replace('§', SECRET);
        assert!(error(&keys).contains("looks like a secret"), "{keys}");
    }
}

/// Settings of the programs of the examples, none of them a secret.
#[test]
fn usual_settings_pass() {
    for keys in [
        "env = { OPENAI_API_KEY = 'EMPTY', MAX_TOKENS = 4096, TOKENIZERS_PARALLELISM = false }",
        "env = { OPENAI_API_BASE_URL = 'http://ollama:11434/v1', WEBUI_AUTH = false, ENABLE_API_KEY = true }",
        "env = { HF_TOKEN_PATH = '/run/secrets/hf', POSTGRES_PASSWORD_FILE = '/run/secrets/db' }",
        "env = { POSTGRES_HOST_AUTH_METHOD = 'trust', POSTGRES_INITDB_ARGS = '--auth-host=scram-sha-256' }",
        "env = { N8N_SECURE_COOKIE = false, N8N_BASIC_AUTH_ACTIVE = true, N8N_ENCRYPTION_KEY = '' }",
        "env = { RAG_TOKEN_OVERLAP = 100, QDRANT__TLS__KEY = './tls/key.pem', SORT_KEY = 'created' }",
        "env = { DATABASE_URL = 'postgresql://n8n@db:5432/n8n', REDIS_URL = 'redis://redis:6379/0' }",
        "env = { CLI_ARGS = '--listen --port 8188 --preview-method auto', A = \"it's\" }",
        "env = { CONFIG = '{\"max_tokens\": 3, \"eos_token\": \"</s>\", \"api_key\": null}' }",
        "args = ['--model', 'Qwen/Qwen3-8B', '--max-num-batched-tokens', '8192', '--tokenizer', 'Qwen/Qwen3-8B']",
        "args = ['--hf-token', '--port', '80']",
        "args = ['--token'] # alone",
        "args = ['--password', '-v', 'x']",
        "args = ['--api-key', 'EMPTY', '--eos-token', '</s>', '--ssl-keyfile', '/tls/key.pem']",
        "command = ['sh', '-c', 'exec redis-server --requirepass \"$REDIS_PASSWORD\"']",
        "command = ['sh', '-c', 'exec vllm serve m --api-key ${VLLM_API_KEY}']",
        "entrypoint = ['python3', '-m', 'sglang.launch_server', '--host', '0.0.0.0']",
    ] {
        assert!(toml(keys).is_ok(), "{keys}: {:?}", toml(keys));
    }
}

/// A value where its place belongs is refused before it reaches a journal.
#[test]
fn value_in_place_of_secret_is_refused() {
    let error = error("secrets = { HF_TOKEN = 'ssm:hf_aB3dE5gH7jK9mN1pQ3sT5vW7yZ' }");
    assert!(
        error.starts_with(
            "line 9: service[0].secrets.HF_TOKEN: has the value of a secret where its place belongs"
        ),
        "{error}"
    );
}

/// Problems that have nothing to do with secrets do not repeat one either.
#[test]
fn wrong_types_are_not_repeated() {
    for keys in [
        "env = 'HF_TOKEN=§'",
        "env = ['HF_TOKEN=§']",
        "secrets = 'HF_TOKEN=§'",
        "secrets = { HF_TOKEN = '§' }",
        "command = '--api-key §'",
        "entrypoint = '--api-key §'",
        "env = { HF_TOKEN = '§' }\nsecrets = { HF_TOKEN = 'generate' }",
        "env = { 'HF_TOKEN=§' = 'x' }",
        "env = { 'HF_TOKEN §' = 'x' }",
        "secrets = { 'HF_TOKEN=§' = 'generate' }",
        "not_secret = '§'",
        "not_secret = ['HF_TOKEN=§']",
        "not_secret = { A = '§' }",
        "compose = { file = 'a', secrets = '§' }",
        "compose = { file = 'a', secrets.a = '§' }",
        "compose = { file = 'a', secrets.a = { 'A=§' = 'generate' } }",
        "compose = { file = 'a', not_secret = '§' }",
        "compose = { file = 'a', not_secret.a = '§' }",
        "user = 'https://user:§@reg.io/x'",
    ] {
        error(
            &keys
                .replace("'§'", &format!("'{SECRET}'"))
                .replace("=§", &format!("={SECRET}"))
                .replace(" §'", &format!(" {SECRET}'"))
                .replace(":§@", &format!(":{SECRET}@")),
        );
    }
    for keys in [
        "env = 12345678",
        "secrets = 12345678",
        "secrets = { A = 12345678 }",
        "not_secret = 12345678",
    ] {
        let error = error(keys);
        assert!(!error.contains("12345678"), "{error}");
    }
    assert_eq!(
        error(&format!("env = {{ 'A=A' = 'x', 'B={SECRET}' = 'y' }}")),
        "line 9: service[0].env: A is followed by \"=\" within the name: write A = \"value\""
    );
}

/// A spec from any of its makers is checked. A journal is not: it must stay readable.
#[test]
fn journal_with_secret_is_readable() {
    let compute = Compute::builder("g5.xlarge".parse().unwrap());
    let service = Service::builder("a".parse().unwrap(), 80, "a/b".parse().unwrap())
        .env("HF_TOKEN".parse().unwrap(), SECRET);
    let builder = DeploymentSpec::builder("llm".parse().unwrap(), Tier::Instances, compute);
    let error = builder.clone().service(service).build().unwrap_err();
    assert_eq!(error.field(), Some("service[0].env.HF_TOKEN"));

    let spec = builder.build().unwrap();
    let mut json = serde_json::to_value(&spec).unwrap();
    json["service"] = serde_json::json!([{ "name": "a", "port": 80, "image": "a/b", "env": { "HF_TOKEN": SECRET } }]);
    let error = serde_json::from_value::<DeploymentSpec>(json.clone()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("service[0].env.HF_TOKEN: looks like a secret")
    );
    let stored = DeploymentSpec::deserialize_stored(json).unwrap();
    assert_eq!(stored.services()[0].env().values().next().unwrap(), SECRET);
}

proptest! {
    /// The check ends, and repeats no value.
    #[test]
    fn any_words_are_checked(
        words in prop::collection::vec(
            prop_oneof![any::<String>(), "(--token|[a-c]|=|[{}\"':,\\[\\]]| |PASSWORD|\\$)*"], 0..4),
        value in "[a-z]{8}[0-9]{8}",
    ) {
        let words: Vec<_> = words.into_iter().map(|word| word.replace('\0', "")).collect();
        let compute = Compute::builder("g5.xlarge".parse().unwrap());
        let service = Service::builder("a".parse().unwrap(), 80, "a/b".parse().unwrap())
            .command(words.iter().map(String::as_str).chain(["--password", &value]));
        let spec = DeploymentSpec::builder("llm".parse().unwrap(), Tier::Instances, compute);
        let error = spec.service(service).build().unwrap_err().to_string();
        prop_assert!(!error.contains(&value), "{}", error);
    }
}
