//! Kinds without any resource in an account here, because nothing here creates one. Their lists are correctly empty.

use super::Ec2;
use super::selection::{Described, Field, Selection};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::{Reply, ServiceError};

/// Declares a kind without values, with its parameter for ids, AWS's filters, and AWS's answer to an unknown id.
macro_rules! absent_kind {
    ($name:ident, $ids:literal, $code:literal, $noun:literal, [$($filter:literal),* $(,)?]) => {
        pub(crate) enum $name {}

        impl Described for $name {
            const IDS: Option<&'static str> = Some($ids);
            const FIELDS: &'static [Field<Self>] = &[$(($filter, |_, _, none| match *none {})),*];

            fn handle(&self) -> &str {
                match *self {}
            }

            fn unknown(id: &str) -> ServiceError {
                let message = format!("The {} ID '{id}' does not exist", $noun);
                ServiceError::new($code, message)
            }
        }
    };
}

absent_kind!(
    EgressOnlyInternetGateway,
    "EgressOnlyInternetGatewayId",
    "InvalidGatewayID.NotFound",
    "eigw",
    []
);
absent_kind!(
    NatGateway,
    "NatGatewayId",
    "NatGatewayNotFound",
    "natGateway",
    ["nat-gateway-id", "state", "subnet-id", "vpc-id"]
);
absent_kind!(
    VpcEndpoint,
    "VpcEndpointId",
    "InvalidVpcEndpointId.NotFound",
    "Vpc Endpoint",
    [
        "ip-address-type",
        "service-name",
        "service-region",
        "vpc-endpoint-id",
        "vpc-endpoint-state",
        "vpc-endpoint-type",
        "vpc-id",
    ]
);
absent_kind!(
    VpcPeeringConnection,
    "VpcPeeringConnectionId",
    "InvalidVpcPeeringConnectionID.NotFound",
    "vpcPeeringConnection",
    [
        "accepter-vpc-info.cidr-block",
        "accepter-vpc-info.owner-id",
        "accepter-vpc-info.vpc-id",
        "expiration-time",
        "requester-vpc-info.cidr-block",
        "requester-vpc-info.owner-id",
        "requester-vpc-info.vpc-id",
        "status-code",
        "status-message",
        "vpc-peering-connection-id",
    ]
);
absent_kind!(
    VpnGateway,
    "VpnGatewayId",
    "InvalidVpnGatewayID.NotFound",
    "vpnGateway",
    [
        "amazon-side-asn",
        "attachment.state",
        "attachment.vpc-id",
        "availability-zone",
        "state",
        "type",
        "vpn-gateway-id",
    ]
);

/// Returns the empty list of a kind, after checking the call like any other.
pub(crate) fn describe<T: Described>(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
    operation: &str,
    set: &str,
) -> Result<Reply, ServiceError> {
    let selection = Selection::<T>::read(params, operation)?;
    let page = selection.choose(ec2, context.now, &[])?;
    Ok(page.reply_with(crate::wire::xml::Element::new(set)))
}
