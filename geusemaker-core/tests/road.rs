//! The road up and down, undisturbed: what each tier makes, in which order, and how long it takes.

mod scenario;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_cloudfront::types::OriginProtocolPolicy;
use aws_sdk_ec2::types::{HttpTokensState, IpPermission};
use geusemaker_core::spec::Tier;
use geusemaker_core::{FileSystems, Phase};
use geusemaker_testkit::{Aws, Outcome, Timings};

use scenario::{Scenario, account, assert_nothing_left, census, deploy_tier_3, spec, spec_with, stack, tier_3};

/// Everything that a deployment makes, and a way to look at it.
struct Made {
    ec2: aws_sdk_ec2::Client,
    efs: aws_sdk_efs::Client,
    elastic_load_balancing: aws_sdk_elasticloadbalancingv2::Client,
    cloudfront: aws_sdk_cloudfront::Client,
}

impl Made {
    fn by(scenario: &Scenario) -> Self {
        let config = scenario.aws.sdk_config();
        Self {
            ec2: aws_sdk_ec2::Client::new(&config),
            efs: aws_sdk_efs::Client::new(&config),
            elastic_load_balancing: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            cloudfront: aws_sdk_cloudfront::Client::new(&config),
        }
    }

    async fn security_group(&self, role: &str) -> aws_sdk_ec2::types::SecurityGroup {
        let groups = self.ec2.describe_security_groups().send().await.unwrap();
        let groups = groups.security_groups.unwrap();
        let name = format!("llm-{role}");
        groups
            .into_iter()
            .find(|group| group.group_name() == Some(&name))
            .unwrap_or_else(|| panic!("there is no group {name}"))
    }

    async fn instance(&self) -> aws_sdk_ec2::types::Instance {
        let reply = self.ec2.describe_instances().send().await.unwrap();
        let mut instances: Vec<_> =
            reply.reservations.unwrap().into_iter().flat_map(|all| all.instances.unwrap()).collect();
        assert_eq!(instances.len(), 1);
        instances.remove(0)
    }
}

fn sources(permission: &IpPermission) -> Vec<String> {
    let groups = permission.user_id_group_pairs().iter().filter_map(|pair| pair.group_id());
    let lists = permission.prefix_list_ids().iter().filter_map(|list| list.prefix_list_id());
    let ranges = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip());
    groups.chain(lists).chain(ranges).map(str::to_owned).collect()
}

/// The ports that a group opens, each with whom it admits.
fn admitted(group: &aws_sdk_ec2::types::SecurityGroup) -> BTreeSet<(i32, String)> {
    let permissions = group.ip_permissions().iter();
    permissions
        .flat_map(|permission| {
            assert_eq!(permission.ip_protocol(), Some("tcp"));
            assert_eq!(permission.from_port(), permission.to_port());
            let port = permission.from_port().unwrap();
            sources(permission).into_iter().map(move |source| (port, source))
        })
        .collect()
}

/// The place in the order of the calls of the first successful one of an operation.
#[track_caller]
fn first(aws: &Aws, operation: &str) -> usize {
    let calls = aws.calls();
    let is_it = |call: &geusemaker_testkit::CallRecord| {
        call.operation == operation && call.outcome == Outcome::Success
    };
    calls.iter().position(is_it).unwrap_or_else(|| panic!("no call of {operation} has succeeded"))
}

#[tokio::test(start_paused = true)]
async fn tier_1_is_instances_and_storage_and_nothing_else() {
    let scenario = Scenario::new();
    let deployment = scenario.session.plan(spec(1)).await.unwrap().launch().await.unwrap();
    let record = deployment.commit().await.unwrap();
    let made = census(&scenario.aws);
    scenario.destroy().await;

    assert_eq!(record.tier, Tier::Instances);
    assert_eq!(record.outputs.url, None);
    assert_eq!(record.outputs.instances.len(), 1);
    let kinds: Vec<_> = made.into_iter().collect();
    let expected = [
        ("EC2::Instance", 1),
        ("EC2::NetworkInterface", 2),
        ("EC2::SecurityGroup", 2),
        ("EFS::FileSystem", 1),
        ("EFS::MountTarget", 1),
    ]
    .map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(kinds, expected);
}

#[tokio::test(start_paused = true)]
async fn tier_2_is_reached_at_the_load_balancer_and_open_to_the_world() {
    let scenario = Scenario::new();
    let deployment = scenario.session.plan(spec(2)).await.unwrap().launch().await.unwrap();
    let deployment = deployment.balance().await.unwrap();
    let dns_name = deployment.state().load_balancer.dns_name.clone();
    let alb = Made::by(&scenario).security_group("alb").await;
    let record = deployment.commit().await.unwrap();
    scenario.destroy().await;

    assert_eq!(record.tier, Tier::LoadBalancer);
    assert_eq!(record.outputs.url, Some(format!("http://{dns_name}")));
    assert_eq!(record.outputs.load_balancer_dns, Some(dns_name));
    assert_eq!(record.outputs.distribution_domain, None);
    assert_eq!(admitted(&alb), [(80, "0.0.0.0/0".to_owned())].into());
}

