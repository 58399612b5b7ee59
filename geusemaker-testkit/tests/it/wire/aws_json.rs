//! Systems Manager: the header that names the operation, and JSON.

use geusemaker_testkit::Aws;

use super::{Request, Service};

#[tokio::test(start_paused = true)]
async fn header_names_known_operation() {
    let aws = Aws::new();
    for target in ["", "GetParameter", "AmazonSQS.GetParameter"] {
        let request = Request {
            operation: Some(target.to_owned()),
            ..Request::new(Service::Ssm, "POST", "/", "{}")
        };
        let answer = request.send(&aws).await;
        assert_eq!(
            answer.refusal(),
            (400, "UnknownOperationException"),
            "{target}"
        );
    }
    let none = Request::new(Service::Ssm, "POST", "/", "{}")
        .send(&aws)
        .await;
    assert_eq!(none.refusal(), (400, "UnknownOperationException"));
    let carpet = Request::ssm("GetFlyingCarpet", "{}").send(&aws).await;
    assert_eq!(carpet.refusal(), (501, "SimulatorUnsupported"));
    let get = Request {
        method: "GET",
        ..Request::ssm("GetParameter", "{}")
    };
    assert_eq!(
        get.send(&aws).await.refusal(),
        (501, "SimulatorUnsupported")
    );
}

#[tokio::test(start_paused = true)]
async fn invalid_json_is_serialization_error() {
    let aws = Aws::new();
    let deep = format!(r#"{{"Name": {}}}"#, "[".repeat(100_000));
    for body in [
        "",
        "{",
        "null",
        "[]",
        r#"{"Name": 7}"#,
        r#"{"Name": "a"} {}"#,
        &deep,
    ] {
        let answer = Request::ssm("GetParameter", body).send(&aws).await;
        assert_eq!(
            answer.refusal(),
            (400, "SerializationException"),
            "{body:.60}"
        );
    }
    let missing = Request::ssm("GetParameter", "{}").send(&aws).await;
    assert_eq!(missing.refusal(), (400, "ValidationException"));
    let more = r#"{"Name": "a", "FlyingCarpet": true}"#;
    let more = Request::ssm("GetParameter", more).send(&aws).await;
    assert_eq!(more.refusal(), (501, "SimulatorUnsupported"));
    assert!(more.message.contains("FlyingCarpet"), "{}", more.message);
}
