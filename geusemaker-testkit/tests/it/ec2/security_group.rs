//! Security groups and their rules.

use aws_sdk_ec2::types::{
    IpPermission, IpRange, PrefixListId, ResourceType, Tag, TagSpecification, UserIdGroupPair,
};
use geusemaker_testkit::{Aws, Timings};

use super::{account, code, default_vpc, filter, group, image, instant, message, subnet};

const ORIGIN_FACING: &str = "pl-3b927c52";

fn tcp(port: i32) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
    IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(port)
        .to_port(port)
}

fn from_cidr(port: i32, cidr: &str) -> IpPermission {
    let range = IpRange::builder().cidr_ip(cidr).description("who").build();
    tcp(port).ip_ranges(range).build()
}

fn from_group(port: i32, group: &str) -> IpPermission {
    let pair = UserIdGroupPair::builder().group_id(group).build();
    tcp(port).user_id_group_pairs(pair).build()
}

fn from_prefix_list(port: i32) -> IpPermission {
    let list = PrefixListId::builder()
        .prefix_list_id(ORIGIN_FACING)
        .build();
    tcp(port).prefix_list_ids(list).build()
}

/// A deleted group is no longer found.
#[tokio::test(start_paused = true)]
async fn group_is_described_with_its_rules() {
    let (aws, client) = instant();
    let id = group(&client, "alb").await;
    assert_eq!(
        aws.leftovers()[0].to_string(),
        format!("EC2::SecurityGroup {id}")
    );
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::SecurityGroupRule)
        .tags(Tag::builder().key("part").value("edge").build())
        .build();
    let authorized = client
        .authorize_security_group_ingress()
        .group_id(&id)
        .ip_permissions(from_cidr(80, "10.1.2.3/16"))
        .tag_specifications(tags)
        .send()
        .await
        .unwrap();
    let rule = &authorized.security_group_rules()[0];
    assert!(rule.security_group_rule_id().unwrap().starts_with("sgr-"));
    assert_eq!(rule.cidr_ipv4(), Some("10.1.0.0/16"));
    assert_eq!(rule.description(), Some("who"));
    assert_eq!(rule.tags()[0].value(), Some("edge"));

    let described = client.describe_security_groups().group_ids(&id).send();
    let described = described.await.unwrap();
    let permissions = described.security_groups()[0].ip_permissions();
    assert_eq!(permissions.len(), 1);
    assert_eq!(permissions[0].from_port(), Some(80));
    let egress = described.security_groups()[0].ip_permissions_egress();
    assert_eq!(egress[0].ip_protocol(), Some("-1"));
    assert_eq!(egress[0].ip_ranges()[0].cidr_ip(), Some("0.0.0.0/0"));

    client
        .delete_security_group()
        .group_id(&id)
        .send()
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty());
    let again = client.delete_security_group().group_id(&id).send();
    assert_eq!(code(again.await), "InvalidGroup.NotFound");
}

/// A new group has no other rule.
#[tokio::test(start_paused = true)]
async fn new_group_allows_all_egress() {
    let (_, client) = instant();
    let id = group(&client, "new").await;
    let rules = client
        .describe_security_group_rules()
        .filters(filter("group-id", &id))
        .send()
        .await
        .unwrap();
    assert_eq!(rules.security_group_rules().len(), 1);
    assert_eq!(rules.security_group_rules()[0].is_egress(), Some(true));
}