#[tokio::test(start_paused = true)]
async fn tier_3_is_committed_looked_at_and_destroyed() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let domain = deployment.state().distribution.domain.clone();
    let record = deployment.commit().await.unwrap();
    let status = scenario.session.status(&stack()).await.unwrap();
    let made = census(&scenario.aws);
    let undone = scenario.session.destroy(&stack(), FileSystems::Delete).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete() && undone.kept.is_empty(), "{undone:#?}");

    assert_eq!(made, tier_3());
    assert_eq!(record.tier, Tier::Cdn);
    assert_eq!(record.outputs.url, Some(format!("https://{domain}")));
    assert_eq!(status.phase, Phase::Committed);
    assert_eq!(status.outputs, record.outputs);
    assert_eq!(status.deployment, record.deployment);
    assert_eq!(status.held_by, None);
    assert_eq!(undone.deleted.len(), status.resources.len());
    let states: BTreeSet<_> =
        status.resources.iter().map(|resource| resource.state.as_str()).collect();
    let well = ["Deployed", "active", "available", "healthy", "running"];
    assert_eq!(states, well.into());
    let gone = scenario.session.status(&stack()).await.unwrap_err();
    assert_eq!(gone.to_string(), "there is no stack llm; there are none here");
}

#[tokio::test(start_paused = true)]
async fn instances_are_launched_with_required_imdsv2_and_an_encrypted_gp3_root_volume() {
    let scenario = Scenario::new();
    let deployment = scenario.session.plan(spec(1)).await.unwrap().launch().await.unwrap();
    let instance = Made::by(&scenario).instance().await;
    let volumes = serde_json::to_value(scenario.aws.snapshot()).unwrap();
    deployment.rollback().await;
    scenario.assert_nothing_left();

    let metadata = instance.metadata_options().unwrap();
    assert_eq!(metadata.http_tokens(), Some(&HttpTokensState::Required));
    // The simulator has no DescribeVolumes, but it knows what it was asked for.
    let volumes = &find(&volumes, "volumes").unwrap()[0]["device"];
    assert_eq!(volumes["volume_type"], "gp3");
    assert_eq!(volumes["encrypted"], true);
    assert_eq!(volumes["delete_on_termination"], true);
}

/// The first member of that name, however deep.
fn find<'a>(value: &'a serde_json::Value, name: &str) -> Option<&'a serde_json::Value> {
    match value {
        serde_json::Value::Object(members) => members
            .get(name)
            .or_else(|| members.values().find_map(|member| find(member, name))),
        serde_json::Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn security_groups_admit_only_one_another_and_cloudfront() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let made = Made::by(&scenario);
    let alb = made.security_group("alb").await;
    let instances = made.security_group("instances").await;
    let storage = made.security_group("storage").await;
    let list = deployment.state().alb.ec2.plan.cloudfront_prefix_list.clone().unwrap();
    deployment.rollback().await;
    scenario.assert_nothing_left();

    let id = |group: &aws_sdk_ec2::types::SecurityGroup| group.group_id().unwrap().to_owned();
    assert_eq!(admitted(&alb), [(80, list.to_string())].into());
    assert_eq!(admitted(&instances), [(8080, id(&alb)), (11434, id(&alb))].into());
    assert_eq!(admitted(&storage), [(2049, id(&instances))].into());
}

