//! Invalidations.

use std::time::Duration;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::client::Waiters;
use aws_sdk_cloudfront::error::ProvideErrorMetadata;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use geusemaker_testkit::{Aws, Timings};

use super::{client, config, create};

fn batch(reference: &str, paths: &[&str]) -> InvalidationBatch {
    let paths = Paths::builder()
        .quantity(i32::try_from(paths.len()).unwrap())
        .set_items(Some(paths.iter().map(|path| (*path).to_owned()).collect()))
        .build()
        .unwrap();
    InvalidationBatch::builder()
        .caller_reference(reference)
        .paths(paths)
        .build()
        .unwrap()
}

/// Creates an invalidation and returns its id, or AWS's error code.
async fn invalidate(
    cloudfront: &Client,
    distribution: &str,
    batch: InvalidationBatch,
) -> Result<String, String> {
    let created = cloudfront
        .create_invalidation()
        .distribution_id(distribution)
        .invalidation_batch(batch)
        .send()
        .await;
    match created {
        Ok(created) => {
            let id = created.invalidation.unwrap().id;
            assert!(created.location.unwrap().ends_with(&id));
            Ok(id)
        }
        Err(error) => Err(error.code().unwrap().to_owned()),
    }
}

/// The SDK's waiter then waits until the invalidation is completed.
#[tokio::test(start_paused = true)]
async fn new_invalidation_is_in_progress() {
    let aws = Aws::builder().timings(Timings::Slow).build();
    let cloudfront = client(&aws);
    let (distribution, _) = create(&cloudfront, config("one")).await;
    let id = invalidate(&cloudfront, &distribution, batch("a", &["/*"]))
        .await
        .unwrap();
    let get = || {
        cloudfront
            .get_invalidation()
            .distribution_id(&distribution)
            .id(&id)
            .send()
    };
    let got = get().await.unwrap().invalidation.unwrap();
    assert_eq!(got.status, "InProgress");
    assert_eq!(got.invalidation_batch, Some(batch("a", &["/*"])));
    let shown = cloudfront
        .get_distribution()
        .id(&distribution)
        .send()
        .await
        .unwrap();
    let shown = shown.distribution.unwrap();
    assert_eq!(shown.in_progress_invalidation_batches, 1);
    cloudfront
        .wait_until_invalidation_completed()
        .distribution_id(&distribution)
        .id(&id)
        .wait(Duration::from_secs(3600))
        .await
        .unwrap();
    let got = get().await.unwrap().invalidation.unwrap();
    assert_eq!(got.status, "Completed");
    let unknown = cloudfront
        .get_invalidation()
        .distribution_id(&distribution)
        .id("I0")
        .send()
        .await;
    assert!(
        unknown
            .unwrap_err()
            .into_service_error()
            .is_no_such_invalidation()
    );
}

/// The same caller reference with other paths is refused.
#[tokio::test(start_paused = true)]
async fn invalidation_batch_is_idempotent() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (distribution, _) = create(&cloudfront, config("one")).await;
    let first = invalidate(&cloudfront, &distribution, batch("a", &["/x"])).await;
    let again = invalidate(&cloudfront, &distribution, batch("a", &["/x"])).await;
    assert_eq!(first, again);
    let other = invalidate(&cloudfront, &distribution, batch("a", &["/y"])).await;
    assert_eq!(other.unwrap_err(), "InvalidArgument");
}

#[tokio::test(start_paused = true)]
async fn invalidation_limits_are_enforced() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (distribution, _) = create(&cloudfront, config("one")).await;
    for refused in [&[][..], &["/a*b"], &["/a b"], &[""]] {
        let refused = invalidate(&cloudfront, &distribution, batch("a", refused)).await;
        assert_eq!(refused.unwrap_err(), "InvalidArgument");
    }
    let many: Vec<String> = (0..3001).map(|n| format!("/{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = invalidate(&cloudfront, &distribution, batch("a", &many)).await;
    assert_eq!(refused.unwrap_err(), "BatchTooLarge");
    invalidate(&cloudfront, &distribution, batch("a", &many[..3000]))
        .await
        .unwrap();
    let refused = invalidate(&cloudfront, &distribution, batch("b", &["/x"])).await;
    assert_eq!(refused.unwrap_err(), "TooManyInvalidationsInProgress");
    aws.clock().sleep(Duration::from_secs(300)).await;
    invalidate(&cloudfront, &distribution, batch("b", &["/x"]))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn invalidations_are_listed_newest_first() {
    let aws = Aws::new();
    let cloudfront = client(&aws);
    let (distribution, _) = create(&cloudfront, config("one")).await;
    let mut made = Vec::new();
    for reference in ["a", "b", "c"] {
        let id = invalidate(&cloudfront, &distribution, batch(reference, &["/x"])).await;
        made.push(id.unwrap());
    }
    made.reverse();
    let mut listed = Vec::new();
    let mut marker = None;
    loop {
        let page = cloudfront
            .list_invalidations()
            .distribution_id(&distribution)
            .max_items(2)
            .set_marker(marker)
            .send()
            .await
            .unwrap()
            .invalidation_list
            .unwrap();
        listed.extend(page.items().iter().map(|item| item.id.clone()));
        marker = page.next_marker;
        if !page.is_truncated {
            break;
        }
    }
    assert_eq!(listed, made);
}
