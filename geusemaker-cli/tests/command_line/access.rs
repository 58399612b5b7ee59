//! AWS that cannot be reached or refuses access: no credentials, wrong ones, no connection, no region.

use geusemaker_testkit::serve::CassetteServer;
use geusemaker_testkit::{Aws, Fault};

use crate::gm::{CREDENTIALS, Ended, Gm};
use crate::recorded_plan::recorded_plan;
use crate::spec_text::spec;

/// Asserts that the same failure is reported in text and as a document, and leaves nothing.
#[track_caller]
fn assert_no_access(gm: &Gm, run: impl Fn(&[&str]) -> Ended, class: &str, fragments: &[&str]) {
    run(&["deploy", "--yes"]).with(6).says(fragments);
    let document = run(&["plan", "-o", "json"]).with(6).document();
    assert_eq!(document["error"]["class"], class);
    assert_eq!(document["error"]["operation"], "sts:GetCallerIdentity");
    assert_eq!(document["exit_code"], 6);
    assert!(gm.journals().is_empty());
}

#[test]
fn missing_credentials_explain_sign_in() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let region = [("AWS_REGION", "us-east-1")];
    assert_no_access(
        &gm,
        |arguments| gm.run(&region, arguments),
        "credentials",
        &[
            "no AWS credentials were found",
            "try: run \"aws configure\" or \"aws sso login\", or set AWS_PROFILE",
        ],
    );
}

/// The SDKs only say that they have found no credentials.
#[test]
fn missing_profile_is_named() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let environment = [("AWS_REGION", "us-east-1"), ("AWS_PROFILE", "nope")];
    gm.run(&environment, &["plan"])
        .with(6)
        .says(&["there is no AWS profile \"nope\": ~/.aws/config has no profiles"]);
    let folder = gm.home().join(".aws");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config"), "[default]\n[profile dev]\n").unwrap();
    gm.run(&environment, &["plan"]).with(6).says(&[
        "there is no AWS profile \"nope\"; the profiles here: default, dev",
        "aws configure --profile nope",
    ]);
}

#[test]
fn endpoint_without_scheme_is_no_url() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let refused = gm.at("localhost:4566", &["plan"]).with(6);
    refused.says(&[
        "the endpoint \"localhost:4566\" is not a URL",
        "try: set AWS_ENDPOINT_URL",
    ]);
    assert!(!refused.stderr.contains("SdkBody"), "{}", refused.stderr);
}

#[test]
fn unknown_region_has_near_miss() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let typo = [("AWS_REGION", "us-esat-1")];
    let says = ["us-esat-1 is not a known region of AWS; did you mean us-east-1?"];
    gm.run(&typo, &["--sandbox", "plan"]).with(2).says(&says);
    gm.write_spec(&spec(1, "").replace("us-east-1", "us-esat-1"));
    gm.sandbox(&["plan"]).with(2).says(&says);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_explain_sign_in() {
    for code in [
        "ExpiredToken",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
    ] {
        let gm = Gm::new();
        gm.write_spec(&spec(1, ""));
        let fault = Fault::on("GetCallerIdentity")
            .forever()
            .answer(code)
            .status(403);
        let aws = Aws::builder().fault(fault).build();
        let server = CassetteServer::start(&recorded_plan(&aws, &spec(1, "")).await).await;
        assert_no_access(
            &gm,
            |arguments| gm.at(&server.uri(), arguments),
            "credentials",
            &[
                &format!("sts:GetCallerIdentity failed with {code}"),
                "try: sign in again",
            ],
        );
        let document = gm.at(&server.uri(), &["plan", "-o", "json"]).document();
        assert_eq!(document["error"]["code"], code);
        assert!(document["error"]["request_id"].is_string(), "{document}");
        let mismatches = server.player().mismatches();
        assert!(mismatches.is_empty(), "{mismatches:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn missing_permission_names_action() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let fault = Fault::on("DescribeVpcs")
        .answer("UnauthorizedOperation")
        .status(403);
    let aws = Aws::builder().fault(fault).build();
    let server = CassetteServer::start(&recorded_plan(&aws, &spec(1, "")).await).await;
    gm.at(&server.uri(), &["deploy", "--yes"]).with(6).says(&[
        "ec2:DescribeVpcs failed with UnauthorizedOperation",
        "try: allow the action ec2:DescribeVpcs for these credentials",
    ]);
    assert!(gm.journals().is_empty());
}

/// Only the machine's owner may listen on this port, and nobody does.
#[test]
fn unreachable_endpoint_is_named() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.at("http://127.0.0.1:1", &["plan"]).with(6).says(&[
        "sts:GetCallerIdentity failed",
        "try: check the network, the region's name and AWS_ENDPOINT_URL",
    ]);
}

#[test]
fn missing_region_explains_configuration() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "").replace("region = \"us-east-1\"\n", ""));
    let credentials = &CREDENTIALS[..2];
    let fragments = [
        "no region",
        "try: add region = \"us-east-1\" to the spec, or set AWS_REGION",
    ];
    gm.run(credentials, &["plan"]).with(2).says(&fragments);
    let document = gm
        .run(credentials, &["deploy", "--yes", "-o", "json"])
        .with(2)
        .document();
    assert_eq!(document["error"]["class"], "input");
    assert!(gm.journals().is_empty());
}
