"""A stack's life with boto3: each part is made, waited for, looked at, and removed; in the wrong order first.

The account's time runs a hundred times as fast as AWS's, with AWS's slowest steps: what takes it minutes takes
seconds here, which is long enough to be seen on its way.

What the parts make is kept in one place, `made`, since the later ones build on the earlier.
"""

import types

from boto3_clients import (
    OFTEN,
    TAGS,
    cloudfront,
    ec2,
    efs,
    elb,
    refused,
    sts,
    tag_specification,
    tags_of,
    until,
)
from checks import GPU_REPORT, check, equal, run

# Two of CloudFront's own.
MANAGED_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
MANAGED_ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

made = types.SimpleNamespace()


def inventory():
    """The ids of all that exists, but for what was always there."""
    live = ["pending", "running", "shutting-down", "stopping", "stopped"]
    reservations = ec2.describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": live}]
    )["Reservations"]
    groups = ec2.get_paginator("describe_security_groups").paginate().build_full_result()
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    distributions = cloudfront.list_distributions()["DistributionList"].get("Items", [])
    return {
        "instances": [i["InstanceId"] for r in reservations for i in r["Instances"]],
        "groups": [it["GroupId"] for it in groups["SecurityGroups"]],
        "rules": [
            it["SecurityGroupRuleId"]
            for it in ec2.describe_security_group_rules()["SecurityGroupRules"]
        ],
        "interfaces": [it["NetworkInterfaceId"] for it in interfaces],
        "vpcs": [it["VpcId"] for it in ec2.describe_vpcs()["Vpcs"]],
        "subnets": [it["SubnetId"] for it in ec2.describe_subnets()["Subnets"]],
        "key pairs": [it["KeyName"] for it in ec2.describe_key_pairs()["KeyPairs"]],
        "file systems": [it["FileSystemId"] for it in efs.describe_file_systems()["FileSystems"]],
        "balancers": [
            it["LoadBalancerArn"] for it in elb.describe_load_balancers()["LoadBalancers"]
        ],
        "target groups": [
            it["TargetGroupArn"] for it in elb.describe_target_groups()["TargetGroups"]
        ],
        "distributions": [it["Id"] for it in distributions],
    }


def account():
    made.before = inventory()
    identity = sts.get_caller_identity()
    check("the account has an id of 12 digits", identity["Account"].isdigit(), identity)
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    check("there are two zones at least", len(zones) >= 2, zones)
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    equal("the default VPC is what AWS makes it", vpc["CidrBlock"], "172.31.0.0/16")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    subnets.sort(key=lambda subnet: subnet["AvailabilityZone"])
    check("its subnets give public addresses", all(it["MapPublicIpOnLaunch"] for it in subnets))
    made.vpc = vpc["VpcId"]
    made.subnets = [subnet["SubnetId"] for subnet in subnets[:2]]
    equal("the subnets are in two zones", len({it["AvailabilityZone"] for it in subnets[:2]}), 2)


