//! Reads a spec from TOML, and reports problems with their place.

use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::Deserialize as _;
use serde_path_to_error::Track;

use super::DeploymentSpec;
use super::error::{MISSING, SpecError, UNKNOWN_KEY};
use super::excerpt::Excerpt;
use super::limited_file;
use super::plain_secret;
use super::service::ServiceFields;
use super::toml_document::Document;
use super::unchecked::{ImportWarnings, UncheckedSpec};
use super::variables::{Replaced, SpecVariables};

/// Reads the file and the spec in it, whose variables are replaced if there are values for them.
pub(super) fn read(
    path: &Path,
    variables: Option<&SpecVariables>,
) -> Result<DeploymentSpec, SpecError> {
    limited_file::read(path)
        .map_err(|error| {
            SpecError::new(match error.kind() {
                ErrorKind::NotFound => "there is no such file; gm init writes one".to_owned(),
                _ => format!("cannot be read: {error}"),
            })
        })
        .and_then(|text| parse_in(&text, path.parent(), variables))
        .map_err(|error| error.in_file(path))
}

/// Reads the spec from a source with this name. Its paths are relative to the folder.
pub(super) fn read_from(
    source: impl Read,
    name: &str,
    folder: &Path,
    variables: Option<&SpecVariables>,
) -> Result<DeploymentSpec, SpecError> {
    limited_file::read_from(source)
        .map_err(|error| SpecError::new(format!("cannot be read: {error}")))
        .and_then(|text| parse_in(&text, Some(folder), variables))
        .map_err(|error| error.in_file(Path::new(name)))
}

/// Reads the spec in the text.
pub(super) fn parse(
    text: &str,
    variables: Option<&SpecVariables>,
) -> Result<DeploymentSpec, SpecError> {
    parse_in(text, None, variables)
}

/// Reads the spec in the text of a file in the folder.
fn parse_in(
    text: &str,
    folder: Option<&Path>,
    variables: Option<&SpecVariables>,
) -> Result<DeploymentSpec, SpecError> {
    let written = Document::parse(text).map_err(without_secrets)?;
    let located = |error: SpecError| {
        if error.file().is_some() {
            return without_secrets(error);
        }
        let line = error.field().and_then(|field| written.line_of(field));
        let excerpt = excerpt_of(&error, &written);
        without_secrets(error.on_line(line).with_excerpt(excerpt))
    };
    let replaced = match variables {
        Some(variables) => variables.replace_in(&written),
        None => Ok(Vec::new()),
    };
    let replaced = replaced.map_err(|error| error.each(located))?;
    let mut document = written.clone();
    for Replaced { steps, value, .. } in &replaced {
        document.set_text(steps, value);
    }
    let first = match deserialize(&mut document, &replaced) {
        // The errors of the checks across fields carry a path of their own.
        Ok(fields) => return check(fields, folder).map_err(|error| error.each(located)),
        Err(error) => error,
    };
    let others = others_after(&first, &document, &replaced);
    let errors = std::iter::once(first).chain(others).map(located);
    // There is at least the first.
    Err(SpecError::of_all(errors).unwrap_or_else(|| SpecError::new("is not a spec")))
}

/// Reads the fields. A text that is one variable becomes a number or a boolean where the field wants one.
fn deserialize<'a>(
    document: &mut Document<'a>,
    replaced: &'a [Replaced],
) -> Result<UncheckedSpec<ServiceFields>, SpecError> {
    loop {
        let error = match fields(document) {
            Ok(fields) => return Ok(fields),
            Err(error) => error,
        };
        let at = |error: &SpecError, it: &Replaced| error.field() == Some(it.path.as_str());
        let whole = replaced.iter().find(|it| it.is_whole && at(&error, it));
        let Some(whole) = whole else {
            return Err(error);
        };
        let mut typed = document.clone();
        if !typed.set_scalar(&whole.steps, &whole.value) {
            return Err(error);
        }
        // If neither fits, the message about the text says what would be right.
        if let Err(second) = fields(&typed)
            && at(&second, whole)
            && second.message().starts_with("invalid type")
        {
            return Err(error);
        }
        *document = typed;
    }
}

