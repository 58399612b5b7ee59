//! Recording: real traffic in, a redacted cassette out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;

use super::exchange;
use super::file::{Cassette, name};
use super::har::Entry;
use super::redact::Redactor;
use crate::lock::lock;

/// An HTTP client that passes every request on to another one and keeps the traffic.
///
/// Each answer is kept, including those of retries. A request without an answer is not kept, because there is nothing
/// to replay. Bodies are read whole before they are passed on, so a streaming operation arrives in one piece.
///
/// Clones share the same recording.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::Aws;
/// use geusemaker_testkit::cassette::{Player, Recorder};
///
/// // The configuration of a real account and its HTTP client, from `aws_config`; here, those of a simulated one.
/// let aws = Aws::new();
/// let (config, inner) = (aws.sdk_config(), aws.http_client());
///
/// let recorder = Recorder::new(inner);
/// let recording = config.to_builder().http_client(recorder.http_client()).build();
/// let vpcs = aws_sdk_ec2::Client::new(&recording).describe_vpcs().send().await?;
/// let cassette = recorder.cassette(); // `cassette.save(path)?` writes it to a file.
///
/// let player = Player::new(&cassette);
/// let playing = config.to_builder().http_client(player.http_client()).build();
/// let played = aws_sdk_ec2::Client::new(&playing).describe_vpcs().send().await?;
/// assert_eq!(played.vpcs(), vpcs.vpcs());
/// player.verify()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Recorder {
    inner: SharedHttpClient,
    tape: Arc<Tape>,
}

#[derive(Debug)]
struct Tape {
    redactor: Redactor,
    calls: AtomicUsize,
    /// Keyed by the order in which the calls were made, which may differ from the order of the answers.
    entries: Mutex<BTreeMap<usize, Entry>>,
}

#[derive(Debug)]
struct RecordingConnector {
    inner: SharedHttpConnector,
    tape: Arc<Tape>,
}

impl Recorder {
    /// Creates a recorder of the traffic through `inner`, with the default redaction.
    pub fn new(inner: impl Into<SharedHttpClient>) -> Self {
        Self::with_redactor(inner, Redactor::new())
    }

    /// Creates a recorder of the traffic through `inner`, with the given redaction. The player needs the same one.
    pub fn with_redactor(inner: impl Into<SharedHttpClient>, redactor: Redactor) -> Self {
        Self {
            inner: inner.into(),
            tape: Arc::new(Tape {
                redactor,
                calls: AtomicUsize::new(0),
                entries: Mutex::new(BTreeMap::new()),
            }),
        }
    }

    /// Returns the client to configure the SDK with.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Returns the recording so far.
    pub fn cassette(&self) -> Cassette {
        let entries = lock(&self.tape.entries);
        Cassette::from_entries(entries.values().cloned().collect(), &self.tape.redactor)
    }
}

impl HttpClient for Recorder {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(RecordingConnector {
            inner: self.inner.http_connector(settings, components),
            tape: Arc::clone(&self.tape),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.inner, components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.inner, components, config)
    }
}

impl HttpConnector for RecordingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inner = self.inner.clone();
        let tape = Arc::clone(&self.tape);
        let number = tape.calls.fetch_add(1, Ordering::Relaxed);
        HttpConnectorFuture::new(record(inner, tape, number, request))
    }
}

async fn record(
    inner: SharedHttpConnector,
    tape: Arc<Tape>,
    number: usize,
    mut request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let recorded_request = exchange::request(&mut request)
        .await
        .map_err(ConnectorError::user)?;
    let mut response = inner.call(request).await?;
    let recorded_response = exchange::response(&mut response)
        .await
        .map_err(ConnectorError::io)?;
    let mut entry = Entry::new(recorded_request, recorded_response);
    // The signature is the most reliable source of the service's name, and redaction drops it.
    name(&mut entry);
    // Redacted at once, so that secrets stay in memory no longer than the call takes.
    tape.redactor.entry(&mut entry);
    lock(&tape.entries).insert(number, entry);
    Ok(response)
}
