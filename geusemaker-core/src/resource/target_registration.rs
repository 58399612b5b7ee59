//! The registration of an instance with a target group.

use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealth, TargetHealthStateEnum,
};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::observed::{Observed, StateReason};
use super::pair_id::PairId;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{InstanceId, TargetGroupArn};

/// A new registration of an instance with a target group.
#[derive(Clone, Debug)]
pub(crate) struct NewTargetRegistration {
    pub(crate) target_group: TargetGroupArn,
    pub(crate) instance: InstanceId,
}

impl Create for NewTargetRegistration {
    type Id = PairId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            target_group: self.target_group.clone(),
            instance: self.instance.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<PairId, AwsError> {
        aws.elastic_load_balancing
            .register_targets()
            .target_group_arn(self.target_group.as_str())
            .targets(target(self.instance.as_str()))
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:RegisterTargets"))?;
        Ok(PairId::new(&self.target_group, &self.instance))
    }
}

/// A lookup by the target group and the instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) target_group: TargetGroupArn,
    pub(crate) instance: InstanceId,
}

impl Kind for Lookup {
    const NAME: &'static str = "target registration";
    const WORKING: &'static [&'static str] = &["healthy"];

    fn removal_command(id: &str, region: &str) -> String {
        let (group, instance) = PairId::parts(id);
        format!(
            "aws elbv2 deregister-targets --target-group-arn {group} --targets Id={instance} --region {region}"
        )
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self {
            target_group,
            instance,
        } = self;
        let id = PairId::new(target_group, instance);
        Ok(Self::observe(aws, id.as_ref()).await?.map(|_| id.into()))
    }

    /// Returns the health state of the target. A draining target is no longer registered.
    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let state = registered(aws, id).await?.and_then(|health| health.state);
        Ok(state.map(|state| state.as_str().to_owned()))
    }

    async fn describe(aws: &Reader, id: &str) -> Result<Option<Observed>, AwsError> {
        let health = registered(aws, id).await?;
        Ok(health.and_then(|health| {
            let code = health.reason().map(|reason| reason.as_str());
            Some(Observed {
                reason: StateReason::new(code, health.description()),
                ..Observed::in_state(health.state()?.as_str().to_owned())
            })
        }))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        let (group, instance) = PairId::parts(id);
        let reply = aws
            .elastic_load_balancing
            .deregister_targets()
            .target_group_arn(group)
            .targets(target(instance))
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DeregisterTargets"));
        match reply {
            Err(error) if error.code.as_deref() == Some("InvalidTarget") => Ok(()),
            reply => reply.map(|_| ()),
        }
    }
}

/// Returns the health of the target, as long as it is registered.
async fn registered(aws: &Reader, id: &str) -> Result<Option<TargetHealth>, AwsError> {
    let (group, instance) = PairId::parts(id);
    let reply = aws
        .elastic_load_balancing
        .describe_target_health()
        .target_group_arn(group)
        .targets(target(instance))
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeTargetHealth"));
    let descriptions = match reply {
        Ok(reply) => reply.target_health_descriptions.unwrap_or_default(),
        // AWS refuses an instance that no longer runs as an invalid target; it is no longer registered.
        Err(error) if error.code.as_deref() == Some("InvalidTarget") => return Ok(None),
        Err(error) => return Err(error),
    };
    let health = descriptions
        .into_iter()
        .find_map(|description| description.target_health);
    Ok(health.filter(|health| {
        let reason = health.reason().map(|reason| reason.as_str());
        reason != Some("Target.NotRegistered")
            && health.state() != Some(&TargetHealthStateEnum::Draining)
    }))
}

fn target(instance: &str) -> TargetDescription {
    TargetDescription::builder().id(instance).build()
}
