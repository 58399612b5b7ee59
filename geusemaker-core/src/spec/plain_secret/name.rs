//! Names of variables and options that say that their value is a secret.

/// Words that name a secret, also at the end of a longer word, as in `PGPASSWORD`.
const SECRETS: [&str; 16] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "REQUIREPASS",
    "MASTERAUTH",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
    "AUTHKEY",
    "ACCESSKEY",
    "ACCOUNTKEY",
    "PRIVATEKEY",
    "SECRETKEY",
    "MASTERKEY",
];

/// Words before `KEY` that make it one that must be kept secret.
const KINDS_OF_KEYS: [&str; 22] = [
    "ACCESS",
    "ACCOUNT",
    "ACTIVATION",
    "ADMIN",
    "API",
    "APP",
    "AUTH",
    "CRYPT",
    "ENCRYPT",
    "ENCRYPTION",
    "JWT",
    "LICENSE",
    "MASTER",
    "PRIVATE",
    "ROLE",
    "SALT",
    "SECRET",
    "SERVICE",
    "SESSION",
    "SHARED",
    "SIGNING",
    "STORAGE",
];

/// Words before others in two-word names of secrets.
const PAIRS: [(&str, &str); 12] = [
    ("ACCESS", "TOKENS"),
    ("API", "TOKENS"),
    ("AUTH", "TOKENS"),
    ("BEARER", "TOKENS"),
    ("CLIENT", "SECRETS"),
    ("BASIC", "AUTH"),
    ("HTTP", "AUTH"),
    ("NEO4J", "AUTH"),
    ("PROXY", "AUTH"),
    ("REDIS", "AUTH"),
    ("GITHUB", "PAT"),
    ("ERLANG", "COOKIE"),
];

/// Words before `TOKEN` that make it a piece of a language model's text.
const KINDS_OF_TEXT: [&str; 22] = [
    "AUDIO", "BOS", "CLS", "DECODE", "END", "EOS", "FIRST", "IMAGE", "INPUT", "LAST", "MASK",
    "MAX", "MIN", "NUM", "OUTPUT", "PAD", "PER", "PREFILL", "SEP", "START", "STOP", "UNK",
];

/// Last words of names that are about a secret.
const ABOUT: [&str; 79] = [
    "ACTIVE",
    "AGE",
    "ALG",
    "ALGO",
    "ALGORITHM",
    "ALLOWED",
    "ARN",
    "AUDIENCE",
    "BUDGET",
    "CLAIM",
    "COUNT",
    "DAYS",
    "DIR",
    "DIRECTORY",
    "DISABLED",
    "DOMAIN",
    "ENABLE",
    "ENABLED",
    "ENCODING",
    "ENDPOINT",
    "ENDPOINTS",
    "EXPIRATION",
    "EXPIRE",
    "EXPIRES",
    "EXPIRY",
    "FILE",
    "FILES",
    "FOLDER",
    "FORMAT",
    "HEADER",
    "HOST",
    "HOURS",
    "ID",
    "IDS",
    "IN",
    "INTERVAL",
    "ISSUER",
    "LEN",
    "LENGTH",
    "LEVEL",
    "LIFETIME",
    "LIMIT",
    "LIMITS",
    "LOCATION",
    "MAX",
    "METHOD",
    "MIN",
    "MINUTES",
    "MODE",
    "MS",
    "NAME",
    "NAMES",
    "PATH",
    "POLICY",
    "PORT",
    "PREFIX",
    "PROVIDER",
    "REGION",
    "REQUIRED",
    "RESTRICTIONS",
    "SCOPE",
    "SCOPES",
    "SECONDS",
    "SIZE",
    "SUFFIX",
    "TIMEOUT",
    "TTL",
    "TYPE",
    "URI",
    "URL",
    "USERNAME",
    "VERSION",
    "ENCRYPTION",
    "HASHER",
    "HASHING",
    "USER",
    "USERS",
    "USAGE",
    "STRENGTH",
];

/// First words of names of switches and limits.
const SWITCHES: [&str; 12] = [
    "ALLOW", "DISABLE", "ENABLE", "FORCE", "HAS", "IS", "MAX", "MIN", "NUM", "REQUIRE", "SKIP",
    "USE",
];

