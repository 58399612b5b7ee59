//! Health checks: requests that load balancers make of their targets, on their interval.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::body::{self, Body};
use super::data_plane::DataPlane;
use super::load_balancer;
use super::stream::Stream;
use crate::aws::{Aws, WeakAws};
use crate::clock::Clock;
use crate::sim::elastic_load_balancing::PlannedCheck;
use crate::sim::elastic_load_balancing::protocol::Protocol;
use crate::sim::elastic_load_balancing::target::{CheckFailure, MadeChecks};
use crate::sim::elastic_load_balancing::target_group::ProtocolVersion;

/// The shortest time that a target gets for an answer, however fast the account's clock runs.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(250);

/// A target, as a key.
type Key = (String, String, u32);

/// Makes the health checks of an account, until the account is gone.
pub(super) async fn run(aws: WeakAws, clock: Clock) {
    let Some(mut changes) = aws.upgrade().map(|aws| aws.changes()) else {
        return;
    };
    let mut made: HashMap<Key, Timestamp> = HashMap::new();
    let mut checks = JoinSet::new();
    loop {
        changes.mark_unchanged();
        let Some(aws) = aws.upgrade() else {
            return;
        };
        while checks.try_join_next().is_some() {}
        let planned = plan(&aws, &mut made);
        for check in planned.due {
            checks.spawn(make(aws.clone(), check));
        }
        // The account must not live on because its targets are checked.
        drop(aws);
        let pause = planned.next.map(|next| {
            let left = next.duration_since(clock.now());
            Duration::try_from(left).unwrap_or_default()
        });
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = wait(&clock, pause) => {}
        }
    }
}

/// Waits for that long, or forever.
async fn wait(clock: &Clock, pause: Option<Duration>) {
    match pause {
        Some(pause) => clock.sleep(pause.max(Duration::from_millis(1))).await,
        None => std::future::pending().await,
    }
}

/// The checks to make now, and the time of the next ones.
struct Plan {
    due: Vec<(PlannedCheck, Timestamp)>,
    next: Option<Timestamp>,
}

/// Returns the checks that are due and not made yet. A check whose time has passed long ago is not made later.
fn plan(aws: &Aws, made: &mut HashMap<Key, Timestamp>) -> Plan {
    let planned: Vec<PlannedCheck> = aws.update(|account, now| {
        let regions = account.regions.values_mut();
        let planned = regions.flat_map(|region| {
            let planned = region
                .elastic_load_balancing
                .planned_checks(&region.ec2, now);
            for check in &planned {
                let target = region.elastic_load_balancing.target_mut(
                    &check.group,
                    &check.instance,
                    check.port,
                );
                // Checks before now were not made: what runs on the instance decides about them.
                if let Some(target) = target
                    && target.made_checks.is_none()
                {
                    target.made_checks = Some(MadeChecks::since(now));
                    made.insert(key(check), now);
                }
            }
            planned
        });
        planned.collect()
    });
    let next = planned.iter().map(|check| check.next).min();
    let mut due = Vec::new();
    for check in planned {
        let Some(at) = check.due else { continue };
        let last = made.get(&key(&check)).copied();
        if last.is_none_or(|last| last < at) {
            made.insert(key(&check), at);
            due.push((check, at));
        }
    }
    Plan { due, next }
}

fn key(check: &PlannedCheck) -> Key {
    (check.group.clone(), check.instance.clone(), check.port)
}

/// Makes a check and notes its result.
async fn make(aws: Aws, (check, at): (PlannedCheck, Timestamp)) {
    let plane = aws.data_plane();
    let limit = Duration::from_secs(check.check.timeout.into());
    let limit = aws.clock().real(limit).max(SHORTEST_TIMEOUT);
    let asked = tokio::time::timeout(limit, ask(&aws, &plane, &check)).await;
    let result = asked.unwrap_or_else(|_| {
        Err(CheckFailure {
            code: "Target.Timeout",
            text: "Request timed out".to_owned(),
        })
    });
    let is_change = aws.update(|account, _| {
        let region = check.group.split(':').nth(3).unwrap_or_default();
        let region = account.regions.get_mut(region)?;
        let target =
            region
                .elastic_load_balancing
                .target_mut(&check.group, &check.instance, check.port)?;
        Some(target.made_checks.as_mut()?.note(at, result))
    });
    if is_change == Some(true) {
        aws.announce_change();
    }
}

