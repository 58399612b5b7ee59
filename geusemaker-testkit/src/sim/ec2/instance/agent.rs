//! The agent of Systems Manager, which an instance with a profile runs from its boot.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Instance;
use crate::sim::context::RequestContext;
use crate::sim::lifecycle::CENTURY;
use crate::sim::timings::Step;

/// The times at which the agent tries to register. It sleeps for long after an attempt without permission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Agent {
    starts_at: Timestamp,
    /// The time at which user data restarts the agent, if it does.
    restarted_at: Option<Timestamp>,
    sleep: Duration,
}

impl Agent {
    /// Draws the agent's times for a run of an instance.
    pub(super) fn draw(context: &mut RequestContext<'_>, instance: &Instance) -> Self {
        let startup = &instance.startup;
        let up_at = startup.running_at.max(context.now);
        let mut starts_at = up_at + context.rng.duration(Step::AgentStarted);
        // A guest that never comes up has no agent either.
        if startup.services_up_at > up_at + CENTURY / 2 {
            starts_at = startup.services_up_at;
        }
        let is_restarted = restarts_agent(&String::from_utf8_lossy(&instance.launch.user_data));
        let restarted_at = is_restarted.then_some(startup.services_up_at);
        Self {
            starts_at,
            restarted_at: restarted_at.filter(|at| *at > starts_at),
            sleep: context.rng.duration(Step::AgentSleep),
        }
    }

    /// Returns the time at which the agent registers if its role allows that from `allowed_since` on.
    pub(crate) fn online_at(&self, allowed_since: Timestamp) -> Timestamp {
        let attempts = [Some(self.starts_at), self.restarted_at];
        let mut latest = self.starts_at;
        for attempt in attempts.into_iter().flatten() {
            if attempt >= allowed_since {
                return attempt;
            }
            latest = attempt;
        }
        if self.sleep.is_zero() {
            return allowed_since;
        }
        let missing = Duration::try_from(allowed_since.duration_since(latest)).unwrap_or_default();
        let sleeps = missing.as_millis().div_ceil(self.sleep.as_millis().max(1));
        let sleeps = u32::try_from(sleeps).unwrap_or(u32::MAX);
        latest + self.sleep.saturating_mul(sleeps)
    }
}

impl Instance {
    /// Draws the agent's times anew, for a start or a reboot.
    pub(super) fn restart_agent(&mut self, context: &mut RequestContext<'_>) {
        if self.agent.is_some() {
            self.agent = Some(Agent::draw(context, self));
        }
    }
}

/// Returns true if a line of the user data restarts the agent, whether it is a package or a snap.
fn restarts_agent(user_data: &str) -> bool {
    user_data.lines().any(|line| {
        let is_comment = line.trim_start().starts_with('#');
        !is_comment && line.contains("restart") && line.contains("amazon-ssm-agent")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::{Agent, restarts_agent};

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn agent_sleeps_after_early_attempt() {
        let agent = |restarted_at: Option<i64>| Agent {
            starts_at: second(60),
            restarted_at: restarted_at.map(second),
            sleep: Duration::from_secs(1800),
        };
        assert_eq!(agent(None).online_at(second(60)), second(60));
        assert_eq!(agent(None).online_at(second(61)), second(1860));
        assert_eq!(agent(None).online_at(second(1861)), second(3660));
        assert_eq!(agent(Some(300)).online_at(second(61)), second(300));
        assert_eq!(agent(Some(300)).online_at(second(301)), second(2100));
    }

    #[test]
    fn user_data_may_restart_agent() {
        assert!(restarts_agent(
            "#!/bin/sh\nsystemctl restart amazon-ssm-agent\n"
        ));
        assert!(restarts_agent("snap restart amazon-ssm-agent"));
        assert!(!restarts_agent(
            "# restart amazon-ssm-agent\nsystemctl restart docker"
        ));
    }
}
