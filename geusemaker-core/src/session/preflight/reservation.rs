//! The capacity reservation or the capacity block that the spec names.

use super::Preflight;
use super::report::{Checked, Unfit, during};
use crate::plan::problem::PlanProblem;
use crate::resource::capacity_reservation::{self, DescribedReservation};
use crate::spec::Market;

const NOT_YET: &str = "has not begun yet";
const NOT_PAID: &str = "is not paid yet, and so not active";

impl Preflight<'_> {
    /// Returns the zone of the reservation, in which all instances must be launched.
    pub(super) async fn reserved_zone(&self) -> Checked<Option<String>> {
        let Some(id) = self.spec.compute().capacity_reservation() else {
            return Ok(None);
        };
        let found = capacity_reservation::described(&self.account.reader, id)
            .await
            .map_err(during("reading the capacity reservation"))?;
        let Some(found) = found else {
            return Err(self.missing("compute.capacity_reservation", id).into());
        };
        let problems: Vec<_> = self
            .unsuited(&found)
            .map(|reason| PlanProblem::Reservation {
                reservation: id.clone(),
                will_begin: reason == NOT_YET || reason == NOT_PAID,
                reason,
            })
            .collect();
        if problems.is_empty() {
            Ok(Some(found.zone))
        } else {
            Err(Unfit::Problems(problems))
        }
    }

    /// Returns the reasons why the reservation does not suit the spec.
    fn unsuited(&self, found: &DescribedReservation) -> impl Iterator<Item = String> {
        let compute = self.spec.compute();
        let (wanted, count) = (compute.instance_type(), compute.count());
        let wants_block = compute.market() == Market::CapacityBlock;
        let reasons = [
            (found.instance_type != wanted.name())
                .then(|| format!("is for {}, not for {wanted}", found.instance_type)),
            (found.state != "active").then(|| match found.state.as_str() {
                "scheduled" => NOT_YET.to_owned(),
                "payment-pending" => NOT_PAID.to_owned(),
                state => format!("is {state}, not active"),
            }),
            (found.state == "active" && found.available < count).then(|| {
                format!(
                    "has place for {} more instances, and {count} are needed",
                    found.available
                )
            }),
            (!found.platform.starts_with("Linux"))
                .then(|| format!("is for {}, and the instances run Linux", found.platform)),
            (found.is_block && !wants_block).then(|| {
                "is a capacity block: set compute.market to \"capacity-block\"".to_owned()
            }),
            (!found.is_block && wants_block)
                .then(|| "is not a capacity block: set compute.market to \"on-demand\"".to_owned()),
        ];
        reasons.into_iter().flatten()
    }
}
