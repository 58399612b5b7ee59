//! The faults between `gm` and the server, and their frequency.

use std::time::Duration;

use super::http::Message;
use super::rng::Rng;

/// The fault of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The request arrives, and is answered later than usual.
    Delayed(Duration),
    /// The service refuses it for good.
    Denied,
    /// The service fails; the request has had no effect.
    Failed(Failure),
    /// The service fails after the request has had its effect.
    FailedAfter(Failure),
    /// The connection breaks, but the request arrives later, when the client no longer waits for it.
    Late(Duration),
    /// The request takes effect, and the connection breaks instead of the reply.
    ReplyLost,
    /// The connection breaks, and the request never arrives.
    Reset,
    /// No reply comes, and the connection stays open; the request may have taken effect.
    Stalled { after_effect: bool },
    /// Too many calls; the request has had no effect.
    Throttled,
    /// The request takes effect, and a part of the reply is missing.
    Truncated,
}

/// The answer of a service that fails, or of a gateway before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    InternalError,
    Unavailable,
    /// An HTML page of a gateway.
    BadGateway,
    GatewayTimeout,
}

/// The faults during one command, and their frequency.
#[derive(Clone, Debug)]
pub(super) struct FaultProfile {
    rng: Rng,
    /// The number of requests in a thousand that meet a fault.
    rate: u64,
    /// True if some operations have a persistent fault.
    has_persistent_fault: bool,
    /// True if faults that take minutes happen too.
    is_slow: bool,
}

impl FaultProfile {
    /// Creates a profile without faults.
    pub(super) fn fair() -> Self {
        Self {
            rng: Rng::new(0),
            rate: 0,
            has_persistent_fault: false,
            is_slow: false,
        }
    }

    pub(super) fn thrown(mut rng: Rng, is_slow: bool) -> Self {
        Self {
            rate: rng.pick(&[(2, 10), (3, 40), (3, 100), (2, 250)]),
            has_persistent_fault: rng.chance(250),
            is_slow,
            rng,
        }
    }

    /// Returns the fault of the nth call of the operation, if it meets one.
    pub(super) fn strikes(&self, operation: &str, nth: u64) -> Option<Fault> {
        let mut persistent = self.rng.of(operation);
        if self.has_persistent_fault && persistent.chance(80) {
            const STREAK: u64 = 20;
            let slow = u64::from(self.is_slow);
            let fault = persistent.pick(&[
                (3, Fault::Denied),
                (slow, Fault::Failed(Failure::InternalError)),
                (slow, Fault::FailedAfter(Failure::InternalError)),
                (slow, Fault::ReplyLost),
                (2, Fault::Throttled),
            ]);
            return (fault != Fault::Throttled || nth <= STREAK).then_some(fault);
        }
        let mut rng = self.rng.of((operation, nth));
        rng.chance(self.rate)
            .then(|| Fault::thrown(&mut rng, self.is_slow))
    }
}

impl Fault {
    fn thrown(rng: &mut Rng, is_slow: bool) -> Self {
        let failure = rng.pick(&[
            (3, Failure::InternalError),
            (2, Failure::Unavailable),
            (1, Failure::BadGateway),
            (1, Failure::GatewayTimeout),
        ]);
        // Less than the half minute for which `gm` searches for a call's effect.
        let late = Duration::from_millis(500 + rng.below(19_500));
        let delay = Duration::from_millis(200 + rng.below(4_000));
        let after_effect = rng.chance(500);
        rng.pick(&[
            (8, Self::Delayed(delay)),
            (8, Self::Denied),
            (12, Self::Failed(failure)),
            (10, Self::FailedAfter(failure)),
            (10, Self::Late(late)),
            (16, Self::ReplyLost),
            (12, Self::Reset),
            (u64::from(is_slow), Self::Stalled { after_effect }),
            (14, Self::Throttled),
            (8, Self::Truncated),
        ])
    }
}

/// Returns the operation of a request: `ec2 RunInstances`, `elasticfilesystem POST /2015-02-01/mount-targets`.
pub(super) fn operation(request: &Message) -> String {
    let service = service(request);
    let body = String::from_utf8_lossy(&request.body);
    let action = body
        .split('&')
        .find_map(|pair| pair.strip_prefix("Action="));
    match action {
        Some(action) => format!("{service} {action}"),
        None => {
            let (method, path) = request.target();
            let path = path.split('?').next().unwrap_or_default();
            let collection: Vec<_> = path.split('/').take(3).collect();
            format!("{service} {method} {}", collection.join("/"))
        }
    }
}

/// Returns the service that the request is signed for.
fn service(request: &Message) -> &str {
    let credential = request.header("authorization").and_then(|header| {
        let (_, scope) = header.split_once("Credential=")?;
        scope.split('/').nth(3)
    });
    credential.unwrap_or("unsigned")
}

