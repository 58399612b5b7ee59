//! The events that a listener receives: which stack, deployment and resource they are about, and when they happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use geusemaker_core::{
    DeploymentSpec, Error, FileSystems, Journals, ProgressEvent, ProgressUpdate, Session, Step,
    WaitOutcome,
};
use geusemaker_testkit::Fault;
use serde_json::Value;

use crate::scenario::{Scenario, account, assert_nothing_left, deploy_tier_3, spec};

/// Returns all events of a tier-3 stack that is deployed, committed and destroyed.
async fn life() -> (Vec<ProgressEvent>, geusemaker_core::CommittedStack) {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let record = deployed.commit().await.unwrap();
    scenario.destroy().await;
    let heard = scenario.heard.lock().unwrap().clone();
    (heard, record)
}

#[tokio::test(start_paused = true)]
async fn events_name_stack_deployment_and_time() {
    let (events, record) = life().await;
    assert!(
        events
            .iter()
            .all(|event| event.stack.as_ref() == Some(&record.name))
    );
    assert!(events.is_sorted_by_key(|event| event.at));
    let (planning, working): (Vec<_>, Vec<_>) =
        events.iter().partition(|event| event.deployment.is_none());
    assert!(
        working
            .iter()
            .all(|event| event.deployment.as_ref() == Some(&record.deployment))
    );
    let planning: Vec<_> = planning.iter().map(|event| event.to_string()).collect();
    assert_eq!(planning, [Step::CheckingAccount.to_string()]);
}

/// Every wait for one resource names it, by the key that the event of its creation had.
#[tokio::test(start_paused = true)]
async fn waits_name_their_resources() {
    let (events, _) = life().await;
    let created: BTreeMap<_, _> = events
        .iter()
        .filter_map(|event| match &event.update {
            ProgressUpdate::Created { resource, .. } => Some((&resource.id, resource)),
            _ => None,
        })
        .collect();
    let mut awaited = BTreeSet::new();
    for event in &events {
        if let ProgressUpdate::Waiting { what, resource, .. } = &event.update {
            match resource {
                Some(resource) => {
                    assert_eq!(created[&resource.id], resource, "{what}");
                    awaited.insert(resource.kind);
                }
                None => assert_eq!(what, "targets to be healthy"),
            }
        }
    }
    assert!(awaited.len() >= 5, "{awaited:?}");
}

