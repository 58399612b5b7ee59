//! Objects that are cached: found, fetched, or asked for again.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Response, StatusCode, header};
use http_body_util::BodyExt as _;

use super::answer::{Answer, Outcome};
use super::asked::Asked;
use super::cache::{Flight, LARGEST_OBJECT, Part};
use super::cache_key::{self, CacheKey};
use super::compression;
use super::entry::{Entry, Question, Standing, later};
use super::exchange::{Exchange, Subject, of_origin, without_conditions};
use super::filling::Filling;
use super::freshness::{Directives, error_time_to_live, time_to_live};
use super::hit;
use crate::traffic::body;

/// The statuses of responses that are cached for the time that the settings say.
const CACHED: [u16; 9] = [200, 203, 204, 300, 301, 302, 303, 307, 308];

/// An object that is to be fetched.
struct Wanted {
    key: CacheKey,
    /// The object that is in the cache, but cannot be served without asking.
    known: Option<Arc<Entry>>,
    flight: Option<Flight>,
}

impl Exchange {
    /// Returns an object from the cache, or from the origin.
    pub(super) async fn object(self: &Arc<Self>, subject: Subject<'_>) -> Answer {
        let key = self.key(subject, &subject.asked.method);
        // Errors are cached even where nothing else is.
        let mut may_wait = subject.behavior.collapses();
        loop {
            let known = self.known(subject, &key);
            let now = self.now();
            if let Some(entry) = &known {
                match entry.standing(now) {
                    Standing::Fresh => return self.hit(entry, subject.asked, Outcome::Hit),
                    Standing::Revalidating => {
                        self.revalidate(subject.asked, &key, entry);
                        return self.hit(entry, subject.asked, Outcome::Hit);
                    }
                    Standing::Expired => {}
                }
            }
            let flight = match may_wait.then(|| self.cache().join(&key)) {
                Some(Part::Waits(mut done)) => {
                    // The channel carries nothing: it ends.
                    let _ = done.changed().await;
                    may_wait = false;
                    continue;
                }
                Some(Part::Fetches(flight)) => Some(flight),
                None => None,
            };
            return self.fetch(subject, Wanted { key, known, flight }).await;
        }
    }

    fn key(&self, subject: Subject<'_>, method: &Method) -> CacheKey {
        let Subject {
            asked, behavior, ..
        } = subject;
        CacheKey::of(&self.distribution, method, asked, &self.viewer, behavior)
    }

    /// Returns the question that is put to the origin now.
    fn question(&self, subject: Subject<'_>) -> Question {
        Question {
            object: cache_key::object(subject.asked, subject.behavior),
            asked_at: self.now(),
            invalidations: self.invalidations.len(),
        }
    }

    /// Returns the object in the cache. The head of a GET request's object answers a HEAD request.
    fn known(&self, subject: Subject<'_>, key: &CacheKey) -> Option<Arc<Entry>> {
        let whole = (subject.asked.method == Method::HEAD)
            .then(|| self.key(subject, &Method::GET))
            .and_then(|key| self.cache().find(&key, &self.invalidations));
        whole.or_else(|| self.cache().find(key, &self.invalidations))
    }

    fn hit(&self, entry: &Entry, asked: &Asked, outcome: Outcome) -> Answer {
        match entry.is_made {
            true => self.failure(entry.status),
            false => hit::answer(entry, asked, self.now(), outcome),
        }
    }

    /// Asks the origin again while a viewer gets what is there.
    fn revalidate(self: &Arc<Self>, asked: &Asked, key: &CacheKey, entry: &Arc<Entry>) {
        let Part::Fetches(flight) = self.cache().join(key) else {
            return;
        };
        let wanted = Wanted {
            key: key.clone(),
            known: Some(Arc::clone(entry)),
            flight: Some(flight),
        };
        let (this, asked) = (Arc::clone(self), asked.clone());
        tokio::spawn(async move {
            if let Some(subject) = this.subject(&asked) {
                let answer = this.fetch(subject, wanted).await;
                // Only a body that is read to its end is stored. One that breaks off leaves the old object.
                let _ = answer.body.collect().await;
            }
        });
    }

