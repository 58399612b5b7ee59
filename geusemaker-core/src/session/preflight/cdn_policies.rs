//! The policies of CloudFront that the spec names by their ids.

use super::Preflight;
use super::report::Report;
use crate::plan::problem::PlanProblem;
use crate::resource::cdn_policy::{self, CdnPolicyKind};
use crate::spec::{CdnBehavior, PolicyId, Tier};

/// A policy that a cache behavior names.
struct Named {
    /// The field of the spec: `cdn.behavior[0].cache`.
    field: String,
    kind: CdnPolicyKind,
    id: PolicyId,
}

impl Preflight<'_> {
    /// Checks that the policies exist. Without permission to look, CloudFront says so when it creates the distribution.
    pub(super) async fn cdn_policies(&self, report: &mut Report) {
        if self.spec.tier() < Tier::Cdn {
            return;
        }
        let behaviors = self.spec.cdn().behaviors().iter().enumerate();
        let named = behaviors.flat_map(|(index, behavior)| named(index, behavior));
        for Named { field, kind, id } in named {
            let found = cdn_policy::exists(&self.account.reader, kind, &id).await;
            match report.look("a policy of the CDN", found) {
                Some(true) => {}
                Some(false) => {
                    let command = kind.list_command();
                    report.problem(PlanProblem::NoCdnPolicy { field, id, command });
                }
                // What may not be asked once, or was not answered, is not asked again.
                None => return,
            }
        }
    }
}

fn named(index: usize, behavior: &CdnBehavior) -> Vec<Named> {
    let origin_request = behavior.origin_request();
    let ids = [
        (CdnPolicyKind::Cache, behavior.cache().named_by_id()),
        (CdnPolicyKind::OriginRequest, origin_request.named_by_id()),
        (
            CdnPolicyKind::ResponseHeaders,
            behavior.headers().and_then(|policy| policy.named_by_id()),
        ),
    ];
    let named = ids.into_iter().filter_map(|(kind, id)| {
        Some(Named {
            field: format!("cdn.behavior[{index}].{}", kind.key()),
            kind,
            id: id?.clone(),
        })
    });
    named.collect()
}
