//! `adjust()`: takes over the settings of a changed spec that touch no resource.

use super::Session;
use crate::error::Error;
use crate::journal::event::JournalEvent;
use crate::spec::{DeploymentSpec, Difference};

impl Session {
    /// Takes over a changed spec of a stack that exists, if the change touches no resource: how long to wait, and what a
    /// removal keeps. Returns the fields that have changed; none if the spec is that of the stack already, and the
    /// journal is then not written.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # use geusemaker_testkit::Aws;
    /// # let aws = Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'";
    /// # let stack = session.plan(DeploymentSpec::from_toml(spec)?).await?.launch().await?.commit().await?;
    /// let changed = DeploymentSpec::from_toml(&format!("{spec}\nstorage.keep_on_destroy = true"))?;
    /// let differences = session.adjust(&changed).await?;
    /// assert_eq!(differences[0].field, "storage.keep_on_destroy");
    /// assert_eq!(session.summary(&stack.name).await?.spec, changed);
    /// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the change touches resources ([`Error::AnotherSpec`]), if there is no such stack, if it is
    /// being removed ([`Error::Ending`]), if another process works on it, or if the journal cannot be written.
    pub async fn adjust(&self, spec: &DeploymentSpec) -> Result<Vec<Difference>, Error> {
        let stack = spec.name();
        let (_, header) = self.journal(stack).await?;
        let differences = header.plan.spec.check_change(spec)?;
        if differences.is_empty() {
            return Ok(differences);
        }
        let (session, changed) = (self.clone(), spec.clone());
        // Dropped half way, it would leave a claim behind that nothing releases.
        self.cleanup()
            .finish(stack, async move { session.write_adjusted(changed).await })
            .await
    }

    async fn write_adjusted(&self, spec: DeploymentSpec) -> Result<Vec<Difference>, Error> {
        let ledger = self.acquire(spec.name()).await?;
        let adjusted = async {
            if ledger.state().is_tearing_down {
                let stack = spec.name().clone();
                return Err(Error::Ending { stack });
            }
            // Another process may have changed it in the meantime.
            let differences = ledger.plan.spec.check_change(&spec)?;
            let spec = Box::new(spec.clone());
            ledger.append(JournalEvent::Adjusted { spec }).await?;
            Ok(differences)
        };
        let adjusted = adjusted.await;
        let released = ledger.release().await;
        let adjusted = adjusted?;
        released?;
        Ok(adjusted)
    }
}

impl DeploymentSpec {
    /// Returns the differences of a changed spec of the same stack, if [`Session::adjust`] can take them over.
    ///
    /// # Errors
    /// Returns [`Error::AnotherSpec`] with the differences that touch resources, if there are any.
    pub fn check_change(&self, changed: &Self) -> Result<Vec<Difference>, Error> {
        let mut differences = self.differences(changed);
        if differences.iter().any(Difference::touches_resources) {
            differences.retain(Difference::touches_resources);
            return Err(Error::AnotherSpec {
                stack: changed.name().clone(),
                differences,
            });
        }
        Ok(differences)
    }
}
