//! The bearer token of a stack: printed on demand, and changed in two steps.

use crate::gm::Gm;
use crate::spec_text::spec;

const BEARER: &str = "load_balancer.auth.type = \"bearer\"";

#[test]
fn token_is_printed_alone_and_changed() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, BEARER));
    let deployed = gm.sandbox(&["deploy", "-vv"]).with(0);
    let printed = gm.sandbox(&["token", "llm"]).with(0);
    let old = printed.stdout.trim_end().to_owned();
    assert!(old.len() == 64 && old.bytes().all(|b| b.is_ascii_hexdigit()));
    let json = gm.sandbox(&["token", "llm", "-o", "json"]).with(0);
    assert_eq!(json.document()["token"], old.as_str());

    let begun = gm.sandbox(&["rotate-token", "llm"]).with(0);
    let new = begun.stdout.trim_end().to_owned();
    assert!(new.len() == 64 && new != old);
    assert!(
        begun.stderr.contains("gm rotate-token llm --finish"),
        "{}",
        begun.stderr
    );
    let again = gm.sandbox(&["rotate-token", "llm", "-o", "json"]).with(0);
    let again = again.document();
    assert_eq!(
        (&again["token"], &again["changed"]),
        (&new.as_str().into(), &false.into())
    );
    let finished = gm.sandbox(&["rotate-token", "llm", "--finish"]).with(0);
    assert!(
        finished
            .stdout
            .starts_with("llm: the load balancer admits the new token alone"),
        "{}",
        finished.stdout
    );
    let printed = gm.sandbox(&["token", "llm"]).with(0);
    assert_eq!(printed.stdout.trim_end(), new);
    let status = gm.sandbox(&["status", "llm", "-o", "json"]).with(0);
    let events = gm.sandbox(&["events", "llm", "-o", "json"]).with(0);
    for run in [&deployed, &status, &events] {
        for token in [&old, &new] {
            assert!(!run.stdout.contains(token) && !run.stderr.contains(token));
        }
    }
    gm.sandbox(&["destroy", "llm"]).with(0);
}

#[test]
fn stack_without_token_says_what_is_right() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    for command in ["token", "rotate-token"] {
        gm.sandbox(&[command, "llm"]).with(2).says(&[
            "the load balancer of stack llm asks for no bearer token",
            "deploy it with type = \"bearer\" in [load_balancer.auth]",
        ]);
    }
    gm.sandbox(&["destroy", "llm"]).with(0);
}
