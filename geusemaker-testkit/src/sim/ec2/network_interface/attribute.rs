//! The attributes of network interfaces: description, groups, source check, attachment.

use super::NetworkInterface;
use crate::sim::context::RequestContext;
use crate::sim::ec2::validation::invalid;
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("NetworkInterfaceId")?;
    let attribute = params.required("Attribute")?;
    params.refuse_unread("DescribeNetworkInterfaceAttribute")?;
    let interface = ec2.existing_interface(&id, context.now)?;
    let reply = Element::new("reply").with("networkInterfaceId", &id);
    let value = |value: &str| Element::new(attribute.as_str()).with("value", value);
    let reply = match attribute.as_str() {
        "description" => reply.child(value(&interface.description)),
        "groupSet" => reply.child(interface.group_set(ec2)),
        "sourceDestCheck" => {
            let checks = !interface.skips_source_dest_check;
            reply.child(value(&checks.to_string()))
        }
        "attachment" if interface.is_attached(context.now) => reply.child(
            interface
                .attachment_element()
                .with("instanceOwnerId", &interface.owner)
                .with_some("instanceId", interface.attached_instance(context.now)),
        ),
        "attachment" => reply,
        "associatePublicIpAddress" => {
            return Err(ServiceError::unsupported(format_args!(
                "the attribute {attribute} of network interfaces"
            )));
        }
        other => {
            return Err(invalid(&format!(
                "Value ({other}) for parameter attribute is invalid. Unknown attribute."
            )));
        }
    };
    Ok(Reply::xml(reply))
}

/// The one change of a ModifyNetworkInterfaceAttribute call.
enum Change {
    Description(String),
    SourceDestCheck(bool),
    Groups(Vec<String>),
    DeleteOnTermination { attachment: String, deleted: bool },
}

impl Change {
    fn read_all(params: &mut Params) -> Result<Vec<Self>, ServiceError> {
        let mut changes = Vec::new();
        if let Some(text) = params.optional("Description.Value") {
            changes.push(Self::Description(text));
        }
        if let Some(checks) = params.parsed("SourceDestCheck.Value")? {
            changes.push(Self::SourceDestCheck(checks));
        }
        let groups = params.list("SecurityGroupId");
        if !groups.is_empty() {
            changes.push(Self::Groups(groups));
        }
        if let Some(deleted) = params.parsed("Attachment.DeleteOnTermination")? {
            let attachment = params.required("Attachment.AttachmentId")?;
            changes.push(Self::DeleteOnTermination {
                attachment,
                deleted,
            });
        }
        Ok(changes)
    }
}

pub(crate) fn modify(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("NetworkInterfaceId")?;
    let mut changes = Change::read_all(params)?;
    params.refuse_unread("ModifyNetworkInterfaceAttribute")?;
    let interface = ec2.existing_interface(&id, context.now)?;
    refuse_managed(interface)?;
    let vpc = interface.vpc.clone();
    let (Some(change), None) = (changes.pop(), changes.pop()) else {
        let message = "Exactly one attribute has to be specified";
        return Err(ServiceError::new(
            Code::InvalidParameterCombination,
            message,
        ));
    };
    let change = match change {
        Change::Groups(asked) => Change::Groups(ec2.groups_for_interface(context, &vpc, asked)?),
        other => other,
    };
    let Some(interface) = ec2.interfaces.get_mut(&id) else {
        return Err(ServiceError::unsupported("that network interface"));
    };
    match change {
        Change::Description(text) => interface.description = text,
        Change::SourceDestCheck(checks) => interface.skips_source_dest_check = !checks,
        Change::Groups(groups) => interface.security_groups = groups,
        Change::DeleteOnTermination {
            attachment,
            deleted,
        } => {
            if !interface.is_attached(context.now) || interface.attachment_id() != attachment {
                let message = format!("The attachment ID '{attachment}' does not exist");
                return Err(ServiceError::new(
                    Code::InvalidAttachmentIDNotFound,
                    message,
                ));
            }
            interface.deleted_on_termination = Some(deleted);
        }
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

/// Refuses changes to an interface that a service made: only that service may change it.
pub(in crate::sim::ec2) fn refuse_managed(
    interface: &NetworkInterface,
) -> Result<(), ServiceError> {
    if interface.requester_managed {
        let message = "You do not have permission to access the specified resource.";
        return Err(ServiceError::new(Code::AuthFailure, message));
    }
    Ok(())
}