def security_groups():
    def group(name):
        return ec2.create_security_group(
            GroupName=name,
            Description=f"{name} of a test",
            VpcId=made.vpc,
            TagSpecifications=tag_specification("security-group"),
        )["GroupId"]

    made.balancer_group, made.instance_group, made.storage_group = map(
        group, ["balancer", "instance", "storage"]
    )
    ec2.get_waiter("security_group_exists").wait(GroupIds=[made.instance_group], WaiterConfig=OFTEN)
    lists = ec2.describe_managed_prefix_lists(
        Filters=[
            {"Name": "prefix-list-name", "Values": ["com.amazonaws.global.cloudfront.origin-facing"]}
        ]
    )["PrefixLists"]
    ec2.authorize_security_group_ingress(
        GroupId=made.balancer_group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 80,
                "ToPort": 80,
                "PrefixListIds": [{"PrefixListId": lists[0]["PrefixListId"], "Description": "CDN"}],
            }
        ],
    )

    def admit(group, port, source):
        return ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": port,
                    "UserIdGroupPairs": [{"GroupId": source}],
                }
            ],
            TagSpecifications=tag_specification("security-group-rule"),
        )["SecurityGroupRules"][0]

    made.rule = admit(made.instance_group, 8080, made.balancer_group)["SecurityGroupRuleId"]
    admit(made.storage_group, 2049, made.instance_group)
    refused(
        "a rule that is there already",
        "InvalidPermission.Duplicate",
        lambda: admit(made.storage_group, 2049, made.instance_group),
    )
    refused(
        "a group whose name is taken",
        "InvalidGroup.Duplicate",
        lambda: group("balancer"),
    )
    rules = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made.rule])["SecurityGroupRules"]
    equal("a rule knows its source", rules[0]["ReferencedGroupInfo"]["GroupId"], made.balancer_group)
    equal("a rule carries tags", tags_of(rules[0]["Tags"]), tags_of(TAGS))
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "tag:stack", "Values": ["clients"]}, {"Name": "vpc-id", "Values": [made.vpc]}]
    )["SecurityGroups"]
    equal("groups are found by their tag", len(groups), 3)
    balancer = next(it for it in groups if it["GroupId"] == made.balancer_group)
    equal(
        "a group shows the prefix list that it admits",
        balancer["IpPermissions"][0]["PrefixListIds"][0]["Description"],
        "CDN",
    )
    equal("tags come back as they were given", tags_of(balancer["Tags"]), tags_of(TAGS))


def storage():
    system = efs.create_file_system(
        CreationToken="clients", PerformanceMode="generalPurpose", Encrypted=True, Tags=TAGS
    )
    made.file_system = system["FileSystemId"]
    equal("a new file system is being created", system["LifeCycleState"], "creating")
    answer = refused(
        "a creation token that is taken",
        "FileSystemAlreadyExists",
        lambda: efs.create_file_system(CreationToken="clients", Encrypted=False),
        status=409,
    )
    equal("the answer names the file system", answer["FileSystemId"], made.file_system)
    until("available", file_system_state)
    made.mount_targets = [mount_target(subnet)["MountTargetId"] for subnet in made.subnets]
    refused(
        "a second mount target in a zone",
        "MountTargetConflict",
        lambda: mount_target(made.subnets[0]),
        status=409,
    )
    until(["available"] * 2, mount_target_states)
    systems = efs.describe_file_systems(CreationToken="clients")["FileSystems"]
    equal("a file system carries its tags", tags_of(systems[0]["Tags"]), tags_of(TAGS))
    equal("a file system counts its mount targets", systems[0]["NumberOfMountTargets"], 2)
    check("a file system has a date", systems[0]["CreationTime"].year > 2000)
    groups = efs.describe_mount_target_security_groups(MountTargetId=made.mount_targets[0])
    equal("a mount target has its group", groups["SecurityGroups"], [made.storage_group])


def mount_target(subnet):
    return efs.create_mount_target(
        FileSystemId=made.file_system, SubnetId=subnet, SecurityGroups=[made.storage_group]
    )


def file_system_state():
    return efs.describe_file_systems(FileSystemId=made.file_system)["FileSystems"][0]["LifeCycleState"]


def mount_target_states():
    targets = efs.describe_mount_targets(FileSystemId=made.file_system)["MountTargets"]
    return [target["LifeCycleState"] for target in targets]


