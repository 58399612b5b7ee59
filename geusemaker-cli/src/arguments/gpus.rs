//! The arguments of `gm gpus`.

use std::str::FromStr;

use clap::Args;
use geusemaker_core::Money;
use geusemaker_core::spec::GpuModel;

pub(super) const GPUS_EXAMPLES: &str = "Examples:
  gm gpus --min-memory 40              at least 40 GiB of GPU memory in total
  gm gpus --gpu L4 --max-price 2
  gm gpus --available --region us-west-2";

#[derive(Args, Debug)]
pub(crate) struct Gpus {
    /// Only types with at least so much GPU memory in total, as AWS reports it: 22.3 for one A10G of 24 GB
    #[arg(long, value_name = "GIB")]
    pub(crate) min_memory: Option<Gibibytes>,
    /// Only types of at most this price per hour
    #[arg(long, value_name = "USD")]
    pub(crate) max_price: Option<Money>,
    /// Only types with this GPU, such as A10G or H100
    #[arg(long, value_name = "MODEL")]
    pub(crate) gpu: Option<GpuModel>,
    /// Ask AWS which types the region offers, in which zones, and how many the quotas admit now
    #[arg(long)]
    pub(crate) available: bool,
}

/// An amount of memory, exact to the MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gibibytes {
    pub(crate) mib: u64,
}

impl FromStr for Gibibytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim_end_matches("GiB").trim_end_matches("GB").trim();
        match number.parse::<f64>() {
            Ok(gib) if (0.0..1e6).contains(&gib) => Ok(Self {
                // Rounded down, so that 22.3 admits what is shown as 22.3.
                mib: whole_mib(gib),
            }),
            _ => Err("expected a number of GiB such as 24 or 22.3".to_owned()),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is positive and small"
)]
fn whole_mib(gib: f64) -> u64 {
    (gib * 1024.0) as u64
}
