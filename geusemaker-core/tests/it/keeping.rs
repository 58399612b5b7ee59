//! Deployments that stay: kept ones, committed ones, and ones that are opened again.

use std::time::Duration;

use geusemaker_core::object_store::ObjectStoreExt as _;
use geusemaker_core::{AnyDeployment, Deployment, Ec2Ready, Error, FileSystems, Phase};
use geusemaker_testkit::Fault;

use crate::scenario::{
    Scenario, assert_nothing_left, census, deleted, deploy_tier_3, go_on, records, spec, stack,
    tier_3,
};

async fn ready(scenario: &Scenario, tier: u8) -> Deployment<Ec2Ready> {
    scenario
        .session
        .plan(spec(tier))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap()
}

/// Commits the load balancer of a tier-3 spec, as versions before this one did.
async fn commit_below_tier(scenario: &Scenario) {
    let balanced = ready(scenario, 3).await.balance().await.unwrap();
    balanced.keep().await.unwrap();
    let records = records(scenario.store.as_ref()).await;
    let (_, last) = records.last().unwrap();
    let sequence = records.len();
    let record = serde_json::json!({
        "version": last["version"],
        "sequence": sequence,
        "at": last["at"],
        "event": { "type": "committed", "tier": 2 },
    });
    let path = format!("{}/{sequence:08}.json", stack()).into();
    let record = record.to_string().into();
    scenario.store.put(&path, record).await.unwrap();
}

/// Another session resumes the deployment.
#[tokio::test(start_paused = true)]
async fn kept_deployment_is_resumed_elsewhere() {
    let scenario = Scenario::new();
    let deployment = ready(&scenario, 3).await;
    let instances = deployment.state().instances.clone();
    deployment.keep().await.unwrap();
    let later = scenario.another_session();
    let Scenario { aws, session, .. } = scenario;
    assert_eq!(deleted(&session.close().await), 0);

    let opened = later.open(&stack()).await.unwrap();
    assert!(matches!(&opened, AnyDeployment::Ec2Ready(ec2) if ec2.state().instances == instances));
    let deployed = go_on(opened).await.unwrap();
    assert_eq!(census(&aws), tier_3());
    deployed.rollback().await.into_result().unwrap();
    assert_nothing_left(&aws);
}

/// A program that has to end drops its work in any state, and resumes it later.
#[tokio::test(start_paused = true)]
async fn dropped_deployment_can_be_kept() {
    for seconds in [0, 1, 2, 5, 20, 60, 200, 400] {
        let scenario = Scenario::new();
        let session = scenario.session.clone();
        let deploying = tokio::spawn(async move {
            let deployed = deploy_tier_3(&session, spec(3)).await;
            // Keeps the deployment alive until the task is aborted.
            std::future::pending::<()>().await;
            drop(deployed);
        });
        tokio::time::sleep(Duration::from_millis(seconds * 1000 + 150)).await;
        scenario.session.keep_dropped();
        deploying.abort();
        drop(deploying.await);
        let before = scenario.aws.calls().len();
        let later = scenario.another_session();
        let Scenario { aws, session, .. } = scenario;
        let closed = session.close().await;
        assert_eq!(deleted(&closed), 0, "{seconds}: it was undone");

        // Replies to pending calls are received and recorded, and no new work begins.
        let calls = aws.calls().split_off(before);
        assert!(calls.len() <= 8, "{seconds}: {calls:#?}");
        let resources = match later.summary(&stack()).await {
            Ok(kept) => {
                assert_eq!(kept.held_by, None, "{seconds}");
                kept.resources
            }
            Err(Error::NoSuchStack { .. }) => {
                assert_nothing_left(&aws);
                continue;
            }
            Err(error) => panic!("{seconds}: {error}"),
        };
        assert!(
            resources.iter().all(|resource| resource.id.is_some()),
            "{seconds}: {resources:#?}"
        );
        let deployed = go_on(later.open(&stack()).await.unwrap()).await.unwrap();
        assert_eq!(census(&aws), tier_3(), "{seconds}");
        deployed.rollback().await.into_result().unwrap();
        assert_nothing_left(&aws);
    }
}

