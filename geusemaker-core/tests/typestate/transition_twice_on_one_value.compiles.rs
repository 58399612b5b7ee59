//! A transition consumes the deployment that it is called on.

use geusemaker_core::{Deployment, Error, Planned};

pub async fn advance(deployment: Deployment<Planned>) -> Result<(), Error> {
    let ready = deployment.launch().await?;
    ready.state();
    ready.keep().await
}
