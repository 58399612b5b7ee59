//! Conditions of rules, compiled for many requests.

use std::net::IpAddr;

use http::HeaderName;
use regex::Regex;

use super::request::Seen;
use crate::sim::elastic_load_balancing::condition;
use crate::traffic::pattern::{expression, wildcard};

/// A condition that a request meets or not.
#[derive(Debug)]
pub(super) enum Condition {
    Header(HeaderName, Vec<Regex>),
    Host(Vec<Regex>),
    Method(Vec<String>),
    Path(Vec<Regex>),
    /// Each is a pattern of the key, if one is asked for, and one of the value.
    Query(Vec<(Option<Regex>, Regex)>),
    Source(Vec<Block>),
    /// A condition that no request meets: one that cannot be compiled.
    Never,
}

/// A block of addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    network: IpAddr,
    prefix: u32,
}

impl Condition {
    pub(super) fn compile(condition: &condition::Condition) -> Self {
        let compiled = Self::try_compile(condition);
        compiled.unwrap_or(Self::Never)
    }

    fn try_compile(condition: &condition::Condition) -> Option<Self> {
        let values = || condition.values.iter();
        let patterns = |ignores_case, takes_escapes| -> Option<Vec<Regex>> {
            let compiled = values().map(|value| match condition.is_regex {
                true => expression(value, ignores_case),
                false => wildcard(value, ignores_case, takes_escapes),
            });
            compiled.collect()
        };
        Some(match &condition.field {
            condition::Field::HostHeader => Self::Host(patterns(true, false)?),
            condition::Field::HttpHeader(name) => {
                Self::Header(name.parse().ok()?, patterns(true, true)?)
            }
            condition::Field::HttpRequestMethod => Self::Method(condition.values.clone()),
            condition::Field::PathPattern => Self::Path(patterns(false, false)?),
            condition::Field::QueryString => {
                let pairs = values().map(|pair| match pair.split_once('=') {
                    Some((key, value)) => Some((
                        Some(wildcard(key, true, true)?),
                        wildcard(value, true, true)?,
                    )),
                    None => Some((None, wildcard(pair, true, true)?)),
                });
                Self::Query(pairs.collect::<Option<_>>()?)
            }
            condition::Field::SourceIp => Self::Source(
                values()
                    .map(|block| Block::parse(block))
                    .collect::<Option<_>>()?,
            ),
        })
    }

    pub(super) fn is_met_by(&self, request: &Seen<'_>) -> bool {
        match self {
            Self::Header(name, patterns) => request.headers.get_all(name).iter().any(|value| {
                let value = String::from_utf8_lossy(value.as_bytes());
                patterns.iter().any(|pattern| pattern.is_match(&value))
            }),
            Self::Host(patterns) => patterns.iter().any(|it| it.is_match(request.host_name())),
            Self::Method(methods) => methods.iter().any(|it| it == request.method.as_str()),
            Self::Path(patterns) => patterns.iter().any(|it| it.is_match(request.path)),
            Self::Query(pairs) => request.query.split('&').any(|given| {
                let (key, value) = given.split_once('=').unwrap_or((given, ""));
                pairs.iter().any(|(wanted_key, wanted)| {
                    let has_key = wanted_key.as_ref().is_none_or(|it| it.is_match(key));
                    has_key && wanted.is_match(value)
                })
            }),
            Self::Source(blocks) => blocks.iter().any(|block| block.contains(request.source)),
            Self::Never => false,
        }
    }
}

impl Block {
    fn parse(text: &str) -> Option<Self> {
        let (network, prefix) = text.split_once('/')?;
        Some(Self {
            network: network.parse().ok()?,
            prefix: prefix.parse().ok()?,
        })
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= self.prefix
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= self.prefix
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}
