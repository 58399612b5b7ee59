//! Origins as a distribution's configuration describes them.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::sim::account::Account;
use crate::sim::cloudfront::at_edges::{VpcOriginEndpoint, items};
use crate::traffic::destination::Destination;
use crate::traffic::source::Source;
use crate::wire::xml::Element;

/// An origin of a distribution.
#[derive(Clone, Debug)]
pub(super) struct OriginSettings {
    pub(super) id: String,
    pub(super) domain_name: String,
    /// The beginning of each path that is asked of the origin.
    pub(super) path: String,
    /// The headers that each request to the origin has.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) place: Place,
    protocol: Protocol,
    http_port: u16,
    https_port: u16,
    pub(super) attempts: u32,
    pub(super) connection_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) keep_alive: Duration,
    pub(super) completion_timeout: Option<Duration>,
}

/// The place of an origin, and who connects to it.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A host that the domain name leads to.
    Internet(Source),
    /// A load balancer in a VPC.
    Private(Destination, Source),
    /// A VPC origin that is not there.
    Unknown,
}

impl Place {
    fn of_vpc_origin(account: &Account, endpoint: &VpcOriginEndpoint<'_>) -> Self {
        let arn = endpoint.config.text_at(&["Arn"]).unwrap_or_default();
        let destination = Destination::LoadBalancer {
            region: endpoint.region.to_owned(),
            arn: arn.to_owned(),
        };
        let source = interface(account, endpoint.region, endpoint.interfaces);
        Self::Private(destination, source)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http,
    Https,
    OfViewer,
}

impl OriginSettings {
    fn read(element: &Element, account: &Account) -> Self {
        let text = |path: &[&str]| element.text_at(path).unwrap_or_default();
        let number = |path: &[&str]| element.text_at(path).and_then(|text| text.parse().ok());
        let private = element.find("VpcOriginConfig");
        let own = match private {
            Some(_) => "VpcOriginConfig",
            None => "CustomOriginConfig",
        };
        let endpoint = private.and_then(|private| {
            let id = private.text_at(&["VpcOriginId"])?;
            account.cloudfront.vpc_origin_endpoint(id)
        });
        // The ports and the protocol of a VPC origin are its own.
        let connection = match &endpoint {
            Some(endpoint) => Some(endpoint.config),
            None => element.find("CustomOriginConfig"),
        };
        let setting = |name: &str| connection.and_then(|it| it.text_at(&[name]));
        let port = |name: &str, usual: u16| {
            let port = setting(name).and_then(|text| text.parse().ok());
            port.unwrap_or(usual)
        };
        let headers = items(element, "CustomHeaders").filter_map(|header| {
            let name = header.text_at(&["HeaderName"])?.parse().ok()?;
            Some((name, header.text_at(&["HeaderValue"])?.parse().ok()?))
        });
        let seconds = |path: &[&str], usual| Duration::from_secs(number(path).unwrap_or(usual));
        Self {
            id: text(&["Id"]).to_owned(),
            domain_name: text(&["DomainName"]).to_owned(),
            path: text(&["OriginPath"]).to_owned(),
            headers: headers.collect(),
            place: match (private, endpoint) {
                (None, _) => Place::Internet(edge(account)),
                (Some(_), Some(endpoint)) => Place::of_vpc_origin(account, &endpoint),
                (Some(_), None) => Place::Unknown,
            },
            protocol: match setting("OriginProtocolPolicy") {
                Some("https-only") => Protocol::Https,
                Some("match-viewer") => Protocol::OfViewer,
                _ => Protocol::Http,
            },
            http_port: port("HTTPPort", 80),
            https_port: port("HTTPSPort", 443),
            attempts: number(&["ConnectionAttempts"])
                .and_then(|number| u32::try_from(number).ok())
                .unwrap_or(3),
            connection_timeout: seconds(&["ConnectionTimeout"], 10),
            read_timeout: seconds(&[own, "OriginReadTimeout"], 30),
            keep_alive: seconds(&[own, "OriginKeepaliveTimeout"], 5),
            completion_timeout: number(&["ResponseCompletionTimeout"]).map(Duration::from_secs),
        }
    }

    /// Returns true if a request of a viewer goes to the origin by HTTPS.
    pub(super) fn is_https(&self, is_viewer_https: bool) -> bool {
        match self.protocol {
            Protocol::Http => false,
            Protocol::Https => true,
            Protocol::OfViewer => is_viewer_https,
        }
    }

    pub(super) fn port(&self, is_https: bool) -> u16 {
        match is_https {
            true => self.https_port,
            false => self.http_port,
        }
    }
}

/// Reads the origins of a distribution.
pub(super) fn read_all(config: &Element, account: &Account) -> Vec<OriginSettings> {
    items(config, "Origins")
        .map(|origin| OriginSettings::read(origin, account))
        .collect()
}

/// Returns the sender of requests to public origins: an address of CloudFront's prefix list.
fn edge(account: &Account) -> Source {
    let mut regions = account.regions.values();
    let address = regions.find_map(|region| region.ec2.edge_address());
    match address {
        Some(address) => Source::viewer(address.into(), 40_000),
        None => Source::default(),
    }
}

/// Returns the sender of requests to private origins: a network interface of the VPC origin.
fn interface(account: &Account, region: &str, interfaces: &[String]) -> Source {
    let region = account.regions.get(region);
    let mut found = interfaces.iter();
    let found = found.find_map(|id| region?.ec2.interface(id));
    match found {
        Some(interface) => Source {
            address: interface.private_ip.into(),
            port: 40_000,
            groups: interface.security_groups.clone(),
        },
        None => Source::default(),
    }
}
