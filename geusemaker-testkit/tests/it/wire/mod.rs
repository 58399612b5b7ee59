//! Requests as raw bytes, including those that no SDK would send. Malformed requests are refused as AWS does, in the
//! form of the service's protocol, and no request makes the simulator panic.

mod answer;
mod aws_json;
mod bounds;
mod form;
mod mutation;
mod rest_json;
mod rest_xml;
mod signature;
mod vocabulary;
mod world;

use bytes::Bytes;
use geusemaker_testkit::Aws;

use self::answer::Answer;

/// A service as a request names it.
#[expect(
    clippy::enum_variant_names,
    reason = "the name of the service begins like that"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Acm,
    CloudFront,
    Ec2,
    Efs,
    ElasticLoadBalancing,
    Iam,
    Route53,
    SecretsManager,
    ServiceQuotas,
    Ssm,
    Sts,
}

const SERVICES: [Service; 11] = [
    Service::Acm,
    Service::CloudFront,
    Service::Ec2,
    Service::Efs,
    Service::ElasticLoadBalancing,
    Service::Iam,
    Service::Route53,
    Service::SecretsManager,
    Service::ServiceQuotas,
    Service::Ssm,
    Service::Sts,
];

impl Service {
    fn signing_name(self) -> &'static str {
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

    fn authorization(self) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=00",
            self.credential()
        )
    }

    fn credential(self) -> String {
        format!(
            "AKIASIMULATED/20261101/us-east-1/{}/aws4_request",
            self.signing_name()
        )
    }
}

/// One request.
#[derive(Clone, Debug)]
struct Request {
    service: Service,
    method: &'static str,
    target: String,
    authorization: Option<String>,
    /// The header that names the operation.
    operation: Option<String>,
    body: Vec<u8>,
}

impl Request {
    fn new(
        service: Service,
        method: &'static str,
        target: impl Into<String>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            service,
            method,
            target: target.into(),
            authorization: Some(service.authorization()),
            operation: None,
            body: body.into(),
        }
    }

    /// Creates a request with a form in its body, as the SDKs of the query protocols send it.
    fn form(service: Service, form: impl Into<Vec<u8>>) -> Self {
        Self::new(service, "POST", "/", form)
    }

    fn ec2(parameters: &str) -> Self {
        Self::form(Service::Ec2, format!("Version=2016-11-15&{parameters}"))
    }

    fn elb(parameters: &str) -> Self {
        Self::form(
            Service::ElasticLoadBalancing,
            format!("Version=2015-12-01&{parameters}"),
        )
    }

    fn iam(parameters: &str) -> Self {
        Self::form(Service::Iam, format!("Version=2010-05-08&{parameters}"))
    }

    fn ssm(operation: &str, body: impl Into<Vec<u8>>) -> Self {
        let operation = Some(format!("AmazonSSM.{operation}"));
        Self {
            operation,
            ..Self::new(Service::Ssm, "POST", "/", body)
        }
    }

    fn secrets_manager(operation: &str, body: impl Into<Vec<u8>>) -> Self {
        let operation = Some(format!("secretsmanager.{operation}"));
        Self {
            operation,
            ..Self::new(Service::SecretsManager, "POST", "/", body)
        }
    }

    fn acm(operation: &str, body: impl Into<Vec<u8>>) -> Self {
        let operation = Some(format!("CertificateManager.{operation}"));
        Self {
            operation,
            ..Self::new(Service::Acm, "POST", "/", body)
        }
    }

    fn route53(method: &'static str, path: &str, body: impl Into<Vec<u8>>) -> Self {
        let path = format!("/2013-04-01/{path}");
        Self::new(Service::Route53, method, path, body)
    }

    fn service_quotas(operation: &str, body: impl Into<Vec<u8>>) -> Self {
        let operation = Some(format!("ServiceQuotasV20190624.{operation}"));
        Self {
            operation,
            ..Self::new(Service::ServiceQuotas, "POST", "/", body)
        }
    }

    /// Returns true if the service names its operations in a header, and speaks JSON.
    fn is_aws_json(service: Service) -> bool {
        matches!(
            service,
            Service::Acm | Service::SecretsManager | Service::ServiceQuotas | Service::Ssm
        )
    }

    fn sts(parameters: &str) -> Self {
        Self::form(Service::Sts, format!("Version=2011-06-15&{parameters}"))
    }

    fn efs(method: &'static str, path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Service::Efs, method, format!("/2015-02-01/{path}"), body)
    }

    fn cloudfront(method: &'static str, path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(
            Service::CloudFront,
            method,
            format!("/2020-05-31/{path}"),
            body,
        )
    }

    fn authorization(mut self, authorization: Option<&str>) -> Self {
        self.authorization = authorization.map(str::to_owned);
        self
    }

    /// Returns the request as HTTP, or `None` if it is not valid HTTP.
    fn http(&self) -> Option<http::Request<Bytes>> {
        let mut builder = http::Request::builder()
            .method(self.method)
            .uri(&self.target);
        if let Some(authorization) = &self.authorization {
            builder = builder.header("authorization", authorization);
        }
        if let Some(operation) = &self.operation {
            builder = builder.header("x-amz-target", operation);
        }
        builder.body(Bytes::from(self.body.clone())).ok()
    }

    async fn send(&self, aws: &Aws) -> Answer {
        let request = self.http().expect("the request is HTTP");
        Answer::read(self.service, aws.answer(request).await.unwrap())
    }
}
