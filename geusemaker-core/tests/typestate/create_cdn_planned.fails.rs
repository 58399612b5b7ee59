//! A CDN needs a load balancer to fetch from.

use geusemaker_core::{Deployment, Error, Planned};

pub async fn advance(deployment: Deployment<Planned>) -> Result<(), Error> {
    drop(deployment.create_cdn().await?);
    Ok(())
}

fn main() {}
