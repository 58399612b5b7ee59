//! No cassette that is kept with the sources may hold a secret.

use std::fs;
use std::path::Path;

use geusemaker_testkit::cassette::secrets_in_file;

#[test]
fn no_committed_cassette_holds_a_secret() {
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
    // A test that looks at nothing would pass for ever.
    assert!(scanned > 0, "no cassette in {}", directory.display());
}
