//! `remote()`: the instances of a stack from afar.

use super::Session;
use crate::error::Error;
use crate::id::InstanceId;
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
            Some(reached) => {
                let ec2 = reached.ec2().clone();
                let entries = journal.state.entries();
                let created = entries
                    .iter()
                    .filter_map(|entry| Some((InstanceId::from_aws(entry.id()?), entry.since)));
                let since = created
                    .filter(|(id, _)| ec2.instances.iter().any(|instance| instance.id == *id))
                    .collect();
                Ok(Remote::new(account, ec2, since))
            }
            None => {
                let stack = stack.clone();
                Err(RemoteError::NotLaunched { stack }.into())
            }
        }
    }
}
