//! The simulated Secrets Manager, driven by the unmodified SDK client.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SortOrderType, Tag};
use geusemaker_testkit::{Aws, Fault, Quota};

use crate::iam::{code, is};

const DAY: u64 = 24 * 60 * 60;

fn client(aws: &Aws) -> Client {
    Client::new(&aws.sdk_config())
}

async fn create(aws: &Aws, name: &str, value: &str) -> String {
    let create = client(aws).create_secret().name(name).secret_string(value);
    create.send().await.unwrap().arn.unwrap()
}

/// Returns the value of a secret and its labels.
async fn read(aws: &Aws, id: &str) -> (String, Vec<String>) {
    let got = client(aws).get_secret_value().secret_id(id).send().await;
    let got = got.unwrap();
    (got.secret_string.unwrap(), got.version_stages.unwrap())
}

async fn days(aws: &Aws, days: u64) {
    aws.clock().sleep(Duration::from_secs(days * DAY)).await;
}

#[tokio::test(start_paused = true)]
async fn secret_is_created_and_read() {
    let aws = Aws::new();
    let arn = create(&aws, "llm/api", "a value").await;
    let (start, end) = arn.rsplit_once('-').unwrap();
    assert_eq!(
        start,
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:llm/api"
    );
    assert!(
        end.len() == 6 && end.chars().all(|c| c.is_ascii_alphanumeric()),
        "{arn}"
    );
    for id in ["llm/api", &arn, start] {
        let expected = ("a value".to_owned(), vec!["AWSCURRENT".to_owned()]);
        assert_eq!(read(&aws, id).await, expected);
    }
    let left: Vec<String> = aws.leftovers().iter().map(ToString::to_string).collect();
    assert_eq!(left, [format!("SecretsManager::Secret {arn}")]);
    let again = client(&aws)
        .create_secret()
        .name("llm/api")
        .secret_string("b");
    assert_eq!(code(again.send().await), is(400, "ResourceExistsException"));
    let missing = client(&aws).get_secret_value().secret_id("llm");
    assert_eq!(
        code(missing.send().await),
        is(400, "ResourceNotFoundException")
    );
    // A secret may have no value at first.
    let empty = client(&aws).create_secret().name("empty").send().await;
    assert_eq!(empty.unwrap().version_id(), None);
    let get = client(&aws).get_secret_value().secret_id("empty").send();
    assert_eq!(code(get.await), is(400, "ResourceNotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn token_makes_request_repeatable() {
    let aws = Aws::new();
    let token = "0123456789abcdef0123456789abcdef";
    let create = |value: &str| {
        let create = client(&aws).create_secret().name("a").secret_string(value);
        create.client_request_token(token).send()
    };
    let first = create("one").await.unwrap();
    assert_eq!(first.version_id(), Some(token));
    assert_eq!(create("one").await.unwrap().arn(), first.arn());
    assert_eq!(
        code(create("two").await),
        is(400, "ResourceExistsException")
    );
    let put = client(&aws)
        .put_secret_value()
        .secret_id("a")
        .secret_string("two");
    let put = put.client_request_token(token).send();
    assert_eq!(code(put.await), is(400, "ResourceExistsException"));
    let short = client(&aws)
        .put_secret_value()
        .secret_id("a")
        .secret_string("two");
    let short = short.client_request_token("short").send();
    assert_eq!(code(short.await), is(400, "ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn new_value_is_current() {
    let aws = Aws::new();
    create(&aws, "a", "one").await;
    let put = client(&aws)
        .put_secret_value()
        .secret_id("a")
        .secret_string("two");
    let put = put.send().await.unwrap();
    assert_eq!(put.version_stages(), ["AWSCURRENT"]);
    let at = |stage: &str| {
        let get = client(&aws).get_secret_value().secret_id("a");
        get.version_stage(stage).send()
    };
    let value = |got: aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput| {
        got.secret_string.unwrap()
    };
    assert_eq!(value(at("AWSCURRENT").await.unwrap()), "two");
    assert_eq!(value(at("AWSPREVIOUS").await.unwrap()), "one");
    let update = client(&aws).update_secret().secret_id("a");
    let update = update.secret_string("three").description("text");
    let updated = update.send().await.unwrap();
    assert_eq!(value(at("AWSPREVIOUS").await.unwrap()), "two");
    let by_id = client(&aws).get_secret_value().secret_id("a");
    let by_id = by_id.version_id(put.version_id().unwrap()).send().await;
    assert_eq!(value(by_id.unwrap()), "two");
    // A label of one's own leaves the current version.
    let pending = client(&aws).put_secret_value().secret_id("a");
    let pending = pending.secret_string("four").version_stages("AWSPENDING");
    pending.send().await.unwrap();
    assert_eq!(read(&aws, "a").await.0, "three");
    assert_eq!(value(at("AWSPENDING").await.unwrap()), "four");
    assert_eq!(
        code(at("OTHER").await),
        is(400, "ResourceNotFoundException")
    );
    let described = client(&aws).describe_secret().secret_id("a").send().await;
    let described = described.unwrap();
    assert_eq!(described.description(), Some("text"));
    let stages = described.version_ids_to_stages().unwrap();
    assert_eq!(stages.len(), 3);
    assert_eq!(stages[updated.version_id().unwrap()], ["AWSCURRENT"]);
}

/// Until its recovery window ends, a secret cannot be read, and its name is taken.
#[tokio::test(start_paused = true)]
async fn deleted_secret_can_be_restored() {
    let aws = Aws::new();
    create(&aws, "a", "one").await;
    let delete = |window: i64| {
        let delete = client(&aws).delete_secret().secret_id("a");
        delete.recovery_window_in_days(window).send()
    };
    for window in [6, 31] {
        assert_eq!(
            code(delete(window).await),
            is(400, "InvalidParameterException")
        );
    }
    let deleted = delete(7).await.unwrap();
    let date = deleted.deletion_date().unwrap().secs();
    let until = date - aws.clock().now().as_second();
    assert!((7 * 86_400 - 5..=7 * 86_400).contains(&until), "{until}");
    assert!(aws.leftovers().is_empty());
    let get = || client(&aws).get_secret_value().secret_id("a").send();
    let taken = || {
        client(&aws)
            .create_secret()
            .name("a")
            .secret_string("b")
            .send()
    };
    assert_eq!(code(get().await), is(400, "InvalidRequestException"));
    assert_eq!(code(taken().await), is(400, "InvalidRequestException"));
    let described = client(&aws).describe_secret().secret_id("a").send().await;
    assert!(described.unwrap().deleted_date().is_some());
    client(&aws)
        .restore_secret()
        .secret_id("a")
        .send()
        .await
        .unwrap();
    assert_eq!(read(&aws, "a").await.0, "one");
    delete(7).await.unwrap();
    days(&aws, 8).await;
    assert_eq!(code(get().await), is(400, "ResourceNotFoundException"));
    let restore = client(&aws).restore_secret().secret_id("a").send();
    assert_eq!(code(restore.await), is(400, "ResourceNotFoundException"));
    taken().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn forced_deletion_takes_a_moment() {
    let aws = Aws::new();
    let first = create(&aws, "a", "one").await;
    let delete = || {
        let delete = client(&aws).delete_secret().secret_id("a");
        delete.force_delete_without_recovery(true)
    };
    let both = delete().recovery_window_in_days(7).send();
    assert_eq!(code(both.await), is(400, "InvalidParameterException"));
    delete().send().await.unwrap();
    aws.clock().sleep(Duration::from_secs(10)).await;
    // A secret that does not exist is no error.
    delete().send().await.unwrap();
    assert_ne!(create(&aws, "a", "two").await, first);
    let gentle = client(&aws).delete_secret().secret_id("none").send();
    assert_eq!(code(gentle.await), is(400, "ResourceNotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn secrets_are_listed_in_pages() {
    let aws = Aws::new();
    for n in 0..5 {
        create(&aws, &format!("app/{n}"), "x").await;
    }
    create(&aws, "other", "x").await;
    let delete = client(&aws).delete_secret().secret_id("app/4").send();
    delete.await.unwrap();
    let filter = Filter::builder()
        .key(FilterNameStringType::Name)
        .values("app/");
    let list = || client(&aws).list_secrets().filters(filter.clone().build());
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = list().max_results(2).sort_order(SortOrderType::Desc);
        let page = page.set_next_token(token).send().await.unwrap();
        names.extend(
            page.secret_list()
                .iter()
                .map(|it| it.name().unwrap().to_owned()),
        );
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["app/3", "app/2", "app/1", "app/0"]);
    let all = list().include_planned_deletion(true).send().await.unwrap();
    assert_eq!(all.secret_list().len(), 5);
    assert!(all.secret_list()[0].secret_versions_to_stages().is_some());
    let wrong = list().next_token("?").send();
    assert_eq!(code(wrong.await), is(400, "InvalidNextTokenException"));
}

#[tokio::test(start_paused = true)]
async fn secret_has_tags() {
    let aws = Aws::new();
    let tag = |key: &str| Tag::builder().key(key).value("v").build();
    let create = client(&aws).create_secret().name("a").tags(tag("one"));
    create.send().await.unwrap();
    let add = client(&aws).tag_resource().secret_id("a");
    add.tags(tag("two")).send().await.unwrap();
    let remove = client(&aws).untag_resource().secret_id("a");
    remove.tag_keys("one").send().await.unwrap();
    let described = client(&aws).describe_secret().secret_id("a").send().await;
    assert_eq!(described.unwrap().tags(), [tag("two")]);
    let reserved = client(&aws).tag_resource().secret_id("a");
    let reserved = reserved.tags(tag("aws:x")).send().await;
    assert_eq!(code(reserved), is(400, "InvalidParameterException"));
    let many = client(&aws).tag_resource().secret_id("a");
    let tags = (0..50).map(|n| tag(&n.to_string())).collect();
    let many = many.set_tags(Some(tags)).send().await;
    assert_eq!(code(many), is(400, "InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn secret_names_and_sizes_are_checked() {
    let aws = Aws::new();
    let create = |name: &str| client(&aws).create_secret().name(name);
    for name in ["a b", "ü", &"x".repeat(513)] {
        let wrong = create(name).secret_string("x").send();
        assert_eq!(code(wrong.await), is(400, "ValidationException"), "{name}");
    }
    let long = create("long").secret_string("x".repeat(65_537)).send();
    assert_eq!(code(long.await), is(400, "ValidationException"));
    let longest = vec![7; 65_536];
    let binary = create("long").secret_binary(Blob::new(longest.clone()));
    binary.send().await.unwrap();
    let got = client(&aws)
        .get_secret_value()
        .secret_id("long")
        .send()
        .await;
    assert_eq!(got.unwrap().secret_binary.unwrap().into_inner(), longest);
    let both = create("both")
        .secret_string("a")
        .secret_binary(Blob::new("a"));
    assert_eq!(
        code(both.send().await),
        is(400, "InvalidParameterException")
    );
    let none = client(&aws).put_secret_value().secret_id("long").send();
    assert_eq!(code(none.await), is(400, "InvalidRequestException"));
}

#[tokio::test(start_paused = true)]
async fn secret_count_is_limited() {
    let aws = Aws::builder().quota(Quota::Secrets, 1).build();
    create(&aws, "a", "one").await;
    let second = client(&aws).create_secret().name("b").secret_string("x");
    assert_eq!(code(second.send().await), is(400, "LimitExceededException"));
}

#[tokio::test(start_paused = true)]
async fn secrets_manager_faults_have_its_own_codes() {
    let denied = Fault::on("GetSecretValue").denied();
    let broken = Fault::on("DescribeSecret").server_error().forever();
    let aws = Aws::builder().fault(denied).fault(broken).build();
    let get = client(&aws).get_secret_value().secret_id("a").send();
    assert_eq!(code(get.await), is(400, "AccessDeniedException"));
    let describe = client(&aws).describe_secret().secret_id("a").send();
    assert_eq!(code(describe.await), is(500, "InternalServiceError"));
}
