//! Answers that arrive piece by piece.

use std::time::Duration;

use http::{HeaderValue, Response, header};

use crate::traffic::body::{self, Body};
use crate::traffic::streamed_body::StreamedBody;

/// The media type of server-sent events.
pub(super) const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

/// The media type of a JSON document in each line.
pub(super) const JSON_LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// Returns an answer of pieces with a pause between them.
pub(super) fn answer(
    media_type: HeaderValue,
    pieces: impl Iterator<Item = String> + Send + 'static,
    pause: Duration,
) -> Response<Body> {
    let streamed = StreamedBody::new(|sender| async move {
        for (number, piece) in pieces.enumerate() {
            if number > 0 {
                tokio::time::sleep(pause).await;
            }
            // The client may have heard enough.
            if !sender.send(piece).await {
                break;
            }
        }
    });
    let mut response = Response::new(body::boxed(streamed));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Returns a server-sent event.
pub(super) fn event(data: impl std::fmt::Display) -> String {
    format!("data: {data}\n\n")
}