/// `keep_dropped` also applies to everything that is dropped later.
#[tokio::test(start_paused = true)]
async fn rollback_still_works_with_keep_dropped() {
    let scenario = Scenario::new();
    scenario.session.keep_dropped();
    let undone = ready(&scenario, 1).await.rollback().await;
    scenario.assert_nothing_left();
    assert!(undone.is_complete() && !undone.deleted.is_empty());

    drop(ready(&scenario, 1).await);
    let (aws, later) = (scenario.aws.clone(), scenario.another_session());
    assert_eq!(deleted(&scenario.session.close().await), 0);
    assert!(!aws.leftovers().is_empty());
    let undone = later.rollback(&stack()).await.unwrap();
    assert_nothing_left(&aws);
    assert!(undone.is_complete());
}

#[tokio::test(start_paused = true)]
async fn states_are_reopened_as_kept() {
    let scenario = Scenario::new();
    ready(&scenario, 3).await.keep().await.unwrap();
    let mut phases = Vec::new();
    loop {
        phases.push(scenario.session.status(&stack()).await.unwrap().phase);
        match scenario.session.open(&stack()).await.unwrap() {
            AnyDeployment::Ec2Ready(ec2) => ec2.balance().await.unwrap().keep().await.unwrap(),
            AnyDeployment::AlbHealthy(alb) => alb.create_cdn().await.unwrap().keep().await.unwrap(),
            AnyDeployment::CdnPending(cdn) => cdn
                .wait_until_deployed()
                .await
                .unwrap()
                .keep()
                .await
                .unwrap(),
            AnyDeployment::CdnDeployed(cdn) => break drop(cdn.commit().await.unwrap()),
            other => panic!("{other:?}"),
        }
    }
    let committed = scenario.session.status(&stack()).await.unwrap().phase;
    scenario.destroy().await;
    assert_eq!(
        phases,
        [
            Phase::Ec2Ready,
            Phase::AlbHealthy,
            Phase::CdnPending,
            Phase::CdnDeployed
        ]
    );
    assert_eq!(committed, Phase::Committed);
}

/// A deployment that was committed before stays.
#[tokio::test(start_paused = true)]
async fn dropped_open_deployment_is_undone() {
    let scenario = Scenario::new();
    ready(&scenario, 1).await.keep().await.unwrap();
    drop(scenario.session.open(&stack()).await.unwrap());
    scenario.close_and_assert_nothing_left().await;

    let scenario = Scenario::new();
    ready(&scenario, 1).await.commit().await.unwrap();
    let before = scenario.aws.leftovers();
    let aws = scenario.aws.clone();
    let later = scenario.another_session();
    drop(scenario.session.open(&stack()).await.unwrap());
    let undone = scenario.session.close().await;
    assert!(deleted(&undone) == 0 && undone.is_complete());
    assert_eq!(aws.leftovers(), before);
    later
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap()
        .into_result()
        .unwrap();
    assert_nothing_left(&aws);
}

#[tokio::test(start_paused = true)]
async fn committed_stack_outlives_session() {
    let scenario = Scenario::new();
    let balanced = ready(&scenario, 2).await.balance().await.unwrap();
    balanced.commit().await.unwrap();
    let before = scenario.aws.leftovers();
    let aws = scenario.aws.clone();
    let later = scenario.another_session();
    assert_eq!(deleted(&scenario.session.close().await), 0);
    assert_eq!(aws.leftovers(), before);
    later
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap()
        .into_result()
        .unwrap();
    assert_nothing_left(&aws);
}

