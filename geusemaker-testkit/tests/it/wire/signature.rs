//! Signed, presigned and unsigned requests.

use geusemaker_testkit::Aws;

use super::{Request, SERVICES, Service};

/// Returns a request of the service that would succeed.
fn valid(service: Service) -> Request {
    match service {
        Service::Acm => Request::acm("ListCertificates", "{}"),
        Service::CloudFront => Request::cloudfront("GET", "distribution", ""),
        Service::Ec2 => Request::ec2("Action=DescribeVpcs"),
        Service::Efs => Request::efs("GET", "file-systems", ""),
        Service::ElasticLoadBalancing => Request::elb("Action=DescribeLoadBalancers"),
        Service::Iam => Request::iam("Action=ListRoles"),
        Service::Route53 => Request::route53("GET", "hostedzone", ""),
        Service::SecretsManager => Request::secrets_manager("ListSecrets", "{}"),
        Service::ServiceQuotas => {
            Request::service_quotas("ListServiceQuotas", r#"{"ServiceCode": "ec2"}"#)
        }
        Service::Ssm => Request::ssm("DescribeInstanceInformation", "{}"),
        Service::Sts => Request::sts("Action=GetCallerIdentity"),
    }
}

#[tokio::test(start_paused = true)]
async fn unsigned_request_is_refused() {
    let aws = Aws::new();
    for service in SERVICES {
        for authorization in [None, Some(""), Some("Basic dXNlcjpwYXNz")] {
            let answer = valid(service).authorization(authorization).send(&aws).await;
            assert_eq!(answer.refusal(), (403, "MissingAuthenticationToken"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn incomplete_signature_is_refused() {
    let aws = Aws::new();
    for service in SERVICES {
        for authorization in [
            "AWS4-HMAC-SHA256 Signature=00",
            "AWS4-HMAC-SHA256 Credential=",
            "AWS4-HMAC-SHA256 Credential=AKID/20261101/us-east-1",
            "AWS4-HMAC-SHA256 Credential=AK/ID/20261101/us-east-1/ec2/aws4_request",
        ] {
            let request = valid(service).authorization(Some(authorization));
            let answer = request.send(&aws).await;
            assert_eq!(answer.refusal(), (400, "IncompleteSignature"));
        }
    }
}

/// The scope must name a region too.
#[tokio::test(start_paused = true)]
async fn credential_scope_needs_known_service() {
    let aws = Aws::new();
    let nowhere = "AWS4-HMAC-SHA256 Credential=AKID/20261101/aws-global/ec2/aws4_request";
    let answer = valid(Service::Ec2)
        .authorization(Some(nowhere))
        .send(&aws)
        .await;
    assert_eq!(answer.refusal(), (403, "SignatureDoesNotMatch"));
    let unknown = "AWS4-HMAC-SHA256 Credential=AKID/20261101/us-east-1/sqs/aws4_request";
    let answer = valid(Service::Sts)
        .authorization(Some(unknown))
        .send(&aws)
        .await;
    assert_eq!(answer.refusal(), (501, "SimulatorUnsupported"));
    assert!(answer.message.contains("sqs"), "{}", answer.message);
}

#[tokio::test(start_paused = true)]
async fn presigned_request_is_answered() {
    let aws = Aws::new();
    for service in SERVICES {
        let mut request = valid(service).authorization(None);
        let signature = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date=20261101T000000Z\
             &X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
            service.credential().replace('/', "%2F")
        );
        if Request::is_aws_json(service) {
            request.target = format!("/?{signature}");
            let answer = request.send(&aws).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            continue;
        }
        let form = String::from_utf8(std::mem::take(&mut request.body)).unwrap();
        request.method = "GET";
        request.target = format!("{}?{form}&{signature}", request.target);
        let answer = request.send(&aws).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}
