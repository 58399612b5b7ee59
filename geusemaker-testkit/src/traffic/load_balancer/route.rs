//! The way of a request through a listener: its limits, the first rule that matches, and the actions of that rule.

use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;

use super::forward::{self, Forwarded};
use super::redirect::Scene;
use super::request::{Seen, host};
use super::rule::Rule;
use super::settings::{Balancer, Listener};
use super::{Closed, Connection, answer, authentication, limits, redirect};
use crate::sim::elastic_load_balancing::action::Action;
use crate::traffic::body::{self, Body};

/// Answers a request.
pub(super) async fn answer(
    connection: &Connection,
    balancer: &Balancer,
    request: Request<Incoming>,
) -> Result<Response<Body>, Closed> {
    let listener = balancer.listeners.get(&connection.port).ok_or(Closed)?;
    let version = request.version();
    let (parts, body) = request.into_parts();
    let mut response = match limits::refusal(&parts) {
        Some(status) => answer::page(status),
        None => act(connection, balancer, listener, parts, body).await,
    };
    let headers = response.headers_mut();
    for (name, value) in &listener.response_headers {
        headers.insert(name, value.clone());
    }
    if !listener.shows_server {
        headers.remove(header::SERVER);
    }
    let is_old = connection.opened_at.elapsed() >= balancer.client_keep_alive;
    if is_old && version != Version::HTTP_2 {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Does what the first rule says that is for the request.
async fn act(
    connection: &Connection,
    balancer: &Balancer,
    listener: &Listener,
    parts: Parts,
    body: Incoming,
) -> Response<Body> {
    let seen = Seen::of(&parts, connection.source.address);
    let Some(rule) = listener.rules.iter().find(|rule| rule.matches(&seen)) else {
        return answer::page(StatusCode::INTERNAL_SERVER_ERROR);
    };
    for action in &rule.actions {
        match action {
            Action::Authenticate(authentication) => {
                if let Some(response) = authentication::answer(authentication, &seen) {
                    return response;
                }
            }
            Action::FixedResponse {
                status_code,
                content_type,
                message_body,
            } => {
                return fixed(
                    *status_code,
                    content_type.as_deref(),
                    message_body.as_deref(),
                );
            }
            Action::Redirect(to) => {
                let scene = Scene {
                    is_https: connection.is_https,
                    port: connection.port,
                };
                return redirect::answer(to, &seen, scene);
            }
            Action::Forward { groups, stickiness } => {
                let (host, is_rewritten) = match rewritten_host(rule, seen.host) {
                    Ok(Some(host)) => (host, true),
                    Ok(None) => (host(&parts).to_owned(), false),
                    Err(response) => return response,
                };
                let mut parts = parts;
                if let Err(response) = rewrite_url(rule, &mut parts) {
                    return response;
                }
                let forwarded = Forwarded {
                    connection,
                    balancer,
                    groups,
                    stickiness: *stickiness,
                    host,
                    is_rewritten,
                };
                return forward::answer(forwarded, parts, body).await;
            }
        }
    }
    // The API takes no rule without a final action.
    answer::page(StatusCode::INTERNAL_SERVER_ERROR)
}

fn fixed(status: u32, content_type: Option<&str>, message: Option<&str>) -> Response<Body> {
    let message = message.unwrap_or_default().to_owned();
    let mut response = Response::new(body::full(message));
    let status = u16::try_from(status).ok();
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::SERVER, answer::SERVER);
    let content_type = content_type.unwrap_or("text/plain");
    if let Ok(value) = HeaderValue::try_from(format!("{content_type}; charset=utf-8")) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    response
}

/// Returns the host that the rule's transform makes of a host. The ELB docs: a transform that matches, and whose result
/// is unusable, is answered with 500.
fn rewritten_host(rule: &Rule, host: &str) -> Result<Option<String>, Response<Body>> {
    for transform in &rule.transforms {
        match transform.host(host) {
            Ok(None) => {}
            Ok(rewritten) => return Ok(rewritten),
            Err(_) => return Err(answer::page(StatusCode::INTERNAL_SERVER_ERROR)),
        }
    }
    Ok(None)
}

fn rewrite_url(rule: &Rule, parts: &mut Parts) -> Result<(), Response<Body>> {
    for transform in &rule.transforms {
        match transform.url(&parts.uri) {
            Ok(None) => {}
            Ok(Some(url)) => {
                parts.uri = url.into();
                return Ok(());
            }
            Err(_) => return Err(answer::page(StatusCode::INTERNAL_SERVER_ERROR)),
        }
    }
    Ok(())
}
