//! The calls to EC2.

use super::need::Need;
use super::permission::{Permission, Scope, permissions};

/// Reading and creating know no single resource; what changes or deletes one is permitted on those of the stack.
pub(super) const EC2: &[Permission] = permissions! { "ec2":
    AllocateAddress ["ec2:AllocateAddress", "ec2:CreateTags"] Any for Nat;
    AssociateRouteTable Any for OwnNetwork;
    AttachInternetGateway Tagged for OwnNetwork;
    AuthorizeSecurityGroupIngress ["ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags"] Any for Every;
    CreateInternetGateway ["ec2:CreateInternetGateway", "ec2:CreateTags"] Any for OwnNetwork;
    CreateNatGateway ["ec2:CreateNatGateway", "ec2:CreateTags"] Any for Nat;
    CreateRoute Tagged for OwnNetwork;
    CreateRouteTable ["ec2:CreateRouteTable", "ec2:CreateTags"] Any for OwnNetwork;
    CreateSecurityGroup ["ec2:CreateSecurityGroup", "ec2:CreateTags"] Any for Every;
    CreateSubnet ["ec2:CreateSubnet", "ec2:CreateTags"] Any for OwnNetwork;
    CreateVpc ["ec2:CreateVpc", "ec2:CreateTags"] Any for OwnNetwork;
    CreateVpcEndpoint ["ec2:CreateVpcEndpoint", "ec2:CreateTags"] Any for Endpoints;
    DeleteInternetGateway Tagged for OwnNetwork;
    DeleteNatGateway Tagged for Nat;
    DeleteRoute Tagged for OwnNetwork;
    DeleteRouteTable Tagged for OwnNetwork;
    DeleteSecurityGroup Tagged for Every;
    DeleteSubnet Tagged for OwnNetwork;
    DeleteVpc Tagged for OwnNetwork;
    DeleteVpcEndpoints Tagged for Endpoints;
    DescribeAddresses Any for Nat | Leftovers;
    DescribeAvailabilityZones Any for Every;
    DescribeCapacityReservations Any for CapacityReservation;
    DescribeImages Any for Every;
    DescribeInstanceAttribute Any for Every;
    DescribeInstanceTypeOfferings Any for Every;
    DescribeInstanceTypes Any for UnlistedType | Leftovers;
    DescribeInstances Any for Every;
    DescribeInternetGateways Any for OwnNetwork | VpcOrigin | Leftovers;
    DescribeKeyPairs Any for KeyPair;
    DescribeManagedPrefixLists Any for Cdn;
    DescribeNatGateways Any for Nat | Leftovers;
    DescribeNetworkInterfaces Any for Every;
    DescribeRouteTables Any for Every;
    DescribeSecurityGroupRules Any for Every;
    DescribeSecurityGroups Any for Every;
    DescribeSubnets Any for Every;
    DescribeTags Any for Every;
    DescribeVpcAttribute Any for Every;
    DescribeVpcEndpointServices Any for Endpoints;
    DescribeVpcEndpoints Any for Endpoints | Leftovers;
    DescribeVpcs Any for Every;
    DetachInternetGateway Tagged for OwnNetwork;
    DisassociateRouteTable Any for OwnNetwork;
    GetConsoleOutput Any for Every;
    ModifyVpcAttribute Tagged for OwnNetwork;
    ReleaseAddress Tagged for Nat;
    RevokeSecurityGroupIngress Any for Every;
    RunInstances ["ec2:RunInstances", "ec2:CreateTags"] Any for Every;
    TerminateInstances Tagged for Every;
};
