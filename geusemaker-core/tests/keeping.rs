//! What stays: a deployment that is kept, one that is committed, and one that is taken up again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scenario;

use std::time::Duration;

use geusemaker_core::{AnyDeployment, Deployment, Ec2Ready, Error, FileSystems, Phase};
use geusemaker_testkit::Fault;

use scenario::{Scenario, assert_nothing_left, census, deploy_tier_3, go_on, spec, stack, tier_3};

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

#[tokio::test(start_paused = true)]
async fn a_deployment_that_is_kept_stays_and_another_session_goes_on_with_it() {
    let scenario = Scenario::new();
    let deployment = ready(&scenario, 3).await;
    let instances = deployment.state().instances.clone();
    deployment.keep().await.unwrap();
    let later = scenario.another_session();
    let Scenario { aws, session, .. } = scenario;
    assert!(session.close().await.is_empty());

    let opened = later.open(&stack()).await.unwrap();
    assert!(matches!(&opened, AnyDeployment::Ec2Ready(ec2) if ec2.state().instances == instances));
    let deployed = go_on(opened).await.unwrap();
    assert_eq!(census(&aws), tier_3());
    deployed.rollback().await;
    assert_nothing_left(&aws);
}

/// A program that has to end drops whatever it is at, and comes back to it.
#[tokio::test(start_paused = true)]
async fn what_is_dropped_when_it_should_be_kept_stays_and_can_be_gone_on_with_at_once() {
    for seconds in [0, 1, 2, 5, 20, 60, 200, 400] {
        let scenario = Scenario::new();
        let session = scenario.session.clone();
        let deploying = tokio::spawn(async move {
            let deployed = deploy_tier_3(&session, spec(3)).await;
            // Dropped at its end if not before.
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
        assert!(session.close().await.is_empty(), "{seconds}: it was undone");

        // What was asked for is heard and written down, and nothing else is asked for.
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
        deployed.rollback().await;
        assert_nothing_left(&aws);
    }
}

/// Whoever asks for it before anything is dropped has asked for all that is dropped later.
#[tokio::test(start_paused = true)]
async fn only_what_is_dropped_is_kept_and_a_rollback_is_still_one() {
    let scenario = Scenario::new();
    scenario.session.keep_dropped();
    let undone = ready(&scenario, 1).await.rollback().await;
    scenario.assert_nothing_left();
    assert!(undone.is_complete() && !undone.deleted.is_empty());

    drop(ready(&scenario, 1).await);
    let (aws, later) = (scenario.aws.clone(), scenario.another_session());
    assert!(scenario.session.close().await.is_empty());
    assert!(!aws.leftovers().is_empty());
    let undone = later.rollback(&stack()).await.unwrap();
    assert_nothing_left(&aws);
    assert!(undone.is_complete());
}

#[tokio::test(start_paused = true)]
async fn every_state_is_taken_up_as_it_was_kept() {
    let scenario = Scenario::new();
    ready(&scenario, 3).await.keep().await.unwrap();
    let mut phases = Vec::new();
    loop {
        phases.push(scenario.session.status(&stack()).await.unwrap().phase);
        match scenario.session.open(&stack()).await.unwrap() {
            AnyDeployment::Ec2Ready(ec2) => ec2.balance().await.unwrap().keep().await.unwrap(),
            AnyDeployment::AlbHealthy(alb) => alb.create_cdn().await.unwrap().keep().await.unwrap(),
            AnyDeployment::CdnPending(cdn) => cdn.deployed().await.unwrap().keep().await.unwrap(),
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

#[tokio::test(start_paused = true)]
async fn an_open_deployment_that_is_dropped_is_undone_unless_it_was_committed() {
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
    assert!(
        undone
            .iter()
            .all(|undone| undone.deleted.is_empty() && undone.is_complete())
    );
    assert_eq!(aws.leftovers(), before);
    later.destroy(&stack(), FileSystems::Delete).await.unwrap();
    assert_nothing_left(&aws);
}

#[tokio::test(start_paused = true)]
async fn what_is_committed_stays_when_the_session_ends() {
    let scenario = Scenario::new();
    let balanced = ready(&scenario, 2).await.balance().await.unwrap();
    balanced.commit().await.unwrap();
    let before = scenario.aws.leftovers();
    let aws = scenario.aws.clone();
    let later = scenario.another_session();
    assert!(scenario.session.close().await.is_empty());
    assert_eq!(aws.leftovers(), before);
    later.destroy(&stack(), FileSystems::Delete).await.unwrap();
    assert_nothing_left(&aws);
}

#[tokio::test(start_paused = true)]
async fn a_committed_tier_stays_when_the_next_one_cannot_be_added() {
    let scenario = Scenario::new();
    ready(&scenario, 3)
        .await
        .balance()
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
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
    session.close().await;
    assert_eq!(aws.leftovers(), before);

    let undone = later.destroy(&stack(), FileSystems::Delete).await.unwrap();
    assert_nothing_left(&aws);
    assert!(undone.is_complete());
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_while_it_is_added_to_a_committed_tier_goes_and_the_tier_stays() {
    let scenario = Scenario::new();
    ready(&scenario, 3)
        .await
        .balance()
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
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
    let deleted: Vec<_> = undone[0]
        .deleted
        .iter()
        .map(|removed| removed.key.as_str())
        .collect();
    assert_eq!(deleted, ["distribution"]);
    later.destroy(&stack(), FileSystems::Delete).await.unwrap();
    assert_nothing_left(&aws);
}

#[tokio::test(start_paused = true)]
async fn an_open_deployment_that_was_committed_is_not_rolled_back_by_a_call() {
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
async fn a_rollback_is_refused_for_what_is_committed() {
    let scenario = Scenario::new();
    ready(&scenario, 1).await.commit().await.unwrap();
    let before = scenario.aws.leftovers();
    let refused = scenario.session.rollback(&stack()).await.unwrap_err();
    assert!(matches!(&refused, Error::Committed { .. }), "{refused}");
    assert_eq!(scenario.aws.leftovers(), before);
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_by_name_ends_what_was_never_committed() {
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
async fn a_second_deployment_of_one_name_is_refused_before_anything_is_made() {
    let scenario = Scenario::new();
    // Planned before the first one is there, so that the plan does not find the name taken.
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
    first.rollback().await;
    scenario.assert_nothing_left();
}