/// Asks a target.
async fn ask(aws: &Aws, plane: &Arc<DataPlane>, check: &PlannedCheck) -> Result<(), CheckFailure> {
    let failed = || CheckFailure {
        code: "Target.FailedHealthChecks",
        text: "Health checks failed".to_owned(),
    };
    let port = check.checked_port().ok_or_else(failed)?;
    let is_https = check.check.protocol == Protocol::Https;
    let stream = load_balancer::connect_to_target(
        aws,
        plane,
        &check.load_balancer,
        &check.instance,
        port,
        is_https,
        if check.version == ProtocolVersion::Http1 {
            "http/1.1"
        } else {
            "h2"
        },
    );
    let stream = stream.await.ok_or_else(failed)?;
    let answered = match check.version {
        ProtocolVersion::Http1 => ask_http1(stream, check, port).await,
        ProtocolVersion::Http2 | ProtocolVersion::Grpc => ask_http2(stream, check, is_https).await,
    };
    let answer = answered.map_err(|_| failed())?;
    let code = match check.version {
        ProtocolVersion::Http1 | ProtocolVersion::Http2 => Some(answer.status().as_u16().into()),
        ProtocolVersion::Grpc => grpc_status(answer).await,
    };
    let code = code.ok_or_else(failed)?;
    if check.check.matches(code) {
        return Ok(());
    }
    Err(CheckFailure {
        code: "Target.ResponseCodeMismatch",
        text: format!("Health checks failed with these codes: [{code}]"),
    })
}

async fn ask_http1(
    stream: Stream,
    check: &PlannedCheck,
    port: u16,
) -> hyper::Result<Response<Incoming>> {
    let (mut sender, connection) = http1::handshake::<_, Body>(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::new(body::empty());
    *request.uri_mut() = check.check.path.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, USER_AGENT);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if let Ok(host) = HeaderValue::try_from(format!("{}:{port}", check.address)) {
        headers.insert(header::HOST, host);
    }
    sender.send_request(request).await
}

async fn ask_http2(
    stream: Stream,
    check: &PlannedCheck,
    is_https: bool,
) -> hyper::Result<Response<Incoming>> {
    let io = TokioIo::new(stream);
    let (mut sender, connection) = http2::handshake::<_, _, Body>(TokioExecutor::new(), io).await?;
    tokio::spawn(connection);
    let mut request = Request::new(body::empty());
    let scheme = if is_https { "https" } else { "http" };
    let url = format!("{scheme}://{}{}", check.address, check.check.path);
    *request.uri_mut() = url.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, USER_AGENT);
    if check.version == ProtocolVersion::Grpc {
        *request.method_mut() = http::Method::POST;
        let grpc = HeaderValue::from_static("application/grpc");
        request.headers_mut().insert(header::CONTENT_TYPE, grpc);
    }
    sender.send_request(request).await
}

const USER_AGENT: HeaderValue = HeaderValue::from_static("ELB-HealthChecker/2.0");

/// Returns the status of an answer of gRPC, which is in its trailers or in its headers.
async fn grpc_status(answer: Response<Incoming>) -> Option<u32> {
    let status =
        |headers: &http::HeaderMap| headers.get("grpc-status")?.to_str().ok()?.parse().ok();
    if let Some(status) = status(answer.headers()) {
        return Some(status);
    }
    let collected = answer.into_body().collect().await.ok()?;
    let trailers = collected.trailers()?.clone();
    let _: Bytes = collected.to_bytes();
    status(&trailers)
}
