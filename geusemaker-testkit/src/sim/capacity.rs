//! The zones in which AWS has no capacity left.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::catalog;
use super::ec2::Code;
use super::regions;
use crate::wire::ServiceError;

/// The instance types that a zone has run out of, as pairs of type and zone. All other capacity is unlimited.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Capacity {
    exhausted: BTreeSet<(String, String)>,
}

impl Capacity {
    /// Removes a type from a zone.
    ///
    /// # Panics
    /// Panics if there is no such type or zone, because nothing would ever be refused.
    pub(crate) fn exhaust(&mut self, instance_type: String, zone: String) {
        assert!(
            catalog::instance_type(&instance_type).is_some(),
            "the simulator has no instance type {instance_type}"
        );
        assert!(
            regions::has_zone(&zone),
            "the simulator has no availability zone {zone}"
        );
        self.exhausted.insert((instance_type, zone));
    }

    /// Restores a type in a zone.
    pub(crate) fn restore(&mut self, instance_type: &str, zone: &str) {
        self.exhausted
            .retain(|(exhausted, of)| exhausted != instance_type || of != zone);
    }

    pub(crate) fn has(&self, instance_type: &str, zone: &str) -> bool {
        !self
            .exhausted
            .iter()
            .any(|(exhausted, of)| exhausted == instance_type && of == zone)
    }

    /// Refuses a launch in a zone that has run out of the type. `offered` are the zones that usually have the type.
    pub(crate) fn admit(
        &self,
        instance_type: &str,
        zone: &str,
        is_spot: bool,
        offered: &[String],
    ) -> Result<(), ServiceError> {
        if self.has(instance_type, zone) {
            return Ok(());
        }
        let refuse = |message: &str| {
            Err(ServiceError::new(
                Code::InsufficientInstanceCapacity,
                message,
            ))
        };
        if is_spot {
            return refuse("There is no Spot capacity available that matches your request.");
        }
        let mut message = format!(
            "We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested ({zone}). Our system will be working on provisioning additional capacity."
        );
        let others: Vec<&str> = offered
            .iter()
            .map(String::as_str)
            .filter(|zone| self.has(instance_type, zone))
            .collect();
        if !others.is_empty() {
            message.push_str(&format!(
                " You can currently get {instance_type} capacity by not specifying an Availability Zone in your request or choosing {}.",
                others.join(", ")
            ));
        }
        refuse(&message)
    }
}
