//! A scan for secrets in the committed cassettes.

use std::fs;
use std::path::Path;

use geusemaker_testkit::cassette::secrets_in_file;

#[test]
fn committed_cassettes_hold_no_secrets() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("cassettes");
    let mut scanned = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "har") {
            let findings = secrets_in_file(&path).unwrap();
            assert!(findings.is_empty(), "{}: {findings:#?}", path.display());
            scanned += 1;
        }
    }
    // A scan of no files would always pass.
    assert!(scanned > 0, "no cassette in {}", directory.display());
}
