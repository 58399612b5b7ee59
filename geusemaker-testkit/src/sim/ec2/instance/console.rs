//! The serial console of instances.

use std::io::Read as _;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use jiff::Timestamp;

use super::Instance;
use crate::sim::catalog::{self, Hypervisor};
use crate::sim::context::RequestContext;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::guest::Boot;
use crate::sim::timings::Timings;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// Returns user data as the script that cloud-init makes of it: compressed user data is decompressed.
fn script(user_data: &[u8]) -> String {
    let mut script = Vec::new();
    let decoder = GzDecoder::new(user_data);
    // RunInstances takes 16 KiB, which can become a thousand times as much.
    match decoder.take(1024 * 1024).read_to_end(&mut script) {
        Ok(_) => String::from_utf8_lossy(&script).into_owned(),
        Err(_) => String::from_utf8_lossy(user_data).into_owned(),
    }
}

pub(crate) fn output(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("InstanceId")?;
    let latest = params.parsed("Latest")?.unwrap_or(false);
    params.refuse_unread("GetConsoleOutput")?;
    let instance = ec2.visible_instance(&id, context.now)?;
    let instance_type = catalog::instance_type(&instance.launch.instance_type);
    let hypervisor = instance_type.map(catalog::InstanceType::hypervisor);
    if latest && hypervisor != Some(Hypervisor::Nitro) {
        // EC2 reference: the latest output is for instances on Nitro only.
        let message = "This instance type does not support retrieving the latest console logs.";
        return Err(ServiceError::new(Code::UnsupportedOperation, message));
    }
    let reply = Element::new("reply")
        .with("instanceId", &id)
        .with("timestamp", format_args!("{:.3}", context.now));
    // Missing output is absent, not empty (seen by pycloudlib).
    if !instance.reached(instance.startup.console_at, context.now)
        || hypervisor == Some(Hypervisor::BareMetal)
    {
        return Ok(Reply::xml(reply));
    }
    let text = context
        .guest
        .console_output(&context.software().boot(ec2, instance, context.now));
    let text = text.as_bytes();
    // EC2 reference: the most recent 64 KB.
    let recent = &text[text.len().saturating_sub(64 * 1024)..];
    Ok(Reply::xml(reply.with("output", STANDARD.encode(recent))))
}

impl Instance {
    /// Returns the instance as its guest sees it, as the first in its region and with usual timings.
    pub(crate) fn boot(&self, at: Timestamp) -> Boot {
        let instance_type = catalog::instance_type(&self.launch.instance_type);
        let gpus = instance_type.and_then(|known| known.gpus.as_ref());
        Boot {
            instance_id: self.id.clone(),
            instance_type: self.launch.instance_type.clone(),
            gpu_count: gpus.map_or(0, |gpus| gpus.count),
            gpu_manufacturer: gpus
                .map(|gpus| gpus.manufacturer.clone())
                .unwrap_or_default(),
            gpu_model: gpus.map(|gpus| gpus.model.clone()).unwrap_or_default(),
            gpu_memory_mib: gpus.map_or(0, |gpus| {
                gpus.memory_mib_total / u64::from(gpus.count.max(1))
            }),
            user_data: script(&self.launch.user_data),
            launch_number: 1,
            since: Duration::try_from(at.duration_since(self.startup.console_at))
                .unwrap_or_default(),
            now: at,
            timings: Timings::default(),
        }
    }
}
