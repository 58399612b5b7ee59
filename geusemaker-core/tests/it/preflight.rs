//! Accounts in which a stack cannot work: the plan says everything that is wrong at once, each with its remedy, and
//! makes nothing.

use std::net::Ipv4Addr;
use std::time::Duration;

use aws_sdk_ec2::types::{AttributeBooleanValue, IpPermission, IpRange};
use geusemaker_core::spec::VcpuQuota;
use geusemaker_core::{Category, Error, NetworkQuota, PlanProblem, PlanWarning, PlannedNetwork};
use geusemaker_testkit::{Aws, Fault, Quota};

use crate::scenario::{Scenario, account, spec, spec_with};

/// A VPC that somebody has made, with a subnet in each of two zones.
struct Network {
    ec2: aws_sdk_ec2::Client,
    vpc: String,
    subnets: Vec<String>,
}

impl Network {
    /// Creates the VPC as `create-vpc` leaves it: without DNS host names and without a route to the internet.
    async fn bare(aws: &Aws) -> Self {
        Self::with_prefix(aws, 24).await
    }

    /// Creates the VPC with subnets of this prefix length.
    async fn with_prefix(aws: &Aws, length: u8) -> Self {
        let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
        let vpc = ec2.create_vpc().cidr_block("10.60.0.0/16").send().await;
        let vpc = vpc.unwrap().vpc.unwrap().vpc_id.unwrap();
        let mut subnets = Vec::new();
        for (third, zone) in [(0, "us-east-1a"), (1, "us-east-1b")] {
            let range = format!("{}/{length}", Ipv4Addr::new(10, 60, third, 0));
            let subnet = ec2.create_subnet().vpc_id(&vpc).cidr_block(range);
            let subnet = subnet.availability_zone(zone).send().await.unwrap();
            subnets.push(subnet.subnet.unwrap().subnet_id.unwrap());
        }
        Self { ec2, vpc, subnets }
    }

    async fn with_dns(self) -> Self {
        let on = AttributeBooleanValue::builder().value(true).build();
        let modified = self.ec2.modify_vpc_attribute().vpc_id(&self.vpc);
        modified.enable_dns_hostnames(on).send().await.unwrap();
        self
    }

    /// Routes all subnets to an internet gateway.
    async fn with_gateway(self) -> Self {
        let gateway = self.ec2.create_internet_gateway().send().await.unwrap();
        let gateway = gateway
            .internet_gateway
            .unwrap()
            .internet_gateway_id
            .unwrap();
        let attached = self.ec2.attach_internet_gateway().vpc_id(&self.vpc);
        attached.internet_gateway_id(&gateway).send().await.unwrap();
        let tables = self.ec2.describe_route_tables().send().await.unwrap();
        let mut tables = tables.route_tables().iter();
        let table = tables
            .find(|table| table.vpc_id() == Some(&self.vpc))
            .unwrap();
        let route = self.ec2.create_route().destination_cidr_block("0.0.0.0/0");
        let route = route
            .gateway_id(gateway)
            .set_route_table_id(table.route_table_id.clone());
        route.send().await.unwrap();
        self
    }

    /// Returns the lines of a spec that name this network.
    fn lines(&self) -> String {
        let Self { vpc, subnets, .. } = self;
        format!("[network]\nvpc = {vpc:?}\nsubnets = {subnets:?}")
    }
}

/// Returns the problems that the plan of this spec finds. Nothing is made.
async fn problems(scenario: &Scenario, tier: u8, more: &str) -> Vec<PlanProblem> {
    scenario.aws.reset_baseline();
    let before = scenario.aws.calls().len();
    let error = scenario
        .session
        .plan(spec_with(tier, more))
        .await
        .unwrap_err();
    scenario.assert_nothing_left();
    let calls = scenario.aws.calls();
    assert!(
        !calls[before..].iter().any(|call| call.is_mutating()),
        "{calls:?}"
    );
    let Error::Plan(error) = error else {
        panic!("{error}")
    };
    assert!(
        error
            .problems()
            .iter()
            .all(|problem| !problem.remedy().is_empty())
    );
    error.problems().to_vec()
}

