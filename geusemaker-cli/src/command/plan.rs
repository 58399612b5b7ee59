//! `gm plan`: shows what a spec would create.

use geusemaker_core::spec::{
    CdnBehavior, CdnOrigin, Egress, InstanceType, Purchase, SecretSource, Service, Tier, VolumeKind,
};
use geusemaker_core::words::zones;
use geusemaker_core::{
    Candidate, DeploymentSpec, DeploymentStatus, Error, KeptFileSystem, Phase, Plan, PlanWarning,
    PlannedNetwork, Rate,
};
use serde_json::{Value, json};

use super::{cost, front, ranges, spec, status};
use crate::age;
use crate::arguments::PlanOf;
use crate::context::Context;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::saved_plan::SavedPlan;

pub(crate) async fn run(context: &Context, asked: &PlanOf) -> Result<Document, Failure> {
    if let Some(out) = &asked.out {
        SavedPlan::check_place(out)?;
    }
    let spec = spec::read(context, &asked.file).await?;
    match context.session.summary(spec.name()).await {
        Err(Error::NoSuchStack { .. }) => {}
        Err(error) => return Err(error.into()),
        Ok(existing) => return of_existing(context, asked, &existing, &spec).await,
    }
    let planned = context.session.plan(spec).await?;
    let plan = &planned.state().plan;
    let document = document(context, plan).await;
    let document = match &asked.out {
        Some(out) => {
            SavedPlan::write(out, plan)?;
            let deploy = context.command(&format!("deploy {}", out.display()));
            document
                .member("out", out)
                .line(format!("  saved        {deploy} does exactly this"))
        }
        None => document,
    };
    Ok(if_detailed(asked, document))
}

/// Shows what `gm deploy` would do to a stack that exists.
async fn of_existing(
    context: &Context,
    asked: &PlanOf,
    existing: &DeploymentStatus,
    spec: &DeploymentSpec,
) -> Result<Document, Failure> {
    let name = &existing.name;
    if asked.out.is_some() {
        let message = format!("{name} exists already: a plan in a file is for a new stack");
        return Err(Failure::usage(message)
            .next(context.command(&format!("status {name}")))
            .remedy("leave --out away: gm plan says what gm deploy would do"));
    }
    spec::ensure_region(context, existing)?;
    let differences = spec::settings(context, existing, spec)?;
    for difference in &differences {
        context
            .display
            .note(&format!("gm deploy changes {difference}"));
    }
    if existing.phase == Phase::Committed {
        let document = status::up_already(context, name).await?;
        return Ok(match differences.is_empty() {
            true => document,
            false => if_detailed(asked, document),
        });
    }
    let message = format!("{name} is unfinished; gm deploy continues it");
    context.display.note(&message);
    Ok(if_detailed(asked, status::document(context, existing)))
}

/// Gives the document the exit code of a change, if that is asked for.
fn if_detailed(asked: &PlanOf, document: Document) -> Document {
    match asked.detailed_exitcode {
        true => document.with_code(ExitCode::Changes),
        false => document,
    }
}

async fn document(context: &Context, plan: &Plan) -> Document {
    let offers = offers(context, plan).await;
    Document::ok()
        .member("name", plan.spec.name())
        .member("plan", plan)
        .member("prices", prices(plan))
        .member("cost", plan.cost())
        .member("routes", front::routes(plan))
        .member("warnings", warnings(plan))
        .member("kept_file_systems", kept(context, plan).await)
        .lines(lines(plan))
        .lines(offers)
}

/// Returns the file systems that earlier stacks of this name have kept, and that the new one could use.
async fn kept(context: &Context, plan: &Plan) -> Vec<KeptFileSystem> {
    if plan.adopted_file_system.is_some() {
        return Vec::new();
    }
    let kept = context.session.kept_file_systems(plan.spec.name()).await;
    // A journal that cannot be read is an error of the deployment.
    let kept = kept.unwrap_or_default().into_iter();
    kept.filter(|kept| kept.region == plan.region && kept.account == plan.account)
        .collect()
}

