//! Placements without capacity: the next one is tried, in the order of the plan, and when all have refused nothing is
//! left.

use geusemaker_core::spec::Purchase;
use geusemaker_core::{Category, Error, ErrorClass};
use geusemaker_testkit::Fault;

use crate::scenario::{Scenario, account, spec, spec_with};

const NO_CAPACITY: &str = "InsufficientInstanceCapacity";

#[tokio::test(start_paused = true)]
async fn missing_capacity_tries_next_zone() {
    let scenario = Scenario::on(
        account()
            .fault(Fault::on("RunInstances").answer(NO_CAPACITY))
            .build(),
    );
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let candidates = planned.state().plan.candidates.clone();
    let ready = planned.launch().await.unwrap();
    let instance = ready.state().instances[0].clone();
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    assert_eq!(instance.subnet, candidates[1].subnet.as_ref().unwrap().id);
    let calls = scenario.aws.calls();
    let refused = geusemaker_testkit::Outcome::Refused(NO_CAPACITY.to_owned());
    let refused = calls.iter().filter(|call| call.outcome == refused).count();
    assert_eq!(
        refused, 1,
        "the SDK retries status 500 by itself unless it is told not to"
    );
    assert!(
        scenario
            .messages()
            .iter()
            .any(|message| message.contains("trying the next place"))
    );
}

#[tokio::test(start_paused = true)]
async fn exhausted_zones_try_next_type() {
    let scenario = Scenario::new();
    let wanted = spec_with(1, "fallback = [\"g6.xlarge\"]");
    let planned = scenario.session.plan(wanted).await.unwrap();
    let candidates = &planned.state().plan.candidates;
    let zones = candidates
        .iter()
        .filter(|c| c.instance_type.name() == "g5.xlarge")
        .count();
    assert!(0 < zones && zones < candidates.len());
    let fault = Fault::on("RunInstances")
        .answer(NO_CAPACITY)
        .times(zones.try_into().unwrap());
    scenario.aws.inject(fault);
    let ready = planned.launch().await.unwrap();
    let instance_type = ready.state().instances[0].instance_type;
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    assert_eq!(instance_type.name(), "g6.xlarge");
}

#[tokio::test(start_paused = true)]
async fn spot_falls_back_to_on_demand() {
    let scenario = Scenario::new();
    let wanted = spec_with(1, "market = \"spot-then-on-demand\"");
    let planned = scenario.session.plan(wanted).await.unwrap();
    let spots = planned
        .state()
        .plan
        .candidates
        .iter()
        .filter(|candidate| candidate.purchase == Purchase::Spot)
        .count();
    let fault = Fault::on("RunInstances")
        .answer(NO_CAPACITY)
        .times(spots.try_into().unwrap());
    scenario.aws.inject(fault);
    let ready = planned.launch().await.unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let reply = ec2.describe_instances().send().await.unwrap();
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    let instance = &reply.reservations()[0].instances()[0];
    assert_eq!(
        instance.instance_lifecycle(),
        None,
        "a spot instance would say so"
    );
}

/// The error lists every placement, and nothing is left.
#[tokio::test(start_paused = true)]
async fn exhausted_placements_are_listed() {
    let fault = Fault::on("RunInstances").answer(NO_CAPACITY).forever();
    let scenario = Scenario::on(account().fault(fault).build());
    let planned = scenario
        .session
        .plan(spec_with(1, "fallback = [\"g6.xlarge\"]"))
        .await
        .unwrap();
    let candidates = planned.state().plan.candidates.clone();
    let failed = planned.launch().await.unwrap_err();
    scenario.assert_nothing_left();
    assert!(failed.undone.is_complete());

    let Error::Capacity {
        attempts, instance, ..
    } = &*failed.error
    else {
        panic!("{}", failed.error);
    };
    assert_eq!(*instance, "instance/0");
    let tried: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt.candidate.clone())
        .collect();
    assert_eq!(tried, candidates);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.error.class == ErrorClass::Capacity)
    );
    assert_eq!(failed.error.category(), Category::Failure);
    assert!(failed.error.remedy().contains("compute.fallback"));
    assert_eq!(
        failed.error.call().unwrap().code.as_deref(),
        Some(NO_CAPACITY)
    );
}

/// If one of several instances cannot be placed, the others are removed too.
#[tokio::test(start_paused = true)]
async fn unplaced_instance_undoes_others() {
    let scenario = Scenario::new();
    let planned = scenario
        .session
        .plan(spec_with(1, "count = 3\n[access]\nssm = false"))
        .await
        .unwrap();
    scenario.aws.inject(
        Fault::on("RunInstances")
            .nth(3)
            .answer(NO_CAPACITY)
            .forever(),
    );
    let failed = planned.launch().await.unwrap_err();
    scenario.assert_nothing_left();
    assert!(
        matches!(&*failed.error, Error::Capacity { .. }),
        "{}",
        failed.error
    );
    let mut terminated: Vec<_> = failed
        .undone
        .deleted
        .iter()
        .filter(|removed| removed.key.as_str().starts_with("instance/"))
        .collect();
    terminated.dedup_by_key(|removed| removed.id.clone());
    assert_eq!(terminated.len(), 2);
}

