//! The account as a program meets it: an HTTP client for the AWS SDK, behind which AWS is simulated.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::region::Region;
use bytes::Bytes;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::fault::{Effect, Fault};
use crate::sim;
use crate::sim::account::Account;
use crate::sim::guest::{Guest, PlainGuest};
use crate::sim::resource::Resource;
use crate::sim::timings::{Step, Timings};
use crate::wire::{self, Service, ServiceError};

/// A simulated AWS account. Cloning it gives another handle to the same account.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::Aws;
///
/// let aws = Aws::builder().seed(7).build();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// let vpcs = ec2.describe_vpcs().send().await?;
/// assert_eq!(vpcs.vpcs().len(), 1);
/// assert!(aws.leftovers().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Aws {
    shared: Arc<Shared>,
}

struct Shared {
    account: Mutex<Account>,
    faults: Mutex<Vec<Fault>>,
    calls: Mutex<Vec<CallRecord>>,
    clock: Clock,
    guest: Arc<dyn Guest>,
    region: String,
    on_change: Option<OnChange>,
}

type OnChange = Box<dyn Fn(&Snapshot) + Send + Sync>;

/// A call that the account has answered, or let fail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRecord {
    /// When, on the account's clock.
    pub at: Timestamp,
    /// Whose operation it is; none if the request named no service.
    pub service: Option<Service>,
    /// `RunInstances`
    pub operation: String,
    /// What the caller was told.
    pub outcome: Outcome,
}

/// What a caller was told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The call succeeded.
    Success,
    /// The call was refused with this AWS code.
    Refused(String),
    /// A fault ended the connection, or never answered.
    Silence,
}

/// A whole account and its time, to be kept and restored.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Snapshot {
    version: u32,
    now: Timestamp,
    account: Account,
}

/// Why a snapshot cannot be restored.
#[derive(Debug, thiserror::Error)]
#[error(
    "the snapshot has format version {found}, and this version of the simulator reads {SNAPSHOT_VERSION}"
)]
#[non_exhaustive]
pub struct UnknownSnapshotVersion {
    /// The version that it has.
    pub found: u32,
}

const SNAPSHOT_VERSION: u32 = 1;

/// What an [`Aws`] is built from.
pub struct AwsBuilder {
    seed: u64,
    timings: Timings,
    speed: f64,
    region: String,
    guest: Arc<dyn Guest>,
    faults: Vec<Fault>,
    snapshot: Option<Snapshot>,
    on_change: Option<OnChange>,
}

impl Default for AwsBuilder {
    fn default() -> Self {
        Self {
            seed: 0,
            timings: Timings::default(),
            speed: 1.0,
            region: "us-east-1".to_owned(),
            guest: Arc::new(PlainGuest),
            faults: Vec::new(),
            snapshot: None,
            on_change: None,
        }
    }
}

impl AwsBuilder {
    /// What the random part of times and ids follows from; 0 if not given.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How slow AWS is; [`Timings::Typical`] if not given.
    #[must_use]
    pub fn timings(mut self, timings: Timings) -> Self {
        self.timings = timings;
        self
    }

    /// How many times as fast as tokio's clock the account's time runs; 1 if not given.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// The region of [`Aws::sdk_config`]; `us-east-1` if not given. The account itself has every region.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// What runs inside the instances.
    #[must_use]
    pub fn guest(mut self, guest: impl Guest + 'static) -> Self {
        self.guest = Arc::new(guest);
        self
    }

    /// Adds a fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Goes on with an account where its snapshot left it. Seed and timings are the snapshot's then.
    ///
    /// # Errors
    /// The snapshot is of a format that this version does not know.
    pub fn restore(mut self, snapshot: Snapshot) -> Result<Self, UnknownSnapshotVersion> {
        if snapshot.version != SNAPSHOT_VERSION {
            return Err(UnknownSnapshotVersion {
                found: snapshot.version,
            });
        }
        self.snapshot = Some(snapshot);
        Ok(self)
    }

    /// Calls back after every call that may have changed something, before the caller hears of it.
    #[must_use]
    pub fn on_change(mut self, callback: impl Fn(&Snapshot) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Box::new(callback));
        self
    }

    /// The account.
    ///
    /// # Panics
    /// Outside a tokio runtime, whose clock it follows.
    #[must_use]
    pub fn build(self) -> Aws {
        let (mut account, now) = match self.snapshot {
            Some(snapshot) => (snapshot.account, snapshot.now),
            None => (Account::new(self.seed, self.timings), EPOCH),
        };
        account.region(&self.region);
        Aws {
            shared: Arc::new(Shared {
                account: Mutex::new(account),
                faults: Mutex::new(self.faults),
                calls: Mutex::new(Vec::new()),
                clock: Clock::starting_at(now).speed(self.speed),
                guest: self.guest,
                region: self.region,
                on_change: self.on_change,
            }),
        }
    }
}

/// Where simulated time begins, so that two runs are the same to the letter: 2026-11-01.
const EPOCH: Timestamp = Timestamp::constant(1_793_491_200, 0);

impl Aws {
    /// An account with the defaults of [`Aws::builder`].
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Chooses how the account behaves.
    #[must_use]
    pub fn builder() -> AwsBuilder {
        AwsBuilder::default()
    }

