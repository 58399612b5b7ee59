//! The account that `gm --sandbox` works in, in virtual time.

use geusemaker_core::spec::Region;
use geusemaker_core::{Error, SdkConfig};

use super::kept_account::{KeptAccount, Lock};
use crate::failure::Failure;
use crate::progress_display::ProgressDisplay;
use crate::settings::Settings;
use crate::state_directory::StateDirectory;

/// Returns the configuration whose clients talk to the sandbox's account, and the callback for the end of the command. A
/// command that only reads does not wait for another process that holds the account.
pub(crate) fn open(
    settings: &Settings,
    state: &StateDirectory,
    display: &ProgressDisplay,
    only_reads: bool,
) -> Result<(SdkConfig, impl FnOnce() + use<>), Failure> {
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
    let at_end = move || {
        if let Some(kept) = kept {
            kept.close(&aws);
        }
    };
    Ok((config, at_end))
}
