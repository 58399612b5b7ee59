//! The VPC origin through which CloudFront reaches an internal load balancer.

use std::sync::Arc;

use crate::error::Error;
use crate::id::{LoadBalancerArn, VpcOriginId};
use crate::ledger::Ledger;
use crate::progress::step::Step;
use crate::resource::vpc_origin::{self, NewVpcOrigin};
use crate::resource_key::ResourceKey;
use crate::wait::{Expected, Wait};

/// Creates the VPC origin that leads to the load balancer, if the spec wants one, and waits until distributions can use
/// it.
pub(super) async fn create(
    ledger: &Arc<Ledger>,
    load_balancer: &LoadBalancerArn,
) -> Result<Option<VpcOriginId>, Error> {
    let spec = &ledger.plan.spec;
    if !spec.has_vpc_origin() {
        return Ok(None);
    }
    let account = &ledger.account;
    account.progress.step(Step::CreatingVpcOrigin);
    let wanted = NewVpcOrigin {
        name: spec.name().load_balancer_name(),
        load_balancer: load_balancer.clone(),
        is_secure: spec.balancer_certificate().is_some(),
        owner: ledger.owner.clone(),
    };
    let id = ledger
        .create(ResourceKey::new("vpc-origin"), wanted)
        .await?;
    // AWS says "up to 15 minutes".
    let expected = Expected::seconds(300, 900, spec.cdn().wait_timeout());
    Wait::new("VPC origin to be deployed", expected)
        .about(ledger.resource(&id))
        .until(&account.clock, &account.progress, || {
            vpc_origin::deployed(&account.reader, &id)
        })
        .await?;
    Ok(Some(id))
}
