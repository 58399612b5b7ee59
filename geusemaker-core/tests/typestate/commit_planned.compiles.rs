//! Nothing exists that could be in use.

use geusemaker_core::{Deployment, Error, Planned};

pub async fn advance(deployment: Deployment<Planned>) -> Result<(), Error> {
    drop(deployment.launch().await?);
    Ok(())
}