/// Asserts that the events of each wait begin with a state and end with an outcome, and returns the outcomes.
fn outcomes(events: &[ProgressEvent]) -> Vec<WaitOutcome> {
    let mut open = BTreeMap::new();
    let mut outcomes = Vec::new();
    for event in events {
        match &event.update {
            ProgressUpdate::Waiting { wait, what, .. } => {
                assert_eq!(open.entry(*wait).or_insert_with(|| what.clone()), what);
            }
            ProgressUpdate::WaitEnded {
                wait,
                what,
                outcome,
                ..
            } => {
                assert_eq!(open.remove(wait).as_ref(), Some(what));
                outcomes.push(*outcome);
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "these never ended: {open:#?}");
    outcomes
}

/// A wait that is given up or dropped ends too.
#[tokio::test(start_paused = true)]
async fn end_of_wait_belongs_to_beginning() {
    let (events, _) = life().await;
    let all = outcomes(&events);
    assert!(all.len() > 10 && all.iter().all(|outcome| *outcome == WaitOutcome::Reached));

    let fault = Fault::on("CreateLoadBalancer").stuck();
    let scenario = Scenario::on(account().fault(fault).build());
    let ready = scenario.session.plan(spec(2)).await.unwrap().launch().await;
    let failed = ready.unwrap().balance().await.unwrap_err();
    let undone = failed.previous.rollback().await;
    scenario.assert_nothing_left();
    assert!(undone.is_complete());
    let events = scenario.heard.lock().unwrap().clone();
    let given_up = outcomes(&events)
        .into_iter()
        .filter(|outcome| *outcome == WaitOutcome::GivenUp);
    assert!(given_up.count() >= 1);
}

/// Programs read flat objects with a version, the usual range, and no text that has to be parsed.
#[tokio::test(start_paused = true)]
async fn serialized_events_are_flat_and_versioned() {
    let (events, record) = life().await;
    let mut types = BTreeSet::new();
    for event in &events {
        let json = serde_json::to_value(event).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["stack"], record.name.as_str());
        assert_eq!(json["at"], format!("{:.3}", event.at));
        let of_type = json["type"].as_str().unwrap().to_owned();
        match of_type.as_str() {
            "step" => {
                assert!(json["step"].is_string(), "{json}");
                assert_eq!(json["message"], event.to_string());
            }
            "waiting" => {
                let usual = &json["usual"];
                assert!(usual["from"].is_u64() && usual["to"].is_u64(), "{json}");
                assert!(
                    json["elapsed"].is_u64() && json["deadline"].is_u64(),
                    "{json}"
                );
                assert!(json["wait"].is_u64());
            }
            "late" => {
                assert!(json["elapsed"].as_u64() > json["usual"]["to"].as_u64());
            }
            "wait-ended" => assert_eq!(json["outcome"], "reached"),
            "created" | "deleted" => {
                let is_text = |name: &str| json[name].is_string();
                assert!(["key", "kind", "id"].into_iter().all(is_text), "{json}");
            }
            other => panic!("{other}: {json}"),
        }
        types.insert(of_type);
    }
    types.remove("late");
    assert_eq!(types.len(), 5, "{types:?}");
}

#[tokio::test(start_paused = true)]
async fn retries_and_leftovers_are_serialized() {
    let faults = [
        Fault::on("CreateLoadBalancer").throttled().times(8).into(),
        Fault::on("TerminateInstances").denied().forever().into(),
    ];
    let faults: [Fault; 2] = faults;
    let aws = faults
        .into_iter()
        .fold(account(), |account, fault| account.fault(fault));
    let scenario = Scenario::on(aws.build());
    let ready = scenario.session.plan(spec(2)).await.unwrap().launch().await;
    let balanced = ready.unwrap().balance().await.unwrap();
    let undone = balanced.rollback().await;
    assert!(!undone.is_complete());
    let events = scenario.heard.lock().unwrap().clone();
    let json: Vec<Value> = events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect();
    let first = |of_type: &str| json.iter().find(|event| event["type"] == of_type).unwrap();
    let is_of_alb = |event: &&Value| event["type"] == "retrying" && event["key"] == "alb";
    let retrying = json.iter().find(is_of_alb).unwrap();
    assert_eq!(retrying["kind"], "load-balancer");
    assert!(retrying["next"]["again"]["after"].is_u64(), "{retrying}");
    let left = first("left");
    assert_eq!(left["key"], "instance/0");
    assert!(
        left["why"].is_string() && left["remedy"].is_string() && left["command"].is_null(),
        "{left}"
    );
    scenario.aws.lift_faults();
    let undone = scenario.session.rollback(&crate::scenario::stack()).await;
    scenario.assert_nothing_left();
    assert!(undone.unwrap().is_complete());
}

/// A table with a line for each stack, which is filled without any parsing.
#[tokio::test(start_paused = true)]
async fn listener_keeps_twenty_stacks_apart() {
    let aws = account().build();
    let table = Arc::new(Mutex::new(BTreeMap::<String, (Option<Step>, usize)>::new()));
    let lines = Arc::clone(&table);
    let session = Session::builder(aws.sdk_config(), Journals::in_memory())
        .listener(move |event: &ProgressEvent| {
            let mut lines = lines.lock().unwrap();
            let name = event.stack.as_ref().unwrap().to_string();
            let line = lines.entry(name).or_default();
            match &event.update {
                ProgressUpdate::Step { step, .. } => line.0 = Some(step.clone()),
                ProgressUpdate::Created { .. } => line.1 += 1,
                ProgressUpdate::Deleted { .. } => line.1 -= 1,
                _ => {}
            }
        })
        .build()
        .unwrap();
    let stack = |number: u8| -> DeploymentSpec {
        let name = format!("llm-{number}").parse().unwrap();
        spec(1).to_builder().name(name).build().unwrap()
    };
    let lives = (0..20).map(|number| {
        let session = session.clone();
        async move {
            let ready = session.plan(stack(number)).await?.launch().await?;
            ready.commit().await?;
            Ok::<_, Error>(())
        }
    });
    futures::future::try_join_all(lives).await.unwrap();
    let up = table.lock().unwrap().clone();
    for name in session.stacks().await.unwrap() {
        let undone = session.destroy(&name, FileSystems::Delete).await.unwrap();
        assert!(undone.is_complete());
    }
    assert_nothing_left(&aws);
    assert_eq!(up.len(), 20);
    let is_up = |line: &(Option<Step>, usize)| {
        matches!(line.0, Some(Step::Committed { .. })) && line.1 == up["llm-0"].1
    };
    assert!(up.values().all(is_up), "{up:#?}");
    assert!(up["llm-0"].1 >= 5);
    let is_gone = |line: &(Option<Step>, usize)| matches!(line, (Some(Step::Gone { .. }), 0));
    assert!(table.lock().unwrap().values().all(is_gone));
}

/// A broken pipe makes `println!` panic, for example.
#[tokio::test(start_paused = true)]
async fn panicking_listener_does_not_stop_work() {
    let aws = account().build();
    let heard = Arc::new(Mutex::new(0));
    let count = Arc::clone(&heard);
    let session = Session::builder(aws.sdk_config(), Journals::in_memory())
        .listener(move |_: &ProgressEvent| {
            *count.lock().unwrap() += 1;
            panic!("the pipe is broken");
        })
        .build()
        .unwrap();
    let deployed = deploy_tier_3(&session, spec(3)).await.unwrap();
    let record = deployed.commit().await.unwrap();
    let undone = session.destroy(&record.name, FileSystems::Delete).await;
    assert_nothing_left(&aws);
    assert!(undone.unwrap().is_complete());
    assert_eq!(*heard.lock().unwrap(), 1);
}
