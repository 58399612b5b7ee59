//! The internet on which a verification reaches a stack: that of this machine, or that of a simulated account.

use geusemaker_core::{Internet, InvalidInternet};

use crate::context::Context;

/// The internet of the simulated account in this process. It is made when it is asked for.
pub(crate) type Simulated = Box<dyn Fn() -> Result<Internet, InvalidInternet>>;

/// Returns the internet that leads to the stacks of a context, or the reason why there is none.
pub(crate) async fn of(context: &Context) -> Result<Internet, String> {
    if let Some(simulated) = &context.simulated_internet {
        return simulated().map_err(|error| error.to_string());
    }
    match context.config.endpoint_url() {
        None => Ok(Internet::direct()),
        Some(url) => {
            let internet = Internet::of_endpoint(url).await;
            match internet {
                Ok(Some(internet)) => Ok(internet),
                Ok(None) => Err(format!(
                    "{url} answers calls to AWS alone, and carries no requests to services"
                )),
                Err(error) => Err(format!(
                    "{url} cannot be connected to ({error}): is `gm sandbox serve` still running?"
                )),
            }
        }
    }
}