#[tokio::test(start_paused = true)]
async fn everything_is_tagged_from_its_first_moment() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let made = Made::by(&scenario);
    let mut tagged: Vec<(String, BTreeSet<(String, String)>)> = Vec::new();
    let ec2 = made.ec2.describe_tags().send().await.unwrap().tags.unwrap();
    for id in ec2.iter().map(|tag| tag.resource_id().unwrap()).collect::<BTreeSet<_>>() {
        let of_it = ec2.iter().filter(|tag| tag.resource_id() == Some(id));
        let pairs = of_it.map(|tag| pair(tag.key().unwrap(), tag.value().unwrap()));
        tagged.push((id.to_owned(), pairs.collect()));
    }
    for file_system in made.efs.describe_file_systems().send().await.unwrap().file_systems() {
        let pairs = file_system.tags().iter().map(|tag| pair(tag.key(), tag.value()));
        tagged.push((file_system.file_system_id().to_owned(), pairs.collect()));
    }
    let arns = scenario.aws.leftovers().into_iter();
    let arns = arns.filter(|resource| resource.kind.starts_with("ElasticLoadBalancing"));
    let arns: Vec<_> = arns.map(|resource| resource.id).collect();
    let reply = made.elastic_load_balancing.describe_tags();
    let reply = reply.set_resource_arns(Some(arns.clone())).send().await.unwrap();
    for described in reply.tag_descriptions() {
        let pairs = described.tags().iter();
        let pairs = pairs.map(|tag| pair(tag.key().unwrap(), tag.value().unwrap()));
        tagged.push((described.resource_arn().unwrap().to_owned(), pairs.collect()));
    }
    let distribution = made.cloudfront.get_distribution();
    let distribution =
        distribution.id(deployment.state().distribution.id.as_str()).send().await.unwrap();
    let arn = distribution.distribution.unwrap().arn;
    let reply = made.cloudfront.list_tags_for_resource().resource(&arn).send().await.unwrap();
    let pairs = reply.tags.unwrap().items.unwrap();
    let pairs = pairs.iter().map(|tag| pair(tag.key(), tag.value().unwrap()));
    tagged.push((arn, pairs.collect()));
    let operations: BTreeSet<_> =
        scenario.aws.calls().into_iter().map(|call| call.operation).collect();
    let record = deployment.commit().await.unwrap();
    scenario.destroy().await;

    // 3 groups, 4 rules, 1 instance with its volume and its interface; a file system; 5 of the load balancer's.
    assert_eq!(tagged.len(), 3 + 4 + 3 + 1 + 5 + 1, "{tagged:#?}");
    for (id, tags) in tagged {
        assert!(tags.contains(&pair("geusemaker:stack", "llm")), "{id}: {tags:?}");
        assert!(tags.contains(&pair("geusemaker:deployment", &record.deployment)), "{id}: {tags:?}");
        assert!(tags.iter().any(|(key, _)| key == "Name"), "{id}: {tags:?}");
    }
    for afterwards in ["CreateTags", "AddTags", "TagResource"] {
        assert!(!operations.contains(afterwards), "{afterwards} was called");
    }
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[tokio::test(start_paused = true)]
async fn the_distribution_fetches_from_the_load_balancer() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let made = Made::by(&scenario);
    let id = deployment.state().distribution.id.to_string();
    let found = made.cloudfront.get_distribution().id(id).send().await.unwrap();
    let dns_name = deployment.state().alb.load_balancer.dns_name.clone();
    deployment.rollback().await;
    scenario.assert_nothing_left();

    let config = found.distribution.unwrap().distribution_config.unwrap();
    let origins = config.origins.unwrap().items;
    assert_eq!(origins.len(), 1);
    assert_eq!(origins[0].domain_name, dns_name);
    let policy = origins[0].custom_origin_config.as_ref().unwrap().origin_protocol_policy.clone();
    assert_eq!(policy, OriginProtocolPolicy::HttpOnly);
    assert!(config.enabled);
}

#[tokio::test(start_paused = true)]
async fn cloudfront_is_asked_only_when_the_load_balancer_is_active_and_every_target_healthy() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let status = scenario.session.status(&stack()).await.unwrap();
    let asked = scenario.aws.calls().into_iter().map(|call| call.operation).collect::<Vec<_>>();
    let deployment = balanced.publish().await.unwrap();
    let order = ["CreateLoadBalancer", "RegisterTargets", "DescribeTargetHealth"]
        .map(|operation| first(&scenario.aws, operation));
    let created = first(&scenario.aws, "CreateDistributionWithTags");
    deployment.rollback().await;
    scenario.assert_nothing_left();

    assert!(!asked.contains(&"CreateDistributionWithTags".to_owned()));
    let state_of = |key: &str| {
        let of_key = status.resources.iter().filter(|resource| resource.key.starts_with(key));
        of_key.map(|resource| resource.state.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(state_of("alb"), ["active".to_owned()].into());
    assert_eq!(state_of("target-registration/"), ["healthy".to_owned()].into());
    assert!(order.is_sorted() && order[2] < created, "{order:?}, {created}");
}

#[tokio::test(start_paused = true)]
async fn the_listener_hears_each_step_in_its_order() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let dns_name = deployment.state().alb.load_balancer.dns_name.clone();
    let domain = deployment.state().distribution.domain.clone();
    deployment.commit().await.unwrap();
    let up = scenario.messages();
    scenario.destroy().await;

    let mut heard = up.iter();
    for step in [
        "Creating security groups...",
        "Launching instances...",
        "Waiting for instances to run...",
        "Creating target groups...",
        "Creating ALB...",
        "Registering instances...",
        "Waiting for ALB to be active...",
        &format!("ALB is active: {dns_name}"),
        "Waiting for healthy targets...",
        "Creating CloudFront distribution...",
        "Waiting for deployment...",
        &format!("CloudFront distribution is deployed: https://{domain}"),
    ] {
        assert!(heard.any(|message| message == step), "{step} is not where it should be in {up:#?}");
    }
    assert!(up.contains(&"Checking GPUs...".to_owned()));
    assert!(
        up.iter().any(|message| message.starts_with("CloudFront deployment: InProgress, ")
            && message.ends_with(" (usually 2m30s to 8m)")),
        "{up:#?}"
    );
    let created = up.iter().filter(|message| message.ends_with(" created")).count();
    let deleted = scenario.messages().iter().filter(|message| message.ends_with(" deleted")).count();
    assert_eq!(created, deleted);
}

