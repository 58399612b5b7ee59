//! Commands about the CDN of a stack: invalidations, and the change of its secret.

use crate::gm::Gm;
use crate::spec_text::spec;

#[test]
fn invalidation_waits_for_edge_locations() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    let all = gm.sandbox(&["invalidate", "llm", "-o", "json"]).with(0);
    let all = all.document();
    assert_eq!(all["invalidation"]["paths"], serde_json::json!(["/*"]));
    assert_eq!(all["invalidation"]["is_completed"], true);
    assert!(all["invalidation"]["id"].as_str().unwrap().starts_with('I'));
    let some = gm
        .sandbox(&["invalidate", "llm", "/static/*", "/index.html", "--no-wait"])
        .with(0);
    assert!(
        some.stdout
            .starts_with("llm: CloudFront is dropping 2 paths from all edge locations"),
        "{}",
        some.stdout
    );
    gm.sandbox(&["invalidate", "llm", "/static/*.js"])
        .with(2)
        .says(&["\"/static/*.js\" is not a path to invalidate: expected \"*\" only at the end"]);
    let many: Vec<_> = (0..16).map(|n| format!("/{n}/*")).collect();
    let many: Vec<_> = ["invalidate", "llm"]
        .into_iter()
        .chain(many.iter().map(String::as_str))
        .collect();
    gm.sandbox(&many)
        .with(2)
        .says(&["CloudFront takes 15 paths with \"*\" at a time, and here are 16"]);
    assert_eq!(gm.leftovers(), before);
}

#[test]
fn stack_without_cdn_says_what_is_right() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    for command in ["invalidate", "rotate-origin-secret"] {
        gm.sandbox(&[command, "llm"]).with(2).says(&[
            "stack llm has no CDN: its spec asks for tier 2",
            "only stacks of tier 3 have a CDN",
        ]);
        gm.sandbox(&[command, "nope"])
            .with(2)
            .says(&["there is no stack nope; the stacks here: llm"]);
    }
}

/// The stack is as before, and can be rotated again and removed.
#[test]
fn secret_is_rotated_and_never_shown() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    let rotated = gm
        .sandbox(&["rotate-origin-secret", "llm", "-o", "json", "-vv"])
        .with(0);
    let document = rotated.document();
    assert_eq!(document["rules"], 1);
    assert_eq!(document["finished_earlier"], false);
    assert!(document["distribution"]["id"].is_string());
    for text in [&rotated.stdout, &rotated.stderr] {
        let runs = text.split(|c: char| !c.is_ascii_hexdigit());
        assert!(runs.into_iter().all(|run| run.len() < 64), "{text}");
    }
    let again = gm.sandbox(&["rotate-origin-secret", "llm"]).with(0);
    assert!(
        again.stdout.starts_with("llm: the CDN sends a new secret"),
        "{}",
        again.stdout
    );
    assert_eq!(gm.leftovers(), before);
    gm.sandbox(&["status", "llm"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
}
