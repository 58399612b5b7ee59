//! Security policies of HTTPS listeners: a part of AWS's policies, the same in every account.

use super::paging::{Page, Paging};
use super::validation;
use super::{Code, members};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The policy of a listener that names none.
pub(super) const DEFAULT: &str = "ELBSecurityPolicy-2016-08";

const POLICIES: &[SslPolicy] = &[
    SslPolicy {
        name: DEFAULT,
        protocols: &["TLSv1", "TLSv1.1", "TLSv1.2"],
        ciphers: &[ECDHE_GCM_AND_SHA2, ECDHE_SHA1, RSA],
    },
    SslPolicy {
        name: "ELBSecurityPolicy-FS-1-2-Res-2020-10",
        protocols: &["TLSv1.2"],
        ciphers: &[ECDHE_GCM],
    },
    SslPolicy {
        name: "ELBSecurityPolicy-TLS-1-2-2017-01",
        protocols: &["TLSv1.2"],
        ciphers: &[ECDHE_GCM_AND_SHA2, RSA_SHA2],
    },
    SslPolicy {
        name: "ELBSecurityPolicy-TLS13-1-2-2021-06",
        protocols: &["TLSv1.2", "TLSv1.3"],
        ciphers: &[TLS_1_3, ECDHE_GCM_AND_SHA2],
    },
    SslPolicy {
        name: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        protocols: &["TLSv1.2", "TLSv1.3"],
        ciphers: &[TLS_1_3, ECDHE_GCM],
    },
    SslPolicy {
        name: "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        protocols: &["TLSv1.2", "TLSv1.3"],
        ciphers: &[TLS_1_3, ECDHE_GCM],
    },
    SslPolicy {
        name: "ELBSecurityPolicy-TLS13-1-3-2021-06",
        protocols: &["TLSv1.3"],
        ciphers: &[TLS_1_3],
    },
];

const TLS_1_3: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

const ECDHE_GCM: &[&str] = &[
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
];

const ECDHE_GCM_AND_SHA2: &[&str] = &[
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
];

const ECDHE_SHA1: &[&str] = &[
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-ECDSA-AES256-SHA",
];

const RSA_SHA2: &[&str] = &[
    "AES128-GCM-SHA256",
    "AES128-SHA256",
    "AES256-GCM-SHA384",
    "AES256-SHA256",
];

const RSA: &[&str] = &[
    "AES128-GCM-SHA256",
    "AES128-SHA256",
    "AES128-SHA",
    "AES256-GCM-SHA384",
    "AES256-SHA256",
    "AES256-SHA",
];

struct SslPolicy {
    name: &'static str,
    protocols: &'static [&'static str],
    ciphers: &'static [&'static [&'static str]],
}

/// Refuses a name that is not the name of a simulated policy.
pub(super) fn check(name: &str) -> Result<(), ServiceError> {
    find(name).map(|_| ())
}

fn find(name: &str) -> Result<&'static SslPolicy, ServiceError> {
    POLICIES
        .iter()
        .find(|policy| policy.name == name)
        .ok_or_else(|| {
            ServiceError::new(
                Code::SSLPolicyNotFound,
                format!("SSL policy '{name}' not found"),
            )
        })
}

pub(super) fn describe(params: &mut Params) -> Result<Reply, ServiceError> {
    let names = members(params, "Names");
    let paging = Paging::read(params)?;
    // Network load balancers have the same policies.
    let kinds = ["application", "network", "gateway"];
    let kind = validation::one_of(params, "LoadBalancerType", &kinds)?;
    params.refuse_unread("DescribeSSLPolicies")?;
    let page = if names.is_empty() {
        let known = POLICIES.iter().filter(|_| kind != "gateway");
        paging.cut(known.map(|policy| (policy.name.to_owned(), policy)))
    } else {
        let named = names.iter().map(|name| find(name));
        Page::whole(named.collect::<Result<Vec<_>, _>>()?)
    };
    Ok(page.reply("SslPolicies", SslPolicy::element))
}

impl SslPolicy {
    fn element(&self) -> Element {
        let leaves = |names: &[&str]| -> Vec<Element> {
            names
                .iter()
                .map(|name| Element::leaf("name", name))
                .collect()
        };
        let ciphers = self.ciphers.iter().flat_map(|part| part.iter());
        let ciphers = (1..).zip(ciphers).map(|(priority, name)| {
            Element::new("cipher")
                .with("Name", name)
                .with("Priority", priority)
        });
        Element::new("policy")
            .child(Element::list(
                "SslProtocols",
                "member",
                leaves(self.protocols),
            ))
            .child(Element::list("Ciphers", "member", ciphers))
            .with("Name", self.name)
            .child(Element::list(
                "SupportedLoadBalancerTypes",
                "member",
                leaves(&["application", "network"]),
            ))
    }
}
