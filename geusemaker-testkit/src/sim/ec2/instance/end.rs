//! The ends of instances' runs: the time of a stop or a termination, and its reason.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// EC2 reference, StateReason: a user called the API.
const USER_INITIATED: &str = "Client.UserInitiatedShutdown";

/// A stop or a termination.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::sim::ec2) struct InstanceEnd {
    /// The time at which the instance begins to stop or to shut down.
    pub(in crate::sim::ec2) begins_at: Timestamp,
    /// The time from which the instance is stopped or terminated.
    pub(super) ends_at: Timestamp,
    /// The code of the state reason.
    #[serde(default = "user_initiated")]
    reason: String,
}

fn user_initiated() -> String {
    USER_INITIATED.to_owned()
}

impl InstanceEnd {
    /// Creates an end that a user asked for.
    pub(super) fn by_user(begins_at: Timestamp, ends_at: Timestamp) -> Self {
        Self::because(USER_INITIATED, begins_at, ends_at)
    }

    /// Creates an end for a reason of AWS.
    pub(super) fn because(reason: &str, begins_at: Timestamp, ends_at: Timestamp) -> Self {
        Self {
            begins_at,
            ends_at,
            reason: reason.to_owned(),
        }
    }

    pub(super) fn code(&self) -> &str {
        &self.reason
    }

    pub(super) fn message(&self) -> String {
        format!("{}: {}", self.reason, text(&self.reason))
    }

    pub(in crate::sim::ec2) fn is_by_user(&self) -> bool {
        self.reason == USER_INITIATED
    }

    /// Returns a text such as `User initiated (2026-01-01 00:00:00 GMT)`.
    pub(super) fn transition_reason(&self) -> String {
        let text = if self.is_by_user() {
            "User initiated"
        } else {
            &self.reason
        };
        let at = self.begins_at.strftime("%Y-%m-%d %H:%M:%S GMT");
        format!("{text} ({at})")
    }
}

/// Returns the text that AWS writes after the code.
fn text(reason: &str) -> &str {
    match reason {
        "Client.InstanceInitiatedShutdown" => "Instance initiated shutdown",
        "Client.InternalError" => "Client error on launch",
        "Client.InvalidSnapshot.NotFound" => "The specified snapshot was not found",
        "Client.UserInitiatedShutdown" => "User initiated shutdown",
        "Client.VolumeLimitExceeded" => "Volume limit exceeded",
        // Assumed: no public text names the reason of a block.
        "Server.CapacityBlockExpired" => "Capacity Block expired",
        "Server.InsufficientInstanceCapacity" => {
            "Insufficient capacity to satisfy instance request"
        }
        "Server.InternalError" => "Internal error on launch",
        "Server.ScheduledStop" => "Stopped due to scheduled retirement",
        "Server.SpotInstanceShutdown" => "Spot instance shutdown",
        "Server.SpotInstanceTermination" => "Spot instance termination",
        other => other,
    }
}
