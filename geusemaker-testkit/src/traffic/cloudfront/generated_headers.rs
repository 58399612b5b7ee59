//! The headers that CloudFront makes for policies that ask for them. Amazon CloudFront Developer Guide: Add CloudFront
//! request headers.

use std::net::IpAddr;

use http::{Version, header};

use super::asked::{Asked, Viewer};
use super::settings::COUNTRY;

/// Returns the value of a header by its name in lower case; `None` if it is not simulated.
pub(super) fn value(name: &str, asked: &Asked, viewer: &Viewer) -> Option<String> {
    let flag = |is_so: bool| Some(is_so.to_string());
    let agent = asked.header(&header::USER_AGENT).unwrap_or_default();
    // The devices are told by words that browsers have in their names.
    let is_tablet = agent.contains("iPad") || agent.contains("Tablet");
    let is_mobile = agent.contains("Mobi") && !is_tablet;
    match name {
        "cloudfront-forwarded-proto" => Some(scheme(viewer).to_owned()),
        "cloudfront-is-android-viewer" => flag(agent.contains("Android")),
        "cloudfront-is-desktop-viewer" => flag(!is_mobile && !is_tablet),
        "cloudfront-is-ios-viewer" => flag(agent.contains("iPhone") || agent.contains("iPad")),
        "cloudfront-is-mobile-viewer" => flag(is_mobile),
        "cloudfront-is-smarttv-viewer" => flag(agent.contains("SmartTV")),
        "cloudfront-is-tablet-viewer" => flag(is_tablet),
        "cloudfront-viewer-address" => Some(address(viewer)),
        "cloudfront-viewer-country" => Some(COUNTRY.to_owned()),
        "cloudfront-viewer-country-name" => Some("United States".to_owned()),
        "cloudfront-viewer-http-version" => Some(version(viewer.version).to_owned()),
        _ => None,
    }
}

/// Returns the version as the `Via` header has it.
pub(super) fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2.0",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}

fn scheme(viewer: &Viewer) -> &'static str {
    match viewer.is_https {
        true => "https",
        false => "http",
    }
}

/// Returns the viewer's address and port, without brackets around the address.
fn address(viewer: &Viewer) -> String {
    let port = viewer.source.port;
    match viewer.source.address {
        IpAddr::V4(address) => format!("{address}:{port}"),
        IpAddr::V6(address) => format!("{address}:{port}"),
    }
}
