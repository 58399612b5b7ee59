//! Spot requests. Each is fulfilled with the instance that it was made for, and ends with it.

use jiff::Timestamp;

use super::Ec2;
use super::instance::{Instance, InstanceState};
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A spot request, as its instance describes it.
struct SpotRequest {
    id: String,
    instance: Instance,
}

impl SpotRequest {
    fn state(&self, now: Timestamp) -> &'static str {
        let is_cancelled = self.instance.spot_cancelled_at.is_some();
        match self.instance.state(now) {
            _ if is_cancelled => "cancelled",
            InstanceState::ShuttingDown | InstanceState::Terminated => "closed",
            InstanceState::Pending
            | InstanceState::Running
            | InstanceState::Stopping
            | InstanceState::Stopped => "active",
        }
    }

    /// Returns the code and the message of the status (EC2 user guide, spot request status codes), and its start.
    fn status(&self, now: Timestamp) -> (&'static str, &'static str, Timestamp) {
        let instance = &self.instance;
        let end = instance.termination.as_ref();
        let end = end.filter(|end| now >= end.begins_at);
        match (end, instance.spot_cancelled_at) {
            (Some(end), _) if end.is_by_user() => (
                "instance-terminated-by-user",
                "Spot Instance terminated due to user-initiated termination.",
                end.begins_at,
            ),
            (Some(end), _) => (
                "instance-terminated-no-capacity",
                "Your Spot instance was terminated because there is no Spot capacity available.",
                end.begins_at,
            ),
            (None, Some(at)) => (
                "request-canceled-and-instance-running",
                "Your Spot request is canceled, but your instance is still running.",
                at,
            ),
            (None, None) => (
                "fulfilled",
                "Your spot request is fulfilled.",
                instance.launched_at,
            ),
        }
    }

    fn max_price(&self) -> Option<String> {
        let spot = self.instance.launch.spot.as_ref()?;
        Some(format!("{:.6}", spot.max_price?))
    }
}

impl Described for SpotRequest {
    const IDS: Option<&'static str> = Some("SpotInstanceRequestId");
    const USUAL_PAGE: usize = 1000;
    const PAGES_OF_IDS: bool = false;
    const SET: Option<&'static str> = Some("spotInstanceRequestIdSet");
    const FIELDS: &'static [Field<Self>] = &[
        ("create-time", |_, _, it| {
            vec![format!("{:.3}", it.instance.launched_at)]
        }),
        ("instance-id", |_, _, it| vec![it.instance.id.clone()]),
        ("launch.image-id", |_, _, it| {
            vec![it.instance.launch.image.clone()]
        }),
        ("launch.instance-type", |_, _, it| {
            vec![it.instance.launch.instance_type.clone()]
        }),
        ("launch.key-name", |_, _, it| {
            it.instance.launch.key_name.iter().cloned().collect()
        }),
        ("launched-availability-zone", |_, _, it| {
            vec![it.instance.zone.clone()]
        }),
        ("product-description", |_, _, _| {
            vec!["Linux/UNIX".to_owned()]
        }),
        ("spot-instance-request-id", |_, _, it| vec![it.id.clone()]),
        ("spot-price", |_, _, it| {
            it.max_price().into_iter().collect()
        }),
        ("state", |_, now, it| vec![it.state(now).to_owned()]),
        ("status-code", |_, now, it| {
            vec![it.status(now).0.to_owned()]
        }),
        ("status-message", |_, now, it| {
            vec![it.status(now).1.to_owned()]
        }),
        ("type", |_, _, _| vec!["one-time".to_owned()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::SpotInstanceRequest.unknown(id)
    }
}

impl Ec2 {
    /// Returns the spot requests that other calls know, which is as long as their instances.
    fn spot_requests(&self, now: Timestamp) -> Vec<SpotRequest> {
        self.visible_instances(now)
            .filter_map(|instance| {
                Some(SpotRequest {
                    id: instance.spot_request.clone()?,
                    instance: instance.clone(),
                })
            })
            .collect()
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeSpotInstanceRequests")?;
    let now = context.now;
    let all = ec2.spot_requests(now);
    let page = selection.choose(ec2, now, &all)?;
    Ok(page.reply("spotInstanceRequestSet", |it| element(ec2, now, it)))
}

pub(crate) fn cancel(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let ids = params.list("SpotInstanceRequestId");
    params.refuse_unread("CancelSpotInstanceRequests")?;
    let now = context.now;
    let all = ec2.spot_requests(now);
    let mut items = Vec::new();
    for id in &ids {
        let known = all.iter().find(|it| it.id == *id);
        let request = known.ok_or_else(|| SpotRequest::unknown(id))?;
        // EC2 reference: cancelling a request leaves its instance running.
        let state = match request.state(now) {
            "closed" => "closed",
            _ => "cancelled",
        };
        items.push(
            Element::new("item")
                .with("spotInstanceRequestId", id)
                .with("state", state),
        );
    }
    for request in all.iter().filter(|it| ids.contains(&it.id)) {
        let is_live = request.state(now) == "active";
        let instance = ec2.visible_instance_mut(&request.instance.id, now)?;
        if is_live {
            instance.spot_cancelled_at = Some(now);
        }
    }
    let set = Element::list("spotInstanceRequestSet", "item", items);
    Ok(Reply::xml(Element::new("reply").child(set)))
}

fn element(ec2: &Ec2, now: Timestamp, request: &SpotRequest) -> Element {
    let instance = &request.instance;
    let (code, message, since) = request.status(now);
    let status = Element::new("status")
        .with("code", code)
        .with("updateTime", format_args!("{since:.3}"))
        .with("message", message);
    let placement = Element::new("placement").with("availabilityZone", &instance.zone);
    let launch = Element::new("launchSpecification")
        .with("imageId", &instance.launch.image)
        .with("instanceType", &instance.launch.instance_type)
        .with_some("keyName", instance.launch.key_name.as_ref())
        .with("subnetId", &instance.subnet)
        .child(placement)
        .child(Element::new("monitoring").with("enabled", instance.launch.monitoring));
    Element::new("item")
        .with("spotInstanceRequestId", &request.id)
        .with_some("spotPrice", request.max_price())
        .with("type", "one-time")
        .with("state", request.state(now))
        .child(status)
        .child(launch)
        .with("instanceId", &instance.id)
        .with("createTime", format_args!("{:.3}", instance.launched_at))
        .with("productDescription", "Linux/UNIX")
        .with("launchedAvailabilityZone", &instance.zone)
        .with("launchedAvailabilityZoneId", &instance.zone_id)
        .with("instanceInterruptionBehavior", "terminate")
        .child(ec2.tags.element(&request.id))
}
