//! A stack with a protected instance: `gm destroy` changes nothing until somebody lifts the protection.

use geusemaker_testkit::Aws;

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

#[test]
fn protected_stack_is_destroyed_once_lifted() {
    let (gm, account) = (Gm::new(), Account::start(Aws::builder()));
    gm.write_spec(&spec(1, "compute.gpu_check = false"));
    account.run(&gm, &["deploy", "--yes"]).with(0);
    let status = account.run(&gm, &["status", "llm", "-o", "json"]).with(0);
    let status = status.document();
    let instance = status["outputs"]["instances"][0].as_str().unwrap();
    let protect = |on: bool| {
        account.ask_ec2(&format!(
            "Action=ModifyInstanceAttribute&InstanceId={instance}&DisableApiTermination.Value={on}"
        ));
    };
    protect(true);
    let before = account.leftovers();
    let refused = account.run(&gm, &["destroy", "llm", "--yes"]).with(3);
    refused.says(&[
        "AWS would refuse to delete what is protected; nothing was removed",
        "now: llm is unchanged (",
        "its termination protection is on",
        "next: gm destroy llm",
    ]);
    let lift = format!(
        "by hand: aws ec2 modify-instance-attribute --instance-id {instance} --no-disable-api-termination --region \
         us-east-1 && aws ec2 terminate-instances --instance-ids {instance} --region us-east-1"
    );
    refused.says(&[lift.as_str()]);
    assert_eq!(account.leftovers(), before);
    let status = account.run(&gm, &["status", "llm"]).with(0);
    assert!(
        status.stdout.starts_with("llm: running\n"),
        "{}",
        status.stdout
    );

    protect(false);
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}
