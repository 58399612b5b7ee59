//! `balance()`: puts a load balancer in front of the instances, and waits until every target is healthy.

use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;

use super::allowed_ranges::admit_to_load_balancer;
use super::certificates::{self, Certificates};
use super::failed::Failed;
use super::healthy_targets::{await_healthy, not_in_time, wait_timeout};
use super::launch::security_group;
use super::listeners::{listen, redirect, redirects, serving_port};
use super::names::lead_to_load_balancer;
use super::{Deployment, asked_tier, conclude, pending_work};
use crate::error::Error;
use crate::id::{LoadBalancerArn, SecurityGroupId, VpcId};
use crate::ledger::Ledger;
use crate::plan::reached::{AlbHealthy, Ec2Ready};
use crate::progress::step::Step;
use crate::resource::listener::HTTP;
use crate::resource::load_balancer::{self, ActiveLoadBalancer, Attributes, NewLoadBalancer};
use crate::resource::security_group_rule::{NewSecurityGroupRule, Source};
use crate::resource::target_group::{NewTargetGroup, TargetAttributes, TargetGroup};
use crate::resource::target_registration::NewTargetRegistration;
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, PortMapping};
use crate::wait::{Expected, Wait, WaitError};

impl Deployment<Ec2Ready> {
    /// Puts a load balancer in front of the instances: a target group for each service, with every instance registered,
    /// a listener, and a rule for the paths of each service. Returns when every target is healthy and the pending work
    /// of `launch()` is finished.
    ///
    /// # Errors
    /// Returns [`Failed`] with everything undone that this call had created. The instances are returned as they were,
    /// so it can be called again.
    pub async fn balance(self) -> Result<Deployment<AlbHealthy>, Failed<Ec2Ready>> {
        if let Err(error) = asked_tier::has_load_balancer(&self.state().plan) {
            return Err(Failed::refused(error, self));
        }
        let (guard, state) = self.begin()?;
        let ledger = guard.ledger();
        let savepoint = ledger.savepoint();
        let balanced = ledger
            .unless_closed(Box::pin(balance(ledger, &state)))
            .await;
        conclude(guard, state, savepoint, balanced).await
    }
}

async fn balance(ledger: &Arc<Ledger>, ec2: &Ec2Ready) -> Result<AlbHealthy, Error> {
    ledger.finish_undo().await?;
    let (alb, _) =
        futures::try_join!(put_in_front(ledger, ec2), pending_work::finish(ledger, ec2))?;
    Ok(alb)
}

async fn put_in_front(ledger: &Arc<Ledger>, ec2: &Ec2Ready) -> Result<AlbHealthy, Error> {
    let progress = &ledger.account.progress;
    let vpc = &ec2.network.vpc;
    let group = security_group(ledger, vpc, "alb", "The load balancer of a stack").await?;
    progress.step(Step::CreatingTargetGroups);
    progress.step(Step::CreatingLoadBalancer);
    let (arn, target_groups, (), certificates) = futures::try_join!(
        create_load_balancer(ledger, &group, ec2),
        create_target_groups(ledger, vpc),
        admit(ledger, &group, &ec2.instance_group),
        certificates::request(ledger),
    )?;
    progress.step(Step::RegisteringInstances);
    let active = async {
        progress.step(Step::WaitingForLoadBalancer);
        let (active, spent) = match await_active(ledger, &arn).await {
            Err(late @ WaitError::Deadline { .. }) => {
                return Err(not_in_time(ledger, &target_groups, ec2, late).await);
            }
            active => active?,
        };
        lead_to_load_balancer(ledger, &active).await?;
        Ok((active, spent))
    };
    let in_service = async {
        futures::try_join!(
            serve(ledger, &arn, &target_groups, &certificates),
            register(ledger, &target_groups, ec2),
            set_attributes(ledger, &arn),
        )
    };
    let ((load_balancer, spent), _) = futures::try_join!(active, in_service)?;
    progress.step(Step::LoadBalancerActive {
        dns_name: load_balancer.dns_name.clone(),
    });
    await_healthy(ledger, &target_groups, ec2, spent).await?;
    Ok(AlbHealthy {
        ec2: ec2.clone(),
        load_balancer,
        target_groups,
    })
}

/// Creates the listeners, once the certificate is issued with which they answer.
async fn serve(
    ledger: &Arc<Ledger>,
    arn: &LoadBalancerArn,
    target_groups: &[TargetGroup],
    certificates: &Certificates,
) -> Result<(), Error> {
    redirect(ledger, arn).await?;
    let certificate = certificates.issued_for_load_balancer(ledger).await?;
    listen(ledger, arn, target_groups, certificate).await
}

/// Creates the ingress rules. The load balancer admits everybody, or only the ranges in the spec, or only CloudFront if
/// it is behind a CDN; the instances admit the load balancer.
async fn admit(
    ledger: &Arc<Ledger>,
    alb: &SecurityGroupId,
    instances: &SecurityGroupId,
) -> Result<(), Error> {
    let services = ports_to_admit(&ledger.plan.spec).map(|(port, description)| {
        let rule = NewSecurityGroupRule {
            group: instances.clone(),
            port,
            source: Source::Group(alb.clone()),
            description,
            owner: ledger.owner.clone(),
        };
        ledger.create(
            ResourceKey::new(format!("security-group-rule/instances/{port}")),
            rule,
        )
    });
    futures::try_join!(admit_to_front(ledger, alb), try_join_all(services))?;
    Ok(())
}