def instance():
    key = ec2.create_key_pair(KeyName="clients", KeyType="ed25519")
    check("a key pair comes with its private part", key["KeyMaterial"], key)
    images = ec2.describe_images(
        Owners=["amazon"],
        Filters=[
            {"Name": "name", "Values": ["Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04)*"]},
            {"Name": "state", "Values": ["available"]},
        ],
    )["Images"]
    image = max(images, key=lambda it: it["CreationDate"])
    types = ec2.describe_instance_types(InstanceTypes=["g5.xlarge"])["InstanceTypes"]
    equal("a type has its GPU", types[0]["GpuInfo"]["Gpus"][0]["Name"], "A10G")

    def launch(count):
        return ec2.run_instances(
            ImageId=image["ImageId"],
            InstanceType="g5.xlarge",
            MinCount=count,
            MaxCount=count,
            KeyName="clients",
            ClientToken="clients",
            UserData=GPU_REPORT,
            MetadataOptions={"HttpTokens": "required"},
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "SubnetId": made.subnets[0],
                    "Groups": [made.instance_group],
                    "AssociatePublicIpAddress": True,
                }
            ],
            BlockDeviceMappings=[
                {
                    "DeviceName": image["RootDeviceName"],
                    "Ebs": {"VolumeSize": 100, "VolumeType": "gp3", "Encrypted": True},
                }
            ],
            TagSpecifications=tag_specification("instance") + tag_specification("volume"),
        )

    launched = launch(1)["Instances"][0]
    made.instance = launched["InstanceId"]
    equal("a new instance is pending", launched["State"], {"Code": 0, "Name": "pending"})
    again = launch(1)["Instances"][0]["InstanceId"]
    equal("the same launch again gives the same instance", again, made.instance)
    refused("another launch with its token", "IdempotentParameterMismatch", lambda: launch(2))
    console = ec2.get_console_output(InstanceId=made.instance)
    equal("there is no console output at first", console.get("Output", ""), "")
    ec2.get_waiter("instance_exists").wait(InstanceIds=[made.instance], WaiterConfig=OFTEN)
    ec2.get_waiter("instance_running").wait(InstanceIds=[made.instance], WaiterConfig=OFTEN)
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=[made.instance], WaiterConfig=OFTEN)
    seen = described_instance()
    equal("it runs", seen["State"], {"Code": 16, "Name": "running"})
    equal("it carries its tags", tags_of(seen["Tags"]), tags_of(TAGS))
    equal("it is in its subnet", seen["SubnetId"], made.subnets[0])
    equal("it has its group", [it["GroupId"] for it in seen["SecurityGroups"]], [made.instance_group])
    check("it has a public address", seen.get("PublicIpAddress"), seen)
    check(
        "its public name is its address's",
        seen["PublicDnsName"].startswith("ec2-" + seen["PublicIpAddress"].replace(".", "-")),
        seen["PublicDnsName"],
    )
    equal("it demands metadata tokens", seen["MetadataOptions"]["HttpTokens"], "required")
    console = ec2.get_console_output(InstanceId=made.instance, Latest=True)
    check("its console shows its GPU", "A10G" in console["Output"], console)


def described_instance():
    answer = ec2.describe_instances(InstanceIds=[made.instance])
    return answer["Reservations"][0]["Instances"][0]


