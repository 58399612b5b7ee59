//! The head of a request to the origin. Amazon CloudFront Developer Guide: Request and response behavior for custom
//! origins.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};

use super::asked::{Asked, Viewer};
use super::behavior::Behavior;
use super::cache_key::{accept_encoding, selected_query};
use super::origin_settings::OriginSettings;
use super::{generated_headers, identity};
use crate::traffic::hop_by_hop;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The headers that are set in another way than from the viewer's.
const OWN_WAY: [&str; 8] = [
    "accept-encoding",
    "authorization",
    "cookie",
    "host",
    "user-agent",
    "via",
    "x-amz-cf-id",
    "x-forwarded-for",
];

/// The headers that no setting forwards.
const NEVER: [&str; 2] = ["expect", "x-forwarded-proto"];

/// The headers that go to the origin only if a policy names them.
const ONLY_LISTED: [&str; 2] = ["x-http-method-override", "x-real-ip"];

/// The headers that go to the origin with each request.
const ALWAYS: [&str; 4] = ["cache-control", "date", "pragma", "range"];

/// The headers that the older settings forward only if they are named.
const NAMED_IN_LEGACY: [&str; 4] = ["accept", "accept-charset", "accept-language", "referer"];

/// Returns the head of the request for an object.
pub(super) fn head(
    asked: &Asked,
    viewer: &Viewer,
    behavior: &Behavior,
    origin: &OriginSettings,
) -> Option<Parts> {
    let query = asked.query.as_deref();
    let query = query
        .and_then(|query| selected_query(query, |name| behavior.selects_query(name)))
        .map(|query| format!("?{query}"));
    let path = format!("{}{}{}", origin.path, asked.path, query.unwrap_or_default());
    let request = Request::builder().method(&asked.method).uri(path).body(());
    let (mut parts, ()) = request.ok()?.into_parts();
    parts.headers = headers(asked, viewer, behavior, origin);
    Some(parts)
}

fn headers(
    asked: &Asked,
    viewer: &Viewer,
    behavior: &Behavior,
    origin: &OriginSettings,
) -> HeaderMap {
    let mut headers = of_edge(asked, viewer, behavior, origin);
    if forwards_authorization(asked, behavior)
        && let Some(value) = asked.headers.get(header::AUTHORIZATION)
    {
        headers.insert(header::AUTHORIZATION, value.clone());
    }
    let of_connection = hop_by_hop::named_by_connection(&asked.headers);
    for (name, value) in &asked.headers {
        if !of_connection.contains(name) && is_forwarded(name, behavior) {
            headers.append(name.clone(), value.clone());
        }
    }
    // These take the place of the viewer's.
    for (name, value) in &origin.headers {
        headers.insert(name.clone(), value.clone());
    }
    headers
}

/// Returns the headers that the edge sets, or changes.
fn of_edge(
    asked: &Asked,
    viewer: &Viewer,
    behavior: &Behavior,
    origin: &OriginSettings,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    let host = match behavior.selects_header("host") {
        true => &viewer.host,
        false => &origin.domain_name,
    };
    set(header::HOST, host);
    let agent = asked.header(&header::USER_AGENT);
    let agent = agent.filter(|_| behavior.selects_header("user-agent"));
    set(header::USER_AGENT, agent.unwrap_or("Amazon CloudFront"));
    set(FORWARDED_FOR, &forwarded_for(asked, viewer));
    let hop = identity::via(viewer.version);
    let via = asked.header(&header::VIA);
    let via = via.map_or(hop.clone(), |via| format!("{via}, {hop}"));
    set(header::VIA, &via);
    set(identity::REQUEST_ID, &viewer.request_id);
    if let Some(cookies) = cookies(asked, behavior) {
        set(header::COOKIE, &cookies);
    }
    if let Some(encodings) = encodings(asked, viewer, behavior) {
        set(header::ACCEPT_ENCODING, encodings);
    }
    let generated = behavior.key.generated.iter();
    for name in generated.chain(&behavior.forwarded.generated) {
        let value = generated_headers::value(name, asked, viewer);
        if let (Some(value), Ok(name)) = (value, name.parse()) {
            set(name, &value);
        }
    }
    if asked.is_web_socket(viewer.version) {
        set(header::CONNECTION, "Upgrade");
        set(header::UPGRADE, "websocket");
    } else {
        set(header::CONNECTION, "Keep-Alive");
    }
    headers
}

/// Returns true if a header of the viewer goes to the origin as it is.
fn is_forwarded(name: &HeaderName, behavior: &Behavior) -> bool {
    let text = name.as_str();
    if hop_by_hop::is_hop_by_hop(name)
        || OWN_WAY.contains(&text)
        || NEVER.contains(&text)
        || text.starts_with("cloudfront-")
        || text.starts_with("proxy-")
        || text.starts_with("x-edge-")
    {
        return false;
    }
    if ALWAYS.contains(&text) || text.starts_with("content-") || text.starts_with("if-") {
        return true;
    }
    if ONLY_LISTED.contains(&text) {
        return behavior.lists_header(text);
    }
    behavior.selects_header(text) || (behavior.is_legacy && !NAMED_IN_LEGACY.contains(&text))
}

/// Returns true if the viewer's credentials go to the origin. An origin request policy alone cannot name them.
fn forwards_authorization(asked: &Asked, behavior: &Behavior) -> bool {
    let name = "authorization";
    let is_forwarded = behavior.key.headers.contains(name)
        || (behavior.forwarded.headers.contains(name) && !behavior.forwarded.headers.lists(name));
    // A cached OPTIONS request has none either.
    let is_read =
        [Method::GET, Method::HEAD].contains(&asked.method) || behavior.caches(&asked.method);
    is_forwarded || (behavior.is_legacy && !is_read)
}

/// Returns the addresses that the request came through: without a blank between them.
fn forwarded_for(asked: &Asked, viewer: &Viewer) -> String {
    let address = viewer.source.address;
    match asked.header(&FORWARDED_FOR) {
        Some(before) => format!("{before},{address}"),
        None => address.to_string(),
    }
}

fn cookies(asked: &Asked, behavior: &Behavior) -> Option<String> {
    let selected = asked.cookies().filter(|cookie| {
        let (name, _) = cookie.split_once('=').unwrap_or((cookie, ""));
        behavior.selects_cookie(name)
    });
    let selected: Vec<&str> = selected.collect();
    (!selected.is_empty()).then(|| selected.join("; "))
}

/// Returns the encodings that the origin may choose from.
fn encodings<'a>(asked: &'a Asked, viewer: &Viewer, behavior: &Behavior) -> Option<&'a str> {
    let known = accept_encoding(asked.encodings(behavior, viewer.version));
    if !behavior.encodings.is_none() {
        return known.or(Some("identity").filter(|_| !behavior.is_legacy));
    }
    if behavior.is_legacy {
        // Nothing but gzip is known to the older settings.
        let accepted = asked.header(&header::ACCEPT_ENCODING).unwrap_or_default();
        return accepted.contains("gzip").then_some("gzip");
    }
    match behavior.selects_header("accept-encoding") {
        true => asked.header(&header::ACCEPT_ENCODING),
        false => Some("identity"),
    }
}