/// Creates the ingress rules of the load balancer.
async fn admit_to_front(ledger: &Arc<Ledger>, alb: &SecurityGroupId) -> Result<(), Error> {
    let spec = &ledger.plan.spec;
    let serving = serving_port(spec);
    admit_to_port(ledger, alb, serving).await?;
    if redirects(spec) {
        admit_to_port(ledger, alb, HTTP).await?;
    }
    Ok(())
}

async fn admit_to_port(
    ledger: &Arc<Ledger>,
    alb: &SecurityGroupId,
    port: u16,
) -> Result<(), Error> {
    let plan = &ledger.plan;
    let (protocol, key) = match port {
        HTTP => ("HTTP", "security-group-rule/alb/http"),
        _ => ("HTTPS", "security-group-rule/alb/https"),
    };
    let (source, from) = match &plan.cloudfront_prefix_list {
        Some(list) => (Source::PrefixList(list.clone()), "CloudFront"),
        None if !plan.spec.access().allow().is_empty() => {
            return admit_to_load_balancer(ledger, alb, (port, protocol)).await;
        }
        None => (Source::Anywhere, "anywhere"),
    };
    let rule = NewSecurityGroupRule {
        group: alb.clone(),
        port,
        source,
        description: format!("{protocol} from {from}"),
        owner: ledger.owner.clone(),
    };
    ledger.create(ResourceKey::new(key), rule).await.map(drop)
}

/// Returns the ports of the instances that the load balancer must reach, each with the description of its rule: the
/// port of each service, and that of its health check if it is another.
fn ports_to_admit(spec: &DeploymentSpec) -> impl Iterator<Item = (u16, String)> {
    spec.served_services().flat_map(|service| {
        let port = service.port().map(PortMapping::host);
        let health = service
            .health()
            .port()
            .filter(|health| Some(*health) != port);
        let served = port.map(|port| (port, format!("{} from the load balancer", service.name())));
        let checked = health.map(|port| {
            (
                port,
                format!("health of {} from the load balancer", service.name()),
            )
        });
        served.into_iter().chain(checked)
    })
}

async fn create_load_balancer(
    ledger: &Arc<Ledger>,
    group: &SecurityGroupId,
    ec2: &Ec2Ready,
) -> Result<LoadBalancerArn, Error> {
    let plan = &ledger.plan;
    ledger
        .create(
            ResourceKey::new("alb"),
            NewLoadBalancer {
                name: plan.spec.name().load_balancer_name(),
                subnets: ec2
                    .network
                    .balancer_subnets
                    .iter()
                    .map(|subnet| subnet.id.clone())
                    .collect(),
                security_group: group.clone(),
                scheme: plan.spec.balancer_scheme(),
                owner: ledger.owner.clone(),
            },
        )
        .await
}

async fn create_target_groups(
    ledger: &Arc<Ledger>,
    vpc: &VpcId,
) -> Result<Vec<TargetGroup>, Error> {
    let spec = &ledger.plan.spec;
    let served = spec
        .served_services()
        .filter_map(|service| Some((service, service.port()?.host())));
    let creations = served.map(|(service, port)| async move {
        let wanted = NewTargetGroup {
            name: spec.name().target_group_name(service.name()),
            vpc: vpc.clone(),
            port,
            health: service.health().clone(),
            target: service.target().clone(),
            checks: spec.load_balancer().clone(),
            owner: ledger.owner.clone(),
        };
        let key = ResourceKey::new(format!("target-group/{}", service.name()));
        let arn = ledger.create(key.clone(), wanted).await?;
        let attributes = TargetAttributes {
            target_group: arn.clone(),
            target: service.target().clone(),
        };
        ledger.apply(key, attributes).await?;
        let service = service.name().clone();
        Ok::<_, Error>(TargetGroup { arn, service })
    });
    try_join_all(creations).await
}

/// Sets the attributes of the load balancer: it has to wait long enough for the answers of models.
async fn set_attributes(ledger: &Arc<Ledger>, arn: &LoadBalancerArn) -> Result<(), Error> {
    let setting = Attributes::of_spec(arn, ledger.plan.spec.load_balancer());
    ledger.apply(ResourceKey::new("alb"), setting).await
}

async fn register(
    ledger: &Arc<Ledger>,
    target_groups: &[TargetGroup],
    ec2: &Ec2Ready,
) -> Result<(), Error> {
    let registrations = target_groups.iter().flat_map(|group| {
        ec2.instances.iter().map(move |instance| {
            let registration = NewTargetRegistration {
                target_group: group.arn.clone(),
                instance: instance.id.clone(),
            };
            let key = format!("target-registration/{}/{}", group.service, instance.id);
            ledger.create(ResourceKey::new(key), registration)
        })
    });
    try_join_all(registrations).await?;
    Ok(())
}

/// Waits until the load balancer is active, and returns how long that took. The deadline is that of the healthy targets,
/// who wait for it.
async fn await_active(
    ledger: &Arc<Ledger>,
    arn: &LoadBalancerArn,
) -> Result<(ActiveLoadBalancer, Duration), WaitError> {
    let account = &ledger.account;
    // The slowest load balancer seen took a little over three minutes.
    let expected = Expected::seconds(126, 187, wait_timeout(ledger));
    Wait::new("ALB to be active", expected)
        .about(ledger.resource(arn))
        .until_timed(&account.clock, &account.progress, || {
            load_balancer::active(&account.reader, arn)
        })
        .await
}
