//! Certificates in the eyes of the services that use them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Acm, Status, Users};
use crate::sim::context::RequestContext;

/// The standing of an ARN that another service is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Missing,
    NotIssued,
    Usable,
}

/// A use that has ended, of which Certificate Manager does not know yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FormerUse {
    certificate: String,
    user: String,
    known_until: Timestamp,
}

impl Acm {
    /// Returns the standing of an ARN in a region. One that this account never had is taken for a certificate that is
    /// older than the simulation, and is usable.
    pub(crate) fn standing(
        &self,
        arn: &str,
        region: &str,
        context: &RequestContext<'_>,
    ) -> Standing {
        let (partition, account) = (context.partition(), context.account_id);
        let prefix = format!("arn:{partition}:acm:{region}:{account}:certificate/");
        let has_id = arn.strip_prefix(&prefix).is_some_and(|id| !id.is_empty());
        if !has_id || self.deleted.contains(arn) {
            return Standing::Missing;
        }
        match self.certificates.get(arn) {
            None => Standing::Usable,
            Some(certificate) if !certificate.is_known(context.now) => Standing::Missing,
            Some(certificate) => match certificate.status(context.now) {
                Status::Issued => Standing::Usable,
                Status::Failed | Status::PendingValidation | Status::ValidationTimedOut => {
                    Standing::NotIssued
                }
            },
        }
    }

    /// Returns true if a certificate is valid for a name. The names of one that is older than the simulation are not
    /// known, and count as right.
    pub(crate) fn covers(&self, arn: &str, name: &str) -> bool {
        let certificate = self.certificates.get(arn);
        certificate.is_none_or(|certificate| {
            let mut names = certificate.names.iter();
            names.any(|one| one.name.covers(name))
        })
    }

    /// Notes that a use of a certificate has ended, which is known here later.
    pub(crate) fn release(&mut self, certificate: String, user: String, known_until: Timestamp) {
        self.former_uses.push(FormerUse {
            certificate,
            user,
            known_until,
        });
    }

    /// Returns the ARNs of the load balancers and distributions by which a certificate counts as used.
    pub(super) fn users(
        &self,
        users: &Users<'_>,
        arn: &str,
        context: &RequestContext<'_>,
    ) -> Vec<String> {
        let mut all = users.of(arn, context.account_id);
        let former = self.former_uses.iter();
        let former = former.filter(|one| one.certificate == arn && context.now < one.known_until);
        all.extend(former.map(|one| one.user.clone()));
        all.sort();
        all.dedup();
        all
    }
}
