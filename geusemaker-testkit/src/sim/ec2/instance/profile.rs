//! The instance profiles of instances.

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::launch_request::InstanceProfile;
use super::{Instance, InstanceState};
use crate::sim::context::RequestContext;
use crate::sim::ec2::selection::{Described, Field, Selection};
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The profile that an instance was launched with, which may have been deleted since.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AttachedProfile {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) id: String,
}

/// A profile that is associated with an instance.
struct Association {
    id: String,
    profile: AttachedProfile,
    instance: Instance,
}

impl Described for Association {
    const IDS: Option<&'static str> = Some("AssociationId");
    const FIELDS: &'static [Field<Self>] = &[
        ("instance-id", |_, _, it| vec![it.instance.id.clone()]),
        ("state", |_, now, it| {
            vec![state(it.instance.state(now)).to_owned()]
        }),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        let message = format!("An invalid association-id of '{id}' was given");
        ServiceError::new(Code::InvalidAssociationIDNotFound, message)
    }
}

pub(crate) fn describe_associations(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeIamInstanceProfileAssociations")?;
    let now = context.now;
    let all: Vec<Association> = ec2
        .visible_instances(now)
        .filter(|instance| !instance.is_terminated(now))
        .filter_map(|instance| {
            Some(Association {
                id: instance.id.replacen("i-", "iip-assoc-", 1),
                profile: instance.profile(&ec2.account_id)?,
                instance: instance.clone(),
            })
        })
        .collect();
    let page = selection.choose(ec2, now, &all)?;
    Ok(page.reply("iamInstanceProfileAssociationSet", |it| {
        Element::new("item")
            .with("associationId", &it.id)
            .with("instanceId", &it.instance.id)
            .child(it.profile.element())
            .with("state", state(it.instance.state(now)))
    }))
}

impl AttachedProfile {
    /// Returns the profile as the instance's description shows it.
    pub(super) fn element(&self) -> Element {
        Element::new("iamInstanceProfile")
            .with("arn", &self.arn)
            .with("id", &self.id)
    }

    /// Returns the profile of an instance from a snapshot of the time when IAM was not simulated.
    fn assumed(profile: &InstanceProfile, account: &str) -> Self {
        let arn = match profile {
            InstanceProfile::Arn(arn) => arn.clone(),
            InstanceProfile::Name(name) => {
                format!("arn:aws:iam::{account}:instance-profile/{name}")
            }
        };
        Self {
            name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
            id: profile_id(&arn),
            arn,
        }
    }
}

impl Instance {
    /// Returns the instance's profile, if it has one.
    pub(crate) fn profile(&self, account: &str) -> Option<AttachedProfile> {
        let assumed = || {
            let named = self.launch.instance_profile.as_ref()?;
            Some(AttachedProfile::assumed(named, account))
        };
        self.profile.clone().or_else(assumed)
    }

    /// Gives a new instance its profile, and starts the agent that works with the profile's role.
    pub(super) fn take_profile(
        &mut self,
        context: &mut RequestContext<'_>,
        profile: AttachedProfile,
    ) {
        self.profile = Some(profile);
        self.agent = Some(Agent::draw(context, self));
    }
}

fn state(state: InstanceState) -> &'static str {
    match state {
        InstanceState::Pending => "associating",
        InstanceState::Running
        | InstanceState::Stopping
        | InstanceState::Stopped
        | InstanceState::ShuttingDown
        | InstanceState::Terminated => "associated",
    }
}

/// Returns IAM's id of a profile, which is always the same for the same ARN.
fn profile_id(arn: &str) -> String {
    let id = crate::sim::ec2::resource_kind::ResourceKind::Instance.fixed_id(arn);
    format!("AIPA{}", id.trim_start_matches("i-").to_uppercase())
}
