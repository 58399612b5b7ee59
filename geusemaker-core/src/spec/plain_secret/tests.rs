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
         SecureString --name /llm/hf-token --value …; or write \"generate\" for one that the instances make; if it is \
         no secret, add not_secret = [\"HF_TOKEN\"]"
    );
    assert!(toml("secrets = { HF_TOKEN = 'ssm:/llm/hf-token' }").is_ok());
    assert!(
        toml(&format!(
            "env = {{ HF_TOKEN = '{SECRET}' }}\nnot_secret = ['HF_TOKEN']"
        ))
        .is_ok()
    );
}

#[test]
fn secret_in_command_has_remedy() {
    let found = error(&format!("args = ['--model', 'm', '--api-key', '{SECRET}']"));
    assert!(
        found.starts_with(
            "line 9: service[0].args[3]: the value of --api-key looks like a secret, and whoever may describe the \
             instances can read it here: most programs read it from a variable as well: write secrets = { API_KEY = \
             \"ssm:/llm/api-key\" }"
        ),
        "{found}"
    );
    let found = error(&format!("command = ['--api-key={SECRET}']"));
    assert!(
        found.starts_with("line 9: service[0].command[0]: "),
        "{found}"
    );
    let silenced = format!("command = ['--api-key', '{SECRET}']\nnot_secret = ['--api-key']");
    assert!(toml(&silenced).is_ok());
    let positional = error("command = ['postgresql://n8n:hunter2-aB3dE5gH7jK9@db/n8n']");
    assert!(
        positional.contains("secrets = { VARIABLE = \"ssm:/llm/variable\" }")
            && !positional.contains("not_secret"),
        "{positional}"
    );
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

/// What people write for the programs of the examples, none of it a secret.
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
    ] {
        error(
            &keys
                .replace("'§'", &format!("'{SECRET}'"))
                .replace("=§", &format!("={SECRET}"))
                .replace(" §'", &format!(" {SECRET}'")),
        );
    }
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
