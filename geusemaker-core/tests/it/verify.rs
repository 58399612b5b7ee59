//! The verification of a stack: what viewers get from it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use geusemaker_core::spec::DeploymentSpec;
use geusemaker_core::{Check, CheckResult, Error, Internet, Verification, Way};
use hyper::Request;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::scenario::internet::{Behavior, internet, secure_internet, silence};
use crate::scenario::{Scenario, deploy_tier_3, spec_with, stack};

/// Deploys a stack, and returns what a verification says of it.
async fn verified(spec: DeploymentSpec, internet: &Internet) -> Verification {
    let scenario = Scenario::new();
    let tier = spec.tier().number();
    let ready = scenario
        .session
        .plan(spec)
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    match tier {
        1 => drop(ready.commit().await.unwrap()),
        _ => drop(ready.balance().await.unwrap().commit().await.unwrap()),
    }
    let verified = scenario.session.verify(&stack(), internet).await;
    scenario.destroy().await;
    verified.unwrap()
}

/// Returns a line for each check: the service, the way, the subject and the result.
fn shown(verification: &Verification) -> Vec<String> {
    verification.checks.iter().map(line).collect()
}

fn line(check: &Check) -> String {
    let service = check
        .service
        .as_ref()
        .map_or("stack", |service| service.as_str());
    let (way, kind) = (check.way, check.kind);
    let result = match &check.result {
        CheckResult::Passed { .. } => "passed".to_owned(),
        CheckResult::Failed { problem, .. } => format!("failed: {problem}"),
        CheckResult::Skipped { reason, .. } => format!("skipped: {reason}"),
        _ => "unknown".to_owned(),
    };
    format!("{service}: {kind} ({way}) {result}")
}

/// Returns the check of the service `ollama` whose line has this.
fn of<'a>(verification: &'a Verification, kind: &str) -> &'a Check {
    let mut checks = verification.checks.iter();
    let found = checks.find(|check| {
        let is_ours = check
            .service
            .as_ref()
            .is_some_and(|it| it.as_str() == "ollama");
        is_ours && check.kind.to_string() == kind
    });
    found.unwrap()
}

/// Returns the result of a check of `ollama`, in words.
fn result(verification: &Verification, kind: &str) -> String {
    let line = line(of(verification, kind));
    line.split_once(") ").unwrap().1.to_owned()
}

