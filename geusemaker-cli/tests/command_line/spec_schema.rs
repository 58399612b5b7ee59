//! The schema of the spec file, held against the reader of specs in both directions.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use geusemaker_core::DeploymentSpec;
use geusemaker_core::spec::{GpuInstanceType, Region, SpecError, SpecVariables};
use serde_json::{Map, Value, json};

use crate::gm::Gm;
use crate::json_schema::{self, SPEC, spec_errors};

const SCHEMA_LINE: &str = "#:schema https://raw.githubusercontent.com/geusemaker/geusemaker/main/geusemaker-cli/schemas/spec.schema.json\n";

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[track_caller]
fn assert_valid(text: &str) {
    let spec: Value = toml::from_str(text).unwrap();
    assert_eq!(spec_errors(&spec), [""; 0], "{text}");
}

#[test]
fn examples_and_templates_are_valid() {
    let mut count = 0;
    for folder in ["examples", "geusemaker-cli/templates"] {
        for file in fs::read_dir(in_repository(folder)).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|it| it == "toml") {
                let text = fs::read_to_string(&file).unwrap();
                assert!(text.starts_with(SCHEMA_LINE), "{}", file.display());
                assert_valid(&text);
                count += 1;
            }
        }
    }
    assert!(count >= 13, "{count}");
}

#[test]
fn written_spec_names_its_schema() {
    let gm = Gm::new();
    let name = ["init", "--yes", "--name", "mine"];
    gm.run(&[], &name).with(0);
    let text = fs::read_to_string(gm.home().join("gm.toml")).unwrap();
    assert!(text.starts_with(SCHEMA_LINE), "{text}");
    assert_valid(&text);
}

/// The parts of specs in the documentation are made whole with what every spec has.
#[test]
fn documented_specs_are_valid() {
    let mut count = 0;
    for file in ["docs/spec.md", "README.md"] {
        let text = fs::read_to_string(in_repository(file)).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            // A manifest, and a file with settings.
            if ["[dependencies]", "on_failure ="]
                .iter()
                .any(|it| block.contains(it))
            {
                continue;
            }
            if block.contains("${") {
                assert_eq!(spec_errors(&with_variables(block)), [""; 0], "{block}");
                count += 1;
                continue;
            }
            let part: Map<String, Value> = toml::from_str(&in_service(block)).unwrap();
            let mut spec = json!({"name": "llm", "tier": 3});
            spec["compute"]["instance_type"] = json!("g5.xlarge");
            spec.as_object_mut().unwrap().extend(part);
            assert_eq!(spec_errors(&spec), [""; 0], "{file}: {block}");
            count += 1;
        }
    }
    assert!(count >= 15, "{count}");
}

/// Returns the spec, as JSON, whose variables have values.
fn with_variables(block: &str) -> Value {
    let stage = "STAGE".parse().unwrap();
    let variables = SpecVariables::new().set(stage, "test");
    let service = "[[service]]\nname = 'ui'\nimage = 'ui'\nport = 80";
    let spec = DeploymentSpec::from_toml_with(&format!("{block}{service}"), &variables);
    let spec = spec.unwrap();
    serde_json::to_value(spec).unwrap()
}

/// Adds the service that a table of one is in.
fn in_service(block: &str) -> String {
    match block.starts_with("[service.") {
        true => format!("[[service]]\nname = \"ui\"\nimage = \"ui\"\n{block}"),
        false => block.to_owned(),
    }
}

/// A step from a table to what is in it.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    /// The only entry of a list.
    Entry,
}

/// A table of the spec that has named keys.
#[derive(Debug)]
struct Table {
    path: Vec<Step>,
    properties: Map<String, Value>,
}

/// Returns all tables of the schema, each at each of its places.
fn tables() -> Vec<Table> {
    let root = json_schema::schema(SPEC);
    let mut tables = Vec::new();
    collect(&root, &root, &[], &mut tables);
    tables
}

