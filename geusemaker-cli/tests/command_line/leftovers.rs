//! `gm leftovers` lists and removes the resources that no journal knows.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{DeploymentSpec, Session};
use geusemaker_testkit::cassette::{Cassette, Recorder};
use geusemaker_testkit::serve::CassetteServer;
use geusemaker_testkit::{Aws, Fault, Outcome};

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

/// Deploys a stack in the sandbox and deletes its journal.
fn without_journal(tier: u8) -> Gm {
    let gm = Gm::new();
    gm.write_spec(&spec(tier, ""));
    gm.sandbox(&["deploy"]).with(0);
    for journal in gm.journals() {
        fs::remove_dir_all(journal).unwrap();
    }
    gm
}

/// The resources are only listed, until `--delete` removes them.
#[test]
fn stack_without_journal_is_removed() {
    let gm = without_journal(3);
    let before = gm.leftovers();
    let listed = gm.sandbox(&["leftovers"]).with(0);
    let lines = [
        "resources in account 123456789012, us-east-1 without a stack that is known here:",
        "\nllm, deployment ",
        "CloudFront distribution",
        "instance ",
        " old\n",
        "age unknown",
        "remove them, unless another machine has their journals:",
        "next: gm leftovers --delete --sandbox",
    ];
    for line in lines {
        assert!(listed.stdout.contains(line), "{line}: {}", listed.stdout);
    }
    assert!(!listed.stdout.contains("arn:"), "{}", listed.stdout);
    assert_eq!(gm.leftovers(), before, "to list is not to remove");

    let removed = gm.sandbox(&["leftovers", "--delete", "--yes"]).with(0);
    assert_eq!(gm.leftovers(), Vec::<String>::new());
    assert!(
        removed.stdout.contains(" resources removed in simulated "),
        "{}",
        removed.stdout
    );
    let nothing = gm.sandbox(&["cleanup"]).with(0).stdout;
    let none = "No leftovers: every gm resource in account 123456789012, us-east-1 belongs to a stack known here.\n";
    assert_eq!(nothing, none);
    // The stack's name is free again.
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(gm.leftovers(), Vec::<String>::new());
}

#[test]
fn documents_list_found_and_removed() {
    let gm = without_journal(1);
    let listed = gm.sandbox(&["leftovers", "-o", "json"]).with(0).document();
    assert_eq!(listed["account"], "123456789012");
    assert_eq!(listed["region"], "us-east-1");
    assert_eq!(listed["next"], "gm leftovers --delete --sandbox");
    let orphans = listed["found"].as_array().unwrap();
    let kinds: Vec<_> = orphans
        .iter()
        .map(|orphan| orphan["kind"].as_str().unwrap())
        .collect();
    for kind in ["instance", "file-system", "mount-target", "security-group"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    for orphan in orphans {
        assert_eq!(orphan["stack"], "llm");
        assert_eq!(orphan["deployment"].as_str().unwrap().len(), 12);
    }
    let removed = gm
        .sandbox(&["leftovers", "--delete", "-o", "json"])
        .with(0)
        .document();
    assert_eq!(gm.leftovers(), Vec::<String>::new());
    assert_eq!(removed["deleted"].as_array().unwrap().len(), orphans.len());
    assert_eq!(removed["leftovers"], serde_json::json!([]));
}

/// The output names the command that removes the stack.
#[test]
fn stack_with_journal_is_left_alone() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    let listed = gm.sandbox(&["leftovers"]).with(0).stdout;
    assert!(
        listed.contains(
            " belong to stack llm; not leftovers (gm destroy llm --sandbox removes them)"
        ),
        "{listed}"
    );
    gm.sandbox(&["leftovers", "--delete", "--yes"]).with(0);
    assert_eq!(gm.leftovers(), before);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(gm.leftovers(), Vec::<String>::new());
}

#[test]
fn search_covers_named_stacks_only() {
    let gm = without_journal(1);
    let before = gm.leftovers();
    gm.sandbox(&["leftovers", "other", "--delete"]).with(0);
    assert_eq!(gm.leftovers(), before);
    gm.sandbox(&["leftovers", "llm", "--delete"]).with(0);
    assert_eq!(gm.leftovers(), Vec::<String>::new());
}

#[test]
fn file_systems_are_kept_on_request() {
    let gm = without_journal(1);
    gm.sandbox(&["leftovers", "--delete", "--keep-file-systems"])
        .with(0);
    let left = gm.leftovers();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].starts_with("EFS::FileSystem "), "{left:?}");
}

/// Resources that a damaged journal may know are kept, and the exit code says so.
#[test]
fn damaged_journal_protects_resources() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    fs::write(gm.journals()[0].join("00000002.json"), "{").unwrap();
    let listed = gm.sandbox(&["leftovers"]).with(0).stdout;
    assert!(listed.contains("llm/00000002.json"), "{listed}");
    let ended = gm.sandbox(&["leftovers", "--delete"]).with(3);
    ended.says(&["not everything could be removed", "llm/00000002.json"]);
    assert_eq!(gm.leftovers(), before);
}

/// Deploys a stack in an account on a socket and deletes its journal.
fn served_without_journal(account: &Account, lines: &str) -> Gm {
    let gm = Gm::new();
    gm.write_spec(&spec(1, &format!("compute.gpu_check = false\n{lines}")));
    account.run(&gm, &["deploy", "--yes"]).with(0);
    for journal in gm.journals() {
        fs::remove_dir_all(journal).unwrap();
    }
    account.forget();
    gm
}

