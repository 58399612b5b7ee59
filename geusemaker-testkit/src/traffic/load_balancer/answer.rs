//! The answers that the load balancer makes itself.

use http::{HeaderValue, Response, StatusCode, header};

use crate::traffic::body::{self, Body};

/// The `Server` header of the load balancer's own answers.
pub(super) const SERVER: HeaderValue = HeaderValue::from_static("awselb/2.0");

/// Returns the page of a status.
pub(super) fn page(status: StatusCode) -> Response<Body> {
    let reason = match status {
        StatusCode::SERVICE_UNAVAILABLE => "Service Temporarily Unavailable",
        StatusCode::GATEWAY_TIMEOUT => "Gateway Time-out",
        other => other.canonical_reason().unwrap_or_default(),
    };
    let title = format!("{} {reason}", status.as_u16());
    let html = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = Response::new(body::full(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::SERVER, SERVER);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