/// Reads the fields, each of which is checked by itself.
fn fields(document: &Document<'_>) -> Result<UncheckedSpec<ServiceFields>, SpecError> {
    let mut track = Track::new();
    let reader = document.reader();
    UncheckedSpec::deserialize(serde_path_to_error::Deserializer::new(reader, &mut track))
        .map_err(|error| explain(track.path().to_string(), &error))
}

/// The most errors that are shown at once.
const MOST_ERRORS: usize = 20;

/// Returns the errors after the first: those that are there without the fields that are wrong. What only the missing
/// fields make wrong is no error of the file.
fn others_after<'a>(
    first: &SpecError,
    document: &Document<'a>,
    replaced: &'a [Replaced],
) -> Vec<SpecError> {
    let mut rest = document.clone();
    let mut removed: Vec<String> = Vec::new();
    let mut others = Vec::new();
    let mut next = first.field().map(str::to_owned);
    while let Some(field) = next.take() {
        // A field that is missing leaves with its table, in which nothing is missing then.
        let mut gone = field.as_str();
        while !rest.remove(gone) {
            let Some((table, _)) = gone.rsplit_once('.') else {
                return others;
            };
            gone = table;
        }
        removed.push(gone.to_owned());
        let Err(error) = deserialize(&mut rest, replaced) else {
            break;
        };
        let Some(field) = error.field() else { break };
        let is_beside =
            |gone: &String| table_of(gone) == table_of(field) || table_of(gone) == Some(field);
        let is_consequence = error.is_missing() && removed.iter().any(is_beside);
        next = Some(field.to_owned());
        if !is_consequence {
            others.push(error);
        }
        if others.len() == MOST_ERRORS {
            break;
        }
    }
    others
}

/// Returns the table that a field is in.
fn table_of(field: &str) -> Option<&str> {
    field.rsplit_once('.').map(|(table, _)| table)
}

/// Returns the line of the problem, if it can be shown to everybody.
fn excerpt_of(error: &SpecError, document: &Document<'_>) -> Option<Excerpt> {
    let field = error.field()?;
    let excerpt = match error.is_unknown_key() {
        true => document.key_of(field),
        false => document.value_of(field),
    };
    excerpt.filter(|excerpt| plain_secret::may_be_shown(field, excerpt.line()))
}

/// Leaves out what a message repeats of the file, if it is a secret at a wrong place.
fn without_secrets(error: SpecError) -> SpecError {
    error.map_texts(plain_secret::without_secrets)
}

/// Makes the spec of the fields, with the services of its Compose file.
fn check(
    mut fields: UncheckedSpec<ServiceFields>,
    folder: Option<&Path>,
) -> Result<DeploymentSpec, SpecError> {
    let Some((compose, folder)) = fields.compose.take_if(|_| folder.is_some()).zip(folder) else {
        return DeploymentSpec::check_written(fields, None);
    };
    let tables = compose.tables();
    let mut import = compose.read(folder, &tables)?;
    let first = fields.services.len();
    fields.services.append(&mut import.fields);
    fields.import_warnings = ImportWarnings(std::mem::take(&mut import.warnings));
    DeploymentSpec::check_written(fields, Some((first, &tables)))
        .map_err(|error| error.each(|error| import.locate(first, error)))
}

/// Turns serde's message into one that says what would be right.
fn explain(path: String, error: &toml::de::Error) -> SpecError {
    let message = error.message();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        // serde quotes the unknown key first and then the allowed ones, each in backticks.
        let mut names = rest.split('`').skip(1).step_by(2);
        let key = names.next().unwrap_or_default();
        return unknown_key(&path, key, names.collect());
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        let field = join(&path, rest.trim_matches('`'));
        return SpecError::new(format!("{MISSING}: add it to {}", table_name(&path))).at(field);
    }
    let error = SpecError::new(message);
    if path.is_empty() || path == "." {
        error
    } else {
        error.at(path)
    }
}

fn unknown_key(path: &str, key: &str, mut allowed: Vec<&str>) -> SpecError {
    allowed.sort_by_key(|name| (strsim::damerau_levenshtein(name, key), *name));
    let table = path.strip_suffix(key).unwrap_or(path).trim_end_matches('.');
    SpecError::new(format!(
        "{UNKNOWN_KEY} {key:?} in {}; allowed are {}",
        table_name(table),
        allowed.join(", ")
    ))
    .at(path)
}

