//! The arguments of `gm open`.

use clap::Args;
use geusemaker_core::spec::ServiceName;

use super::Name;

#[derive(Args, Debug)]
pub(crate) struct Open {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Service, in a stack without a load balancer [default: the first one]
    #[arg(value_name = "SERVICE")]
    pub(crate) service: Option<ServiceName>,
}
