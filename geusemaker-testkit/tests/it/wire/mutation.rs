//! Requests that are nearly valid, and requests of random bytes.

use std::sync::LazyLock;

use geusemaker_testkit::Aws;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tokio::runtime::{Builder, Runtime};

use super::answer::Answer;
use super::world::World;
use super::{Request, SERVICES};

static WORLD: LazyLock<World> = LazyLock::new(|| runtime().block_on(World::new()));

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// A change to a request.
#[derive(Clone, Debug)]
enum Change {
    /// Puts these bytes in place of a part of the body.
    Body(Index, usize, Vec<u8>),
    /// Puts this text in place of a part of the path and the query string.
    Target(Index, usize, String),
    /// Gives a parameter of a form another value.
    Value(Index, String),
    /// Gives a parameter of a form another name, by changing one part of it.
    Name(Index, Index, String),
    /// Takes a parameter out of a form.
    Without(Index),
    /// Takes the body of another call.
    BodyOf(Index),
    Method(&'static str),
}

impl Change {
    fn apply(&self, request: &mut Request) {
        match self {
            Self::Body(at, length, bytes) => {
                let start = at.index(request.body.len() + 1);
                let end = (start + length).min(request.body.len());
                request.body.splice(start..end, bytes.iter().copied());
            }
            Self::Target(at, length, text) => {
                let mut target: Vec<char> = request.target.chars().collect();
                let start = at.index(target.len() + 1);
                let end = (start + length).min(target.len());
                target.splice(start..end, text.chars());
                request.target = target.into_iter().collect();
            }
            Self::Value(at, value) => {
                edit_form(request, |pairs| {
                    let at = at.index(pairs.len());
                    value.clone_into(&mut pairs[at].1);
                });
            }
            Self::Name(at, part, text) => edit_form(request, |pairs| {
                let at = at.index(pairs.len());
                let mut parts: Vec<&str> = pairs[at].0.split('.').collect();
                let part = part.index(parts.len());
                parts[part] = text;
                pairs[at].0 = parts.join(".");
            }),
            Self::Without(at) => edit_form(request, |pairs| {
                pairs.remove(at.index(pairs.len()));
            }),
            Self::BodyOf(at) => {
                request.body = WORLD.calls[at.index(WORLD.calls.len())].body.clone()
            }
            Self::Method(method) => request.method = method,
        }
    }
}

/// Edits the parameters of a form; leaves a body that is not a form as it is.
fn edit_form(request: &mut Request, edit: impl FnOnce(&mut Vec<(String, String)>)) {
    if !request.body.starts_with(b"Version=") {
        return;
    }
    let mut pairs: Vec<(String, String)> =
        form_urlencoded::parse(&request.body).into_owned().collect();
    edit(&mut pairs);
    request.body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
        .into_bytes();
}

/// Generates values that often break parsers and arithmetic.
pub(crate) fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "",
            " ",
            "0",
            "-1",
            "+1",
            "1.5",
            "1e9",
            "65536",
            "4294967295",
            "4294967296",
            "9223372036854775807",
            "18446744073709551616",
            "NaN",
            "yes",
            "true",
            "True",
            "null",
            "{}",
            "[]",
            "[[",
            "<a>",
            "</",
            "&",
            "%",
            "%00",
            "=",
            "*",
            "?",
            "[",
            "\\",
            "..",
            "/",
            "2026-13-45T99:99:99Z",
            "-292277022657-01-27T08:29:52Z",
            "0.0.0.0/0",
            "1.2.3.4/33",
            "::/0",
            "999.1.1.1/8",
            "arn:aws:",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app//",
            "sg-",
            "i-0",
            "subnet-0",
            "aws:tag",
            "\u{1F980}",
            "e\u{301}",
            "\u{202e}",
            "\u{FFFF}",
        ])
        .prop_map(str::to_owned),
        Just("a".repeat(5_000)),
        ".{0,20}",
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => (any::<Index>(), 0..9_usize, prop::collection::vec(any::<u8>(), 0..4))
            .prop_map(|(at, length, bytes)| Change::Body(at, length, bytes)),
        3 => (any::<Index>(), 0..30_usize, nasty())
            .prop_map(|(at, length, text)| Change::Body(at, length, text.into_bytes())),
        2 => (any::<Index>(), 0..9_usize, "[!-~]{0,9}")
            .prop_map(|(at, length, text)| Change::Target(at, length, text)),
        5 => (any::<Index>(), nasty()).prop_map(|(at, value)| Change::Value(at, value)),
        3 => (any::<Index>(), any::<Index>(), nasty())
            .prop_map(|(at, part, text)| Change::Name(at, part, text)),
        2 => any::<Index>().prop_map(Change::Without),
        1 => any::<Index>().prop_map(Change::BodyOf),
        1 => select(vec!["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]).prop_map(Change::Method),
    ]
}

/// Sends the request and checks the form of the answer; returns `None` if the request cannot be sent.
pub(crate) async fn answered(aws: &Aws, request: &Request) -> Option<Answer> {
    let http = request.http()?;
    let response = aws.answer(http).await.unwrap();
    let answer = Answer::read(request.service, response);
    assert!(!answer.is_breakdown(), "{request:?}: {}", answer.body);
    Some(answer)
}

#[tokio::test(start_paused = true)]
async fn unmutated_calls_succeed() {
    let world = World::new().await;
    for call in &world.calls {
        let answer = call.send(&world.account()).await;
        assert!(answer.status < 300, "{call:?}: {}", answer.body);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_call_gets_well_formed_answer(
        calls in prop::collection::vec((any::<Index>(), prop::collection::vec(change(), 0..3)), 1..4),
    ) {
        let world = &*WORLD;
        runtime().block_on(async {
            let aws = world.account();
            for (at, changes) in &calls {
                let mut request = world.calls[at.index(world.calls.len())].clone();
                for change in changes {
                    change.apply(&mut request);
                }
                answered(&aws, &request).await;
            }
            // The results of all accepted calls can be described and saved in a snapshot.
            for request in [
                Request::ec2("Action=DescribeInstances"),
                Request::ec2("Action=DescribeSecurityGroups"),
                Request::elb("Action=DescribeLoadBalancers"),
                Request::efs("GET", "file-systems", ""),
                Request::cloudfront("GET", "distribution", ""),
            ] {
                let answer = answered(&aws, &request).await.unwrap();
                assert_eq!(answer.status, 200, "{}", answer.body);
            }
            let _ = aws.leftovers();
            let kept = serde_json::to_string(&aws.snapshot()).unwrap();
            serde_json::from_str::<geusemaker_testkit::Snapshot>(&kept).unwrap();
        });
    }

    #[test]
    fn random_bytes_get_well_formed_answer(
        service in select(&SERVICES[..]),
        method in select(vec!["GET", "POST", "PUT", "DELETE"]),
        target in prop_oneof!["/", "/[!-~]{0,30}", "/20(15-02-01|20-05-31)/[a-z/-]{0,30}"],
        body in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let request = Request::new(service, method, target, body);
        runtime().block_on(async { answered(&Aws::new(), &request).await });
    }
}
