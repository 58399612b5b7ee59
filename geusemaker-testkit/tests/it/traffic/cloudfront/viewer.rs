//! The viewers' side: names, deployment, protocols, methods, limits.

use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CacheBehavior, CacheBehaviors, CachedMethods, DistributionConfig,
    GeoRestriction, GeoRestrictionType, HttpVersion, Method, Restrictions, SslSupportMethod,
    ViewerCertificate, ViewerProtocolPolicy,
};
use geusemaker_testkit::{Aws, Timings};
use http::{Request, Version};

use super::world::{
    CACHING_DISABLED, Edge, ORIGIN, Reply, behavior, config, origin, outcome, policies,
};
use crate::traffic::cloudfront::world;

#[tokio::test(start_paused = true)]
async fn distribution_serves_once_deployed() {
    let aws = Aws::builder().timings(Timings::Typical).build();
    let cloudfront = aws_sdk_cloudfront::Client::new(&aws.sdk_config());
    let create = cloudfront
        .create_distribution()
        .distribution_config(config());
    let made = create.send().await.unwrap().distribution.unwrap();
    let url = format!("http://{}/", made.domain_name);
    let _origin = world::Origin::listen(aws.traffic().listen(ORIGIN, 80));
    assert!(aws.traffic().get(&url).await.is_err());
    use aws_sdk_cloudfront::client::Waiters as _;
    let wait = cloudfront.wait_until_distribution_deployed().id(made.id);
    wait.wait(std::time::Duration::from_secs(7200))
        .await
        .unwrap();
    let answer = aws.traffic().get(&url).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn update_takes_effect_when_deployed() {
    let edge = Edge::new().await;
    let disable = |config: &mut DistributionConfig| config.enabled = false;
    edge.update(disable).await;
    assert_eq!(edge.get("/").await.status(), 200);
    edge.deployed().await;
    let answer = edge.get("/").await;
    assert_eq!(answer.status(), 403);
    assert_eq!(outcome(&answer), "Error");
}

#[tokio::test(start_paused = true)]
async fn unknown_host_is_forbidden() {
    let edge = Edge::new().await;
    let answer = edge.get_with("/", &[("host", "www.example.org")]).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.header("server"), Some("CloudFront"));
    assert_eq!(answer.header("content-type"), Some("text/html"));
    let id = answer.header("x-amz-cf-id").unwrap().to_owned();
    let page = answer.text().await.unwrap();
    assert!(page.contains("<TITLE>ERROR: The request could not be satisfied</TITLE>"));
    assert!(page.contains("<H1>403 ERROR</H1>"));
    assert!(page.contains(&format!("Request ID: {id}")), "{page}");
    assert!(edge.origin.got().is_empty());
}

#[tokio::test(start_paused = true)]
async fn http_redirects_to_https() {
    let edge = Edge::with(behavior(|behavior| {
        behavior.viewer_protocol_policy = ViewerProtocolPolicy::RedirectToHttps;
        all_methods(behavior);
    }))
    .await;
    let answer = edge.get("/a?b=c").await;
    assert_eq!(answer.status(), 301);
    let location = format!("https://{}/a?b=c", edge.host);
    assert_eq!(answer.header("location"), Some(&*location));
    assert_eq!(outcome(&answer), "Redirect");
    let answer = edge.send("POST", "/a", &[], "b").await;
    assert_eq!(answer.status(), 307);
    let answer = edge.traffic.get(&location).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello");
}

