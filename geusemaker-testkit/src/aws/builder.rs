//! How an account is made.

use std::fmt;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::snapshot::{SNAPSHOT_VERSION, Snapshot, UnknownSnapshotVersion};
use super::{Aws, CallRecord, OnCall, OnChange, Shared};
use crate::clock::Clock;
use crate::fault::{Fault, Schedule};
use crate::sim::account::Account;
use crate::sim::guest::{Guest, PlainGuest};
use crate::sim::limits::Throttling;
use crate::sim::quota::Quota;
use crate::sim::timings::Timings;

/// What an [`Aws`] is built from.
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
            guest: Arc::new(PlainGuest),
            is_consistent: false,
            throttling: None,
            quotas: Vec::new(),
            no_capacity: Vec::new(),
            faults: Schedule::default(),
            snapshot: None,
            on_change: None,
            on_call: None,
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

    /// Lets every call see what the calls before it have made. Without it a new EC2 id is unknown to other calls for a
    /// moment, as it may be at AWS, so that a program which counts on it is found out.
    #[must_use]
    pub fn consistent(mut self) -> Self {
        self.is_consistent = true;
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
    ///
    /// # Panics
    /// Parts of the fault contradict each other, such as a status without an answer.
    #[must_use]
    #[track_caller]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.add(fault);
        self
    }

    /// How many calls AWS lets through; [`Throttling::Off`] if not given.
    #[must_use]
    pub fn throttling(mut self, throttling: Throttling) -> Self {
        self.throttling = Some(throttling);
        self
    }

    /// Sets a quota of the account; the others are at [`Quota::default_value`]. [`Aws::set_quota`] changes it later.
    #[must_use]
    pub fn quota(mut self, quota: Quota, value: u32) -> Self {
        self.quotas.push((quota, value));
        self
    }

    /// Lets a zone have no machines of an instance type, on-demand or spot: launches there are refused with
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

    /// Goes on with an account where its snapshot left it. Seed and timings are the snapshot's then, and so are
    /// throttling, quotas and capacity where nothing else is given here.
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

    /// Calls back after every call that may have changed something, in the order of the changes and before the caller
    /// hears of it. The callback may look at the account, and must not wait for a call to it.
    #[must_use]
    pub fn on_change(mut self, callback: impl Fn(&Snapshot) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Box::new(callback));
        self
    }

    /// Calls back when a call is answered, or has got its last chance of an answer: for logs.
    #[must_use]
    pub fn on_call(mut self, callback: impl Fn(&CallRecord) + Send + Sync + 'static) -> Self {
        self.on_call = Some(Box::new(callback));
        self
    }

    /// The account.
    ///
    /// # Panics
    /// Outside a tokio runtime, whose clock it follows; and if [`AwsBuilder::no_capacity`] names an instance type or a
    /// zone that there is not, since it would refuse nothing.
    #[must_use]
    pub fn build(self) -> Aws {
        let (mut account, now) = match self.snapshot {
            Some(snapshot) => (snapshot.account, snapshot.now),
            None => (Account::new(self.seed, self.timings), EPOCH),
        };
        account.region(&self.region);
        if self.is_consistent {
            account.rng.be_consistent();
        }
        if let Some(throttling) = self.throttling {
            account.limits.throttling = throttling;
        }
        for (quota, value) in self.quotas {
            account.quotas.set(quota, value);
        }
        for (instance_type, zone) in self.no_capacity {
            account.capacity.exhaust(instance_type, zone);
        }
        Aws {
            shared: Arc::new(Shared {
                account: Mutex::new(account),
                faults: Mutex::new(self.faults),
                seen: Mutex::default(),
                calls: Mutex::default(),
                drop_caller: Notify::new(),
                clock: Clock::starting_at(now).speed(self.speed),
                guest: self.guest,
                region: self.region,
                on_change: self.on_change.map(Mutex::new),
                on_call: self.on_call,
            }),
        }
    }
}

/// The account as the Rust that makes it, as far as it is made of numbers and words.
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

/// Where simulated time begins, so that two runs are the same to the letter: 2026-11-01.
const EPOCH: Timestamp = Timestamp::constant(1_793_491_200, 0);

impl fmt::Debug for AwsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsBuilder")
            .field("seed", &self.seed)
            .field("timings", &self.timings)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
