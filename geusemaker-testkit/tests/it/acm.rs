//! The simulated Certificate Manager, driven by the unmodified SDK client.

use std::time::Duration;

use aws_sdk_acm::Client;
use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, DomainStatus, Filters, KeyAlgorithm, ResourceRecord, Tag,
    ValidationMethod,
};
use aws_sdk_route53::types::ChangeAction;
use geusemaker_testkit::{Aws, Fault, Quota, Timings};

use crate::iam::{code, is, refusal};
use crate::route53::{apply, record};

const HOUR: u64 = 60 * 60;

fn client(aws: &Aws) -> Client {
    Client::new(&aws.sdk_config())
}

/// Returns an account with the zone example.com.
fn account(timings: Timings) -> Aws {
    let account = Aws::builder().timings(timings);
    account.hosted_zone("example.com").build()
}

async fn request(aws: &Aws, names: &[&str]) -> String {
    let (own, further) = names.split_first().unwrap();
    let further = further.iter().map(|name| (*name).to_owned()).collect();
    let request = client(aws).request_certificate().domain_name(*own);
    let request = request.validation_method(ValidationMethod::Dns);
    let request = request
        .set_subject_alternative_names(Some(further).filter(|names: &Vec<_>| !names.is_empty()));
    request.send().await.unwrap().certificate_arn.unwrap()
}

async fn describe(aws: &Aws, arn: &str) -> CertificateDetail {
    let describe = client(aws).describe_certificate().certificate_arn(arn);
    describe.send().await.unwrap().certificate.unwrap()
}

/// Returns the records that validate a certificate, one for each of its names.
async fn records(aws: &Aws, arn: &str) -> Vec<ResourceRecord> {
    let described = describe(aws, arn).await;
    let options = described.domain_validation_options().iter();
    options
        .map(|option| option.resource_record().unwrap().clone())
        .collect()
}

/// Creates or deletes the records in the zone of the account.
async fn change(aws: &Aws, action: ChangeAction, records: &[ResourceRecord]) {
    for one in records {
        let set = record(one.name(), "CNAME", &[one.value()]);
        apply(aws, "example.com", action.clone(), set)
            .await
            .unwrap();
    }
}

