//! The account as a program meets it: an HTTP client for the AWS SDK, behind which AWS is simulated.

mod answer;
mod builder;
mod call_record;
mod caller;
mod connector;
mod snapshot;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::sync::Notify;

pub use self::answer::ConnectionLost;
pub use self::builder::AwsBuilder;
use self::call_record::CallLog;
pub use self::call_record::{CallRecord, Outcome};
pub use self::caller::InjectedPanic;
pub use self::snapshot::{Snapshot, UnknownSnapshotVersion};
use crate::clock::Clock;
use crate::coverage::{Coverage, SeenStates};
use crate::fault::{Fault, Schedule};
use crate::sim::account::Account;
use crate::sim::guest::Guest;
use crate::sim::quota::Quota;
use crate::sim::resource::{Resource, ResourceState};

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
    seen: Mutex<SeenStates>,
    /// Locked after the account where both are.
    faults: Mutex<Schedule>,
    calls: Mutex<CallLog>,
    drop_caller: Notify,
    clock: Clock,
    guest: Arc<dyn Guest>,
    region: String,
    /// Locked before the account where both are.
    on_change: Option<Mutex<OnChange>>,
    on_call: Option<OnCall>,
}

type OnChange = Box<dyn Fn(&Snapshot) + Send + Sync>;
type OnCall = Box<dyn Fn(&CallRecord) + Send + Sync>;

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

    /// Adds a fault from now on: it counts the calls that are made after this.
    ///
    /// # Panics
    /// Parts of the fault contradict each other, such as a status without an answer.
    #[track_caller]
    pub fn inject(&self, fault: Fault) {
        lock(&self.shared.faults).add(fault);
    }

    /// Ends all faults, and gives those that have struck nothing and were not optional.
    pub fn lift_faults(&self) -> Vec<String> {
        let unfired = lock(&self.shared.faults).clear();
        unfired.iter().map(ToString::to_string).collect()
    }

    /// The faults that have struck nothing so far and were not optional, each in a sentence.
    ///
    /// Whoever asks has to look: without the question, the last handle to the account panics when it is dropped (the
    /// clients' handles among them) if such a fault is left.
    #[must_use]
    pub fn unfired(&self) -> Vec<String> {
        let unfired = lock(&self.shared.faults).unfired();
        unfired.iter().map(ToString::to_string).collect()
    }

    /// Every call so far, in the order in which they arrived.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        lock(&self.shared.calls).records().to_vec()
    }

    /// What the calls so far have exercised of what the simulator offers.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        Coverage::of(&self.calls(), &lock(&self.shared.seen))
    }

    /// What exists now and was not there at the start, or at the last [`Aws::reset_baseline`]: what a test has to
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

    /// Changes a quota from now on, as AWS does on request. What exists already stays.
    pub fn set_quota(&self, quota: Quota, value: u32) {
        lock(&self.shared.account).quotas.set(quota, value);
    }

    /// Lets a zone run out of an instance type from now on; what runs goes on.
    ///
    /// # Panics
    /// There is no such instance type or zone, so that nothing would be refused.
    pub fn exhaust_capacity(&self, instance_type: impl Into<String>, zone: impl Into<String>) {
        lock(&self.shared.account)
            .capacity
            .exhaust(instance_type.into(), zone.into());
    }

    /// Lets a zone have an instance type again.
    pub fn restore_capacity(&self, instance_type: &str, zone: &str) {
        lock(&self.shared.account)
            .capacity
            .restore(instance_type, zone);
    }

    /// The state of everything that has one, in the words of its service: `EC2::Instance i-0123… shutting-down`.
    #[must_use]
    pub fn states(&self) -> Vec<ResourceState> {
        lock(&self.shared.account).states(self.clock().now())
    }

    /// Takes what exists now as given: it is no leftover from here on.
    pub fn reset_baseline(&self) {
        let mut account = lock(&self.shared.account);
        account.baseline = account.inventory(self.clock().now());
    }

    /// The whole account, to go on with later.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&lock(&self.shared.account), self.clock().now())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // A test that fails already has something better to say.
        if std::thread::panicking() {
            return;
        }
        let faults = self
            .faults
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let unfired: Vec<_> = faults
            .unreported()
            .into_iter()
            .map(|fault| format!("\n  {fault}"))
            .collect();
        assert!(
            unfired.is_empty(),
            "faults that found nothing to strike, and were not optional:{}",
            unfired.concat()
        );
    }
}

impl Default for Aws {
    fn default() -> Self {
        Self::new()
    }
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