/// Returns a line for each file system that the new stack could use instead of a new one.
pub(super) async fn offers(context: &Context, plan: &Plan) -> Vec<String> {
    let now = context.session.now();
    let offer = |kept: KeptFileSystem| {
        format!(
            "  kept         {} of an earlier {}, {} old; to use it: storage.file_system = \"{}\"",
            kept.id,
            kept.stack,
            age::between(kept.since, now),
            kept.id
        )
    };
    kept(context, plan).await.into_iter().map(offer).collect()
}

/// Returns the plan as lines of text.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let spec = &plan.spec;
    let compute = spec.compute();
    let mut lines = vec![format!(
        "{} in account {}, {} (tier {})",
        spec.name(),
        plan.account,
        plan.region,
        spec.tier().number()
    )];
    lines.extend(network_lines(plan));
    lines.extend([
        format!(
            "  instances    {} x {}{}, root volume {} GiB",
            compute.count(),
            plan.first_type()
                .map_or(compute.instance_type().name(), |it| it.name()),
            plan.first_type().map_or(String::new(), content),
            compute.root_volume_gib()
        ),
        format!("  image        {} {}", plan.image.id, plan.image.name),
    ]);
    for (row, candidates) in placements(plan).iter().enumerate() {
        let label = if row == 0 { "try in order" } else { "" };
        lines.push(format!("  {label:<13}{candidates}"));
    }
    lines.extend(price_line(plan));
    if let Some(reservation) = compute.capacity_reservation() {
        lines.push(format!(
            "  {:<13}in the reserved capacity {reservation}",
            ""
        ));
    }
    lines.push(match &plan.adopted_file_system {
        Some(adopted) => format!("  storage      {} ({})", adopted.id, owner(plan)),
        None => "  storage      a new encrypted file system".to_owned(),
    });
    for service in spec.services() {
        lines.push(service_line(service, spec.tier()));
        lines.extend(volume_lines(service, spec.storage().access_points()));
        lines.extend(secret_lines(service));
    }
    lines.extend(access_lines(plan));
    lines.extend(front::lines(plan));
    if spec.tier() >= Tier::Cdn {
        let way = match spec.cdn().origin() {
            CdnOrigin::Vpc => ", through a VPC origin",
            _ => "",
        };
        lines.push(format!(
            "  CDN          a CloudFront distribution in front of the load balancer{way}"
        ));
        lines.extend(spec.cdn().behaviors().iter().map(behavior_line));
    }
    lines.extend(cost::section(plan));
    let warnings = warnings(plan).into_iter();
    lines.extend(warnings.map(|warning| format!("  warning      {warning}")));
    lines
}

/// Returns what an instance of the type has: ` (1 x NVIDIA A10G)`.
fn content(instance_type: InstanceType) -> String {
    match instance_type {
        InstanceType::Gpu(gpu) => format!(" ({} x {})", gpu.gpu_count(), gpu.gpu_model()),
        InstanceType::Cpu(cpu) => {
            let memory = match (cpu.memory_mib() / 1024, cpu.memory_mib() % 1024) {
                (gib, 0) => format!("{gib} GiB"),
                _ => format!("{} MiB", cpu.memory_mib()),
            };
            format!(" ({} vCPUs, {memory}, no GPU)", cpu.vcpus())
        }
        // A later version of the library may have more.
        _ => String::new(),
    }
}

/// Returns the line about a cache behavior.
fn behavior_line(behavior: &CdnBehavior) -> String {
    format!(
        "  {:<13}{}: cache {}, {}",
        "",
        behavior.path(),
        behavior.cache(),
        behavior.methods().names().join(" ")
    )
}

/// The interface endpoints of a network whose instances reach AWS's services alone.
const ENDPOINTS: &str = "ssm, ssmmessages, ec2messages, ecr.api, ecr.dkr, logs, secretsmanager";
const ENDPOINT_COUNT: u64 = 7;

