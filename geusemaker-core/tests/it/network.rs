//! A network of its own: created before everything else, removed after everything else, found again after a lost reply,
//! and left alone while somebody else uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_ec2::types::{Filter, NetworkInterface, RouteState};
use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{
    AnyDeployment, CommittedStack, DeploymentSpec, Error, FileSystems, KeepReason, PlanProblem,
    PlannedNetwork, ResourceKind, Session,
};
use geusemaker_testkit::{Aws, Fault};

use crate::scenario::moment::Watched;
use crate::scenario::{
    Scenario, account, assert_nothing_left, census, deploy_tier_3, spec, spec_with, stack, tier_3,
};

/// The three kinds of networks: instances with public addresses, behind a NAT gateway, and with endpoints alone.
const NETWORKS: [&str; 3] = [PUBLIC, NAT, ENDPOINTS];

const PUBLIC: &str = "[network]\ncreate = true";
const NAT: &str = "[network]\ncreate = true\nprivate = true";
const ENDPOINTS: &str = "[network]\ncreate = true\nprivate = true\negress = \"endpoints\"";

/// Returns the number of resources of each kind that such a network adds to a stack.
fn parts(network: &str) -> BTreeMap<String, usize> {
    let mut parts = vec![("VPC", 1), ("InternetGateway", 1)];
    parts.extend(match network {
        PUBLIC => [("Subnet", 2), ("RouteTable", 1)],
        _ => [("Subnet", 4), ("RouteTable", 3)],
    });
    match network {
        NAT => parts.extend([("NatGateway", 1), ("EIP", 1)]),
        ENDPOINTS => parts.extend([("VPCEndpoint", 8)]),
        _ => {}
    }
    let parts = parts.into_iter();
    parts
        .map(|(kind, count)| (format!("EC2::{kind}"), count))
        .collect()
}

async fn deploy_tier_1(session: &Session, network: &str) -> Result<CommittedStack, Error> {
    let planned = session.plan(spec_with(1, network)).await?;
    Ok(planned.launch().await?.commit().await?)
}

/// Returns the network interfaces of the instances.
async fn of_instances(aws: &Aws) -> Vec<NetworkInterface> {
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let filter = Filter::builder()
        .name("attachment.device-index")
        .values("0");
    let found = ec2.describe_network_interfaces().filters(filter.build());
    let mut found = found.send().await.unwrap().network_interfaces.unwrap();
    found.retain(|it| it.attachment().is_some_and(|it| it.instance_id().is_some()));
    found
}

