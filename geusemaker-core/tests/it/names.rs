//! Stacks with names of their own: certificates, DNS records, and what answers under the names.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, Listener};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use geusemaker_core::{
    AnyDeployment, DomainProblem, Error, FileSystems, PlanProblem, ResourceKind,
};
use geusemaker_testkit::{Aws, Fault};

use crate::scenario::closed_origin::{assert_closed, distribution};
use crate::scenario::moment::Watched;
use crate::scenario::{
    Scenario, account, census, deploy_tier_3, go_on, named_tier_3, spec_with, stack,
};

const DOMAIN: &str = "[domain]\nname = 'llm.example.com'\nhosted_zone = 'example.com'";

/// Returns the records of the zone that lead somewhere, by their names and types.
async fn records(aws: &Aws) -> BTreeMap<(String, String), String> {
    let client = aws_sdk_route53::Client::new(&aws.sdk_config());
    let zone = aws.hosted_zone_id("example.com").unwrap();
    let reply = client.list_resource_record_sets().hosted_zone_id(zone);
    let sets = reply.send().await.unwrap().resource_record_sets;
    let leading = sets.into_iter().filter_map(|set| {
        let record_type = set.r#type().as_str().to_owned();
        let target = match set.alias_target() {
            Some(alias) => alias.dns_name().to_owned(),
            None if record_type == "CNAME" => set.resource_records()[0].value().to_owned(),
            None => return None,
        };
        let name = set.name().trim_end_matches('.').to_owned();
        Some(((name, record_type), target.trim_end_matches('.').to_owned()))
    });
    leading.collect()
}

async fn create_record(aws: &Aws, name: &str, value: &str) {
    let client = aws_sdk_route53::Client::new(&aws.sdk_config());
    let record = ResourceRecord::builder().value(value).build().unwrap();
    let set = ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::Cname)
        .ttl(60)
        .resource_records(record)
        .build()
        .unwrap();
    let change = Change::builder()
        .action(ChangeAction::Create)
        .resource_record_set(set)
        .build()
        .unwrap();
    client
        .change_resource_record_sets()
        .hosted_zone_id(aws.hosted_zone_id("example.com").unwrap())
        .change_batch(ChangeBatch::builder().changes(change).build().unwrap())
        .send()
        .await
        .unwrap();
}

/// Returns the listeners by their ports.
async fn listeners(aws: &Aws) -> BTreeMap<i32, Listener> {
    let client = aws_sdk_elasticloadbalancingv2::Client::new(&aws.sdk_config());
    let balancers = client.describe_load_balancers().send().await.unwrap();
    let arn = balancers.load_balancers()[0].load_balancer_arn().unwrap();
    let reply = client.describe_listeners().load_balancer_arn(arn).send();
    let all = reply.await.unwrap().listeners.unwrap().into_iter();
    all.map(|it| (it.port().unwrap(), it)).collect()
}

/// Returns the ports of the group of the load balancer that somebody may reach.
async fn open_ports(aws: &Aws) -> Vec<i32> {
    let client = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let reply = client.describe_security_groups().send().await.unwrap();
    let mut groups = reply.security_groups().iter();
    let group = groups.find(|it| it.group_name() == Some("llm-alb"));
    let permissions = group.unwrap().ip_permissions().iter();
    let mut ports: Vec<_> = permissions.filter_map(|it| it.from_port()).collect();
    ports.sort_unstable();
    ports
}

/// Returns the only certificate in a region.
async fn certificate(aws: &Aws, region: &str) -> aws_sdk_acm::types::CertificateDetail {
    let config = aws.sdk_config().to_builder();
    let config = config.region(aws_config::Region::new(region.to_owned()));
    let client = aws_sdk_acm::Client::new(&config.build());
    let all = client.list_certificates().send().await.unwrap();
    let [only] = all.certificate_summary_list() else {
        panic!("{all:?}")
    };
    let arn = only.certificate_arn().unwrap();
    let found = client.describe_certificate().certificate_arn(arn).send();
    found.await.unwrap().certificate.unwrap()
}

