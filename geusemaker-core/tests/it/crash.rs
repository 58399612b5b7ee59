//! A process that ends at any moment: from the journal and the account of that moment, another process finishes the
//! deployment or removes it. In both cases nothing exists twice and nothing is left.

use geusemaker_core::{AnyDeployment, DeploymentSpec, Error, FileSystems};
use geusemaker_testkit::{AwsBuilder, Fault, NewerType};

use crate::scenario::closed_origin::{assert_closed, distribution, rules};
use crate::scenario::moment::{Moment, Watched};
use crate::scenario::{
    Scenario, account, assert_nothing_left, census, deploy_tier_3, go_on, spec, spec_with, stack,
    tier_3,
};

/// Returns every moment of a tier-3 deployment.
async fn moments_of_a_deployment(account: AwsBuilder, spec: DeploymentSpec) -> Vec<Moment> {
    let watched = Watched::new(account);
    let deployment = deploy_tier_3(&watched.scenario.session, spec)
        .await
        .unwrap();
    let moments = watched.take();
    deployment.rollback().await.into_result().unwrap();
    watched.scenario.assert_nothing_left();
    assert!(moments.len() > 50, "only {} moments", moments.len());
    moments
}

/// Resumes the deployment to tier 3 from each moment, and then removes it.
async fn resume_from(moments: Vec<Moment>) {
    for (number, moment) in moments.into_iter().enumerate() {
        let at = format!("moment {number}, {}", moment.what);
        let scenario = moment.restart().await;
        let opened = match scenario.session.open(&stack()).await {
            Ok(opened) => opened,
            Err(Error::NoSuchStack { .. }) => {
                // The deployment had not begun.
                scenario.assert_nothing_left();
                continue;
            }
            Err(error) => panic!("{at}: {error}"),
        };
        let deployed = go_on(opened)
            .await
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(census(&scenario.aws), tier_3(), "{at}");
        // The secret is in no journal, so that the next run reads it from the rules that there are.
        let (distribution, rules) = (
            distribution(&scenario.aws).await,
            rules(&scenario.aws).await,
        );
        let undone = deployed.rollback().await;
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "{at}: {left:#?}");
        assert!(undone.is_complete(), "{at}: {undone:#?}");
        assert_closed(&distribution, &rules);
    }
}

/// The deployment is completed, and nothing exists twice.
#[tokio::test(start_paused = true)]
async fn deployment_resumes_from_any_moment() {
    resume_from(moments_of_a_deployment(account(), spec(3)).await).await;
}

