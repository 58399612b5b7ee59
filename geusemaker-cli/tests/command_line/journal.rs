//! A journal that cannot be read: the error names the problem and the remedy, and nothing is written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::gm::Gm;
use crate::spec_text::spec;

/// Deploys a stack in the sandbox, and returns the folder of its journal.
fn deployed() -> (Gm, PathBuf) {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let journal = gm.journals().remove(0);
    (gm, journal)
}

/// Returns all files below a folder with their content.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut content: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap_or_default()))
        .collect();
    content.sort();
    content
}

/// Asserts that every command refuses with these words, and changes neither the journal nor the account.
#[track_caller]
fn assert_refused(gm: &Gm, journal: &Path, fragments: &[&str]) {
    let (before, account) = (content(journal), gm.leftovers());
    for (arguments, code) in [
        (["status", "llm"], 3),
        (["deploy", "gm.toml"], 3),
        (["resume", "llm"], 3),
        (["rollback", "llm"], 3),
        (["destroy", "llm"], 3),
    ] {
        let ended = gm.sandbox(&arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        ended.says(fragments);
    }
    assert_eq!(content(journal), before);
    assert_eq!(gm.leftovers(), account);
}

const TRY: &str = "try: nothing was overwritten; restore the journal, then try again";

#[test]
fn torn_record_is_named() {
    let (gm, journal) = deployed();
    let record = journal.join("00000003.json");
    let whole = fs::read(&record).unwrap();
    for half in [0, whole.len() / 2] {
        fs::write(&record, &whole[..half]).unwrap();
        let damaged = "record llm/00000003.json of the journal is damaged";
        assert_refused(&gm, &journal, &[damaged, "restore it from a backup", TRY]);
    }
    let listed = gm.sandbox(&["list"]).with(3).stdout;
    assert!(
        listed.contains("llm  unreadable: record llm/00000003.json"),
        "{listed}"
    );
    // A restored record works again.
    fs::write(&record, whole).unwrap();
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}

#[test]
fn missing_record_is_named() {
    let (gm, journal) = deployed();
    fs::remove_file(journal.join("00000004.json")).unwrap();
    let missing = "the journal of llm lacks record 4, but has later ones; restore it from a backup";
    assert_refused(&gm, &journal, &[missing, TRY]);
}

#[test]
fn newer_record_is_refused() {
    let (gm, journal) = deployed();
    let next = format!("{:08}.json", content(&journal).len());
    fs::write(
        journal.join(&next),
        r#"{"version": 99, "event": "of the future"}"#,
    )
    .unwrap();
    let newer = format!("record llm/{next} of the journal has format version 99");
    assert_refused(&gm, &journal, &[&newer, "use a newer version"]);
}

/// A symbolic link to itself cannot be read by any user, not even by root.
#[cfg(unix)]
#[test]
fn unreadable_folder_is_named() {
    let (gm, journal) = deployed();
    let elsewhere = gm.home().join("elsewhere");
    fs::rename(&journal, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&journal, &journal).unwrap();
    let journals = journal.parent().unwrap();
    assert_refused(
        &gm,
        journals,
        &[
            "the journal of llm cannot be read: ",
            "try: free space or fix access where the journal is kept",
        ],
    );
    fs::remove_file(&journal).unwrap();
    fs::rename(elsewhere, &journal).unwrap();
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}
