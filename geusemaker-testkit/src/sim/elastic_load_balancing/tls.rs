//! The HTTPS settings of a listener: a security policy and certificates.

use serde::{Deserialize, Serialize};

use super::paging::Paging;
use super::protocol::Protocol;
use super::{Code, ElasticLoadBalancing, ssl_policy, validation};
use crate::sim::acm::{Acm, Standing};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tls {
    policy: String,
    pub(crate) default_certificate: String,
    /// The certificates for further names.
    pub(crate) further_certificates: Vec<String>,
}

impl Tls {
    /// Reads `SslPolicy` and `Certificates`; absent ones stay as they were.
    pub(super) fn read(
        params: &mut Params,
        protocol: Protocol,
        old: Option<&Self>,
    ) -> Result<Option<Self>, ServiceError> {
        let policy = params.optional("SslPolicy");
        let certificates = read_certificates(params)?;
        if protocol == Protocol::Http {
            if policy.is_some() || !certificates.is_empty() {
                return Err(validation::error(
                    "A security policy and certificates cannot be specified for HTTP listeners",
                ));
            }
            return Ok(None);
        }
        let default_certificate = match (certificates.as_slice(), old) {
            ([certificate], _) => certificate.clone(),
            ([], Some(old)) => old.default_certificate.clone(),
            ([], None) => {
                return Err(validation::error(
                    "A certificate must be specified for HTTPS listeners",
                ));
            }
            ([_, _, ..], _) => {
                return Err(validation::error(
                    "Exactly one certificate must be specified for HTTPS listeners",
                ));
            }
        };
        let policy = policy
            .or_else(|| old.map(|old| old.policy.clone()))
            .unwrap_or_else(|| ssl_policy::DEFAULT.to_owned());
        ssl_policy::check(&policy)?;
        Ok(Some(Self {
            policy,
            default_certificate,
            further_certificates: old
                .map(|old| old.further_certificates.clone())
                .unwrap_or_default(),
        }))
    }

    /// Returns the ARNs of the listener's certificates.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &String> {
        let further = self.further_certificates.iter();
        [&self.default_certificate].into_iter().chain(further)
    }

    /// Returns true if the certificate is one of the listener's.
    pub(super) fn has(&self, certificate: &str) -> bool {
        self.certificates().any(|arn| arn == certificate)
    }

    pub(super) fn elements(&self) -> Vec<Element> {
        let certificate =
            Element::new("certificate").with("CertificateArn", &self.default_certificate);
        vec![
            Element::list("Certificates", "member", [certificate]),
            Element::leaf("SslPolicy", &self.policy),
        ]
    }
}

pub(super) fn describe_certificates(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("ListenerArn")?;
    let paging = Paging::read(params)?;
    params.refuse_unread("DescribeListenerCertificates")?;
    let certificates = elb.listener(&arn)?.tls.iter().flat_map(|tls| {
        // The default certificate comes first, regardless of its ARN.
        let default = (String::from("0"), (&tls.default_certificate, true));
        let further = tls.further_certificates.iter();
        let further = further.map(|arn| (format!("1{arn}"), (arn, false)));
        std::iter::once(default).chain(further)
    });
    let page = paging.cut(certificates);
    Ok(page.reply("Certificates", |(arn, is_default)| {
        Element::new("certificate")
            .with("CertificateArn", arn)
            .with("IsDefault", is_default)
    }))
}

pub(super) fn add_certificates(
    elb: &mut ElasticLoadBalancing,
    acm: &Acm,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("ListenerArn")?;
    let added = read_certificates(params)?;
    params.refuse_unread("AddListenerCertificates")?;
    for arn in &added {
        refuse_unusable_certificate(acm, context, arn)?;
    }
    let tls = tls_mut(elb, &arn)?;
    let mut certificates = tls.further_certificates.clone();
    certificates.extend(added.iter().cloned());
    certificates.retain(|certificate| *certificate != tls.default_certificate);
    certificates.sort();
    certificates.dedup();
    // The ELB docs' quota: certificates per load balancer, not counting the default ones.
    if certificates.len() > 25 {
        return Err(ServiceError::new(
            Code::TooManyCertificates,
            "The maximum number of certificates per load balancer, '25', has been reached",
        ));
    }
    tls.further_certificates = certificates;
    let added = added.iter().map(|arn| {
        Element::new("certificate")
            .with("CertificateArn", arn)
            .with("IsDefault", false)
    });
    let list = Element::list("Certificates", "member", added);
    Ok(Reply::xml(Element::new("result").child(list)))
}

pub(super) fn remove_certificates(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("ListenerArn")?;
    let removed = read_certificates(params)?;
    params.refuse_unread("RemoveListenerCertificates")?;
    let tls = tls_mut(elb, &arn)?;
    if removed.contains(&tls.default_certificate) {
        return Err(ServiceError::new(
            Code::OperationNotPermitted,
            "The default certificate of a listener cannot be removed",
        ));
    }
    tls.further_certificates
        .retain(|certificate| !removed.contains(certificate));
    Ok(Reply::empty())
}

fn tls_mut<'a>(elb: &'a mut ElasticLoadBalancing, arn: &str) -> Result<&'a mut Tls, ServiceError> {
    elb.listener(arn)?;
    elb.listeners
        .get_mut(arn)
        .and_then(|listener| listener.tls.as_mut())
        .ok_or_else(|| validation::error("Certificates are only supported by HTTPS listeners"))
}

/// Refuses certificates that are not there, or not issued yet.
pub(super) fn refuse_unusable(
    acm: &Acm,
    context: &RequestContext<'_>,
    tls: Option<&Tls>,
) -> Result<(), ServiceError> {
    for arn in tls.into_iter().flat_map(Tls::certificates) {
        refuse_unusable_certificate(acm, context, arn)?;
    }
    Ok(())
}

fn refuse_unusable_certificate(
    acm: &Acm,
    context: &RequestContext<'_>,
    arn: &str,
) -> Result<(), ServiceError> {
    // IAM's server certificates are not simulated: each that could be there is.
    if arn.contains(":server-certificate/") {
        return Ok(());
    }
    match acm.standing(arn, context.region, context) {
        Standing::Usable => Ok(()),
        Standing::Missing => Err(not_found(arn)),
        Standing::NotIssued => {
            let message = format!(
                "The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported key size."
            );
            Err(ServiceError::new(Code::UnsupportedCertificate, message))
        }
    }
}

fn not_found(arn: &str) -> ServiceError {
    let message = format!("Certificate '{arn}' not found");
    ServiceError::new(Code::CertificateNotFound, message)
}

/// Reads `Certificates.member.N`.
fn read_certificates(params: &mut Params) -> Result<Vec<String>, ServiceError> {
    params.optional("Certificates");
    let mut certificates = Vec::new();
    for member in params.structures("Certificates.member") {
        let arn = params.required(&member.member("CertificateArn"))?;
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let is_certificate = match parts.as_slice() {
            ["arn", _, "acm", _, _, name] => name.starts_with("certificate/"),
            ["arn", _, "iam", _, _, name] => name.starts_with("server-certificate/"),
            _ => false,
        };
        if !is_certificate {
            return Err(not_found(&arn));
        }
        certificates.push(arn);
    }
    Ok(certificates)
}