/// In China, AWS names the endpoints of some services differently.
#[tokio::test(start_paused = true)]
async fn endpoints_have_names_of_region() {
    for (region, ecr) in [
        ("us-gov-west-1", "com.amazonaws.us-gov-west-1.ecr.api"),
        ("cn-north-1", "cn.com.amazonaws.cn-north-1.ecr.api"),
    ] {
        let scenario = Scenario::new();
        let spec = spec_with(1, ENDPOINTS);
        let compute = spec.compute().to_builder();
        let compute = compute.instance_type("g4dn.xlarge".parse().unwrap());
        let spec = spec.to_builder().compute(compute);
        let spec = spec.region(region.parse().unwrap()).build().unwrap();
        let planned = scenario.session.plan(spec).await.unwrap();
        let PlannedNetwork::New { new_network, .. } = &planned.state().plan.network else {
            panic!()
        };
        let names = new_network.endpoint_services.clone();
        let ready = planned.launch().await.unwrap();
        ready.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        assert_eq!(names.len(), 8);
        assert!(names.iter().any(|name| name == ecr), "{names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn stack_gets_network_of_its_own() {
    for network in NETWORKS {
        let scenario = Scenario::new();
        let deployed = deploy_tier_3(&scenario.session, spec_with(3, network))
            .await
            .unwrap();
        let mut census = census(&scenario.aws);
        for (kind, count) in parts(network) {
            assert_eq!(census.remove(&kind), Some(count), "{network}: {kind}");
        }
        let mut usual = tier_3();
        if network == ENDPOINTS {
            *usual.get_mut("EC2::SecurityGroup").unwrap() += 1;
        }
        // Load balancers, NAT gateways and endpoints have interfaces of their own.
        for census in [&mut census, &mut usual] {
            census.remove("EC2::NetworkInterface");
        }
        assert_eq!(census, usual, "{network}");
        let state = &deployed.state().alb.ec2;
        let zones = |subnets: &[geusemaker_core::Subnet]| {
            let zones = subnets.iter().map(|subnet| subnet.zone.clone());
            zones.collect::<Vec<_>>()
        };
        let used = &state.network;
        assert_eq!(zones(&used.balancer_subnets), ["us-east-1a", "us-east-1b"]);
        assert_eq!(zones(&used.instance_subnets), ["us-east-1a", "us-east-1b"]);
        let [interface] = &of_instances(&scenario.aws).await[..] else {
            panic!("{network}: not one instance");
        };
        let has_public_address = interface.association().is_some();
        assert_eq!(has_public_address, network == PUBLIC, "{network}");
        assert_eq!(interface.vpc_id(), Some(used.vpc.as_str()));
        deployed.commit().await.unwrap();
        scenario.destroy().await;
        assert_eq!(scenario.aws.unfired(), []);
    }
}

/// Private subnets lead to the NAT gateway, public ones to the internet gateway.
#[tokio::test(start_paused = true)]
async fn subnets_have_way_out() {
    let scenario = Scenario::new();
    deploy_tier_1(&scenario.session, NAT).await.unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let tables = ec2.describe_route_tables().send().await.unwrap();
    let mut ways: Vec<_> = tables
        .route_tables()
        .iter()
        .filter(|table| table.tags().len() == 3)
        .map(|table| {
            let mut routes = table.routes().iter();
            let out = routes.find(|it| it.destination_cidr_block() == Some("0.0.0.0/0"));
            let out = out.unwrap();
            assert_eq!(out.state(), Some(&RouteState::Active));
            let kind = out.gateway_id().or(out.nat_gateway_id()).unwrap();
            let kind = kind.split('-').next().unwrap().to_owned();
            (kind, table.associations().len())
        })
        .collect();
    ways.sort();
    let wanted = [("igw", 2), ("nat", 1), ("nat", 1)];
    assert_eq!(ways, wanted.map(|(kind, count)| (kind.to_owned(), count)));
    let attribute = ec2.describe_vpc_attribute();
    let vpcs = ec2.describe_vpcs().send().await.unwrap();
    let ours = vpcs
        .vpcs()
        .iter()
        .find(|vpc| vpc.is_default() != Some(true));
    let attribute = attribute.vpc_id(ours.unwrap().vpc_id().unwrap());
    let attribute = attribute.attribute("enableDnsHostnames".into()).send();
    let names = attribute.await.unwrap().enable_dns_hostnames;
    assert_eq!(names.unwrap().value(), Some(true));
    scenario.destroy().await;
}

/// The calls that change something while a stack comes up or goes, as (operation, nth).
async fn changes(network: &str) -> (Vec<(String, u32)>, Vec<(String, u32)>) {
    let scenario = Scenario::new();
    deploy_tier_1(&scenario.session, network).await.unwrap();
    let up = scenario.aws.calls().len();
    scenario.destroy().await;
    let number = |calls: &[geusemaker_testkit::CallRecord]| {
        let mut seen = BTreeMap::<String, u32>::new();
        let changes = calls.iter().filter(|call| call.is_mutating());
        changes
            .map(|call| {
                let nth = seen.entry(call.operation.clone()).or_default();
                *nth += 1;
                (call.operation.clone(), *nth)
            })
            .collect()
    };
    let calls = scenario.aws.calls();
    (number(&calls[..up]), number(&calls[up..]))
}

/// The networks whose calls are disturbed, and the parts of the names of those calls. Each call occurs in one of them.
const DISTURBED: [(&str, &[&str]); 2] = [
    (NAT, &["Vpc", "Subnet", "Route", "Gateway", "Address"]),
    (ENDPOINTS, &["VpcEndpoint"]),
];

/// A lost reply, a lost request and a throttled call, at every call that makes a part of a network.
#[tokio::test(start_paused = true)]
async fn network_survives_lost_calls() {
    for (network, parts) in DISTURBED {
        let whole = {
            let scenario = Scenario::new();
            deploy_tier_1(&scenario.session, network).await.unwrap();
            census(&scenario.aws)
        };
        let (mut up, _) = changes(network).await;
        up.retain(|(operation, _)| parts.iter().any(|part| operation.contains(part)));
        let operations = up.iter().filter(|(_, nth)| *nth == 1).count();
        assert_eq!(operations, if network == NAT { 10 } else { 1 }, "{up:#?}");
        for (operation, nth) in up {
            let fault = || Fault::on(&operation).nth(nth);
            let faults: [Fault; 4] = [
                fault().lose_reply().into(),
                fault().lose_reply().forever().into(),
                fault().reset().into(),
                fault().answer("RequestLimitExceeded").times(3).into(),
            ];
            for (number, fault) in faults.into_iter().enumerate() {
                let at = format!("{network}: {operation} {nth}, fault {number}");
                let scenario = Scenario::on(account().fault(fault).build());
                let deployed = deploy_tier_1(&scenario.session, network).await;
                deployed.unwrap_or_else(|error| panic!("{at}: {error}"));
                assert_eq!(scenario.aws.unfired(), [], "{at}");
                assert_eq!(census(&scenario.aws), whole, "{at}");
                scenario.destroy().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn network_removal_survives_lost_calls() {
    for (network, parts) in DISTURBED {
        let (_, mut down) = changes(network).await;
        down.retain(|(operation, _)| parts.iter().any(|part| operation.contains(part)));
        assert!(!down.is_empty());
        for (operation, nth) in down {
            let fault = || Fault::on(&operation).nth(nth);
            let faults: [Fault; 3] = [
                fault().lose_reply().into(),
                fault().reset().into(),
                fault().answer("RequestLimitExceeded").times(3).into(),
            ];
            for fault in faults {
                let scenario = Scenario::new();
                deploy_tier_1(&scenario.session, network).await.unwrap();
                scenario.aws.inject(fault);
                scenario.destroy().await;
                assert_eq!(scenario.aws.unfired(), [], "{operation} {nth}");
            }
        }
    }
}

/// A part that could not be deleted is listed with the action to allow, and the next removal finishes it.
#[tokio::test(start_paused = true)]
async fn undeletable_part_is_listed() {
    for (network, operation, kind) in [
        (PUBLIC, "DeleteRoute", ResourceKind::Route),
        (
            PUBLIC,
            "DisassociateRouteTable",
            ResourceKind::RouteTableAssociation,
        ),
        (PUBLIC, "DeleteRouteTable", ResourceKind::RouteTable),
        (PUBLIC, "DeleteSubnet", ResourceKind::Subnet),
        (
            PUBLIC,
            "DetachInternetGateway",
            ResourceKind::InternetGatewayAttachment,
        ),
        (
            PUBLIC,
            "DeleteInternetGateway",
            ResourceKind::InternetGateway,
        ),
        (PUBLIC, "DeleteVpc", ResourceKind::Vpc),
        (NAT, "DeleteNatGateway", ResourceKind::NatGateway),
        (NAT, "ReleaseAddress", ResourceKind::ElasticIp),
        (ENDPOINTS, "DeleteVpcEndpoints", ResourceKind::VpcEndpoint),
    ] {
        let scenario = Scenario::new();
        deploy_tier_1(&scenario.session, network).await.unwrap();
        scenario.aws.inject(Fault::on(operation).denied());
        let undone = scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await;
        let undone = undone.unwrap();
        let left = undone.left.iter().find(|left| left.kind == kind);
        let left = left.unwrap_or_else(|| panic!("{operation}: {:#?}", undone.left));
        let remedy = left.remedy.as_ref().unwrap();
        assert!(remedy.contains("allow the action ec2:"), "{remedy}");
        assert_eq!(left.command, None);
        assert!(left.why.contains("UnauthorizedOperation"), "{}", left.why);
        scenario.destroy().await;
    }
}

/// Continues to a committed tier 1 from any state.
async fn finish(deployment: AnyDeployment) -> Result<CommittedStack, Error> {
    match deployment {
        AnyDeployment::Planned(planned) => Ok(planned.launch().await?.commit().await?),
        AnyDeployment::Ec2Ready(ready) => Ok(ready.commit().await?),
        other => panic!("{other:?}"),
    }
}

/// A process that ends at any moment: the next one finishes the stack, and nothing exists twice.
#[tokio::test(start_paused = true)]
async fn network_resumes_from_any_moment() {
    // One moment in three, or in eleven, keeps the test short; each kind of part has many moments.
    for (network, one_in) in [(NAT, 3), (ENDPOINTS, 11)] {
        let watched = Watched::new(account());
        deploy_tier_1(&watched.scenario.session, network)
            .await
            .unwrap();
        let whole = census(&watched.scenario.aws);
        let moments = watched.take();
        watched.scenario.destroy().await;
        assert!(moments.len() > 60, "only {} moments", moments.len());
        for (number, moment) in moments.into_iter().enumerate().step_by(one_in) {
            let at = format!("{network}: moment {number}, {}", moment.what);
            let again = moment.fork();
            let scenario = moment.restart().await;
            match scenario.session.open(&stack()).await {
                Ok(opened) => {
                    let finished = finish(opened).await;
                    finished.unwrap_or_else(|error| panic!("{at}: {error}"));
                    assert_eq!(census(&scenario.aws), whole, "{at}");
                    scenario.destroy().await;
                }
                Err(Error::NoSuchStack { .. }) => scenario.assert_nothing_left(),
                // It was committed already.
                Err(Error::Committed { .. }) => scenario.destroy().await,
                Err(error) => panic!("{at}: {error}"),
            }
            let scenario = again.restart().await;
            match crate::scenario::remove(&scenario.session).await {
                Ok(undone) => assert!(undone.is_complete(), "{at}: {:#?}", undone.left),
                Err(Error::NoSuchStack { .. }) => {}
                Err(error) => panic!("{at}: {error}"),
            }
            let left = scenario.aws.leftovers();
            assert!(left.is_empty(), "{at}: {left:#?}");
        }
    }
}

/// The launch fails with AWS's reason, and the whole network is undone; the next launch makes another.
#[tokio::test(start_paused = true)]
async fn failed_nat_gateway_is_undone() {
    let fault = Fault::on("CreateNatGateway").fails("InternalError");
    let scenario = Scenario::on(account().fault(fault).build());
    let planned = scenario.session.plan(spec_with(1, NAT)).await.unwrap();
    let failed = planned.launch().await.unwrap_err();
    assert!(
        failed.error.to_string().contains("NAT gateway nat-"),
        "{}",
        failed.error
    );
    scenario.assert_nothing_left();
    let ready = failed.previous.launch().await.unwrap();
    ready.commit().await.unwrap();
    scenario.destroy().await;
}

/// Somebody has put an interface into a subnet of the stack: what it holds is left, and listed with its holder.
#[tokio::test(start_paused = true)]
async fn network_in_use_is_left() {
    let scenario = Scenario::new();
    deploy_tier_1(&scenario.session, PUBLIC).await.unwrap();
    let status = scenario.session.summary(&stack()).await.unwrap();
    let subnets = status.resources.iter();
    let mut subnets = subnets.filter(|it| it.kind == ResourceKind::Subnet);
    let subnet = subnets.next().unwrap().id.clone().unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let made = ec2.create_network_interface().subnet_id(subnet.as_str());
    let made = made.description("somebody's").send().await.unwrap();
    let made = made
        .network_interface
        .unwrap()
        .network_interface_id
        .unwrap();

    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await;
    let undone = undone.unwrap();
    let left: Vec<_> = undone.left.iter().map(|left| left.kind).collect();
    assert_eq!(
        left,
        [ResourceKind::Subnet, ResourceKind::Vpc],
        "{undone:#?}"
    );
    for left in &undone.left {
        assert!(
            left.why.contains(&format!("{made} (somebody's)")),
            "{}",
            left.why
        );
    }
    let delete = ec2.delete_network_interface();
    delete.network_interface_id(made).send().await.unwrap();
    scenario.destroy().await;
}

/// Without its journal, all of a stack with its network is found by its tags.
#[tokio::test(start_paused = true)]
async fn network_without_journal_is_removed() {
    for network in NETWORKS {
        let scenario = Scenario::new();
        let deployed = deploy_tier_3(&scenario.session, spec_with(3, network)).await;
        deployed.unwrap().commit().await.unwrap();
        let session = Session::new(scenario.aws.sdk_config(), Arc::new(InMemory::new()));
        let orphans = session.orphans(None).await.unwrap();
        assert!(orphans.spared.is_empty(), "{orphans:#?}");
        let undone = session.remove_orphans(&orphans, FileSystems::Delete).await;
        let undone = undone.unwrap();
        scenario.assert_nothing_left();
        assert!(undone.is_complete(), "{network}: {:#?}", undone.left);
        assert_eq!(undone.deleted.len(), orphans.orphans.len());
    }
}

fn another_spec(network: &str) -> DeploymentSpec {
    DeploymentSpec::from_toml(&format!(
        "name = 'other'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n{network}"
    ))
    .unwrap()
}

/// Another stack is not put into a VPC that will be deleted, unless nothing here knows so; then the VPC is kept.
#[tokio::test(start_paused = true)]
async fn network_of_stack_is_not_shared() {
    let scenario = Scenario::new();
    deploy_tier_1(&scenario.session, PUBLIC).await.unwrap();
    let status = scenario.session.summary(&stack()).await.unwrap();
    let vpc = status
        .resources
        .iter()
        .find(|it| it.kind == ResourceKind::Vpc);
    let vpc = vpc.unwrap().id.clone().unwrap();
    let other = another_spec(&format!("network.vpc = '{vpc}'"));
    let refused = scenario.session.plan(other.clone()).await.unwrap_err();
    let Error::Plan(refused) = &refused else {
        panic!("{refused}")
    };
    assert!(
        matches!(refused.problems(), [PlanProblem::NetworkOfStack { stack: by, .. }] if *by == stack()),
        "{refused}"
    );

    let elsewhere = Session::new(scenario.aws.sdk_config(), Arc::new(InMemory::new()));
    let ready = elsewhere.plan(other).await.unwrap().launch().await.unwrap();
    ready.commit().await.unwrap();
    let orphans = elsewhere.orphans(None).await.unwrap();
    let of_network = |kind| {
        matches!(
            kind,
            ResourceKind::Vpc
                | ResourceKind::Subnet
                | ResourceKind::RouteTable
                | ResourceKind::InternetGateway
        )
    };
    assert!(
        orphans
            .orphans
            .iter()
            .all(|orphan| !of_network(orphan.kind))
    );
    let kept = orphans
        .spared
        .iter()
        .filter(|kept| of_network(kept.resource.kind));
    let kept: Vec<_> = kept
        .map(|kept| {
            let KeepReason::AdoptedBy { by, .. } = &kept.why else {
                panic!("{kept:?}");
            };
            by.to_string()
        })
        .collect();
    assert_eq!(kept, ["other"; 5]);
    let name = "other".parse().unwrap();
    let undone = elsewhere.destroy(&name, FileSystems::Delete).await.unwrap();
    assert!(undone.is_complete(), "{undone:#?}");
    scenario.destroy().await;
}

/// The file system's mount targets are in one VPC, which cannot be the new one.
#[tokio::test(start_paused = true)]
async fn mounted_file_system_needs_its_own_vpc() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    let file_system = ready.state().file_system.clone();
    ready.commit().await.unwrap();
    let elsewhere = Session::new(scenario.aws.sdk_config(), Arc::new(InMemory::new()));
    let adopting = format!("network.create = true\nstorage.file_system = '{file_system}'");
    let refused = elsewhere.plan(another_spec(&adopting)).await.unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("and this stack would be in a new VPC"),
        "{refused}"
    );
    scenario.destroy().await;
}

/// A failed launch has its network undone, and a session that is closed too.
#[tokio::test(start_paused = true)]
async fn dropped_network_is_undone() {
    for network in NETWORKS {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec_with(1, network)).await.unwrap();
        drop(planned.launch().await.unwrap());
        scenario.close_and_assert_nothing_left().await;

        let aws = account().fault(Fault::on("RunInstances").denied()).build();
        let scenario = Scenario::on(aws);
        let planned = scenario.session.plan(spec_with(1, network)).await.unwrap();
        let failed = planned.launch().await.unwrap_err();
        assert!(failed.undone.is_complete(), "{:#?}", failed.undone);
        assert_nothing_left(&scenario.aws);
    }
}