/// In the slow profile every step takes as long as the slowest that was seen: a file system 30 s and then its mount
/// target 720 s, an instance 180 s, its services 90 s, its console 120 s, a load balancer 240 s, a distribution 480 s.
#[tokio::test(start_paused = true)]
async fn what_does_not_depend_on_one_another_is_waited_for_at_the_same_time() {
    let scenario = Scenario::on(account().timings(Timings::Slow).build());
    let start = scenario.aws.clock().elapsed();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let took = scenario.aws.clock().elapsed() - start;
    deployment.rollback().await;
    scenario.assert_nothing_left();

    let critical_path = Duration::from_secs(30 + 720 + 480);
    let calls_and_polls = Duration::from_secs(60);
    assert!(
        (critical_path..critical_path + calls_and_polls).contains(&took),
        "it took {took:?}, and the critical path is {critical_path:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn several_instances_are_spread_over_the_zones_and_all_registered_with_every_service() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec_with(2, "count = 3")).await.unwrap();
    let deployment = planned.launch().await.unwrap().balance().await.unwrap();
    let subnets: BTreeSet<_> =
        deployment.state().ec2.instances.iter().map(|instance| instance.subnet.clone()).collect();
    let mount_targets = deployment.state().ec2.mount_targets.len();
    let status = scenario.session.status(&stack()).await.unwrap();
    deployment.rollback().await;
    scenario.assert_nothing_left();

    assert_eq!(subnets.len(), 3);
    assert_eq!(mount_targets, 3);
    let registrations = status.resources.iter().filter(|r| r.key.starts_with("target-registration/"));
    assert_eq!(registrations.count(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_adopted_file_system_is_used_and_never_deleted() {
    let scenario = Scenario::new();
    let efs = aws_sdk_efs::Client::new(&scenario.aws.sdk_config());
    let own = efs.create_file_system().creation_token("own").send().await.unwrap().file_system_id;
    tokio::time::sleep(Duration::from_secs(60)).await;
    scenario.aws.settle_baseline();
    let adopting = spec_with(1, &format!("[storage]\nfile_system = \"{own}\""));
    let deployment = scenario.session.plan(adopting).await.unwrap().launch().await.unwrap();
    let used = deployment.state().file_system.to_string();
    deployment.commit().await.unwrap();
    let status = scenario.session.status(&stack()).await.unwrap();
    scenario.destroy().await;

    assert_eq!(used, own);
    assert_eq!(census(&scenario.aws).len(), 0);
    let adopted = status.resources.iter().filter(|resource| resource.adopted);
    assert_eq!(adopted.map(|resource| resource.key.as_str()).collect::<Vec<_>>(), ["file-system"]);
    let still_there = efs.describe_file_systems().file_system_id(own).send().await.unwrap();
    assert_eq!(still_there.file_systems().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_file_system_that_is_kept_is_all_that_stays_and_is_nobodys_then() {
    let scenario = Scenario::new();
    let deployment = scenario.session.plan(spec(1)).await.unwrap().launch().await.unwrap();
    deployment.commit().await.unwrap();
    let undone = scenario.session.destroy(&stack(), FileSystems::Keep).await.unwrap();

    assert_eq!(census(&scenario.aws), [("EFS::FileSystem".to_owned(), 1)].into());
    assert!(undone.is_complete(), "{undone:#?}");
    let kept: Vec<_> = undone.kept.iter().map(|kept| kept.key.as_str()).collect();
    assert_eq!(kept, ["file-system"]);
    // It is nobody's any more: the stack is gone, and its name is free.
    assert!(scenario.session.status(&stack()).await.is_err());
    let again = scenario.session.plan(spec(1)).await.unwrap().launch().await.unwrap();
    again.rollback().await;
    assert_eq!(census(&scenario.aws), [("EFS::FileSystem".to_owned(), 1)].into());
}

#[tokio::test(start_paused = true)]
async fn a_name_can_be_used_again_once_its_stack_is_gone() {
    let scenario = Scenario::new();
    for _ in 0..2 {
        let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
        deployment.commit().await.unwrap();
        let refused = deploy_tier_3(&scenario.session, spec(3)).await.unwrap_err();
        assert!(refused.to_string().contains("llm"), "{refused}");
        scenario.destroy().await;
    }
    assert_nothing_left(&scenario.aws);
}
