//! The protection of the load balancer against its deletion, which begins when the stack is committed: before, a failure
//! must be able to undo it.

use std::sync::Arc;

use crate::error::Error;
use crate::ledger::Ledger;
use crate::plan::reached::AlbHealthy;
use crate::resource::load_balancer::{Attributes, DELETION_PROTECTION};
use crate::resource_key::ResourceKey;

/// Protects the load balancer, if the spec asks for it.
pub(super) async fn protect(ledger: &Arc<Ledger>, alb: &AlbHealthy) -> Result<(), Error> {
    if !ledger.plan.spec.load_balancer().deletion_protection() {
        return Ok(());
    }
    let setting = Attributes {
        load_balancer: alb.load_balancer.arn.clone(),
        wanted: vec![(DELETION_PROTECTION, "true".to_owned())],
    };
    ledger.apply(ResourceKey::new("alb"), setting).await
}
