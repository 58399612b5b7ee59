//! Playback: a cassette in the place of AWS.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::error::PlayError;
use super::exchange;
use super::file::{Cassette, call};
use super::har;
use super::mismatch::Mismatch;
use super::redact::Redactor;
use super::request::Call;
use super::service::service;
use crate::lock::lock;

/// Answers requests from a cassette, by their content and not by their order.
///
/// If the same call was recorded several times, its answers come in the order of the recording. When they have all been
/// given, a read gets the last of them again, and a call that changes something is a [`Mismatch`]: it fails at once,
/// the SDK does not retry it, and [`verify`](Self::verify) reports it.
///
/// Text that a pattern of [`Redactor::with_pattern`] has removed from a request is put back into the answers from then
/// on, so that a program finds the id of its own run where the recording had another one.
///
/// Clones share their progress. [`Recorder`](super::Recorder) has an example.
#[derive(Clone, Debug)]
pub struct Player {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    redactor: Redactor,
    entries: Vec<(Call, har::Response)>,
    /// The entries that answer each call, in order.
    answers: BTreeMap<Call, Vec<usize>>,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    given: BTreeMap<Call, usize>,
    /// The first value that was seen for each replacement.
    replaced: BTreeMap<String, String>,
    mismatches: Vec<Mismatch>,
}

/// A recorded entry that no request asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unused {
    /// The entry's index in the cassette, from 0.
    pub entry: usize,
    /// The call that the entry answers.
    pub call: Call,
}

impl Player {
    /// Creates a player for a cassette that was recorded with the default redaction.
    pub fn new(cassette: &Cassette) -> Self {
        Self::with_redactor(cassette, Redactor::new())
    }

    /// Creates a player for a cassette that was recorded with `redactor`. Requests are compared after the same
    /// redaction.
    pub fn with_redactor(cassette: &Cassette, redactor: Redactor) -> Self {
        // Redacted once more, in case the rules are newer than the recording.
        let cassette = cassette.redacted(&redactor);
        let entries: Vec<_> = cassette
            .entries()
            .iter()
            .map(|entry| (call(entry), entry.response.clone()))
            .collect();
        let mut answers: BTreeMap<Call, Vec<usize>> = BTreeMap::new();
        for (index, (call, _)) in entries.iter().enumerate() {
            answers.entry(call.clone()).or_default().push(index);
        }
        Self {
            state: Arc::new(State {
                redactor,
                entries,
                answers,
                progress: Mutex::default(),
            }),
        }
    }

    /// Returns the client to configure the SDK with.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Returns the requests so far that had no answer.
    pub fn mismatches(&self) -> Vec<Mismatch> {
        self.progress().mismatches.clone()
    }

    /// Returns the entries that have not been requested so far.
    pub fn unused(&self) -> Vec<Unused> {
        let progress = self.progress();
        let mut unused: Vec<_> = self
            .state
            .answers
            .iter()
            .flat_map(|(call, entries)| {
                let given = progress.given.get(call).copied().unwrap_or(0);
                entries.iter().skip(given).map(|&entry| Unused {
                    entry,
                    call: call.clone(),
                })
            })
            .collect();
        unused.sort_by_key(|unused| unused.entry);
        unused
    }

    /// Checks that every request was answered and every recorded answer was requested.
    ///
    /// # Errors
    ///
    /// Returns an error with all differences if not.
    pub fn verify(&self) -> Result<(), PlayError> {
        let (mismatches, unused) = (self.mismatches(), self.unused());
        if mismatches.is_empty() && unused.is_empty() {
            Ok(())
        } else {
            Err(PlayError { mismatches, unused })
        }
    }

    pub(crate) fn answer(&self, mut request: har::Request) -> Result<har::Response, Mismatch> {
        let service = service(&request);
        let replaced = self.state.redactor.replaced(&request);
        self.state.redactor.request(&mut request);
        let asked = Call::read(&service, &request);
        let mut progress = self.progress();
        for (replacement, value) in replaced {
            progress.replaced.entry(replacement).or_insert(value);
        }
        match self.next_entry(&asked, &mut progress) {
            Ok(entry) => {
                let mut response = self.state.entries[entry].1.clone();
                for (replacement, value) in &progress.replaced {
                    response.content.text = response.content.text.replace(replacement, value);
                }
                Ok(response)
            }
            Err(mismatch) => {
                progress.mismatches.push(mismatch.clone());
                Err(mismatch)
            }
        }
    }

    fn next_entry(&self, asked: &Call, progress: &mut Progress) -> Result<usize, Mismatch> {
        let Some(entries) = self.state.answers.get(asked) else {
            let recorded = self.state.entries.iter().map(|(call, _)| call).enumerate();
            return Err(Mismatch::unknown(asked.clone(), recorded));
        };
        let given = progress.given.entry(asked.clone()).or_default();
        let next = match (entries.get(*given), entries.last()) {
            (Some(&next), _) => next,
            (None, Some(&last)) if asked.is_read() => last,
            (None, _) => return Err(Mismatch::exhausted(asked.clone(), entries.len())),
        };
        *given = entries.len().min(*given + 1);
        Ok(next)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.state.progress)
    }
}

impl HttpClient for Player {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Player {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let player = self.clone();
        HttpConnectorFuture::new(async move { player.replay(request).await })
    }
}

impl Player {
    /// Answers one request. The user has to fix every failure here, and no retry would help: hence the kind of error.
    async fn replay(&self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = exchange::request(&mut request)
            .await
            .map_err(ConnectorError::user)?;
        let recorded = self
            .answer(request)
            .map_err(|mismatch| ConnectorError::user(mismatch.into()))?;
        exchange::replayed(&recorded).map_err(ConnectorError::user)
    }
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entries[{}], {}", self.entry, self.call)
    }
}
