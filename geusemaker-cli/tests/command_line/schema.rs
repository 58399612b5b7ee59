//! `gm schema`: the schemas that it prints, and what they say of the output.

use serde_json::{Value, json};

use crate::gm::Gm;
use crate::json_schema::{self, EVENTS, OUTPUT, SPEC};
use crate::spec_text::spec;

/// No account is needed, and no home directory.
#[test]
fn schemas_are_printed_as_they_are_kept() {
    let gm = Gm::new();
    for (what, text) in [("spec", SPEC), ("output", OUTPUT), ("events", EVENTS)] {
        assert_eq!(gm.run(&[], &["schema", what]).with(0).stdout, text);
        let json = gm.run(&[], &["schema", what, "-o", "json"]).with(0);
        assert_eq!(
            json.document()["json_schema"],
            json_schema::schema(text),
            "{what}"
        );
        let name = format!("schemas/{what}.schema.json");
        let id = json_schema::schema(text)["$id"].clone();
        assert!(id.as_str().unwrap().ends_with(&name), "{id}");
    }
    gm.run(&[], &["schema", "sepc"])
        .with(2)
        .says(&["spec", "output", "events"]);
}

#[test]
fn commands_have_definitions() {
    let gm = Gm::new();
    let pages = gm.home().join("pages");
    gm.run(&[], &["man", "--dir", pages.to_str().unwrap()])
        .with(0);
    let pages = std::fs::read_dir(pages).unwrap();
    let pages = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
    let mut commands: Vec<_> = pages
        .filter_map(|page| {
            let name = page.strip_suffix(".1")?.strip_prefix("gm-")?;
            // The command that has only others.
            (name != "sandbox").then(|| name.to_owned())
        })
        .collect();
    commands.sort_unstable();
    let definitions = json_schema::definitions().filter(|name| *name != "failure");
    assert_eq!(commands, definitions.collect::<Vec<_>>());
}

/// Each definition is found by the command in the document, whose name is not an alias.
#[test]
fn document_names_its_command() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    for (arguments, command) in [
        (&["--sandbox", "up"][..], json!("deploy")),
        (&["--sandbox", "inspect", "llm"], json!("status")),
        (&["sandbox", "serve", "--sandbox"], json!("sandbox serve")),
        (&["--sandbox", "down", "llm"], json!("destroy")),
        (&["bogus"], Value::Null),
        (&["deploy", "--bogus"], Value::Null),
    ] {
        let arguments = [arguments, &["-o", "json"]].concat();
        let document = gm.run(&[], &arguments).document();
        assert_eq!(document["command"], command, "{arguments:?}");
    }
}

/// A member that the schema does not know is an error, so that none is added without a description.
#[test]
fn unknown_member_fits_no_definition() {
    let gm = Gm::new();
    let mut document = gm.run(&[], &["version", "-o", "json"]).with(0).document();
    document["more"] = json!(1);
    let fits = std::panic::catch_unwind(|| json_schema::assert_document(&document));
    assert!(fits.is_err());
    let without = |name: &str| {
        let mut document = gm.run(&[], &["version", "-o", "json"]).with(0).document();
        document.as_object_mut().unwrap().remove(name);
        let document = std::panic::AssertUnwindSafe(document);
        std::panic::catch_unwind(|| json_schema::assert_document(&document))
    };
    assert!(without("target").is_err());
}

/// Both schemas define shared things in the same words.
#[test]
fn shared_definitions_agree() {
    let (output, events) = (json_schema::schema(OUTPUT), json_schema::schema(EVENTS));
    for (name, definition) in events["$defs"].as_object().unwrap() {
        assert_eq!(&output["$defs"][name], definition, "{name}");
    }
}

/// Every member and every key has a description, which editors show.
#[test]
fn all_members_are_described() {
    for text in [SPEC, OUTPUT, EVENTS] {
        let schema = json_schema::schema(text);
        let mut bare = Vec::new();
        undescribed(&schema, &schema, &mut String::new(), &mut bare);
        assert_eq!(bare, [""; 0]);
    }
}

fn undescribed(root: &Value, schema: &Value, path: &mut String, bare: &mut Vec<String>) {
    let length = path.len();
    if let Some(members) = schema["properties"].as_object() {
        for (name, member) in members {
            let referred = member["$ref"].as_str().map(|place| &place[1..]);
            let is_described = |value: &Value| value.get("description").is_some();
            let is_described = is_described(member)
                || referred.is_some_and(|place| is_described(root.pointer(place).unwrap()))
                // The one value that it has says enough.
                || member.get("const").is_some();
            if !is_described {
                bare.push(format!("{path}/{name}"));
            }
        }
    }
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                path.push_str(&format!("/{name}"));
                undescribed(root, member, path, bare);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for item in items {
                undescribed(root, item, path, bare);
            }
        }
        _ => {}
    }
}
