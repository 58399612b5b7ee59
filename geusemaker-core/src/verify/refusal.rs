//! The checks of a stack as a whole: what its load balancer refuses, and what is sent to HTTPS.

use super::finding::{Finding, Seen};
use super::place::Place;
use super::viewer::{Asked, Viewer};

/// Checks that the load balancer behind a CDN refuses what does not come from it: it does not answer at all, or answers
/// that it is forbidden.
pub(super) async fn check_direct(viewer: &Viewer, place: &Place) -> Finding {
    match viewer.ask(place, &Asked::get("/")).await {
        Ok(answer) if answer.status == 403 => Seen::of(&answer).passed(None),
        Ok(answer) => Seen::of(&answer).failed(
            format!("answered {}, and should have refused", answer.status),
            "look whether somebody has changed its rules or its security group: the CDN, and what protects it, can be \
             gone around",
        ),
        Err(trouble) if trouble.is_refusal() => {
            Seen::default().passed(Some("it does not take the connection".to_owned()))
        }
        Err(trouble) => Seen::default().failed(trouble.to_string(), trouble.remedy()),
    }
}

/// Checks that a request for HTTP is sent to HTTPS.
pub(super) async fn check_redirect(
    viewer: &Viewer,
    place: &Place,
    closed_to: Option<&str>,
) -> Finding {
    let answer = match viewer.ask(place, &Asked::get("/")).await {
        Ok(answer) => answer,
        Err(trouble) => return Finding::of_trouble(&trouble, closed_to),
    };
    let seen = Seen::of(&answer);
    let location = answer.header("location").unwrap_or_default();
    match answer.status {
        301 | 302 | 307 | 308 if location.starts_with("https://") => {
            seen.passed(Some(format!("sent to {location}")))
        }
        status => seen.failed(
            format!("answered {status} over HTTP, and should have sent to HTTPS"),
            "look whether somebody has changed the listener of port 80, or the viewer protocol policy",
        ),
    }
}
