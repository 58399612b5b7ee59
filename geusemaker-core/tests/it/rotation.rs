//! The change of the secret between a CDN and its load balancer drops no request: at every moment, each rule admits every
//! secret that some edge location may send.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::Rule;
use geusemaker_core::{Error, FileSystems};
use geusemaker_testkit::{Aws, Explorer, Fault, Snapshot};

use crate::scenario::closed_origin::{admitted, assert_closed, distribution, rules, sent};
use crate::scenario::moment::Moment;
use crate::scenario::{Scenario, account, paused_runtime, records_as_bytes, spec, stack};

/// The secrets that some edge location may send.
#[derive(Clone, Debug, Default, PartialEq)]
struct Edge(BTreeSet<String>);

impl Edge {
    /// Takes in what CloudFront shows, and asserts that every rule admits all of it.
    async fn see(&mut self, aws: &Aws) {
        let client = aws_sdk_cloudfront::Client::new(&aws.sdk_config());
        let all = client.list_distributions().send().await.unwrap();
        let status = all.distribution_list.unwrap().items()[0].status.clone();
        if status == "Deployed" {
            self.0.clear();
        }
        self.0.extend(sent(&distribution(aws).await));
        for rule in closed(&rules(aws).await) {
            assert!(admitted(rule).is_superset(&self.0), "{rule:?}");
        }
    }

    async fn see_snapshot(&mut self, snapshot: &Snapshot) {
        let aws = account().restore(snapshot.clone()).unwrap().build();
        self.see(&aws).await;
    }
}

/// Returns the rules that are not the default one.
fn closed(rules: &[Rule]) -> impl Iterator<Item = &Rule> {
    rules.iter().filter(|rule| rule.is_default() != Some(true))
}

/// Asserts that the secret in use is not the one before, and returns it.
async fn assert_rotated(aws: &Aws, before: &str) -> String {
    let secret = assert_closed(&distribution(aws).await, &rules(aws).await);
    assert_ne!(secret, before);
    secret
}

async fn secret_of(aws: &Aws) -> String {
    sent(&distribution(aws).await).unwrap()
}

#[tokio::test(start_paused = true)]
async fn rotation_changes_secret_alone() {
    let scenario = Moment::committed().await.restart().await;
    let (before, rules_before) = (
        distribution(&scenario.aws).await,
        rules(&scenario.aws).await,
    );
    let old = sent(&before).unwrap();
    let rotated = scenario.session.rotate_origin_secret(&stack()).await;
    let rotated = rotated.unwrap();
    let new = assert_rotated(&scenario.aws, &old).await;
    let (mut after, rules_after) = (
        distribution(&scenario.aws).await,
        rules(&scenario.aws).await,
    );
    let journal = records_as_bytes(scenario.store.as_ref()).await;
    let told = [
        format!("{rotated:?}"),
        format!("{:?}", scenario.messages()),
        format!("{:?}", scenario.aws.calls()),
        serde_json::to_string(&rotated).unwrap(),
    ];
    scenario.destroy().await;

    assert_eq!((rotated.rules, rotated.finished_earlier), (2, false));
    let headers = |config: &aws_sdk_cloudfront::types::DistributionConfig| {
        config.origins().unwrap().items()[0].custom_headers.clone()
    };
    assert_ne!(headers(&after), headers(&before));
    after.origins.as_mut().unwrap().items[0].custom_headers = headers(&before);
    assert_eq!(after, before);
    let rest = |rules: &[Rule]| -> Vec<_> {
        let rest = rules.iter().map(|rule| {
            let conditions = rule.conditions().iter();
            let others: Vec<_> = conditions
                .filter(|condition| condition.http_header_config().is_none())
                .cloned()
                .collect();
            (
                rule.rule_arn.clone(),
                rule.priority.clone(),
                rule.actions.clone(),
                others,
            )
        });
        rest.collect()
    };
    assert_eq!(rest(&rules_after), rest(&rules_before));
    let journal = journal
        .iter()
        .map(|(_, record)| String::from_utf8_lossy(record));
    let texts: Vec<_> = told.into_iter().chain(journal.map(String::from)).collect();
    for secret in [old, new] {
        assert!(texts.iter().all(|text| !text.contains(&secret)));
    }
}

