//! The cache of an edge.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::watch;

use super::cache_key::CacheKey;
use super::entry::Entry;
use super::invalidation::Invalidation;
use crate::lock::lock;

/// The size of the largest object that is cached. AWS caches objects of up to 50 GB.
pub(super) const LARGEST_OBJECT: u64 = 16 * 1024 * 1024;

/// The size of all objects together, beyond which those go that were not used for longest.
const CAPACITY: usize = 256 * 1024 * 1024;

/// The objects of all distributions, and the requests that fetch them.
#[derive(Debug, Default)]
pub(super) struct Cache {
    objects: Mutex<Objects>,
    flights: Arc<Mutex<Flights>>,
}

type Flights = HashMap<CacheKey, watch::Receiver<()>>;

#[derive(Debug, Default)]
struct Objects {
    by_key: HashMap<CacheKey, Arc<Entry>>,
    size: usize,
    uses: u64,
}

/// The part of a request in fetching an object.
#[derive(Debug)]
pub(super) enum Part {
    Fetches(Flight),
    /// Another request fetches it. The channel closes when that is done.
    Waits(watch::Receiver<()>),
}

/// A request for an object that others wait for, until this is dropped.
#[derive(Debug)]
pub(super) struct Flight {
    key: CacheKey,
    flights: Arc<Mutex<Flights>>,
    _done: watch::Sender<()>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        lock(&self.flights).remove(&self.key);
    }
}

impl Cache {
    /// Returns the object of a key, unless an invalidation has dropped it.
    pub(super) fn find(
        &self,
        key: &CacheKey,
        invalidations: &[Invalidation],
    ) -> Option<Arc<Entry>> {
        let mut objects = lock(&self.objects);
        let entry = Arc::clone(objects.by_key.get(key)?);
        let question = &entry.question;
        let mut later = invalidations.iter().skip(question.invalidations);
        if later.any(|one| one.drops(&question.object)) {
            objects.remove(key);
            return None;
        }
        objects.uses += 1;
        entry.touch(objects.uses);
        Some(entry)
    }

    /// Stores an object, unless the one that is there was asked for later.
    pub(super) fn store(&self, key: CacheKey, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        let mut objects = lock(&self.objects);
        let newer = objects.by_key.get(&key);
        if newer.is_some_and(|newer| newer.question.asked_at > entry.question.asked_at) {
            return entry;
        }
        objects.remove(&key);
        objects.uses += 1;
        entry.touch(objects.uses);
        objects.size += key.size() + entry.size();
        objects.by_key.insert(key, Arc::clone(&entry));
        if objects.size > CAPACITY {
            objects.evict();
        }
        entry
    }

    /// Removes an object that may not be served any more.
    pub(super) fn remove(&self, key: &CacheKey, asked_at: Timestamp) {
        let mut objects = lock(&self.objects);
        let known = objects.by_key.get(key);
        if known.is_some_and(|known| known.question.asked_at <= asked_at) {
            objects.remove(key);
        }
    }

    /// Joins the requests for an object.
    pub(super) fn join(&self, key: &CacheKey) -> Part {
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(key) {
            return Part::Waits(flight.clone());
        }
        let (done, waiting) = watch::channel(());
        flights.insert(key.clone(), waiting);
        Part::Fetches(Flight {
            key: key.clone(),
            flights: Arc::clone(&self.flights),
            _done: done,
        })
    }
}

impl Objects {
    fn remove(&mut self, key: &CacheKey) {
        if let Some(old) = self.by_key.remove(key) {
            self.size -= key.size() + old.size();
        }
    }

    /// Removes those that were not used for longest, until an eighth is free.
    fn evict(&mut self) {
        let mut uses: Vec<(u64, CacheKey)> = self
            .by_key
            .iter()
            .map(|(key, entry)| (entry.last_use(), key.clone()))
            .collect();
        uses.sort_by_key(|(last_use, _)| *last_use);
        for (_, key) in uses {
            if self.size <= CAPACITY / 8 * 7 {
                return;
            }
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::{HeaderMap, Method, StatusCode, Version};
    use jiff::Timestamp;

    use super::{CAPACITY, Cache};
    use crate::traffic::cloudfront::asked::{Asked, Viewer};
    use crate::traffic::cloudfront::behavior::Behavior;
    use crate::traffic::cloudfront::cache_key::CacheKey;
    use crate::traffic::cloudfront::entry::{Entry, Question};
    use crate::traffic::source::Source;
    use crate::wire::xml::Element;

    fn key(path: &str) -> CacheKey {
        let asked = Asked {
            method: Method::GET,
            path: path.to_owned(),
            query: None,
            headers: HeaderMap::new(),
        };
        let viewer = Viewer {
            source: Source::default(),
            is_https: false,
            version: Version::HTTP_11,
            host: String::new(),
            request_id: String::new(),
        };
        let behavior = Behavior::read(&Element::new("DefaultCacheBehavior"));
        CacheKey::of("E1", &Method::GET, &asked, &viewer, &behavior)
    }

    fn entry(body: &Bytes) -> Entry {
        let (now, time) = (Timestamp::UNIX_EPOCH, Duration::from_secs(60));
        let headers = HeaderMap::new();
        let question = Question {
            object: "/".to_owned(),
            asked_at: now,
            invalidations: 0,
        };
        Entry::new(StatusCode::OK, headers, question, now, time).with_body(body.clone())
    }

    #[test]
    fn least_used_objects_go_first() {
        let cache = Cache::default();
        // All entries share the memory of one body.
        let body = Bytes::from(vec![0; CAPACITY / 8]);
        for path in ["a", "b", "c", "d", "e", "f", "g"] {
            cache.store(key(path), entry(&body));
        }
        assert!(cache.find(&key("a"), &[]).is_some());
        cache.store(key("h"), entry(&body));
        assert!(cache.find(&key("a"), &[]).is_some());
        assert!(cache.find(&key("b"), &[]).is_none());
        assert!(cache.find(&key("h"), &[]).is_some());
    }
}
