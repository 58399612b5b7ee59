//! The messages about secrets, with what to write instead. No message has the value.

use super::name::{self, NameSays};
use super::{Found, Hit};
use crate::spec::compose::Tables;
use crate::spec::service::{ContainerImage, ParameterName, ServiceFields};
use crate::spec::stack_name::StackName;

/// First words of names whose secrets somebody else has given out.
const OTHERS: [&str; 56] = [
    "ACTIVATION",
    "ANTHROPIC",
    "AWS",
    "AZURE",
    "BOT",
    "CIVITAI",
    "CLIENT",
    "CLOUDFLARE",
    "COHERE",
    "DEEPSEEK",
    "DISCORD",
    "DOCKER",
    "DOCKERHUB",
    "ELEVENLABS",
    "EMAIL",
    "FIREWORKS",
    "GCP",
    "GEMINI",
    "GH",
    "GITHUB",
    "GITLAB",
    "GOOGLE",
    "GROQ",
    "HF",
    "HUGGINGFACE",
    "HUGGINGFACEHUB",
    "HUGGING",
    "KAGGLE",
    "LANGCHAIN",
    "LANGSMITH",
    "LICENSE",
    "MAIL",
    "MISTRAL",
    "NGC",
    "NGROK",
    "NOTION",
    "NPM",
    "NVIDIA",
    "OAUTH",
    "OPENAI",
    "OPENROUTER",
    "PERPLEXITY",
    "PINECONE",
    "PYPI",
    "REPLICATE",
    "SENDGRID",
    "SENTRY",
    "SLACK",
    "SMTP",
    "STRIPE",
    "TAVILY",
    "TELEGRAM",
    "TOGETHER",
    "TS",
    "TWILIO",
    "WANDB",
];

/// Last words of names for which any long text does.
const ANY_TEXT: [&[&str]; 18] = [
    &["PASSWORD"],
    &["PASSWD"],
    &["PASSPHRASE"],
    &["PASS"],
    &["PWD"],
    &["PGPASSWORD"],
    &["REQUIREPASS"],
    &["MASTERAUTH"],
    &["SALT"],
    &["SECRET", "KEY"],
    &["SECRET", "KEY", "BASE"],
    &["ENCRYPTION", "KEY"],
    &["MASTER", "KEY"],
    &["AUTH", "TOKEN"],
    &["ADMIN", "TOKEN"],
    &["JWT", "SECRET"],
    &["SESSION", "SECRET"],
    &["NEXTAUTH", "SECRET"],
];

/// A program that reads the key of its API from a variable.
struct Program {
    name: &'static str,
    variable: &'static str,
}

/// Returns the message about a secret in a service, which is in a Compose file if there are tables for it.
pub(super) fn message(
    found: &Found,
    stack: &StackName,
    service: &ServiceFields,
    tables: Option<&Tables>,
) -> String {
    let Hit { name, .. } = &found.hit;
    let program = found
        .hit
        .is_option()
        .then(|| program(service.image(), name.as_deref().unwrap_or_default()))
        .flatten();
    let variable = match (&program, name) {
        (Some(program), _) => program.variable.to_owned(),
        (None, Some(name)) if found.is_variable => name.clone(),
        (None, _) => variable_for(&found.hit),
    };
    let parameter = parameter_for(stack, &variable);
    let setting = format!("{variable} = \"ssm:{parameter}\"");
    let write = match tables {
        Some(tables) => tables.write("secrets", service.name(), &setting),
        None => format!("write secrets = {{ {setting} }}"),
    };
    let what = match name {
        Some(name) if !found.is_variable => format!("the value of {name} looks like a secret"),
        Some(_) | None => "looks like a secret".to_owned(),
    };
    let mut message = format!(
        "{what}, and whoever may describe the instances can read it here: {write}, and store the value with aws ssm \
         put-parameter --type SecureString --name {parameter} --value …"
    );
    if !found.is_variable {
        message += &argument(found, &variable, tables.is_some());
    }
    if let (Some(program), Some(name)) = (&program, name) {
        message += &format!(
            "; it is shorter to leave {name} out, since {} reads {variable} itself",
            program.name
        );
    }
    if program.is_some() || (!found.hit.is_known_form && can_be_made(&variable)) {
        message += &format!(
            "; or write \"generate\" in place of \"ssm:{parameter}\" for one that the instances make"
        );
    }
    if let Some(name) = name {
        let names = format!("[{name:?}]");
        message += "; if it is no secret, ";
        message += &match tables {
            Some(tables) => tables.add(&format!(
                "[compose.not_secret] {} = {names}",
                service.name()
            )),
            None => format!("add not_secret = {names}"),
        };
    }
    message
}

