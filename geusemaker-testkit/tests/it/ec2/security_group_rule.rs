//! Rules of security groups, in both directions and in every form that a call can use.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, SecurityGroupRuleDescription,
    SecurityGroupRuleRequest, SecurityGroupRuleUpdate, UserIdGroupPair,
};

use super::{code, default_vpc, filter, group, instant, new_vpc};

async fn described(client: &Client, id: &str) -> SecurityGroup {
    let found = client.describe_security_groups().group_ids(id).send();
    found.await.unwrap().security_groups()[0].clone()
}

fn https_to(cidr: &str) -> IpPermission {
    IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(443)
        .to_port(443)
        .ip_ranges(IpRange::builder().cidr_ip(cidr).build())
        .build()
}

#[tokio::test(start_paused = true)]
async fn default_egress_rule_can_be_replaced() {
    let (aws, client) = instant();
    let id = group(&client, "narrow").await;
    let open = described(&client, &id)
        .await
        .ip_permissions_egress()
        .to_vec();
    assert_eq!(open[0].ip_protocol(), Some("-1"));
    client
        .revoke_security_group_egress()
        .group_id(&id)
        .set_ip_permissions(Some(open))
        .send()
        .await
        .unwrap();
    let authorize = client
        .authorize_security_group_egress()
        .group_id(&id)
        .ip_permissions(https_to("10.0.0.0/8"));
    let authorized = authorize.clone().send().await.unwrap();
    assert_eq!(authorized.security_group_rules()[0].is_egress(), Some(true));
    assert_eq!(code(authorize.send().await), "InvalidPermission.Duplicate");
    let narrow = described(&client, &id).await;
    assert_eq!(narrow.ip_permissions_egress().len(), 1);
    assert!(narrow.ip_permissions().is_empty());
    client
        .delete_security_group()
        .group_name("narrow")
        .send()
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty());
}

/// CidrIp, FromPort and other parameters of the call stand in for IpPermissions.
#[tokio::test(start_paused = true)]
async fn rule_can_be_given_by_call_parameters() {
    let (_, client) = instant();
    let id = group(&client, "ssh").await;
    let rule = client
        .authorize_security_group_ingress()
        .group_name("ssh")
        .ip_protocol("tcp")
        .from_port(22)
        .to_port(22)
        .cidr_ip("192.0.2.1/32");
    rule.send().await.unwrap();
    let found = client
        .describe_security_groups()
        .group_names("ssh")
        .filters(filter("ip-permission.cidr", "192.0.2.1/32"))
        .filters(filter("ip-permission.from-port", "22"))
        .send();
    let found = found.await.unwrap();
    assert_eq!(found.security_groups()[0].group_id(), Some(id.as_str()));
    client
        .revoke_security_group_ingress()
        .group_id(&id)
        .ip_protocol("tcp")
        .from_port(22)
        .to_port(22)
        .cidr_ip("192.0.2.1/32")
        .send()
        .await
        .unwrap();
    assert!(described(&client, &id).await.ip_permissions().is_empty());
    let missing = client.describe_security_groups().group_names("no").send();
    assert_eq!(code(missing.await), "InvalidGroup.NotFound");
}

#[tokio::test(start_paused = true)]
async fn source_group_name_opens_tcp_udp_icmp() {
    let (_, client) = instant();
    let [source, target] = [
        group(&client, "source").await,
        group(&client, "target").await,
    ];
    client
        .authorize_security_group_ingress()
        .group_id(&target)
        .source_security_group_name("source")
        .send()
        .await
        .unwrap();
    let rules = described(&client, &target).await;
    let protocols: Vec<_> = rules
        .ip_permissions()
        .iter()
        .map(|permission| {
            let pair = &permission.user_id_group_pairs()[0];
            assert_eq!(pair.group_id(), Some(source.as_str()));
            permission.ip_protocol().unwrap()
        })
        .collect();
    assert_eq!(protocols, ["icmp", "tcp", "udp"]);
    let by_name = UserIdGroupPair::builder().group_name("source").build();
    let permission = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(0)
        .to_port(65_535)
        .user_id_group_pairs(by_name)
        .build();
    let again = client
        .authorize_security_group_ingress()
        .group_id(&target)
        .ip_permissions(permission)
        .send();
    assert_eq!(code(again.await), "InvalidPermission.Duplicate");
}

