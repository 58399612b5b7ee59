//! Estimates of costs of plans, stacks and orphans, and the GPU types that an account can have.

use geusemaker_core::spec::Tier;
use geusemaker_core::{Billable, Journals, Session};
use geusemaker_testkit::{Fault, Quota};

use crate::scenario::{Scenario, account, spec, spec_with, stack};

/// The estimate of a plan is that of the stack which is made from it, for each kind of network and each tier.
#[tokio::test(start_paused = true)]
async fn plan_costs_what_stack_costs() {
    let private = "[network]\ncreate = true\nprivate = true\n";
    for (tier, more) in [
        (1, String::new()),
        (2, String::new()),
        (3, String::new()),
        (1, "[network]\ncreate = true\n".to_owned()),
        (2, private.to_owned()),
        (2, format!("{private}egress = \"endpoints\"\n")),
        (
            2,
            format!("{private}[load_balancer]\nscheme = \"internal\"\n"),
        ),
    ] {
        let scenario = Scenario::new();
        let planned = scenario
            .session
            .plan(spec_with(tier, &more))
            .await
            .unwrap_or_else(|error| panic!("tier {tier}, {more}: {error}"));
        let estimate = planned.state().plan.cost();
        assert!(estimate.is_known() && !estimate.is_at_most());
        drop(planned);
        scenario.session.close().await.into_result().unwrap();

        let session = scenario.another_session();
        let planned = session.plan(spec_with(tier, &more)).await.unwrap();
        planned.launch().await.unwrap().keep().await.unwrap();
        session.resume(&stack()).await.unwrap();
        for status in [
            session.summary(&stack()).await.unwrap(),
            session.status(&stack()).await.unwrap(),
        ] {
            assert_eq!(status.cost(), estimate, "tier {tier}, {more}");
            assert_eq!(status.planned_cost(), estimate);
        }

        // Without the journal, only the root volumes are not known.
        let elsewhere = Session::new(scenario.aws.sdk_config(), Journals::in_memory());
        let orphans = elsewhere.orphans(None).await.unwrap().cost();
        let others = estimate
            .items()
            .iter()
            .filter(|item| !matches!(item.what, Billable::RootVolume { .. }));
        assert!(others.eq(orphans.items()), "{:?}", orphans.items());
    }
}

/// Of a stopped instance, AWS bills for the volume; of one that is gone, for nothing.
#[tokio::test(start_paused = true)]
async fn stopped_instance_costs_its_volume() {
    let scenario = Scenario::new();
    let session = &scenario.session;
    let planned = session.plan(spec(1)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    let instance = ready.state().instances[0].id.to_string();
    ready.commit().await.unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let items = async || {
        let cost = session.status(&stack()).await.unwrap().cost();
        let items = cost.items().iter().map(ToString::to_string);
        items.collect::<Vec<_>>()
    };
    assert_eq!(items().await.len(), 3);
    let stopped = ec2.stop_instances().instance_ids(&instance);
    stopped.send().await.unwrap();
    assert_eq!(items().await, ["root volume, 200 GiB"]);
    let terminated = ec2.terminate_instances().instance_ids(&instance);
    terminated.send().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    assert_eq!(items().await, Vec::<String>::new());
    // The journal alone does not know that.
    let summary = session.summary(&stack()).await.unwrap();
    assert_eq!(
        (summary.tier, summary.cost().items().len()),
        (Tier::Instances, 3)
    );
}

/// AWS is asked for zones and quotas. A region offers fewer types than the catalog has.
#[tokio::test(start_paused = true)]
async fn gpu_offers_have_zones_and_quotas() {
    let limited = account().quota(Quota::OnDemandGAndVt, 8).build();
    let scenario = Scenario::on(limited);
    let offers = scenario.session.gpu_offers(None).await.unwrap();
    let admitted = |name: &str| {
        let mut all = offers.offers.iter();
        let offer = all.find(|it| it.instance_type.name() == name).unwrap();
        assert!(!offer.zones.is_empty() && offer.zones.is_sorted());
        offer.admitted
    };
    assert_eq!(admitted("g5.xlarge"), Some(2));
    assert_eq!(admitted("g5.2xlarge"), Some(1));
    assert_eq!(admitted("g5.4xlarge"), Some(0));
    assert!(offers.quotas.iter().any(|quota| quota.level == Ok((8, 0))));
    let elsewhere = "eu-west-1".parse().unwrap();
    let elsewhere = scenario.session.gpu_offers(Some(&elsewhere)).await.unwrap();
    assert!(elsewhere.offers.len() < offers.offers.len());
}

/// Whoever may not read quotas still sees the zones.
#[tokio::test(start_paused = true)]
async fn gpu_offers_do_without_quotas() {
    let denied = account()
        .fault(Fault::on("GetServiceQuota").denied().forever())
        .build();
    let scenario = Scenario::on(denied);
    let offers = scenario.session.gpu_offers(None).await.unwrap();
    assert!(offers.offers.iter().all(|offer| offer.admitted.is_none()));
    let json = serde_json::to_value(&offers.quotas).unwrap();
    let reason = json[0]["unknown"].as_str().unwrap();
    assert!(reason.contains("AccessDenied"), "{reason}");
    assert_eq!(json[0]["limit"], serde_json::Value::Null);
}
