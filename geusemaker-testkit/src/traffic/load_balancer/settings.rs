//! The configuration of a load balancer, compiled once per change.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use rustls::ServerConfig;

use super::rule::Rule;
use crate::sim::account::{Account, Region};
use crate::sim::elastic_load_balancing::attributes::{
    HTTP_LISTENER, HTTPS_LISTENER, LOAD_BALANCER,
};
use crate::sim::elastic_load_balancing::listener;
use crate::sim::elastic_load_balancing::load_balancer::LoadBalancer;
use crate::traffic::authority::Authority;
use crate::traffic::source::Source;

/// The prefix of the attributes of a listener that set headers of answers.
const RESPONSE_HEADER: &str = "routing.http.response.";

/// A load balancer, as it treats requests.
#[derive(Debug)]
pub(super) struct Balancer {
    pub(super) region: String,
    pub(super) dns_name: String,
    pub(super) listeners: HashMap<u16, Listener>,
    pub(super) idle_timeout: Duration,
    /// The age from which a client's connection is closed.
    pub(super) client_keep_alive: Duration,
    pub(super) forwarded_for: ForwardedFor,
    pub(super) has_client_port: bool,
    pub(super) preserves_host: bool,
    pub(super) drops_invalid_headers: bool,
    pub(super) tells_tls: bool,
    /// The load balancer as its targets see it.
    pub(super) source: Source,
}

/// The treatment of `X-Forwarded-For`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForwardedFor {
    Append,
    Preserve,
    Remove,
}

/// A listener.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// In the order in which they are tried; the last one is for all other requests.
    pub(super) rules: Vec<Rule>,
    /// The headers that every answer gets.
    pub(super) response_headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) shows_server: bool,
}

impl Balancer {
    /// Compiles the load balancer of an ARN; returns `None` if it accepts no connections.
    pub(super) fn compile(
        account: &Account,
        arn: &str,
        now: Timestamp,
        authority: &Authority,
    ) -> Option<Self> {
        let region_name = arn.split(':').nth(3)?;
        let region = account.regions.get(region_name)?;
        let elb = &region.elastic_load_balancing;
        let balancer = elb.accepting(arn, now)?;
        let value = |key| balancer.attributes.value(LOAD_BALANCER, key);
        let is_on = |key| value(key) == "true";
        let seconds = |key| Duration::from_secs(value(key).parse().unwrap_or_default());
        let has_http2 = is_on("routing.http2.enabled");
        let listeners = elb.listeners_of(arn).filter_map(|listener| {
            let port = u16::try_from(listener.port).ok()?;
            let compiled = Listener::compile(listener, region, balancer, has_http2, authority);
            Some((port, compiled))
        });
        Some(Self {
            region: region_name.to_owned(),
            dns_name: balancer.dns_name.clone(),
            listeners: listeners.collect(),
            idle_timeout: seconds("idle_timeout.timeout_seconds"),
            client_keep_alive: seconds("client_keep_alive.seconds"),
            forwarded_for: match value("routing.http.xff_header_processing.mode") {
                "preserve" => ForwardedFor::Preserve,
                "remove" => ForwardedFor::Remove,
                _ => ForwardedFor::Append,
            },
            has_client_port: is_on("routing.http.xff_client_port.enabled"),
            preserves_host: is_on("routing.http.preserve_host_header.enabled"),
            drops_invalid_headers: is_on("routing.http.drop_invalid_header_fields.enabled"),
            tells_tls: is_on("routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
            source: source(region, balancer),
        })
    }
}

/// Returns the load balancer as its targets see it: its network interface.
fn source(region: &Region, balancer: &LoadBalancer) -> Source {
    let mut placements = balancer.placements.iter();
    let address = placements
        .find_map(|placement| region.ec2.interface(&placement.interface))
        .map_or(Ipv4Addr::UNSPECIFIED, |interface| interface.private_ip);
    Source {
        address: IpAddr::V4(address),
        port: 0,
        groups: balancer.settings.security_groups.iter().cloned().collect(),
    }
}

impl Listener {
    fn compile(
        listener: &listener::Listener,
        region: &Region,
        balancer: &LoadBalancer,
        has_http2: bool,
        authority: &Authority,
    ) -> Self {
        let known = match listener.tls {
            Some(_) => HTTPS_LISTENER,
            None => HTTP_LISTENER,
        };
        let value = |key: &str| listener.attributes.value(known, key);
        let response_headers = known.iter().filter_map(|attribute| {
            let name = attribute.key.strip_prefix(RESPONSE_HEADER)?;
            let name = name.strip_suffix(".header_value")?.replace('_', "-");
            let value = Some(value(attribute.key)).filter(|value| !value.is_empty())?;
            Some((name.parse().ok()?, value.parse().ok()?))
        });
        let protocols: &[&str] = match has_http2 {
            true => &["h2", "http/1.1"],
            false => &["http/1.1"],
        };
        let tls = listener.tls.as_ref().and_then(|tls| {
            let certificates: Vec<Vec<String>> = tls
                .certificates()
                .map(|arn| {
                    // The names of IAM's certificates are not known.
                    let names = region.acm.names_of(arn);
                    names.unwrap_or_else(|| vec![balancer.dns_name.clone()])
                })
                .collect();
            authority.server_config(&certificates, protocols).ok()
        });
        Self {
            tls,
            rules: listener
                .all_rules()
                .map(|(_, rule)| Rule::compile(rule))
                .collect(),
            response_headers: response_headers.collect(),
            shows_server: value("routing.http.response.server.enabled") == "true",
        }
    }
}
