//! After a failure the deployment is in `previous`, and nowhere else.

use geusemaker_core::{AlbHealthy, Deployment, Ec2Ready, Error};

pub async fn advance(deployment: Deployment<Ec2Ready>) -> Result<Deployment<AlbHealthy>, Error> {
    match deployment.balance().await {
        Ok(balanced) => Ok(balanced),
        Err(failed) => {
            println!("{failed}");
            Ok(failed.previous.balance().await?)
        }
    }
}
