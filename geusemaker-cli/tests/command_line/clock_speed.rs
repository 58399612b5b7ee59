//! `GM_CLOCK_SPEED`: `gm` waits in the time of an account that is served on this machine, and of no other.

use std::time::Duration;

use geusemaker_testkit::Aws;

use crate::account::Account;
use crate::gm::{CREDENTIALS, Ended, Gm};
use crate::spec_text::spec;

/// Deploys a stack, and returns the end of `gm`, the account, and the first pause between two polls, in its time.
fn deployed(clock_speed: Option<&str>) -> (Ended, Account, Duration) {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "compute.gpu_check = false"));
    let account = Account::start(Aws::builder());
    let mut command = account.command(&gm, &["deploy", "--yes", "-o", "json"]);
    match clock_speed {
        Some(speed) => command.env("GM_CLOCK_SPEED", speed),
        None => command.env_remove("GM_CLOCK_SPEED"),
    };
    let output = command.output().unwrap();
    let ended = Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    // The first two polls of the mount target, which is not there at once.
    let calls = account.aws.calls();
    let mut polls = calls
        .iter()
        .filter(|call| call.operation == "DescribeMountTargets");
    let (first, second) = (polls.next().unwrap(), polls.next().unwrap());
    let pause = second.at.duration_since(first.at).try_into().unwrap();
    (ended.with(0), account, pause)
}

/// A pause of a second is a second of the account, which is a thousand times as fast.
#[test]
fn gm_waits_in_time_of_account() {
    let (_, _, slow) = deployed(None);
    let (ended, account, fast) = deployed(Some("1000"));
    assert!(slow >= Duration::from_secs(1000), "{slow:?}");
    assert!(fast < Duration::from_secs(500), "{fast:?}");
    assert!(fast >= Duration::from_secs(1), "{fast:?}");

    // The time that gm reports is the account's too.
    let calls = account.aws.calls();
    let at_least = calls[calls.len() - 1].at.duration_since(calls[0].at);
    let elapsed = ended.document()["elapsed_seconds"].as_i64().unwrap();
    assert!(elapsed + 1 >= at_least.as_secs(), "{elapsed} {at_least}");
}

#[test]
fn wrong_clock_speed_is_usage_error() {
    let gm = Gm::new();
    for speed in ["0", "-60", "NaN", "inf", "1e9", "60x", "fast"] {
        let environment = [CREDENTIALS.as_slice(), &[("GM_CLOCK_SPEED", speed)]].concat();
        gm.run(&environment, &["list"]).with(2).says(&[
            &format!("GM_CLOCK_SPEED={speed}: expected a number from 0.001 to 1000000"),
            "what `gm sandbox serve` prints",
        ]);
    }
}

/// AWS is never polled faster: the command runs at the usual speed and says so.
#[test]
fn clock_speed_is_ignored_for_real_accounts() {
    let gm = Gm::new();
    let noted = |endpoints: &[(&str, &str)]| {
        let speed = [("GM_CLOCK_SPEED", "60")];
        let environment = [CREDENTIALS.as_slice(), &speed, endpoints].concat();
        gm.run(&environment, &["list"]).with(0).stderr
    };
    let ignored = "GM_CLOCK_SPEED=60 is ignored: ";
    let real = noted(&[]);
    assert!(
        real.contains(&format!("{ignored}calls of STS go to AWS")),
        "{real}"
    );
    let local = ("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    assert_eq!(noted(&[local]).matches("GM_CLOCK_SPEED").count(), 0);
    let elsewhere = noted(&[("AWS_ENDPOINT_URL", "http://192.0.2.1:4566")]);
    assert!(
        elsewhere.contains("http://192.0.2.1:4566, which is not on this machine"),
        "{elsewhere}"
    );
    // One service that is not local is enough.
    let ec2 = (
        "AWS_ENDPOINT_URL_EC2",
        "https://ec2.us-east-1.amazonaws.com",
    );
    let partly = noted(&[local, ec2]);
    assert!(
        partly.contains(&format!("{ignored}calls of EC2 go to https://ec2.")),
        "{partly}"
    );
}
