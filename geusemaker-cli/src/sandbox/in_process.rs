//! The account that `gm --sandbox` works in, in virtual time.

use geusemaker_core::spec::Region;
use geusemaker_core::{Error, SdkConfig};

use super::kept_account::{KeptAccount, Lock};
use crate::failure::Failure;
use crate::progress_display::ProgressDisplay;
use crate::state_directory::StateDirectory;

/// Returns the configuration whose clients talk to the sandbox's account, and the callback for the end of the command.
pub(crate) fn open(
    state: &StateDirectory,
    display: &ProgressDisplay,
) -> Result<(SdkConfig, impl FnOnce() + use<>), Failure> {
    if let Some(region) = super::region() {
        let region: Result<Region, _> = region.parse();
        super::ensure_known(&region.map_err(|error| Failure::before(&Error::from(error)))?)?;
    }
    let kept = KeptAccount::lock(state, Lock::Wait(display))?;
    let aws = kept.restore(super::account())?;
    let config = aws.sdk_config();
    Ok((config, move || kept.close(&aws)))
}
