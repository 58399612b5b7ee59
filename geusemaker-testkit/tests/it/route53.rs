//! The simulated Route 53, driven by the unmodified SDK client.

use std::time::Duration;

use aws_sdk_route53::Client;
use aws_sdk_route53::error::SdkError;
use aws_sdk_route53::operation::change_resource_record_sets::{
    ChangeResourceRecordSetsError, ChangeResourceRecordSetsOutput,
};
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ChangeStatus, HostedZoneConfig, ResourceRecord,
    ResourceRecordSet, RrType, Tag, TagResourceType,
};
use aws_smithy_runtime_api::http::Response;
use geusemaker_testkit::{Aws, Quota, Timings};

use crate::iam::{code, is, refusal};

fn client(aws: &Aws) -> Client {
    Client::new(&aws.sdk_config())
}

fn account() -> Aws {
    let account = Aws::builder().timings(Timings::Instant);
    account.hosted_zone("example.com").build()
}

/// Returns a record set with those values.
pub(crate) fn record(name: &str, kind: &str, values: &[&str]) -> ResourceRecordSet {
    let values = values.iter().map(|value| {
        let record = ResourceRecord::builder().value(*value);
        record.build().unwrap()
    });
    let set = ResourceRecordSet::builder().name(name).ttl(300);
    let set = set.r#type(kind.into());
    set.set_resource_records(Some(values.collect()))
        .build()
        .unwrap()
}

fn alias(name: &str, kind: &str, zone: &str, target: &str) -> ResourceRecordSet {
    let target = AliasTarget::builder()
        .hosted_zone_id(zone)
        .dns_name(target)
        .evaluate_target_health(false)
        .build()
        .unwrap();
    let set = ResourceRecordSet::builder().name(name).r#type(kind.into());
    set.alias_target(target).build().unwrap()
}

type Answer =
    Result<ChangeResourceRecordSetsOutput, SdkError<ChangeResourceRecordSetsError, Response>>;

/// Makes changes in the zone of that name.
async fn apply_all(aws: &Aws, zone: &str, changes: &[(ChangeAction, ResourceRecordSet)]) -> Answer {
    let changes = changes.iter().map(|(action, set)| {
        let change = Change::builder().action(action.clone());
        change.resource_record_set(set.clone()).build().unwrap()
    });
    let batch = ChangeBatch::builder().set_changes(Some(changes.collect()));
    let change = client(aws).change_resource_record_sets();
    let change = change.set_hosted_zone_id(aws.hosted_zone_id(zone));
    change.change_batch(batch.build().unwrap()).send().await
}

pub(crate) async fn apply(
    aws: &Aws,
    zone: &str,
    action: ChangeAction,
    set: ResourceRecordSet,
) -> Answer {
    apply_all(aws, zone, &[(action, set)]).await
}

