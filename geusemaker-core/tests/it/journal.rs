//! The journal in its store: the records that a process writes, those that it refuses to read, and the processes that
//! may write.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::object_store::path::Path;
use geusemaker_core::object_store::{ObjectStore, ObjectStoreExt as _};
use geusemaker_core::{AnyDeployment, Category, Error, FileSystems, JournalError, Session};
use serde_json::{Value, json};

use crate::scenario::deleted;
use crate::scenario::watched_store::WatchedStore;
use crate::scenario::{
    Scenario, account, assert_nothing_left, deploy_tier_3, records, records_as_bytes, spec, stack,
};

fn path(sequence: usize) -> Path {
    Path::from(format!("llm/{sequence:08}.json"))
}

/// Commits a tier-1 stack, whose journal a test can damage.
async fn committed() -> Scenario {
    let scenario = Scenario::new();
    let ready = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    ready.commit().await.unwrap();
    scenario
}

async fn write(store: &dyn ObjectStore, path: &Path, record: &Value) {
    store.put(path, record.to_string().into()).await.unwrap();
}

/// Each record has one event.
#[tokio::test(start_paused = true)]
async fn records_are_contiguous_and_versioned() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    deployment.commit().await.unwrap();
    scenario.destroy().await;

    let records = records(scenario.store.as_ref()).await;
    assert!(records.len() > 80, "{}", records.len());
    for (sequence, (path, record)) in records.iter().enumerate() {
        assert_eq!(*path, format!("llm/{sequence:08}.json"));
        assert_eq!(record["version"], 2);
        assert_eq!(record["sequence"], sequence);
        assert!(
            record["at"]
                .as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .is_ok()
        );
        assert!(record["event"]["type"].is_string(), "{record}");
    }
    let types: BTreeSet<_> = records
        .iter()
        .map(|(_, record)| record["event"]["type"].as_str().unwrap())
        .collect();
    let expected = [
        "claimed",
        "committed",
        "created",
        "deleted",
        "deleting",
        "ending",
        "gone",
        "intent",
        "planned",
        "reached",
        "released",
    ];
    assert_eq!(types, expected.into());
}

