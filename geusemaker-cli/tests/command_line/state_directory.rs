//! Where `gm` keeps its journals, and the sandbox its account.

use std::fs;

use crate::gm::Gm;
use crate::spec_text::spec;

#[test]
fn state_is_kept_where_the_xdg_specification_says_and_is_private() {
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

/// What goes into the journal is read by people and sent to colleagues.
#[test]
fn no_secret_of_the_environment_is_in_any_file() {
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

#[test]
fn the_option_goes_before_the_variables_and_they_before_the_default() {
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
fn without_any_place_for_state_it_says_how_to_give_one() {
    let gm = Gm::new();
    gm.run(&[("HOME", "")], &["list", "--sandbox"])
        .with(2)
        .says(&["neither XDG_STATE_HOME nor HOME is set; give --state DIR"]);
}

#[test]
fn what_the_sandbox_and_a_real_account_hold_is_kept_apart() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let real = gm.run(&[("AWS_REGION", "us-east-1")], &["list"]).with(0);
    assert_eq!(real.stdout, "there are no stacks here\n");
}

#[test]
fn an_account_that_cannot_be_read_is_left_alone_and_named() {
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
fn a_state_directory_that_cannot_be_made_is_named() {
    let gm = Gm::new();
    fs::write(gm.home().join("file"), "").unwrap();
    gm.sandbox(&["list", "--state", "file"])
        .with(2)
        .says(&["the state directory file/sandbox cannot be made: "]);
}
