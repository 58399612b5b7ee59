//! The description of the instances that Systems Manager manages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::fleet::{Fleet, ManagedInstance};
use super::{Code, paging, seconds};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Request {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    instance_information_filter_list: Vec<OldFilter>,
    max_results: Option<u32>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    key: String,
    values: Vec<String>,
}

/// The older form of a filter.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OldFilter {
    key: String,
    value_set: Vec<String>,
}

pub(super) fn describe(
    fleet: &Fleet<'_>,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: Request = input.body()?;
    let old = request.instance_information_filter_list.into_iter();
    let old = old.map(|filter| (filter.key, filter.value_set));
    let new = request.filters.into_iter();
    let filters: Vec<_> = new
        .map(|filter| (filter.key, filter.values))
        .chain(old)
        .collect();
    for (key, _) in &filters {
        check_key(key)?;
    }
    let found = fleet.managed_instances().filter(|managed| {
        filters.iter().all(|(key, values)| {
            let value = match key.as_str() {
                "InstanceIds" => managed.instance.id.as_str(),
                "PingStatus" => managed.ping_status(),
                "PlatformTypes" => "Linux",
                _ => "EC2Instance",
            };
            values.iter().any(|wanted| wanted == value)
        })
    });
    let found = found.map(|managed| {
        let id = managed.instance.id.clone();
        (id, described(&managed, context))
    });
    let size = (request.max_results, 5..=50);
    let token = request.next_token.as_deref();
    paging::reply("InstanceInformationList", size, token, found)
}

fn check_key(key: &str) -> Result<(), ServiceError> {
    match key {
        "InstanceIds" | "PingStatus" | "PlatformTypes" | "ResourceType" => Ok(()),
        "ActivationIds" | "AgentVersion" | "AssociationStatus" | "IamRole" => Err(
            ServiceError::unsupported(format_args!("the filter {key} of managed instances")),
        ),
        _ if key.starts_with("tag") => Err(ServiceError::unsupported(
            "a filter of managed instances by tag",
        )),
        _ => {
            let message = format!("The specified filter key {key} is not valid.");
            Err(ServiceError::new(Code::InvalidFilterKey, message))
        }
    }
}

fn described(managed: &ManagedInstance<'_>, context: &RequestContext<'_>) -> Value {
    let instance = managed.instance;
    let end = instance.end_begins_at();
    let last_ping = end.map_or(context.now, |end| end.min(context.now));
    let address = instance.private_ip.to_string();
    json!({
        "InstanceId": instance.id,
        "PingStatus": managed.ping_status(),
        "LastPingDateTime": seconds(last_ping.max(managed.registered_at)),
        "AgentVersion": "3.3.4624.0",
        "IsLatestVersion": true,
        "PlatformType": "Linux",
        "ResourceType": "EC2Instance",
        "IPAddress": address,
        "ComputerName": format!("ip-{}", address.replace('.', "-")),
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
    })
}
