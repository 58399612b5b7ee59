//! The account that `gm --sandbox` works in, in virtual time.

use geusemaker_core::spec::Region;
use geusemaker_core::{Error, Internet, SdkConfig};

use super::kept_account::{KeptAccount, Lock};
use crate::failure::Failure;
use crate::internet::Simulated;
use crate::progress_display::ProgressDisplay;
use crate::settings::Settings;
use crate::state_directory::StateDirectory;

/// Returns the configuration whose clients talk to the sandbox's account, the account's internet, and the callback for the
/// end of the command. A command that only reads does not wait for another process that holds the account.
pub(crate) fn open(
    settings: &Settings,
    state: &StateDirectory,
    display: &ProgressDisplay,
    only_reads: bool,
) -> Result<(SdkConfig, Simulated, impl FnOnce() + use<>), Failure> {
    if let Some(region) = super::region(settings) {
        let region: Result<Region, _> = region.parse();
        super::ensure_known(&region.map_err(|error| Failure::before(&Error::from(error)))?)?;
    }
    let kept = if only_reads {
        KeptAccount::lock_if_free(state)
    } else {
        Some(KeptAccount::lock(state, Lock::Wait(display))?)
    };
    let aws = match &kept {
        Some(kept) => kept.restore(super::account(settings))?,
        None => KeptAccount::read(state, super::account(settings))?,
    };
    let config = aws.sdk_config();
    let traffic = aws.traffic();
    let internet = move || {
        let connecting = traffic.clone();
        let internet = Internet::through(move |host, port| connecting.connect(&host, port));
        internet.trusting(&traffic.root_certificate())
    };
    let at_end = move || {
        if let Some(kept) = kept {
            kept.close(&aws);
        }
    };
    Ok((config, Box::new(internet), at_end))
}
