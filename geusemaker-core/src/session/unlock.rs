//! `unlock()`: ends the claim of another process on a stack.

use super::Session;
use crate::error::Error;
use crate::journal::claim::Holder;
use crate::journal::event::JournalEvent;
use crate::ledger;
use crate::spec::StackName;

impl Session {
    /// Ends the claim of this process on a stack, so that others can work on it before the claim expires. Returns false if
    /// nobody holds the stack any more; the journal is then not written.
    ///
    /// Claims of processes that have ended on this machine end by themselves; others, within 15 minutes. A process that
    /// still works on the stack stops at its next record: nothing is lost, and [`Session::open`] continues from there.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # use geusemaker_testkit::Aws;
    /// # let aws = Aws::new();
    /// # let journals = Journals::in_memory();
    /// # let session = Session::new(aws.sdk_config(), journals.clone());
    /// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
    /// # let name = spec.name().clone();
    /// let deployment = session.plan(spec).await?.launch().await?;
    /// let another = Session::new(aws.sdk_config(), journals);
    /// let Some(holder) = another.summary(&name).await?.held_by else {
    ///     panic!("nobody holds it");
    /// };
    /// assert!(another.unlock(&name, &holder).await?);
    /// assert!(another.rollback(&name).await?.is_complete());
    /// // The one that was unlocked notices.
    /// assert!(deployment.commit().await.is_err());
    /// # session.close().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such stack, if another process holds it by now ([`Error::Locked`]), or if the
    /// journal cannot be read or written.
    pub async fn unlock(&self, stack: &StackName, holder: &Holder) -> Result<bool, Error> {
        let (mut journal, _) = self.journal(stack).await?;
        let now = self.clock().now();
        let Some(claim) = journal.state.claim_at(now) else {
            return Ok(false);
        };
        if claim.holder != *holder {
            return Err(ledger::locked(claim, stack));
        }
        journal.append(now, JournalEvent::Released).await?;
        Ok(true)
    }
}
