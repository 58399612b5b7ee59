//! `gm report` writes a page about a stack: deployed, rolled back, gone, or cut off at any record.

use std::fs;
use std::path::Path;

use geusemaker_testkit::{Aws, Fault};

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

/// Writes the report of the stack, and returns the page.
#[track_caller]
fn report(gm: &Gm) -> String {
    let written = gm.sandbox(&["report", "llm", "--html", "llm.html"]).with(0);
    assert_eq!(written.stdout, "llm.html written\n");
    let page = fs::read_to_string(gm.home().join("llm.html")).unwrap();
    assert_offline(&page);
    page
}

/// Asserts that the page loads nothing and runs nothing.
#[track_caller]
fn assert_offline(page: &str) {
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    for forbidden in [
        "<script", " src=", " href=", "@import", "url(http", "<link", "onload=",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[track_caller]
fn assert_has(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "no {text:?} in:\n{page}");
    }
}

fn rows(page: &str) -> usize {
    page.matches("<tr class=\"resource").count()
}

#[test]
fn deployed_stack_has_timeline() {
    for tier in 1..=3 {
        let gm = Gm::new();
        gm.write_spec(&spec(tier, ""));
        let deployed = gm.sandbox(&["deploy", "-o", "json"]).with(0).document();
        let resources = deployed["resources"].as_array().unwrap().len();
        let page = report(&gm);
        assert_eq!(rows(&page), resources, "tier {tier}");
        assert_has(
            &page,
            &[
                "<h1>llm</h1>",
                &format!("<p class=\"state\">tier {tier}, deployed</p>"),
                "<dd>123456789012</dd>",
                "<h2>Deployment: ",
                "<h3>Critical path</h3>",
                "<td>instance 0</td><td>waited for</td>",
                "is about to be created",
                "name = &quot;llm&quot;",
                "class=\"gm-graph\"",
                "<dt>cost</dt><dd>about $",
            ],
        );
        let on_path = "<td>CloudFront distribution</td><td>waited for</td>";
        assert_eq!(page.contains(on_path), tier == 3);
    }
}

/// The journal of a stack stays when nothing else of it is left.
#[test]
fn removed_stack_has_timeline() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    let page = report(&gm);
    assert_has(
        &page,
        &[
            "tier 2, removed",
            "<h2>Deployment: ",
            "<h2>Removal: ",
            "bar delete",
            "the spec asks for",
            "the whole stack is gone",
        ],
    );
    gm.sandbox(&["deploy"]).with(0);
    assert_has(
        &report(&gm),
        &["tier 2, deployed", "1 stack of this name before"],
    );
}

#[test]
fn refused_request_is_shown() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    let account = Account::start(Aws::builder().fault(Fault::on("CreateTargetGroup").denied()));
    account.run(&gm, &["deploy", "--yes"]).with(1);
    account
        .run(&gm, &["report", "llm", "--html", "llm.html"])
        .with(0);
    let page = fs::read_to_string(gm.home().join("llm.html")).unwrap();
    assert_offline(&page);
    assert_has(
        &page,
        &[
            "tier 2, rolled back",
            "<h2>Deployment, rolled back: ",
            "refused by AWS",
            "bar refused",
            "&#x2715; AccessDenied</span>",
            "bar undo",
        ],
    );
}

/// Each process that has worked on the stack has a timeline of its own.
#[cfg(target_os = "linux")]
#[test]
fn processes_have_timelines() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    let unhealthy = Fault::on("RegisterTargets").stuck();
    let account = Account::start(Aws::builder().fault(unhealthy));
    let page = || {
        let arguments = ["report", "llm", "--html", "-"];
        account.run(&gm, &arguments).with(0).stdout
    };
    let running = account.begin(&gm, &["deploy", "--yes"]);
    account.hears("DescribeTargetHealth", 1);
    let holder = format!("(pid {})", running.0.id());
    assert_has(
        &page(),
        &[
            "tier 2, deploying (instances ready)",
            &holder,
            "The process is still at work.",
            "bar wait open",
        ],
    );
    running.kill();
    let ended = "The process ended without releasing the stack";
    assert_has(&page(), &["tier 2, interrupted (instances ready)", ended]);
    account.run(&gm, &["rollback", "llm", "--yes"]).with(0);
    let page = page();
    assert_offline(&page);
    assert_has(
        &page,
        &[
            "tier 2, rolled back",
            "<h2>Deployment: ",
            "<h2>Removal: ",
            ended,
        ],
    );
}

/// A process may end at any record, and a report may be asked for at any moment.
#[test]
fn partial_journal_has_report() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    let journal = gm.journals().remove(0);
    let mut records: Vec<_> = fs::read_dir(&journal)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    records.sort();
    let mut cut_off = 0;
    while records.len() > 2 {
        let dropped = records.split_off(records.len() - records.len().min(9));
        dropped
            .iter()
            .for_each(|record| fs::remove_file(record).unwrap());
        if records.len() < 2 {
            break;
        }
        let page = report(&gm);
        cut_off += page.matches("ended without releasing the stack").count();
    }
    assert!(cut_off > 5, "{cut_off}");
}

#[test]
fn text_of_stack_is_no_markup() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let user = [("USER", "<script>alert(1)</script>\"'&")];
    gm.run(&user, &["--sandbox", "deploy"]).with(0);
    let page = report(&gm);
    assert_has(&page, &["by &lt;script&gt;alert(1)&lt;"]);
}

#[test]
fn other_file_is_not_written_over() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let file = gm.home().join("llm.html");
    fs::write(&file, "mine").unwrap();
    let arguments = ["report", "llm", "--html", "llm.html"];
    gm.sandbox(&arguments)
        .with(2)
        .says(&["llm.html exists already, and is no report of gm", "--force"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    gm.sandbox(&[arguments.as_slice(), &["--force"]].concat())
        .with(0);
    // A report is written over.
    report(&gm);
    gm.sandbox(&["report", "llm", "--html", "no/such/folder.html"])
        .with(1)
        .says(&[
            "no/such/folder.html cannot be written",
            "name a file in a directory",
        ]);
    assert!(Path::new(&file).exists());
}

#[test]
fn page_goes_to_standard_output() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let page = gm.sandbox(&["report", "llm", "--html", "-"]).with(0).stdout;
    assert!(
        page.starts_with("<!DOCTYPE html>\n") && page.ends_with("</html>\n"),
        "{page}"
    );
    let arguments = ["report", "llm", "--html", "-", "-o", "json"];
    let document = gm.sandbox(&arguments).with(0).document();
    assert_eq!(document["state"], "deployed");
    assert!(
        document["html"]
            .as_str()
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
    gm.sandbox(&["report", "other", "--html", "-"])
        .with(2)
        .says(&["there is no stack other"]);
}