/// The meaning of a name for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameSays {
    /// The value is a secret.
    Secret,
    /// The value is a secret, or a number that says how many there are, as in `RAG_TOKEN_OVERLAP`.
    SecretOrNumber,
    /// The value is a key of some kind.
    Key,
    Nothing,
}

/// Returns what the name of a variable, an option or a key of JSON says about its value.
pub(super) fn says(name: &str) -> NameSays {
    let words = words(name);
    let Some((last, before)) = words.split_last() else {
        return NameSays::Nothing;
    };
    let is_id_of_secret = last == "ID" && before.last().is_some_and(|word| word == "SECRET");
    if (ABOUT.contains(&last.as_str()) && !is_id_of_secret) || SWITCHES.contains(&words[0].as_str())
    {
        return NameSays::Nothing;
    }
    for (index, word) in words.iter().enumerate() {
        let previous = index.checked_sub(1).map_or("", |index| &words[index]);
        let is_last = index + 1 == words.len();
        if word.ends_with("TOKEN") && word != "TIKTOKEN" && !KINDS_OF_TEXT.contains(&previous) {
            return if is_last {
                NameSays::Secret
            } else {
                NameSays::SecretOrNumber
            };
        }
        let is_word =
            !word.ends_with("TOKEN") && SECRETS.iter().any(|secret| word.ends_with(secret));
        let is_key = ["KEY", "KEYS"].contains(&word.as_str()) && KINDS_OF_KEYS.contains(&previous);
        let is_pair = PAIRS.contains(&(previous, word.as_str()));
        let ends_name = ["PASS", "PASSWORDS", "SALT", "APIKEYS"].contains(&word.as_str())
            || (word == "PWD" && index > 0);
        if is_word || is_key || is_pair || (is_last && ends_name) {
            return NameSays::Secret;
        }
    }
    if last == "KEY" && before.last().is_none_or(|word| word != "PUBLIC") {
        NameSays::Key
    } else {
        NameSays::Nothing
    }
}

