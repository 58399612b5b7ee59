//! The builder of a simulated account.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::reporter::Reporter;
use super::snapshot::{SNAPSHOT_VERSION, Snapshot, UnknownSnapshotVersion};
use super::{Aws, OnCall, OnChange, Shared};
use crate::call_record::CallRecord;
use crate::clock::Clock;
use crate::fault::{Fault, Schedule};
use crate::sim::account::Account;
use crate::sim::catalog;
use crate::sim::guest::{GpuGuest, Guest};
use crate::sim::limits::Throttling;
use crate::sim::newer_type::NewerType;
use crate::sim::quota::Quota;
use crate::sim::regions;
use crate::sim::timings::Timings;

/// The start of simulated time, 2026-11-01. It is constant, so that two runs are identical.
const EPOCH: Timestamp = Timestamp::constant(1_793_491_200, 0);

/// A builder of an [`Aws`] account. Every setting has a default.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::{Aws, Fault, Quota, Timings};
///
/// let aws = Aws::builder()
///     .seed(7)
///     .timings(Timings::Slow)
///     .region("eu-central-1")
///     .quota(Quota::SecurityGroups, 10)
///     .no_capacity("g5.xlarge", "eu-central-1a")
///     .fault(Fault::on("DescribeVpcs").throttled())
///     .build();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// let vpcs = ec2.describe_vpcs().send().await?;
/// assert_eq!(vpcs.vpcs().len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct AwsBuilder {
    seed: u64,
    timings: Timings,
    speed: f64,
    region: String,
    guest: Arc<dyn Guest>,
    is_consistent: bool,
    throttling: Option<Throttling>,
    quotas: Vec<(Quota, u32)>,
    no_capacity: Vec<(String, String)>,
    newer_types: Vec<NewerType>,
    opt_ins: Vec<String>,
    hosted_zones: Vec<String>,
    issued_certificates: Vec<(String, String)>,
    faults: Schedule,
    snapshot: Option<Snapshot>,
    on_change: Option<OnChange>,
    on_call: Option<OnCall>,
}

impl Default for AwsBuilder {
    fn default() -> Self {
        Self {
            seed: 0,
            timings: Timings::default(),
            speed: 1.0,
            region: "us-east-1".to_owned(),
            guest: Arc::new(GpuGuest),
            is_consistent: false,
            throttling: None,
            quotas: Vec::new(),
            no_capacity: Vec::new(),
            newer_types: Vec::new(),
            opt_ins: Vec::new(),
            hosted_zones: Vec::new(),
            issued_certificates: Vec::new(),
            faults: Schedule::default(),
            snapshot: None,
            on_change: None,
            on_call: None,
        }
    }
}

impl AwsBuilder {
    /// Sets the seed of all random times and ids; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the timings, which decide how slow AWS is; [`Timings::Typical`] by default.
    #[must_use]
    pub fn timings(mut self, timings: Timings) -> Self {
        self.timings = timings;
        self
    }

    /// Makes every call see the changes of earlier calls at once. By default, a new EC2 id is unknown to other calls
    /// for a moment, as it may be at AWS, and a new instance profile is unknown to EC2 for longer, so that a program
    /// that relies on seeing them at once is found out.
    #[must_use]
    pub fn consistent(mut self) -> Self {
        self.is_consistent = true;
        self
    }

    /// Sets the speed of the account's clock, as a multiple of tokio's; 1 by default.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// Sets the region of [`Aws::sdk_config`]; `us-east-1` by default. The account itself has every region,
    /// but for those that it has to [opt in](Self::opt_in) to.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Sets the software inside the instances; [`GpuGuest`] by default.
    #[must_use]
    pub fn guest(mut self, guest: impl Guest + 'static) -> Self {
        self.guest = Arc::new(guest);
        self
    }

    /// Adds a fault, of any kind.
    #[must_use]
    pub fn fault(mut self, fault: impl Into<Fault>) -> Self {
        self.faults.add(fault.into());
        self
    }

    /// Sets the limit on the rate of calls; [`Throttling::Off`] by default.
    #[must_use]
    pub fn throttling(mut self, throttling: Throttling) -> Self {
        self.throttling = Some(throttling);
        self
    }

    /// Sets a quota of the account; the others have their [`Quota::default_value`]. [`Aws::set_quota`] changes it
    /// later.
    #[must_use]
    pub fn quota(mut self, quota: Quota, value: u32) -> Self {
        self.quotas.push((quota, value));
        self
    }

    /// Leaves a zone without capacity for an instance type, on-demand and spot: launches there are refused with
    /// `InsufficientInstanceCapacity`. [`Aws::restore_capacity`] changes that later.
    #[must_use]
    pub fn no_capacity(
        mut self,
        instance_type: impl Into<String>,
        zone: impl Into<String>,
    ) -> Self {
        self.no_capacity.push((instance_type.into(), zone.into()));
        self
    }

    /// Adds an instance type that AWS has besides those of public data, as if it were newer.
    #[must_use]
    pub fn newer_type(mut self, newer: NewerType) -> Self {
        self.newer_types.push(newer);
        self
    }

    /// Opts in to a region, such as `ap-east-1`. Without this, a region that an account has to opt in to refuses all
    /// calls, as AWS does, with an error that says that the credentials are unknown.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use geusemaker_testkit::Aws;
    ///
    /// let in_hong_kong = Aws::builder().region("ap-east-1").opt_in("ap-east-1").build();
    /// # let _ = in_hong_kong;
    /// # }
    /// ```
    #[must_use]
    pub fn opt_in(mut self, region: impl Into<String>) -> Self {
        self.opt_ins.push(region.into());
        self
    }

