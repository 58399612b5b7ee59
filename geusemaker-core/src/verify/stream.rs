//! The check that an answer arrives piece by piece.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};

use super::answer::remedy;
use super::finding::{Finding, Seen};
use super::place::Place;
use super::viewer::{Asked, Viewer};
use crate::spec::StreamBody;

/// The time for which the pieces are watched. A stream need not end.
const WATCHED: Duration = Duration::from_secs(15);

/// The time between the first piece and the last from which on they did not come at once.
const APART: Duration = Duration::from_millis(100);

/// Returns the request for a streamed answer.
pub(super) fn asking(asked: Asked, body: Option<&StreamBody>) -> Asked {
    let mut asked = asked;
    asked.headers.push((
        ACCEPT,
        HeaderValue::from_static("text/event-stream, application/x-ndjson, */*"),
    ));
    if let Some(body) = body {
        asked.method = Method::POST;
        let json = HeaderValue::from_static("application/json");
        asked.headers.push((CONTENT_TYPE, json));
        asked.body = Some(body.to_string());
    }
    asked
}

/// Checks that the first piece of an answer arrives clearly before the last.
pub(super) async fn check(
    viewer: &Viewer,
    place: &Place,
    asked: &Asked,
    closed_to: Option<&str>,
) -> Finding {
    let mut answer = match viewer.ask(place, asked).await {
        Ok(answer) => answer,
        Err(trouble) => return Finding::of_trouble(&trouble, closed_to),
    };
    let seen = Seen::of(&answer);
    if !(200..300).contains(&answer.status) {
        let problem = format!("answered {}", answer.status);
        return seen.failed(problem, remedy(answer.status));
    }
    let clock = viewer.clock();
    let begun = clock.now();
    let mut pieces = 0_usize;
    let (mut first, mut last) = (None, Duration::ZERO);
    let reading = async {
        while let Some(frame) = answer.body.frame().await {
            let is_empty = frame?.data_ref().is_none_or(|data| data.is_empty());
            if !is_empty {
                last = clock.since(begun);
                first.get_or_insert(last);
                pieces += 1;
            }
        }
        Ok::<_, hyper::Error>(())
    };
    let ended = viewer.within(WATCHED, reading).await;
    if let Some(Err(error)) = ended {
        let problem = format!(
            "the answer breaks off after {}: {error}",
            words(pieces, last)
        );
        return seen.failed(
            problem,
            "look at the logs of the service: it may end while it answers",
        );
    }
    let Some(first) = first else {
        let problem = match ended {
            Some(_) => "the answer is empty".to_owned(),
            None => format!("no piece in {}s", WATCHED.as_secs()),
        };
        return seen.failed(problem, remedy_of_buffer());
    };
    let apart = last.saturating_sub(first);
    if pieces > 1 && apart >= APART {
        return seen.passed(Some(words(pieces, apart)));
    }
    let problem = match pieces {
        1 => "the answer arrives in one piece".to_owned(),
        pieces => format!("all {pieces} pieces arrive at once"),
    };
    seen.failed(problem, remedy_of_buffer())
}

fn words(pieces: usize, time: Duration) -> String {
    let pieces = crate::words::count(pieces, "piece");
    format!("{pieces} in {:.1}s", time.as_secs_f64())
}

fn remedy_of_buffer() -> &'static str {
    "look whether the service streams on verify.stream, and leave caching and compression of that path out of the CDN"
}
