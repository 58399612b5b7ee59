//! The programs that run inside the simulated instances.

use geusemaker_core::GpuReport;
use geusemaker_testkit::{Boot, Guest};

/// Instances that follow this program's user data: they report their GPUs.
#[derive(Debug)]
pub(super) struct UserDataGuest;

impl Guest for UserDataGuest {
    fn console_output(&self, boot: &Boot) -> String {
        let greeting = format!("Ubuntu 24.04 LTS {} ttyS0\n", boot.instance_id);
        if boot.user_data.contains("nvidia-smi") {
            let report = GpuReport::new(boot.gpu_count, &boot.gpu_model);
            format!("{greeting}{report}\n")
        } else {
            greeting
        }
    }
}
