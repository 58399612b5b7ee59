//! The simulated services, and their protocols.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A simulated service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Service {
    /// AWS Certificate Manager.
    Acm,
    /// Amazon CloudFront.
    CloudFront,
    /// Amazon Elastic Compute Cloud.
    Ec2,
    /// Amazon Elastic File System.
    Efs,
    /// Elastic Load Balancing, version 2.
    ElasticLoadBalancing,
    /// AWS Identity and Access Management.
    Iam,
    /// Amazon Route 53.
    Route53,
    /// AWS Secrets Manager.
    SecretsManager,
    /// Service Quotas.
    ServiceQuotas,
    /// AWS Systems Manager.
    Ssm,
    /// AWS Security Token Service.
    Sts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    AwsJson,
    Ec2Query,
    Query,
    RestJson,
    RestXml,
}

impl Service {
    /// Every service.
    pub(crate) const ALL: [Self; 11] = [
        Self::Acm,
        Self::CloudFront,
        Self::Ec2,
        Self::Efs,
        Self::ElasticLoadBalancing,
        Self::Iam,
        Self::Route53,
        Self::SecretsManager,
        Self::ServiceQuotas,
        Self::Ssm,
        Self::Sts,
    ];

    /// Returns the prefix of the service's actions in an IAM policy.
    pub(crate) fn iam_prefix(self) -> &'static str {
        match self {
            Self::Acm => "acm",
            Self::CloudFront => "cloudfront",
            Self::Ec2 => "ec2",
            Self::Efs => "elasticfilesystem",
            Self::ElasticLoadBalancing => "elasticloadbalancing",
            Self::Iam => "iam",
            Self::Route53 => "route53",
            Self::SecretsManager => "secretsmanager",
            Self::ServiceQuotas => "servicequotas",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
        }
    }

    /// Returns the service with that name in the credential scope of a signature.
    pub(super) fn from_signing_name(name: &str) -> Option<Self> {
        match name {
            "acm" => Some(Self::Acm),
            "cloudfront" => Some(Self::CloudFront),
            "ec2" => Some(Self::Ec2),
            "elasticfilesystem" => Some(Self::Efs),
            "elasticloadbalancing" => Some(Self::ElasticLoadBalancing),
            "iam" => Some(Self::Iam),
            "route53" => Some(Self::Route53),
            "secretsmanager" => Some(Self::SecretsManager),
            "servicequotas" => Some(Self::ServiceQuotas),
            "ssm" => Some(Self::Ssm),
            "sts" => Some(Self::Sts),
            _ => None,
        }
    }

    /// Returns the service whose form an answer should have when the request names none: the REST services have their
    /// version in the path, EC2 has it in the form, and the rest gets the most common form.
    pub(crate) fn guessed(request: &http::Request<bytes::Bytes>) -> Self {
        let begins = |version| request.uri().path().trim_matches('/').starts_with(version);
        let form = [
            request.uri().query().unwrap_or_default().as_bytes(),
            request.body(),
        ];
        let has_version = |version: &str| {
            let parameter = format!("Version={version}");
            form.iter().any(|form| {
                form.split(|byte| *byte == b'&')
                    .any(|pair| pair == parameter.as_bytes())
            })
        };
        // The services of this protocol name their operations in a header.
        if let Some(target) = request.headers().get("x-amz-target") {
            let named = |service: &Self| {
                let prefix = service.target_prefix().as_bytes();
                target.as_bytes().starts_with(prefix)
            };
            [Self::Acm, Self::SecretsManager, Self::ServiceQuotas]
                .into_iter()
                .find(named)
                .unwrap_or(Self::Ssm)
        } else if begins(Self::Efs.version()) {
            Self::Efs
        } else if begins(Self::CloudFront.version()) {
            Self::CloudFront
        } else if begins(Self::Route53.version()) {
            Self::Route53
        } else if has_version(Self::Ec2.version()) {
            Self::Ec2
        } else if has_version(Self::ElasticLoadBalancing.version()) {
            Self::ElasticLoadBalancing
        } else if has_version(Self::Iam.version()) {
            Self::Iam
        } else {
            Self::Sts
        }
    }

    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::CloudFront | Self::Route53 => Protocol::RestXml,
            Self::Ec2 => Protocol::Ec2Query,
            Self::Efs => Protocol::RestJson,
            Self::Acm | Self::SecretsManager | Self::ServiceQuotas | Self::Ssm => Protocol::AwsJson,
            Self::ElasticLoadBalancing | Self::Iam | Self::Sts => Protocol::Query,
        }
    }

    /// Returns the version of the API that is simulated, as botocore's models name it.
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::Acm => "2015-12-08",
            Self::CloudFront => "2020-05-31",
            Self::Ec2 => "2016-11-15",
            Self::Efs => "2015-02-01",
            Self::ElasticLoadBalancing => "2015-12-01",
            Self::Iam => "2010-05-08",
            Self::Route53 => "2013-04-01",
            Self::SecretsManager => "2017-10-17",
            Self::ServiceQuotas => "2019-06-24",
            Self::Ssm => "2014-11-06",
            Self::Sts => "2011-06-15",
        }
    }

    /// Returns the prefix of an operation in the header that names it; empty if it is named elsewhere.
    pub(super) fn target_prefix(self) -> &'static str {
        match self {
            Self::Acm => "CertificateManager",
            Self::SecretsManager => "secretsmanager",
            Self::ServiceQuotas => "ServiceQuotasV20190624",
            Self::Ssm => "AmazonSSM",
            Self::CloudFront
            | Self::Ec2
            | Self::Efs
            | Self::ElasticLoadBalancing
            | Self::Iam
            | Self::Route53
            | Self::Sts => "",
        }
    }

    /// Returns the XML namespace of the answers; those that use JSON have none.
    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::CloudFront => "http://cloudfront.amazonaws.com/doc/2020-05-31/",
            Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Self::Acm | Self::Efs | Self::SecretsManager | Self::ServiceQuotas | Self::Ssm => "",
            Self::ElasticLoadBalancing => {
                "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
            }
            Self::Route53 => "https://route53.amazonaws.com/doc/2013-04-01/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acm => "acm",
            Self::CloudFront => "cloudfront",
            Self::Ec2 => "ec2",
            Self::Efs => "efs",
            Self::ElasticLoadBalancing => "elasticloadbalancing",
            Self::Iam => "iam",
            Self::Route53 => "route53",
            Self::SecretsManager => "secretsmanager",
            Self::ServiceQuotas => "servicequotas",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
        })
    }
}
