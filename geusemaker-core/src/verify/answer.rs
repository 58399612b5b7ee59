//! The checks of an answer: that of a service, and that to somebody whom the load balancer does not know.

use std::time::Duration;

use super::finding::{Finding, Seen};
use super::place::Place;
use super::trouble::Trouble;
use super::viewer::{Answer, Asked, Viewer};
use crate::spec::HealthMatcher;

/// The number of times that an answer is asked for while it may still come: names and targets need a while.
const ATTEMPTS: usize = 3;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_secs(5);

/// The answer that is expected.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// One of the statuses of the health check.
    Healthy(HealthMatcher),
    /// A success or a redirect.
    Success,
    /// Any answer that is the service's own and no error of it.
    OfService,
}

impl Expected {
    fn problem(&self, status: u16) -> Option<String> {
        match self {
            Self::Healthy(matcher) if matcher.contains(status) => None,
            Self::Healthy(matcher) => Some(format!(
                "answered {status}, and its health check expects {matcher}"
            )),
            Self::Success if (200..400).contains(&status) => None,
            Self::OfService if status < 500 => None,
            Self::Success | Self::OfService => Some(format!("answered {status}")),
        }
    }

    /// Returns the reason why an answer is good that does not look like it.
    fn remark(&self, status: u16) -> Option<String> {
        let is_odd = matches!(self, Self::OfService) && status >= 400;
        is_odd.then(|| "the service's own answer: verify.path can name a better path".to_owned())
    }
}

/// Checks that a service answers.
pub(super) async fn check(
    viewer: &Viewer,
    place: &Place,
    asked: &Asked,
    expected: &Expected,
    closed_to: Option<&str>,
) -> Finding {
    let answer = match ask(viewer, place, asked, closed_to).await {
        Ok(answer) => answer,
        Err(trouble) => return Finding::of_trouble(&trouble, closed_to),
    };
    let seen = Seen::of(&answer);
    let status = answer.status;
    // An error that AWS has made says nothing of the service.
    if status >= 400
        && let Some(maker) = maker(&answer)
    {
        let problem = format!("{maker} answered {status} by itself");
        return seen.failed(problem, remedy(status));
    }
    match expected.problem(status) {
        None => seen.passed(expected.remark(status)),
        Some(problem) => seen.failed(problem, remedy(status)),
    }
}

/// Asks, and asks again while the answer is that nobody is there yet.
async fn ask(
    viewer: &Viewer,
    place: &Place,
    asked: &Asked,
    closed_to: Option<&str>,
) -> Result<Answer, Trouble> {
    for _ in 1..ATTEMPTS {
        match viewer.ask(place, asked).await {
            Ok(answer) if !matches!(answer.status, 502..=504) => return Ok(answer),
            Err(trouble) if !trouble.may_pass() || closed_to.is_some() => return Err(trouble),
            Ok(_) | Err(_) => viewer.clock().sleep(PAUSE).await,
        }
    }
    viewer.ask(place, asked).await
}

/// Checks that a request without the token is refused.
pub(super) async fn check_refused(
    viewer: &Viewer,
    place: &Place,
    asked: &Asked,
    closed_to: Option<&str>,
) -> Finding {
    let answer = match ask(viewer, place, asked, closed_to).await {
        Ok(answer) => answer,
        Err(trouble) => return Finding::of_trouble(&trouble, closed_to),
    };
    let seen = Seen::of(&answer);
    match answer.status {
        401 | 403 => seen.passed(None),
        status @ 500.. => seen.failed(format!("answered {status}"), remedy(status)),
        status => seen.failed(
            format!("answered {status}, and should have refused"),
            "look whether somebody has changed the rules of the load balancer: it lets strangers in",
        ),
    }
}

/// Checks that somebody who has not signed in is sent to do so.
pub(super) async fn check_sign_in(
    viewer: &Viewer,
    place: &Place,
    asked: &Asked,
    closed_to: Option<&str>,
) -> Finding {
    let answer = match ask(viewer, place, asked, closed_to).await {
        Ok(answer) => answer,
        Err(trouble) => return Finding::of_trouble(&trouble, closed_to),
    };
    let seen = Seen::of(&answer);
    let location = answer.header("location").unwrap_or_default();
    let own = place.to_string();
    match answer.status {
        302 | 303 if location.starts_with("https://") && !location.starts_with(&own) => {
            let provider = location.split('?').next().unwrap_or_default();
            seen.passed(Some(format!("sent to {provider}")))
        }
        status @ 500.. => seen.failed(format!("answered {status}"), remedy(status)),
        status => seen.failed(
            format!("answered {status}, and should have sent to sign in"),
            "look whether somebody has changed the rules of the load balancer: it lets strangers in",
        ),
    }
}

/// Returns the part of AWS that has made an answer by itself.
fn maker(answer: &Answer) -> Option<&'static str> {
    match answer.header("server") {
        Some("awselb/2.0") => Some("the load balancer"),
        Some("CloudFront") => Some("CloudFront"),
        _ => None,
    }
}

/// Returns the next thing to do after an answer.
pub(super) fn remedy(status: u16) -> &'static str {
    match status {
        401 => "look whether the service itself asks for a password on this path",
        403 => "look whether a web ACL, or a restriction to countries, refuses this machine",
        404 => "name a path that the service has, in verify.path of the spec",
        502 => "look at the logs of the service: it closes connections, or does not speak HTTP",
        503 => "look at the health of the targets: the load balancer has none to ask",
        504 => "look at the logs of the service: it does not answer in time",
        _ => "look at the logs of the service",
    }
}
