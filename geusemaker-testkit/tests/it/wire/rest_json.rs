//! EFS: paths, methods, query strings and JSON.

use geusemaker_testkit::Aws;

use super::Request;

#[tokio::test(start_paused = true)]
async fn invalid_json_body_is_bad_request() {
    let aws = Aws::new();
    let deep = format!(r#"{{"CreationToken": {}}}"#, "[".repeat(100_000));
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"text\"",
        r#"{"CreationToken": 7}"#,
        r#"{"CreationToken": "a", "CreationToken": "b"}"#,
        r#"{"CreationToken": "a", "Encrypted": "yes"}"#,
        r#"{"CreationToken": "a"} {}"#,
        r#"{"CreationToken": "\ud800"}"#,
        &deep,
    ] {
        let answer = Request::efs("POST", "file-systems", body).send(&aws).await;
        assert_eq!(answer.refusal(), (400, "BadRequest"), "{body:.60}");
    }
    let answer = Request::efs(
        "POST",
        "file-systems",
        b"{\"CreationToken\": \"\xff\"}".to_vec(),
    );
    assert_eq!(answer.send(&aws).await.refusal(), (400, "BadRequest"));
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn unknown_member_is_refused() {
    let aws = Aws::new();
    let body = r#"{"CreationToken": "a", "FlyingCarpet": true}"#;
    let answer = Request::efs("POST", "file-systems", body).send(&aws).await;
    assert_eq!(answer.refusal(), (501, "SimulatorUnsupported"));
    assert!(
        answer.message.contains("FlyingCarpet"),
        "{}",
        answer.message
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_path_or_method_is_refused() {
    let aws = Aws::new();
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/2015-02-01"),
        ("GET", "/2015-02-02/file-systems"),
        ("GET", "/2015-02-01/flying-carpets"),
        ("PATCH", "/2015-02-01/file-systems"),
        ("DELETE", "/2015-02-01/file-systems"),
        ("DELETE", "/2015-02-01/file-systems/"),
        ("GET", "/2015-02-01//file-systems"),
        ("GET", "//2015-02-01/file-systems"),
        ("DELETE", "/2015-02-01/file-systems/../mount-targets/fsmt-1"),
        (
            "GET",
            "/2015-02-01/file-systems?FileSystemId=a&FileSystemId=b",
        ),
        ("GET", "/2015-02-01/file-systems?FlyingCarpet=1"),
    ] {
        let mut request = Request::efs(method, "", "");
        target.clone_into(&mut request.target);
        let answer = request.send(&aws).await;
        assert_eq!(answer.refusal(), (501, "SimulatorUnsupported"), "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn id_is_one_path_segment() {
    let aws = Aws::new();
    let body = r#"{"CreationToken": "a"}"#;
    let answer = Request::efs("POST", "file-systems", body).send(&aws).await;
    let created: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let id = created["FileSystemId"].as_str().unwrap();
    for other in [
        "..".to_owned(),
        "%2e%2e%2f".to_owned(),
        format!("..%2Ffile-systems%2F{id}"),
        format!("{id}=x"),
        format!("{id}&x"),
        format!("{id}%26x"),
        format!("{id}+"),
        format!("{id}%20"),
    ] {
        let path = format!("file-systems/{other}");
        let answer = Request::efs("DELETE", &path, "").send(&aws).await;
        assert_eq!(answer.refusal(), (404, "FileSystemNotFound"), "{path}");
    }
    for malformed in ["%", "%zz", "%ff", "%00"] {
        let path = format!("file-systems/{malformed}");
        let answer = Request::efs("DELETE", &path, "").send(&aws).await;
        assert_eq!(answer.refusal(), (400, "BadRequest"), "{path}");
    }
}