def load_balancer():
    def create(subnets, name="clients"):
        return elb.create_load_balancer(
            Name=name,
            Subnets=subnets,
            SecurityGroups=[made.balancer_group],
            Scheme="internet-facing",
            Type="application",
            Tags=TAGS,
        )["LoadBalancers"][0]

    refused(
        "a load balancer in one zone",
        "ValidationError",
        lambda: create(made.subnets[:1]),
    )
    balancer = create(made.subnets)
    made.balancer = balancer["LoadBalancerArn"]
    made.balancer_name = balancer["DNSName"]
    equal("a new load balancer is being provisioned", balancer["State"]["Code"], "provisioning")
    equal("the same again is the same", create(made.subnets)["LoadBalancerArn"], made.balancer)
    check(
        "it has a name in the DNS",
        balancer["DNSName"].startswith("clients-")
        and balancer["DNSName"].endswith(".elb.amazonaws.com"),
        balancer["DNSName"],
    )
    made.target_group = elb.create_target_group(
        Name="clients",
        Protocol="HTTP",
        Port=8080,
        VpcId=made.vpc,
        TargetType="instance",
        HealthCheckPath="/healthz",
        HealthyThresholdCount=2,
        Matcher={"HttpCode": "200-299"},
        Tags=TAGS,
    )["TargetGroups"][0]["TargetGroupArn"]
    target = [{"Id": made.instance, "Port": 8080}]
    elb.register_targets(TargetGroupArn=made.target_group, Targets=target)
    health = elb.describe_target_health(TargetGroupArn=made.target_group)
    described = health["TargetHealthDescriptions"][0]["TargetHealth"]
    equal(
        "a target that no listener reaches is unused",
        (described["State"], described["Reason"]),
        ("unused", "Target.NotInUse"),
    )
    elb.get_waiter("load_balancer_available").wait(
        LoadBalancerArns=[made.balancer], WaiterConfig=OFTEN
    )
    made.listener = elb.create_listener(
        LoadBalancerArn=made.balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {
                    "StatusCode": "404",
                    "ContentType": "text/plain",
                    "MessageBody": "nothing here",
                },
            }
        ],
    )["Listeners"][0]["ListenerArn"]

    def rule():
        return elb.create_rule(
            ListenerArn=made.listener,
            Priority=10,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v1/*"]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": made.target_group}],
            Tags=TAGS,
        )["Rules"][0]

    made.listener_rule = rule()["RuleArn"]
    refused("a rule whose priority is taken", "PriorityInUse", rule)
    elb.get_waiter("target_in_service").wait(TargetGroupArn=made.target_group, WaiterConfig=OFTEN)
    seen = elb.describe_load_balancers(Names=["clients"])["LoadBalancers"][0]
    equal("the load balancer is active", seen["State"]["Code"], "active")
    equal("it is in both subnets", {it["SubnetId"] for it in seen["AvailabilityZones"]}, set(made.subnets))
    rules = elb.describe_rules(ListenerArn=made.listener)["Rules"]
    equal("there are a rule and the default one", [it["Priority"] for it in rules], ["10", "default"])
    equal(
        "the default rule answers by itself",
        rules[1]["Actions"][0]["FixedResponseConfig"]["StatusCode"],
        "404",
    )
    described = elb.describe_tags(ResourceArns=[made.balancer, made.target_group, made.listener_rule])
    equal(
        "all carry their tags",
        [tags_of(it["Tags"]) for it in described["TagDescriptions"]],
        [tags_of(TAGS)] * 3,
    )
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=made.balancer,
        Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "300"}],
    )
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=made.balancer)["Attributes"]
    equal("an attribute is as it was set", tags_of(attributes)["idle_timeout.timeout_seconds"], "300")
    elb.modify_target_group_attributes(
        TargetGroupArn=made.target_group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
    )


def load_balancer_changes():
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": made.listener_rule, "Priority": 20}])
    rules = elb.describe_rules(RuleArns=[made.listener_rule])["Rules"]
    equal("a rule can be moved", rules[0]["Priority"], "20")
    elb.modify_rule(
        RuleArn=made.listener_rule,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v1/*", "/v2/*"]}}],
    )
    rules = elb.describe_rules(RuleArns=[made.listener_rule])["Rules"]
    equal("a rule can be changed", rules[0]["Conditions"][0]["Values"], ["/v1/*", "/v2/*"])
    elb.modify_target_group(TargetGroupArn=made.target_group, HealthCheckIntervalSeconds=15)
    groups = elb.describe_target_groups(LoadBalancerArn=made.balancer)["TargetGroups"]
    equal("so can a target group", [it["HealthCheckIntervalSeconds"] for it in groups], [15])
    elb.remove_tags(ResourceArns=[made.balancer], TagKeys=["Name"])
    described = elb.describe_tags(ResourceArns=[made.balancer])["TagDescriptions"][0]
    equal("a tag can be removed", tags_of(described["Tags"]), {"stack": "clients"})
    limits = elb.describe_account_limits()["Limits"]
    check("there are limits", "application-load-balancers" in [it["Name"] for it in limits], limits)


def distribution_config(reference):
    return {
        "CallerReference": reference,
        "Comment": "of a test",
        "Enabled": True,
        "PriceClass": "PriceClass_100",
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "balancer",
                    "DomainName": made.balancer_name,
                    "CustomOriginConfig": {
                        "HTTPPort": 80,
                        "HTTPSPort": 443,
                        "OriginProtocolPolicy": "http-only",
                    },
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "balancer",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": MANAGED_CACHING_DISABLED,
            "OriginRequestPolicyId": MANAGED_ALL_VIEWER,
            "Compress": True,
            "AllowedMethods": {
                "Quantity": 7,
                "Items": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
                "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
            },
        },
    }


def cdn():
    config = distribution_config("clients")

    def create(config):
        return cloudfront.create_distribution_with_tags(
            DistributionConfigWithTags={"DistributionConfig": config, "Tags": {"Items": TAGS}}
        )

    created = create(config)
    distribution = created["Distribution"]
    made.distribution = distribution["Id"]
    made.etag = created["ETag"]
    equal("a new distribution is in progress", distribution["Status"], "InProgress")
    check("it has a name in the DNS", distribution["DomainName"].endswith(".cloudfront.net"))
    check("it says where it is", made.distribution in created["Location"], created["Location"])
    refused(
        "another distribution with its reference",
        "DistributionAlreadyExists",
        lambda: create({**config, "Comment": "another"}),
        status=409,
    )
    cloudfront.get_waiter("distribution_deployed").wait(Id=made.distribution, WaiterConfig=OFTEN)
    seen = cloudfront.get_distribution(Id=made.distribution)
    equal("it is deployed", seen["Distribution"]["Status"], "Deployed")
    equal("its ETag is the one that it was made with", seen["ETag"], made.etag)
    origin = seen["Distribution"]["DistributionConfig"]["Origins"]["Items"][0]
    equal("it is in front of the load balancer", origin["DomainName"], made.balancer_name)
    tags = cloudfront.list_tags_for_resource(Resource=distribution["ARN"])["Tags"]["Items"]
    equal("it carries its tags", tags_of(tags), tags_of(TAGS))
    summaries = cloudfront.get_paginator("list_distributions").paginate().build_full_result()
    items = summaries["DistributionList"]["Items"]
    equal("it is listed", [it["Id"] for it in items], [made.distribution])
    equal("its summary knows its comment", items[0]["Comment"], "of a test")
    policies = cloudfront.list_cache_policies(Type="managed")["CachePolicyList"]["Items"]
    names = {it["CachePolicy"]["Id"]: it["CachePolicy"]["CachePolicyConfig"]["Name"] for it in policies}
    equal("its cache policy is AWS's", names[MANAGED_CACHING_DISABLED], "Managed-CachingDisabled")
    batch = {"CallerReference": "1", "Paths": {"Quantity": 1, "Items": ["/*"]}}
    invalidation = cloudfront.create_invalidation(
        DistributionId=made.distribution, InvalidationBatch=batch
    )["Invalidation"]
    equal("an invalidation begins", invalidation["Status"], "InProgress")
    cloudfront.get_waiter("invalidation_completed").wait(
        DistributionId=made.distribution, Id=invalidation["Id"], WaiterConfig=OFTEN
    )
    listed = cloudfront.list_invalidations(DistributionId=made.distribution)["InvalidationList"]
    equal("it is completed", [it["Status"] for it in listed["Items"]], ["Completed"])
    refused(
        "a distribution that is not there",
        "NoSuchDistribution",
        lambda: cloudfront.get_distribution(Id="E0000000000000"),
        status=404,
    )


def cdn_goes():
    def delete(etag):
        cloudfront.delete_distribution(Id=made.distribution, IfMatch=etag)

    refused("an enabled distribution", "DistributionNotDisabled", lambda: delete(made.etag), status=409)
    current = cloudfront.get_distribution_config(Id=made.distribution)
    config = current["DistributionConfig"]
    config["Enabled"] = False

    def update(etag):
        return cloudfront.update_distribution(
            Id=made.distribution, IfMatch=etag, DistributionConfig=config
        )

    refused("an update by no ETag", "InvalidIfMatchVersion", lambda: update("no"))
    refused(
        "an update of what it never was",
        "PreconditionFailed",
        lambda: update("E0000000000000"),
        status=412,
    )
    updated = update(current["ETag"])
    check("an update changes the ETag", updated["ETag"] != made.etag, updated["ETag"])
    equal("an update is in progress", updated["Distribution"]["Status"], "InProgress")
    cloudfront.get_waiter("distribution_deployed").wait(Id=made.distribution, WaiterConfig=OFTEN)
    refused("an ETag of yesterday", "PreconditionFailed", lambda: delete(made.etag), status=412)
    delete(updated["ETag"])
    refused(
        "a distribution that was deleted",
        "NoSuchDistribution",
        lambda: cloudfront.get_distribution(Id=made.distribution),
        status=404,
    )


def load_balancer_goes():
    refused(
        "a target group that a rule needs",
        "ResourceInUse",
        lambda: elb.delete_target_group(TargetGroupArn=made.target_group),
    )
    refused(
        "a group that a load balancer has",
        "DependencyViolation",
        lambda: ec2.delete_security_group(GroupId=made.balancer_group),
    )
    elb.delete_rule(RuleArn=made.listener_rule)
    elb.deregister_targets(
        TargetGroupArn=made.target_group, Targets=[{"Id": made.instance, "Port": 8080}]
    )
    elb.get_waiter("target_deregistered").wait(
        TargetGroupArn=made.target_group,
        Targets=[{"Id": made.instance, "Port": 8080}],
        WaiterConfig=OFTEN,
    )
    elb.delete_listener(ListenerArn=made.listener)
    refused(
        "a listener that was deleted",
        "ListenerNotFound",
        lambda: elb.describe_listeners(ListenerArns=[made.listener]),
    )
    elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    elb.get_waiter("load_balancers_deleted").wait(
        LoadBalancerArns=[made.balancer], WaiterConfig=OFTEN
    )
    elb.delete_target_group(TargetGroupArn=made.target_group)


def instance_goes():
    refused(
        "a batch with an id that is not there",
        "InvalidInstanceID.NotFound",
        lambda: ec2.terminate_instances(InstanceIds=[made.instance, "i-0123456789abcdef0"]),
    )
    change = ec2.terminate_instances(InstanceIds=[made.instance])["TerminatingInstances"][0]
    equal("an end begins", (change["PreviousState"]["Name"], change["CurrentState"]["Name"]), ("running", "shutting-down"))
    refused(
        "a group that an instance has",
        "DependencyViolation",
        lambda: ec2.delete_security_group(GroupId=made.instance_group),
    )
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[made.instance], WaiterConfig=OFTEN)
    equal("what has ended is still described", described_instance()["State"]["Code"], 48)
    ec2.delete_key_pair(KeyName="clients")


def storage_goes():
    refused(
        "a file system with mount targets",
        "FileSystemInUse",
        lambda: efs.delete_file_system(FileSystemId=made.file_system),
        status=409,
    )
    for target in made.mount_targets:
        efs.delete_mount_target(MountTargetId=target)
    refused(
        "a file system whose mount targets are going",
        "FileSystemInUse",
        lambda: efs.delete_file_system(FileSystemId=made.file_system),
        status=409,
    )
    until([], mount_target_states)
    efs.delete_file_system(FileSystemId=made.file_system)

    def file_systems():
        return len(efs.describe_file_systems()["FileSystems"])

    until(0, file_systems)
    refused(
        "a file system that was deleted",
        "FileSystemNotFound",
        lambda: efs.describe_file_systems(FileSystemId=made.file_system),
        status=404,
    )


def security_groups_go():
    def interfaces():
        """What the load balancer had is released minutes after it has gone."""
        return len(ec2.describe_network_interfaces()["NetworkInterfaces"])

    until(0, interfaces)
    refused(
        "a group that another one's rule names",
        "DependencyViolation",
        lambda: ec2.delete_security_group(GroupId=made.balancer_group),
    )
    ec2.revoke_security_group_ingress(GroupId=made.instance_group, SecurityGroupRuleIds=[made.rule])
    for group in [made.balancer_group, made.storage_group, made.instance_group]:
        ec2.delete_security_group(GroupId=group)
    refused(
        "a group that was deleted",
        "InvalidGroup.NotFound",
        lambda: ec2.describe_security_groups(GroupIds=[made.balancer_group]),
    )


def account_is_as_it_was():
    after = inventory()
    for kind, ids in made.before.items():
        equal(f"the {kind} are as they were", sorted(after[kind]), sorted(ids))


def what_is_not_simulated():
    refused(
        "an operation that is not simulated",
        "SimulatorUnsupported",
        lambda: ec2.describe_fpga_images(),
        status=501,
    )


run(
    account,
    security_groups,
    storage,
    instance,
    load_balancer,
    load_balancer_changes,
    cdn,
    cdn_goes,
    load_balancer_goes,
    instance_goes,
    storage_goes,
    security_groups_go,
    account_is_as_it_was,
    what_is_not_simulated,
)
