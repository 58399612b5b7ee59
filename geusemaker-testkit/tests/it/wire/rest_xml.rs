//! CloudFront: paths, methods, query strings and XML.

use geusemaker_testkit::Aws;

use super::Request;

#[tokio::test(start_paused = true)]
async fn invalid_xml_body_is_refused() {
    let aws = Aws::new();
    let deep = "<a>".repeat(100_000);
    for body in [
        "text",
        "{}",
        "<DistributionConfig>",
        "<DistributionConfig></Distribution>",
        "<DistributionConfig/><DistributionConfig/>",
        "<Distribution/>",
        "<DistributionConfig>text<Comment/></DistributionConfig>",
        "<DistributionConfig><Comment>&nbsp;</Comment></DistributionConfig>",
        "<DistributionConfig><Comment>&#0;</Comment></DistributionConfig>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><DistributionConfig/>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><DistributionConfig/>",
        &deep,
    ] {
        let answer = Request::cloudfront("POST", "distribution", body)
            .send(&aws)
            .await;
        assert_eq!(answer.refusal(), (400, "MalformedXML"), "{body:.60}");
    }
    let bytes = b"<DistributionConfig>\xff</DistributionConfig>".to_vec();
    let answer = Request::cloudfront("POST", "distribution", bytes)
        .send(&aws)
        .await;
    assert_eq!(answer.refusal(), (400, "MalformedXML"));
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn creation_needs_whole_configuration() {
    let aws = Aws::new();
    for body in [
        "",
        "<DistributionConfig/>",
        "<DistributionConfig><Enabled>yes</Enabled></DistributionConfig>",
    ] {
        let answer = Request::cloudfront("POST", "distribution", body)
            .send(&aws)
            .await;
        assert_eq!(answer.status, 400, "{}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_element_is_refused() {
    let aws = Aws::new();
    for body in [
        "<DistributionConfig><FlyingCarpet>true</FlyingCarpet></DistributionConfig>",
        "<DistributionConfig><Comment>a</Comment><Comment>b</Comment></DistributionConfig>",
    ] {
        let answer = Request::cloudfront("POST", "distribution", body)
            .send(&aws)
            .await;
        assert_eq!(answer.refusal(), (501, "SimulatorUnsupported"), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_path_or_method_is_refused() {
    let aws = Aws::new();
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/2020-05-31/flying-carpet"),
        ("GET", "/2019-03-26/distribution"),
        ("PATCH", "/2020-05-31/distribution"),
        ("DELETE", "/2020-05-31/distribution"),
        ("GET", "/2020-05-31//distribution"),
        ("GET", "/2020-05-31/distribution?Marker=a&Marker=b"),
        ("GET", "/2020-05-31/distribution?FlyingCarpet=1"),
    ] {
        let mut request = Request::cloudfront(method, "", "");
        target.clone_into(&mut request.target);
        let answer = request.send(&aws).await;
        assert_eq!(answer.refusal(), (501, "SimulatorUnsupported"), "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn id_is_one_path_segment() {
    let aws = Aws::new();
    for id in ["..", "%2e%2e%2f", "E1=x", "E1&x", "%3Cb%3E", "E1+"] {
        let answer = Request::cloudfront("GET", &format!("distribution/{id}"), "")
            .send(&aws)
            .await;
        assert_eq!(answer.refusal(), (404, "NoSuchDistribution"), "{id}");
    }
    for malformed in ["%", "%zz", "%ff", "%00"] {
        let answer = Request::cloudfront("GET", &format!("distribution/{malformed}"), "")
            .send(&aws)
            .await;
        assert_eq!(answer.refusal(), (400, "InvalidArgument"), "{malformed}");
    }
}
