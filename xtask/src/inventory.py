"""Prints, as one JSON list, everything in the account that a deployment could have put there.

Each has a kind and an id; tags are null for what cannot carry any, and for what AWS adds by itself. What lives and
dies with something else says what that is.
"""

import json

import boto3

LIVE_STATES = ["pending", "running", "shutting-down", "stopping", "stopped"]

ec2 = boto3.client("ec2")
efs = boto3.client("efs")
elb = boto3.client("elbv2")
iam = boto3.client("iam")
cloudfront = boto3.client("cloudfront")
route53 = boto3.client("route53")


def pages(client, operation, member, **parameters):
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page.get(member, [])


def tags(pairs):
    return {pair["Key"]: pair["Value"] for pair in pairs or []}


def elb_tags(arn):
    return tags(elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def instances():
    live = [{"Name": "instance-state-name", "Values": LIVE_STATES}]
    for reservation in pages(ec2, "describe_instances", "Reservations", Filters=live):
        for instance in reservation["Instances"]:
            yield {
                "kind": "instance",
                "id": instance["InstanceId"],
                "state": instance["State"]["Name"],
                "metadata_tokens": instance["MetadataOptions"]["HttpTokens"],
                "tags": tags(instance.get("Tags")),
            }


def volumes():
    for volume in pages(ec2, "describe_volumes", "Volumes"):
        yield {
            "kind": "volume",
            "id": volume["VolumeId"],
            "volume_type": volume["VolumeType"],
            "encrypted": volume["Encrypted"],
            "belongs_to": next((it["InstanceId"] for it in volume["Attachments"]), None),
            "tags": tags(volume.get("Tags")),
        }


def network_interfaces():
    holders = {
        target["NetworkInterfaceId"]: target["MountTargetId"]
        for system in pages(efs, "describe_file_systems", "FileSystems")
        for target in efs.describe_mount_targets(FileSystemId=system["FileSystemId"])["MountTargets"]
    }
    for interface in pages(ec2, "describe_network_interfaces", "NetworkInterfaces"):
        number = interface["NetworkInterfaceId"]
        instance = interface.get("Attachment", {}).get("InstanceId")
        yield {
            "kind": "network_interface",
            "id": number,
            "belongs_to": instance or holders.get(number),
            "tags": None,
        }


def security_groups():
    for group in pages(ec2, "describe_security_groups", "SecurityGroups"):
        default = group["GroupName"] == "default"
        yield {
            "kind": "security_group",
            "id": group["GroupId"],
            # AWS gives every VPC its default group.
            "belongs_to": group["VpcId"] if default else None,
            "tags": None if default else tags(group.get("Tags")),
        }


def security_group_rules():
    vpcs = {
        group["GroupId"]: group["VpcId"]
        for group in pages(ec2, "describe_security_groups", "SecurityGroups")
        if group["GroupName"] == "default"
    }
    for rule in pages(ec2, "describe_security_group_rules", "SecurityGroupRules"):
        # AWS gives every group its egress rule, and the default group its rules.
        group = rule["GroupId"]
        given = rule["IsEgress"] or group in vpcs
        yield {
            "kind": "security_group_rule",
            "id": rule["SecurityGroupRuleId"],
            "belongs_to": vpcs.get(group, group) if given else None,
            "tags": None if given else tags(rule.get("Tags")),
        }


def certificates():
    # CloudFront has its certificates in us-east-1.
    for region in sorted({"us-east-1", ec2.meta.region_name}):
        acm = boto3.client("acm", region_name=region)
        for certificate in pages(acm, "list_certificates", "CertificateSummaryList"):
            arn = certificate["CertificateArn"]
            found = acm.list_tags_for_certificate(CertificateArn=arn)
            yield {"kind": "certificate", "id": arn, "tags": tags(found["Tags"])}


def dns_records():
    for zone in pages(route53, "list_hosted_zones", "HostedZones"):
        number = zone["Id"].rsplit("/", 1)[-1]
        for record in pages(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=number):
            if record["Type"] in ("NS", "SOA"):
                continue
            alias = record.get("AliasTarget")
            target = alias["DNSName"] if alias else record["ResourceRecords"][0]["Value"]
            parts = [number, record["Type"], record["Name"].rstrip("."), target.rstrip(".").lower()]
            parts += [alias["HostedZoneId"]] if alias else []
            yield {"kind": "dns_record", "id": " ".join(parts), "tags": None}


def networks():
    for vpc in pages(ec2, "describe_vpcs", "Vpcs"):
        yield {"kind": "vpc", "id": vpc["VpcId"], "tags": tags(vpc.get("Tags"))}
    for subnet in pages(ec2, "describe_subnets", "Subnets"):
        yield {"kind": "subnet", "id": subnet["SubnetId"], "tags": tags(subnet.get("Tags"))}
    for gateway in pages(ec2, "describe_internet_gateways", "InternetGateways"):
        number = gateway["InternetGatewayId"]
        yield {"kind": "internet_gateway", "id": number, "tags": tags(gateway.get("Tags"))}
        for attachment in gateway["Attachments"]:
            pair = f"{number} {attachment['VpcId']}"
            yield {"kind": "internet_gateway_attachment", "id": pair, "tags": None}
    for table in pages(ec2, "describe_route_tables", "RouteTables"):
        yield from route_table(table)
    for address in ec2.describe_addresses()["Addresses"]:
        yield {"kind": "elastic_ip", "id": address["AllocationId"], "tags": tags(address.get("Tags"))}
    for gateway in pages(ec2, "describe_nat_gateways", "NatGateways"):
        if gateway["State"] not in ("deleted", "failed"):
            yield {
                "kind": "nat_gateway",
                "id": gateway["NatGatewayId"],
                "state": gateway["State"],
                "tags": tags(gateway.get("Tags")),
            }
    for endpoint in pages(ec2, "describe_vpc_endpoints", "VpcEndpoints"):
        if endpoint["State"] != "deleted":
            yield {
                "kind": "vpc_endpoint",
                "id": endpoint["VpcEndpointId"],
                "state": endpoint["State"],
                "tags": tags(endpoint.get("Tags")),
            }


def route_table(table):
    number = table["RouteTableId"]
    # AWS gives every VPC its main route table.
    main = any(association["Main"] for association in table["Associations"])
    yield {
        "kind": "route_table",
        "id": number,
        "belongs_to": table["VpcId"] if main else None,
        "tags": None if main else tags(table.get("Tags")),
    }
    for association in table["Associations"]:
        if not association["Main"]:
            identifier = association["RouteTableAssociationId"]
            yield {"kind": "route_table_association", "id": identifier, "tags": None}
    for route in table["Routes"]:
        if route.get("DestinationCidrBlock") == "0.0.0.0/0":
            yield {"kind": "route", "id": f"{number} 0.0.0.0/0", "tags": None}


def roles():
    for role in pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        yield {
            "kind": "role",
            "id": name,
            "tags": tags(iam.get_role(RoleName=name)["Role"].get("Tags")),
        }
        for policy in pages(iam, "list_role_policies", "PolicyNames", RoleName=name):
            yield {"kind": "role_policy", "id": f"{name} {policy}", "tags": None}


def instance_profiles():
    for profile in pages(iam, "list_instance_profiles", "InstanceProfiles"):
        name = profile["InstanceProfileName"]
        found = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        yield {"kind": "instance_profile", "id": name, "tags": tags(found.get("Tags"))}
        for role in found["Roles"]:
            member = f"{name} {role['RoleName']}"
            yield {"kind": "instance_profile_role", "id": member, "tags": None}


def file_systems_and_mount_targets():
    for system in pages(efs, "describe_file_systems", "FileSystems"):
        yield {
            "kind": "file_system",
            "id": system["FileSystemId"],
            "state": system["LifeCycleState"],
            "encrypted": system["Encrypted"],
            "tags": tags(system.get("Tags")),
        }
        targets = efs.describe_mount_targets(FileSystemId=system["FileSystemId"])
        for target in targets["MountTargets"]:
            yield {
                "kind": "mount_target",
                "id": target["MountTargetId"],
                "state": target["LifeCycleState"],
                "tags": None,
            }


def access_points():
    for point in pages(efs, "describe_access_points", "AccessPoints"):
        yield {
            "kind": "access_point",
            "id": point["AccessPointId"],
            "state": point["LifeCycleState"],
            "tags": tags(point.get("Tags")),
        }


def load_balancers():
    for balancer in pages(elb, "describe_load_balancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        yield {
            "kind": "load_balancer",
            "id": arn,
            "state": balancer["State"]["Code"],
            "dns_name": balancer["DNSName"],
            "tags": elb_tags(arn),
        }
        for listener in pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn):
            yield from listener_and_rules(listener["ListenerArn"])


