//! The headers of a request as the target gets them.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;

use super::Connection;
use super::settings::{Balancer, ForwardedFor};

/// The number of addresses in `X-Forwarded-For` from which the load balancer refuses a request with 463 (ELB docs,
/// "HTTP 463").
pub(super) const MOST_ADDRESSES: usize = 30;

/// The size from which a trace id is replaced (ELB docs, "Request tracing").
const LONGEST_TRACE_ID: usize = 7 * 1024;

pub(super) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Returns the number of addresses that a request brings in `X-Forwarded-For`.
pub(super) fn addresses(headers: &HeaderMap) -> usize {
    let values = headers.get_all(FORWARDED_FOR).iter();
    values
        .map(|value| value.as_bytes().split(|byte| *byte == b',').count())
        .sum()
}

/// Sets the headers for the target. `host` is the one that the request names, or that a transform has made of it.
pub(super) fn set(
    parts: &mut Parts,
    connection: &Connection,
    balancer: &Balancer,
    host: &str,
    is_rewritten: bool,
) {
    let headers = &mut parts.headers;
    headers.remove(header::EXPECT);
    if balancer.drops_invalid_headers {
        drop_invalid(headers);
    }
    set_forwarded_for(headers, connection, balancer);
    let protocol = if connection.is_https { "https" } else { "http" };
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(protocol));
    headers.insert(FORWARDED_PORT, HeaderValue::from(connection.port));
    let host = match (host, balancer.preserves_host || is_rewritten) {
        ("", _) => balancer.dns_name.clone(),
        (host, true) => host.to_owned(),
        (host, false) => edited_host(host, connection.port),
    };
    if let Ok(host) = HeaderValue::try_from(host) {
        headers.insert(header::HOST, host);
    }
    if balancer.tells_tls
        && let Some(tls) = &connection.tls
    {
        let version = HeaderName::from_static("x-amzn-tls-version");
        headers.insert(version, HeaderValue::from_static(tls.version));
        if let Ok(cipher) = HeaderValue::from_str(&tls.cipher_suite) {
            headers.insert(HeaderName::from_static("x-amzn-tls-cipher-suite"), cipher);
        }
    }
    let given = headers.get(TRACE_ID).map(HeaderValue::as_bytes);
    let given = String::from_utf8_lossy(given.unwrap_or_default()).into_owned();
    let now = connection.aws.clock().now();
    if let Ok(id) = HeaderValue::try_from(trace_id(&given, now)) {
        headers.insert(TRACE_ID, id);
    }
}

/// Removes the headers whose names have other characters than letters, digits and hyphens.
fn drop_invalid(headers: &mut HeaderMap) {
    let is_valid = |name: &HeaderName| {
        let mut bytes = name.as_str().bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let invalid: Vec<HeaderName> = headers
        .keys()
        .filter(|name| !is_valid(name))
        .cloned()
        .collect();
    for name in invalid {
        headers.remove(name);
    }
}

fn set_forwarded_for(headers: &mut HeaderMap, connection: &Connection, balancer: &Balancer) {
    match balancer.forwarded_for {
        ForwardedFor::Preserve => {}
        ForwardedFor::Remove => {
            headers.remove(FORWARDED_FOR);
        }
        ForwardedFor::Append => {
            let source = &connection.source;
            let client = match (balancer.has_client_port, source.address.is_ipv6()) {
                (true, true) => format!("[{}]:{}", source.address, source.port),
                (true, false) => format!("{}:{}", source.address, source.port),
                (false, _) => source.address.to_string(),
            };
            let before = headers.get_all(FORWARDED_FOR).iter();
            let before = before.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            let all: Vec<String> = before.chain([client]).collect();
            if let Ok(value) = HeaderValue::try_from(all.join(", ")) {
                headers.insert(FORWARDED_FOR, value);
            }
        }
    }
}

/// Returns the host as the load balancer edits it (ELB docs, "Host header preservation"): without the port on a
/// standard one, with it on another, in lower case.
fn edited_host(host: &str, listener_port: u16) -> String {
    let host = host.to_ascii_lowercase();
    let (name, port) = host.rsplit_once(':').unwrap_or((&host, ""));
    let has_port = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    match (listener_port, has_port) {
        (80 | 443, true) => name.to_owned(),
        (80 | 443, false) | (_, true) => host,
        (port, false) => format!("{host}:{port}"),
    }
}

/// Returns the trace id of a request that has come with that one (ELB docs, "Request tracing").
fn trace_id(given: &str, now: Timestamp) -> String {
    let fresh = || {
        let (high, low) = (fastrand::u64(..), fastrand::u32(..));
        format!("1-{:08x}-{high:016x}{low:08x}", now.as_second())
    };
    let fields: Vec<&str> = given.split(';').map(str::trim).collect();
    let is_self = |field: &&str| field.starts_with("Self=");
    let has_root = fields.iter().any(|field| field.starts_with("Root="));
    if given.len() > LONGEST_TRACE_ID || !has_root {
        let others = fields.iter().filter(|it| !it.is_empty() && !is_self(it));
        let others = others.filter(|_| given.len() <= LONGEST_TRACE_ID);
        let others: String = others.map(|field| format!(";{field}")).collect();
        return format!("Root={}{others}", fresh());
    }
    let kept: Vec<&str> = fields.into_iter().filter(|field| !is_self(field)).collect();
    format!("Self={};{}", fresh(), kept.join(";"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{edited_host, trace_id};

    #[test]
    fn host_loses_standard_port() {
        assert_eq!(edited_host("Example.COM:8080", 80), "example.com");
        assert_eq!(edited_host("example.com", 443), "example.com");
        assert_eq!(edited_host("example.com", 8080), "example.com:8080");
        assert_eq!(edited_host("example.com:9", 8080), "example.com:9");
    }

    #[test]
    fn trace_id_keeps_root() {
        let now = Timestamp::from_second(1_465_510_280).unwrap();
        let new = trace_id("", now);
        assert!(new.starts_with("Root=1-5759e988-"), "{new}");
        assert_eq!(new.len(), "Root=1-5759e988-".len() + 24);
        let kept = trace_id(
            "Root=1-67891233-abcdef012345678912345678;CalledFrom=app",
            now,
        );
        let own = kept.strip_prefix("Self=1-5759e988-").unwrap();
        assert_eq!(
            &own[24..],
            ";Root=1-67891233-abcdef012345678912345678;CalledFrom=app"
        );
        let again = trace_id(&kept, now);
        assert_eq!(again.matches("Self=").count(), 1, "{again}");
        let replaced = trace_id(&format!("Root=1-2-3;x={}", "y".repeat(8000)), now);
        assert!(!replaced.contains("yy"), "{replaced}");
    }
}