/// Returns the answer that refuses a request for good.
pub(super) fn denial(request: &Message) -> Message {
    let code = match service(request) {
        "ec2" => "UnauthorizedOperation",
        "elasticfilesystem" => "AccessDeniedException",
        _ => "AccessDenied",
    };
    error(request, 403, code)
}

/// Returns the answer to a throttled request.
pub(super) fn throttling(request: &Message) -> Message {
    match service(request) {
        "ec2" => error(request, 503, "RequestLimitExceeded"),
        "elasticfilesystem" => error(request, 429, "ThrottlingException"),
        _ => error(request, 400, "Throttling"),
    }
}

/// Returns the answer of a service that fails.
pub(super) fn failure(request: &Message, failure: Failure) -> Message {
    let page = "<html><body><h1>It is not here</h1></body></html>";
    match failure {
        Failure::InternalError => {
            let code = match service(request) {
                "ec2" => "InternalError",
                "elasticfilesystem" => "InternalServerError",
                _ => "InternalFailure",
            };
            error(request, 500, code)
        }
        Failure::Unavailable => error(request, 503, "ServiceUnavailable"),
        Failure::BadGateway => answer(502, "text/html", "", page),
        Failure::GatewayTimeout => answer(504, "text/html", "", page),
    }
}

/// Returns an error in the format of the service.
fn error(request: &Message, status: u16, code: &str) -> Message {
    const MESSAGE: &str = "this was thrown";
    const ID: &str = "00000000-0000-4000-8000-000000000000";
    match service(request) {
        "ec2" => answer(
            status,
            "text/xml",
            "",
            &format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{MESSAGE}</Message></Error></Errors>\
                 <RequestID>{ID}</RequestID></Response>"
            ),
        ),
        "elasticfilesystem" => answer(
            status,
            "application/json",
            &format!("x-amzn-errortype: {code}\r\n"),
            &format!(r#"{{"ErrorCode": "{code}", "Message": "{MESSAGE}"}}"#),
        ),
        _ => answer(
            status,
            "text/xml",
            "",
            &format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{MESSAGE}</Message></Error>\
                 <RequestId>{ID}</RequestId></ErrorResponse>"
            ),
        ),
    }
}

fn answer(status: u16, content_type: &str, headers: &str, body: &str) -> Message {
    let length = body.len();
    Message {
        head: format!(
            "HTTP/1.1 {status} Thrown\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n{headers}\r\n"
        ),
        body: body.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(service: &str, line: &str, body: &str) -> Message {
        let length = body.len();
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/{service}/aws4_request"
        );
        let text = format!(
            "{line} HTTP/1.1\r\nAuthorization: {scope}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        Message::read(&mut text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn operation_is_named_without_resource() {
        let launch = request("ec2", "POST /", "Action=RunInstances&Version=2016-11-15");
        assert_eq!(operation(&launch), "ec2 RunInstances");
        let path = "PUT /2020-05-31/distribution/E1/config?x=y";
        let update = request("cloudfront", path, "<a/>");
        assert_eq!(
            operation(&update),
            "cloudfront PUT /2020-05-31/distribution"
        );
    }

    #[test]
    fn errors_have_format_of_service() {
        let body = |message: Message| {
            let text = String::from_utf8(message.bytes()).unwrap();
            assert!(Message::read(&mut text.as_bytes()).unwrap().is_some());
            text
        };
        let ec2 = body(throttling(&request("ec2", "POST /", "")));
        assert!(ec2.contains("<Code>RequestLimitExceeded</Code>"), "{ec2}");
        let efs = body(denial(&request("elasticfilesystem", "GET /", "")));
        assert!(
            efs.contains("x-amzn-errortype: AccessDeniedException"),
            "{efs}"
        );
        let cdn = body(failure(
            &request("cloudfront", "GET /", ""),
            Failure::Unavailable,
        ));
        assert!(
            cdn.starts_with("HTTP/1.1 503 ") && cdn.contains("<ErrorResponse>"),
            "{cdn}"
        );
    }

    /// The fair profile has no faults; any other profile repeats the same ones.
    #[test]
    fn faults_are_reproducible() {
        let strikes = |profile: &FaultProfile| {
            let calls = (0..300).map(|nth| profile.strikes("ec2 RunInstances", nth));
            calls.collect::<Vec<_>>()
        };
        assert!(strikes(&FaultProfile::fair()).iter().all(Option::is_none));
        let profile = || FaultProfile::thrown(Rng::new(1), false);
        assert_eq!(strikes(&profile()), strikes(&profile()));
        assert!(strikes(&profile()).iter().any(Option::is_some));
    }
}
