//! Invalidations of the cached answers of a stack.

use geusemaker_core::spec::{InvalidationPath, InvalidationPaths};
use geusemaker_core::{Category, Error};
use geusemaker_testkit::Fault;

use crate::scenario::moment::Moment;
use crate::scenario::{Scenario, spec, stack};

fn paths(texts: &[&str]) -> InvalidationPaths {
    let paths = texts.iter().map(|text| text.parse().unwrap());
    InvalidationPaths::try_from(paths.collect::<Vec<InvalidationPath>>()).unwrap()
}

/// Returns the number of invalidations of the only distribution.
async fn count(scenario: &Scenario, distribution: &str) -> usize {
    let client = aws_sdk_cloudfront::Client::new(&scenario.aws.sdk_config());
    let all = client.list_invalidations().distribution_id(distribution);
    let all = all.send().await.unwrap().invalidation_list.unwrap();
    all.items().len()
}

#[tokio::test(start_paused = true)]
async fn invalidation_completes() {
    let scenario = Moment::committed().await.restart().await;
    let wanted = paths(&["/static/*", "/index.html"]);
    let session = &scenario.session;
    let accepted = session.invalidate(&stack(), wanted.clone()).await.unwrap();
    let again = session.invalidate(&stack(), wanted.clone()).await.unwrap();
    let completed = session.await_invalidation(&stack(), &accepted).await;
    let completed = completed.unwrap();
    let all = count(&scenario, accepted.distribution.as_str()).await;
    scenario.destroy().await;
    assert_eq!(accepted.paths, wanted);
    assert!(!accepted.is_completed && completed.is_completed);
    // A repetition is an invalidation of its own.
    assert_ne!(accepted.id, again.id);
    assert_eq!(all, 2);
}

/// A lost answer makes no second invalidation.
#[tokio::test(start_paused = true)]
async fn repeated_request_is_one_invalidation() {
    let scenario = Moment::committed().await.restart().await;
    scenario
        .aws
        .inject(Fault::on("CreateInvalidation").lose_reply());
    let everything = InvalidationPaths::everything();
    let accepted = scenario.session.invalidate(&stack(), everything).await;
    let accepted = accepted.unwrap();
    assert_eq!(count(&scenario, accepted.distribution.as_str()).await, 1);
    assert!(scenario.aws.unfired().is_empty());
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn refusal_has_remedy() {
    let scenario = Moment::committed().await.restart().await;
    let wide = |n: usize| paths(&[format!("/{n}/*").as_str()]);
    for n in 0..15 {
        scenario
            .session
            .invalidate(&stack(), wide(n))
            .await
            .unwrap();
    }
    let error = scenario.session.invalidate(&stack(), wide(15)).await;
    let error = error.unwrap_err();
    assert_eq!(
        error.call().and_then(|call| call.code.as_deref()),
        Some("TooManyInvalidationsInProgress")
    );
    assert!(
        error
            .remedy()
            .starts_with("wait until those in progress are completed")
    );
    assert_eq!(error.category(), Category::Access);
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn stack_without_cdn_is_refused() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    planned.launch().await.unwrap().commit().await.unwrap();
    let everything = InvalidationPaths::everything();
    let error = scenario.session.invalidate(&stack(), everything).await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::NoCdn { .. }));
    assert_eq!(
        error.to_string(),
        "stack llm has no CDN: its spec asks for tier 1"
    );
    scenario.destroy().await;
}
