//! A program that answers every request with what it got.

use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Map, Value, json};

use super::connection::Connection;
use super::endpoint::Endpoint;
use super::event_stream::{self, EVENT_STREAM, event};
use super::web_socket;
use crate::traffic::body::{self, Body};

/// The longest text of a request that is sent back.
const LONGEST_TEXT: usize = 4096;

/// The longest body and the longest stream that can be asked for.
const LARGEST: usize = 64 << 20;
const MOST_PIECES: usize = 100_000;

/// Answers a request as its query says:
///
/// - `echo-status=503`: with that status.
/// - `echo-delay=1.5`: after that many seconds.
/// - `echo-size=1000`: with a body of that many bytes instead of the JSON document.
/// - `echo-pieces=5` and `echo-interval=0.2`: with that many pieces, and that many seconds between two of them; also what
///   a client gets that accepts `text/event-stream`, as server-sent events.
/// - `echo-header=Cache-Control:max-age=60`: with that header; it can be given several times.
pub(super) async fn answer(connection: &Connection, request: Request<Incoming>) -> Response<Body> {
    let wishes = match Wishes::read(request.uri().query().unwrap_or_default()) {
        Ok(wishes) => wishes,
        Err(problem) => {
            let mut refused = Response::new(body::full(format!("{problem}\n")));
            *refused.status_mut() = StatusCode::BAD_REQUEST;
            return refused;
        }
    };
    if !wishes.delay.is_zero() {
        tokio::time::sleep(wishes.delay).await;
    }
    if web_socket::is_asked_for(&request) {
        return web_socket::accept(connection, request);
    }
    let (parts, content) = request.into_parts();
    // A body that breaks off ends the connection as well.
    let content = content.collect().await.map(|it| it.to_bytes());
    let content = content.unwrap_or_default();
    let mut response = content_of(connection, &wishes, &parts, &content);
    *response.status_mut() = wishes.status;
    for (name, value) in wishes.headers {
        response.headers_mut().append(name, value);
    }
    if is_unchanged(&parts.headers, response.headers()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        return response.map(|_| body::empty());
    }
    response
}

fn content_of(
    connection: &Connection,
    wishes: &Wishes,
    parts: &Parts,
    content: &[u8],
) -> Response<Body> {
    let endpoint = &connection.endpoint;
    let accepted = parts.headers.get(header::ACCEPT);
    let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
    let wants_events = accepted.is_some_and(|accepted| accepted.contains("text/event-stream"));
    if wants_events || wishes.pieces.is_some() {
        let service = name(endpoint).to_owned();
        let instance = endpoint.instance.clone();
        let count = wishes.pieces.unwrap_or(5);
        let pieces = (1..=count).map(move |number| {
            event(json!({ "event": number, "of": count, "service": service, "instance": instance }))
        });
        return event_stream::answer(EVENT_STREAM, pieces, wishes.interval);
    }
    let (content_type, text) = match wishes.size {
        Some(size) => ("application/octet-stream", vec![b'x'; size]),
        None => {
            let document = document(endpoint, parts, content);
            ("application/json", format!("{document}\n").into_bytes())
        }
    };
    let mut response = Response::new(body::full(text));
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Returns what the program got.
fn document(endpoint: &Endpoint, parts: &Parts, content: &[u8]) -> Value {
    let text = std::str::from_utf8(content).ok();
    let text = text.filter(|text| !text.is_empty() && text.len() <= LONGEST_TEXT);
    json!({
        "service": endpoint.service.as_ref().map(|service| &service.name),
        "instance": endpoint.instance,
        "address": endpoint.address,
        "port": endpoint.port,
        "method": parts.method.as_str(),
        "version": format!("{:?}", parts.version),
        "path": parts.uri.path(),
        "query": parts.uri.query(),
        "headers": headers(&parts.headers),
        "body_bytes": content.len(),
        "body": text,
    })
}

/// Returns the headers; those that come several times have their values in a list.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut map = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values = values.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
        let mut values: Vec<Value> = values.map(Value::from).collect();
        let value = match values.len() {
            1 => values.remove(0),
            _ => values.into(),
        };
        map.insert(name.as_str().to_owned(), value);
    }
    map
}

/// Returns the name of the service, as texts have it.
pub(super) fn name(endpoint: &Endpoint) -> &str {
    let service = endpoint.service.as_ref();
    service.map_or("a service", |service| &service.name)
}

/// Returns true if the client has the same content already.
fn is_unchanged(request: &HeaderMap, answer: &HeaderMap) -> bool {
    let known = request.get(header::IF_NONE_MATCH);
    match (known, answer.get(header::ETAG)) {
        (Some(known), Some(current)) => known == current,
        _ => false,
    }
}

/// The answer that a request asks for.
#[derive(Debug)]
struct Wishes {
    status: StatusCode,
    delay: Duration,
    size: Option<usize>,
    pieces: Option<usize>,
    interval: Duration,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Wishes {
    fn read(query: &str) -> Result<Self, String> {
        let mut wishes = Self {
            status: StatusCode::OK,
            delay: Duration::ZERO,
            size: None,
            pieces: None,
            interval: Duration::from_millis(200),
            headers: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "echo-status" => wishes.status = status(&value)?,
                "echo-delay" => wishes.delay = seconds(&name, &value)?,
                "echo-interval" => wishes.interval = seconds(&name, &value)?,
                "echo-size" => wishes.size = Some(number(&name, &value, LARGEST)?),
                "echo-pieces" => wishes.pieces = Some(number(&name, &value, MOST_PIECES)?),
                "echo-header" => wishes.headers.push(one_header(&value)?),
                // The query is one of the program that the echo stands for.
                _ => {}
            }
        }
        Ok(wishes)
    }
}

fn status(text: &str) -> Result<StatusCode, String> {
    let status = text
        .parse()
        .ok()
        .filter(|status| (200..=599).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    status.ok_or_else(|| format!("echo-status={text} is not a status from 200 to 599"))
}

fn seconds(name: &str, text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("{name}={text} is not a number of seconds, such as 1.5"))
}

fn number(name: &str, text: &str, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number <= most);
    number.ok_or_else(|| format!("{name}={text} is not a number up to {most}"))
}

fn one_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    match (name.trim().parse(), value.trim().parse()) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        _ => Err(format!("echo-header={text} is not of the form NAME:VALUE")),
    }
}
