//! The headers that targets get.

use http::Request;

use crate::traffic::world::Served;

#[tokio::test(start_paused = true)]
async fn target_learns_client_and_scheme() {
    let served = Served::with_instances(1).await;
    let headers = served.echo("/").await["headers"].take();
    assert_eq!(headers["x-forwarded-for"], "203.0.113.10");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-forwarded-port"], "80");
    assert_eq!(headers["host"], served.host.to_lowercase());
    let trace = headers["x-amzn-trace-id"].as_str().unwrap();
    assert!(trace.starts_with("Root=1-"), "{trace}");
}

#[tokio::test(start_paused = true)]
async fn forwarded_addresses_are_appended() {
    let served = Served::with_instances(1).await;
    let request = Request::get(format!("http://{}/", served.host))
        .header("x-forwarded-for", "192.0.2.1")
        .header("x-forwarded-proto", "https")
        .header("connection", "x-private, keep-alive")
        .header("x-private", "1")
        .header("host", "Example.com:80");
    let headers = served.echo_of(request).await["headers"].take();
    assert_eq!(headers["x-forwarded-for"], "192.0.2.1, 203.0.113.10");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["host"], "example.com");
    assert!(headers["x-private"].is_null());
}

#[tokio::test(start_paused = true)]
async fn forwarded_addresses_follow_attribute() {
    let served = Served::with_instances(1).await;
    let mode = "routing.http.xff_header_processing.mode";
    for (value, expected) in [("preserve", Some("192.0.2.1")), ("remove", None)] {
        served.balancer_attribute(mode, value).await;
        let request = Request::get(format!("http://{}/", served.host));
        let request = request.header("x-forwarded-for", "192.0.2.1");
        let headers = served.echo_of(request).await["headers"].take();
        assert_eq!(headers["x-forwarded-for"].as_str(), expected, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn host_is_preserved_on_request() {
    let served = Served::with_instances(1).await;
    let attribute = "routing.http.preserve_host_header.enabled";
    served.balancer_attribute(attribute, "true").await;
    let request = Request::get(format!("http://{}/", served.host));
    let request = request.header("host", "Example.com:80");
    let headers = served.echo_of(request).await["headers"].take();
    assert_eq!(headers["host"], "Example.com:80");
}

#[tokio::test(start_paused = true)]
async fn limits_are_those_of_aws() {
    let served = Served::with_instances(1).await;
    let url = format!("http://{}/", served.host);
    let get = || Request::get(&url);
    let many = vec!["192.0.2.1"; 31].join(", ");
    let long = "a".repeat(17_000);
    let too_many = (0..10).fold(get(), |request, number| {
        request.header(format!("x-{number}"), "b".repeat(8000))
    });
    let long_url = Request::get(format!("{url}?{long}"));
    for (request, status) in [
        (get().header("x-forwarded-for", many), 463),
        (get().header("x-long", long), 400),
        (too_many, 400),
        (long_url, 414),
        (Request::builder().method("TRACE").uri(&url), 405),
    ] {
        let answer = served.traffic.send(request.body("").unwrap()).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.header("server"), Some("awselb/2.0"));
    }
}
