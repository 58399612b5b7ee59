//! Policies of roles, and the documents.

use super::{code, create_role, instant, is, refusal};

const DOCUMENT: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}]}"#;

#[tokio::test(start_paused = true)]
async fn inline_policy_is_put_and_replaced() {
    let (_, client) = instant();
    create_role(&client, "node").await;
    let put = |document: &str| {
        let put = client.put_role_policy().role_name("node");
        put.policy_name("logs").policy_document(document).send()
    };
    put(r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#)
        .await
        .unwrap();
    put(DOCUMENT).await.unwrap();
    let get = |name: &str| {
        let get = client.get_role_policy().role_name("node");
        get.policy_name(name).send()
    };
    let found = get("logs").await.unwrap();
    let document = found.policy_document().to_owned();
    let decoded = form_urlencoded::parse(format!("d={document}").as_bytes())
        .next()
        .unwrap()
        .1
        .into_owned();
    assert_eq!(decoded, DOCUMENT);
    assert!(!document.contains('+'), "{document}");
    let listed = client.list_role_policies().role_name("node").send().await;
    assert_eq!(listed.unwrap().policy_names(), ["logs"]);
    assert_eq!(code(get("other").await), is(404, "NoSuchEntity"));
    let delete = client.delete_role_policy().role_name("node");
    let delete = delete.policy_name("other").send().await;
    assert_eq!(code(delete), is(404, "NoSuchEntity"));
}

#[tokio::test(start_paused = true)]
async fn malformed_policy_is_refused() {
    let (_, client) = instant();
    create_role(&client, "node").await;
    for document in [
        "{",
        "[]",
        "{}",
        r#"{"Version": "2026-01-01", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
        r#"{"Statement": []}"#,
        r#"{"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Resource": "*"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Action": "*"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}}"#,
    ] {
        let put = client.put_role_policy().role_name("node").policy_name("p");
        let put = put.policy_document(document).send().await;
        assert_eq!(code(put), is(400, "MalformedPolicyDocument"), "{document}");
    }
    for document in [
        "{",
        r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}"#,
    ] {
        let create = client.create_role().role_name("other");
        let create = create.assume_role_policy_document(document).send().await;
        assert_eq!(
            code(create),
            is(400, "MalformedPolicyDocument"),
            "{document}"
        );
    }
}

/// White space does not count.
#[tokio::test(start_paused = true)]
async fn inline_policies_have_10240_characters() {
    let (_, client) = instant();
    create_role(&client, "node").await;
    let put = |name: &str, resource: usize, space: usize| {
        let document = format!(
            r#"{{{}"Statement":{{"Effect":"Allow","Action":"*","Resource":"{}"}}}}"#,
            " ".repeat(space),
            "x".repeat(resource)
        );
        let put = client.put_role_policy().role_name("node");
        put.policy_name(name).policy_document(document).send()
    };
    put("a", 5000, 9000).await.unwrap();
    put("b", 5000, 0).await.unwrap();
    let (status, code, message) = refusal(put("c", 5000, 0).await);
    assert_eq!((status, &*code), (409, "LimitExceeded"));
    assert!(message.contains("10240"), "{message}");
    put("b", 5001, 0).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn managed_policy_is_attached_once() {
    let (_, client) = instant();
    create_role(&client, "node").await;
    let attach = |arn: &str| {
        let attach = client.attach_role_policy().role_name("node");
        attach.policy_arn(arn).send()
    };
    let core = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    let old = "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM";
    for arn in [core, core, old] {
        attach(arn).await.unwrap();
    }
    let list = || client.list_attached_role_policies().role_name("node");
    let listed = list().send().await.unwrap();
    let names: Vec<_> = listed
        .attached_policies()
        .iter()
        .filter_map(|it| it.policy_name())
        .collect();
    assert_eq!(
        names,
        ["AmazonSSMManagedInstanceCore", "AmazonEC2RoleforSSM"]
    );
    let below = list().path_prefix("/service-role/").send().await.unwrap();
    assert_eq!(below.attached_policies()[0].policy_arn(), Some(old));
    let own = attach("arn:aws:iam::123456789012:policy/mine").await;
    assert_eq!(code(own), is(404, "NoSuchEntity"));
    let malformed = attach("AmazonSSMManagedInstanceCore").await;
    assert_eq!(code(malformed), is(400, "InvalidInput"));
    let unknown = attach("arn:aws:iam::aws:policy/AWSFlyingCarpetAccess").await;
    assert_eq!(code(unknown), is(501, "SimulatorUnsupported"));
    for name in [
        "AdministratorAccess",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonS3ReadOnlyAccess",
        "AmazonSSMManagedEC2InstanceDefaultPolicy",
        "AmazonSSMReadOnlyAccess",
        "CloudWatchAgentServerPolicy",
        "PowerUserAccess",
    ] {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        attach(&arn).await.unwrap();
    }
    let eleventh = attach("arn:aws:iam::aws:policy/ReadOnlyAccess").await;
    assert_eq!(code(eleventh), is(409, "LimitExceeded"));
    let detach = || {
        client
            .detach_role_policy()
            .role_name("node")
            .policy_arn(core)
            .send()
    };
    detach().await.unwrap();
    assert_eq!(code(detach().await), is(404, "NoSuchEntity"));
}