def listener_and_rules(arn):
    yield {"kind": "listener", "id": arn, "tags": elb_tags(arn)}
    for rule in pages(elb, "describe_rules", "Rules", ListenerArn=arn):
        # The default rule is part of its listener.
        if not rule["IsDefault"]:
            rule_arn = rule["RuleArn"]
            yield {"kind": "listener_rule", "id": rule_arn, "tags": elb_tags(rule_arn)}


def target_groups():
    for group in pages(elb, "describe_target_groups", "TargetGroups"):
        arn = group["TargetGroupArn"]
        health = elb.describe_target_health(TargetGroupArn=arn)
        yield {
            "kind": "target_group",
            "id": arn,
            "targets": {
                target["Target"]["Id"]: target["TargetHealth"]["State"]
                for target in health["TargetHealthDescriptions"]
            },
            "tags": elb_tags(arn),
        }


def distributions():
    for page in cloudfront.get_paginator("list_distributions").paginate():
        for summary in page["DistributionList"].get("Items", []):
            answer = cloudfront.list_tags_for_resource(Resource=summary["ARN"])
            yield {
                "kind": "distribution",
                "id": summary["Id"],
                "status": summary["Status"],
                "enabled": summary["Enabled"],
                "origins": [origin["DomainName"] for origin in summary["Origins"]["Items"]],
                "tags": tags(answer["Tags"].get("Items")),
            }


def inventory():
    yield from instances()
    yield from volumes()
    yield from network_interfaces()
    yield from security_groups()
    yield from security_group_rules()
    yield from networks()
    yield from roles()
    yield from instance_profiles()
    yield from file_systems_and_mount_targets()
    yield from access_points()
    yield from load_balancers()
    yield from target_groups()
    yield from distributions()
    yield from certificates()
    yield from dns_records()


if __name__ == "__main__":
    print(json.dumps(list(inventory()), indent=2))
