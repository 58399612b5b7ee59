//! The resources of a deployment, checked with the AWS SDK: instances, security groups, tags and origin.

use std::collections::BTreeSet;

use aws_sdk_cloudfront::types::OriginProtocolPolicy;
use aws_sdk_ec2::types::{HttpTokensState, IpPermission, VolumeType};

use crate::scenario::{Scenario, deploy_tier_3, spec};

/// The clients for checking the resources of a deployment.
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
        let mut instances: Vec<_> = reply
            .reservations
            .unwrap()
            .into_iter()
            .flat_map(|all| all.instances.unwrap())
            .collect();
        assert_eq!(instances.len(), 1);
        instances.remove(0)
    }
}

fn sources(permission: &IpPermission) -> Vec<String> {
    let groups = permission
        .user_id_group_pairs()
        .iter()
        .filter_map(|pair| pair.group_id());
    let lists = permission
        .prefix_list_ids()
        .iter()
        .filter_map(|list| list.prefix_list_id());
    let ranges = permission
        .ip_ranges()
        .iter()
        .filter_map(|range| range.cidr_ip());
    groups
        .chain(lists)
        .chain(ranges)
        .map(str::to_owned)
        .collect()
}

/// Returns the ports that a security group opens, each with the source that it admits.
fn admitted(group: &aws_sdk_ec2::types::SecurityGroup) -> BTreeSet<(i32, String)> {
    let permissions = group.ip_permissions().iter();
    permissions
        .flat_map(|permission| {
            assert_eq!(permission.ip_protocol(), Some("tcp"));
            assert_eq!(permission.from_port(), permission.to_port());
            let port = permission.from_port().unwrap();
            sources(permission)
                .into_iter()
                .map(move |source| (port, source))
        })
        .collect()
}

/// IMDSv2 is required, and the root volume is gp3 and encrypted.
#[tokio::test(start_paused = true)]
async fn instances_have_secure_launch_options() {
    let scenario = Scenario::new();
    let deployment = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let instance = Made::by(&scenario).instance().await;
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let volumes = ec2.describe_volumes().send().await.unwrap();
    deployment.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    let metadata = instance.metadata_options().unwrap();
    assert_eq!(metadata.http_tokens(), Some(&HttpTokensState::Required));
    let [volume] = volumes.volumes() else {
        panic!("one volume was to be there: {volumes:?}");
    };
    assert_eq!(volume.volume_type(), Some(&VolumeType::Gp3));
    assert_eq!(volume.encrypted(), Some(true));
    assert_eq!(volume.attachments()[0].delete_on_termination(), Some(true));
}

/// Security groups admit one another and CloudFront only.
#[tokio::test(start_paused = true)]
async fn security_groups_admit_peers_and_cloudfront() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let made = Made::by(&scenario);
    let alb = made.security_group("alb").await;
    let instances = made.security_group("instances").await;
    let storage = made.security_group("storage").await;
    let list = deployment
        .state()
        .alb
        .ec2
        .plan
        .cloudfront_prefix_list
        .clone()
        .unwrap();
    deployment.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    let id = |group: &aws_sdk_ec2::types::SecurityGroup| group.group_id().unwrap().to_owned();
    assert_eq!(admitted(&alb), [(80, list.to_string())].into());
    assert_eq!(
        admitted(&instances),
        [(8080, id(&alb)), (11434, id(&alb))].into()
    );
    assert_eq!(admitted(&storage), [(2049, id(&instances))].into());
}

#[tokio::test(start_paused = true)]
async fn load_balancer_without_cdn_is_public() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(2)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let alb = Made::by(&scenario).security_group("alb").await;
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    assert_eq!(admitted(&alb), [(80, "0.0.0.0/0".to_owned())].into());
}

#[tokio::test(start_paused = true)]
async fn resources_are_tagged_at_creation() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let made = Made::by(&scenario);
    let mut tagged: Vec<(String, BTreeSet<(String, String)>)> = Vec::new();
    let ec2 = made.ec2.describe_tags().send().await.unwrap().tags.unwrap();
    for id in ec2
        .iter()
        .map(|tag| tag.resource_id().unwrap())
        .collect::<BTreeSet<_>>()
    {
        let of_it = ec2.iter().filter(|tag| tag.resource_id() == Some(id));
        let pairs = of_it.map(|tag| pair(tag.key().unwrap(), tag.value().unwrap()));
        tagged.push((id.to_owned(), pairs.collect()));
    }
    for file_system in made
        .efs
        .describe_file_systems()
        .send()
        .await
        .unwrap()
        .file_systems()
    {
        let pairs = file_system
            .tags()
            .iter()
            .map(|tag| pair(tag.key(), tag.value()));
        tagged.push((file_system.file_system_id().to_owned(), pairs.collect()));
    }
    let arns = scenario.aws.leftovers().into_iter();
    let arns = arns.filter(|resource| resource.kind.starts_with("ElasticLoadBalancing"));
    let arns: Vec<_> = arns.map(|resource| resource.id).collect();
    let reply = made.elastic_load_balancing.describe_tags();
    let reply = reply
        .set_resource_arns(Some(arns.clone()))
        .send()
        .await
        .unwrap();
    for described in reply.tag_descriptions() {
        let pairs = described.tags().iter();
        let pairs = pairs.map(|tag| pair(tag.key().unwrap(), tag.value().unwrap()));
        tagged.push((
            described.resource_arn().unwrap().to_owned(),
            pairs.collect(),
        ));
    }
    let distribution = made.cloudfront.get_distribution();
    let distribution = distribution
        .id(deployment.state().distribution.id.as_str())
        .send()
        .await
        .unwrap();
    let arn = distribution.distribution.unwrap().arn;
    let reply = made
        .cloudfront
        .list_tags_for_resource()
        .resource(&arn)
        .send()
        .await
        .unwrap();
    let pairs = reply.tags.unwrap().items.unwrap();
    let pairs = pairs
        .iter()
        .map(|tag| pair(tag.key(), tag.value().unwrap()));
    tagged.push((arn, pairs.collect()));
    let operations: BTreeSet<_> = scenario
        .aws
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    let record = deployment.commit().await.unwrap();
    scenario.destroy().await;

    // 3 groups, 4 rules, 1 instance with its volume and its interface, a file system, 6 resources of the load balancer
    // and a distribution.
    assert_eq!(tagged.len(), 3 + 4 + 3 + 1 + 6 + 1, "{tagged:#?}");
    for (id, tags) in tagged {
        assert!(
            tags.contains(&pair("geusemaker:stack", "llm")),
            "{id}: {tags:?}"
        );
        assert!(
            tags.contains(&pair("geusemaker:deployment", record.deployment.as_str())),
            "{id}: {tags:?}"
        );
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
async fn distribution_origin_is_load_balancer() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let made = Made::by(&scenario);
    let id = deployment.state().distribution.id.to_string();
    let found = made
        .cloudfront
        .get_distribution()
        .id(id)
        .send()
        .await
        .unwrap();
    let dns_name = deployment.state().alb.load_balancer.dns_name.clone();
    deployment.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    let config = found.distribution.unwrap().distribution_config.unwrap();
    let origins = config.origins.unwrap().items;
    assert_eq!(origins.len(), 1);
    assert_eq!(origins[0].domain_name, dns_name);
    let policy = origins[0]
        .custom_origin_config
        .as_ref()
        .unwrap()
        .origin_protocol_policy
        .clone();
    assert_eq!(policy, OriginProtocolPolicy::HttpOnly);
    assert!(config.enabled);
}