fn collect(root: &Value, schema: &Value, path: &[Step], tables: &mut Vec<Table>) {
    if let Some(place) = schema["$ref"].as_str() {
        return collect(root, root.pointer(&place[1..]).unwrap(), path, tables);
    }
    for one in schema["anyOf"].as_array().into_iter().flatten() {
        collect(root, one, path, tables);
    }
    let below = |step| [path, &[step]].concat();
    if let Some(properties) = schema["properties"].as_object() {
        tables.push(Table {
            path: path.to_owned(),
            properties: properties.clone(),
        });
        for (key, property) in properties {
            collect(root, property, &below(Step::Key(key.clone())), tables);
        }
    }
    if schema["items"].is_object() {
        collect(root, &schema["items"], &below(Step::Entry), tables);
    }
    if schema["additionalProperties"].is_object() {
        let one = below(Step::Key("one".to_owned()));
        collect(root, &schema["additionalProperties"], &one, tables);
    }
}

/// Returns what a table at this place needs beside the key that a test is about.
fn needed(place: &[&str]) -> Value {
    match place {
        [] => json!({"name": "llm", "tier": 1, "compute": {"instance_type": "g5.xlarge"}}),
        ["compute"] => json!({"instance_type": "g5.xlarge"}),
        ["network"] => json!({"create": true, "private": true}),
        ["service"] => json!({"name": "ui", "image": "ui", "port": 8080}),
        ["service", "volumes"] => json!({"path": "/data"}),
        ["compose"] => json!({"file": "compose.yml"}),
        ["load_balancer", "auth"] => json!({
            "type": "oidc",
            "issuer": "https://login.example.com",
            "authorization_endpoint": "https://login.example.com/authorize",
            "token_endpoint": "https://login.example.com/token",
            "user_info_endpoint": "https://login.example.com/userinfo",
            "client_id": "llm",
            "client_secret": "ssm:/llm/client-secret",
        }),
        ["load_balancer", "access_logs"] => json!({"bucket": "my-logs"}),
        ["cdn", "behavior"] => json!({"path": "/static/*", "cache": "disabled"}),
        ["cdn", "error"] => json!({"code": 404, "page": "/gone.html", "response": 200}),
        ["cdn", "logging"] => json!({"bucket": "my-logs.s3.amazonaws.com"}),
        ["domain"] => json!({"name": "llm.example.com"}),
        _ => json!({}),
    }
}

/// Returns a spec that has this key in a table.
fn spec_with(table: &Table, key: &str, value: Value) -> Value {
    let mut spec = needed(&[]);
    let mut names = Vec::new();
    let mut at = &mut spec;
    for step in &table.path {
        match step {
            Step::Key(name) => {
                names.push(name.as_str());
                at = &mut at[name.as_str()];
                *at = needed(&names);
            }
            Step::Entry => {
                *at = json!([needed(&names)]);
                at = &mut at[0];
            }
        }
    }
    at[key] = value;
    spec
}

fn read(spec: &Value) -> Result<DeploymentSpec, SpecError> {
    DeploymentSpec::from_toml(&toml::to_string(spec).unwrap())
}

/// Returns all that is wrong with a spec.
fn wrong(spec: &Value) -> Vec<String> {
    match read(spec) {
        Ok(_) => Vec::new(),
        Err(error) => {
            let all = std::iter::once(&error).chain(error.others());
            all.map(ToString::to_string).collect()
        }
    }
}

/// The reader lists the keys of a table when it meets one that it does not know.
#[test]
fn keys_are_those_of_the_reader() {
    let mut count = 0;
    for table in tables() {
        let spec = spec_with(&table, "strange", json!(1));
        let errors = wrong(&spec);
        let listed = errors.iter().find_map(|error| {
            let (_, rest) = error.split_once("unknown key \"strange\" in ")?;
            Some(rest.split_once("; allowed are ")?.1.to_owned())
        });
        let listed = listed.unwrap_or_else(|| panic!("{:?}: {errors:?}", table.path));
        let known: BTreeSet<_> = listed.split(", ").collect();
        let described: BTreeSet<_> = table.properties.keys().map(String::as_str).collect();
        assert_eq!(described, known, "{:?}", table.path);
        assert_ne!(spec_errors(&spec), [""; 0], "{spec}");
        count += 1;
    }
    assert!(count >= 20, "{count}");
}

