//! Arbitrary bytes as requests to one account. No request makes it panic or is answered as a failure of the server.
//!
//! Requests are separated by zero bytes. In each, the first byte chooses the service and the second the method; the
//! rest of the first line is the path with its query string, and the rest of the request is the body.

#![no_main]

use bytes::Bytes;
use geusemaker_testkit::{Aws, Timings};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    /// A runtime in which time is virtual; creating one takes longer than a request.
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing that could be missing");
}

fuzz_target!(|data: &[u8]| {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let aws = Aws::builder().timings(Timings::Instant).build();
            for request in data.split(|byte| *byte == 0).filter_map(request) {
                let response = aws.answer(request).await.expect("there are no faults");
                let status = response.status().as_u16();
                assert!(status < 500 || status == 501, "{response:?}");
            }
        });
    });
});

fn request(data: &[u8]) -> Option<http::Request<Bytes>> {
    let [service, method, rest @ ..] = data else {
        return None;
    };
    let service = match service % 11 {
        0 => "cloudfront",
        1 => "ec2",
        2 => "elasticfilesystem",
        3 => "elasticloadbalancing",
        4 => "iam",
        5 => "ssm",
        6 => "secretsmanager",
        7 => "servicequotas",
        8 => "acm",
        9 => "route53",
        _ => "sts",
    };
    let method = match method % 4 {
        0 => "DELETE",
        1 => "GET",
        2 => "POST",
        _ => "PUT",
    };
    let end = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len());
    let (target, body) = rest.split_at(end);
    http::Request::builder()
        .method(method)
        .uri(target)
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential=AKID/20261101/us-east-1/{service}/aws4_request"),
        )
        // The name of an operation of Systems Manager; the other services do not read it.
        .header("x-amz-target", [&b"AmazonSSM."[..], target.get(1..)?].concat())
        .body(Bytes::copy_from_slice(body.get(1..).unwrap_or_default()))
        .ok()
}