/// Killed at any moment and run again, and killed at any moment of that, too.
#[tokio::test(start_paused = true)]
async fn killed_rotation_drops_no_request() {
    let committed = Moment::committed().await;
    let mut edge = Edge::default();
    edge.see_snapshot(&committed.account).await;
    let first = edge.0.first().unwrap().clone();
    let watched = committed.restart_watched().await;
    let session = &watched.scenario.session;
    session.rotate_origin_secret(&stack()).await.unwrap();
    let mut finished = 0;
    let moments = watched.take();
    assert!(moments.len() > 5, "only {} moments", moments.len());
    for (number, moment) in moments.into_iter().enumerate() {
        edge.see_snapshot(&moment.account).await;
        let at = format!("moment {number}, {}", moment.what);
        let mut edge = edge.clone();
        let again = moment.restart_watched().await;
        let rotated = again.scenario.session.rotate_origin_secret(&stack()).await;
        let rotated = rotated.unwrap_or_else(|error| panic!("{at}: {error}"));
        finished += usize::from(rotated.finished_earlier);
        for moment in again.take() {
            edge.see_snapshot(&moment.account).await;
        }
        edge.see(&again.scenario.aws).await;
        assert_rotated(&again.scenario.aws, &first).await;
        again.scenario.destroy().await;
    }
    assert!(finished > 2, "only {finished} rotations were finished");
    watched.scenario.destroy().await;
}

/// A committed stack whose changes are recorded.
#[derive(Clone)]
struct World {
    scenario: Arc<Scenario>,
    changes: Changes,
    edge: Edge,
}

type Changes = Arc<Mutex<Vec<Snapshot>>>;

thread_local! {
    /// The changes of the account that this thread has built last.
    static CHANGES: RefCell<Changes> = RefCell::default();
}

/// Whatever happens to a call, no request is dropped, and the next rotation succeeds.
#[test]
fn faulty_rotation_drops_no_request() {
    let runtime = paused_runtime();
    let (committed, edge) = runtime.block_on(async {
        let committed = Moment::committed().await;
        let mut edge = Edge::default();
        edge.see_snapshot(&committed.account).await;
        (Arc::new(committed), edge)
    });
    drop(runtime);
    let start = Arc::clone(&committed);
    let build = move || {
        let changes = Changes::default();
        CHANGES.set(Arc::clone(&changes));
        let builder = account().restore(start.account.clone()).unwrap();
        builder.on_change(move |snapshot| changes.lock().unwrap().push(snapshot.clone()))
    };
    let world = move |aws| World {
        scenario: Arc::new(Scenario::with_store(
            aws,
            Arc::new(committed.journal.fork()),
        )),
        changes: CHANGES.with_borrow(Arc::clone),
        edge: edge.clone(),
    };
    Explorer::with_world(world, rotate)
        .account(build)
        .afterwards(rotate_again_and_destroy)
        .deadline(Duration::from_secs(6 * 60 * 60))
        .one_in(4)
        .explore()
        .unwrap()
        .assert_sound();
}

async fn rotate(world: World) -> Result<(), Error> {
    let session = &world.scenario.session;
    session.rotate_origin_secret(&stack()).await.map(drop)
}

