//! Ranges of addresses in words.

use geusemaker_core::spec::CidrBlock;

/// All addresses of IPv4.
pub(super) const INTERNET: &str = "the internet (0.0.0.0/0)";

/// Returns the ranges with commas, and says so if one of them is all addresses.
pub(super) fn words(ranges: &[CidrBlock]) -> String {
    let words = ranges.iter().map(|range| match range.as_str() {
        "0.0.0.0/0" => INTERNET,
        range => range,
    });
    words.collect::<Vec<_>>().join(", ")
}
