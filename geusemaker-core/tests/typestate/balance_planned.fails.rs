//! There is nothing to balance before the instances run.

use geusemaker_core::{Deployment, Error, Planned};

pub async fn advance(deployment: Deployment<Planned>) -> Result<(), Error> {
    drop(deployment.balance().await?);
    Ok(())
}

fn main() {}