/// The facts about types that the catalog does not have are in the journal.
#[tokio::test(start_paused = true)]
async fn unlisted_types_resume_from_any_moment() {
    let newer = NewerType::new("g95.xlarge", "NVIDIA", "X1").gpus(2);
    for name in ["g95.xlarge", "m7i.large"] {
        let account = account().newer_type(newer.clone());
        let compute = spec(3).compute().to_builder();
        let compute = compute.instance_type(name.parse().unwrap());
        let spec = spec(3).to_builder().compute(compute).build().unwrap();
        let moments = moments_of_a_deployment(account, spec).await;
        resume_from(moments.into_iter().step_by(5).collect()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn deployment_rolls_back_from_any_moment() {
    for (number, moment) in moments_of_a_deployment(account(), spec(3))
        .await
        .into_iter()
        .enumerate()
    {
        let at = format!("moment {number}, {}", moment.what);
        let scenario = moment.restart().await;
        match scenario.session.rollback(&stack()).await {
            Ok(undone) => assert!(undone.is_complete(), "{at}: {:#?}", undone.left),
            Err(Error::NoSuchStack { .. }) => {}
            Err(error) => panic!("{at}: {error}"),
        }
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "{at}: {left:#?}");
    }
}

/// The call of a killed process may still be on its way. Repeated with the same token, both calls create one resource.
#[tokio::test(start_paused = true)]
async fn killed_call_is_repeated_with_same_token() {
    let intents = |records: &[(String, serde_json::Value)], key: &str| -> Vec<serde_json::Value> {
        let events = records.iter().map(|(_, record)| &record["event"]);
        let intents = events.filter(|event| event["type"] == "intent" && event["key"] == key);
        intents.map(|event| event["lookup"].clone()).collect()
    };
    let mut seen = Vec::new();
    for moment in moments_of_a_deployment(account(), spec(3)).await {
        let records = crate::scenario::records(&moment.journal).await;
        let Some(last) = records.last().map(|(_, record)| record["event"].clone()) else {
            continue;
        };
        let key = last["key"].as_str().unwrap_or_default().to_owned();
        if last["type"] != "intent" || seen.contains(&key) {
            continue;
        }
        let scenario = moment.restart().await;
        let opened = scenario.session.open(&stack()).await.unwrap();
        let deployed = go_on(opened).await.unwrap();
        assert_eq!(census(&scenario.aws), tier_3(), "{key}");
        let records = crate::scenario::records(scenario.store.as_ref()).await;
        deployed.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        assert_eq!(intents(&records, &key), [last["lookup"].clone()]);
        seen.push(key);
    }
    for key in ["instance/0", "file-system", "distribution"] {
        assert!(seen.iter().any(|known| known == key), "{key} of {seen:?}");
    }
}

/// The first instance type has no capacity anywhere, so the journal has refusals, and the instance is of the second
/// type.
#[tokio::test(start_paused = true)]
async fn fallback_placement_survives_crash() {
    let spec = spec_with(3, "fallback = [\"g6.xlarge\"]");
    let planned = Scenario::new().session.plan(spec.clone()).await.unwrap();
    let candidates = &planned.state().plan.candidates;
    let refusals = candidates
        .iter()
        .filter(|c| c.instance_type.name() == "g5.xlarge")
        .count()
        + 1;
    let got = candidates[refusals].clone();
    let fault = Fault::on("RunInstances")
        .answer("InsufficientInstanceCapacity")
        .times(refusals.try_into().unwrap());
    let moments = moments_of_a_deployment(account().fault(fault), spec).await;
    for (number, moment) in moments.into_iter().enumerate() {
        let has_instance = moment.journal.fork();
        let has_instance = crate::scenario::records(&has_instance)
            .await
            .into_iter()
            .any(|(_, record)| {
                record["event"]["type"] == "created" && record["event"]["key"] == "instance/0"
            });
        if !has_instance {
            continue;
        }
        let at = format!("moment {number}, {}", moment.what);
        let scenario = moment.restart().await;
        let opened = scenario.session.open(&stack()).await.unwrap();
        let deployed = go_on(opened)
            .await
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        let instance = deployed.state().alb.ec2.instances[0].clone();
        let keys: Vec<_> = scenario.session.summary(&stack()).await.unwrap().resources;
        let mounts: Vec<_> = keys
            .into_iter()
            .map(|r| r.key)
            .filter(|key| key.as_str().starts_with("mount-target/"))
            .collect();
        deployed.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        assert_eq!(
            (instance.instance_type, &instance.subnet),
            (got.instance_type, &got.subnet.as_ref().unwrap().id),
            "{at}"
        );
        assert_eq!(
            mounts,
            [format!("mount-target/{}", got.zone).as_str()],
            "{at}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn removal_resumes_from_any_moment() {
    let watched = Watched::new(account());
    let deployment = deploy_tier_3(&watched.scenario.session, spec(3))
        .await
        .unwrap();
    deployment.commit().await.unwrap();
    watched.take();
    watched.scenario.destroy().await;
    let moments = watched.take();
    assert!(moments.len() > 50, "only {} moments", moments.len());
    for (number, moment) in moments.into_iter().enumerate() {
        let at = format!("moment {number}, {}", moment.what);
        let scenario = moment.restart().await;
        match scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await
        {
            Ok(undone) => assert!(undone.is_complete(), "{at}: {:#?}", undone.left),
            // The journal is closed already.
            Err(Error::NoSuchStack { .. }) => {}
            Err(error) => panic!("{at}: {error}"),
        }
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "{at}: {left:#?}");
    }
}

/// The process ended during the undo of a failed launch. The undo is finished first: nothing is built on an instance
/// whose file system is gone.
#[tokio::test(start_paused = true)]
async fn interrupted_launch_undo_is_finished() {
    let refused = Fault::on("DescribeInstances").answer("UnauthorizedOperation");
    let watched = Watched::new(account());
    let planned = watched.scenario.session.plan(spec(3)).await.unwrap();
    watched.scenario.aws.inject(refused);
    let failed = planned.launch().await.unwrap_err();
    let moments = watched.take();
    assert!(failed.undone.is_complete(), "{:#?}", failed.undone);
    failed.previous.rollback().await.into_result().unwrap();
    watched.scenario.assert_nothing_left();
    assert!(moments.len() > 20, "only {} moments", moments.len());
    resume_from(moments).await;
}

/// The process ended during the undo of a failed load balancer: the instances are still good.
#[tokio::test(start_paused = true)]
async fn interrupted_undo_keeps_instances() {
    let fault = Fault::on("CreateRule").answer("TooManyRules");
    let watched = Watched::new(account().fault(fault));
    let ready = watched
        .scenario
        .session
        .plan(spec(3))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let instances = ready.state().instances.clone();
    watched.take();
    let failed = ready.balance().await.unwrap_err();
    let moments = watched.take();
    drop(failed);
    watched.scenario.close_and_assert_nothing_left().await;
    for (number, moment) in moments.into_iter().enumerate() {
        let at = format!("moment {number}, {}", moment.what);
        let scenario = moment.restart().await;
        let AnyDeployment::Ec2Ready(ready) = scenario.session.open(&stack()).await.unwrap() else {
            panic!("{at}: the instances were ready");
        };
        let balanced = match ready.balance().await {
            Ok(balanced) => balanced,
            Err(failed) => {
                // The interrupted deletion is finished first, and then the step is tried again.
                assert!(
                    matches!(&*failed.error, Error::BeingDeleted { .. }),
                    "{at}: {}",
                    failed.error
                );
                assert!(failed.undone.is_complete(), "{at}: {:#?}", failed.undone);
                failed
                    .previous
                    .balance()
                    .await
                    .unwrap_or_else(|error| panic!("{at}: {error}"))
            }
        };
        assert_eq!(balanced.state().ec2.instances, instances, "{at}");
        let deployed = balanced.publish().await.unwrap();
        assert_eq!(census(&scenario.aws), tier_3(), "{at}");
        deployed.rollback().await.into_result().unwrap();
        let left = scenario.aws.leftovers();
        assert!(left.is_empty(), "{at}: {left:#?}");
    }
}

/// A resumed transition that fails undoes the work of both processes.
#[tokio::test(start_paused = true)]
async fn failed_resume_undoes_both_processes() {
    let watched = Watched::new(account());
    let ready = watched
        .scenario
        .session
        .plan(spec(3))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let before = watched.scenario.aws.leftovers();
    watched.take();
    let balanced = ready.balance().await.unwrap();
    let moments = watched.take();
    balanced.rollback().await.into_result().unwrap();
    watched.scenario.assert_nothing_left();
    for (number, moment) in moments.into_iter().enumerate() {
        let at = format!("moment {number}, {}", moment.what);
        let scenario = moment.restart().await;
        let AnyDeployment::Ec2Ready(ready) = scenario.session.open(&stack()).await.unwrap() else {
            // The last record says that `balance` is complete.
            continue;
        };
        scenario
            .aws
            .inject(Fault::on("DescribeTargetHealth").answer("AccessDenied"));
        let failed = ready.balance().await.unwrap_err();
        assert_eq!(scenario.aws.leftovers(), before, "{at}");
        assert!(failed.undone.is_complete(), "{at}");
        failed.previous.rollback().await.into_result().unwrap();
        assert_nothing_left(&scenario.aws);
    }
}