fn join(table: &str, key: &str) -> String {
    if table.is_empty() || table == "." {
        key.to_owned()
    } else {
        format!("{table}.{key}")
    }
}

/// Returns the header that the table at this path has in the file.
fn table_name(path: &str) -> String {
    match path.split_once('[') {
        Some((array, rest)) => match rest.split_once("].") {
            Some((_, inner)) => format!("{inner} of [[{array}]]"),
            None => format!("[[{array}]]"),
        },
        None if path.is_empty() || path == "." => "the top level of the file".to_owned(),
        None => format!("[{path}]"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::spec::{Market, Tier};

    const EVERYTHING: &str = r#"name = "llm-prod"
region = "us-east-1"
tier = 3
[network]
vpc = "vpc-0a"
subnets = ["subnet-0a", "subnet-0b"]
[compute]
instance_type = "g5.xlarge"
count = 2
fallback = ["g6.xlarge", "g4dn.xlarge"]
market = "spot-then-on-demand"
ami = "ami-0a"
root_volume_gib = 300
key_pair = "me"
gpu_check = false
[storage]
file_system = "fs-0a"
keep_on_destroy = true
[[service]]
name = "ollama"
port = 11434
health_path = "/api/version"
paths = ["/ollama/*"]
image = "ollama/ollama:latest"
data_path = "/root/.ollama"
[[service]]
name = "ui"
port = 8080
image = "ui"
[load_balancer]
wait_timeout = "10m"
health_check_interval = "15s"
healthy_threshold = 3
unhealthy_threshold = 4
[cdn]
wait_timeout = "1h"
"#;

    /// Returns the error of the complete spec after the line that starts with `old` is replaced by `new`.
    fn error_with(old: &str, new: &str) -> String {
        let changed: String = EVERYTHING
            .split_inclusive('\n')
            .map(|line| {
                if line.starts_with(old) {
                    format!("{new}\n")
                } else {
                    line.to_owned()
                }
            })
            .collect();
        assert_ne!(changed, EVERYTHING, "no line starts with {old}");
        parse(&changed, None)
            .unwrap_err()
            .in_file(Path::new("gm.toml"))
            .to_string()
    }

    #[test]
    fn all_keys_are_read() {
        let spec = parse(EVERYTHING, None).unwrap();
        assert_eq!((spec.name().as_str(), spec.tier()), ("llm-prod", Tier::Cdn));
        assert_eq!(spec.region().unwrap().as_str(), "us-east-1");
        assert_eq!(spec.network().vpc().unwrap().as_str(), "vpc-0a");
        assert_eq!(spec.network().subnets().len(), 2);
        let compute = spec.compute();
        assert_eq!(compute.instance_type().name(), "g5.xlarge");
        assert_eq!((compute.count(), compute.fallback().len()), (2, 2));
        assert_eq!(
            (compute.market(), compute.root_volume_gib()),
            (Market::SpotThenOnDemand, 300)
        );
        assert_eq!(compute.ami().unwrap().to_string(), "ami-0a");
        assert_eq!(compute.key_pair().unwrap().as_str(), "me");
        assert!(!compute.gpu_check());
        assert_eq!(spec.storage().file_system().unwrap().as_str(), "fs-0a");
        assert!(spec.storage().keep_on_destroy());
        let [ollama, ui] = spec.services() else {
            panic!("{:?}", spec.services())
        };
        assert_eq!(
            (ollama.name().as_str(), ollama.port()),
            ("ollama", Some(11434.into()))
        );
        assert_eq!(ollama.health().path().as_str(), "/api/version");
        assert_eq!(ollama.paths()[0].as_str(), "/ollama/*");
        assert_eq!(
            (ollama.image().as_str(), ollama.volumes()[0].path().as_str()),
            ("ollama/ollama:latest", "/root/.ollama")
        );
        assert_eq!(
            (ui.health().path().as_str(), ui.volumes()[0].path().as_str()),
            ("/", "/data")
        );
        assert_eq!(spec.default_service(), Some(ui));
        assert_eq!(
            spec.load_balancer().wait_timeout(),
            Duration::from_secs(600)
        );
        assert_eq!(
            spec.load_balancer().health_check_interval(),
            Duration::from_secs(15)
        );
        assert_eq!(spec.load_balancer().healthy_threshold(), 3);
        assert_eq!(spec.load_balancer().unhealthy_threshold(), 4);
        assert_eq!(spec.cdn().wait_timeout(), Duration::from_secs(3600));
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<DeploymentSpec>(&json).unwrap(), spec);
    }

    #[test]
    fn wrong_value_has_line_and_field() {
        for (old, new, wanted) in [
            (
                "name = \"llm",
                "name = \"Llm\"",
                "gm.toml:1: name: \"Llm\" is not a stack name: expected lower-case",
            ),
            (
                "region",
                "region = \"us-east-1a\"",
                "gm.toml:2: region: \"us-east-1a\" is an Availability Zone",
            ),
            (
                "tier",
                "tier = 4",
                "gm.toml:3: tier: there is no tier 4: expected 1 (instances), 2",
            ),
            (
                "vpc",
                "vpc = \"default\"",
                "gm.toml:5: network.vpc: \"default\" is not a VPC id: expected vpc- ",
            ),
            (
                "subnets",
                "subnets = [\n\"subnet-0a\",\n\"sub-1\"]",
                "gm.toml:8: network.subnets[1]: \"sub-1\" is not a subnet id",
            ),
            (
                "instance_type",
                "instance_type = \"g5.xlagre\"",
                "gm.toml:8: compute.instance_type: unknown GPU instance type \"g5.xlagre\"; did you mean \"g5.xlarge\"?",
            ),
            (
                "count",
                "count = 0",
                "gm.toml:9: compute.count: must be 1 to 20, not 0",
            ),
            (
                "fallback",
                "fallback = [\"t3.mikro\"]",
                "gm.toml:10: compute.fallback[0]: unknown GPU instance type \"t3.mikro\"",
            ),
            (
                "market",
                "market = \"Spot\"",
                "gm.toml:11: compute.market: unknown variant `Spot`, expected one of `on-demand`, `spot`, ",
            ),
            (
                "ami",
                "ami = \"ami-\"",
                "gm.toml:12: compute.ami: \"ami-\" is not an AMI id",
            ),
            (
                "root_volume",
                "root_volume_gib = 99",
                "gm.toml:13: compute.root_volume_gib: must be 100 to 16384, not 99",
            ),
            (
                "root_volume",
                "root_volume_gib = 16385",
                "gm.toml:13: compute.root_volume_gib: must be 100 to 16384, not 16385",
            ),
            (
                "key_pair",
                "key_pair = \"\"",
                "gm.toml:14: compute.key_pair: \"\" is not the name of a key pair",
            ),
            (
                "file_system",
                "file_system = \"data\"",
                "gm.toml:17: storage.file_system: \"data\" is not a file system id",
            ),
            (
                "name = \"ui",
                "name = \"UI\"",
                "gm.toml:27: service[1].name: \"UI\" is not a service name",
            ),
            (
                "port = 8080",
                "port = 22",
                "gm.toml:28: service[1].port: port 22 is taken by SSH: choose another",
            ),
            (
                "port = 8080",
                "port = 65536",
                "gm.toml:28: service[1].port: must be a port from 1 to 65535, not 65536",
            ),
            (
                "health_path",
                "health_path = \"v\"",
                "gm.toml:22: service[0].health_path: \"v\" is not a health check path",
            ),
            (
                "paths",
                "paths = [\"ollama\"]",
                "gm.toml:23: service[0].paths[0]: \"ollama\" is not a path pattern",
            ),
            (
                "image = \"ui",
                "image = \"a b\"",
                "gm.toml:29: service[1].image: \"a b\" is not a container image",
            ),
            (
                "data_path",
                "data_path = \"data\"",
                "gm.toml:25: service[0].data_path: \"data\" is not a data path",
            ),
            (
                "wait_timeout = \"10m",
                "wait_timeout = \"2h\"",
                "gm.toml:31: load_balancer.wait_timeout: must be 10s to 1h, not 2h",
            ),
            (
                "health_check",
                "health_check_interval = \"1s\"",
                "gm.toml:32: load_balancer.health_check_interval: must be 5s to 5m, not 1s",
            ),
            (
                "healthy",
                "healthy_threshold = 1",
                "gm.toml:33: load_balancer.healthy_threshold: must be 2 to 10, not 1",
            ),
            (
                "unhealthy",
                "unhealthy_threshold = 11",
                "gm.toml:34: load_balancer.unhealthy_threshold: must be 2 to 10, not 11",
            ),
            (
                "wait_timeout = \"1h",
                "wait_timeout = \"soon\"",
                "gm.toml:36: cdn.wait_timeout: \"soon\" is not a duration such as \"300s\", \"30m\"",
            ),
        ] {
            let error = error_with(old, new);
            assert!(
                error.starts_with(wanted),
                "{new}\n wanted {wanted}\n    got {error}"
            );
        }
    }

    #[test]
    fn wrong_type_names_right_type() {
        for (old, new, wanted) in [
            (
                "name = \"llm",
                "name = 3",
                "gm.toml:1: name: invalid type: integer `3`, expected a string",
            ),
            (
                "tier",
                "tier = \"3\"",
                "gm.toml:3: tier: invalid type: string \"3\", expected a whole number",
            ),
            (
                "count",
                "count = 1.5",
                "gm.toml:9: compute.count: invalid type: floating point `1.5`, expected a whole number",
            ),
            (
                "gpu_check",
                "gpu_check = \"no\"",
                "gm.toml:15: compute.gpu_check: invalid type: string \"no\", expected a boolean",
            ),
            (
                "fallback",
                "fallback = \"g6.xlarge\"",
                "gm.toml:10: compute.fallback: invalid type: string \"g6.xlarge\", expected a sequence",
            ),
            (
                "port = 8080",
                "port = 80.8",
                "gm.toml:28: service[1].port: invalid type: floating point `80.8`, expected a port, as in 8000 or \"80:8000\"",
            ),
            (
                "wait_timeout = \"1h",
                "wait_timeout = 30",
                "gm.toml:36: cdn.wait_timeout: invalid type: integer `30`, expected a duration such as",
            ),
            (
                "[cdn]",
                "cdn = 1\n[other]",
                "gm.toml:35: load_balancer.cdn: unknown key \"cdn\" in [load_balancer]",
            ),
        ] {
            let error = error_with(old, new);
            assert!(
                error.starts_with(wanted),
                "{new}\n wanted {wanted}\n    got {error}"
            );
        }
        let error = parse("name = 'ab'\ntier = 1\ncompute = 1\n", None)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "line 3: compute: invalid type: integer `1`, expected a table"
        );
    }

    /// Each error of a service is at the line of its key, or of the item within it.
    #[test]
    fn service_keys_have_lines() {
        for (keys, wanted) in [
            (
                "ports = [\n81,\n'81/tcp']",
                "line 10: service[0].ports[1]: \"81/tcp\" is not a port: expected a number",
            ),
            (
                "command = 'serve'",
                "line 8: service[0].command: invalid type: a text, expected a list of words, as in",
            ),
            (
                "command = ['a']\nargs = ['b']",
                "line 9: service[0].args: command and args are two names of one thing",
            ),
            (
                "command = [\n'a',\n['b']]",
                "line 10: service[0].command[1]: invalid type: sequence, expected a text, a number",
            ),
            (
                "env = { A = 1,\nB = {} }",
                "line 9: service[0].env.B: invalid type: map, expected a text, a number",
            ),
            (
                "[service.env]\n'A B' = 1",
                "line 8: service[0].env: A, followed by ' ', is not the name of an environment variable",
            ),
            (
                "gpus = 'two'",
                "line 8: service[0].gpus: \"two\" is not \"all\", \"none\" or a number of GPUs",
            ),
            (
                "gpus = 2",
                "line 8: service[0].gpus: must be at most 1, the GPUs of g5.xlarge, not 2",
            ),
            (
                "shm_size = '8 GB'",
                "line 8: service[0].shm_size: \"8 GB\" is not a number of bytes, or one with a unit",
            ),
            (
                "ulimits = { memlock = 'x' }",
                "line 8: service[0].ulimits.memlock: invalid type: string \"x\", expected a whole number",
            ),
            (
                "volumes = ['/a']",
                "line 8: service[0].volumes[0]: invalid type: string \"/a\", expected a table, as in {",
            ),
            (
                "volumes = [{ path = '/a', at = 'b' }]",
                "line 8: service[0].volumes[0].at: unknown key \"at\" in volumes[0] of [[service]]; allowed are ",
            ),
            (
                "volumes = [{ on = 'local' }]",
                "line 8: service[0].volumes[0].path: is missing: add it to volumes[0] of [[service]]",
            ),
            (
                "volumes = [{ path = '/a', on = 'nfs' }]",
                "line 8: service[0].volumes[0].on: unknown variant `nfs`, expected one of `shared`, `local`, `scratch`",
            ),
            (
                "volumes = [\n{ path = '/a' },\n{ path = '/a' }]",
                "line 10: service[0].volumes[1].path: /a is the path of an earlier volume",
            ),
            (
                "user = 'node'",
                "line 8: service[0].user: \"node\" is not a user: expected the numbers of a user",
            ),
            (
                "restart = 'never'",
                "line 8: service[0].restart: unknown variant `never`, expected one of `unless-stopped`",
            ),
            (
                "depends_on = ['db']",
                "line 8: service[0].depends_on[0]: there is no service db, nor any other service",
            ),
            (
                "health = { matcher = '2xx' }",
                "line 8: service[0].health.matcher: \"2xx\" is not a list of HTTP statuses",
            ),
            (
                "[service.health]\nport = 81",
                "line 9: service[0].health.port: the service does not publish 81 on the instance",
            ),
            (
                "[service.health]\npth = '/'",
                "line 9: service[0].health.pth: unknown key \"pth\" in health of [[service]]; allowed are path, ",
            ),
            (
                "health_path = '/'\nhealth = {}",
                "line 8: service[0].health_path: health has a path too: keep one",
            ),
            (
                "internal = true",
                "line 6: service[0].port: an internal service is not served by the load balancer: leave port",
            ),
        ] {
            let text = format!(
                "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n[[service]]\nname = 'a'\nport = 80\nimage = 'a'\n{keys}\n"
            );
            let error = parse(&text, None).unwrap_err().to_string();
            assert!(
                error.starts_with(wanted),
                "{keys}\n wanted {wanted}\n    got {error}"
            );
        }
    }

    /// The nearest allowed key comes first.
    #[test]
    fn unknown_key_lists_allowed_keys() {
        for (old, new, wanted) in [
            (
                "region",
                "regoin = \"x\"",
                "gm.toml:2: regoin: unknown key \"regoin\" in the top level of the file; allowed are region, ",
            ),
            (
                "count",
                "cuont = 1",
                "gm.toml:9: compute.cuont: unknown key \"cuont\" in [compute]; allowed are count, ",
            ),
            (
                "port = 8080",
                "prot = 1",
                "gm.toml:28: service[1].prot: unknown key \"prot\" in [[service]]; allowed are port, ",
            ),
            (
                "[cdn]",
                "[cnd]",
                "gm.toml:35: cnd: unknown key \"cnd\" in the top level of the file; allowed are cdn, ",
            ),
            (
                "count",
                "\"a b\" = 1",
                "gm.toml:9: compute.a b: unknown key \"a b\" in [compute]; allowed are ",
            ),
        ] {
            let error = error_with(old, new);
            assert!(
                error.starts_with(wanted),
                "{new}\n wanted {wanted}\n    got {error}"
            );
        }
    }

    #[test]
    fn missing_field_names_its_table() {
        for (old, wanted) in [
            (
                "tier",
                "gm.toml: tier: is missing: add it to the top level of the file",
            ),
            (
                "instance_type",
                "gm.toml:7: compute.instance_type: is missing: add it to [compute]",
            ),
            (
                "port = 8080",
                "gm.toml:26: service[1].port: is missing: add it to [[service]], or set internal = true for a service \
                 that only other containers use",
            ),
        ] {
            assert_eq!(error_with(old, ""), wanted);
        }
    }

    #[test]
    fn invalid_toml_has_line_and_column() {
        let error = error_with("count", "count = = 2");
        assert!(error.starts_with("gm.toml:9:9: is not TOML: "), "{error}");
        let error = error_with("count", "instance_type = \"g6.xlarge\"");
        assert!(
            error.starts_with("gm.toml:9:1: is not TOML: duplicate key"),
            "{error}"
        );
    }

    #[test]
    fn file_is_read_and_named_in_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gm.toml");
        std::fs::write(&path, EVERYTHING).unwrap();
        assert_eq!(
            DeploymentSpec::from_file(&path).unwrap(),
            parse(EVERYTHING, None).unwrap()
        );
        std::fs::write(&path, "name = 1\n").unwrap();
        let error = DeploymentSpec::from_file(&path).unwrap_err();
        assert_eq!(
            (error.file(), error.line()),
            (Some(path.as_path()), Some(1))
        );
        std::fs::write(&path, b"name = \"\xff\"").unwrap();
        let error = DeploymentSpec::from_file(&path).unwrap_err();
        assert!(error.message().starts_with("cannot be read: "), "{error}");
    }

    #[test]
    fn missing_file_points_to_examples() {
        let error = DeploymentSpec::from_file("no/such/gm.toml")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "no/such/gm.toml: there is no such file; gm init writes one"
        );
    }

    proptest! {
        #[test]
        fn reader_never_panics(text in "(\\PC|\n|name|tier|compute|service|network|[\\[\\]=.'\"{}`])*") {
            let _ = parse(&text, None);
        }

        #[test]
        fn error_is_shown_at_its_line(line in 0..EVERYTHING.lines().count()) {
            let mut lines: Vec<&str> = EVERYTHING.lines().collect();
            lines.insert(line, "unknown = 1");
            let error = parse(&lines.join("\n"), None).unwrap_err();
            prop_assert_eq!(error.line(), Some(line + 1), "{}", error);
        }
    }

    /// Returns the errors of a spec: line and field.
    fn all_of(text: &str) -> Vec<(usize, String)> {
        let error = parse(text, None).unwrap_err();
        let all = std::iter::once(&error).chain(error.others());
        let all = all.map(|it| {
            let field = it.field().unwrap_or_default().to_owned();
            (it.line().unwrap_or_default(), field)
        });
        all.collect()
    }

    #[test]
    fn wrong_fields_are_found_together() {
        let text = "name = 'LLM'\ntier = 7\n[compute]\ninstance_type = 'g5.xlarge'\ncount = 99\ncuont = 2\n\
                    [[service]]\nname = 'a'\nport = 0\nimage = 'nginx:1'\n[[service]]\nname = 'B'\nport = 81\n\
                    image = 'nginx:1'\n[load_balancer]\nidle_timeout = '0s'";
        let found: Vec<_> = all_of(text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(found, [1, 2, 5, 6, 9, 12, 16]);
    }

    #[test]
    fn checks_between_fields_are_found_together() {
        let text = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\nnetwork.subnets = ['subnet-0a']\n\
                    [[service]]\nname = 'a'\nport = 80\nimage = 'nginx:1'\n[[service]]\nname = 'b'\nport = 81\n\
                    image = 'nginx:1'";
        let found = all_of(text);
        assert_eq!(found[0], (4, "network.subnets".to_owned()));
        assert_eq!(found[1].1, "service[1]");
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn missing_field_hides_no_others() {
        let text = "name = 'LLM'\ntier = 1\n[compute]\ncount = 1\n[storage]\nkeep_on_destroy = 3";
        let found: Vec<_> = all_of(text).into_iter().map(|(_, field)| field).collect();
        assert_eq!(
            found,
            ["name", "compute.instance_type", "storage.keep_on_destroy"]
        );
    }

    #[test]
    fn other_formats_are_named() {
        for (text, wanted) in [
            (
                "{\n  \"name\": \"llm\"\n}",
                "looks like JSON: gm specs are TOML",
            ),
            ("---\nname: llm\n", "looks like YAML: gm specs are TOML"),
        ] {
            let error = parse(text, None).unwrap_err();
            assert!(error.message().starts_with(wanted), "{error}");
        }
    }
}
