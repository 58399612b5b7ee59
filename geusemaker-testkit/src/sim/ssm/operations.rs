//! The operations of Systems Manager, one a line.

use super::fleet::Fleet;
use super::{
    Ssm, command, instance_information, invocation, parameter, parameter_list, session, tags,
};
use crate::sim::context::RequestContext;
use crate::sim::operation::operations;
use crate::wire::aws_json::Input;

operations! {
    Service::Ssm: operation(
        ssm: &mut Ssm,
        fleet: &Fleet<'_>,
        context: &mut RequestContext<'_>,
        input: &Input
    ) {
        "AddTagsToResource" => tags::add(ssm, input),
        "CancelCommand" => command::cancel(ssm, fleet, context, input),
        "DeleteParameter" => parameter::delete(ssm, input),
        "DeleteParameters" => parameter::delete_several(ssm, input),
        "DescribeInstanceInformation" => instance_information::describe(fleet, context, input),
        "DescribeParameters" => parameter_list::describe(ssm, context, input),
        "DescribeSessions" => session::describe(ssm, fleet, context, input),
        "GetCommandInvocation" => invocation::get(ssm, fleet, context, input),
        "GetParameter" => parameter::get(ssm, context, input),
        "GetParameters" => parameter::get_several(ssm, context, input),
        "GetParametersByPath" => parameter_list::get_by_path(ssm, context, input),
        "ListCommandInvocations" => invocation::list(ssm, fleet, context, input),
        "ListTagsForResource" => tags::list(ssm, input),
        "PutParameter" => parameter::put(ssm, context, input),
        "RemoveTagsFromResource" => tags::remove(ssm, input),
        "SendCommand" => command::send(ssm, fleet, context, input),
        "StartSession" => session::start(ssm, fleet, context, input),
        "TerminateSession" => session::terminate(ssm, context, input),
    }
}
