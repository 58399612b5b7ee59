//! Completions and manual pages, which `gm` generates from its own command line.

use crate::gm::Gm;

#[test]
fn completions_know_every_command() {
    let gm = Gm::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = gm.run(&[], &["completions", shell]).with(0).stdout;
        for word in ["rotate-origin-secret", "gpus", "min-memory", "leftovers"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
    let json = gm.run(&[], &["completions", "bash", "-o", "json"]);
    let document = json.with(0).document();
    assert!(document["script"].as_str().unwrap().contains("complete -F"));
    gm.run(&[], &["completions", "basch"])
        .with(2)
        .says(&["bash"]);
}

#[test]
fn manual_has_page_for_each_command() {
    let gm = Gm::new();
    let page = gm.run(&[], &["man"]).with(0).stdout;
    assert!(page.contains(".TH gm 1"), "{page}");
    let page = gm.run(&[], &["man", "sandbox", "serve"]).with(0).stdout;
    assert!(page.contains(".TH gm-sandbox-serve 1"), "{page}");
    gm.run(&[], &["man", "statsu"])
        .with(2)
        .says(&["gm has no command \"statsu\": gm --help lists them"]);
    let folder = gm.home().join("pages");
    gm.run(&[], &["man", "--dir", folder.to_str().unwrap()])
        .with(0);
    for page in ["gm.1", "gm-deploy.1", "gm-gpus.1", "gm-sandbox-serve.1"] {
        assert!(folder.join(page).is_file(), "{page}");
    }
}