#[tokio::test(start_paused = true)]
async fn http_is_forbidden_where_https_is_required() {
    let edge = Edge::with(behavior(|behavior| {
        behavior.viewer_protocol_policy = ViewerProtocolPolicy::HttpsOnly;
    }))
    .await;
    assert_eq!(edge.get("/").await.status(), 403);
    let url = format!("https://{}/", edge.host);
    assert_eq!(edge.traffic.get(&url).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn viewers_choose_http_2() {
    let edge = Edge::new().await;
    let request = || {
        let url = format!("https://{}/", edge.host);
        Request::get(url).version(Version::HTTP_2).body("").unwrap()
    };
    let answer = edge.traffic.send(request()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), "hello");
    assert!(
        edge.origin
            .last()
            .header("via")
            .unwrap()
            .starts_with("2.0 ")
    );
    edge.update(|config| config.http_version = Some(HttpVersion::Http11))
        .await;
    edge.deployed().await;
    assert!(edge.traffic.send(request()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn alias_is_served_with_its_certificate() {
    let name = "www.example.org";
    let builder = Aws::builder().timings(Timings::Typical);
    let aws = builder.issued_certificate(name, "us-east-1").build();
    let arn = aws.certificate_arn(name, "us-east-1").unwrap();
    let edge = Edge::on(aws, |config| {
        let aliases = Aliases::builder().quantity(1).items(name);
        config.aliases = Some(aliases.build().unwrap());
        let certificate = ViewerCertificate::builder().acm_certificate_arn(arn);
        let certificate = certificate.ssl_support_method(SslSupportMethod::SniOnly);
        config.viewer_certificate = Some(certificate.build());
    })
    .await;
    let answer = edge.traffic.get("https://www.example.org/").await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(edge.origin.last().header("host"), Some(ORIGIN));
    let url = format!("https://{}/other", edge.host);
    assert_eq!(edge.traffic.get(&url).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn method_that_is_not_allowed_is_forbidden() {
    let edge = Edge::new().await;
    let answer = edge.send("POST", "/", &[], "a").await;
    assert_eq!(answer.status(), 403);
    let page = answer.text().await.unwrap();
    assert!(page.contains("supports only cachable requests"), "{page}");
    let answer = edge.send("GET", "/", &[], "a").await;
    assert_eq!(answer.status(), 403);
    edge.update(behavior(all_methods)).await;
    edge.deployed().await;
    let answer = edge
        .send("POST", "/", &[("content-type", "text/plain")], "a")
        .await;
    assert_eq!(answer.status(), 200);
    let got = edge.origin.last();
    assert_eq!(got.line, "POST / HTTP/1.1");
    assert_eq!(
        (&*got.body, got.header("content-type")),
        ("a", Some("text/plain"))
    );
}

#[tokio::test(start_paused = true)]
async fn first_matching_behavior_counts() {
    let edge = Edge::with(|config| {
        let of = |pattern: &str, policy: ViewerProtocolPolicy| {
            CacheBehavior::builder()
                .path_pattern(pattern)
                .target_origin_id("alb")
                .viewer_protocol_policy(policy)
                .cache_policy_id(CACHING_DISABLED)
                .build()
                .unwrap()
        };
        let behaviors = CacheBehaviors::builder()
            .quantity(3)
            .items(of("/api/open/*", ViewerProtocolPolicy::AllowAll))
            .items(of("api/*", ViewerProtocolPolicy::HttpsOnly))
            .items(of("*.html", ViewerProtocolPolicy::RedirectToHttps));
        config.cache_behaviors = Some(behaviors.build().unwrap());
    })
    .await;
    for (path, status) in [
        ("/api/open/a", 200),
        ("/api/open/a.html", 200),
        ("/api/a", 403),
        ("/API/a", 200),
        ("/a/b.html", 301),
        ("/a/b.html/c", 200),
    ] {
        assert_eq!(edge.get(path).await.status(), status, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn root_object_stands_for_root() {
    let edge = Edge::with(|config| {
        config.default_root_object = Some("index.html".to_owned());
        origin(|origin| origin.origin_path = Some("/site".to_owned()))(config);
    })
    .await;
    edge.get("/").await;
    assert_eq!(edge.origin.last().line, "GET /site/index.html HTTP/1.1");
    edge.get("/sub/").await;
    assert_eq!(edge.origin.last().line, "GET /site/sub/ HTTP/1.1");
}

#[tokio::test(start_paused = true)]
async fn excluded_country_is_forbidden() {
    let restrict = |kind: GeoRestrictionType, country: &'static str| {
        move |config: &mut DistributionConfig| {
            let restriction = GeoRestriction::builder().restriction_type(kind);
            let restriction = restriction.quantity(1).items(country).build().unwrap();
            let restrictions = Restrictions::builder().geo_restriction(restriction);
            config.restrictions = Some(restrictions.build());
        }
    };
    let edge = Edge::with(restrict(GeoRestrictionType::Whitelist, "DE")).await;
    let answer = edge.get("/").await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("from your country"));
    edge.update(restrict(GeoRestrictionType::Blacklist, "DE"))
        .await;
    edge.deployed().await;
    assert_eq!(edge.get("/").await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn large_requests_are_refused() {
    let edge = Edge::new().await;
    let answer = edge.get(&format!("/{}", "a".repeat(8_192))).await;
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.header("connection"), Some("close"));
    let long = "a".repeat(16_000);
    let headers = [("x-a", &*long), ("x-b", &*long), ("x-c", &*long)];
    assert_eq!(edge.get_with("/", &headers).await.status(), 413);
    assert_eq!(edge.get_with("/", &headers[..2]).await.status(), 200);
}

/// Only an answer of the origin's makes it further: the policies of the behavior come after the choice of the path.
#[tokio::test(start_paused = true)]
async fn options_is_cached_on_request() {
    let edge = Edge::with(behavior(|behavior| {
        all_methods(behavior);
        let methods = behavior.allowed_methods.as_mut().unwrap();
        let cached = CachedMethods::builder().quantity(3);
        let cached = cached
            .items(Method::Get)
            .items(Method::Head)
            .items(Method::Options);
        methods.cached_methods = Some(cached.build().unwrap());
    }))
    .await;
    edge.origin.answers(|got| Reply::ok(&got.line));
    for expected in ["Miss", "Hit"] {
        let answer = edge.send("OPTIONS", "/", &[], "").await;
        assert_eq!(outcome(&answer), expected);
        assert_eq!(answer.text().await.unwrap(), "OPTIONS / HTTP/1.1");
    }
    edge.update(policies(CACHING_DISABLED, None)).await;
    edge.deployed().await;
    edge.send("PUT", "/", &[], "").await;
    assert_eq!(edge.origin.last().line, "PUT / HTTP/1.1");
}

pub(super) fn all_methods(behavior: &mut aws_sdk_cloudfront::types::DefaultCacheBehavior) {
    let mut methods = AllowedMethods::builder().quantity(7);
    for method in [
        Method::Delete,
        Method::Get,
        Method::Head,
        Method::Options,
        Method::Patch,
        Method::Post,
        Method::Put,
    ] {
        methods = methods.items(method);
    }
    behavior.allowed_methods = Some(methods.build().unwrap());
}