/// A quota applies to the whole region, but spot and on-demand instances have separate quotas.
#[tokio::test(start_paused = true)]
async fn spot_quota_falls_back_to_on_demand() {
    let scenario = Scenario::new();
    let wanted = spec_with(1, "market = \"spot-then-on-demand\"");
    let planned = scenario.session.plan(wanted).await.unwrap();
    let fault = Fault::on("RunInstances").answer("MaxSpotInstanceCountExceeded");
    scenario.aws.inject(fault);
    let ready = planned.launch().await.unwrap();
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// AWS accepts a launch, and ends the instance at once.
#[tokio::test(start_paused = true)]
async fn ended_instance_counts_as_attempt() {
    let fault = Fault::on("RunInstances").fails("Server.InsufficientInstanceCapacity");
    let scenario = Scenario::on(account().fault(fault).build());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let candidates = planned.state().plan.candidates.clone();
    let ready = planned.launch().await.unwrap();
    let (instances, targets) = (
        ready.state().instances.clone(),
        ready.state().mount_targets.len(),
    );
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    let subnet = candidates[1].subnet.as_ref().map(|subnet| &subnet.id);
    assert_eq!((instances.len(), Some(&instances[0].subnet)), (1, subnet));
    // One in the first place, which is of no use any more, and one in the second.
    assert_eq!(targets, 2);
}

#[tokio::test(start_paused = true)]
async fn ended_instances_are_listed() {
    let fault = Fault::on("RunInstances")
        .fails("Server.InsufficientInstanceCapacity")
        .forever();
    let scenario = Scenario::on(account().fault(fault).build());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let places = planned.state().plan.candidates.len();
    let failed = planned.launch().await.unwrap_err();
    scenario.assert_nothing_left();
    let Error::Capacity { attempts, .. } = &*failed.error else {
        panic!("{}", failed.error);
    };
    assert_eq!(attempts.len(), places);
    let code = attempts[0].error.code.as_deref();
    assert_eq!(code, Some("Server.InsufficientInstanceCapacity"));
}

/// The second type counts against the same quota, so it is not even asked for.
#[tokio::test(start_paused = true)]
async fn quota_rules_out_its_family_only() {
    let fault = Fault::on("RunInstances").answer("VcpuLimitExceeded");
    let scenario = Scenario::on(account().fault(fault).build());
    let wanted = spec_with(
        1,
        "fallback = [\"g6.xlarge\", \"p4d.24xlarge\"]\n[access]\nssm = false",
    );
    let planned = scenario.session.plan(wanted).await.unwrap();
    let ready = planned.launch().await.unwrap();
    let instance_type = ready.state().instances[0].instance_type;
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert_eq!(instance_type.name(), "p4d.24xlarge");
    let calls = scenario.aws.calls();
    let asked = calls.iter().filter(|call| call.operation == "RunInstances");
    assert_eq!(asked.count(), 2);
}

/// A quota that is too small for one type may be large enough for a smaller one.
#[tokio::test(start_paused = true)]
async fn smaller_type_is_tried_below_quota() {
    let fault = Fault::on("RunInstances").of_type("g5.12xlarge");
    let fault = fault.answer("VcpuLimitExceeded");
    let scenario = Scenario::on(account().fault(fault).build());
    let compute = spec(1).compute().to_builder();
    let fallback = ["g6.12xlarge", "g5.2xlarge"].map(|name| name.parse().unwrap());
    let compute = compute.instance_type("g5.12xlarge".parse().unwrap());
    let wanted = spec(1).to_builder().compute(compute.fallback(fallback));
    let planned = scenario
        .session
        .plan(wanted.build().unwrap())
        .await
        .unwrap();
    let ready = planned.launch().await.unwrap();
    let instance_type = ready.state().instances[0].instance_type;
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert_eq!(instance_type.to_string(), "g5.2xlarge");
}

#[tokio::test(start_paused = true)]
async fn low_spot_price_has_own_remedy() {
    let fault = Fault::on("RunInstances")
        .answer("SpotMaxPriceTooLow")
        .forever();
    let scenario = Scenario::on(account().fault(fault).build());
    let wanted = spec_with(1, "market = \"spot\"\nmax_price = \"0.01\"");
    let planned = scenario.session.plan(wanted).await.unwrap();
    let failed = planned.launch().await.unwrap_err();
    scenario.assert_nothing_left();
    let remedy = failed.error.remedy();
    assert!(remedy.starts_with("raise compute.max_price"), "{remedy}");
}

#[tokio::test(start_paused = true)]
async fn used_up_quotas_name_page_to_ask() {
    let fault = Fault::on("RunInstances")
        .answer("VcpuLimitExceeded")
        .forever();
    let scenario = Scenario::on(account().fault(fault).build());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let failed = planned.launch().await.unwrap_err();
    scenario.assert_nothing_left();
    assert_eq!(failed.error.category(), Category::Access);
    let remedy = failed.error.remedy();
    assert!(
        remedy.contains("\"Running On-Demand G and VT instances\""),
        "{remedy}"
    );
    assert!(remedy.contains("/ec2/quotas/L-DB2E81BA"), "{remedy}");
}
