//! NAT gateways, through which instances without a public address reach the internet.

pub(super) mod creation;

use std::net::Ipv4Addr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::context::RequestContext;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The time for which a gateway that is deleted or failed is still described. VPC User Guide: about an hour.
const SHOWN_FOR: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NatGateway {
    pub(super) id: String,
    pub(super) vpc: String,
    subnet: String,
    pub(super) zone: String,
    is_private: bool,
    /// The network interface, which holds the elastic address while the gateway exists.
    interface: String,
    private_ip: Ipv4Addr,
    /// The elastic address, of a public gateway.
    address: Option<HeldAddress>,
    client_token: Option<String>,
    created_at: Timestamp,
    /// The time at which the state `pending` ends.
    available_at: Timestamp,
    failure: Option<Failure>,
    deletion: Option<Deletion>,
}

/// An elastic address of a NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct HeldAddress {
    allocation: String,
    ip: Ipv4Addr,
    /// The id of the association; `None` if the gateway could not get the address.
    association: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Failure {
    code: String,
    message: String,
    at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Deletion {
    begun_at: Timestamp,
    ends_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NatGatewayState {
    Pending,
    Failed,
    Available,
    Deleting,
    Deleted,
}

impl NatGatewayState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Available => "available",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    /// Returns true if a gateway in that state holds its network interface and its address.
    pub(super) fn is_live(self) -> bool {
        match self {
            Self::Pending | Self::Available | Self::Deleting => true,
            Self::Failed | Self::Deleted => false,
        }
    }
}

impl NatGateway {
    pub(super) fn state(&self, now: Timestamp) -> NatGatewayState {
        if let Some(deletion) = &self.deletion {
            if now >= deletion.ends_at {
                return NatGatewayState::Deleted;
            }
            return NatGatewayState::Deleting;
        }
        if self.failure(now).is_some() {
            NatGatewayState::Failed
        } else if now < self.available_at {
            NatGatewayState::Pending
        } else {
            NatGatewayState::Available
        }
    }

    /// Returns the failure, once it has happened.
    fn failure(&self, now: Timestamp) -> Option<&Failure> {
        self.failure.as_ref().filter(|failure| failure.at <= now)
    }

    /// Returns true if the gateway costs money until a call deletes it.
    pub(super) fn is_kept(&self, now: Timestamp) -> bool {
        match self.state(now) {
            NatGatewayState::Pending | NatGatewayState::Available => true,
            // AWS removes a failed gateway by itself.
            NatGatewayState::Failed | NatGatewayState::Deleting | NatGatewayState::Deleted => false,
        }
    }

    /// Returns true if no call can see the gateway any more.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        let end = match (&self.deletion, self.failure(now)) {
            (Some(deletion), _) => Some(deletion.ends_at),
            (None, Some(failure)) => Some(failure.at),
            (None, None) => None,
        };
        end.is_some_and(|end| now >= end + SHOWN_FOR)
    }

    fn connectivity(&self) -> &'static str {
        if self.is_private { "private" } else { "public" }
    }

    fn element(&self, ec2: &Ec2, now: Timestamp) -> Element {
        let state = self.state(now);
        let address = self.address.as_ref();
        let association = address.and_then(|address| address.association.as_ref());
        let status = match state {
            NatGatewayState::Pending => "associating",
            NatGatewayState::Failed => "failed",
            NatGatewayState::Available => "succeeded",
            NatGatewayState::Deleting | NatGatewayState::Deleted => "disassociating",
        };
        let status = if self.is_private { "succeeded" } else { status };
        // EC2 model: the address is shown with the gateway even after it is gone.
        let item = Element::new("item")
            .with_some("allocationId", address.map(|address| &address.allocation))
            .with("networkInterfaceId", &self.interface)
            .with("privateIp", self.private_ip)
            .with_some("publicIp", address.map(|address| address.ip))
            .with_some("associationId", association)
            .with("isPrimary", true)
            .with("status", status);
        let failure = self.failure(now);
        let deleted_at = self.deletion.as_ref().map(|deletion| deletion.begun_at);
        Element::new("item")
            .with("natGatewayId", &self.id)
            .with("subnetId", &self.subnet)
            .with("vpcId", &self.vpc)
            .with("state", state.name())
            .with("createTime", format_args!("{:.3}", self.created_at))
            .with_some("deleteTime", deleted_at.map(|at| format!("{at:.3}")))
            .with_some("failureCode", failure.map(|failure| &failure.code))
            .with_some("failureMessage", failure.map(|failure| &failure.message))
            .with("connectivityType", self.connectivity())
            .with("availabilityMode", "zonal")
            .child(Element::list("natGatewayAddressSet", "item", [item]))
            .child(ec2.tags.element(&self.id))
    }
}

impl Described for NatGateway {
    const IDS: Option<&'static str> = Some("NatGatewayId");
    const FIELDS: &'static [Field<Self>] = &[
        ("nat-gateway-id", |_, _, gateway| vec![gateway.id.clone()]),
        ("state", |_, now, gateway| {
            vec![gateway.state(now).name().to_owned()]
        }),
        ("subnet-id", |_, _, gateway| vec![gateway.subnet.clone()]),
        ("vpc-id", |_, _, gateway| vec![gateway.vpc.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::NatGateway.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeNatGateways")?;
    let page = selection.choose(ec2, context.now, ec2.nat_gateways.values())?;
    Ok(page.reply("natGatewaySet", |gateway: &NatGateway| {
        gateway.element(ec2, context.now)
    }))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("NatGatewayId")?;
    params.refuse_unread("DeleteNatGateway")?;
    let now = context.now;
    let state = ec2.known_nat_gateway(&id)?.state(now);
    let reply = Reply::xml(Element::new("reply").with("natGatewayId", &id));
    let takes = match state {
        NatGatewayState::Deleting => return Ok(reply),
        NatGatewayState::Deleted => return Err(ResourceKind::NatGateway.unknown(&id)),
        // A failed gateway has nothing left that takes time.
        NatGatewayState::Failed => Duration::ZERO,
        NatGatewayState::Pending | NatGatewayState::Available => {
            context.duration(Step::NatGatewayDeleted)
        }
    };
    let ends_at = now + takes;
    let gateway = ec2.nat_gateways.get_mut(&id);
    let interface = gateway.map(|gateway| {
        gateway.deletion = Some(Deletion {
            begun_at: now,
            ends_at,
        });
        gateway.interface.clone()
    });
    if let Some(interface) = interface.filter(|_| state != NatGatewayState::Failed) {
        ec2.release_interface(&interface, ends_at);
    }
    Ok(reply)
}

impl Ec2 {
    fn known_nat_gateway(&self, id: &str) -> Result<&NatGateway, ServiceError> {
        self.nat_gateways
            .get(id)
            .ok_or_else(|| ResourceKind::NatGateway.unknown(id))
    }

    /// Returns a gateway that holds its interface.
    pub(super) fn live_nat_gateway(&self, id: &str, now: Timestamp) -> Option<&NatGateway> {
        self.nat_gateways
            .get(id)
            .filter(|gateway| gateway.state(now).is_live())
    }
}