/// Returns the spec of tier 2 whose service `ollama` has these requests for a verification.
fn asking(verify: &str) -> DeploymentSpec {
    let text = format!(
        "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n[[service]]\nname = 'ollama'\nport = 11434\n\
         image = 'ollama/ollama:latest'\nhealth_path = '/api/version'\nverify = {{ {verify} }}"
    );
    DeploymentSpec::from_toml(&text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn services_are_asked_behind_their_rules() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let internet = internet(move |request| {
        seen.lock().unwrap().push(request.uri().to_string());
        match request.uri().path() {
            // It is no path of the service, but the service has answered.
            "/v1/" => Behavior::Status(404),
            "/health" => Behavior::Status(200),
            _ => Behavior::WebSocket,
        }
    });
    let verified = verified(spec_with(2, ""), &internet).await;
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(
        shown(&verified),
        [
            "webui: answers (load balancer) passed",
            "webui: streams (load balancer) skipped: the spec names no streamed answer: set verify.stream",
            "webui: WebSocket (load balancer) passed",
            "ollama: answers (load balancer) passed",
            "ollama: streams (load balancer) skipped: the spec names no streamed answer: set verify.stream",
            "ollama: WebSocket (load balancer) skipped: the spec names no WebSocket: set verify.websocket",
        ]
    );
    assert_eq!(
        asked,
        [
            "/health",
            "/v1/",
            "/ws/socket.io/?EIO=4&transport=websocket"
        ]
    );
    assert!(verified.has_passed());
    assert_eq!(of(&verified, "answers").status, Some(404));
}

#[tokio::test(start_paused = true)]
async fn wrong_answer_fails_with_remedy() {
    for (behavior, problem, remedy) in [
        (
            Behavior::Status(204),
            "failed: answered 204, and its health check expects 200",
            "logs",
        ),
        (
            Behavior::OfLoadBalancer(503),
            "failed: the load balancer answered 503 by itself",
            "health of the targets",
        ),
    ] {
        let verified = verified(asking(""), &internet(move |_| behavior)).await;
        assert_eq!(result(&verified, "answers"), problem);
        let CheckResult::Failed { remedy: said, .. } = &of(&verified, "answers").result else {
            unreachable!()
        };
        assert!(said.contains(remedy), "{said}");
        assert!(!verified.has_passed());
    }
}

#[tokio::test(start_paused = true)]
async fn answer_is_awaited_for_a_moment() {
    let verified = verified(asking(""), &internet(|_| Behavior::OkAfter(2))).await;
    assert_eq!(result(&verified, "answers"), "passed");
}

#[tokio::test(start_paused = true)]
async fn named_path_may_redirect() {
    let served = |request: &Request<Incoming>| match request.uri().to_string().as_str() {
        "/login?next=/" => Behavior::Status(302),
        _ => Behavior::Status(500),
    };
    let spec = asking("path = '/login?next=/'");
    let verified = verified(spec, &internet(served)).await;
    assert_eq!(result(&verified, "answers"), "passed");
}

#[tokio::test(start_paused = true)]
async fn streamed_answer_arrives_piecemeal() {
    let pause = Duration::from_millis(200);
    for (behavior, expected) in [
        (Behavior::Pieces(5, pause), "passed"),
        // A stream need not end.
        (Behavior::Pieces(1000, pause), "passed"),
        (
            Behavior::Pieces(1, Duration::ZERO),
            "failed: the answer arrives in one piece",
        ),
        (
            Behavior::Pieces(0, Duration::ZERO),
            "failed: the answer is empty",
        ),
        (Behavior::Status(404), "failed: answered 404"),
    ] {
        let served = move |request: &Request<Incoming>| match request.uri().path() {
            "/events" => behavior,
            _ => Behavior::Status(200),
        };
        let spec = asking("stream = '/events'");
        let verified = verified(spec, &internet(served)).await;
        assert_eq!(result(&verified, "streams"), expected, "{behavior:?}");
        assert_eq!(result(&verified, "answers"), "passed");
    }
}

#[tokio::test(start_paused = true)]
async fn stream_that_breaks_off_fails() {
    let served = |request: &Request<Incoming>| match request.method().as_str() {
        "POST" => Behavior::BreaksOff,
        _ => Behavior::Status(200),
    };
    let spec = asking(r#"stream = '/v1/chat/completions', stream_body = '{"stream": true}'"#);
    let verified = verified(spec, &internet(served)).await;
    let result = result(&verified, "streams");
    assert!(
        result.starts_with("failed: the answer breaks off after 1 piece"),
        "{result}"
    );
}

#[tokio::test(start_paused = true)]
async fn websocket_stays_open() {
    for (behavior, expected) in [
        (Behavior::WebSocket, "passed"),
        (
            Behavior::ClosesWebSocket,
            "failed: the service closes it within 5s",
        ),
        (
            Behavior::Status(404),
            "failed: answered 404, and opened no WebSocket",
        ),
    ] {
        let served = move |request: &Request<Incoming>| match request.uri().path() {
            "/ws" => behavior,
            _ => Behavior::Status(200),
        };
        let spec = asking("websocket = '/ws'");
        let verified = verified(spec, &internet(served)).await;
        assert_eq!(result(&verified, "WebSocket"), expected, "{behavior:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn token_is_shown_and_left_out() {
    let spec = || spec_with(2, "[load_balancer.auth]\ntype = 'bearer'");
    let closed = verified(spec(), &internet(|_| Behavior::AsksForToken)).await;
    assert_eq!(result(&closed, "answers"), "passed");
    assert_eq!(result(&closed, "asks for token"), "passed");
    let open = verified(spec(), &internet(|_| Behavior::Status(200))).await;
    assert_eq!(
        result(&open, "asks for token"),
        "failed: answered 200, and should have refused"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_behind_firewall_says_nothing() {
    let allowed = "[access]\nallow = ['198.51.100.0/24']";
    let verified = verified(spec_with(2, allowed), &silence()).await;
    assert_eq!(
        result(&verified, "answers"),
        "skipped: no answer from here: access.allow admits 198.51.100.0/24 alone"
    );
    assert!(verified.has_passed());
}

#[tokio::test(start_paused = true)]
async fn silence_of_open_stack_is_failure() {
    let verified = verified(asking(""), &silence()).await;
    assert_eq!(
        result(&verified, "answers"),
        "failed: cannot connect: no answer in 10s"
    );
}

#[tokio::test(start_paused = true)]
async fn instances_are_asked_where_they_are_open() {
    let answering = || internet(|_| Behavior::Status(200));
    let closed = verified(spec_with(1, ""), &answering()).await;
    assert_eq!(
        result(&closed, "answers"),
        "skipped: access.allow admits nobody: only a forwarded port leads to it"
    );
    let open = verified(
        spec_with(1, "[access]\nallow = ['0.0.0.0/0']"),
        &answering(),
    )
    .await;
    let check = of(&open, "answers");
    assert_eq!((check.way, check.status), (Way::Instance, Some(200)));
    assert!(check.instance.is_some());
    assert!(
        check.url.as_ref().unwrap().ends_with(":11434/"),
        "{:?}",
        check.url
    );
}

#[tokio::test(start_paused = true)]
async fn unfinished_stack_is_not_verified() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec_with(2, "")).await.unwrap();
    planned.launch().await.unwrap().keep().await.unwrap();
    let refused = scenario.session.verify(&stack(), &silence()).await;
    scenario.destroy().await;
    assert!(
        matches!(refused, Err(Error::Unfinished { .. })),
        "{refused:?}"
    );
}

/// Deploys tier 3, and returns what a verification says of it, with the certificate of the CDN or of another name.
async fn verified_behind_cdn(
    name: Option<&str>,
    served: impl Fn(u16, &str) -> Option<Behavior> + Send + Sync + 'static,
) -> Verification {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, ""))
        .await
        .unwrap();
    let domain = deployed.state().distribution.domain.clone();
    deployed.commit().await.unwrap();
    let internet = secure_internet(name.unwrap_or(&domain), served);
    let verified = scenario.session.verify(&stack(), &internet).await;
    scenario.destroy().await;
    verified.unwrap()
}

/// Returns the lines of answers, and those about the stack.
fn answers_and_stack(verification: &Verification) -> Vec<String> {
    let mut lines = shown(verification);
    lines.retain(|line| line.contains("answers") || line.starts_with("stack"));
    lines
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_around_cdn() {
    let served = |port: u16, host: &str| match (port, host.ends_with("cloudfront.net")) {
        (443, true) => Some(Behavior::Cached),
        (_, true) => Some(Behavior::SentTo("https://somewhere")),
        // The packets are dropped.
        (_, false) => None,
    };
    let verified = verified_behind_cdn(None, served).await;
    assert_eq!(
        answers_and_stack(&verified),
        [
            "webui: answers (CDN) passed",
            "ollama: answers (CDN) passed",
            "stack: redirects to HTTPS (CDN) passed",
            "stack: refuses direct request (load balancer) passed",
        ]
    );
    let x_cache = of(&verified, "answers").x_cache.as_deref();
    assert_eq!(x_cache, Some("Miss from cloudfront"));
}

#[tokio::test(start_paused = true)]
async fn open_load_balancer_is_failure() {
    let verified = verified_behind_cdn(None, |_, _| Some(Behavior::Status(200))).await;
    assert_eq!(
        answers_and_stack(&verified)[2..],
        [
            "stack: redirects to HTTPS (CDN) failed: answered 200 over HTTP, and should have sent to HTTPS",
            "stack: refuses direct request (load balancer) failed: answered 200, and should have refused",
        ]
    );
    let forbidden = verified_behind_cdn(None, |_, _| Some(Behavior::Status(403))).await;
    let lines = answers_and_stack(&forbidden);
    assert_eq!(
        lines[3],
        "stack: refuses direct request (load balancer) passed"
    );
}

#[tokio::test(start_paused = true)]
async fn wrong_certificate_is_failure() {
    let verified = verified_behind_cdn(Some("example.com"), |_, _| Some(Behavior::Cached)).await;
    let result = result(&verified, "answers");
    assert!(
        result.starts_with("failed: TLS fails: invalid peer certificate"),
        "{result}"
    );
}

#[tokio::test(start_paused = true)]
async fn stranger_is_sent_to_sign_in() {
    let cognito = |choice: &str| {
        let text = format!(
            "[domain]\nname = 'llm.example.com'\nhosted_zone = 'example.com'\n[load_balancer.auth]\ntype = 'cognito'\n\
             client_id = '1h57'\ndomain = 'llm'\non_unauthenticated = '{choice}'\n\
             user_pool_arn = 'arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A'"
        );
        spec_with(2, &text)
    };
    for (choice, behavior, expected) in [
        (
            "authenticate",
            Behavior::SentTo("https://llm.auth.us-east-1.amazoncognito.com/"),
            "passed",
        ),
        (
            "authenticate",
            Behavior::Status(200),
            "failed: answered 200, and should have sent to sign in",
        ),
        ("deny", Behavior::Status(401), "passed"),
        (
            "deny",
            Behavior::Status(200),
            "failed: answered 200, and should have refused",
        ),
    ] {
        let internet = secure_internet("llm.example.com", move |_, _| Some(behavior));
        let verified = verified(cognito(choice), &internet).await;
        assert_eq!(result(&verified, "asks to sign in"), expected, "{choice}");
    }
    let internet = secure_internet("llm.example.com", |_, _| Some(Behavior::Status(200)));
    let allowed = verified(cognito("allow"), &internet).await;
    assert_eq!(result(&allowed, "answers"), "passed");
}

/// The simulated CDN and load balancer ask the instances as AWS's would.
#[tokio::test(start_paused = true)]
async fn simulated_traffic_passes() {
    let scenario = Scenario::new();
    let spec = spec_with(
        3,
        "[domain]\nname = 'llm.example.com'\nhosted_zone = 'example.com'",
    );
    let deployed = deploy_tier_3(&scenario.session, spec).await.unwrap();
    deployed.commit().await.unwrap();
    let traffic = scenario.aws.traffic();
    let root = traffic.root_certificate();
    let internet = Internet::through(move |host, port| traffic.connect(&host, port));
    let internet = internet.trusting(&root).unwrap();
    let verified = scenario.session.verify(&stack(), &internet).await.unwrap();
    scenario.destroy().await;
    let mut lines = shown(&verified);
    lines.retain(|line| !line.contains("skipped: the spec names no"));
    assert_eq!(
        lines,
        [
            "webui: answers (CDN) passed",
            "webui: WebSocket (CDN) passed",
            "ollama: answers (CDN) passed",
            "stack: redirects to HTTPS (CDN) passed",
            "stack: refuses direct request (load balancer) passed",
        ]
    );
}

/// Serves one request at a local endpoint with this answer.
async fn endpoint(status: u16, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let read = stream.read(&mut head).await.unwrap();
        assert!(head[..read].starts_with(b"GET /_geusemaker/traffic HTTP/1.1\r\n"));
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    url
}

#[tokio::test]
async fn endpoint_without_traffic_is_none() {
    let is_none =
        |url: String| async move { matches!(Internet::of_endpoint(&url).await, Ok(None)) };
    assert!(is_none(endpoint(404, "{}".to_owned()).await).await);
    assert!(is_none(endpoint(200, "<html>".to_owned()).await).await);
    assert!(is_none("https://127.0.0.1:1".to_owned()).await);
    let closed = Internet::of_endpoint("http://127.0.0.1:1").await;
    assert!(closed.is_err());
}

/// Opens one connection as a proxy would, to a server that answers 200.
async fn proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _): (TcpStream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).await.unwrap();
                assert!(head[..read].starts_with(b"CONNECT "));
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let read = stream.read(&mut head).await.unwrap();
                assert!(head[..read].starts_with(b"GET "));
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer).await.unwrap();
            });
        }
    });
    url
}

/// The account is in virtual time, and the proxy in real time.
#[test]
fn proxy_opens_connections() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all();
        builder
    };
    let scenario = runtime()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(async {
            let scenario = Scenario::new();
            let planned = scenario.session.plan(asking("")).await.unwrap();
            let balanced = planned.launch().await.unwrap().balance().await.unwrap();
            balanced.commit().await.unwrap();
            scenario
        });
    let verified = runtime().build().unwrap().block_on(async {
        let internet = Internet::through_proxy(&proxy().await).unwrap();
        let session = scenario.another_session();
        session.verify(&stack(), &internet).await.unwrap()
    });
    assert_eq!(result(&verified, "answers"), "passed");
}