#[tokio::test(start_paused = true)]
async fn balancer_answers_under_its_name() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec_with(2, DOMAIN)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let dns_name = balanced.state().load_balancer.dns_name.to_lowercase();
    let stack = balanced.commit().await.unwrap();
    let (listeners, records) = (listeners(&scenario.aws).await, records(&scenario.aws).await);
    let ports = open_ports(&scenario.aws).await;
    let messages = scenario.messages();
    scenario.destroy().await;

    assert_eq!(
        stack.outputs.url.as_deref(),
        Some("https://llm.example.com")
    );
    let https = &listeners[&443];
    assert_eq!(
        https.ssl_policy(),
        Some("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09")
    );
    assert_eq!(https.certificates().len(), 1);
    let redirect = &listeners[&80].default_actions()[0];
    assert_eq!(redirect.r#type(), Some(&ActionTypeEnum::Redirect));
    let to = redirect.redirect_config().unwrap();
    assert_eq!((to.protocol(), to.port()), (Some("HTTPS"), Some("443")));
    assert_eq!(ports, [80, 443]);
    let of = |name: &str, record_type: &str| {
        records
            .get(&(name.to_owned(), record_type.to_owned()))
            .cloned()
    };
    assert_eq!(of("llm.example.com", "A"), Some(dns_name));
    assert_eq!(of("llm.example.com", "AAAA"), None);
    assert_eq!(records.len(), 2, "{records:?}");
    for wanted in [
        "Requesting certificate for llm.example.com",
        "Certificate is issued",
    ] {
        assert!(
            messages.iter().any(|it| it.contains(wanted)),
            "{messages:#?}"
        );
    }
}

/// CloudFront takes its certificate from us-east-1, and asks the load balancer under a name that has one too.
#[tokio::test(start_paused = true)]
async fn cdn_answers_under_its_names() {
    for region in ["us-east-1", "eu-west-1"] {
        let scenario = Scenario::on(account().region(region).build());
        let more = format!("{DOMAIN}\n[cdn]\naliases = ['chat.example.com']");
        let deployed = deploy_tier_3(&scenario.session, spec_with(3, &more))
            .await
            .unwrap();
        let domain = deployed.state().distribution.domain.clone();
        let dns_name = deployed.state().alb.load_balancer.dns_name.to_lowercase();
        let stack = deployed.commit().await.unwrap();
        let (distribution, records) = (
            distribution(&scenario.aws).await,
            records(&scenario.aws).await,
        );
        let (listeners, ports) = (
            listeners(&scenario.aws).await,
            open_ports(&scenario.aws).await,
        );
        let of_balancer = listeners[&443].certificates()[0].certificate_arn().unwrap();
        let of_balancer = of_balancer.to_owned();
        let rules = crate::scenario::closed_origin::rules(&scenario.aws).await;
        scenario.destroy().await;

        assert_eq!(
            stack.outputs.url.as_deref(),
            Some("https://llm.example.com")
        );
        assert_eq!(
            distribution.aliases().unwrap().items(),
            ["llm.example.com", "chat.example.com"]
        );
        let viewer = distribution.viewer_certificate().unwrap();
        let of_viewers = viewer.acm_certificate_arn().unwrap();
        assert!(
            of_viewers.starts_with("arn:aws:acm:us-east-1:"),
            "{of_viewers}"
        );
        assert_eq!(
            viewer.minimum_protocol_version().unwrap().as_str(),
            "TLSv1.3_2025"
        );
        assert_eq!(viewer.ssl_support_method().unwrap().as_str(), "sni-only");
        let origin = &distribution.origins().unwrap().items()[0];
        assert_eq!(origin.domain_name(), "origin.llm.example.com");
        let policy = origin.custom_origin_config().unwrap();
        assert_eq!(policy.origin_protocol_policy().as_str(), "https-only");
        assert!(
            of_balancer.starts_with(&format!("arn:aws:acm:{region}:")),
            "{of_balancer}"
        );
        assert_ne!(of_balancer, of_viewers);
        // Nobody but CloudFront asks the load balancer, and never without encryption.
        assert_eq!(listeners.keys().collect::<Vec<_>>(), [&443]);
        assert_eq!(ports, [443]);
        assert_closed(&distribution, &rules);
        for name in ["llm.example.com", "chat.example.com"] {
            for record_type in ["A", "AAAA"] {
                assert_eq!(records[&(name.to_owned(), record_type.to_owned())], domain);
            }
        }
        let origin = ("origin.llm.example.com".to_owned(), "A".to_owned());
        assert_eq!(records[&origin], dns_name);
        // Three names are validated.
        assert_eq!(records.len(), 5 + 3, "{records:?}");
    }
}

