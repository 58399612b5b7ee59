//! The operations of Route 53, one a line.

use super::{Route53, Targets, change, hosted_zone, hosted_zone_list, record_list, tags};
use crate::sim::context::RequestContext;
use crate::sim::operation::operations;
use crate::wire::rest_xml::Input;

operations! {
    Service::Route53: operation(
        route53: &mut Route53,
        targets: &Targets<'_>,
        context: &mut RequestContext<'_>,
        input: &Input
    ) {
        "ChangeResourceRecordSets" => change::change(route53, targets, context, input),
        "ChangeTagsForResource" => tags::change(route53, input),
        "CreateHostedZone" => hosted_zone::create(route53, context, input),
        "DeleteHostedZone" => hosted_zone::delete(route53, context, input),
        "GetChange" => change::get(route53, context, input),
        "GetHostedZone" => hosted_zone::get(route53, input),
        "ListHostedZones" => hosted_zone_list::list(route53, input),
        "ListHostedZonesByName" => hosted_zone_list::list_by_name(route53, input),
        "ListResourceRecordSets" => record_list::list(route53, input),
        "ListTagsForResource" => tags::list(route53, input),
    }
}