/// The reader refuses everything that the schema refuses, and the schema everything that the reader refuses for its type.
#[test]
fn values_of_wrong_types_are_refused_by_both() {
    let values = [
        json!(true),
        json!(7),
        json!(-7),
        json!(0.5),
        json!(" ?"),
        json!(""),
        json!([]),
        json!([7]),
        json!([" ?"]),
        json!({}),
        json!({"one": 7}),
    ];
    let mut disagreements = Vec::new();
    for table in tables() {
        for key in table.properties.keys() {
            for value in &values {
                let spec = spec_with(&table, key, value.clone());
                let (by_schema, by_reader) = (spec_errors(&spec), wrong(&spec));
                let is_of_type = |error: &String| error.contains("invalid type");
                // To the reader, an empty list is a table without keys.
                let is_lax = *value == json!([]);
                let by_schema_alone = !by_schema.is_empty() && by_reader.is_empty() && !is_lax;
                let by_reader_alone = by_schema.is_empty() && by_reader.iter().any(is_of_type);
                if by_schema_alone || by_reader_alone {
                    let place = (&table.path, key, value);
                    disagreements.push(format!("{place:?}: {by_schema:?}, {by_reader:?}"));
                }
            }
        }
    }
    assert_eq!(disagreements, [""; 0]);
}

/// A key with its default makes the same stack as a spec without the key.
#[test]
fn defaults_are_those_of_the_reader() {
    let (mut count, mut differences) = (0, Vec::new());
    for table in tables() {
        for (key, property) in &table.properties {
            let Some(default) = property.get("default") else {
                continue;
            };
            let with = spec_with(&table, key, default.clone());
            let mut without = with.clone();
            let mut at = &mut without;
            for step in &table.path {
                at = match step {
                    Step::Key(name) => &mut at[name.as_str()],
                    Step::Entry => &mut at[0],
                };
            }
            at.as_object_mut().unwrap().remove(key);
            let same = match (read(&with), read(&without)) {
                (Ok(with), Ok(without)) => {
                    count += 1;
                    let is_kept = KEPT_AS_WRITTEN.contains(&key.as_str());
                    with == without || is_kept && effects(&with) == effects(&without)
                }
                // Both lack what the key needs.
                (Err(with), Err(without)) => with.message() == without.message(),
                _ => false,
            };
            if !same {
                differences.push(format!("{:?} {key}", table.path));
            }
        }
    }
    assert_eq!(differences, [""; 0]);
    assert!(count >= 40, "{count}");
}

/// Keys of which a spec knows if they were written.
const KEPT_AS_WRITTEN: [&str; 7] = [
    "http2",
    "cidr",
    "egress",
    "deregistration_delay",
    "cross_zone",
    "protocol",
    "version",
];

/// Returns the effect of each of these keys.
fn effects(spec: &DeploymentSpec) -> String {
    let network = (spec.network().range(), spec.network().egress());
    let targets = spec.services().iter().map(|service| {
        let target = service.target();
        let delay = target.deregistration_delay();
        (
            delay,
            target.cross_zone(),
            target.protocol(),
            target.version(),
        )
    });
    let targets: Vec<_> = targets.collect();
    format!("{} {network:?} {targets:?}", spec.load_balancer().http2())
}