/// Splits `QDRANT__SERVICE__API_KEY`, `--api-key` and `apiKey` into their words, in capital letters.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (was_small && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            word.push(c.to_ascii_uppercase());
        }
        was_small = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The variables of the programs that people run: vLLM, SGLang, Ollama, Open WebUI, LiteLLM, n8n, PostgreSQL,
    /// Qdrant, Langfuse, ComfyUI, Crawl4AI, SearXNG, Jupyter and others.
    #[test]
    fn secrets_are_known_by_name() {
        for name in [
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "HUGGINGFACEHUB_API_TOKEN",
            "HFTOKEN",
            "VLLM_API_KEY",
            "LLAMA_API_KEY",
            "OPENAI_API_KEY",
            "OPENAI_API_KEYS",
            "RAG_OPENAI_API_KEY",
            "WEBUI_SECRET_KEY",
            "WEBUI_ADMIN_PASSWORD",
            "OAUTH_CLIENT_SECRET",
            "LDAP_APP_PASSWORD",
            "LITELLM_MASTER_KEY",
            "LITELLM_SALT_KEY",
            "UI_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "N8N_ENCRYPTION_KEY",
            "N8N_USER_MANAGEMENT_JWT_SECRET",
            "DB_POSTGRESDB_PASSWORD",
            "N8N_SMTP_PASS",
            "N8N_LICENSE_ACTIVATION_KEY",
            "N8N_RUNNERS_AUTH_TOKEN",
            "CREDENTIALS_OVERWRITE_DATA",
            "POSTGRES_PASSWORD",
            "PGPASSWORD",
            "MYSQL_ROOT_PASSWORD",
            "MONGO_INITDB_ROOT_PASSWORD",
            "DB_PWD",
            "QDRANT__SERVICE__API_KEY",
            "QDRANT__SERVICE__READ_ONLY_API_KEY",
            "NEXTAUTH_SECRET",
            "SALT",
            "ENCRYPTION_KEY",
            "CLICKHOUSE_PASSWORD",
            "REDIS_AUTH",
            "NEO4J_AUTH",
            "LANGFUSE_S3_EVENT_UPLOAD_SECRET_ACCESS_KEY",
            "LANGFUSE_INIT_PROJECT_SECRET_KEY",
            "MINIO_ROOT_PASSWORD",
            "CIVITAI_TOKEN",
            "CRAWL4AI_API_TOKEN",
            "SEARXNG_SECRET",
            "JUPYTER_TOKEN",
            "TS_AUTHKEY",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS",
            "API_KEY",
            "API_KEY_1",
            "SECRET_KEY_BASE",
            "VAULT_SECRET_ID",
            "SUPABASE_SERVICE_ROLE_KEY",
            "N8N_INSTANCE_OWNER_PASSWORD_HASH",
            "GITHUB_PAT",
            "--api-key",
            "--hf-token",
            "--password",
            "--requirepass",
            "--IdentityProvider.token",
            "apiKey",
            "secretAccessKey",
            "AccountKey",
        ] {
            assert_eq!(says(name), NameSays::Secret, "{name}");
        }
        for name in ["HF_TOKEN_READ", "RAG_TOKEN_OVERLAP"] {
            assert_eq!(says(name), NameSays::SecretOrNumber, "{name}");
        }
        for name in ["OPENAI_KEY", "KEY", "QDRANT__TLS__KEY"] {
            assert_eq!(says(name), NameSays::Key, "{name}");
        }
    }

    #[test]
    fn other_names_say_nothing() {
        for name in [
            "",
            "_",
            "PWD",
            "MAX_TOKENS",
            "MAX_TOKEN",
            "MAX_BATCH_PREFILL_TOKENS",
            "MAX_TOTAL_TOKENS",
            "TOKENIZERS_PARALLELISM",
            "TIKTOKEN_ENCODING_NAME",
            "TIKTOKEN_CACHE",
            "HF_TOKEN_PATH",
            "TOKEN_LIMIT",
            "EOS_TOKEN",
            "POSTGRES_PASSWORD_FILE",
            "PGPASSFILE",
            "POSTGRES_HOST_AUTH_METHOD",
            "POSTGRES_USER",
            "POSTGRES_DB",
            "SSL_KEY_PATH",
            "N8N_SECURE_COOKIE",
            "N8N_BLOCK_ENV_ACCESS_IN_NODE",
            "N8N_BASIC_AUTH_ACTIVE",
            "N8N_PROXY_HOPS",
            "CREDENTIALS_OVERWRITE_ENDPOINT",
            "CREDENTIALS_DEFAULT_NAME",
            "ENABLE_API_KEY",
            "API_KEY_ALLOWED_ENDPOINTS",
            "JWT_EXPIRES_IN",
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "OAUTH_CLIENT_ID",
            "OPENAI_API_BASE_URL",
            "WEBUI_AUTH",
            "WEBUI_SESSION_COOKIE_SECURE",
            "STORE_MODEL_IN_DB",
            "UI_USERNAME",
            "AWS_ACCESS_KEY_ID",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "LANGFUSE_PUBLIC_KEY",
            "LANGFUSE_INIT_PROJECT_PUBLIC_KEY",
            "LANGFUSE_S3_EVENT_UPLOAD_ACCESS_KEY_ID",
            "CLICKHOUSE_MIGRATION_URL",
            "DATABASE_URL",
            "OLLAMA_KEEP_ALIVE",
            "OLLAMA_ORIGINS",
            "VLLM_ALLOW_LONG_MAX_MODEL_LEN",
            "CLI_ARGS",
            "WANTED_UID",
            "NB_UID",
            "PASSTHROUGH",
            "COMPASS",
            "password_encryption",
            "AUTHENTICATION_APIKEY_USERS",
            "AUTHENTICATION_APIKEY_ENABLED",
            "PASSWORD_RESET_TIMEOUT",
            "MONKEY",
            "SORT_KEYS",
            "--max-num-batched-tokens",
            "--tokenizer",
            "--tokenizer-mode",
            "--ssl-keyfile",
            "--enable-prefix-caching",
        ] {
            assert_eq!(says(name), NameSays::Nothing, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_read(name: String) {
            let _ = says(&name);
        }
    }
}
