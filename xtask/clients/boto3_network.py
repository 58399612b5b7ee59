"""A network of one's own with boto3: made as its guides make it, and taken apart in the order that it allows."""

import types

from boto3_clients import OFTEN, TAGS, ec2, refused, tag_specification, tags_of
from checks import check, equal, run

made = types.SimpleNamespace()


def network():
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16", TagSpecifications=tag_specification("vpc"))["Vpc"]
    made.vpc = vpc["VpcId"]
    ec2.get_waiter("vpc_exists").wait(VpcIds=[made.vpc], WaiterConfig=OFTEN)
    ec2.get_waiter("vpc_available").wait(VpcIds=[made.vpc], WaiterConfig=OFTEN)
    equal("a network carries its tags", tags_of(vpc["Tags"]), tags_of(TAGS))
    ec2.modify_vpc_attribute(VpcId=made.vpc, EnableDnsHostnames={"Value": True})
    names = ec2.describe_vpc_attribute(VpcId=made.vpc, Attribute="enableDnsHostnames")
    equal("it gives names", names["EnableDnsHostnames"]["Value"], True)
    refused(
        "a network that is too large",
        "InvalidVpc.Range",
        lambda: ec2.create_vpc(CidrBlock="10.0.0.0/8"),
    )


def subnets():
    def subnet(block, zone):
        return ec2.create_subnet(
            VpcId=made.vpc,
            CidrBlock=block,
            AvailabilityZone=zone,
            TagSpecifications=tag_specification("subnet"),
        )["Subnet"]["SubnetId"]

    made.subnets = [subnet("10.7.1.0/24", "us-east-1a"), subnet("10.7.2.0/24", "us-east-1b")]
    ec2.get_waiter("subnet_available").wait(SubnetIds=made.subnets, WaiterConfig=OFTEN)
    refused(
        "a subnet over another",
        "InvalidSubnet.Conflict",
        lambda: subnet("10.7.1.128/25", "us-east-1a"),
    )
    ec2.modify_subnet_attribute(SubnetId=made.subnets[0], MapPublicIpOnLaunch={"Value": True})
    seen = ec2.describe_subnets(SubnetIds=[made.subnets[0]])["Subnets"][0]
    equal("a subnet can give public addresses", seen["MapPublicIpOnLaunch"], True)
    equal("AWS keeps five addresses of each", seen["AvailableIpAddressCount"], 251)


def routes():
    gateway = ec2.create_internet_gateway(TagSpecifications=tag_specification("internet-gateway"))
    made.gateway = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.get_waiter("internet_gateway_exists").wait(
        InternetGatewayIds=[made.gateway], WaiterConfig=OFTEN
    )
    ec2.attach_internet_gateway(InternetGatewayId=made.gateway, VpcId=made.vpc)
    table = ec2.create_route_table(
        VpcId=made.vpc, TagSpecifications=tag_specification("route-table")
    )["RouteTable"]
    made.table = table["RouteTableId"]
    ec2.create_route(
        RouteTableId=made.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=made.gateway
    )
    made.association = ec2.associate_route_table(
        RouteTableId=made.table, SubnetId=made.subnets[0]
    )["AssociationId"]
    seen = ec2.describe_route_tables(RouteTableIds=[made.table])["RouteTables"][0]
    routes = {it["DestinationCidrBlock"]: it.get("GatewayId") for it in seen["Routes"]}
    equal("its routes are its own", routes, {"10.7.0.0/16": "local", "0.0.0.0/0": made.gateway})
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [made.vpc]}])
    equal("the network has a main table besides", len(tables["RouteTables"]), 2)


def interface_and_address():
    groups = ec2.describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [made.vpc]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )["SecurityGroups"]
    equal("the network has a default group", len(groups), 1)
    made.group = ec2.create_security_group(
        GroupName="own", Description="of a test", VpcId=made.vpc
    )["GroupId"]
    ec2.get_waiter("security_group_exists").wait(GroupIds=[made.group], WaiterConfig=OFTEN)
    egress = ec2.describe_security_groups(GroupIds=[made.group])["SecurityGroups"][0]
    equal("a group lets everything out", egress["IpPermissionsEgress"][0]["IpProtocol"], "-1")
    ec2.revoke_security_group_egress(
        GroupId=made.group, IpPermissions=egress["IpPermissionsEgress"]
    )
    after = ec2.describe_security_groups(GroupIds=[made.group])["SecurityGroups"][0]
    equal("until that is revoked", after["IpPermissionsEgress"], [])
    made.interface = ec2.create_network_interface(
        SubnetId=made.subnets[0], Groups=[made.group], Description="of a test"
    )["NetworkInterface"]["NetworkInterfaceId"]
    ec2.get_waiter("network_interface_available").wait(
        NetworkInterfaceIds=[made.interface], WaiterConfig=OFTEN
    )
    refused(
        "another way to the same place",
        "RouteAlreadyExists",
        lambda: ec2.create_route(
            RouteTableId=made.table,
            DestinationCidrBlock="0.0.0.0/0",
            NetworkInterfaceId=made.interface,
        ),
    )
    address = ec2.allocate_address(Domain="vpc")
    made.allocation = address["AllocationId"]
    association = ec2.associate_address(
        AllocationId=made.allocation, NetworkInterfaceId=made.interface
    )["AssociationId"]
    seen = ec2.describe_network_interfaces(NetworkInterfaceIds=[made.interface])
    found = seen["NetworkInterfaces"][0]
    equal("an interface has its address", found["Association"]["PublicIp"], address["PublicIp"])
    equal("and an inner one of its subnet", found["PrivateIpAddress"][:7], "10.7.1.")
    refused(
        "an address in use",
        "InvalidIPAddress.InUse",
        lambda: ec2.release_address(AllocationId=made.allocation),
    )
    ec2.disassociate_address(AssociationId=association)
    ec2.release_address(AllocationId=made.allocation)


def network_goes():
    def held(what, call):
        refused(what, "DependencyViolation", call)

    held("a group of an interface", lambda: ec2.delete_security_group(GroupId=made.group))
    held("a subnet with an interface", lambda: ec2.delete_subnet(SubnetId=made.subnets[0]))
    ec2.delete_network_interface(NetworkInterfaceId=made.interface)
    held("a table of a subnet", lambda: ec2.delete_route_table(RouteTableId=made.table))
    held(
        "a gateway of a network",
        lambda: ec2.delete_internet_gateway(InternetGatewayId=made.gateway),
    )
    held("a network with parts", lambda: ec2.delete_vpc(VpcId=made.vpc))
    ec2.disassociate_route_table(AssociationId=made.association)
    ec2.delete_route_table(RouteTableId=made.table)
    ec2.detach_internet_gateway(InternetGatewayId=made.gateway, VpcId=made.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=made.gateway)
    for subnet in made.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=made.group)
    ec2.delete_vpc(VpcId=made.vpc)
    refused(
        "a network that was deleted",
        "InvalidVpcID.NotFound",
        lambda: ec2.describe_vpcs(VpcIds=[made.vpc]),
    )
    check("the default network is still there", ec2.describe_vpcs()["Vpcs"][0]["IsDefault"])


run(network, subnets, routes, interface_and_address, network_goes)