#[tokio::test(start_paused = true)]
async fn network_without_dns_and_gateway_is_refused() {
    let scenario = Scenario::new();
    let network = Network::bare(&scenario.aws).await;
    let found = problems(&scenario, 2, &network.lines()).await;
    assert!(
        matches!(
            found.as_slice(),
            [
                PlanProblem::NoDns { .. },
                PlanProblem::NotPublic { .. },
                PlanProblem::NoInternetRoute { .. }
            ]
        ),
        "{found:#?}"
    );
    assert!(
        found[0].remedy().contains("--enable-dns-hostnames"),
        "{}",
        found[0].remedy()
    );

    // The remedies lead to a plan.
    let network = network.with_dns().await.with_gateway().await;
    scenario.aws.reset_baseline();
    let planned = scenario
        .session
        .plan(spec_with(2, &network.lines()))
        .await
        .unwrap();
    scenario.assert_nothing_left();
    let PlannedNetwork::Existing { subnets, .. } = &planned.state().plan.network else {
        panic!("the network exists");
    };
    assert!(subnets.iter().all(|subnet| subnet.is_public));
}

#[tokio::test(start_paused = true)]
async fn instances_get_public_addresses() {
    let scenario = Scenario::new();
    // These subnets assign none.
    let network = Network::bare(&scenario.aws)
        .await
        .with_dns()
        .await
        .with_gateway()
        .await;
    scenario.aws.reset_baseline();
    let planned = scenario
        .session
        .plan(spec_with(1, &network.lines()))
        .await
        .unwrap();
    let ready = planned.launch().await.unwrap();
    let address = ready.state().instances[0].public_ip.clone();
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert!(address.is_some());
}