async fn rotate_again_and_destroy(world: World) -> Result<(), Error> {
    let World {
        scenario,
        changes,
        mut edge,
    } = world;
    // The claim of a call that was dropped is released in the background.
    scenario.aws.clock().sleep(Duration::from_secs(3600)).await;
    let before = edge.0.first().unwrap().clone();
    let session = scenario.another_session();
    session.rotate_origin_secret(&stack()).await?;
    let snapshots = std::mem::take(&mut *changes.lock().unwrap());
    for snapshot in snapshots {
        edge.see_snapshot(&snapshot).await;
    }
    edge.see(&scenario.aws).await;
    assert_rotated(&scenario.aws, &before).await;
    session
        .destroy(&stack(), FileSystems::Delete)
        .await?
        .into_result()?;
    session.close().await.into_result()
}

/// A rule that somebody has changed by hand admits the secret again, and a header of somebody's stays.
#[tokio::test(start_paused = true)]
async fn changes_by_hand_are_mended_or_kept() {
    let scenario = Moment::committed().await.restart().await;
    let old = secret_of(&scenario.aws).await;
    let client = aws_sdk_cloudfront::Client::new(&scenario.aws.sdk_config());
    let all = client.list_distributions().send().await.unwrap();
    let id = all.distribution_list.unwrap().items()[0].id.clone();
    let found = client
        .get_distribution_config()
        .id(&id)
        .send()
        .await
        .unwrap();
    let mut config = found.distribution_config.unwrap();
    let headers = config.origins.as_mut().unwrap().items[0]
        .custom_headers
        .as_mut();
    let headers = headers.unwrap();
    let own = aws_sdk_cloudfront::types::OriginCustomHeader::builder()
        .header_name("X-Own")
        .header_value("1")
        .build();
    headers.items.get_or_insert_default().push(own.unwrap());
    headers.quantity = 2;
    let update = client
        .update_distribution()
        .id(&id)
        .set_if_match(found.e_tag);
    update.distribution_config(config).send().await.unwrap();

    // The update is under way, and is waited for.
    scenario
        .session
        .rotate_origin_secret(&stack())
        .await
        .unwrap();
    let config = distribution(&scenario.aws).await;
    let headers = config.origins().unwrap().items()[0]
        .custom_headers()
        .unwrap();
    let names: Vec<_> = headers.items().iter().map(|it| it.header_name()).collect();
    assert_rotated(&scenario.aws, &old).await;
    scenario.destroy().await;
    assert_eq!(names, ["X-Own", "X-Origin-Secret"]);
}

#[tokio::test(start_paused = true)]
async fn only_published_stacks_are_rotated() {
    let scenario = Scenario::new();
    let missing = scenario.session.rotate_origin_secret(&stack()).await;
    assert!(matches!(missing, Err(Error::NoSuchStack { .. })));

    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.keep().await.unwrap();
    let early = scenario.session.rotate_origin_secret(&stack()).await;
    let early = early.unwrap_err();
    assert!(matches!(early, Error::NoCdn { .. }));
    assert_eq!(early.to_string(), "stack llm has no CDN yet");
    assert!(early.remedy().contains("gm resume"));

    let resumed = scenario.session.resume(&stack()).await;
    resumed.unwrap();
    scenario
        .session
        .rotate_origin_secret(&stack())
        .await
        .unwrap();
    scenario.destroy().await;
}

/// The answer of AWS is passed on, and the stack is not locked afterwards.
#[tokio::test(start_paused = true)]
async fn refused_rotation_can_be_repeated() {
    let scenario = Moment::committed().await.restart().await;
    let old = secret_of(&scenario.aws).await;
    scenario
        .aws
        .inject(Fault::on("UpdateDistribution").denied());
    let error = scenario.session.rotate_origin_secret(&stack()).await;
    let error = error.unwrap_err().with_sources();
    assert!(
        error.starts_with("changing the secret that the CDN sends: cloudfront:UpdateDistribution"),
        "{error}"
    );
    let all = rules(&scenario.aws).await;
    assert!(closed(&all).all(|rule| admitted(rule).contains(&old)));
    let rotated = scenario.session.rotate_origin_secret(&stack()).await;
    assert!(rotated.unwrap().finished_earlier);
    assert_rotated(&scenario.aws, &old).await;
    scenario.destroy().await;
}
