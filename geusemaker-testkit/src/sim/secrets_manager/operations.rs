//! The operations of Secrets Manager, one a line.

use super::{SecretsManager, deletion, listing, secret, tags, value};
use crate::sim::context::RequestContext;
use crate::sim::operation::operations;
use crate::wire::aws_json::Input;

operations! {
    Service::SecretsManager: operation(
        secrets: &mut SecretsManager,
        context: &mut RequestContext<'_>,
        input: &Input
    ) {
        "CreateSecret" => secret::create(secrets, context, input),
        "DeleteSecret" => deletion::delete(secrets, context, input),
        "DescribeSecret" => secret::describe(secrets, context, input),
        "GetSecretValue" => value::get(secrets, context, input),
        "ListSecrets" => listing::list(secrets, context, input),
        "PutSecretValue" => value::put(secrets, context, input),
        "RestoreSecret" => deletion::restore(secrets, context, input),
        "TagResource" => tags::add(secrets, context, input),
        "UntagResource" => tags::remove(secrets, context, input),
        "UpdateSecret" => secret::update(secrets, context, input),
    }
}
