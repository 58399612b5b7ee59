//! There is no distribution to wait for yet.

use geusemaker_core::{Deployment, Error, Ec2Ready};

pub async fn advance(deployment: Deployment<Ec2Ready>) -> Result<(), Error> {
    deployment.balance().await?;
    Ok(())
}

fn main() {}
