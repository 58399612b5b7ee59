//! Redirects, whose parts can repeat those of the request.

use http::{HeaderValue, Response, StatusCode, header};

use super::answer;
use super::request::Seen;
use crate::sim::elastic_load_balancing::redirect::Redirect;
use crate::traffic::body::Body;

/// The longest location that the load balancer sends.
const LONGEST_LOCATION: usize = 8192;

/// The listener that a request came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) is_https: bool,
    pub(super) port: u16,
}

/// Returns the answer that sends the client elsewhere.
pub(super) fn answer(redirect: &Redirect, request: &Seen<'_>, scene: Scene) -> Response<Body> {
    let fill = |text: &str| {
        let port = scene.port.to_string();
        let protocol = if scene.is_https { "https" } else { "http" };
        text.replace("#{protocol}", protocol)
            .replace("#{host}", request.host_name())
            .replace("#{port}", &port)
            .replace("#{path}", request.path.trim_start_matches('/'))
            .replace("#{query}", request.query)
    };
    let protocol = fill(&redirect.protocol).to_lowercase();
    let query = fill(&redirect.query);
    let mut location = format!(
        "{protocol}://{}:{}{}",
        fill(&redirect.host),
        fill(&redirect.port),
        fill(&redirect.path)
    );
    if !query.is_empty() {
        location.push('?');
        location.push_str(&query);
    }
    let status = match redirect.status_code.as_str() {
        "HTTP_301" => StatusCode::MOVED_PERMANENTLY,
        _ => StatusCode::FOUND,
    };
    let mut response = answer::page(status);
    match HeaderValue::try_from(location) {
        Ok(location) if location.len() <= LONGEST_LOCATION => {
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        // The ELB docs: 507, the redirect URL is too long.
        Ok(_) => answer::page(StatusCode::INSUFFICIENT_STORAGE),
        Err(_) => answer::page(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