#[tokio::test(start_paused = true)]
async fn all_problems_are_reported_at_once() {
    let new_account = account().quota(Quota::OnDemandGAndVt, 0).build();
    let scenario = Scenario::on(new_account);
    let network = Network::bare(&scenario.aws).await.with_gateway().await;
    let more = format!(
        "key_pair = \"nobodys\"\nami = \"ami-0123456789abcdef0\"\n{}\n[storage]\nfile_system = \"fs-0123456789abcdef0\"",
        network.lines()
    );
    let found = problems(&scenario, 2, &more).await;
    let missing: Vec<_> = found
        .iter()
        .filter_map(|problem| match problem {
            PlanProblem::Missing { field, .. } => Some(*field),
            _ => None,
        })
        .collect();
    assert_eq!(
        missing,
        ["compute.ami", "compute.key_pair", "storage.file_system"]
    );
    let others = found
        .iter()
        .filter(|it| !matches!(it, PlanProblem::Missing { .. }));
    let others: Vec<_> = others.collect();
    assert!(
        matches!(
            others.as_slice(),
            [PlanProblem::NoDns { .. }, PlanProblem::Quota { .. }]
        ),
        "{others:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn small_subnets_are_refused() {
    let scenario = Scenario::new();
    // A /28 has 16 addresses, of which AWS takes five.
    let network = Network::with_prefix(&scenario.aws, 28).await;
    let network = network.with_dns().await.with_gateway().await;
    let more = format!("count = 3\n{}", network.lines());
    let found = problems(&scenario, 2, &more).await;
    assert_eq!(found.len(), 2, "{found:#?}");
    for problem in found {
        let PlanProblem::TooFewAddresses { free, needed, .. } = problem else {
            panic!("{problem}")
        };
        assert_eq!((free, needed), (11, 12));
    }
}

#[tokio::test(start_paused = true)]
async fn quota_is_compared_with_need() {
    let limited = account().quota(Quota::OnDemandGAndVt, 8).build();
    let scenario = Scenario::on(limited);
    let found = problems(&scenario, 1, "count = 3").await;
    let [
        PlanProblem::Quota {
            quota,
            limit,
            used,
            needed,
            ..
        },
    ] = found.as_slice()
    else {
        panic!("{found:#?}")
    };
    assert_eq!(
        (*quota, *limit, *used, *needed),
        (VcpuQuota::OnDemandGAndVt, 8, 0, 12)
    );
    assert!(
        found[0].remedy().contains("/ec2/quotas/L-DB2E81BA"),
        "{}",
        found[0].remedy()
    );

    // Two instances fit; while they run, a third does not.
    let planned = scenario
        .session
        .plan(spec_with(1, "count = 2"))
        .await
        .unwrap();
    let stack = planned.launch().await.unwrap();
    let other = spec_with(1, "").to_builder().name("other".parse().unwrap());
    let error = scenario
        .session
        .plan(other.build().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.category(), Category::Access);
    stack.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert!(
        error.to_string().contains("8 vCPUs with 8 in use"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn types_beyond_quota_are_not_tried() {
    let limited = account().quota(Quota::OnDemandP, 0).build();
    let scenario = Scenario::on(limited);
    let wanted = spec_with(1, "fallback = [\"p4d.24xlarge\"]");
    let planned = scenario.session.plan(wanted).await.unwrap();
    scenario.assert_nothing_left();
    let plan = &planned.state().plan;
    assert!(
        plan.candidates
            .iter()
            .all(|it| it.instance_type.name() == "g5.xlarge")
    );
    let [
        PlanWarning::QuotaTooSmall {
            quota, needed: 96, ..
        },
    ] = plan.warnings.as_slice()
    else {
        panic!("{:#?}", plan.warnings)
    };
    assert_eq!(*quota, VcpuQuota::OnDemandP);
}

#[tokio::test(start_paused = true)]
async fn missing_permissions_are_listed() {
    let scenario = Scenario::on(
        account()
            .fault(Fault::on("RunInstances (dry run)").denied())
            .fault(Fault::on("CreateSecurityGroup (dry run)").denied())
            .fault(Fault::on("DescribeLoadBalancers").denied())
            .build(),
    );
    let error = scenario.session.plan(spec(2)).await.unwrap_err();
    scenario.assert_nothing_left();
    assert_eq!(error.category(), Category::Access);
    let Error::Plan(error) = error else {
        panic!("{error}")
    };
    let denied: Vec<_> = error
        .problems()
        .iter()
        .filter_map(|problem| match problem {
            PlanProblem::NotPermitted { source, .. } => Some(source.operation.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        denied,
        [
            "elasticloadbalancing:DescribeLoadBalancers",
            "ec2:CreateSecurityGroup",
            "ec2:RunInstances"
        ]
    );
}

/// Without permission to look, a check is left out, and the plan says so.
#[tokio::test(start_paused = true)]
async fn checks_without_permission_are_named() {
    for operation in [
        "DescribeVpcAttribute",
        "DescribeRouteTables",
        "DescribeAvailabilityZones",
        "GetServiceQuota",
    ] {
        let denied = Fault::on(operation).denied().forever();
        let scenario = Scenario::on(account().fault(denied).build());
        let planned = scenario.session.plan(spec(2)).await.unwrap();
        scenario.assert_nothing_left();
        let warnings = &planned.state().plan.warnings;
        assert!(!warnings.is_empty(), "{operation}");
        let text = warnings[0].to_string();
        assert!(text.contains(operation), "{text}");
    }
}

/// A file system of somebody else's, with a mount target in the first subnet.
async fn foreign_file_system(aws: &Aws, network: &Network) -> (String, String) {
    let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
    let created = efs
        .create_file_system()
        .creation_token("theirs")
        .send()
        .await;
    let file_system = created.unwrap().file_system_id;
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let group = network
        .ec2
        .create_security_group()
        .group_name("theirs")
        .description("theirs");
    let group = group
        .vpc_id(&network.vpc)
        .send()
        .await
        .unwrap()
        .group_id
        .unwrap();
    let target = efs.create_mount_target().file_system_id(&file_system);
    let target = target
        .subnet_id(&network.subnets[0])
        .security_groups(&group);
    target.send().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1200)).await;
    (file_system, group)
}

#[tokio::test(start_paused = true)]
async fn closed_mount_target_is_refused() {
    let scenario = Scenario::new();
    let network = Network::bare(&scenario.aws)
        .await
        .with_dns()
        .await
        .with_gateway()
        .await;
    let (file_system, group) = foreign_file_system(&scenario.aws, &network).await;
    let more = format!(
        "{}\n[storage]\nfile_system = {file_system:?}",
        network.lines()
    );
    let found = problems(&scenario, 1, &more).await;
    let [PlanProblem::MountTargetClosed { groups, range, .. }] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(
        (groups[0].as_str(), range.as_str()),
        (group.as_str(), "10.60.0.0/24")
    );

    // The remedy: the group admits the range.
    let rule = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(2049)
        .to_port(2049);
    let rule = rule
        .ip_ranges(IpRange::builder().cidr_ip(range).build())
        .build();
    let admitted = network
        .ec2
        .authorize_security_group_ingress()
        .group_id(&group);
    admitted.ip_permissions(rule).send().await.unwrap();
    scenario.aws.reset_baseline();
    let planned = scenario.session.plan(spec_with(1, &more)).await.unwrap();
    scenario.assert_nothing_left();
    let adopted = planned.state().plan.adopted_file_system.as_ref().unwrap();
    assert!(adopted.zones.contains("us-east-1a") && adopted.admitting_groups.is_empty());
}

#[tokio::test(start_paused = true)]
async fn file_system_of_other_vpc_is_refused() {
    let scenario = Scenario::new();
    let network = Network::bare(&scenario.aws).await;
    let (file_system, _) = foreign_file_system(&scenario.aws, &network).await;
    let found = problems(
        &scenario,
        1,
        &format!("[storage]\nfile_system = {file_system:?}"),
    )
    .await;
    assert!(
        matches!(
            found.as_slice(),
            [PlanProblem::FileSystemInOtherVpc { actual, .. }] if actual.as_str() == network.vpc
        ),
        "{found:#?}"
    );
    assert!(
        found[0].remedy().contains(&network.vpc),
        "{}",
        found[0].remedy()
    );
}

#[tokio::test(start_paused = true)]
async fn region_without_type_is_refused() {
    let scenario = Scenario::new();
    let spec = spec(1).to_builder().region("us-west-1".parse().unwrap());
    let error = scenario
        .session
        .plan(spec.build().unwrap())
        .await
        .unwrap_err();
    scenario.assert_nothing_left();
    let text = "the subnets are in us-west-1a, us-west-1b, and it is offered or reserved in none";
    assert!(error.to_string().contains(text), "{error}");
}

#[tokio::test(start_paused = true)]
async fn opt_in_region_is_named_as_such() {
    let scenario = Scenario::new();
    let spec = spec(1).to_builder().region("eu-south-1".parse().unwrap());
    let error = scenario
        .session
        .plan(spec.build().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.category(), Category::Access);
    let remedy = error.remedy();
    assert!(remedy.contains("aws account enable-region"), "{remedy}");
}

/// CloudFront is missing in some partitions, and another service in others.
#[tokio::test(start_paused = true)]
async fn tier_3_needs_cloudfront_of_partition() {
    for region in ["us-gov-west-1", "cn-north-1"] {
        let scenario = Scenario::new();
        let compute = spec(3).compute().to_builder();
        let compute = compute.instance_type("g4dn.xlarge".parse().unwrap());
        let spec = spec(3).to_builder().compute(compute);
        let spec = spec.region(region.parse().unwrap()).build().unwrap();
        let Err(Error::Plan(error)) = scenario.session.plan(spec).await else {
            panic!("{region}")
        };
        assert!(
            matches!(error.problems(), [PlanProblem::NoCloudFront { .. }]),
            "{error}"
        );
    }
}

/// A file system that keeps its data in one zone cannot be mounted elsewhere.
#[tokio::test(start_paused = true)]
async fn one_zone_file_system_keeps_instances_there() {
    for (zone, is_offered) in [("us-east-1b", true), ("us-east-1e", false)] {
        let scenario = Scenario::new();
        let efs = aws_sdk_efs::Client::new(&scenario.aws.sdk_config());
        let created = efs.create_file_system().creation_token("theirs");
        let created = created.availability_zone_name(zone).send().await.unwrap();
        tokio::time::sleep(Duration::from_secs(120)).await;
        scenario.aws.reset_baseline();
        let more = format!("[storage]\nfile_system = {:?}", created.file_system_id());
        if !is_offered {
            let found = problems(&scenario, 1, &more).await;
            assert!(
                matches!(
                    found.as_slice(),
                    [PlanProblem::FileSystemOfOtherZone { .. }]
                ),
                "{found:#?}"
            );
            continue;
        }
        let planned = scenario.session.plan(spec_with(1, &more)).await.unwrap();
        let candidates = planned.state().plan.candidates.clone();
        let ready = planned.launch().await.unwrap();
        ready.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        assert!(
            candidates.iter().all(|it| it.zone == zone),
            "{candidates:?}"
        );
    }
}

/// No instance comes into a zone that does not offer its type, so that addresses there do not matter.
#[tokio::test(start_paused = true)]
async fn addresses_count_where_type_is_offered() {
    let scenario = Scenario::new();
    let network = Network::bare(&scenario.aws).await.with_dns().await;
    let network = network.with_gateway().await;
    let small = network.ec2.create_subnet().vpc_id(&network.vpc);
    let small = small
        .cidr_block("10.60.9.0/28")
        .availability_zone("us-east-1e");
    small.send().await.unwrap();
    scenario.aws.reset_baseline();
    let more = format!("count = 12\n[network]\nvpc = {:?}", network.vpc);
    for tier in [1, 2] {
        drop(scenario.session.plan(spec_with(tier, &more)).await.unwrap());
    }
    scenario.assert_nothing_left();
}

#[tokio::test(start_paused = true)]
async fn full_quotas_refuse_new_network() {
    let private = "[network]\ncreate = true\nprivate = true";
    let full = || account().quota(Quota::Vpcs, 1).quota(Quota::ElasticIps, 0);
    let scenario = Scenario::on(full().build());
    let found = problems(&scenario, 1, private).await;
    let full_quotas: Vec<_> = found
        .iter()
        .filter_map(|problem| match problem {
            PlanProblem::NetworkQuota { quota, used, .. } => Some((*quota, *used)),
            _ => None,
        })
        .collect();
    let expected = [(NetworkQuota::Vpcs, 1), (NetworkQuota::ElasticIps, 0)];
    assert_eq!(full_quotas, expected, "{found:#?}");
    let remedy = found[0].remedy();
    assert!(remedy.contains("/vpc/quotas/L-F678F1CE"), "{remedy}");
    assert_eq!(
        problems(&scenario, 1, "[network]\ncreate = true")
            .await
            .len(),
        1
    );

    // A quota that nobody may read is left to AWS.
    let unknown = full().fault(Fault::on("GetServiceQuota").forever().denied());
    let scenario = Scenario::on(unknown.build());
    let planned = scenario.session.plan(spec_with(1, private)).await.unwrap();
    let warnings = planned.state().plan.warnings.iter();
    let unknown = warnings.filter(|it| matches!(it, PlanWarning::NetworkQuotaUnknown { .. }));
    assert_eq!(unknown.count(), 2);
}

/// Names and ARNs of China and GovCloud are their own.
#[tokio::test(start_paused = true)]
async fn stacks_live_in_other_partitions() {
    for (region, instance_type, partition) in [
        ("cn-north-1", "g4dn.xlarge", "arn:aws-cn:"),
        ("us-gov-west-1", "g4dn.xlarge", "arn:aws-us-gov:"),
    ] {
        let scenario = Scenario::new();
        let compute = spec(2).compute().to_builder();
        let compute = compute.instance_type(instance_type.parse().unwrap());
        let spec = spec(2).to_builder().compute(compute);
        let spec = spec.region(region.parse().unwrap()).build().unwrap();
        let planned = scenario.session.plan(spec).await.unwrap();
        let balanced = planned.launch().await.unwrap().balance().await.unwrap();
        let balancer = balanced.state().load_balancer.arn.to_string();
        balanced.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        assert!(balancer.starts_with(partition), "{balancer}");
    }
}