/// Returns the lines of the network: the one that is used, or the parts of the one that is created.
fn network_lines(plan: &Plan) -> Vec<String> {
    let names = zones(plan.region.as_str(), plan.network.zones());
    let new = match &plan.network {
        PlannedNetwork::Existing { vpc, .. } => {
            return vec![format!("  network      {vpc} in {names}")];
        }
        PlannedNetwork::New { new_network, .. } => new_network,
        // A later version of the library may have more.
        _ => return Vec::new(),
    };
    let mut lines = vec![format!(
        "  network      a new VPC, {}, in {names}, with an internet gateway",
        new.range
    )];
    for zone in &new.zones {
        let private = match &zone.private {
            Some(range) => format!(", private {range}"),
            None => String::new(),
        };
        lines.push(format!(
            "               subnets in {}: public {}{private}",
            zone.zone, zone.public
        ));
    }
    match new.egress {
        Some(Egress::Nat) => lines.push(format!(
            "               a NAT gateway: about {} USD per hour and {} USD per GB (us-east-1)",
            Rate::NatGatewayHour.price(),
            Rate::NatGatewayGb.price()
        )),
        Some(Egress::Endpoints) => {
            let interfaces = ENDPOINT_COUNT.saturating_mul(new.zones.len() as u64);
            lines.push(format!("               endpoints of {ENDPOINTS} and S3:"));
            lines.push(format!(
                "               about {} USD per hour and {} USD per GB (us-east-1)",
                Rate::EndpointHour.price().times(interfaces),
                Rate::EndpointGb.price()
            ));
        }
        _ => {}
    }
    lines
}

fn warnings(plan: &Plan) -> Vec<String> {
    let of_spec = plan.spec.warnings();
    let of_spec = of_spec.iter().map(ToString::to_string);
    of_spec
        .chain(plan.warnings.iter().map(ToString::to_string))
        .collect()
}

fn service_line(service: &Service, tier: Tier) -> String {
    let name = service.name();
    let further: Vec<_> = service
        .published_ports()
        .iter()
        .map(ToString::to_string)
        .collect();
    let further = match further.as_slice() {
        [] => String::new(),
        ports => format!(" and {}", ports.join(", ")),
    };
    let Some(port) = service.port() else {
        return format!("  service      {name}, internal: only for the other services");
    };
    let paths: Vec<_> = service.paths().iter().map(ToString::to_string).collect();
    let paths = if service.is_default() {
        "every other path".to_owned()
    } else if paths.is_empty() {
        "by its conditions".to_owned()
    } else {
        paths.join(", ")
    };
    match tier {
        Tier::Instances => format!("  service      {name} on port {port}{further}"),
        _ => format!("  service      {name} on port {port}{further}, {paths}"),
    }
}

/// Returns a line for each volume: where the data of a service lives.
fn volume_lines(service: &Service, has_access_points: bool) -> impl Iterator<Item = String> {
    let user = service.user().filter(|_| has_access_points);
    let shared = match user {
        Some(user) => {
            format!("on the shared file system, through an access point as user {user}")
        }
        None => "on the shared file system".to_owned(),
    };
    service.volumes().iter().map(move |volume| {
        let storage = match volume.on() {
            VolumeKind::Shared => shared.as_str(),
            VolumeKind::Local => "on the root disk: it ends with the instance",
            VolumeKind::Scratch => "on instance-store disks if there are any: emptied by a stop",
            // A later version of the library may have more.
            _ => "on the instance",
        };
        format!("               {} {storage}", volume.path())
    })
}

/// Returns a line for each secret of a service: where its value comes from.
fn secret_lines(service: &Service) -> impl Iterator<Item = String> {
    service.secrets().iter().map(|(name, source)| {
        let place = match source {
            SecretSource::Generated(_) => {
                "made on the instance, kept on the shared file system".to_owned()
            }
            source => format!("read by the instance from {source}"),
        };
        format!("               {name} {place}")
    })
}

