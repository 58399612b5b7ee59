//! `GM_CLOCK_SPEED`: `gm` waits in the time of an account that is served on this machine, and of no other.

use std::time::Duration;

use geusemaker_testkit::{Aws, Fault};

use crate::account::Account;
use crate::gm::{CREDENTIALS, Ended, Gm};
use crate::spec_text::spec;

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// A deployment in an account that is a thousand times as fast as this machine.
struct Deployed {
    /// The time that `gm` reports.
    elapsed: Duration,
    /// The number of requests that ask for the mount target, which needs ten minutes more than usual.
    polls: usize,
}

fn deployed(clock_speed: Option<&str>) -> Deployed {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "compute.gpu_check = false"));
    let slow = Fault::on("CreateMountTarget").slow(TEN_MINUTES);
    let account = Account::start(Aws::builder().fault(slow));
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
    let elapsed = ended.with(0).document()["elapsed_seconds"]
        .as_u64()
        .unwrap();
    let calls = account.aws.calls();
    let polls = calls
        .iter()
        .filter(|call| call.operation == "DescribeMountTargets")
        .count();
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
    Deployed {
        elapsed: Duration::from_secs(elapsed),
        polls,
    }
}

/// A pause between two polls, and the time that `gm` reports, are in the account's time, which is a thousand times as
/// fast.
#[test]
fn gm_waits_in_time_of_account() {
    let usual = deployed(None);
    let fast = deployed(Some("1000"));
    assert!(fast.elapsed >= TEN_MINUTES, "{:?}", fast.elapsed);
    assert!(usual.elapsed < TEN_MINUTES, "{:?}", usual.elapsed);
    assert!(fast.polls > usual.polls, "{} {}", fast.polls, usual.polls);
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
        gm.run(&environment, &["list", "--check"]).with(0).stderr
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
