//! The way of a request through an edge.

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode, Version, header};
use hyper::body::{Body as _, Incoming};

use super::answer::Answer;
use super::asked::{Asked, Viewer};
use super::behavior::{Behavior, ViewerProtocol};
use super::exchange::{Exchange, of_origin};
use super::origin::{Edge, host_name, size};
use super::page::{self, Reason};
use super::settings::Config;
use super::{identity, web_socket};
use crate::traffic::body::{self, Body};
use crate::traffic::source::Source;

/// The lengths of a URL and of a request's headers, beyond which an edge refuses it.
const LONGEST_URL: usize = 8_192;
const LARGEST_HEAD: usize = 32_768;

/// Answers a request that has come on a viewer's connection.
pub(super) async fn respond(
    edge: Edge,
    source: Source,
    is_https: bool,
    request: Request<Incoming>,
) -> Response<Body> {
    let viewer = Viewer {
        source,
        is_https,
        version: request.version(),
        host: host(&request).to_owned(),
        request_id: identity::request_id(edge.plane.edges.next_request()),
    };
    let (request_id, aws) = (viewer.request_id.clone(), edge.aws.clone());
    let answer = answer(edge, viewer, request).await;
    answer.into_response(&request_id, aws.clock().now())
}

/// Returns the host that a request names: in its URL, or in the header.
fn host(request: &Request<Incoming>) -> &str {
    if let Some(authority) = request.uri().authority() {
        return authority.as_str();
    }
    let host = request.headers().get(header::HOST);
    host.and_then(|host| host.to_str().ok()).unwrap_or_default()
}

async fn answer(edge: Edge, viewer: Viewer, request: Request<Incoming>) -> Answer {
    let refuse = |status, reason| page::error(status, reason, &viewer.request_id);
    let path_and_query = request.uri().path_and_query();
    let path_length = path_and_query.map_or(0, |path| path.as_str().len());
    let url_length = "https://".len() + viewer.host.len() + path_length;
    if url_length > LONGEST_URL || size(request.headers()) > LARGEST_HEAD {
        let mut answer = refuse(StatusCode::PAYLOAD_TOO_LARGE, Reason::BadRequest);
        answer.closes = true;
        return answer;
    }
    let now = edge.aws.clock().now();
    let settings = edge.plane.edges.known.current(&edge.aws);
    let found = settings.of_host(host_name(&viewer.host), now);
    let Some((distribution, config)) = found.filter(|(_, config)| config.is_enabled) else {
        return refuse(StatusCode::FORBIDDEN, Reason::BadRequest);
    };
    let exchange = Arc::new(Exchange {
        distribution: distribution.id.clone(),
        invalidations: Arc::clone(&distribution.invalidations),
        config,
        edge,
        viewer,
    });
    distribute(&exchange, request).await
}

/// Answers a request to a distribution.
async fn distribute(exchange: &Arc<Exchange>, request: Request<Incoming>) -> Answer {
    let mut asked = Asked::of(&request);
    set_root_object(&exchange.config, &mut asked);
    if exchange.config.blocks_viewers {
        let request_id = &exchange.viewer.request_id;
        let answer = page::error(StatusCode::FORBIDDEN, Reason::Country, request_id);
        return exchange.with_error_page(&asked, answer).await;
    }
    let Some(subject) = exchange.subject(&asked) else {
        return exchange.failure(StatusCode::BAD_GATEWAY);
    };
    let has_body = !request.body().is_end_stream();
    if let Some(refusal) = refuse(&exchange.viewer, subject.behavior, &request, has_body) {
        return refusal;
    }
    let mut answer = if asked.is_web_socket(exchange.viewer.version) {
        switch(exchange, &asked, request).await
    } else if subject.behavior.caches(&asked.method) && !has_body {
        exchange.object(subject).await
    } else {
        exchange
            .pass(subject, body::boxed(request.into_body()))
            .await
    };
    if answer.status.as_u16() >= 400 {
        answer = exchange.with_error_page(&asked, answer).await;
    }
    if let Some(policy) = &subject.behavior.response_headers {
        policy.apply(&asked.method, &asked.headers, &mut answer.headers);
    }
    answer
}

fn set_root_object(config: &Config, asked: &mut Asked) {
    if asked.path == "/" && !config.root_object.is_empty() {
        asked.path = format!("/{}", config.root_object);
    }
}

/// Returns the answer to a request that goes no further.
fn refuse(
    viewer: &Viewer,
    behavior: &Behavior,
    request: &Request<Incoming>,
    has_body: bool,
) -> Option<Answer> {
    let forbid = |reason| page::error(StatusCode::FORBIDDEN, reason, &viewer.request_id);
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    if !viewer.is_https {
        match behavior.protocol {
            ViewerProtocol::Any => {}
            ViewerProtocol::HttpsOnly => return Some(forbid(Reason::BadRequest)),
            ViewerProtocol::RedirectToHttps => {
                let status = match (is_read, viewer.version) {
                    (true, _) => StatusCode::MOVED_PERMANENTLY,
                    (false, Version::HTTP_10) => return Some(forbid(Reason::BadRequest)),
                    (false, _) => StatusCode::TEMPORARY_REDIRECT,
                };
                let path = request.uri().path_and_query();
                let path = path.map_or("/", |path| path.as_str());
                let location = format!("https://{}{path}", host_name(&viewer.host));
                return Some(page::redirect(status, &location));
            }
        }
    }
    if !behavior.allows(request.method()) {
        return Some(forbid(Reason::Method));
    }
    (is_read && has_body).then(|| forbid(Reason::BadRequest))
}

/// Answers a request for another protocol on the connection. If the origin agrees, the bytes pass from then on.
async fn switch(exchange: &Arc<Exchange>, asked: &Asked, mut request: Request<Incoming>) -> Answer {
    let Some(subject) = exchange.subject(asked) else {
        return exchange.failure(StatusCode::BAD_GATEWAY);
    };
    match exchange.send(subject, body::empty()).await {
        Ok(mut response) => {
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                web_socket::relay(&mut request, &mut response);
            }
            of_origin(response)
        }
        Err(status) => exchange.failure(status),
    }
}