/// Certificates of somebody else are used, and left as they are.
#[tokio::test(start_paused = true)]
async fn adopted_certificates_stay() {
    let aws = account()
        .region("eu-west-1")
        .issued_certificate("*.example.com", "eu-west-1")
        .issued_certificate("llm.example.com", "us-east-1")
        .build();
    let of_balancer = aws.certificate_arn("*.example.com", "eu-west-1").unwrap();
    let of_cdn = aws.certificate_arn("llm.example.com", "us-east-1").unwrap();
    let scenario = Scenario::on(aws);
    for more in [
        format!("[domain]\nname = 'llm.example.com'\n[cdn]\ncertificate_arn = '{of_cdn}'"),
        format!(
            "{DOMAIN}\norigin_name = 'origin.example.com'\n[cdn]\ncertificate_arn = '{of_cdn}'\n\
             [load_balancer]\ncertificate_arn = '{of_balancer}'"
        ),
        format!(
            "[cdn]\ncertificate_arn = '{of_cdn}'\naliases = ['llm.example.com']\n\
             [load_balancer]\ncertificate_arn = '{of_balancer}'"
        ),
    ] {
        let deployed = deploy_tier_3(&scenario.session, spec_with(3, &more))
            .await
            .unwrap();
        let distribution = distribution(&scenario.aws).await;
        let made = census(&scenario.aws);
        deployed.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        assert!(
            !made.contains_key("CertificateManager::Certificate"),
            "{made:?}"
        );
        let viewer = distribution.viewer_certificate().unwrap();
        assert_eq!(viewer.acm_certificate_arn(), Some(of_cdn.as_str()));
        let origin = &distribution.origins().unwrap().items()[0];
        let policy = origin
            .custom_origin_config()
            .unwrap()
            .origin_protocol_policy();
        let has_certificate = more.contains("load_balancer");
        let wanted = if has_certificate {
            "https-only"
        } else {
            "http-only"
        };
        assert_eq!(policy.as_str(), wanted);
    }
}

/// A certificate that does not fit is found before anything is made.
#[tokio::test(start_paused = true)]
async fn unfit_names_are_found_first() {
    let aws = account()
        .issued_certificate("other.example.com", "us-east-1")
        .issued_certificate("llm.example.com", "eu-west-1")
        .hosted_zone("twice.example.org")
        .build();
    let client = aws_sdk_route53::Client::new(&aws.sdk_config());
    let again = client.create_hosted_zone().name("twice.example.org");
    again.caller_reference("again").send().await.unwrap();
    create_record(&aws, "taken.example.com", "elsewhere.example.org").await;
    aws.clock().sleep(Duration::from_secs(120)).await;
    aws.reset_baseline();
    let other = aws
        .certificate_arn("other.example.com", "us-east-1")
        .unwrap();
    let elsewhere = aws.certificate_arn("llm.example.com", "eu-west-1").unwrap();
    let unknown =
        "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000";
    let zone = aws.hosted_zone_id("example.com").unwrap();
    let scenario = Scenario::on(aws);
    let balancer = |arn: &str| {
        format!("[domain]\nname = 'llm.example.com'\n[load_balancer]\ncertificate_arn = '{arn}'")
    };
    let named =
        |name: &str, zone: &str| format!("[domain]\nname = '{name}'\nhosted_zone = '{zone}'");
    for (tier, more, wanted) in [
        (
            2,
            balancer(&other),
            "does not cover llm.example.com: it is for other.example.com",
        ),
        (
            2,
            balancer(&elsewhere),
            "is in eu-west-1, and the load balancer will be in us-east-1",
        ),
        (2, balancer(unknown), "the account has no certificate"),
        (
            3,
            format!("[cdn]\naliases = ['llm.example.com']\ncertificate_arn = '{other}'"),
            "cdn.certificate_arn",
        ),
        (
            2,
            named("llm.example.org", "example.org"),
            "the account has no hosted zone example.org",
        ),
        (
            2,
            named("llm.example.org", "Z00000000000000000000"),
            "no hosted zone Z0",
        ),
        (
            2,
            named("llm.example.org", &zone),
            "llm.example.org is not in the hosted zone Z",
        ),
        (
            2,
            named("taken.example.com", "example.com"),
            "a record of type CNAME already, which leads to elsewhere",
        ),
        (
            2,
            named("a.twice.example.org", "twice.example.org"),
            "2 public hosted zones",
        ),
    ] {
        let error = scenario
            .session
            .plan(spec_with(tier, &more))
            .await
            .map(drop);
        scenario.assert_nothing_left();
        let Err(Error::Plan(error)) = error else {
            panic!("{more}: {error:?}")
        };
        let [PlanProblem::Domain(problem)] = error.problems() else {
            panic!("{more}: {error:?}")
        };
        assert!(problem.to_string().contains(wanted), "{more}: {problem}");
        assert!(!problem.remedy().is_empty());
        assert!(!matches!(problem, DomainProblem::PrivateHostedZone { .. }));
    }
}

