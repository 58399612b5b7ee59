//! Requests to targets, and their answers.

use std::sync::atomic::Ordering;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use super::backend::{self, Failure};
use super::choice::{Choice, Outstanding};
use super::idle::{Cut, Idle, Watched};
use super::settings::Balancer;
use super::{Connection, answer, draining, limits, request_headers, upgrade};
use crate::sim::elastic_load_balancing::action::WeightedGroup;
use crate::sim::elastic_load_balancing::target_group::ProtocolVersion;
use crate::traffic::body::{self, Body};
use crate::traffic::hop_by_hop;

/// A request that a rule forwards.
pub(super) struct Forwarded<'a> {
    pub(super) connection: &'a Connection,
    pub(super) balancer: &'a Balancer,
    pub(super) groups: &'a [WeightedGroup],
    /// The time for which clients stay with a target group, in seconds.
    pub(super) stickiness: Option<u32>,
    /// The host for the target.
    pub(super) host: String,
    /// True if a transform has made the host.
    pub(super) is_rewritten: bool,
}

/// The end of the wait for an answer.
enum Waited {
    Answered(Response<Incoming>),
    Drained,
    Failed(Failure),
    Idle,
}

/// Forwards a request to a target, and returns the target's answer or one of the load balancer's own.
pub(super) async fn answer(
    forwarded: Forwarded<'_>,
    mut parts: Parts,
    body: Incoming,
) -> Response<Body> {
    let Forwarded {
        connection,
        balancer,
        groups,
        stickiness,
        ref host,
        is_rewritten,
    } = forwarded;
    let (aws, plane) = (&connection.aws, &connection.plane);
    let choice = Choice::make(aws, plane, groups, stickiness, &parts.headers);
    let Some(choice) = choice else {
        return answer::page(StatusCode::SERVICE_UNAVAILABLE);
    };
    if let Some(status) = mismatch(&parts, choice.group.version) {
        return answer::page(status);
    }
    let asks_upgrade = upgrade::is_asked(&parts);
    let on_client = parts.extensions.remove::<OnUpgrade>();
    hop_by_hop::remove(&mut parts.headers);
    request_headers::set(&mut parts, connection, balancer, host, is_rewritten);
    if let Some(protocol) = &asks_upgrade {
        upgrade::ask(&mut parts.headers, protocol);
    }
    set_target_form(
        &mut parts,
        choice.group.version,
        host,
        choice.group.is_https,
    );
    let idle = Idle::new(balancer.idle_timeout);
    let outstanding = Outstanding::begin(plane, &choice.target);
    let body = Watched::new(body, idle.clone(), None);
    let (has_ended, request) = (body.ended(), Request::from_parts(parts, body::boxed(body)));
    let drained = draining::ended(aws.clone(), choice.group.arn.clone(), choice.target.clone());
    let sending = backend::send(aws, plane, balancer, &choice.group, &choice.target, request);
    let waited = tokio::select! {
        sent = sending => match sent {
            Ok(response) => Waited::Answered(response),
            Err(failure) => Waited::Failed(failure),
        },
        () = drained => Waited::Drained,
        () = idle.clone().expired() => Waited::Idle,
    };
    let mut response = match waited {
        Waited::Answered(response) => response,
        Waited::Failed(Failure::Timeout) => return answer::page(StatusCode::GATEWAY_TIMEOUT),
        Waited::Failed(Failure::BadGateway) | Waited::Drained => {
            return answer::page(StatusCode::BAD_GATEWAY);
        }
        Waited::Idle if has_ended.load(Ordering::Relaxed) => {
            return answer::page(StatusCode::GATEWAY_TIMEOUT);
        }
        Waited::Idle => return answer::page(StatusCode::REQUEST_TIMEOUT),
    };
    if limits::is_too_long(response.headers()) {
        return answer::page(StatusCode::BAD_GATEWAY);
    }
    idle.touch();
    let cut = cut(connection, &choice, &idle);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(client), Some(protocol)) = (on_client, asks_upgrade) else {
            return answer::page(StatusCode::BAD_GATEWAY);
        };
        let target = hyper::upgrade::on(&mut response);
        upgrade::join(client, target, idle, cut, outstanding);
        let (mut head, _) = response.into_parts();
        hop_by_hop::remove(&mut head.headers);
        upgrade::ask(&mut head.headers, &protocol);
        return Response::from_parts(head, body::empty());
    }
    let (mut head, body) = response.into_parts();
    hop_by_hop::remove(&mut head.headers);
    head.version = Version::HTTP_11;
    choice.set_cookies(&mut head.headers, aws.clock().now());
    let cut: Cut = Box::pin(async move {
        cut.await;
        // The request counts as outstanding for as long as its answer is on the way.
        drop(outstanding);
    });
    Response::from_parts(head, body::boxed(Watched::new(body, idle, Some(cut))))
}

/// Returns the event that cuts an answer off: the idle timeout, or the end of the target.
fn cut(connection: &Connection, choice: &Choice, idle: &Idle) -> Cut {
    let drained = draining::ended(
        connection.aws.clone(),
        choice.group.arn.clone(),
        choice.target.clone(),
    );
    let expired = idle.clone().expired();
    Box::pin(async move {
        tokio::select! {
            () = drained => {}
            () = expired => {}
        }
    })
}

/// Returns the status for a request that does not fit the protocol version of a target group (ELB docs, "HTTP 464").
fn mismatch(parts: &Parts, version: ProtocolVersion) -> Option<StatusCode> {
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let is_grpc = content_type.is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"));
    let is_http2 = parts.version == Version::HTTP_2;
    let fits = match version {
        ProtocolVersion::Http1 => !is_grpc,
        ProtocolVersion::Http2 => is_http2,
        ProtocolVersion::Grpc => is_http2 && parts.method == Method::POST,
    };
    if fits {
        None
    } else {
        StatusCode::from_u16(464).ok()
    }
}

/// Sets the version and the form of the URL that the target gets.
fn set_target_form(parts: &mut Parts, version: ProtocolVersion, host: &str, is_https: bool) {
    let path = parts.uri.path_and_query().cloned();
    match version {
        ProtocolVersion::Http1 => {
            parts.version = Version::HTTP_11;
            parts.uri = path.map(Uri::from).unwrap_or_default();
        }
        ProtocolVersion::Http2 | ProtocolVersion::Grpc => {
            parts.version = Version::HTTP_2;
            parts.headers.remove(header::HOST);
            let scheme = if is_https { "https" } else { "http" };
            let uri = Uri::builder().scheme(scheme).authority(host);
            if let Some(Ok(uri)) = path.map(|path| uri.path_and_query(path).build()) {
                parts.uri = uri;
            }
            if version == ProtocolVersion::Grpc {
                parts
                    .headers
                    .insert(header::TE, HeaderValue::from_static("trailers"));
            }
        }
    }
}
