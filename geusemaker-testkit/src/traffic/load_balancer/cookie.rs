//! The load balancer's cookies, which keep a client with a target or with a target group.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

use super::group::Candidate;

/// The cookie of a target, and its copy for requests from other sites.
const TARGET: &str = "AWSALB";
const TARGET_CORS: &str = "AWSALBCORS";

/// The cookie of a target that follows one of the application.
const APPLICATION: &str = "AWSALBAPP-0";

/// The cookie of a target group, and its copy for requests from other sites.
const GROUP: &str = "AWSALBTG";
const GROUP_CORS: &str = "AWSALBTGCORS";

/// ELB docs, "Sticky sessions": the cookies expire after seven days, no matter how long they are valid.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The content of a cookie: at AWS it is encrypted, so that nobody may rely on it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Content<'a> {
    group: &'a str,
    instance: &'a str,
    port: u16,
    issued: Timestamp,
}

impl Content<'_> {
    fn encode(&self) -> String {
        let text = format!(
            "{} {} {} {}",
            self.group,
            self.instance,
            self.port,
            self.issued.as_second()
        );
        URL_SAFE_NO_PAD.encode(text)
    }
}

/// Returns the target that a request's cookie names, if the cookie is still valid.
pub(super) fn target(
    headers: &HeaderMap,
    group: &str,
    valid_for: Duration,
    now: Timestamp,
) -> Option<Candidate> {
    of_names(headers, &[TARGET, TARGET_CORS], group, valid_for, now)
}

/// Returns the target that goes with the application's cookie.
pub(super) fn target_of_application(
    headers: &HeaderMap,
    group: &str,
    name: &str,
    valid_for: Duration,
    now: Timestamp,
) -> Option<Candidate> {
    value(headers, name)?;
    of_names(headers, &[APPLICATION], group, valid_for, now)
}

/// Returns the ARN of the target group that a request's cookie names.
pub(super) fn group(headers: &HeaderMap, valid_for: Duration, now: Timestamp) -> Option<String> {
    [GROUP, GROUP_CORS].iter().find_map(|name| {
        let (group, _) = decode(value(headers, name)?, valid_for, now)?;
        Some(group)
    })
}

fn of_names(
    headers: &HeaderMap,
    names: &[&str],
    group: &str,
    valid_for: Duration,
    now: Timestamp,
) -> Option<Candidate> {
    names.iter().find_map(|name| {
        let (of, candidate) = decode(value(headers, name)?, valid_for, now)?;
        (of == group).then_some(candidate)
    })
}

fn decode(value: &str, valid_for: Duration, now: Timestamp) -> Option<(String, Candidate)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
    let [group, instance, port, issued] =
        <[&str; 4]>::try_from(text.split(' ').collect::<Vec<_>>()).ok()?;
    let issued = Timestamp::from_second(issued.parse().ok()?).ok()?;
    if now.duration_since(issued).unsigned_abs() > valid_for {
        return None;
    }
    let candidate = Candidate {
        instance: instance.to_owned(),
        port: port.parse().ok()?,
    };
    Some((group.to_owned(), candidate))
}

/// Returns the value of a cookie that a request brings.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Sets the cookies of a target.
pub(super) fn set_target(
    headers: &mut HeaderMap,
    group: &str,
    candidate: &Candidate,
    now: Timestamp,
) {
    let content = content(group, candidate, now);
    set(headers, TARGET, &content, now, false);
    set(headers, TARGET_CORS, &content, now, true);
}

/// Sets the cookie that follows the application's, if the answer sets that one.
pub(super) fn set_application(
    headers: &mut HeaderMap,
    group: &str,
    name: &str,
    candidate: &Candidate,
    now: Timestamp,
) {
    let mut set_cookies = headers.get_all(header::SET_COOKIE).iter();
    let sets = set_cookies.any(|cookie| {
        let cookie = String::from_utf8_lossy(cookie.as_bytes());
        cookie
            .split_once('=')
            .is_some_and(|(key, _)| key.trim() == name)
    });
    if sets {
        let content = content(group, candidate, now);
        set(headers, APPLICATION, &content, now, false);
    }
}

/// Sets the cookies of a target group.
pub(super) fn set_group(
    headers: &mut HeaderMap,
    group: &str,
    candidate: &Candidate,
    now: Timestamp,
) {
    let content = content(group, candidate, now);
    set(headers, GROUP, &content, now, false);
    set(headers, GROUP_CORS, &content, now, true);
}

fn content(group: &str, candidate: &Candidate, now: Timestamp) -> String {
    let content = Content {
        group,
        instance: &candidate.instance,
        port: candidate.port,
        issued: now,
    };
    content.encode()
}

fn set(headers: &mut HeaderMap, name: &str, value: &str, now: Timestamp, is_cors: bool) {
    let expires = (now + LIFETIME).strftime("%a, %d %b %Y %H:%M:%S GMT");
    let cors = if is_cors {
        "; SameSite=None; Secure"
    } else {
        ""
    };
    let cookie = format!("{name}={value}; Expires={expires}; Path=/{cors}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}
