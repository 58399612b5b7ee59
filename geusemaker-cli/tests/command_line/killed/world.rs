//! A machine and an account between two runs of `gm`.

use geusemaker_testkit::{Aws, AwsBuilder, Snapshot};

use super::point::Point;
use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

/// A machine and an account at rest; any number of runs can start from copies of this state.
pub(super) struct World {
    gm: Gm,
    account: Snapshot,
}

impl World {
    /// Creates a machine with the spec of a tier-3 stack, and an empty account.
    pub(super) fn new() -> Self {
        Self::with_spec(&spec(3, "compute.gpu_check = false"))
    }

    /// Creates a machine with this spec, and an empty account.
    pub(super) fn with_spec(spec: &str) -> Self {
        let gm = Gm::new();
        gm.write_spec(spec);
        Self::of(
            gm,
            Account::start(Aws::builder().hosted_zone("example.com")),
        )
    }

    /// Records the machine and the account once no call is in progress any more.
    pub(super) fn of(gm: Gm, account: Account) -> Self {
        Self {
            gm,
            account: account.at_rest(),
        }
    }

    /// Starts a copy of the machine and of the account.
    pub(super) fn begin(&self) -> (Gm, Account) {
        (self.gm.copy(), Account::start(self.account()))
    }

    /// Runs `gm`, kills it at that moment, and returns what it leaves. Returns `None` for a question that this run had
    /// no reason to ask.
    #[track_caller]
    pub(super) fn killed_at(&self, point: &Point, arguments: &[&str]) -> Option<Self> {
        let mut at = point.clone();
        loop {
            let account = match at.fault() {
                Some(fault) => self.account().fault(fault),
                None => self.account(),
            };
            let (gm, account) = (self.gm.copy(), Account::start(account));
            let mut running = account.begin(&gm, arguments);
            let has_come = account.hears_before_the_end(&mut running, at.watch());
            running.kill();
            if has_come {
                return Some(Self::of(gm, account));
            }
            at = at.at_last_of(&account.aws.calls())?;
        }
    }

    fn account(&self) -> AwsBuilder {
        Aws::builder().restore(self.account.clone()).unwrap()
    }
}
