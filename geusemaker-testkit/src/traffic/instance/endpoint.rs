//! A port of an instance on which something answers.

use std::net::Ipv4Addr;
use std::time::Duration;

use jiff::Timestamp;

use crate::aws::{Aws, WeakAws};
use crate::sim::account::Account;
use crate::sim::ec2::{Ec2, Instance, InstanceState};
use crate::sim::guest::{GuestService, Software};

/// A port of an instance on which something answers.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) region: String,
    pub(crate) instance: String,
    /// The private address of the instance.
    pub(crate) address: Ipv4Addr,
    pub(crate) launch_number: u32,
    pub(crate) port: u16,
    /// The service, if the guest knows it.
    pub(crate) service: Option<GuestService>,
}

impl Endpoint {
    /// Returns the port of an instance if something answers there now.
    pub(super) fn of(aws: &Aws, region: &str, id: &str, port: u16) -> Option<Self> {
        aws.read(|account, now| {
            let ec2 = &account.regions.get(region)?.ec2;
            let instance = ec2.instance(id)?;
            if !is_up(instance, now) || !instance.has_working_guest(now) {
                return None;
            }
            let boot = software(aws, account).boot(ec2, instance, now);
            let services = aws.guest().services(&boot);
            let found = services.into_iter().find(|it| it.ports.contains(&port));
            if found.is_none() && !aws.guest().serves(&boot, port) {
                return None;
            }
            Some(Self {
                region: region.to_owned(),
                instance: id.to_owned(),
                address: instance.private_ip,
                launch_number: boot.launch_number,
                port,
                service: found,
            })
        })
    }

    /// Returns the ports of all instances on which services answer, as far as the guest names them.
    pub(crate) fn all(aws: &Aws) -> Vec<Self> {
        aws.read(|account, now| {
            let regions = account.regions.iter();
            let on_instances = regions.flat_map(|(region, content)| {
                let ec2 = &content.ec2;
                let instances = ec2.instances();
                let up = instances.filter(|it| is_up(it, now) && it.has_working_guest(now));
                up.flat_map(move |instance| {
                    Self::of_instance(aws, account, region, ec2, instance, now)
                })
            });
            on_instances.collect()
        })
    }

    fn of_instance(
        aws: &Aws,
        account: &Account,
        region: &str,
        ec2: &Ec2,
        instance: &Instance,
        now: Timestamp,
    ) -> Vec<Self> {
        let boot = software(aws, account).boot(ec2, instance, now);
        let services = aws.guest().services(&boot).into_iter();
        let endpoints = services.flat_map(|service| {
            let ports = service.ports.clone().into_iter();
            ports.map(move |port| (service.clone(), port))
        });
        let endpoints = endpoints.map(|(service, port)| Self {
            region: region.to_owned(),
            instance: instance.id.clone(),
            address: instance.private_ip,
            launch_number: boot.launch_number,
            port,
            service: Some(service),
        });
        endpoints.collect()
    }

    /// Returns once the instance no longer runs, or its software starts again; and if the account is gone.
    pub(super) async fn ended(&self, aws: WeakAws) {
        loop {
            let Some(account) = aws.upgrade() else { return };
            // Before the account is read, so that no change is missed.
            let mut changes = account.changes();
            let clock = account.clock().clone();
            let end = account.read(|account, now| {
                let instance = account
                    .regions
                    .get(&self.region)?
                    .ec2
                    .instance(&self.instance)?;
                is_up(instance, now).then(|| {
                    let end = instance.end_begins_at()?;
                    Duration::try_from(end.duration_since(now)).ok()
                })
            });
            drop(account);
            let Some(end) = end else { return };
            let at_end = async {
                match end {
                    Some(end) => clock.sleep(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                () = at_end => {}
            }
        }
    }
}

fn software<'a>(aws: &'a Aws, account: &Account) -> Software<'a> {
    Software {
        guest: &**aws.guest(),
        timings: account.rng.timings(),
    }
}

/// Returns true if the instance runs, and its software has started.
fn is_up(instance: &Instance, now: Timestamp) -> bool {
    instance.state(now) == InstanceState::Running && now >= instance.services_up_at()
}