/// A security group that another user's mount target holds stays; the output has the command that frees it.
#[test]
fn foreign_mount_target_holds_group() {
    let account = Account::start(Aws::builder());
    let theirs = account.make_file_system();
    let gm = served_without_journal(&account, &format!("storage.file_system = {theirs:?}"));
    let by_hand = "by hand: aws efs delete-mount-target --mount-target-id fsmt-";
    let held = [
        &*format!(" of {theirs}, not tagged as created by gm"),
        by_hand,
    ];
    let removed = account
        .run(&gm, &["leftovers", "--delete", "--yes"])
        .with(3);
    removed.says(
        &[
            &held[..],
            &[
                "still there:",
                "security group sg-",
                "next: gm leftovers --delete",
            ],
        ]
        .concat(),
    );
    let left: Vec<_> = account
        .aws
        .leftovers()
        .into_iter()
        .map(|left| left.kind)
        .collect();
    let remains = [
        "EC2::NetworkInterface",
        "EC2::SecurityGroup",
        "EFS::FileSystem",
        "EFS::MountTarget",
    ];
    assert_eq!(left, remains);

    let listed = account.run(&gm, &["leftovers"]).with(0).stdout;
    let then = "once that is deleted, remove the rest:\n  next: gm leftovers --delete";
    for line in [&held[..], &["left alone: security group sg-", then]].concat() {
        assert!(listed.contains(line), "{line}: {listed}");
    }
}

/// The signal arrives while the instances are being removed; the resources that the removal has not reached are left.
#[test]
fn signal_finishes_current_calls() {
    let account = Account::start(Aws::builder());
    let gm = served_without_journal(&account, "");
    // Three seconds of real time.
    let slow = Duration::from_secs(3000);
    account
        .aws
        .inject(Fault::on("TerminateInstances").delay(slow));
    let running = account.begin(&gm, &["leftovers", "--delete", "--yes"]);
    account.hears("DeleteMountTarget", 1);
    running.signal("INT");
    let ended = running.ended().with(130);
    ended.says(&[
        "finishing the current calls",
        "now: left in account 123456789012, us-east-1: ",
        "next: gm leftovers --delete",
    ]);
    let calls = account.aws.calls();
    let ended: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == "TerminateInstances")
        .map(|call| call.outcome.clone())
        .collect();
    assert_eq!(
        ended,
        [Outcome::Success],
        "the current call was not waited for"
    );
    assert!(
        calls
            .iter()
            .all(|call| call.operation != "DeleteSecurityGroup")
    );

    account
        .run(&gm, &["leftovers", "--delete", "--yes"])
        .with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// The first signal waits for a call that is never answered, and the second does not; what is left is found again.
#[test]
fn second_signal_ends_removal_at_once() {
    let account = Account::start(Aws::builder());
    let gm = served_without_journal(&account, "");
    account.aws.inject(Fault::on("TerminateInstances").stall());
    let running = account.begin(&gm, &["leftovers", "--delete", "--yes"]);
    account.hears("TerminateInstances", 1);
    running.signal("INT");
    running.signal("TERM");
    running.signal("INT");
    let ended = running.ended();
    assert!(matches!(ended.code, Some(130 | 143)), "{ended:?}");
    ended.says(&[
        "the resources that are left keep their tags, so gm leftovers finds them again",
        "next: gm leftovers --delete",
    ]);

    account
        .run(&gm, &["leftovers", "--delete", "--yes"])
        .with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// Records the requests of `gm leftovers` for a stack that has lost its journal, and the answers.
async fn recorded_look() -> (Cassette, Aws) {
    let aws = Aws::new();
    let mine = Session::new(aws.sdk_config(), Arc::new(InMemory::new()));
    let spec = spec(1, "compute.gpu_check = false");
    let planned = mine.plan(DeploymentSpec::from_toml(&spec).unwrap()).await;
    let ready = planned.unwrap().launch().await.unwrap();
    ready.commit().await.unwrap();
    let recorder = Recorder::new(aws.http_client());
    let config = aws.sdk_config().into_builder();
    let config = config.http_client(recorder.http_client()).build();
    let session = Session::new(config, Arc::new(InMemory::new()));
    session.orphans(None).await.unwrap();
    (recorder.cassette(), aws)
}

#[tokio::test(start_paused = true)]
async fn removal_without_terminal_needs_yes() {
    let (cassette, aws) = recorded_look().await;
    let before = aws.leftovers();
    let server = CassetteServer::start(&cassette).await;
    let gm = Gm::new();
    gm.at(&server.uri(), &["leftovers", "--delete"])
        .with(2)
        .says(&["this needs your consent, and there is no terminal to ask on: give --yes"]);
    server.verify().unwrap();
    assert_eq!(aws.leftovers(), before);
}

/// Without a region, AWS is not called.
#[test]
fn missing_region_is_refused() {
    let gm = Gm::new();
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
    ];
    gm.run(&keys, &["leftovers"])
        .with(2)
        .says(&["no region", "AWS_REGION"]);
    gm.run(&keys, &["leftovers", "--region", "nowhere"]).with(2);
}
