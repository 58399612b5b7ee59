//! Requests of viewers with what answers them: a distribution's configuration, the cache, the origins.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;

use super::answer::{Answer, Outcome};
use super::asked::{Asked, Viewer, names};
use super::behavior::Behavior;
use super::cache::Cache;
use super::invalidation::Invalidation;
use super::origin::Edge;
use super::origin_request;
use super::origin_settings::OriginSettings;
use super::page::{self, Reason};
use super::settings::Config;
use crate::traffic::body::Body;
use crate::traffic::hop_by_hop;

/// A request of a viewer to a distribution.
pub(super) struct Exchange {
    pub(super) edge: Edge,
    pub(super) viewer: Viewer,
    /// The id of the distribution.
    pub(super) distribution: String,
    pub(super) config: Arc<Config>,
    pub(super) invalidations: Arc<[Invalidation]>,
}

/// An object that is asked for, with the settings of its path.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) asked: &'a Asked,
    pub(super) behavior: &'a Behavior,
    pub(super) origin: &'a OriginSettings,
}

impl Exchange {
    pub(super) fn now(&self) -> Timestamp {
        self.edge.aws.clock().now()
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.edge.plane.edges.cache
    }

    /// Returns the object that is asked for, with the settings of its path.
    pub(super) fn subject<'a>(&'a self, asked: &'a Asked) -> Option<Subject<'a>> {
        let (behavior, origin) = self.config.behavior(&asked.path)?;
        Some(Subject {
            asked,
            behavior,
            origin,
        })
    }

    /// Returns the answer of the edge to an error without a response.
    pub(super) fn failure(&self, status: StatusCode) -> Answer {
        page::error(status, Reason::Origin, &self.viewer.request_id)
    }

    /// Asks the origin, and returns its response; or the status of the answer in place of one.
    pub(super) async fn send(
        &self,
        subject: Subject<'_>,
        body: Body,
    ) -> Result<Response<Body>, StatusCode> {
        let Subject {
            asked,
            behavior,
            origin,
        } = subject;
        let parts = origin_request::head(asked, &self.viewer, behavior, origin);
        let parts = parts.ok_or(StatusCode::BAD_GATEWAY)?;
        let is_https = origin.is_https(self.viewer.is_https);
        let mut response = self.edge.send(origin, is_https, parts, body).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            hop_by_hop::remove(response.headers_mut());
        }
        clean(behavior, response.headers_mut());
        Ok(response)
    }

    /// Passes a request on without the cache.
    pub(super) async fn pass(&self, subject: Subject<'_>, body: Body) -> Answer {
        match self.send(subject, body).await {
            Ok(response) => of_origin(response),
            Err(status) => self.failure(status),
        }
    }

    /// Returns the answer with the page that the configuration has for its error, if there is one.
    pub(super) async fn with_error_page(self: &Arc<Self>, asked: &Asked, answer: Answer) -> Answer {
        let response = self.config.error_response(answer.status);
        let Some((path, status)) = response.and_then(|response| response.page.clone()) else {
            return answer;
        };
        let page = Asked {
            method: match asked.method {
                Method::HEAD => Method::HEAD,
                _ => Method::GET,
            },
            path,
            query: None,
            headers: without_conditions(&asked.headers),
        };
        let Some(subject) = self.subject(&page) else {
            return answer;
        };
        drain(answer);
        let mut page = self.object(subject).await;
        // A page that cannot be had leaves the viewer with the error of its own.
        if page.status.as_u16() < 400 {
            page.status = status;
        }
        page.outcome = Outcome::Error;
        page
    }
}

/// Reads a body that no viewer reads, so that the error is cached.
fn drain(answer: Answer) {
    // One without a length may have no end.
    if answer.headers.contains_key(header::CONTENT_LENGTH) {
        let mut body = answer.body;
        tokio::spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
    }
}

/// Returns the answer that passes a response of the origin on.
pub(super) fn of_origin(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
        outcome: match parts.status.as_u16() {
            400.. => Outcome::Error,
            _ => Outcome::Miss,
        },
        age: None,
        closes: false,
    }
}

/// Returns headers without those by which a viewer asks for a part of an object, or for a change.
pub(super) fn without_conditions(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    let conditions: [HeaderName; 6] = [
        header::IF_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_NONE_MATCH,
        header::IF_RANGE,
        header::IF_UNMODIFIED_SINCE,
        header::RANGE,
    ];
    for name in conditions {
        headers.remove(name);
    }
    headers
}

/// Removes what does not reach viewers: cookies if the viewers' do not reach the origin, and the names of headers in
/// `Vary` that do not either.
fn clean(behavior: &Behavior, headers: &mut HeaderMap) {
    if !behavior.forwards_cookies() {
        headers.remove(header::SET_COOKIE);
    }
    let stays = |name: &&str| {
        ["*", "accept-encoding", "cookie"].contains(&name.to_ascii_lowercase().as_str())
            || behavior.selects_header(name)
    };
    let varies = headers.get_all(header::VARY).iter();
    let varies: Vec<&str> = varies
        .filter_map(|value| value.to_str().ok())
        .flat_map(names)
        .filter(stays)
        .collect();
    match HeaderValue::from_str(&varies.join(", ")) {
        Ok(value) if !value.is_empty() => {
            headers.insert(header::VARY, value);
        }
        Ok(_) | Err(_) => {
            headers.remove(header::VARY);
        }
    }
}