/// The usual reason is that the world asks other name servers.
#[tokio::test(start_paused = true)]
async fn certificate_that_is_not_issued_ends_wait() {
    let stuck = Fault::on("RequestCertificate").stuck();
    let scenario = Scenario::on(account().fault(stuck).build());
    let planned = scenario.session.plan(spec_with(2, DOMAIN)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    let start = scenario.aws.clock().now();
    let failed = ready.balance().await.unwrap_err();
    let waited = scenario.aws.clock().now().duration_since(start);
    let Error::CertificateNotIssued { names, zone, .. } = &*failed.error else {
        panic!("{:?}", failed.error)
    };
    assert_eq!(names[0].as_str(), "llm.example.com");
    assert_eq!(zone.as_ref().unwrap().name, "example.com");
    assert!(failed.error.remedy().contains("dig +short NS example.com"));
    assert!((2700..3600).contains(&waited.as_secs()), "{waited:?}");
    let ready = failed.previous;
    let made = census(&scenario.aws);
    assert!(
        !made.contains_key("CertificateManager::Certificate"),
        "{made:?}"
    );
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// All certificates of an account for a name are validated by one record, which is not this stack's to remove.
#[tokio::test(start_paused = true)]
async fn validation_record_of_others_stays() {
    let scenario = Scenario::new();
    let client = aws_sdk_acm::Client::new(&scenario.aws.sdk_config());
    let theirs = client
        .request_certificate()
        .domain_name("llm.example.com")
        .validation_method(aws_sdk_acm::types::ValidationMethod::Dns)
        .send()
        .await
        .unwrap();
    let theirs = theirs.certificate_arn.unwrap();
    scenario.aws.clock().sleep(Duration::from_secs(120)).await;
    let described = certificate(&scenario.aws, "us-east-1").await;
    let record = described.domain_validation_options()[0]
        .resource_record()
        .unwrap();
    create_record(&scenario.aws, record.name(), record.value()).await;
    scenario.aws.clock().sleep(Duration::from_secs(3600)).await;
    scenario.aws.reset_baseline();
    let before = records(&scenario.aws).await;

    let planned = scenario.session.plan(spec_with(2, DOMAIN)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.commit().await.unwrap();
    scenario.destroy().await;
    assert_eq!(records(&scenario.aws).await, before);
    let left = certificate(&scenario.aws, "us-east-1").await;
    assert_eq!(left.certificate_arn(), Some(theirs.as_str()));
}

/// A record that somebody has led elsewhere is theirs.
#[tokio::test(start_paused = true)]
async fn changed_record_is_left_alone() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec_with(2, DOMAIN)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.commit().await.unwrap();
    let client = aws_sdk_route53::Client::new(&scenario.aws.sdk_config());
    let record = ResourceRecord::builder()
        .value("192.0.2.1")
        .build()
        .unwrap();
    let set = ResourceRecordSet::builder()
        .name("llm.example.com")
        .r#type(RrType::A)
        .ttl(60)
        .resource_records(record)
        .build()
        .unwrap();
    let change = Change::builder()
        .action(ChangeAction::Upsert)
        .resource_record_set(set);
    let batch = ChangeBatch::builder()
        .changes(change.build().unwrap())
        .build()
        .unwrap();
    let zone = scenario.aws.hosted_zone_id("example.com").unwrap();
    let request = client
        .change_resource_record_sets()
        .hosted_zone_id(zone.clone());
    request.change_batch(batch).send().await.unwrap();
    scenario.aws.clock().sleep(Duration::from_secs(120)).await;
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap();
    assert!(undone.is_complete(), "{:?}", undone.left);
    let reply = client.list_resource_record_sets().hosted_zone_id(zone);
    let sets = reply.send().await.unwrap().resource_record_sets;
    let kept = sets.iter().filter(|set| set.name() == "llm.example.com.");
    assert_eq!(kept.count(), 1, "{sets:?}");
}

#[tokio::test(start_paused = true)]
async fn named_stack_survives_call_faults() {
    for operation in [
        "RequestCertificate",
        "ChangeResourceRecordSets",
        "DeleteCertificate",
    ] {
        for nth in [1, 2] {
            let at = || Fault::on(operation).nth(nth);
            let faults: [Fault; 4] = [
                at().lose_reply().into(),
                at().reset().into(),
                at().stall().into(),
                at().answer("ThrottlingException").times(3).into(),
            ];
            for fault in faults {
                let shown = format!("{fault:?}");
                let scenario = Scenario::on(account().fault(fault).build());
                let deployed = deploy_tier_3(&scenario.session, spec_with(3, DOMAIN)).await;
                let deployed = deployed.unwrap_or_else(|error| panic!("{shown}: {error}"));
                assert_eq!(census(&scenario.aws), named_tier_3(), "{shown}");
                deployed.commit().await.unwrap();
                scenario.destroy().await;
                assert_eq!(scenario.aws.unfired(), [], "{shown}");
            }
        }
    }
}

/// From any moment, the next process finishes the deployment, and nothing exists twice.
#[tokio::test(start_paused = true)]
async fn named_stack_resumes_from_any_moment() {
    let watched = Watched::new(account());
    let deployed = deploy_tier_3(&watched.scenario.session, spec_with(3, DOMAIN)).await;
    let moments = watched.take();
    deployed.unwrap().rollback().await.into_result().unwrap();
    watched.scenario.assert_nothing_left();
    for (number, moment) in moments.into_iter().enumerate().skip(25).step_by(5) {
        let at = format!("moment {number}, {}", moment.what);
        let scenario = moment.restart().await;
        let opened = match scenario.session.open(&stack()).await {
            Ok(opened) => opened,
            Err(Error::NoSuchStack { .. }) => continue,
            Err(error) => panic!("{at}: {error}"),
        };
        let deployed = go_on(opened).await;
        let deployed = deployed.unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(census(&scenario.aws), named_tier_3(), "{at}");
        let undone = deployed.rollback().await;
        assert!(undone.is_complete(), "{at}: {undone:#?}");
        scenario.assert_nothing_left();
    }
}

/// Without a journal, certificates are found by their tags, and records by what they lead to.
#[tokio::test(start_paused = true)]
async fn orphans_have_certificates_and_records() {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, DOMAIN))
        .await
        .unwrap();
    deployed.commit().await.unwrap();
    scenario.aws.clock().sleep(Duration::from_secs(600)).await;
    let elsewhere = Scenario::on(scenario.aws.clone());
    let orphans = elsewhere.session.orphans(None).await.unwrap();
    let of_kind = |kind| {
        orphans
            .orphans
            .iter()
            .filter(move |it| it.kind == kind)
            .count()
    };
    assert_eq!(of_kind(ResourceKind::Certificate), 2);
    assert_eq!(of_kind(ResourceKind::DnsRecord), 5);
    let removed = elsewhere
        .session
        .remove_orphans(&orphans, FileSystems::Delete)
        .await;
    removed.unwrap().into_result().unwrap();
    scenario.assert_nothing_left();
}

/// A stack without a hosted zone makes no calls to the services of names.
#[tokio::test(start_paused = true)]
async fn nameless_stack_asks_no_name_services() {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, ""))
        .await
        .unwrap();
    let deployed = AnyDeployment::CdnDeployed(deployed);
    go_on(deployed)
        .await
        .unwrap()
        .rollback()
        .await
        .into_result()
        .unwrap();
    scenario.assert_nothing_left();
    let calls = scenario.aws.calls();
    let asked = calls.iter().find(|call| {
        call.operation.contains("Certificate") || call.operation.contains("RecordSets")
    });
    assert!(asked.is_none(), "{asked:?}");
}