/// The order is: intent, created, deleting, deleted.
#[tokio::test(start_paused = true)]
async fn resource_events_are_in_order() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let made: BTreeSet<_> = scenario
        .aws
        .leftovers()
        .into_iter()
        .map(|resource| resource.id)
        .collect();
    deployment.commit().await.unwrap();
    scenario.destroy().await;

    let records = records(scenario.store.as_ref()).await;
    let order = ["intent", "created", "deleting", "deleted"];
    let keys: BTreeSet<_> = records
        .iter()
        .filter_map(|(_, record)| record["event"]["key"].as_str())
        .collect();
    assert!(keys.len() > 15, "{keys:?}");
    for key in keys {
        let of_key = records
            .iter()
            .filter(|(_, record)| record["event"]["key"] == key);
        let types: Vec<_> = of_key
            .map(|(_, record)| record["event"]["type"].clone())
            .collect();
        assert_eq!(types, order, "{key}");
    }
    let known: BTreeSet<_> = records
        .iter()
        .filter_map(|(_, record)| record["event"]["id"].as_str())
        .collect();
    // AWS creates network interfaces, and deletes them with their resource.
    let unknown: Vec<_> = made
        .iter()
        .filter(|id| !id.starts_with("eni-") && !known.contains(id.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Returns the error of every command on an unreadable journal; asserts that all are equal and that nothing is written.
async fn refusal(scenario: &Scenario) -> Error {
    let before = records_as_bytes(scenario.store.as_ref()).await;
    let by_status = scenario.session.status(&stack()).await.unwrap_err();
    let by_open = scenario.session.open(&stack()).await.unwrap_err();
    let by_destroy = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap_err();
    let by_plan = scenario.session.plan(spec(1)).await.unwrap_err();
    let later = scenario.another_session();
    let by_rollback = later.rollback(&stack()).await.unwrap_err();
    for error in [&by_open, &by_destroy, &by_plan, &by_rollback] {
        assert_eq!(error.to_string(), by_status.to_string());
    }
    assert_eq!(records_as_bytes(scenario.store.as_ref()).await, before);
    by_status
}

/// The error names the record.
#[tokio::test(start_paused = true)]
async fn torn_record_is_not_overwritten() {
    for torn in [
        "",
        "{\"version\": 1, \"sequence\": 3, \"at\"",
        "[]",
        "not json",
    ] {
        let scenario = committed().await;
        scenario
            .store
            .put(&path(3), torn.to_owned().into())
            .await
            .unwrap();
        let error = refusal(&scenario).await;
        assert!(
            matches!(&error, Error::Journal(JournalError::Damaged { path, .. }) if path == "llm/00000003.json"),
            "{error}"
        );
        assert!(
            error.remedy().contains("restore the journal"),
            "{}",
            error.remedy()
        );
    }
}

/// The error names the number of the record.
#[tokio::test(start_paused = true)]
async fn missing_record_is_not_replaced() {
    let scenario = committed().await;
    scenario.store.delete(&path(4)).await.unwrap();
    let error = refusal(&scenario).await;
    assert!(
        matches!(
            &error,
            Error::Journal(JournalError::Missing { sequence: 4, .. })
        ),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn newer_record_is_refused() {
    let scenario = committed().await;
    let last = records(scenario.store.as_ref()).await.len();
    let newer = json!({"version": 4, "what": "nobody here knows"});
    write(scenario.store.as_ref(), &path(last), &newer).await;
    let error = refusal(&scenario).await;
    assert!(
        matches!(&error, Error::Journal(JournalError::Newer { found: 4, .. })),
        "{error}"
    );
    assert!(error.to_string().contains("format version 4"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn contradictory_records_are_error() {
    let scenario = committed().await;
    let last = records(scenario.store.as_ref()).await.len();
    let record = json!({
        "version": 1,
        "sequence": last,
        "at": "2026-01-01T00:00:00Z",
        "event": {"type": "created", "key": "instance/7", "id": "i-7"},
    });
    write(scenario.store.as_ref(), &path(last), &record).await;
    let error = refusal(&scenario).await;
    assert!(
        matches!(&error, Error::Journal(JournalError::Illegal { .. })),
        "{error}"
    );
    assert!(
        error
            .with_sources()
            .contains("instance/7 was not asked for"),
        "{error}"
    );
}

/// A record of the same format version may have more fields.
#[tokio::test(start_paused = true)]
async fn unknown_fields_are_ignored() {
    let scenario = committed().await;
    let (first, mut record) = records(scenario.store.as_ref()).await.swap_remove(0);
    record["comment"] = json!("added later");
    record["event"]["more"] = json!(1);
    write(scenario.store.as_ref(), &Path::from(first), &record).await;
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn second_session_is_refused_with_holder() {
    let scenario = Scenario::new();
    let ready = scenario
        .session
        .plan(spec(2))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let second = scenario.another_session();
    let held_by = scenario
        .session
        .summary(&stack())
        .await
        .unwrap()
        .held_by
        .unwrap();
    for refused in [
        second.open(&stack()).await.unwrap_err(),
        second.rollback(&stack()).await.unwrap_err(),
        second
            .destroy(&stack(), FileSystems::Delete)
            .await
            .unwrap_err(),
    ] {
        let Error::Locked { holder, .. } = &refused else {
            panic!("{refused}")
        };
        assert_eq!(holder.pid, std::process::id());
        assert_eq!(refused.category(), Category::Locked);
        assert!(
            refused.to_string().contains("this process") && held_by == **holder,
            "{refused}"
        );
    }
    // The refusals have not disturbed the first session, which is still at work much later.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(second.open(&stack()).await.is_err());
    let balanced = ready.balance().await.unwrap();
    balanced.keep().await.unwrap();
    // The first session has released the stack.
    let AnyDeployment::AlbHealthy(balanced) = second.open(&stack()).await.unwrap() else {
        panic!("it was balanced");
    };
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// Appends a claim of another process to the journal, on this machine if no host is given.
async fn claim(scenario: &Scenario, host: Option<&str>, pid: u32, until: &str) {
    let records = records(scenario.store.as_ref()).await;
    let (_, first) = &records[0];
    let mut holder = first["event"]["holder"].clone();
    assert!(holder.is_object(), "the first record is no claim: {first}");
    holder["user"] = json!("ada");
    holder["pid"] = json!(pid);
    holder["session"] = json!("another");
    if let Some(host) = host {
        holder["host"] = json!(host);
    }
    let record = json!({
        "version": 1,
        "sequence": records.len(),
        "at": "2026-01-01T00:00:00Z",
        "event": {"type": "claimed", "holder": holder, "until": until},
    });
    write(scenario.store.as_ref(), &path(records.len()), &record).await;
}

const FAR_AWAY: &str = "2100-01-01T00:00:00Z";

/// The process has ended on this machine.
#[tokio::test(start_paused = true)]
async fn claim_of_dead_process_does_not_hold() {
    let scenario = committed().await;
    claim(&scenario, None, u32::MAX, FAR_AWAY).await;
    assert_eq!(
        scenario.session.summary(&stack()).await.unwrap().held_by,
        None
    );
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn remote_claim_holds_until_it_expires() {
    let scenario = committed().await;
    claim(&scenario, Some("elsewhere"), u32::MAX, FAR_AWAY).await;
    let refused = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("ada@elsewhere"), "{refused}");
    assert!(matches!(refused, Error::Locked { .. }));
    claim(
        &scenario,
        Some("elsewhere"),
        u32::MAX,
        "2026-01-01T00:00:01Z",
    )
    .await;
    scenario.destroy().await;
}

/// A process whose journal was taken over leaves everything to the other process.
#[tokio::test(start_paused = true)]
async fn superseded_process_stops() {
    let scenario = Scenario::new();
    let ready = scenario
        .session
        .plan(spec(2))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    claim(&scenario, Some("elsewhere"), 1, "2026-01-01T00:00:01Z").await;
    let before = scenario.aws.leftovers();
    let failed = ready.balance().await.unwrap_err();
    assert!(
        matches!(
            &*failed.error,
            Error::Journal(JournalError::TakenOver { .. })
        ),
        "{}",
        failed.error
    );
    assert_eq!(failed.error.category(), Category::Locked);
    drop(failed);
    let other = scenario.another_session();
    let Scenario { aws, session, .. } = scenario;
    let undone = session.close().await;
    assert_eq!(aws.leftovers(), before, "it is the other's now");
    assert_eq!(deleted(&undone), 0);

    other
        .rollback(&stack())
        .await
        .unwrap()
        .into_result()
        .unwrap();
    assert_nothing_left(&aws);
}

/// The store is full after any number of records: the existing resources are in the journal, and are removed once there
/// is room.
#[tokio::test(start_paused = true)]
async fn full_store_loses_nothing() {
    let mut room = 0;
    loop {
        let store = Arc::new(WatchedStore::new().room_for(room));
        let scenario = Scenario::with_store(account().build(), Arc::clone(&store) as _);
        let Scenario { aws, session, .. } = &scenario;
        let deployed = deploy_tier_3(session, spec(3)).await;
        let error = match deployed {
            Ok(deployed) => {
                store.set_room_for(usize::MAX);
                deployed.rollback().await.into_result().unwrap();
                scenario.assert_nothing_left();
                break;
            }
            Err(error) => error,
        };
        assert!(
            matches!(
                &error,
                Error::Journal(JournalError::Store {
                    doing: "written",
                    ..
                })
            ),
            "room for {room}: {error}"
        );
        assert!(
            error.with_sources().contains("no space left on device"),
            "{error}"
        );
        assert!(
            error.remedy().starts_with("free space"),
            "{}",
            error.remedy()
        );

        let (aws, later) = (aws.clone(), scenario.another_session());
        let undone = scenario.session.close().await;
        let listed = undone.left().count();
        assert_eq!(aws.leftovers().is_empty(), listed == 0, "room for {room}");
        let resources = match later.summary(&stack()).await {
            Ok(summary) => summary.resources.len(),
            Err(_) => 0,
        };
        assert!(
            resources >= listed,
            "room for {room}: {resources} in the journal, {listed} left"
        );

        store.set_room_for(usize::MAX);
        // The process is alive, so its claim has to expire.
        tokio::time::sleep(Duration::from_secs(16 * 60)).await;
        match later.rollback(&stack()).await {
            Ok(undone) => assert!(undone.is_complete(), "room for {room}: {undone:#?}"),
            Err(Error::NoSuchStack { .. }) => {}
            Err(error) => panic!("room for {room}: {error}"),
        }
        assert_nothing_left(&aws);
        room += 1;
    }
    assert!(room > 40, "the deployment wrote only {room} records");
}

#[tokio::test(start_paused = true)]
async fn other_objects_in_store_are_ignored() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    for other in [
        "llm/notes.txt",
        "llm.json",
        "llm-2/00000000.json.bak",
        "README.md",
    ] {
        store
            .put(&Path::from(other), "not a record".to_owned().into())
            .await
            .unwrap();
    }
    let scenario = Scenario::with_store(account().build(), Arc::clone(&store));
    let ready = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    ready.commit().await.unwrap();
    let stacks = scenario.session.stacks().await.unwrap();
    scenario.destroy().await;
    assert!(stacks.contains(&stack()), "{stacks:?}");
}

#[tokio::test(start_paused = true)]
async fn journal_on_disk_outlives_process() {
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        let store = geusemaker_core::object_store::local::LocalFileSystem::new_with_prefix(
            directory.path(),
        );
        Arc::new(store.unwrap())
    };
    let aws = account().build();
    let session = Session::new(aws.sdk_config(), open());
    let ready = session.plan(spec(1)).await.unwrap().launch().await.unwrap();
    ready.commit().await.unwrap();
    let _ = session.close().await;

    let later = Session::new(aws.sdk_config(), open());
    assert_eq!(later.stacks().await.unwrap(), [stack()]);
    let undone = later.destroy(&stack(), FileSystems::Delete).await.unwrap();
    assert_nothing_left(&aws);
    assert!(undone.is_complete());
}