/// Returns the names and types of the records of example.com.
async fn titles(aws: &Aws) -> Vec<String> {
    let list = client(aws).list_resource_record_sets();
    let list = list.set_hosted_zone_id(aws.hosted_zone_id("example.com"));
    let listed = list.send().await.unwrap();
    let sets = listed.resource_record_sets().iter();
    sets.map(|set| format!("{} {}", set.name(), set.r#type()))
        .collect()
}

/// Asserts that a change is refused with that message.
#[track_caller]
fn assert_refused(answer: Answer, expected: &str) {
    let (status, code, message) = refusal(answer);
    assert_eq!((status, &*code), (400, "InvalidChangeBatch"));
    assert!(message.contains(expected), "{message}");
}

#[tokio::test(start_paused = true)]
async fn hosted_zone_is_created_and_deleted() {
    let aws = Aws::builder().timings(Timings::Slow).build();
    let dns = client(&aws);
    let create = |name: &str, reference: &str| {
        let create = dns.create_hosted_zone().name(name);
        create.caller_reference(reference).send()
    };
    let created = create("Example.com", "one").await.unwrap();
    let zone = created.hosted_zone().unwrap();
    assert_eq!(zone.name(), "example.com.");
    assert!(zone.id().starts_with("/hostedzone/Z"));
    assert_eq!(zone.resource_record_set_count(), Some(2));
    assert_eq!(created.delegation_set().unwrap().name_servers().len(), 4);
    let again = create("other.com", "one").await;
    assert_eq!(code(again), is(409, "HostedZoneAlreadyExists"));
    let wrong = create("com", "two").await;
    assert_eq!(code(wrong), is(400, "InvalidDomainName"));
    let got = dns.get_hosted_zone().id(zone.id()).send().await.unwrap();
    assert_eq!(got.hosted_zone(), Some(zone));
    assert_eq!(aws.leftovers().len(), 1);
    // The SDK takes the id as the answer has it.
    let deleted = dns.delete_hosted_zone().id(zone.id()).send().await;
    let change = deleted.unwrap().change_info.unwrap();
    assert_eq!(change.status(), &ChangeStatus::Pending);
    assert!(aws.leftovers().is_empty());
    let got = dns.get_hosted_zone().id(zone.id()).send().await;
    assert_eq!(code(got), is(404, "NoSuchHostedZone"));
    let private = HostedZoneConfig::builder().private_zone(true).build();
    let private = dns
        .create_hosted_zone()
        .name("a.example.com")
        .hosted_zone_config(private);
    let refused = private.caller_reference("three").send().await;
    assert_eq!(code(refused), is(501, "SimulatorUnsupported"));
}

#[tokio::test(start_paused = true)]
async fn hosted_zone_with_records_is_kept() {
    let aws = account();
    let dns = client(&aws);
    let id = aws.hosted_zone_id("example.com").unwrap();
    let text = record("example.com", "TXT", &["\"a\""]);
    apply(&aws, "example.com", ChangeAction::Create, text.clone())
        .await
        .unwrap();
    let delete = || dns.delete_hosted_zone().id(&id).send();
    assert_eq!(code(delete().await), is(400, "HostedZoneNotEmpty"));
    let left: Vec<String> = aws.leftovers().iter().map(ToString::to_string).collect();
    assert_eq!(left, [format!("Route53::RecordSet {id}/example.com/TXT")]);
    apply(&aws, "example.com", ChangeAction::Delete, text)
        .await
        .unwrap();
    let servers = record("example.com", "NS", &["ns.example.net"]);
    let refused = apply(&aws, "example.com", ChangeAction::Delete, servers).await;
    assert_refused(
        refused,
        "the values provided do not match the current values",
    );
    delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn hosted_zones_come_in_pages() {
    let aws = Aws::builder().timings(Timings::Instant);
    let aws = aws.quota(Quota::HostedZones, 3);
    let aws = aws
        .hosted_zone("b.org")
        .hosted_zone("a.com")
        .hosted_zone("z.a.com")
        .build();
    let dns = client(&aws);
    let pages = dns.list_hosted_zones().into_paginator().page_size(2);
    let listed: Result<Vec<_>, _> = pages.items().send().try_collect().await;
    assert_eq!(listed.unwrap().len(), 3);
    let list = |name: Option<&str>| {
        let list = dns.list_hosted_zones_by_name().max_items(2);
        list.set_dns_name(name.map(str::to_owned)).send()
    };
    let names = async |name: Option<&str>| -> Vec<String> {
        let listed = list(name).await.unwrap().hosted_zones;
        listed.into_iter().map(|zone| zone.name).collect()
    };
    // By the labels from the right.
    assert_eq!(names(None).await, ["a.com.", "z.a.com."]);
    assert_eq!(names(Some("z.a.com")).await, ["z.a.com.", "b.org."]);
    let first = list(None).await.unwrap();
    assert_eq!(first.next_dns_name(), Some("b.org."));
    let create = dns.create_hosted_zone().name("c.com").caller_reference("c");
    assert_eq!(code(create.send().await), is(400, "TooManyHostedZones"));
}

#[tokio::test(start_paused = true)]
async fn records_are_listed_in_reversed_order() {
    let aws = account();
    for (name, kind, value) in [
        ("z.example.com", "A", "1.2.3.4"),
        ("*.example.com", "A", "1.2.3.4"),
        ("a.z.example.com", "AAAA", "::1"),
        ("a.z.example.com", "A", "1.2.3.4"),
        ("b.example.com", "CNAME", "example.org"),
    ] {
        let set = record(name, kind, &[value]);
        apply(&aws, "example.com", ChangeAction::Create, set)
            .await
            .unwrap();
    }
    let expected = [
        "example.com. NS",
        "example.com. SOA",
        "\\052.example.com. A",
        "b.example.com. CNAME",
        "z.example.com. A",
        "a.z.example.com. A",
        "a.z.example.com. AAAA",
    ];
    assert_eq!(titles(&aws).await, expected);
    let dns = client(&aws);
    let list = || {
        let list = dns.list_resource_record_sets();
        list.set_hosted_zone_id(aws.hosted_zone_id("example.com"))
    };
    let page = list().start_record_name("b.example.com").max_items(1);
    let page = page.send().await.unwrap();
    assert_eq!(page.resource_record_sets()[0].r#type(), &RrType::Cname);
    assert!(page.is_truncated());
    assert_eq!(page.next_record_name(), Some("z.example.com."));
    let rest = list()
        .start_record_name("a.z.example.com")
        .start_record_type(RrType::Aaaa);
    let rest = rest.send().await.unwrap();
    assert_eq!(rest.resource_record_sets().len(), 1);
    let wrong = list().start_record_type(RrType::A).send().await;
    assert_eq!(code(wrong), is(400, "InvalidInput"));
}

#[tokio::test(start_paused = true)]
async fn change_reaches_name_servers_later() {
    let aws = Aws::builder().timings(Timings::Slow);
    let aws = aws.hosted_zone("example.com").build();
    let dns = client(&aws);
    let set = record("a.example.com", "A", &["1.2.3.4"]);
    let changed = apply(&aws, "example.com", ChangeAction::Upsert, set).await;
    let change = changed.unwrap().change_info.unwrap();
    assert_eq!(change.status(), &ChangeStatus::Pending);
    assert!(change.id().starts_with("/change/C"));
    aws.clock().sleep(Duration::from_secs(60)).await;
    let got = dns.get_change().id(change.id()).send().await.unwrap();
    assert_eq!(got.change_info().unwrap().status(), &ChangeStatus::Insync);
    let none = dns.get_change().id("C1").send().await;
    assert_eq!(code(none), is(404, "NoSuchChange"));
    let zone = dns.change_resource_record_sets().hosted_zone_id("Z1");
    let change = Change::builder().action(ChangeAction::Delete);
    let change = change.resource_record_set(record("a.example.com", "A", &["1.2.3.4"]));
    let batch = ChangeBatch::builder()
        .changes(change.build().unwrap())
        .build()
        .unwrap();
    let refused = zone.change_batch(batch).send().await;
    assert_eq!(code(refused), is(404, "NoSuchHostedZone"));
}

/// With the words that programs look for.
#[tokio::test(start_paused = true)]
async fn change_that_does_not_fit_is_refused() {
    use ChangeAction::{Create, Delete, Upsert};

    let aws = account();
    let a = |value: &str| record("a.example.com", "A", &[value]);
    apply(&aws, "example.com", Create, a("1.2.3.4"))
        .await
        .unwrap();
    for (action, set, expected) in [
        (
            Create,
            a("1.2.3.4"),
            "[Tried to create resource record set [name='a.example.com.', type='A'] but it already exists]",
        ),
        (
            Delete,
            a("4.3.2.1"),
            "[Tried to delete resource record set [name='a.example.com.', type='A'] but the values provided do not match the current values]",
        ),
        (
            Delete,
            record("b.example.com", "A", &["1.2.3.4"]),
            "[Tried to delete resource record set [name='b.example.com.', type='A'] but it was not found]",
        ),
        (
            Upsert,
            record("a.example.org", "A", &["1.2.3.4"]),
            "RRSet with DNS name a.example.org. is not permitted in zone example.com.",
        ),
        (
            Upsert,
            record("aexample.com", "A", &["1.2.3.4"]),
            "is not permitted in zone",
        ),
        (
            Upsert,
            record("a.example.com", "CNAME", &["b.com"]),
            "RRSet of type CNAME with DNS name a.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.",
        ),
        (
            Upsert,
            record("example.com", "CNAME", &["b.com"]),
            "is not permitted at apex in zone example.com.",
        ),
        (Upsert, a("1.2.3"), "ARRDATAIllegalIPv4Address"),
        (
            Upsert,
            record("a.example.com", "AAAA", &["1.2.3.4"]),
            "AAAARRDATAIllegalIPv6Address",
        ),
        (
            Upsert,
            record("a.example.com", "TXT", &["a"]),
            "InvalidCharacterString",
        ),
        (
            Upsert,
            record("a.example.com", "A", &["1.2.3.4", "1.2.3.4"]),
            "Duplicate Resource Record: '1.2.3.4'",
        ),
        (
            Upsert,
            record("b.example.com", "CNAME", &["b.com", "c.com"]),
            "RRDATANotSingleMember",
        ),
        (
            Upsert,
            record("a..example.com", "A", &["1.2.3.4"]),
            "DomainLabelEmpty",
        ),
    ] {
        assert_refused(apply(&aws, "example.com", action, set).await, expected);
    }
    apply(
        &aws,
        "example.com",
        Upsert,
        record("c.example.com", "CNAME", &["b.com"]),
    )
    .await
    .unwrap();
    let beside = apply(
        &aws,
        "example.com",
        Create,
        record("c.example.com", "A", &["1.2.3.4"]),
    );
    assert_refused(
        beside.await,
        "RRSet of type A with DNS name c.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com.",
    );
    let neither = ResourceRecordSet::builder()
        .name("d.example.com")
        .r#type(RrType::A);
    let refused = apply(&aws, "example.com", Upsert, neither.build().unwrap()).await;
    assert_eq!(code(refused), is(400, "InvalidInput"));
}

#[tokio::test(start_paused = true)]
async fn batch_changes_all_or_nothing() {
    use ChangeAction::{Create, Delete, Upsert};

    let aws = account();
    let before = titles(&aws).await;
    let fits = record("a.example.com", "A", &["1.2.3.4"]);
    let missing = record("b.example.com", "A", &["1.2.3.4"]);
    let batch = [(Create, fits.clone()), (Delete, missing)];
    assert_refused(
        apply_all(&aws, "example.com", &batch).await,
        "was not found",
    );
    assert_eq!(titles(&aws).await, before);
    // The same again is no error, and a record gives way to another within one batch.
    for _ in 0..2 {
        let again = apply(&aws, "example.com", Upsert, fits.clone()).await;
        again.unwrap();
    }
    let other = record("a.example.com", "CNAME", &["example.org"]);
    let batch = [(Delete, fits), (Create, other)];
    apply_all(&aws, "example.com", &batch).await.unwrap();
    assert!(
        titles(&aws)
            .await
            .contains(&"a.example.com. CNAME".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn alias_needs_its_target() {
    use ChangeAction::Upsert;

    let aws = account();
    let of_cloudfront = "Z2FDTNDATAQYW2";
    let set = alias("a.example.com", "A", of_cloudfront, "d1.cloudfront.net");
    assert_refused(
        apply(&aws, "example.com", Upsert, set).await,
        "[Tried to create an alias that targets d1.cloudfront.net., type A in zone Z2FDTNDATAQYW2, but that target was not found]",
    );
    let set = alias("a.example.com", "A", of_cloudfront, "example.org");
    assert_refused(
        apply(&aws, "example.com", Upsert, set).await,
        "but the alias target name does not lie within the target zone",
    );
    let own = aws.hosted_zone_id("example.com").unwrap();
    let set = alias("a.example.com", "A", &own, "b.example.com");
    assert_refused(
        apply(&aws, "example.com", Upsert, set.clone()).await,
        "that target was not found",
    );
    let target = record("b.example.com", "A", &["1.2.3.4"]);
    apply(&aws, "example.com", Upsert, target).await.unwrap();
    apply(&aws, "example.com", Upsert, set).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn hosted_zone_has_tags() {
    let aws = account();
    let dns = client(&aws);
    let id = aws.hosted_zone_id("example.com").unwrap();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let change = || {
        let change = dns.change_tags_for_resource();
        change
            .resource_type(TagResourceType::Hostedzone)
            .resource_id(&id)
    };
    change()
        .add_tags(tag("a", "1"))
        .add_tags(tag("b", "2"))
        .send()
        .await
        .unwrap();
    change().remove_tag_keys("a").send().await.unwrap();
    let list = dns.list_tags_for_resource().resource_id(&id);
    let listed = list.resource_type(TagResourceType::Hostedzone).send().await;
    let listed = listed.unwrap().resource_tag_set.unwrap();
    assert_eq!(listed.tags(), [tag("b", "2")]);
    let many = (0..10).map(|n| tag(&n.to_string(), "")).collect();
    let many = change().set_add_tags(Some(many)).send().await;
    assert_eq!(code(many), is(400, "InvalidInput"));
}

/// The second client gets the account as a file would hold it.
#[tokio::test(start_paused = true)]
async fn zones_and_certificates_survive_snapshot() {
    let seeded = || {
        let account = Aws::builder().hosted_zone("example.com");
        account.issued_certificate("llm.example.com", "us-east-1")
    };
    let aws = seeded().build();
    let set = record("a.example.com", "A", &["1.2.3.4"]);
    apply(&aws, "example.com", ChangeAction::Create, set)
        .await
        .unwrap();
    let saved = serde_json::to_string(&aws.snapshot()).unwrap();
    let restored = seeded().restore(serde_json::from_str(&saved).unwrap());
    let restored = restored.unwrap().build();
    assert_eq!(restored.inventory(), aws.inventory());
    assert_eq!(restored.leftovers(), aws.leftovers());
    assert_eq!(titles(&restored).await, titles(&aws).await);
}

/// For a distribution, the record's name has to be one of its own; a load balancer has the zone of its region.
#[tokio::test(start_paused = true)]
async fn alias_names_load_balancer_and_distribution() {
    use ChangeAction::Upsert;

    let aws = Aws::builder().timings(Timings::Instant).region("eu-west-1");
    let aws = aws.hosted_zone("example.com").build();
    let network = crate::default_network::DefaultNetwork::of(&aws).await;
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&aws.sdk_config());
    let create = elb
        .create_load_balancer()
        .name("Front")
        .subnets(&network.subnets[0]);
    let made = create.subnets(&network.subnets[1]).send().await.unwrap();
    let balancer = &made.load_balancers()[0];
    let zone = balancer.canonical_hosted_zone_id().unwrap();
    assert_eq!(zone, "Z32O12XQLNTSW2");
    let name = balancer.dns_name().unwrap();
    let set = alias("lb.example.com", "A", "Z35SXDOTRQ7X7K", name);
    assert_refused(
        apply(&aws, "example.com", Upsert, set).await,
        "does not lie within the target zone",
    );
    let dual = format!("dualstack.{name}");
    for target in [name, &dual] {
        let set = alias("lb.example.com", "A", zone, target);
        apply(&aws, "example.com", Upsert, set).await.unwrap();
    }

    let cloudfront = aws_sdk_cloudfront::Client::new(&aws.sdk_config());
    let config = crate::cloudfront::config::named("one", "www.example.com");
    let created = cloudfront.create_distribution().distribution_config(config);
    let created = created.send().await.unwrap();
    let domain = created.distribution().unwrap().domain_name().to_owned();
    let of_cloudfront = "Z2FDTNDATAQYW2";
    let set = alias("other.example.com", "AAAA", of_cloudfront, &domain);
    assert_refused(
        apply(&aws, "example.com", Upsert, set).await,
        "that target was not found",
    );
    let set = alias("www.example.com", "AAAA", of_cloudfront, &domain);
    apply(&aws, "example.com", Upsert, set.clone())
        .await
        .unwrap();
    let mut healthy = set;
    healthy
        .alias_target
        .as_mut()
        .unwrap()
        .evaluate_target_health = true;
    assert_refused(
        apply(&aws, "example.com", Upsert, healthy).await,
        "EvaluateTargetHealth",
    );
}