/// Only the distribution is undone.
#[tokio::test(start_paused = true)]
async fn committed_tier_survives_failed_upgrade() {
    let scenario = Scenario::new();
    commit_below_tier(&scenario).await;
    let before = scenario.aws.leftovers();
    scenario
        .aws
        .inject(Fault::on("GetDistribution").answer("AccessDenied"));
    let AnyDeployment::AlbHealthy(balanced) = scenario.session.open(&stack()).await.unwrap() else {
        panic!("it was committed with a load balancer");
    };
    let failed = balanced.publish().await.unwrap_err();
    assert_eq!(
        scenario.aws.leftovers(),
        before,
        "the distribution is undone, and nothing else"
    );
    drop(failed);
    let later = scenario.another_session();
    let Scenario { aws, session, .. } = scenario;
    let _ = session.close().await;
    assert_eq!(aws.leftovers(), before);

    let undone = later.destroy(&stack(), FileSystems::Delete).await.unwrap();
    assert_nothing_left(&aws);
    assert!(undone.is_complete());
}

/// Only the distribution that was being added is undone.
#[tokio::test(start_paused = true)]
async fn committed_tier_survives_dropped_upgrade() {
    let scenario = Scenario::new();
    commit_below_tier(&scenario).await;
    let before = scenario.aws.leftovers();
    let AnyDeployment::AlbHealthy(balanced) = scenario.session.open(&stack()).await.unwrap() else {
        panic!("it was committed with a load balancer");
    };
    let under_way = tokio::time::timeout(Duration::from_secs(30), balanced.publish());
    assert!(under_way.await.is_err());
    assert_eq!(census(&scenario.aws), tier_3());
    let later = scenario.another_session();
    let Scenario { aws, session, .. } = scenario;
    let undone = session.close().await;
    assert_eq!(aws.leftovers(), before);
    let deleted: Vec<_> = undone.unfinished[0]
        .undone
        .deleted
        .iter()
        .map(|removed| removed.key.as_str())
        .collect();
    assert_eq!(deleted, ["distribution"]);
    later
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap()
        .into_result()
        .unwrap();
    assert_nothing_left(&aws);
}

#[tokio::test(start_paused = true)]
async fn rollback_of_reopened_commit_does_nothing() {
    let scenario = Scenario::new();
    ready(&scenario, 1).await.commit().await.unwrap();
    let before = scenario.aws.leftovers();
    let AnyDeployment::Ec2Ready(opened) = scenario.session.open(&stack()).await.unwrap() else {
        panic!("it was committed with instances");
    };
    let undone = opened.rollback().await;
    assert!(
        undone.deleted.is_empty() && undone.is_complete(),
        "{undone:#?}"
    );
    assert_eq!(scenario.aws.leftovers(), before);
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn rollback_of_committed_stack_is_refused() {
    let scenario = Scenario::new();
    ready(&scenario, 1).await.commit().await.unwrap();
    let before = scenario.aws.leftovers();
    let refused = scenario.session.rollback(&stack()).await.unwrap_err();
    assert!(matches!(&refused, Error::Committed { .. }), "{refused}");
    assert_eq!(scenario.aws.leftovers(), before);
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn rollback_by_name_removes_uncommitted() {
    let scenario = Scenario::new();
    ready(&scenario, 2)
        .await
        .balance()
        .await
        .unwrap()
        .keep()
        .await
        .unwrap();
    let undone = scenario.session.rollback(&stack()).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete());
}

#[tokio::test(start_paused = true)]
async fn second_deployment_of_name_is_refused() {
    let scenario = Scenario::new();
    // Planned before the first deployment exists, so that the plan does not find the name taken.
    let second = scenario.session.plan(spec(1)).await.unwrap();
    let first = ready(&scenario, 1).await;
    let before = scenario.aws.leftovers();
    let failed = second.launch().await.unwrap_err();
    assert!(
        matches!(&*failed.error, Error::Exists { .. }),
        "{}",
        failed.error
    );
    drop(failed);
    assert_eq!(scenario.aws.leftovers(), before);
    first.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}
