//! The instance profiles of instances. IAM is not simulated, so every named profile exists.

use super::launch_request::InstanceProfile;
use super::{Instance, InstanceState};
use crate::sim::context::RequestContext;
use crate::sim::ec2::selection::{Described, Field, Selection};
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A profile that is associated with an instance.
struct Association {
    id: String,
    arn: String,
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
            let profile = instance.launch.instance_profile.as_ref()?;
            Some(Association {
                id: instance.id.replacen("i-", "iip-assoc-", 1),
                arn: profile.arn(&ec2.account_id),
                instance: instance.clone(),
            })
        })
        .collect();
    let page = selection.choose(ec2, now, &all)?;
    Ok(page.reply("iamInstanceProfileAssociationSet", |it| {
        let profile = Element::new("iamInstanceProfile")
            .with("arn", &it.arn)
            .with("id", profile_id(&it.arn));
        Element::new("item")
            .with("associationId", &it.id)
            .with("instanceId", &it.instance.id)
            .child(profile)
            .with("state", state(it.instance.state(now)))
    }))
}

/// Returns the profile as the instance's description shows it.
pub(super) fn element(ec2: &Ec2, _: &Instance, profile: &InstanceProfile) -> Element {
    let arn = profile.arn(&ec2.account_id);
    let id = profile_id(&arn);
    Element::new("iamInstanceProfile")
        .with("arn", arn)
        .with("id", id)
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
