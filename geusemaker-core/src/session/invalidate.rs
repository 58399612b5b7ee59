//! `invalidate()`: has CloudFront drop cached answers.

use uuid::Uuid;

use super::Session;
use crate::account::Account;
use crate::error::Error;
use crate::id::DistributionId;
use crate::journal::state::{Header, JournalState};
use crate::progress::step::Step;
use crate::resource::invalidation::{self, Invalidation};
use crate::spec::{InvalidationPaths, StackName};
use crate::wait::{Expected, Wait, WaitError};

impl Session {
    /// Has CloudFront drop the cached answers of these paths from all edge locations. Returns as soon as CloudFront has
    /// accepted this, which [`await_invalidation`](Self::await_invalidation) waits for. It needs no claim: another
    /// process may work on the stack meanwhile.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # use geusemaker_testkit::Aws;
    /// # let aws = Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = "name = 'llm'\ntier = 3\ncompute.instance_type = 'g5.xlarge'\n\
    /// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
    /// # let spec = DeploymentSpec::from_toml(spec)?;
    /// # let balanced = session.plan(spec).await?.launch().await?.balance().await?;
    /// # let stack = balanced.publish().await?.commit().await?;
    /// use geusemaker_core::spec::InvalidationPaths;
    ///
    /// let accepted = session.invalidate(&stack.name, InvalidationPaths::everything()).await?;
    /// let completed = session.await_invalidation(&stack.name, &accepted).await?;
    /// assert!(completed.is_completed);
    /// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such stack, it has no CDN ([`Error::NoCdn`]), is being removed
    /// ([`Error::Ending`]) or belongs to another account, or if CloudFront refuses: for instance, because too many
    /// invalidations are in progress.
    pub async fn invalidate(
        &self,
        stack: &StackName,
        paths: InvalidationPaths,
    ) -> Result<Invalidation, Error> {
        self.cleanup().ensure_open(stack)?;
        let (account, distribution) = self.cdn_of(stack).await?;
        account.progress.step(Step::InvalidatingCache);
        let reference = format!("gm-{}", Uuid::new_v4());
        // A repeated request with the same reference is the same invalidation, so that a lost answer does no harm.
        Wait::new(
            "CloudFront to accept the invalidation",
            Expected::with_deadline_minutes(0, 5, 5),
        )
        .until(&account.clock, &account.progress, async || {
            let created =
                invalidation::create(&account.writer, &distribution, &paths, &reference).await?;
            Ok(crate::wait::PollState::Ready(created))
        })
        .await
        .map_err(refused)
    }

    /// Waits until all edge locations have dropped the answers, which takes a minute or two.
    ///
    /// # Errors
    /// Returns the errors of [`invalidate`](Self::invalidate), and [`WaitError::Deadline`] if CloudFront is still
    /// working after half an hour: the call can be made again.
    pub async fn await_invalidation(
        &self,
        stack: &StackName,
        invalidation: &Invalidation,
    ) -> Result<Invalidation, Error> {
        let (account, _) = self.cdn_of(stack).await?;
        Wait::new(
            "all edge locations to drop the answers",
            Expected::with_deadline_minutes(10, 180, 30),
        )
        .until(&account.clock, &account.progress, || {
            invalidation::completed(&account.reader, invalidation)
        })
        .await
        .map_err(refused)
    }

    /// Returns the account of a stack and its distribution.
    async fn cdn_of(&self, stack: &StackName) -> Result<(Account, DistributionId), Error> {
        let (journal, header) = self.journal(stack).await?;
        let distribution = distribution_of(stack, &header, &journal.state)?;
        let account = self.account(header.plan.region.clone()).of_stack(stack);
        let actual = account.identity().await?.account;
        if actual != header.plan.account {
            return Err(Error::OtherAccount {
                stack: stack.clone(),
                recorded: header.plan.account,
                actual,
            });
        }
        Ok((account, distribution))
    }
}

/// Returns the distribution of a stack that is not being removed.
fn distribution_of(
    stack: &StackName,
    header: &Header,
    state: &JournalState,
) -> Result<DistributionId, Error> {
    if state.is_tearing_down {
        return Err(Error::Ending {
            stack: stack.clone(),
        });
    }
    let reached = state.reached.as_ref();
    let distribution = reached.and_then(|reached| reached.distribution());
    match distribution {
        Some(distribution) => Ok(distribution.id.clone()),
        None => Err(Error::NoCdn {
            stack: stack.clone(),
            tier: header.plan.spec.tier(),
        }),
    }
}

fn refused(error: WaitError) -> Error {
    match error {
        WaitError::Aws(source) => Error::aws("invalidating cached answers")(source),
        other => other.into(),
    }
}
