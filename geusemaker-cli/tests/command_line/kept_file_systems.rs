//! File systems that removals have kept: they are listed, offered again, and deleted on request.

use geusemaker_testkit::Aws;

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;
use crate::terminal::Terminal;

#[test]
fn kept_file_system_is_listed_and_offered() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let destroyed = gm
        .sandbox(&["destroy", "llm", "--keep-file-system", "-o", "json"])
        .with(0);
    let id = destroyed.document()["kept"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let list = gm.sandbox(&["list"]).with(0).stdout;
    for fragment in [
        "there are no stacks here\n",
        "kept by gm destroy, and still charged by AWS:\n",
        id.as_str(),
        "delete it with its data: gm destroy llm --file-system --sandbox\n",
    ] {
        assert!(list.contains(fragment), "no {fragment:?} in:\n{list}");
    }
    let checked = gm
        .sandbox(&["list", "--check", "-o", "json"])
        .with(0)
        .document();
    let kept = &checked["kept_file_systems"][0];
    assert_eq!(
        (&kept["stack"], &kept["id"]),
        (&"llm".into(), &id.as_str().into())
    );
    assert!(kept["bytes"].is_u64(), "{kept}");

    let plan = gm.sandbox(&["plan"]).with(0).stdout;
    let offer = format!("to use it: storage.file_system = \"{id}\"");
    assert!(plan.contains(&offer), "{plan}");
    gm.write_spec(&spec(1, &format!("storage.file_system = {id:?}")));
    let plan = gm.sandbox(&["plan"]).with(0).stdout;
    assert!(!plan.contains(&offer), "{plan}");

    let deleted = gm
        .sandbox(&["destroy", "llm", "--file-system"])
        .with(0)
        .stdout;
    assert_eq!(deleted, format!("file system {id} is deleted\n"));
    assert_eq!(gm.leftovers(), [""; 0]);
    let list = gm.sandbox(&["list"]).with(0).stdout;
    assert_eq!(list, "there are no stacks here\n");
}

/// The question names the file system, its size and its place; the answer is the name of the stack.
#[test]
fn deletion_of_data_is_asked_by_name() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let account = Account::start(Aws::builder());
    account.run(&gm, &["deploy", "--yes"]).with(0);
    account
        .run(&gm, &["destroy", "llm", "--keep-file-system", "--yes"])
        .with(0);

    for (answer, code) in [("yes", 10), ("llm", 0)] {
        let mut terminal =
            Terminal::start(&mut account.command(&gm, &["destroy", "llm", "--file-system"]));
        terminal.is_asked(
            "in account 123456789012, us-east-1) with all its data, which llm has kept? Type llm",
        );
        terminal.types(answer);
        terminal.ended().with(code);
    }
    assert_eq!(account.leftovers(), [""; 0]);
}
