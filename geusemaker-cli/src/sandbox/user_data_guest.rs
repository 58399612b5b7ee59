//! What runs inside the instances.

use geusemaker_core::GpuReport;
use geusemaker_testkit::{Boot, Guest};

/// Instances that do what this program's user data tells them: report their GPUs.
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