/// Returns a line for each way to the instances.
fn access_lines(plan: &Plan) -> Vec<String> {
    let spec = &plan.spec;
    let access = spec.access();
    let mut ways = Vec::new();
    if access.ssm() {
        let role = match access.instance_profile() {
            Some(profile) => format!("your instance profile {profile}"),
            None => "a new role".to_owned(),
        };
        ways.push(format!(
            "logs, commands and shells through Systems Manager, with {role}"
        ));
    } else if let Some(profile) = access.instance_profile() {
        ways.push(format!(
            "no Systems Manager; your instance profile {profile}"
        ));
    } else if spec.creates_role() {
        ways.push("no Systems Manager; a new role, which reads the secrets".to_owned());
    }
    let has_role = spec.creates_role() || access.instance_profile().is_some();
    if access.containers_use_role() && has_role {
        ways.push("containers, too, act with the role of the instance".to_owned());
    }
    let is_served = spec.served_services().next().is_some();
    if spec.tier() == Tier::Instances && is_served {
        ways.push(match access.allow() {
            [] => "the services are closed: only forwarded ports lead to them; access.allow opens them".to_owned(),
            allowed => format!("the services from {}", ranges::words(allowed)),
        });
    }
    if !access.ssh_from().is_empty() {
        ways.push(format!("SSH from {}", ranges::words(access.ssh_from())));
    }
    if ways.is_empty() {
        ways.push("none: neither Systems Manager nor SSH".to_owned());
    }
    let ways = ways.into_iter().enumerate();
    ways.map(|(row, way)| {
        let label = if row == 0 { "access" } else { "" };
        format!("  {label:<13}{way}")
    })
    .collect()
}

/// Returns the placements that are tried for an instance, in order, with one line for each instance type and market:
/// `g5.xlarge on-demand in us-east-1a, b, f`.
fn placements(plan: &Plan) -> Vec<String> {
    let is_one_line = |a: &Candidate, b: &Candidate| {
        (a.instance_type, a.purchase) == (b.instance_type, b.purchase)
    };
    plan.candidates
        .chunk_by(is_one_line)
        .map(|candidates| {
            let names = candidates.iter().map(|candidate| candidate.zone.as_str());
            format!(
                "{} {} in {}{}",
                candidates[0].instance_type,
                candidates[0].purchase,
                zones(plan.region.as_str(), names),
                price(plan, &candidates[0])
            )
        })
        .collect()
}

/// Returns the owner of the adopted file system, who decides about its end.
fn owner(plan: &Plan) -> String {
    let mut warnings = plan.warnings.iter();
    let stack = warnings.find_map(|warning| match warning {
        PlanWarning::FileSystemOfStack { stack, .. } => Some(stack),
        _ => None,
    });
    match stack {
        Some(stack) => format!("of stack {stack}, and deleted with it"),
        None => "yours: never deleted".to_owned(),
    }
}

/// Returns the price of an hour of one instance: `, about $1.006/h`, or `, price unknown`.
fn price(plan: &Plan, candidate: &Candidate) -> String {
    let list_price = candidate.instance_type.on_demand_price();
    let list_price = list_price.map(|price| price.usd_per_hour());
    let unknown = || ", price unknown".to_owned();
    let each = if plan.spec.compute().count() > 1 {
        " each"
    } else {
        ""
    };
    match (candidate.purchase, plan.spec.compute().max_price()) {
        (Purchase::OnDemand, _) => {
            list_price.map_or(unknown(), |usd| format!(", about ${usd}/h{each}"))
        }
        (Purchase::Spot, Some(limit)) => format!(", at most ${limit}/h{each}"),
        (Purchase::Spot, None) => list_price.map_or(unknown(), |usd| {
            format!(", at most the on-demand price, about ${usd}/h{each}")
        }),
        // A block was paid when it was bought.
        _ => String::new(),
    }
}

/// Returns the list price of each instance type that has one, for programs.
fn prices(plan: &Plan) -> Vec<Value> {
    let mut types: Vec<_> = plan.candidates.iter().map(|it| it.instance_type).collect();
    types.dedup();
    let priced = types.into_iter().filter_map(|it| {
        let price = it.on_demand_price()?;
        Some(json!({
            "instance_type": it.to_string(),
            "on_demand_usd_per_hour": price.usd_per_hour(),
            "region": price.region().to_string(),
            "as_of": price.as_of().to_string(),
        }))
    });
    priced.collect()
}

/// Returns the line that says where the prices come from, if there are any.
fn price_line(plan: &Plan) -> Option<String> {
    let mut prices = plan
        .candidates
        .iter()
        .filter_map(|it| it.instance_type.on_demand_price());
    let price = prices.next()?;
    Some(format!(
        "  {:<13}(on-demand prices: {}, Linux, the list of {})",
        "",
        price.region(),
        price.as_of()
    ))
}
