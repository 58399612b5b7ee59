//! The names of a distribution, and the certificates with which it answers and asks.

use aws_sdk_cloudfront::types::{
    Aliases, MinimumProtocolVersion, OriginProtocolPolicy, OriginSslProtocols, SslProtocol,
    SslSupportMethod, ViewerCertificate,
};
use aws_smithy_types::error::operation::BuildError;

use super::NewDistribution;

impl NewDistribution {
    /// Returns the names under which people reach the distribution, beside that of CloudFront.
    pub(super) fn aliases(&self) -> Result<Option<Aliases>, BuildError> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let names = self.names.iter().map(ToString::to_string);
        let aliases = Aliases::builder()
            .quantity(self.names.len().try_into().unwrap_or(i32::MAX))
            .set_items(Some(names.collect()))
            .build()?;
        Ok(Some(aliases))
    }

    /// Returns the certificate with which the distribution answers, with the newest rules for protocols and ciphers.
    ///
    /// Source: Amazon CloudFront Developer Guide, "Supported protocols and ciphers between viewers and CloudFront".
    pub(super) fn viewer_certificate(&self) -> Option<ViewerCertificate> {
        let arn = self.certificate.as_ref()?;
        let certificate = ViewerCertificate::builder()
            .acm_certificate_arn(arn.as_str())
            .ssl_support_method(SslSupportMethod::SniOnly)
            .minimum_protocol_version(MinimumProtocolVersion::from(
                self.cdn.minimum_tls().security_policy(),
            ))
            .build();
        Some(certificate)
    }

    /// Returns the protocol of requests to the load balancer. Without a name of its own, that has no certificate: none
    /// covers `*.elb.amazonaws.com`.
    pub(super) fn origin_protocol(&self) -> OriginProtocolPolicy {
        match self.is_origin_secure {
            true => OriginProtocolPolicy::HttpsOnly,
            false => OriginProtocolPolicy::HttpOnly,
        }
    }

    /// Returns the protocols with which CloudFront asks the load balancer: the newest that it knows.
    pub(super) fn origin_protocols(&self) -> Result<Option<OriginSslProtocols>, BuildError> {
        if !self.is_origin_secure {
            return Ok(None);
        }
        let protocols = OriginSslProtocols::builder()
            .quantity(1)
            .items(SslProtocol::TlSv12)
            .build()?;
        Ok(Some(protocols))
    }
}