async fn pass(aws: &Aws, seconds: u64) {
    aws.clock().sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn certificate_is_issued_once_record_exists() {
    let aws = account(Timings::Slow);
    let arn = request(&aws, &["llm.example.com", "*.llm.example.com"]).await;
    assert!(arn.starts_with("arn:aws:acm:us-east-1:123456789012:certificate/"));
    let left: Vec<String> = aws.leftovers().iter().map(ToString::to_string).collect();
    assert_eq!(left, [format!("CertificateManager::Certificate {arn}")]);
    pass(&aws, 6).await;
    let described = describe(&aws, &arn).await;
    assert_eq!(
        described.subject_alternative_names(),
        ["llm.example.com", "*.llm.example.com"]
    );
    assert_eq!(
        described.status(),
        Some(&CertificateStatus::PendingValidation)
    );
    let shown = described.domain_validation_options()[0].resource_record();
    assert_eq!(shown, None, "the record is shown later");
    pass(&aws, 30).await;
    let found = records(&aws, &arn).await;
    assert_eq!(found[0], found[1], "a name and its wildcard share a record");
    assert!(found[0].name().starts_with('_') && found[0].name().ends_with(".llm.example.com."));
    assert!(found[0].value().ends_with(".acm-validations.aws."));

    change(&aws, ChangeAction::Create, &found[..1]).await;
    pass(&aws, HOUR / 2).await;
    let status = async || describe(&aws, &arn).await.status.unwrap();
    assert_eq!(status().await, CertificateStatus::PendingValidation);
    pass(&aws, HOUR).await;
    let described = describe(&aws, &arn).await;
    assert_eq!(described.status(), Some(&CertificateStatus::Issued));
    assert!(described.issued_at().is_some() && described.not_after().is_some());
    let option = &described.domain_validation_options()[1];
    assert_eq!(option.validation_status(), Some(&DomainStatus::Success));
    // The record is needed for the renewal only.
    change(&aws, ChangeAction::Delete, &found[..1]).await;
    pass(&aws, 100 * HOUR).await;
    assert_eq!(status().await, CertificateStatus::Issued);
}

/// Without its record, and with a record that disappears before it was seen.
#[tokio::test(start_paused = true)]
async fn validation_times_out_after_three_days() {
    let aws = account(Timings::Slow);
    let arn = request(&aws, &["llm.example.com"]).await;
    pass(&aws, 60).await;
    let found = records(&aws, &arn).await;
    change(&aws, ChangeAction::Create, &found).await;
    change(&aws, ChangeAction::Delete, &found).await;
    pass(&aws, 71 * HOUR).await;
    let status = async || describe(&aws, &arn).await.status.unwrap();
    assert_eq!(status().await, CertificateStatus::PendingValidation);
    pass(&aws, HOUR).await;
    assert_eq!(status().await, CertificateStatus::ValidationTimedOut);
    change(&aws, ChangeAction::Create, &found).await;
    pass(&aws, 2 * HOUR).await;
    assert_eq!(status().await, CertificateStatus::ValidationTimedOut);
}

/// Another certificate of the name, in another region, is validated by the same record.
#[tokio::test(start_paused = true)]
async fn record_validates_later_certificate() {
    let aws = account(Timings::Instant);
    let arn = request(&aws, &["llm.example.com"]).await;
    let found = records(&aws, &arn).await;
    change(&aws, ChangeAction::Upsert, &found).await;
    let config = aws.sdk_config().into_builder();
    let config = config.region(Some(aws_sdk_acm::config::Region::new("eu-west-1")));
    let elsewhere = Client::new(&config.build());
    let request = elsewhere
        .request_certificate()
        .domain_name("llm.example.com");
    let request = request.validation_method(ValidationMethod::Dns);
    let other = request.send().await.unwrap().certificate_arn.unwrap();
    let describe = elsewhere.describe_certificate().certificate_arn(&other);
    let described = describe.send().await.unwrap().certificate.unwrap();
    assert_eq!(described.status(), Some(&CertificateStatus::Issued));
    let foreign = client(&aws).describe_certificate().certificate_arn(&other);
    assert_eq!(
        code(foreign.send().await),
        is(400, "ResourceNotFoundException")
    );
}

#[tokio::test(start_paused = true)]
async fn new_certificate_is_not_found_at_once() {
    let aws = account(Timings::Slow);
    let arn = request(&aws, &["llm.example.com"]).await;
    let describe = client(&aws).describe_certificate().certificate_arn(&arn);
    assert_eq!(
        code(describe.send().await),
        is(400, "ResourceNotFoundException")
    );
    let listed = client(&aws).list_certificates().send().await.unwrap();
    assert_eq!(listed.certificate_summary_list().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn token_stands_for_one_certificate() {
    let aws = account(Timings::Instant);
    let request = |name: &str, token: &str| {
        let request = client(&aws).request_certificate().domain_name(name);
        let request = request.validation_method(ValidationMethod::Dns);
        request.idempotency_token(token).send()
    };
    let arn = async |name: &str, token: &str| request(name, token).await.unwrap().certificate_arn;
    let first = arn("a.example.com", "one").await;
    assert_eq!(arn("A.example.com", "one").await, first);
    assert_ne!(arn("a.example.com", "two").await, first);
    assert_ne!(arn("b.example.com", "one").await, first);
    pass(&aws, HOUR).await;
    assert_ne!(arn("a.example.com", "one").await, first);
    let wrong = request("a.example.com", "a token");
    assert_eq!(code(wrong.await), is(400, "ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn wrong_certificate_request_is_refused() {
    let aws = account(Timings::Instant);
    let request = |name: &str| {
        let request = client(&aws).request_certificate().domain_name(name);
        request.validation_method(ValidationMethod::Dns)
    };
    for name in [
        "localhost",
        "a b.example.com",
        "a.*.com",
        "-a.example.com",
        "a.example.c",
    ] {
        let refused = request(name).send().await;
        assert_eq!(code(refused), is(400, "ValidationException"), "{name}");
    }
    let long = format!("{}.example.com", "a".repeat(60));
    let refused = request(&long).send().await;
    assert_eq!(
        code(refused),
        is(400, "InvalidDomainValidationOptionsException")
    );
    let beside = request("example.com").subject_alternative_names(&long);
    assert!(beside.send().await.is_ok());
    let refused = request("example.com").key_algorithm(KeyAlgorithm::Rsa4096);
    assert_eq!(
        code(refused.send().await),
        is(400, "InvalidParameterException")
    );
    let by_mail = client(&aws)
        .request_certificate()
        .domain_name("example.com");
    assert_eq!(code(by_mail.send().await), is(501, "SimulatorUnsupported"));
}

#[tokio::test(start_paused = true)]
async fn certificates_and_their_names_are_limited() {
    let aws = Aws::builder().quota(Quota::Certificates, 1).build();
    let names: Vec<String> = (0..10).map(|n| format!("{n}.example.com")).collect();
    let request = |further: &[String]| {
        let request = client(&aws)
            .request_certificate()
            .domain_name("example.com");
        let request = request.validation_method(ValidationMethod::Dns);
        request
            .set_subject_alternative_names(Some(further.to_vec()))
            .send()
    };
    let refused = request(&names).await;
    assert_eq!(code(refused), is(400, "LimitExceededException"));
    request(&names[..9]).await.unwrap();
    let refused = request(&names[..1]).await;
    assert_eq!(code(refused), is(400, "LimitExceededException"));
}

/// By default without those whose keys are not RSA.
#[tokio::test(start_paused = true)]
async fn certificates_are_listed_by_status_and_key() {
    let aws = Aws::builder().timings(Timings::Instant);
    let aws = aws
        .issued_certificate("old.example.com", "us-east-1")
        .build();
    let acm = client(&aws);
    for name in ["a.example.com", "b.example.com"] {
        request(&aws, &[name]).await;
    }
    let elliptic = acm.request_certificate().domain_name("c.example.com");
    let elliptic = elliptic.key_algorithm(KeyAlgorithm::EcPrime256v1);
    let elliptic = elliptic.validation_method(ValidationMethod::Dns);
    elliptic.send().await.unwrap();

    let pages = acm.list_certificates().into_paginator().page_size(2);
    let listed: Vec<_> = pages.items().send().try_collect().await.unwrap();
    assert_eq!(listed.len(), 3);
    let issued = acm.list_certificates();
    let issued = issued
        .certificate_statuses(CertificateStatus::Issued)
        .send();
    let issued = issued.await.unwrap().certificate_summary_list.unwrap();
    assert_eq!(issued[0].domain_name(), Some("old.example.com"));
    assert_eq!(
        issued[0].certificate_arn(),
        aws.certificate_arn("old.example.com", "us-east-1")
            .as_deref()
    );
    let filter = Filters::builder().key_types(KeyAlgorithm::EcPrime256v1);
    let found = acm
        .list_certificates()
        .includes(filter.build())
        .send()
        .await;
    let found = found.unwrap().certificate_summary_list.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].domain_name(), Some("c.example.com"));
    let half = acm.list_certificates().sort_by("CREATED_AT".into());
    assert_eq!(code(half.send().await), is(400, "InvalidArgsException"));
    let wrong = acm.list_certificates().next_token("x");
    assert_eq!(code(wrong.send().await), is(400, "InvalidArgsException"));
}

#[tokio::test(start_paused = true)]
async fn certificate_has_tags() {
    let aws = account(Timings::Instant);
    let acm = client(&aws);
    let arn = request(&aws, &["llm.example.com"]).await;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    let add = |tag: Tag| {
        let add = acm.add_tags_to_certificate().certificate_arn(&arn);
        add.tags(tag).send()
    };
    add(tag("a", "1")).await.unwrap();
    add(tag("b", "2")).await.unwrap();
    assert_eq!(
        code(add(tag("aws:c", "")).await),
        is(400, "InvalidTagException")
    );
    let remove = |tag: Tag| {
        let remove = acm.remove_tags_from_certificate().certificate_arn(&arn);
        remove.tags(tag).send()
    };
    remove(tag("a", "other")).await.unwrap();
    remove(Tag::builder().key("b").build().unwrap())
        .await
        .unwrap();
    let listed = acm.list_tags_for_certificate().certificate_arn(&arn);
    assert_eq!(listed.send().await.unwrap().tags(), [tag("a", "1")]);
}

#[tokio::test(start_paused = true)]
async fn deleted_certificate_is_gone() {
    let aws = account(Timings::Instant);
    let arn = request(&aws, &["llm.example.com"]).await;
    let delete = || {
        client(&aws)
            .delete_certificate()
            .certificate_arn(&arn)
            .send()
    };
    delete().await.unwrap();
    assert!(aws.leftovers().is_empty());
    assert_eq!(code(delete().await), is(400, "ResourceNotFoundException"));
    let wrong = client(&aws)
        .delete_certificate()
        .certificate_arn("arn:aws:ec2:us-east-1:1:vpc/v-1");
    assert_eq!(code(wrong.send().await), is(400, "InvalidArnException"));
}

/// With the reason that the fault names.
#[tokio::test(start_paused = true)]
async fn failed_certificate_shows_its_reason() {
    let fault = Fault::on("RequestCertificate").fails("CAA_ERROR");
    let aws = Aws::builder().timings(Timings::Instant).fault(fault);
    let aws = aws.hosted_zone("example.com").build();
    let arn = request(&aws, &["llm.example.com"]).await;
    let described = describe(&aws, &arn).await;
    assert_eq!(described.status(), Some(&CertificateStatus::Failed));
    assert_eq!(described.failure_reason().unwrap().as_str(), "CAA_ERROR");
}

#[tokio::test(start_paused = true)]
async fn missing_certificate_is_named() {
    let aws = account(Timings::Instant);
    let arn = "arn:aws:acm:us-east-1:123456789012:certificate/none";
    let describe = client(&aws).describe_certificate().certificate_arn(arn);
    let (status, code, message) = refusal(describe.send().await);
    assert_eq!((status, &*code), (400, "ResourceNotFoundException"));
    assert!(message.contains(arn), "{message}");
}