    /// Starts the account with a public hosted zone of Route 53, which counts as delegated by its registry.
    /// [`Aws::hosted_zone_id`] returns its id.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use geusemaker_testkit::Aws;
    ///
    /// let aws = Aws::builder().hosted_zone("example.com").build();
    /// let id = aws.hosted_zone_id("example.com").unwrap();
    /// let dns = aws_sdk_route53::Client::new(&aws.sdk_config());
    /// let zone = dns.get_hosted_zone().id(id).send().await.unwrap();
    /// assert_eq!(zone.hosted_zone().map(|zone| zone.name()), Some("example.com."));
    /// assert!(aws.leftovers().is_empty());
    /// # }
    /// ```
    #[must_use]
    pub fn hosted_zone(mut self, name: impl Into<String>) -> Self {
        self.hosted_zones.push(name.into());
        self
    }

    /// Starts the account with a certificate in a region that was issued for a name a day ago; one for a distribution
    /// has to be in `us-east-1`. [`Aws::certificate_arn`] returns its ARN.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use geusemaker_testkit::Aws;
    ///
    /// let aws = Aws::builder().issued_certificate("*.example.com", "eu-west-1").build();
    /// let arn = aws.certificate_arn("*.example.com", "eu-west-1").unwrap();
    /// assert!(arn.starts_with("arn:aws:acm:eu-west-1:"));
    /// assert!(aws.leftovers().is_empty());
    /// # }
    /// ```
    #[must_use]
    pub fn issued_certificate(
        mut self,
        name: impl Into<String>,
        region: impl Into<String>,
    ) -> Self {
        self.issued_certificates.push((name.into(), region.into()));
        self
    }

    /// Continues an account from its snapshot. The seed and the timings are those of the snapshot, and so are
    /// throttling, quotas and capacity, unless this builder sets them.
    ///
    /// # Errors
    /// Returns an error if this version does not know the snapshot's format.
    pub fn restore(mut self, snapshot: Snapshot) -> Result<Self, UnknownSnapshotVersion> {
        if snapshot.version != SNAPSHOT_VERSION {
            return Err(UnknownSnapshotVersion {
                found: snapshot.version,
            });
        }
        self.snapshot = Some(snapshot);
        Ok(self)
    }

    /// Sets a callback that runs after every call that may have changed something, in the order of the changes and
    /// before the caller gets its answer. The callback may read the account, but must not wait for a call to it.
    #[must_use]
    pub fn on_change(mut self, callback: impl Fn(&Snapshot) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Box::new(callback));
        self
    }

    /// Sets a callback that runs when a call has been answered or can no longer be answered, for logs.
    #[must_use]
    pub fn on_call(mut self, callback: impl Fn(&CallRecord) + Send + Sync + 'static) -> Self {
        self.on_call = Some(Box::new(callback));
        self
    }

    /// Builds the account.
    ///
    /// # Panics
    /// Panics outside a tokio runtime, whose clock the account follows, and if [`AwsBuilder::no_capacity`] names an
    /// instance type or a zone that does not exist, because it would refuse nothing, if [`AwsBuilder::opt_in`] names
    /// a region that needs no opt-in, if [`AwsBuilder::newer_type`] has the name of another type, or if
    /// [`AwsBuilder::hosted_zone`] or [`AwsBuilder::issued_certificate`] have a name that is no domain name or a region
    /// that the account does not have.
    #[must_use]
    pub fn build(self) -> Aws {
        let (mut account, now) = match self.snapshot {
            Some(snapshot) => (snapshot.account, snapshot.now),
            None => (Account::new(self.seed, self.timings), EPOCH),
        };
        for region in self.opt_ins {
            account.opt_ins.add(region);
        }
        if regions::region(&self.region).is_some_and(|region| account.opt_ins.allow(region)) {
            account.region(&self.region);
        }
        if self.is_consistent {
            account.rng.be_consistent();
        }
        if let Some(throttling) = self.throttling {
            account.limits.throttling = throttling;
        }
        for (quota, value) in self.quotas {
            account.quotas.set(quota, value);
        }
        for newer in self.newer_types {
            let newer = newer.into_instance_type();
            if !account.newer_types.contains(&newer) {
                account.newer_types.push(newer);
            }
        }
        account.newer_types.iter().for_each(catalog::add);
        for (instance_type, zone) in self.no_capacity {
            account.capacity.exhaust(instance_type, zone);
        }
        for name in self.hosted_zones {
            account.add_hosted_zone(&name, now);
        }
        for (name, region) in self.issued_certificates {
            account.add_issued_certificate(&name, &region, now);
        }
        let shared = Arc::new(Shared {
            account: Mutex::new(account),
            faults: Mutex::new(self.faults),
            seen: Mutex::default(),
            calls: Mutex::default(),
            drop_caller: Notify::new(),
            clock: Clock::starting_at(now).speed(self.speed),
            guest: self.guest,
            #[cfg(feature = "traffic")]
            generation: tokio::sync::watch::Sender::new(0),
            #[cfg(feature = "traffic")]
            traffic: Arc::default(),
            boot_faults_taken: AtomicBool::new(false),
            region: self.region,
            on_change: self.on_change.map(Mutex::new),
            on_call: self.on_call,
        });
        Aws {
            reporter: Some(Arc::new(Reporter(Arc::clone(&shared)))),
            shared,
        }
    }
}

/// The account as the Rust code that creates it, for the settings that are numbers and words.
#[cfg(feature = "explorer")]
impl AwsBuilder {
    pub(crate) fn to_rust(&self) -> String {
        let mut rust = format!("Aws::builder().seed({})", self.seed);
        if self.timings != Timings::default() {
            rust.push_str(&format!(".timings(Timings::{:?})", self.timings));
        }
        if self.region != Self::default().region {
            rust.push_str(&format!(".region({:?})", self.region));
        }
        rust
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
