//! `bearer_token()`, `rotate_bearer_token()` and `finish_token_rotation()`: the token that the load balancer of a stack
//! asks for.

use std::pin::Pin;
use std::sync::Arc;

use super::Session;
use crate::deployment::bearer_token_rotation::{self, BearerTokenRotation};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::ledger::on_drop::OnDrop;
use crate::ledger::rollback_guard::RollbackGuard;
use crate::resource::bearer_token::BearerToken;
use crate::spec::StackName;

impl Session {
    /// Reads the bearer token of a stack from the rules of its load balancer: the newer one, while two are admitted. It
    /// needs no claim: another process may work on the stack meanwhile.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # use geusemaker_testkit::Aws;
    /// # let aws = Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
    /// #     load_balancer.auth.type = 'bearer'\n\
    /// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
    /// # let spec = DeploymentSpec::from_toml(spec)?;
    /// # let balanced = session.plan(spec).await?.launch().await?.balance().await?;
    /// # let stack = balanced.commit().await?;
    /// let token = session.bearer_token(&stack.name).await?;
    /// let header = format!("Bearer {}", token.expose());
    /// # assert_eq!(header.len(), 71);
    /// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such stack, its load balancer asks for no token ([`Error::NoBearerToken`]) or does
    /// not exist yet ([`Error::Unfinished`]), it is being removed ([`Error::Ending`]) or belongs to another account, or if
    /// AWS refuses the call.
    pub async fn bearer_token(&self, stack: &StackName) -> Result<BearerToken, Error> {
        let (journal, header) = self.journal(stack).await?;
        let stack = stack.clone();
        if journal.state.is_tearing_down {
            return Err(Error::Ending { stack });
        }
        if !header.plan.spec.asks_for_token() {
            return Err(Error::NoBearerToken { stack });
        }
        let account = self.account(header.plan.region.clone()).of_stack(&stack);
        let actual = account.identity().await?.account;
        if actual != header.plan.account {
            return Err(Error::OtherAccount {
                stack,
                recorded: header.plan.account,
                actual,
            });
        }
        let rules = bearer_token_rotation::rules(&account, &journal.state).await?;
        let newest = BearerToken::newest(rules.iter().flat_map(|rule| &rule.admitted)).cloned();
        newest.ok_or(Error::Unfinished { stack })
    }

    /// Begins to change the bearer token of a stack: its load balancer admits a new token beside the present one. When
    /// everybody uses the new one, [`finish_token_rotation`](Self::finish_token_rotation) drops the other. Repeated before
    /// that, it returns the same new token.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # use geusemaker_testkit::Aws;
    /// # let aws = Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
    /// #     load_balancer.auth.type = 'bearer'\n\
    /// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
    /// # let spec = DeploymentSpec::from_toml(spec)?;
    /// # let balanced = session.plan(spec).await?.launch().await?.balance().await?;
    /// # let stack = balanced.commit().await?;
    /// let former = session.bearer_token(&stack.name).await?;
    /// let rotated = session.rotate_bearer_token(&stack.name).await?;
    /// assert_ne!(rotated.token, former);
    /// // Give the new token to everybody, and then:
    /// let finished = session.finish_token_rotation(&stack.name).await?;
    /// assert_eq!(finished.token, rotated.token);
    /// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such stack, its load balancer asks for no token ([`Error::NoBearerToken`]), it was
    /// never finished ([`Error::Unfinished`]), is being removed ([`Error::Ending`]), if another process works on it, or if
    /// AWS refuses a call. After an error the present token is admitted as before, and the call can be made again.
    pub async fn rotate_bearer_token(
        &self,
        stack: &StackName,
    ) -> Result<BearerTokenRotation, Error> {
        let guard = self.guarded_token(stack).await?;
        let ledger = Arc::clone(guard.ledger());
        let work = Box::pin(async move { bearer_token_rotation::begin(&ledger).await });
        conclude(guard, work).await
    }

    /// Finishes the change of the bearer token of a stack: its load balancer admits the newer token alone.
    ///
    /// # Errors
    /// Returns the errors of [`rotate_bearer_token`](Self::rotate_bearer_token), and [`Error::TokenNotAdmitted`] if that
    /// was interrupted: nothing is changed then. After an error the newer token is admitted, and the call can be made
    /// again.
    pub async fn finish_token_rotation(
        &self,
        stack: &StackName,
    ) -> Result<BearerTokenRotation, Error> {
        let guard = self.guarded_token(stack).await?;
        let ledger = Arc::clone(guard.ledger());
        let work = Box::pin(async move { bearer_token_rotation::finish(&ledger).await });
        conclude(guard, work).await
    }

    /// Acquires the journal of a stack that is in use and has a token. The guard keeps everything.
    async fn guarded_token(&self, stack: &StackName) -> Result<RollbackGuard, Error> {
        let (session, name) = (self.clone(), stack.clone());
        let acquiring = async move { session.acquire_with_token(&name).await };
        self.cleanup().finish(stack, acquiring).await
    }

    async fn acquire_with_token(&self, stack: &StackName) -> Result<RollbackGuard, Error> {
        let ledger = self.acquire(stack).await?;
        let state = ledger.state();
        let stack = stack.clone();
        let asks = ledger.plan.spec.asks_for_token();
        let refusal = match (state.is_tearing_down, asks, &state.committed) {
            (true, _, _) => Error::Ending { stack },
            (false, false, _) => Error::NoBearerToken { stack },
            (false, true, None) => Error::Unfinished { stack },
            (false, true, Some(_)) => {
                return Ok(self.cleanup().guard(ledger, OnDrop::Keep));
            }
        };
        ledger.release().await?;
        Err(refusal)
    }
}

async fn conclude(
    guard: RollbackGuard,
    work: Pin<Box<impl Future<Output = Result<BearerTokenRotation, Error>>>>,
) -> Result<BearerTokenRotation, Error> {
    let ledger: &Arc<Ledger> = guard.ledger();
    let rotated = ledger.unless_closed(work).await;
    let released = guard.release().await;
    let rotated = rotated?;
    released?;
    Ok(rotated)
}