#[tokio::test(start_paused = true)]
async fn group_name_is_unique_ignoring_case() {
    let (_, client) = instant();
    group(&client, "Web").await;
    let create = |name: &str| {
        client
            .create_security_group()
            .group_name(name)
            .description("x")
    };
    assert_eq!(code(create("web").send().await), "InvalidGroup.Duplicate");
    assert_eq!(code(create("sg-web").send().await), "InvalidParameterValue");
    assert_eq!(
        code(create(&"w".repeat(256)).send().await),
        "InvalidParameterValue"
    );
    assert_eq!(code(create("wéb").send().await), "InvalidParameterValue");
    create(&"w".repeat(255)).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn default_group_cannot_be_deleted() {
    let (_, client) = instant();
    let vpc = default_vpc(&client).await;
    let groups = client
        .describe_security_groups()
        .filters(filter("group-name", "default"))
        .filters(filter("vpc-id", &vpc))
        .send()
        .await
        .unwrap();
    let id = groups.security_groups()[0].group_id().unwrap();
    let deleted = client.delete_security_group().group_id(id).send();
    assert_eq!(code(deleted.await), "CannotDelete");
}

#[tokio::test(start_paused = true)]
async fn referenced_group_cannot_be_deleted() {
    let (aws, client) = instant();
    let alb = group(&client, "alb").await;
    let instances = group(&client, "instances").await;
    client
        .authorize_security_group_ingress()
        .group_id(&instances)
        .ip_permissions(from_group(80, &alb))
        .send()
        .await
        .unwrap();
    let delete = client.delete_security_group().group_id(&alb);
    assert_eq!(
        message(delete.clone().send().await),
        format!("resource {alb} has a dependent object")
    );
    client
        .revoke_security_group_ingress()
        .group_id(&instances)
        .ip_permissions(from_group(80, &alb))
        .send()
        .await
        .unwrap();
    delete.send().await.unwrap();
    client
        .delete_security_group()
        .group_id(&instances)
        .send()
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn self_referencing_group_can_be_deleted() {
    let (aws, client) = instant();
    let id = group(&client, "efs").await;
    client
        .authorize_security_group_ingress()
        .group_id(&id)
        .ip_permissions(from_group(2049, &id))
        .send()
        .await
        .unwrap();
    client
        .delete_security_group()
        .group_id(&id)
        .send()
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn instance_holds_group_until_terminated() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow));
    let id = group(&client, "held").await;
    aws.clock().sleep(std::time::Duration::from_secs(10)).await;
    let run = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .subnet_id(subnet(&client, "us-east-1a").await)
        .security_group_ids(&id)
        .min_count(1)
        .max_count(1)
        .send()
        .await
        .unwrap();
    let instance = run.instances()[0].instance_id().unwrap();
    aws.clock().sleep(std::time::Duration::from_secs(10)).await;
    client
        .terminate_instances()
        .instance_ids(instance)
        .send()
        .await
        .unwrap();
    let delete = client.delete_security_group().group_id(&id);
    assert_eq!(code(delete.clone().send().await), "DependencyViolation");
    aws.clock().sleep(std::time::Duration::from_secs(300)).await;
    delete.send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn duplicate_rule_is_refused() {
    let (_, client) = instant();
    let id = group(&client, "twice").await;
    let authorize = |permission| {
        client
            .authorize_security_group_ingress()
            .group_id(&id)
            .ip_permissions(permission)
    };
    authorize(from_cidr(80, "0.0.0.0/0")).send().await.unwrap();
    let again = authorize(from_cidr(80, "0.0.0.0/0")).send().await;
    assert_eq!(
        message(again),
        "the specified rule \"peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW\" already exists"
    );
    let twice_in_one =
        authorize(from_cidr(81, "0.0.0.0/0")).ip_permissions(from_cidr(81, "0.0.0.0/0"));
    assert_eq!(code(twice_in_one.send().await), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn prefix_list_fits_in_group_once() {
    let (_, client) = instant();
    let id = group(&client, "edge").await;
    let authorize = |port| {
        client
            .authorize_security_group_ingress()
            .group_id(&id)
            .ip_permissions(from_prefix_list(port))
            .send()
    };
    authorize(80).await.unwrap();
    assert_eq!(
        code(authorize(443).await),
        "RulesPerSecurityGroupLimitExceeded"
    );
    let rules = client.describe_security_group_rules().send().await.unwrap();
    let of_list = rules
        .security_group_rules()
        .iter()
        .filter(|rule| rule.prefix_list_id() == Some(ORIGIN_FACING));
    assert_eq!(of_list.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn rules_are_revoked_by_id() {
    let (_, client) = instant();
    let id = group(&client, "revoked").await;
    let authorized = client
        .authorize_security_group_ingress()
        .group_id(&id)
        .ip_permissions(from_cidr(80, "10.0.0.0/8"))
        .send()
        .await
        .unwrap();
    let rule = authorized.security_group_rules()[0]
        .security_group_rule_id()
        .unwrap();
    let revoke = client
        .revoke_security_group_ingress()
        .group_id(&id)
        .security_group_rule_ids(rule);
    let revoked = revoke.clone().send().await.unwrap();
    assert_eq!(
        revoked.revoked_security_group_rules()[0].cidr_ipv4(),
        Some("10.0.0.0/8")
    );
    assert_eq!(
        code(revoke.send().await),
        "InvalidSecurityGroupRuleId.NotFound"
    );
}

/// In the default VPC the call succeeds.
#[tokio::test(start_paused = true)]
async fn revoking_missing_rule_is_refused() {
    let (_, client) = instant();
    let revoke = |group: &str| {
        client
            .revoke_security_group_ingress()
            .group_id(group)
            .ip_permissions(from_cidr(80, "10.0.0.0/8"))
            .send()
    };
    let in_default = group(&client, "in-default").await;
    let revoked = revoke(&in_default).await.unwrap();
    assert_eq!(revoked.unknown_ip_permissions().len(), 1);
    let vpc = client
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .send()
        .await
        .unwrap();
    let elsewhere = client
        .create_security_group()
        .group_name("elsewhere")
        .description("x")
        .vpc_id(vpc.vpc().unwrap().vpc_id().unwrap())
        .send()
        .await
        .unwrap();
    let revoked = revoke(elsewhere.group_id().unwrap()).await;
    assert_eq!(code(revoked), "InvalidPermission.NotFound");
}

#[tokio::test(start_paused = true)]
async fn invalid_rule_is_refused() {
    let (_, client) = instant();
    let id = group(&client, "wrong").await;
    let authorize = |permission| {
        client
            .authorize_security_group_ingress()
            .group_id(&id)
            .ip_permissions(permission)
            .send()
    };
    let range = |cidr: &str| IpRange::builder().cidr_ip(cidr).build();
    let no_ports = IpPermission::builder()
        .ip_protocol("tcp")
        .ip_ranges(range("10.0.0.0/8"));
    assert_eq!(
        code(authorize(no_ports.build()).await),
        "InvalidParameterValue"
    );
    let no_protocol = IpPermission::builder()
        .ip_protocol("ssh")
        .ip_ranges(range("10.0.0.0/8"));
    assert_eq!(
        code(authorize(no_protocol.build()).await),
        "InvalidParameterValue"
    );
    assert_eq!(
        code(authorize(from_cidr(80, "everyone")).await),
        "InvalidParameterValue"
    );
    assert_eq!(code(authorize(tcp(80).build()).await), "MissingParameter");
    let stranger = from_group(80, "sg-0123456789abcdef0");
    assert_eq!(code(authorize(stranger).await), "InvalidGroup.NotFound");
    let described = IpRange::builder()
        .cidr_ip("10.0.0.0/8")
        .description("the client’s network");
    let described = tcp(80).ip_ranges(described.build()).build();
    assert_eq!(code(authorize(described).await), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn new_group_is_not_visible_at_once() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow));
    let id = group(&client, "new").await;
    let authorize = client
        .authorize_security_group_ingress()
        .group_id(&id)
        .ip_permissions(from_cidr(80, "10.0.0.0/8"));
    assert_eq!(
        code(authorize.clone().send().await),
        "InvalidGroup.NotFound"
    );
    let by_id = client.describe_security_groups().group_ids(&id);
    assert_eq!(code(by_id.clone().send().await), "InvalidGroup.NotFound");
    let by_name = client
        .describe_security_groups()
        .filters(filter("group-name", "new"));
    assert!(
        by_name
            .clone()
            .send()
            .await
            .unwrap()
            .security_groups()
            .is_empty()
    );
    aws.clock().sleep(std::time::Duration::from_secs(6)).await;
    authorize.send().await.unwrap();
    by_id.send().await.unwrap();
    assert_eq!(by_name.send().await.unwrap().security_groups().len(), 1);
}