#[test]
fn listed_names_are_those_of_the_program() {
    let schema = json_schema::schema(SPEC);
    let listed = |place: &str| -> BTreeSet<String> {
        let list = schema.pointer(place).unwrap().as_array().unwrap().iter();
        list.map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let types = GpuInstanceType::all().map(|it| it.name().to_owned());
    assert_eq!(
        listed("/$defs/instance_type/anyOf/0/enum"),
        types.collect::<BTreeSet<_>>()
    );
    let regions = listed("/properties/region/anyOf/0/enum");
    for region in &regions {
        assert!(region.parse::<Region>().unwrap().is_known(), "{region}");
    }
    // Each of a text that is a choice is one for the reader.
    for table in tables() {
        for (key, property) in &table.properties {
            for choice in property["enum"].as_array().into_iter().flatten() {
                let errors = wrong(&spec_with(&table, key, choice.clone()));
                let is_not = format!("{choice} is not ");
                let is_unknown = |error: &String| {
                    let words = ["unknown variant", "expected one of", "there is no", &is_not];
                    words.iter().any(|words| error.contains(words))
                };
                assert!(
                    !errors.iter().any(is_unknown),
                    "{:?} {key} {choice}: {errors:?}",
                    table.path
                );
            }
        }
    }
}

/// Mistakes that people make.
#[test]
fn mistakes_are_refused_by_both() {
    let good = "name = \"llm\"\ntier = 2\ncompute.instance_type = \"g5.xlarge\"\n\
                [[service]]\nname = \"ui\"\nport = 8080\nimage = \"ui\"\n";
    assert_valid(good);
    DeploymentSpec::from_toml(good).unwrap();
    for (old, new) in [
        ("name = \"llm\"\n", ""),
        ("\"llm\"", "\"LLM\""),
        ("\"llm\"", "\"internal-llm\""),
        ("\"llm\"", "\"llm--a\""),
        ("\"llm\"", "\"llm-\""),
        ("\"llm\"", "\"a\""),
        ("tier = 2", "tier = 4"),
        ("tier = 2", "tier = \"2\""),
        ("tier = 2", "tier = 2\nregion = \"us-east-1a\""),
        ("tier = 2", "tier = 2\nacess.ssm = true"),
        ("tier = 2", "tier = 2\naccess.allow = []"),
        ("tier = 2", "tier = 2\naccess.allow = [\"203.0.113.7\"]"),
        ("tier = 2", "tier = 2\nnetwork.vpc = \"default\""),
        ("tier = 2", "tier = 2\nnetwork.create = \"true\""),
        ("tier = 2", "tier = 2\nload_balancer.wait_timeout = 600"),
        ("tier = 2", "tier = 2\nload_balancer.wait_timeout = \"ten\""),
        ("tier = 2", "tier = 2\nload_balancer.auth = {}"),
        ("tier = 2", "tier = 2\ncdn.price_class = 100"),
        ("tier = 2", "tier = 2\ncdn.geo.allow = [\"de\"]"),
        ("\"g5.xlarge\"", "\"g5\""),
        ("\"g5.xlarge\"", "\"g5.xlagre\""),
        ("\"g5.xlarge\"", "\"g5.xlarge\"\ncompute.count = 0"),
        ("\"g5.xlarge\"", "\"g5.xlarge\"\ncompute.market = \"cheap\""),
        ("port = 8080", "port = 0"),
        ("port = 8080", "port = \"80:8080:1\""),
        ("port = 8080", "port = 8080\nhealth.path = \"health\""),
        ("port = 8080", "port = 8080\nports = 8081"),
        ("port = 8080", "port = 8080\ncommand = \"serve --all\""),
        ("port = 8080", "port = 8080\nenv = { \"A B\" = \"c\" }"),
        ("port = 8080", "port = 8080\nsecrets = { A = \"hf_value\" }"),
        ("port = 8080", "port = 8080\nulimits = { files = 1 }"),
        ("port = 8080", "port = 8080\nuser = \"postgres\""),
        ("port = 8080", "port = 8080\nvolumes = [\"/data\"]"),
        ("image = \"ui\"\n", ""),
    ] {
        assert!(good.contains(old), "{old}");
        let text = good.replacen(old, new, 1);
        let spec: Value = toml::from_str(&text).unwrap();
        assert_ne!(wrong(&spec), [""; 0], "the reader takes {text}");
        assert_ne!(spec_errors(&spec), [""; 0], "the schema takes {text}");
    }
}
