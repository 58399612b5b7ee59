//! Objects in the cache of an edge.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;

use super::freshness::Directives;
use crate::lock::lock;

/// An object, or an error, in the cache of an edge.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// True for an error without a response of the origin. The edge makes its page anew for each viewer.
    pub(super) is_made: bool,
    pub(super) question: Question,
    stored_at: Timestamp,
    /// The age that it had then.
    age: Duration,
    expires_at: Timestamp,
    directives: Directives,
    /// The time until which an expired object is served, because the origin has failed.
    bridged_until: Mutex<Option<Timestamp>>,
    /// The number of the cache's last use.
    used: AtomicU64,
}

/// The question that the origin has answered.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// The object's path with the part of the query that the cache key has.
    pub(super) object: String,
    pub(super) asked_at: Timestamp,
    /// The number of the distribution's invalidations before. Only later ones drop the object.
    pub(super) invalidations: usize,
}

/// The use that can be made of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Expired,
    Fresh,
    /// It has expired, and may be served while the edge asks the origin again.
    Revalidating,
}

impl Entry {
    /// Returns an entry for a response whose body comes later.
    pub(super) fn new(
        status: StatusCode,
        headers: HeaderMap,
        question: Question,
        now: Timestamp,
        time: Duration,
    ) -> Self {
        let age = headers.get(header::AGE);
        let age = age.and_then(|age| age.to_str().ok()?.parse().ok());
        Self {
            status,
            directives: Directives::of(&headers),
            headers,
            body: Bytes::new(),
            is_made: false,
            question,
            stored_at: now,
            age: Duration::from_secs(age.unwrap_or_default()),
            expires_at: later(now, time),
            bridged_until: Mutex::default(),
            used: AtomicU64::new(0),
        }
    }

    /// Returns an entry for an error without a response.
    pub(super) fn of_failure(
        status: StatusCode,
        question: Question,
        now: Timestamp,
        time: Duration,
    ) -> Self {
        Self {
            is_made: true,
            ..Self::new(status, HeaderMap::new(), question, now, time)
        }
    }

    /// Returns the entry with its body, whose length is known by now.
    pub(super) fn with_body(mut self, body: Bytes) -> Self {
        let length = HeaderValue::from(body.len());
        if !body.is_empty() || !self.headers.contains_key(header::CONTENT_LENGTH) {
            self.headers.insert(header::CONTENT_LENGTH, length);
        }
        self.body = body;
        self
    }

    /// Returns the entry after the origin has said that nothing has changed, with the headers of that answer.
    pub(super) fn refreshed(
        &self,
        answer: &HeaderMap,
        question: Question,
        now: Timestamp,
        time: Duration,
    ) -> Self {
        let mut headers = self.headers.clone();
        for (name, value) in answer {
            if name != header::CONTENT_LENGTH {
                headers.insert(name.clone(), value.clone());
            }
        }
        Self {
            body: self.body.clone(),
            ..Self::new(self.status, headers, question, now, time)
        }
    }

    pub(super) fn standing(&self, now: Timestamp) -> Standing {
        if now < self.expires_at || lock(&self.bridged_until).is_some_and(|until| now < until) {
            return Standing::Fresh;
        }
        match self.directives.stale_while_revalidate {
            Some(seconds) if now < later(self.expires_at, Duration::from_secs(seconds)) => {
                Standing::Revalidating
            }
            Some(_) | None => Standing::Expired,
        }
    }

    /// Returns true if the object may be served in place of an error of the origin.
    pub(super) fn stands_in(&self, now: Timestamp) -> bool {
        let is_object = self.status.as_u16() < 400;
        is_object
            && self
                .directives
                .stale_if_error
                .is_none_or(|seconds| now < later(self.expires_at, Duration::from_secs(seconds)))
    }

    /// Serves the expired object until then.
    pub(super) fn bridge(&self, until: Timestamp) {
        *lock(&self.bridged_until) = Some(until);
    }

    /// Returns the age, in seconds.
    pub(super) fn age(&self, now: Timestamp) -> u64 {
        let stored = now.duration_since(self.stored_at).as_secs();
        u64::try_from(stored)
            .unwrap_or_default()
            .saturating_add(self.age.as_secs())
    }

    /// Returns the headers by which the origin can say that nothing has changed.
    pub(super) fn validators(&self) -> Option<HeaderMap> {
        let mut validators = HeaderMap::new();
        for (own, asked) in [
            (header::ETAG, header::IF_NONE_MATCH),
            (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE),
        ] {
            if let Some(value) = self.headers.get(own) {
                validators.insert(asked, value.clone());
            }
        }
        (!validators.is_empty() && self.status == StatusCode::OK).then_some(validators)
    }

    /// Notes a use of the entry.
    pub(super) fn touch(&self, number: u64) {
        self.used.store(number, Ordering::Relaxed);
    }

    pub(super) fn last_use(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Returns the memory that the entry needs, nearly.
    pub(super) fn size(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
        self.body.len() + self.question.object.len() + headers.sum::<usize>()
    }
}

/// Returns a time that is so much later. The end of time is late enough.
pub(super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}