/// Returns how a program gets the value of the variable as an argument. A shell puts it there, whatever variables the
/// program reads.
fn argument(found: &Found, variable: &str, is_of_compose: bool) -> String {
    // A Compose file has variables of its own.
    let sign = if is_of_compose { "$$" } else { "$" };
    if found.is_in_shell {
        return format!("; in the command, write \"{sign}{variable}\" in place of the value");
    }
    let option = match &found.hit.name {
        Some(name) if found.hit.is_option() => name,
        Some(_) | None => "…",
    };
    let command = format!("['exec PROGRAM {option} \"{sign}{variable}\"']");
    let keys = if is_of_compose {
        format!("entrypoint: [\"sh\", \"-c\"] and command: {command}")
    } else {
        format!("entrypoint = [\"sh\", \"-c\"] and command = {command}")
    };
    format!(
        "; give it to the program through a shell: {keys}, where PROGRAM is the entrypoint of the image with its other \
         words"
    )
}

/// Returns the program of the image, if it reads what this option says from a variable.
fn program(image: &ContainerImage, option: &str) -> Option<Program> {
    let words = name::words(option);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    if !matches!(words[..], ["API" | "MASTER", "KEY"] | ["APIKEY"]) {
        return None;
    }
    let last = image.as_str().rsplit('/').find(|part| !part.is_empty())?;
    let last = last.split([':', '@']).next().unwrap_or_default();
    let (name, variable) = if last.starts_with("vllm") {
        ("vLLM", "VLLM_API_KEY")
    } else if last.starts_with("llama.cpp") {
        ("llama.cpp", "LLAMA_API_KEY")
    } else if last.starts_with("litellm") {
        ("LiteLLM", "LITELLM_MASTER_KEY")
    } else if last.starts_with("qdrant") {
        ("Qdrant", "QDRANT__SERVICE__API_KEY")
    } else {
        return None;
    };
    Some(Program { name, variable })
}

/// Returns a variable for a secret of a command: after its option, if that says what it is, or else after its form.
fn variable_for(hit: &Hit) -> String {
    let name = hit.name.as_deref().unwrap_or_default();
    let words = name::words(name.strip_prefix("-D").unwrap_or(name)).join("_");
    match words.as_str() {
        _ if name::says(name) == NameSays::Nothing => hit.variable.to_owned(),
        "REQUIREPASS" | "MASTERAUTH" => "REDIS_PASSWORD".to_owned(),
        "KEY" | "TOKEN" => format!("API_{words}"),
        _ if words.starts_with(|c: char| c.is_ascii_digit()) => hit.variable.to_owned(),
        _ => words,
    }
}

/// Returns true if any long text can be the secret of this name, since only the programs of the stack know it.
fn can_be_made(variable: &str) -> bool {
    let words = name::words(variable);
    let is_of_others = words.iter().any(|word| OTHERS.contains(&word.as_str()));
    let ends_with = |last: &[&str]| {
        let start = words.len().checked_sub(last.len());
        start.is_some_and(|start| words[start..] == *last)
    };
    !is_of_others && ANY_TEXT.iter().any(|last| ends_with(last))
}

/// Returns a name for the parameter that would hold the value.
fn parameter_for(stack: &StackName, variable: &str) -> String {
    let last = name::words(variable).join("-").to_ascii_lowercase();
    let name = format!("/{stack}/{last}");
    if name.parse::<ParameterName>().is_ok() {
        name
    } else {
        format!("/secrets/{last}")
    }
}
