//! There is no distribution to wait for yet.

use geusemaker_core::{Deployment, Error, Planned};

pub async fn advance(deployment: Deployment<Planned>) -> Result<(), Error> {
    drop(deployment.wait_until_deployed().await?);
    Ok(())
}

fn main() {}
