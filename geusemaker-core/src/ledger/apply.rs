//! Settings of resources that exist: applied in every run, and written to no journal.

use std::sync::Arc;
use std::time::Duration;

use backoff::backoff::Backoff as _;

use super::Ledger;
use super::create::LONGEST;
use crate::account::Account;
use crate::error::Error;
use crate::resource::setting::Setting;
use crate::resource_key::ResourceKey;
use crate::task;
use crate::wait::reauth_wait::ReauthWait;
use crate::wait::schedule;

impl Ledger {
    /// Applies a setting to the resource with this key, and repeats the call as long as that can help.
    ///
    /// A setting is in no journal: it ends with its resource, and a run that finds the resource created applies it again.
    /// After a lost answer, AWS is asked for it.
    pub(crate) async fn apply<S: Setting>(
        self: &Arc<Self>,
        key: ResourceKey,
        setting: S,
    ) -> Result<(), Error> {
        let ledger = Arc::clone(self);
        let stack = self.owner.stack.clone();
        let call = self
            .running
            .spawn(async move { ledger.apply_until_accepted(&key, &setting).await });
        let applied = task::join(call).await;
        applied.unwrap_or(Err(Error::Stopped { stack }))
    }

    async fn apply_until_accepted<S: Setting>(
        &self,
        key: &ResourceKey,
        setting: &S,
    ) -> Result<(), Error> {
        let start = self.account.clock.now();
        let mut pauses = schedule(Duration::from_secs(1), Duration::from_secs(20));
        let mut reauth_wait = ReauthWait::default();
        loop {
            self.ensure_open()?;
            let Account { writer, reader, .. } = &self.account;
            let Err(error) = setting.apply(writer, reader).await else {
                return Ok(());
            };
            if error.may_have_happened && setting.is_applied(reader).await.unwrap_or(false) {
                return Ok(());
            }
            if self.waits_for_a_sign_in(&error, &mut reauth_wait).await {
                continue;
            }
            let pause = pauses.next_backoff().unwrap_or_default();
            let elapsed = self.account.clock.since(start);
            let elapsed = elapsed.saturating_sub(reauth_wait.paused());
            let may_help = elapsed + pause <= LONGEST && error.class.is_retryable_on_create();
            if may_help {
                self.tell_retry((key, S::KIND), &error, pause);
            }
            if !may_help || !self.pause(pause).await {
                return Err(Error::aws(S::DOING)(error));
            }
        }
    }
}