#[tokio::test(start_paused = true)]
async fn rule_is_modified_in_place() {
    let (_, client) = instant();
    let id = group(&client, "web").await;
    let authorized = client
        .authorize_security_group_ingress()
        .group_id(&id)
        .ip_permissions(https_to("10.0.0.0/8"))
        .send()
        .await
        .unwrap();
    let rule = authorized.security_group_rules()[0]
        .security_group_rule_id()
        .unwrap();
    let request = SecurityGroupRuleRequest::builder()
        .ip_protocol("tcp")
        .from_port(8443)
        .to_port(8443)
        .cidr_ipv6("2001:db8::/32")
        .description("new");
    let update = SecurityGroupRuleUpdate::builder()
        .security_group_rule_id(rule)
        .security_group_rule(request.build())
        .build();
    client
        .modify_security_group_rules()
        .group_id(&id)
        .security_group_rules(update)
        .send()
        .await
        .unwrap();
    let rules = client
        .describe_security_group_rules()
        .security_group_rule_ids(rule)
        .send()
        .await
        .unwrap();
    let modified = &rules.security_group_rules()[0];
    assert_eq!(modified.cidr_ipv6(), Some("2001:db8::/32"));
    assert_eq!(modified.cidr_ipv4(), None);
    assert_eq!(modified.from_port(), Some(8443));
    assert_eq!(modified.description(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn rule_description_is_set_and_removed() {
    let (_, client) = instant();
    let id = group(&client, "web").await;
    let authorized = client
        .authorize_security_group_ingress()
        .group_id(&id)
        .ip_permissions(https_to("10.0.0.0/8"))
        .send()
        .await
        .unwrap();
    let rule = authorized.security_group_rules()[0]
        .security_group_rule_id()
        .unwrap();
    let text = async || {
        let found = described(&client, &id).await;
        let range = found.ip_permissions()[0].ip_ranges()[0].clone();
        range.description().map(str::to_owned)
    };
    let update = client
        .update_security_group_rule_descriptions_ingress()
        .group_id(&id);
    let by_id = SecurityGroupRuleDescription::builder()
        .security_group_rule_id(rule)
        .description("who")
        .build();
    update
        .clone()
        .security_group_rule_descriptions(by_id)
        .send()
        .await
        .unwrap();
    assert_eq!(text().await.as_deref(), Some("who"));
    update
        .clone()
        .ip_permissions(https_to("10.0.0.0/8"))
        .send()
        .await
        .unwrap();
    assert_eq!(text().await, None);
    let not_there = update.ip_permissions(https_to("192.0.2.0/24")).send();
    assert_eq!(code(not_there.await), "InvalidPermission.NotFound");
}

/// The two directions are counted apart, and so are IPv4 and IPv6.
#[tokio::test(start_paused = true)]
async fn group_has_at_most_60_rules() {
    let (_, client) = instant();
    let id = group(&client, "full").await;
    let list = PrefixListId::builder()
        .prefix_list_id("pl-3b927c52")
        .build();
    let permission = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(443)
        .to_port(443);
    let authorize = client.authorize_security_group_egress().group_id(&id);
    // The prefix list counts as 55 rules, and the group's default rule as one more.
    authorize
        .clone()
        .ip_permissions(permission.clone().prefix_list_ids(list).build())
        .send()
        .await
        .unwrap();
    let range = |n: i32| {
        let block = IpRange::builder().cidr_ip(format!("10.0.{n}.0/24")).build();
        permission.clone().ip_ranges(block).build()
    };
    for n in 0..4 {
        let one_more = authorize.clone().ip_permissions(range(n));
        one_more.send().await.unwrap();
    }
    let one_more = authorize.clone().ip_permissions(range(4)).send().await;
    assert_eq!(code(one_more), "RulesPerSecurityGroupLimitExceeded");
    // IPv6 rules are counted apart, and so is the other direction.
    let ipv6 = Ipv6Range::builder().cidr_ipv6("::/0").build();
    authorize
        .ip_permissions(permission.clone().ipv6_ranges(ipv6).build())
        .send()
        .await
        .unwrap();
    client
        .authorize_security_group_ingress()
        .group_id(&id)
        .ip_permissions(range(4))
        .send()
        .await
        .unwrap();
}

/// DescribeSecurityGroupReferences answers with an empty list.
#[tokio::test(start_paused = true)]
async fn groups_of_vpc_are_listed() {
    let (_, client) = instant();
    let id = group(&client, "here").await;
    let list = async |vpc: &str| {
        let found = client.get_security_groups_for_vpc().vpc_id(vpc).send();
        let found = found.await.unwrap();
        let groups = found.security_group_for_vpcs().iter();
        let mut names: Vec<_> = groups
            .map(|group| group.group_name().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(list(&default_vpc(&client).await).await, ["default", "here"]);
    assert_eq!(list(&new_vpc(&client).await).await, ["default"]);
    let references = client
        .describe_security_group_references()
        .group_id(&id)
        .send();
    let references = references.await.unwrap();
    assert!(references.security_group_reference_set().is_empty());
}