    async fn fetch(self: &Arc<Self>, subject: Subject<'_>, wanted: Wanted) -> Answer {
        let question = self.question(subject);
        let validators = wanted.known.as_ref().and_then(|known| known.validators());
        let response = match &validators {
            Some(validators) => {
                let mut headers = without_conditions(&subject.asked.headers);
                headers.extend(validators.clone());
                let asked = Asked {
                    headers,
                    ..subject.asked.clone()
                };
                let subject = Subject {
                    asked: &asked,
                    ..subject
                };
                self.send(subject, body::empty()).await
            }
            None => self.send(subject, body::empty()).await,
        };
        let status = match &response {
            Ok(response) => response.status(),
            Err(status) => *status,
        };
        if let Some(known) = &wanted.known {
            if status.is_server_error() && known.stands_in(self.now()) {
                known.bridge(later(self.now(), self.config.error_time(status)));
                return self.hit(known, subject.asked, Outcome::Hit);
            }
            if let Ok(response) = &response
                && status == StatusCode::NOT_MODIFIED
                && validators.is_some()
            {
                let fresh = self.refresh(subject, &wanted.key, known, response.headers(), question);
                return self.hit(&fresh, subject.asked, Outcome::RefreshHit);
            }
        }
        match response {
            Ok(response) => self.receive(subject, wanted, response, question),
            Err(status) => {
                self.keep_failure(question, wanted.key, status);
                self.failure(status)
            }
        }
    }

    /// Stores an object anew, after the origin has said that it has not changed.
    fn refresh(
        &self,
        subject: Subject<'_>,
        key: &CacheKey,
        known: &Entry,
        headers: &HeaderMap,
        question: Question,
    ) -> Arc<Entry> {
        let now = self.now();
        let asked_at = question.asked_at;
        let fresh = |time| known.refreshed(headers, question.clone(), now, time);
        let merged = fresh(Duration::ZERO).headers;
        let limits = subject.behavior.limits;
        match time_to_live(limits, &Directives::of(&merged), &merged, now) {
            Some(time) => self.cache().store(key.clone(), fresh(time)),
            None => {
                self.cache().remove(key, asked_at);
                Arc::new(fresh(Duration::ZERO))
            }
        }
    }

    /// Returns the answer with a response of the origin, which fills the cache on its way.
    fn receive(
        &self,
        subject: Subject<'_>,
        wanted: Wanted,
        response: Response<body::Body>,
        question: Question,
    ) -> Answer {
        let Subject {
            asked, behavior, ..
        } = subject;
        let Wanted { key, flight, .. } = wanted;
        let now = self.now();
        let mut answer = of_origin(response);
        let directives = Directives::of(&answer.headers);
        let time = match answer.status.as_u16() {
            400.. => {
                let least = self.config.error_time(answer.status);
                error_time_to_live(answer.status, least, &directives)
            }
            status if CACHED.contains(&status) => {
                time_to_live(behavior.limits, &directives, &answer.headers, now)
            }
            _ => None,
        };
        let Some(time) = time else {
            if answer.status != StatusCode::PARTIAL_CONTENT {
                self.cache().remove(&key, question.asked_at);
            }
            return answer;
        };
        // A body of a known length ends, so that others can wait for it.
        let mut length = length(&answer.headers);
        let is_finite = length.is_some();
        let accepted = asked.encodings(behavior, self.viewer.version);
        let encoding = compression::choose(behavior, accepted, answer.status, &answer.headers);
        if let Some(encoding) = encoding.filter(|_| asked.method == Method::GET) {
            encoding.describe(&mut answer.headers);
            answer.body = encoding.wrap(answer.body);
            length = None;
        }
        if length.is_some_and(|length| length > LARGEST_OBJECT) {
            self.cache().remove(&key, question.asked_at);
            return answer;
        }
        let mut headers = answer.headers.clone();
        if directives.forbids_cookies {
            headers.remove(header::SET_COOKIE);
        }
        let entry = Entry::new(answer.status, headers, question, now, time);
        if asked.method == Method::HEAD {
            self.cache().store(key, entry);
            return answer;
        }
        let plane = Arc::clone(&self.edge.plane);
        let store = move |bytes| {
            plane.edges.cache.store(key, entry.with_body(bytes));
        };
        let flight = flight.filter(|_| is_finite);
        answer.body = body::boxed(Filling::new(answer.body, length, flight, store));
        answer
    }

    /// Stores that the origin has not answered.
    fn keep_failure(&self, question: Question, key: CacheKey, status: StatusCode) {
        let now = self.now();
        let time = self.config.error_time(status);
        if !time.is_zero() {
            let entry = Entry::of_failure(status, question, now, time);
            self.cache().store(key, entry);
        }
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
