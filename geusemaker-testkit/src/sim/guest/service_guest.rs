//! A guest that goes through the stages of GeuseMaker's user data.

use std::sync::atomic::{AtomicBool, Ordering};

use super::first_boot::FirstBoot;
use super::script::Script;
use super::shell::Shell;
use super::{Boot, CommandOutput, GpuGuest, Guest, GuestService, PlainGuest};
use crate::fault::BootFault;

/// A guest that installs and starts the services of GeuseMaker's user data, stage by stage: that of `gm --sandbox`.
///
/// No program runs. The guest reads the settings in the user data, and prints what its script would print, in the time
/// of the account: `GEUSEMAKER:STAGE 3/5 pulling …`, the report of the GPUs, `GEUSEMAKER:READY`. A service answers
/// some seconds after its container has started, and only then do its targets become healthy. Each of the
/// [`BootFault`]s ends that way at its stage. With user data of any other form, the guest is a [`GpuGuest`].
///
/// Of commands, it answers `docker logs` and `docker exec` for its services, `nvidia-smi`, `echo`, `printf`, `true`,
/// `false`, `exit`, `sleep`, `hostname` and `sh -c`, also in pipelines into `head` and `tail`. Any other command
/// succeeds, and prints one line that says that it is simulated.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use aws_smithy_types::base64;
/// use geusemaker_testkit::{Aws, BootFault, ServiceGuest};
///
/// let user_data = r#"#!/bin/bash
/// cat >/opt/geusemaker/run <<'END-OF-RUN'
/// gpu_check=0
/// images=(
///   'web nginx:1'
/// )
/// services=('web')
/// gpu_services=()
/// END-OF-RUN
/// cat >/opt/geusemaker/compose.json <<'END-OF-COMPOSE'
/// {"services": {"web": {"image": "nginx:1", "ports": ["80:8080"], "restart": "always"}}}
/// END-OF-COMPOSE
/// "#;
/// let aws = Aws::builder().guest(ServiceGuest::new().fault(BootFault::image_not_found("web"))).build();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// let image = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64";
/// let run = ec2.run_instances().image_id(image).instance_type("t3.micro".into()).min_count(1).max_count(1);
/// let ran = run.user_data(base64::encode(user_data)).send().await?;
/// let id = ran.instances()[0].instance_id().unwrap();
///
/// aws.clock().sleep(std::time::Duration::from_secs(600)).await;
/// let output = ec2.get_console_output().instance_id(id).send().await?;
/// let console = String::from_utf8(base64::decode(output.output().unwrap())?)?;
/// assert!(console.contains("GEUSEMAKER:STAGE 3/5 pulling nginx:1 (1 of 1)"));
/// assert!(console.contains("GEUSEMAKER:FAILED web: image not found: "));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ServiceGuest {
    faults: Vec<Placed>,
}

/// A fault, and whether it has fired.
#[derive(Debug)]
struct Placed {
    fault: BootFault,
    fired: AtomicBool,
}

impl ServiceGuest {
    /// Creates a guest on which all goes well.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault. Of several faults, the one at the first stage fires.
    #[must_use]
    pub fn fault(mut self, fault: BootFault) -> Self {
        self.faults.push(Placed {
            fault,
            fired: AtomicBool::new(false),
        });
        self
    }

    /// Passes the instance's first boot to a function; returns `None` if the user data is of another form.
    fn boot<T>(&self, boot: &Boot, read: impl FnOnce(&FirstBoot<'_>) -> T) -> Option<T> {
        let script = Script::read(&boot.user_data)?;
        let faults = self.faults.iter().enumerate();
        let faults = faults.filter(|(_, placed)| placed.fault.is_on(boot.launch_number));
        let faults: Vec<_> = faults
            .map(|(index, placed)| (index, &placed.fault.failure))
            .collect();
        let first_boot = FirstBoot::of(&script, boot, &faults);
        for fault in first_boot.struck(boot.since) {
            if let Some(placed) = self.faults.get(fault) {
                placed.fired.store(true, Ordering::Relaxed);
            }
        }
        Some(read(&first_boot))
    }
}

impl Guest for ServiceGuest {
    fn console_output(&self, boot: &Boot) -> String {
        let printed = self.boot(boot, |first_boot| first_boot.console(boot.since));
        match printed {
            Some(printed) => PlainGuest.console_output(boot) + &printed,
            None => GpuGuest.console_output(boot),
        }
    }

    fn serves(&self, boot: &Boot, port: u16) -> bool {
        let serves = self.boot(boot, |first_boot| first_boot.serves(boot.since, port));
        serves.unwrap_or(true)
    }

    fn services(&self, boot: &Boot) -> Vec<GuestService> {
        let services = self.boot(boot, |first_boot| first_boot.services(boot.since));
        services.unwrap_or_default()
    }

    fn run_command(&self, boot: &Boot, commands: &[String]) -> CommandOutput {
        let script = commands.join("\n");
        let run = |first_boot: Option<&FirstBoot<'_>>| {
            Shell {
                boot,
                first_boot,
                inside: None,
            }
            .run(&script)
        };
        let ran = self.boot(boot, |first_boot| run(Some(first_boot)));
        ran.unwrap_or_else(|| run(None))
    }

    fn unfired(&self) -> Vec<BootFault> {
        let faults = self
            .faults
            .iter()
            .filter(|placed| !placed.fault.is_optional() && !placed.fired.load(Ordering::Relaxed));
        faults.map(|placed| placed.fault.clone()).collect()
    }
}
