//! `verify()`: asks the services of a stack as a viewer would.

use super::Session;
use crate::error::Error;
use crate::progress::step::Step;
use crate::spec::StackName;
use crate::verify;
use crate::verify::check::Verification;
use crate::verify::internet::Internet;

impl Session {
    /// Asks the services of a stack as a viewer on the internet would, and returns what came of each check: each service
    /// through the CDN, the load balancer or on its instances, streamed answers and WebSockets that the spec names, and
    /// that nothing goes around the CDN or HTTPS. Nothing is changed, and it needs no claim: another process may work on
    /// the stack meanwhile.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # use geusemaker_testkit::Aws;
    /// # let aws = Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
    /// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
    /// # let spec = DeploymentSpec::from_toml(spec)?;
    /// # let balanced = session.plan(spec).await?.launch().await?.balance().await?;
    /// # let stack = balanced.commit().await?;
    /// use geusemaker_core::Internet;
    ///
    /// // `Internet::direct()` for a real account.
    /// let traffic = aws.traffic();
    /// let internet = Internet::through(move |host, port| traffic.connect(&host, port));
    /// let verification = session.verify(&stack.name, &internet).await?;
    /// assert!(verification.has_passed());
    /// assert_eq!(verification.checks[0].status, Some(200));
    /// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    ///
    /// It takes up to a minute if nothing answers. A check that fails is no error; see
    /// [`Verification::has_passed`].
    ///
    /// # Errors
    /// Returns an error if there is no such stack, its journal cannot be read, it is being removed ([`Error::Ending`]), or
    /// it is not deployed yet ([`Error::Unfinished`]).
    pub async fn verify(
        &self,
        stack: &StackName,
        internet: &Internet,
    ) -> Result<Verification, Error> {
        let (journal, header) = self.journal(stack).await?;
        if journal.state.is_tearing_down {
            let stack = stack.clone();
            return Err(Error::Ending { stack });
        }
        let committed = journal.state.committed.and(journal.state.reached.as_ref());
        let Some(reached) = committed else {
            let stack = stack.clone();
            return Err(Error::Unfinished { stack });
        };
        let spec = &header.plan.spec;
        let token = match spec.asks_for_token() {
            true => {
                let token = self.bearer_token(stack).await;
                Some(token.map_err(|error| error.with_sources()))
            }
            false => None,
        };
        let account = self.account(header.plan.region.clone());
        let account = account.of_deployment(stack, &header.id);
        account.progress.step(Step::Verifying);
        let clock = account.clock.of_this_machine();
        let checks = verify::verify(spec, reached, &token, internet, clock).await;
        Ok(Verification {
            name: stack.clone(),
            tier: spec.tier(),
            checks,
        })
    }
}
