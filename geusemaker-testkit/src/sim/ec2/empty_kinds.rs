//! Kinds without any resource in an account here, because nothing here creates one. Their lists are correctly empty.

use super::selection::{Described, Field, Selection};
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A kind without any resource.
pub(crate) trait EmptyKind: Described {
    /// The operation that lists the kind.
    const OPERATION: &'static str;
    /// The name of the list in the answer.
    const LIST: &'static str;
}

/// Declares a kind without values, with the operation that lists it, the name of the list, the parameter for ids, AWS's
/// answer to an unknown id, and AWS's filters.
macro_rules! empty_kind {
    ($name:ident, $operation:literal, $list:literal, $ids:literal, $code:expr, $noun:literal, [$($filter:literal),* $(,)?]) => {
        pub(crate) enum $name {}

        impl EmptyKind for $name {
            const OPERATION: &'static str = $operation;
            const LIST: &'static str = $list;
        }

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

empty_kind!(
    EgressOnlyInternetGateway,
    "DescribeEgressOnlyInternetGateways",
    "egressOnlyInternetGatewaySet",
    "EgressOnlyInternetGatewayId",
    Code::InvalidGatewayIDNotFound,
    "eigw",
    []
);
empty_kind!(
    VpcPeeringConnection,
    "DescribeVpcPeeringConnections",
    "vpcPeeringConnectionSet",
    "VpcPeeringConnectionId",
    Code::InvalidVpcPeeringConnectionIDNotFound,
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
empty_kind!(
    VpnGateway,
    "DescribeVpnGateways",
    "vpnGatewaySet",
    "VpnGatewayId",
    Code::InvalidVpnGatewayIDNotFound,
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
pub(crate) fn describe<T: EmptyKind>(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::<T>::read(params, T::OPERATION)?;
    let page = selection.choose(ec2, context.now, &[])?;
    Ok(page.reply_with([Element::new(T::LIST)]))
}