    /// An SDK configuration whose clients talk to this account, in its time.
    #[must_use]
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::from_keys("AKIASIMULATED", "simulated", None);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.shared.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.http_client())
            .sleep_impl(self.clock().clone())
            .time_source(self.clock().clone())
            .build()
    }

    /// The account as the SDK's HTTP client.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// The account's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Adds a fault from now on.
    pub fn inject(&self, fault: Fault) {
        lock(&self.shared.faults).push(fault);
    }

    /// The faults that have struck nothing and were not optional. A test that expects a fault should expect this to be empty.
    #[must_use]
    pub fn unfired(&self) -> Vec<String> {
        lock(&self.shared.faults)
            .iter()
            .filter(|fault| fault.is_missing())
            .map(ToString::to_string)
            .collect()
    }

    /// Every call so far, in the order in which they arrived.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        lock(&self.shared.calls).clone()
    }

    /// What exists now and was not there at the start, or at the last [`Aws::settle_baseline`]: what a test has to
    /// find empty before it looks at anything else.
    #[must_use]
    pub fn leftovers(&self) -> Vec<Resource> {
        lock(&self.shared.account).leftovers(self.clock().now())
    }

    /// Everything that exists now.
    #[must_use]
    pub fn inventory(&self) -> Vec<Resource> {
        lock(&self.shared.account)
            .inventory(self.clock().now())
            .into_iter()
            .collect()
    }

    /// Takes what exists now as given: it is no leftover from here on.
    pub fn settle_baseline(&self) {
        let mut account = lock(&self.shared.account);
        account.baseline = account.inventory(self.clock().now());
    }

    /// The whole account, to go on with later.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_of(&lock(&self.shared.account))
    }

    fn snapshot_of(&self, account: &Account) -> Snapshot {
        Snapshot {
            version: SNAPSHOT_VERSION,
            now: self.clock().now(),
            account: account.clone(),
        }
    }

    /// Answers a request as AWS would; an error is a connection that ended without an answer.
    pub(crate) async fn serve(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, ConnectionLost> {
        let (service, operation, call) = match wire::read(&request) {
            Ok(call) => (call.service, call.operation.clone(), Ok(call)),
            // A request that names no service is answered in the most common of the error shapes.
            Err((service, error)) => (
                service.unwrap_or(Service::Sts),
                "unknown".to_owned(),
                Err(error),
            ),
        };
        let struck = lock(&self.shared.faults)
            .iter_mut()
            .find_map(|fault| fault.strike(&operation));
        let record = |outcome| {
            lock(&self.shared.calls).push(CallRecord {
                at: self.clock().now(),
                service: Some(service),
                operation: operation.clone(),
                outcome,
            });
        };
        let mut lose_reply = false;
        let mut refusal = None;
        match struck {
            Some((Effect::Answer { code, message }, status)) => {
                refusal = Some(ServiceError::new(code, message).status(status));
            }
            Some((Effect::Reset, _)) => {
                record(Outcome::Silence);
                return Err(ConnectionLost);
            }
            Some((Effect::Stall, _)) => {
                record(Outcome::Silence);
                return std::future::pending().await;
            }
            Some((Effect::Delay(by), _)) => self.clock().sleep(by).await,
            Some((Effect::LoseReply, _)) => lose_reply = true,
            None => {}
        }
        let latency = lock(&self.shared.account)
            .dice
            .duration(latency_of(&operation));
        self.clock().sleep(latency).await;
        let (request_id, answer) = {
            let mut account = lock(&self.shared.account);
            let request_id = request_id(&mut account);
            let answer = match (call, refusal) {
                (_, Some(refusal)) => Err(refusal),
                (Err(error), None) => Err(error),
                (Ok(mut call), None) => {
                    let now = self.clock().now();
                    sim::answer(&mut account, &self.shared.guest, now, &mut call)
                }
            };
            if let (Some(on_change), false) = (&self.shared.on_change, is_read(&operation)) {
                on_change(&self.snapshot_of(&account));
            }
            (request_id, answer)
        };
        if lose_reply {
            record(Outcome::Silence);
            return Err(ConnectionLost);
        }
        record(match &answer {
            Ok(_) => Outcome::Success,
            Err(error) => Outcome::Refused(error.code.clone()),
        });
        Ok(wire::write(service, &operation, &request_id, answer))
    }
}

impl Default for Aws {
    fn default() -> Self {
        Self::new()
    }
}

/// The connection ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection reset by the simulated network")]
pub(crate) struct ConnectionLost;

fn latency_of(operation: &str) -> Step {
    if operation == "RunInstances" {
        Step::RunInstances
    } else {
        Step::Call
    }
}

fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

fn request_id(account: &mut Account) -> String {
    let mut part = |n| account.dice.hex(n);
    format!(
        "{}-{}-4{}-8{}-{}",
        part(8),
        part(4),
        part(3),
        part(3),
        part(12)
    )
}

/// A poisoned lock holds data that no panic left half written: every change is made by one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws")
            .field("region", &self.shared.region)
            .field("now", &self.clock().now())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AwsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsBuilder")
            .field("seed", &self.seed)
            .field("timings", &self.timings)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl HttpClient for Aws {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = self.clone();
        HttpConnectorFuture::new(async move {
            let request = buffered(request)?;
            let response = aws
                .serve(request)
                .await
                .map_err(|lost| ConnectorError::io(lost.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The request with its body in memory, as the SDK holds every body of the services simulated here.
fn buffered(request: HttpRequest) -> Result<http::Request<Bytes>, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body
        .bytes()
        .map(Bytes::copy_from_slice)
        .ok_or_else(|| ConnectorError::user("the simulator takes no streaming bodies".into()))?;
    Ok(http::Request::from_parts(parts, body))
}
