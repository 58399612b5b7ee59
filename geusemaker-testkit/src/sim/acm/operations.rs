//! The operations of Certificate Manager, one a line.

use super::{Acm, Users, certificate, listing, removal, request, tags};
use crate::sim::context::RequestContext;
use crate::sim::operation::operations;
use crate::wire::aws_json::Input;

operations! {
    Service::Acm: operation(
        acm: &mut Acm,
        users: &Users<'_>,
        context: &mut RequestContext<'_>,
        input: &Input
    ) {
        "AddTagsToCertificate" => tags::add(acm, context, input),
        "DeleteCertificate" => removal::delete(acm, users, context, input),
        "DescribeCertificate" => certificate::describe(acm, users, context, input),
        "ListCertificates" => listing::list(acm, users, context, input),
        "ListTagsForCertificate" => tags::list(acm, context, input),
        "RemoveTagsFromCertificate" => tags::remove(acm, context, input),
        "RequestCertificate" => request::request(acm, users, context, input),
    }
}
