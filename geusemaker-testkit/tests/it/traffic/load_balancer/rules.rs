//! Rules that carry requests: conditions, transforms, redirects.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, HostHeaderConditionConfig, HttpHeaderConditionConfig,
    HttpRequestMethodConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair,
    RedirectActionConfig, RedirectActionStatusCodeEnum, RewriteConfig, RuleCondition,
    RuleTransform, SourceIpConditionConfig, TransformTypeEnum, UrlRewriteConfig,
};
use http::{Method, Request};

use crate::elastic_load_balancing::world::{forbid, forward, paths};
use crate::traffic::world::Served;

/// Returns the status that a request gets, of which only the URL's path, the method and the headers are given.
async fn status(served: &Served, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", served.host));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = served.traffic.send(request.body("").unwrap()).await;
    answer.unwrap().status().as_u16()
}

/// A request: its method, its path, and its headers.
type Sent<'a> = (Method, &'a str, &'a [(&'a str, &'a str)]);

/// Returns the statuses of requests to a load balancer that forbids what meets the condition: 403 if it is met, and
/// 503 otherwise.
async fn statuses(condition: RuleCondition, requests: &[Sent<'_>]) -> Vec<u16> {
    let served = Served::with_instances(0).await;
    served.rule(1, condition, forbid()).await;
    let mut found = Vec::new();
    for (method, path, headers) in requests {
        found.push(status(&served, method.clone(), path, headers).await);
    }
    found
}

#[tokio::test(start_paused = true)]
async fn path_is_compared_with_case() {
    let get = |path| (Method::GET, path, &[][..]);
    let found = statuses(
        paths("/img/*.p?g"),
        &[
            get("/img/a/b.png"),
            get("/img/a.jpg"),
            get("/IMG/a.png"),
            get("/img/a.png?x"),
        ],
    )
    .await;
    assert_eq!(found, [403, 503, 503, 403]);
}

#[tokio::test(start_paused = true)]
async fn host_is_compared_without_case() {
    let config = HostHeaderConditionConfig::builder().values("*.example.com");
    let condition = RuleCondition::builder()
        .field("host-header")
        .host_header_config(config.build());
    let found = statuses(
        condition.build(),
        &[
            (Method::GET, "/", &[("host", "API.Example.com")]),
            (Method::GET, "/", &[("host", "api.example.com:8080")]),
            (Method::GET, "/", &[("host", "example.com")]),
        ],
    )
    .await;
    assert_eq!(found, [403, 403, 503]);
}

#[tokio::test(start_paused = true)]
async fn header_is_compared_without_case() {
    let config = HttpHeaderConditionConfig::builder()
        .http_header_name("X-Origin-Verify")
        .values("s3cret*");
    let condition = RuleCondition::builder()
        .field("http-header")
        .http_header_config(config.build());
    let found = statuses(
        condition.build(),
        &[
            (Method::GET, "/", &[("x-origin-verify", "S3CRET1")]),
            (Method::GET, "/", &[("x-origin-verify", "other")]),
            (
                Method::GET,
                "/",
                &[("x-origin-verify", "other"), ("x-origin-verify", "s3cret")],
            ),
        ],
    )
    .await;
    assert_eq!(found, [403, 503, 403]);
}

#[tokio::test(start_paused = true)]
async fn method_is_compared_as_it_is() {
    let config = HttpRequestMethodConditionConfig::builder().values("GET");
    let condition = RuleCondition::builder()
        .field("http-request-method")
        .http_request_method_config(config.build());
    let found = statuses(
        condition.build(),
        &[(Method::GET, "/", &[]), (Method::HEAD, "/", &[])],
    )
    .await;
    assert_eq!(found, [403, 503]);
}

#[tokio::test(start_paused = true)]
async fn query_is_compared_by_pairs() {
    let pair = QueryStringKeyValuePair::builder()
        .key("version")
        .value("v1*");
    let config = QueryStringConditionConfig::builder().values(pair.build());
    let condition = RuleCondition::builder()
        .field("query-string")
        .query_string_config(config.build());
    let get = |path| (Method::GET, path, &[][..]);
    let found = statuses(
        condition.build(),
        &[
            get("/?a=b&Version=V12"),
            get("/?version=2"),
            get("/?other=v1"),
            get("/"),
        ],
    )
    .await;
    assert_eq!(found, [403, 503, 503, 503]);
}

#[tokio::test(start_paused = true)]
async fn source_is_peer_of_connection() {
    let served = Served::with_instances(0).await;
    let config = SourceIpConditionConfig::builder().values("198.51.100.0/24");
    let condition = RuleCondition::builder()
        .field("source-ip")
        .source_ip_config(config.build());
    served.rule(1, condition.build(), forbid()).await;
    let forged = [("x-forwarded-for", "198.51.100.7")];
    assert_eq!(status(&served, Method::GET, "/", &forged).await, 503);
    let neighbor = served.traffic.from([198, 51, 100, 7]);
    let answer = neighbor.get(&format!("http://{}/", served.host)).await;
    assert_eq!(answer.unwrap().status(), 403);
}

#[tokio::test(start_paused = true)]
async fn first_rule_by_priority_wins() {
    let served = Served::with_instances(1).await;
    served.rule(20, paths("/a*"), forbid()).await;
    served.rule(10, paths("/ab*"), forward(&served.group)).await;
    assert_eq!(served.get("/abc").await.status(), 200);
    assert_eq!(served.get("/acc").await.status(), 403);
}

#[tokio::test(start_paused = true)]
async fn transform_rewrites_path_for_target() {
    let served = Served::with_instances(1).await;
    let rewrite = RewriteConfig::builder()
        .regex("^/ollama(/.*)?$")
        .replace("/v2$1x");
    let config = UrlRewriteConfig::builder().rewrites(rewrite.build());
    let transform = RuleTransform::builder()
        .r#type(TransformTypeEnum::UrlRewrite)
        .url_rewrite_config(config.build());
    let create = served.world.elb.create_rule();
    create
        .listener_arn(&served.listener)
        .priority(1)
        .conditions(paths("/ollama*"))
        .actions(forward(&served.group))
        .transforms(transform.build())
        .send()
        .await
        .unwrap();
    assert_eq!(served.echo("/ollama/api").await["path"], "/v2/apix");
    assert_eq!(served.echo("/ollamaother").await["path"], "/ollamaother");
}

#[tokio::test(start_paused = true)]
async fn redirect_repeats_parts_of_request() {
    let served = Served::with_instances(0).await;
    let config = RedirectActionConfig::builder()
        .protocol("HTTPS")
        .port("443")
        .status_code(RedirectActionStatusCodeEnum::Http301);
    let redirect = Action::builder()
        .r#type(ActionTypeEnum::Redirect)
        .redirect_config(config.build());
    served.rule(1, paths("/*"), redirect.build()).await;
    let answer = served.get("/a/b?c=d").await;
    assert_eq!(answer.status(), 301);
    let expected = format!("https://{}:443/a/b?c=d", served.host);
    assert_eq!(answer.header("location"), Some(expected.as_str()));
}

#[tokio::test(start_paused = true)]
async fn fixed_response_has_its_body() {
    let served = Served::with_instances(0).await;
    served.rule(1, paths("/*"), forbid()).await;
    let answer = served.get("/").await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.header("server"), Some("awselb/2.0"));
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(answer.text().await.unwrap(), "no");
}
