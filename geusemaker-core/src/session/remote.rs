//! `remote()`: the instances of a stack from afar.

use super::Session;
use crate::error::Error;
use crate::remote::Remote;
use crate::remote_error::RemoteError;
use crate::spec::StackName;

impl Session {
    /// Returns the instances of a stack, to read their logs, run commands on them, or open sessions. It needs no claim:
    /// another process may work on the stack meanwhile.
    ///
    /// # Errors
    /// Returns an error if there is no such stack, its journal cannot be read, or its instances were never all running.
    pub async fn remote(&self, stack: &StackName) -> Result<Remote, Error> {
        let (journal, header) = self.journal(stack).await?;
        let account = self.account(header.plan.region).of_stack(stack);
        match &journal.state.reached {
            Some(reached) => Ok(Remote::new(account, reached.ec2().clone())),
            None => {
                let stack = stack.clone();
                Err(RemoteError::NotLaunched { stack }.into())
            }
        }
    }
}
