//! The account as a program sees it: an HTTP client for the AWS SDK, with a simulated AWS behind it.

mod answer;
mod builder;
mod caller;
mod connector;
mod reporter;
mod snapshot;
#[cfg(feature = "traffic")]
mod within;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::sync::Notify;

pub use self::answer::ConnectionLost;
pub use self::builder::AwsBuilder;
pub use self::caller::InjectedPanic;
use self::reporter::Reporter;
pub use self::snapshot::{Snapshot, UnknownSnapshotVersion};
#[cfg(feature = "traffic")]
pub(crate) use self::within::WeakAws;
use crate::call_record::{CallLog, CallRecord};
use crate::clock::Clock;
use crate::coverage::{Coverage, SeenStates};
use crate::fault::{BootFault, Fault, Schedule};
use crate::lock::lock;
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
    /// The handles of callers have it; those of the account's own tasks do not.
    #[expect(dead_code, reason = "it is there to be dropped")]
    reporter: Option<Arc<Reporter>>,
}

struct Shared {
    account: Mutex<Account>,
    seen: Mutex<SeenStates>,
    /// If both are locked, this is locked after the account.
    faults: Mutex<Schedule>,
    calls: Mutex<CallLog>,
    drop_caller: Notify,
    clock: Clock,
    guest: Arc<dyn Guest>,
    /// The number of calls so far that may have changed something.
    #[cfg(feature = "traffic")]
    generation: tokio::sync::watch::Sender<u64>,
    #[cfg(feature = "traffic")]
    traffic: Arc<crate::traffic::DataPlane>,
    /// True if a caller has asked for the guest's faults that have not fired.
    boot_faults_taken: AtomicBool,
    region: String,
    /// If both are locked, this is locked before the account.
    on_change: Option<Mutex<OnChange>>,
    on_call: Option<OnCall>,
}

type OnChange = Box<dyn Fn(&Snapshot) + Send + Sync>;
type OnCall = Box<dyn Fn(&CallRecord) + Send + Sync>;

impl Aws {
    /// Creates an account with the defaults of [`Aws::builder`].
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns a builder, which chooses how the account behaves.
    #[must_use]
    pub fn builder() -> AwsBuilder {
        AwsBuilder::default()
    }

    /// Returns an SDK configuration whose clients talk to this account, in its time.
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

    /// Returns the account as the SDK's HTTP client.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Returns the traffic of the account: the internet as its viewers see it. From the first call on, load balancers
    /// make their health checks.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    #[cfg(feature = "traffic")]
    #[must_use]
    pub fn traffic(&self) -> crate::traffic::Traffic {
        crate::traffic::Traffic::start(self.clone())
    }

    /// Returns the account's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Adds a fault from now on, which counts only the calls made after this.
    pub fn inject(&self, fault: impl Into<Fault>) {
        lock(&self.shared.faults).add(fault.into());
    }

    /// Ends all faults. Returns those that have not fired and are not optional.
    pub fn lift_faults(&self) -> Vec<Fault> {
        lock(&self.shared.faults).clear()
    }

    /// Returns the faults that have not fired so far and are not optional. The `Display` output of a fault is a
    /// sentence, such as `call 2 of RunInstances is throttled`.
    ///
    /// A test that calls this has to check the result itself. Without this call, the last handle to the account
    /// (handles in clients count too) panics on drop if such a fault is left.
    #[must_use]
    pub fn unfired(&self) -> Vec<Fault> {
        lock(&self.shared.faults).unfired()
    }

    /// Returns the faults of the guest that have not fired so far and are not optional, as [`Aws::unfired`] does for the
    /// faults at calls: a test that calls this has to check the result itself.
    #[must_use]
    pub fn unfired_boot_faults(&self) -> Vec<BootFault> {
        self.shared.boot_faults_taken.store(true, Ordering::Relaxed);
        self.shared.guest.unfired()
    }

    /// Returns the faults of traffic that have not fired so far and are not optional, as [`Aws::unfired`] does for the
    /// faults at calls: a test that calls this has to check the result itself.
    #[cfg(feature = "traffic")]
    #[must_use]
    pub fn unfired_traffic_faults(&self) -> Vec<crate::traffic::TrafficFault> {
        self.shared.traffic.programs.faults.unfired()
    }

    /// Returns every call so far, in order of arrival.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        lock(&self.shared.calls).records().to_vec()
    }

    /// Returns the part of the simulator that the calls so far have exercised.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        Coverage::of(&self.calls(), &lock(&self.shared.seen))
    }

    /// Returns the resources that exist now and did not exist at the start, or at the last [`Aws::reset_baseline`]. A
    /// test has to find this empty before it checks anything else.
    #[must_use]
    pub fn leftovers(&self) -> Vec<Resource> {
        lock(&self.shared.account).leftovers(self.clock().now())
    }

    /// Returns all existing resources.
    #[must_use]
    pub fn inventory(&self) -> Vec<Resource> {
        lock(&self.shared.account)
            .inventory(self.clock().now())
            .into_iter()
            .collect()
    }

    /// Returns the id of the hosted zone of that name, as [`AwsBuilder::hosted_zone`] has created it: `Z…`.
    #[must_use]
    pub fn hosted_zone_id(&self, name: &str) -> Option<String> {
        lock(&self.shared.account).hosted_zone_id(name)
    }

    /// Returns the ARN of the certificate that [`AwsBuilder::issued_certificate`] has created.
    #[must_use]
    pub fn certificate_arn(&self, name: &str, region: &str) -> Option<String> {
        lock(&self.shared.account).issued_certificate(name, region)
    }

    /// Changes a quota from now on, as AWS does on request. Existing resources stay.
    pub fn set_quota(&self, quota: Quota, value: u32) {
        lock(&self.shared.account).quotas.set(quota, value);
    }

    /// Removes a zone's capacity for an instance type from now on. Running instances keep running.
    ///
    /// # Panics
    /// Panics if there is no such instance type or zone, because nothing would be refused.
    pub fn exhaust_capacity(&self, instance_type: impl Into<String>, zone: impl Into<String>) {
        lock(&self.shared.account)
            .capacity
            .exhaust(instance_type.into(), zone.into());
    }

    /// Restores a zone's capacity for an instance type.
    pub fn restore_capacity(&self, instance_type: &str, zone: &str) {
        lock(&self.shared.account)
            .capacity
            .restore(instance_type, zone);
    }

    /// Returns the state of every resource that has one, in the terms of its service:
    /// `EC2::Instance i-0123… shutting-down`.
    #[must_use]
    pub fn states(&self) -> Vec<ResourceState> {
        lock(&self.shared.account).states(&*self.shared.guest, self.clock().now())
    }

    /// Takes the existing resources as given: they are no longer leftovers.
    pub fn reset_baseline(&self) {
        let mut account = lock(&self.shared.account);
        account.baseline = account.inventory(self.clock().now());
    }

    /// Returns a snapshot of the whole account, to restore later.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&lock(&self.shared.account), self.clock().now())
    }
}

impl Default for Aws {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws")
            .field("region", &self.shared.region)
            .field("now", &self.clock().now())
            .finish_non_exhaustive()
    }
}
