//! The directory where `gm` keeps its journals and the sandbox keeps its account.

use std::fs;

use crate::gm::Gm;
use crate::spec_text::spec;

/// The default directory is the one of the XDG specification.
#[test]
fn state_is_private_and_follows_xdg() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let journals = gm.home().join(".local/state/gm/sandbox/journals");
    assert_eq!(fs::read_dir(&journals).unwrap().count(), 1);
    #[cfg(unix)]
    {
        let mode = |path: &std::path::Path| {
            std::os::unix::fs::MetadataExt::mode(&fs::metadata(path).unwrap()) & 0o777
        };
        assert_eq!(mode(&journals), 0o700);
        assert_eq!(mode(&journals.join("../account.json")), 0o600);
        let records: Vec<_> = fs::read_dir(journals.join("llm")).unwrap().collect();
        assert!(records.len() > 10);
        for record in records {
            assert_eq!(mode(&record.unwrap().path()), 0o600);
        }
    }
}

/// Journals are read by people and sent to colleagues.
#[test]
fn files_contain_no_secrets() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    let planted = "wJalrXUtnFEMIplantedPLANTEDsecret0123456";
    let environment = [
        ("AWS_ACCESS_KEY_ID", "AKIAPLANTED0PLANTED0"),
        ("AWS_SECRET_ACCESS_KEY", planted),
        ("AWS_SESSION_TOKEN", planted),
        ("HF_TOKEN", planted),
    ];
    gm.run(&environment, &["deploy", "--sandbox"]).with(0);
    gm.run(&environment, &["destroy", "llm", "--sandbox"])
        .with(0);
    let state = gm.state().join("sandbox");
    let journal = fs::read_dir(state.join("journals/llm")).unwrap();
    let mut files: Vec<_> = journal.map(|entry| entry.unwrap().path()).collect();
    files.push(state.join("account.json"));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("lanted"), "{}", file.display());
        assert!(!text.contains("PLANTED"), "{}", file.display());
    }
}

/// The option precedes the variables, and these precede the default.
#[test]
fn state_option_precedes_variables() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let path = |name: &str| gm.home().join(name).to_str().unwrap().to_owned();
    let (option, variable, xdg) = (path("option"), path("variable"), path("xdg"));
    let xdg = ("XDG_STATE_HOME", xdg.as_str());
    let variable = ("GM_STATE", variable.as_str());
    let deploy = |environment: &[(&str, &str)], state: &[&str], directory: &str| {
        let arguments = [&["--sandbox", "deploy"], state].concat();
        gm.run(environment, &arguments).with(0);
        let account = gm.home().join(directory).join("sandbox/account.json");
        assert!(account.is_file(), "{directory}");
    };
    deploy(&[xdg], &[], "xdg/gm");
    deploy(&[xdg, variable], &[], "variable");
    deploy(&[variable], &["--state", &option], "option");
    assert!(!gm.state().exists());
}

#[test]
fn missing_state_directory_is_explained() {
    let gm = Gm::new();
    gm.run(&[("HOME", "")], &["list", "--sandbox"])
        .with(2)
        .says(&["neither XDG_STATE_HOME nor HOME is set; give --state DIR"]);
}

/// The state of the sandbox and that of a real account are separate.
#[test]
fn sandbox_state_is_separate() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let real = gm.run(&[("AWS_REGION", "us-east-1")], &["list"]).with(0);
    assert_eq!(real.stdout, "there are no stacks here\n");
}

#[test]
fn unreadable_account_is_left_alone() {
    let gm = Gm::new();
    let directory = gm.state().join("sandbox");
    fs::create_dir_all(&directory).unwrap();
    let account = directory.join("account.json");
    for text in ["half of a {", r#"{"version": 99}"#] {
        fs::write(&account, text).unwrap();
        gm.sandbox(&["list"]).with(1).says(&[
            account.to_str().unwrap(),
            "cannot be read",
            "remove it and the journals beside it to start afresh",
        ]);
        assert_eq!(fs::read_to_string(&account).unwrap(), text);
    }
}

#[test]
fn uncreatable_state_directory_is_named() {
    let gm = Gm::new();
    fs::write(gm.home().join("file"), "").unwrap();
    gm.sandbox(&["list", "--state", "file"])
        .with(2)
        .says(&["the state directory file/sandbox cannot be used: "]);
}

/// As a path, it would make a folder named `s3:`.
#[test]
fn url_is_no_state_directory() {
    let gm = Gm::new();
    for state in [
        "s3://bucket/prefix",
        "https://example.com/state",
        "file:///tmp/state",
    ] {
        let refused = gm.run(&[("GM_STATE", state)], &["list"]).with(2);
        refused.says(&[&format!("{state} is not a directory")]);
    }
    let made: Vec<_> = fs::read_dir(gm.home()).unwrap().collect();
    assert!(made.is_empty(), "{made:?}");
}

/// Commands that only read do not wait for another process in the sandbox.
#[test]
fn held_sandbox_is_read() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    let lock = fs::File::open(gm.state().join("sandbox/account.lock")).unwrap();
    lock.lock().unwrap();
    gm.sandbox(&["list"]).with(0);
    gm.sandbox(&["status", "llm"]).with(0);
    gm.sandbox(&["plan"]).with(0);
    assert_eq!(gm.leftovers(), before);
}
