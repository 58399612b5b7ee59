//! Bounds on the size of requests.

use geusemaker_testkit::Aws;

use super::{Request, SERVICES, Service};

/// The refusal has the form of the service's protocol.
#[tokio::test(start_paused = true)]
async fn body_size_is_bounded() {
    let aws = Aws::new();
    for service in SERVICES {
        let target = match service {
            Service::CloudFront => "/2020-05-31/distribution",
            Service::Efs => "/2015-02-01/file-systems",
            Service::Route53 => "/2013-04-01/hostedzone",
            Service::Acm
            | Service::Ec2
            | Service::ElasticLoadBalancing
            | Service::Iam
            | Service::SecretsManager
            | Service::ServiceQuotas
            | Service::Ssm
            | Service::Sts => "/",
        };
        let request = Request::new(service, "POST", target, vec![b'a'; (1 << 20) + 1]);
        let answer = request.send(&aws).await;
        assert_eq!(answer.refusal(), (413, "RequestEntityTooLarge"));
    }
}

#[tokio::test(start_paused = true)]
async fn parameter_count_is_bounded() {
    let aws = Aws::new();
    let form: String = (0..20_000).map(|n| format!("&VpcId.{n}=v")).collect();
    let answer = Request::ec2(&format!("Action=DescribeVpcs{form}"))
        .send(&aws)
        .await;
    assert_eq!(answer.refusal(), (501, "SimulatorUnsupported"));
}

#[tokio::test(start_paused = true)]
async fn element_count_is_bounded() {
    let aws = Aws::new();
    let body = format!(
        "<DistributionConfig>{}</DistributionConfig>",
        "<a/>".repeat(30_000)
    );
    let answer = Request::cloudfront("POST", "distribution", body)
        .send(&aws)
        .await;
    assert_eq!(answer.refusal(), (400, "MalformedXML"));
}
