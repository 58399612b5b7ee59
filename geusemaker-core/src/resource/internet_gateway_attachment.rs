//! The attachment of an internet gateway to a VPC.

use serde::{Deserialize, Serialize};

use super::create::Create;
use super::internet_gateway::described;
use super::kind::Kind;
use super::pair_id::PairId;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{InternetGatewayId, VpcId};
use crate::kind::ResourceKind;
use crate::wait::Expected;

/// An attachment to make.
#[derive(Clone, Debug)]
pub(crate) struct NewInternetGatewayAttachment {
    pub(crate) gateway: InternetGatewayId,
    pub(crate) vpc: VpcId,
}

impl Create for NewInternetGatewayAttachment {
    type Id = PairId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            gateway: self.gateway.clone(),
            vpc: self.vpc.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<PairId, AwsError> {
        aws.ec2
            .attach_internet_gateway()
            .internet_gateway_id(self.gateway.as_str())
            .vpc_id(self.vpc.as_str())
            .send()
            .await
            .map_err(AwsError::of("ec2:AttachInternetGateway"))?;
        Ok(PairId::new(&self.gateway, &self.vpc))
    }
}

/// A lookup by the gateway and the VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) gateway: InternetGatewayId,
    pub(crate) vpc: VpcId,
}

impl Kind for Lookup {
    const NAME: &'static str = "internet gateway attachment";
    const WORKING: &'static [&'static str] = &["attached", "available"];
    // A VPC with public addresses keeps its gateway.
    const AFTER: &'static [ResourceKind] = &[
        ResourceKind::LoadBalancer,
        ResourceKind::Instance,
        ResourceKind::NatGateway,
    ];
    const BLOCKED_BY: &'static [ResourceKind] = &[
        ResourceKind::LoadBalancer,
        ResourceKind::Instance,
        ResourceKind::NatGateway,
    ];
    // The network interfaces of a deleted load balancer keep their public addresses for minutes.
    const DELETION: Expected = Expected::with_deadline_minutes(1, 110, 15);

    fn holders(id: &str) -> Option<(&'static str, &str)> {
        Some(("vpc-id", PairId::parts(id).1))
    }

    fn removal_command(id: &str, region: &str) -> String {
        let (gateway, vpc) = PairId::parts(id);
        format!(
            "aws ec2 detach-internet-gateway --internet-gateway-id {gateway} --vpc-id {vpc} --region {region}"
        )
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { gateway, vpc } = self;
        let found = state(aws, gateway.as_str(), vpc.as_str()).await?;
        Ok(found.map(|_| PairId::new(gateway, vpc).into()))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let (gateway, vpc) = PairId::parts(id);
        state(aws, gateway, vpc).await
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        let (gateway, vpc) = PairId::parts(id);
        aws.ec2
            .detach_internet_gateway()
            .internet_gateway_id(gateway)
            .vpc_id(vpc)
            .send()
            .await
            .map_err(AwsError::of("ec2:DetachInternetGateway"))?;
        Ok(())
    }
}

/// Returns the state of the attachment of a gateway to a VPC, if there is one.
async fn state(aws: &Reader, gateway: &str, vpc: &str) -> Result<Option<String>, AwsError> {
    let found = described(aws, gateway).await?;
    let attachments = found.and_then(|gateway| gateway.attachments);
    let mut attachments = attachments.unwrap_or_default().into_iter();
    let attachment = attachments.find(|attachment| attachment.vpc_id() == Some(vpc));
    let state = attachment.and_then(|attachment| attachment.state);
    Ok(state
        .map(|state| state.as_str().to_owned())
        .filter(|state| state != "detached"))
}

/// Returns the VPCs to which a gateway is attached.
pub(crate) async fn vpcs_of(aws: &Reader, gateway: &str) -> Result<Vec<String>, AwsError> {
    let found = match described(aws, gateway).await {
        // It was deleted in the meantime.
        Err(error) if error.is_not_found() => None,
        found => found?,
    };
    let attachments = found.and_then(|gateway| gateway.attachments);
    let attachments = attachments.unwrap_or_default().into_iter();
    Ok(attachments
        .filter_map(|attachment| attachment.vpc_id)
        .collect())
}
