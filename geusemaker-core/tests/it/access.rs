//! The access to the instances: their role, and the ranges of addresses that reach them.

use geusemaker_core::spec::SpecWarning;
use geusemaker_core::{CommittedStack, DeploymentSpec, Error, FileSystems, PlanProblem};
use geusemaker_testkit::{Fault, Service};

use crate::scenario::{Scenario, census, spec, spec_with, stack};

async fn committed(scenario: &Scenario, more: &str) -> CommittedStack {
    let planned = scenario.session.plan(spec_with(1, more)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    ready.commit().await.unwrap()
}

fn iam(scenario: &Scenario) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::new(&scenario.aws.sdk_config())
}

/// Returns the policy of the only role, decoded.
async fn policy(scenario: &Scenario) -> serde_json::Value {
    let iam = iam(scenario);
    let roles = iam.list_roles().send().await.unwrap();
    let [role] = roles.roles() else {
        panic!("{roles:?}")
    };
    assert!(role.role_name().starts_with("llm-"));
    assert_eq!(role.path(), "/geusemaker/us-east-1/");
    let reply = iam.get_role_policy().role_name(role.role_name());
    let reply = reply.policy_name("instances").send().await.unwrap();
    let document = reply.policy_document().replace('+', "%20");
    let decoded = percent_encoding::percent_decode_str(&document);
    serde_json::from_str(&decoded.decode_utf8().unwrap()).unwrap()
}

/// Returns the instance as EC2 describes it.
async fn instance(scenario: &Scenario) -> aws_sdk_ec2::types::Instance {
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let reply = ec2.describe_instances().send().await.unwrap();
    reply.reservations()[0].instances()[0].clone()
}

/// The role allows the agent of Systems Manager its work, and nothing else.
#[tokio::test(start_paused = true)]
async fn role_lets_systems_manager_in() {
    let scenario = Scenario::new();
    committed(&scenario, "").await;
    let policy = policy(&scenario).await;
    let [statement] = policy["Statement"].as_array().unwrap().as_slice() else {
        panic!("{policy}")
    };
    let actions: Vec<_> = statement["Action"].as_array().unwrap().iter().collect();
    assert!(
        actions.iter().all(|action| {
            let action = action.as_str().unwrap();
            action.starts_with("ssmmessages:") || action == "ssm:UpdateInstanceInformation"
        }),
        "{actions:?}"
    );
    let instance = instance(&scenario).await;
    assert!(instance.iam_instance_profile().is_some());
    let metadata = instance.metadata_options().unwrap();
    assert_eq!(metadata.http_put_response_hop_limit(), Some(1));
    scenario.destroy().await;
}

/// EC2 knows a new profile only after a while, which is usual, so nobody is told.
#[tokio::test(start_paused = true)]
async fn propagation_of_profile_is_silent() {
    let scenario = Scenario::new();
    committed(&scenario, "").await;
    let calls = scenario.aws.calls();
    let launches = calls.iter().filter(|call| call.operation == "RunInstances");
    assert!(launches.count() > 1);
    let told = scenario.messages();
    assert!(
        told.iter().all(|message| !message.contains("RunInstances")),
        "{told:#?}"
    );
    scenario.destroy().await;
}

/// The role may read the secrets that the services name, and no others.
#[tokio::test(start_paused = true)]
async fn role_reads_named_secrets() {
    let scenario = Scenario::new();
    let more = "[access]\nssm = false\n[[service]]\nname = 'db'\ninternal = true\nimage = 'postgres:17'\n\
                secrets = { A = 'ssm:/llm/a', B = 'secretsmanager:llm/b#key', C = 'generate' }";
    let places = ["ssm:/llm/a", "secretsmanager:llm/b"];
    for place in places {
        let missing = scenario.session.plan(spec_with(1, more)).await.unwrap_err();
        let wanted = format!("service.secrets {place} does not exist");
        assert!(missing.to_string().starts_with(&wanted), "{missing}");
        let config = scenario.aws.sdk_config();
        if place == places[0] {
            let ssm = aws_sdk_ssm::Client::new(&config);
            let put = ssm.put_parameter().name("/llm/a").value("planted");
            put.r#type("SecureString".into()).send().await.unwrap();
        } else {
            let secrets = aws_sdk_secretsmanager::Client::new(&config);
            let create = secrets.create_secret().name("llm/b");
            create.secret_string("planted").send().await.unwrap();
        }
    }
    scenario.aws.reset_baseline();
    committed(&scenario, more).await;
    let policy = policy(&scenario).await.to_string();
    for part in [
        r#"["ssm:GetParameter"]"#,
        r#"["arn:aws:ssm:us-east-1:123456789012:parameter/llm/a"]"#,
        r#"["secretsmanager:GetSecretValue"]"#,
        r#"["arn:aws:secretsmanager:us-east-1:123456789012:secret:llm/b-??????"]"#,
        r#""kms:EncryptionContext:SecretARN""#,
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("ssmmessages"), "{policy}");
    scenario.destroy().await;
}

/// The role may pull the images of the services from their repositories, and no others.
#[tokio::test(start_paused = true)]
async fn role_pulls_named_images() {
    let scenario = Scenario::new();
    let registry = "210987654321.dkr.ecr.eu-west-1.amazonaws.com";
    let more = format!(
        "[access]\nssm = false\n[[service]]\nname = 'ui'\ninternal = true\nimage = '{registry}/llm/ui:v1'\n\
         [[service]]\nname = 'other'\ninternal = true\nimage = '{registry}/llm/ui:v2'"
    );
    committed(&scenario, &more).await;
    let policy = policy(&scenario).await;
    let allow = |actions: &[&str], resource: &str| serde_json::json!({ "Effect": "Allow", "Action": actions, "Resource": [resource] });
    let expected = [
        allow(&["ecr:GetAuthorizationToken"], "*"),
        allow(
            &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "arn:aws:ecr:eu-west-1:210987654321:repository/llm/ui",
        ),
    ];
    assert_eq!(policy["Statement"], serde_json::json!(expected));
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn closed_instances_need_no_role() {
    let scenario = Scenario::new();
    let stack = committed(&scenario, "[access]\nssm = false\n[storage]").await;
    let calls = scenario.aws.calls();
    assert!(calls.iter().all(|call| call.service != Some(Service::Iam)));
    assert!(instance(&scenario).await.iam_instance_profile().is_none());
    let remote = scenario.session.remote(&stack.name).await.unwrap();
    let error = remote.logs(&Default::default()).unwrap_err();
    assert!(error.remedy().contains("access.ssm = true"), "{error}");
    scenario.destroy().await;
}

/// A profile of another owner is used, and stays.
#[tokio::test(start_paused = true)]
async fn adopted_profile_is_kept() {
    let scenario = Scenario::new();
    let iam = iam(&scenario);
    let more = "[access]\ninstance_profile = 'mine'\ncontainers_use_role = true";
    let missing = scenario.session.plan(spec_with(1, more)).await.unwrap_err();
    assert!(matches!(&missing, Error::Plan(error) if matches!(
        error.problems(),
        [PlanProblem::Missing { field, .. }] if *field == "access.instance_profile"
    )));
    let profile = iam.create_instance_profile().instance_profile_name("mine");
    profile.send().await.unwrap();
    let empty = scenario.session.plan(spec_with(1, more)).await.unwrap_err();
    assert_eq!(
        empty.to_string(),
        "access.instance_profile mine has no role"
    );
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = iam.create_role().role_name("mine");
    role.assume_role_policy_document(trust)
        .send()
        .await
        .unwrap();
    let add = iam.add_role_to_instance_profile();
    let add = add.instance_profile_name("mine").role_name("mine");
    add.send().await.unwrap();

    committed(&scenario, more).await;
    let instance = instance(&scenario).await;
    let profile = instance.iam_instance_profile().unwrap().arn().unwrap();
    assert!(profile.ends_with(":instance-profile/mine"), "{profile}");
    let metadata = instance.metadata_options().unwrap();
    assert_eq!(metadata.http_put_response_hop_limit(), Some(2));
    let name = stack();
    let destroyed = scenario.session.destroy(&name, FileSystems::Delete);
    destroyed.await.unwrap().into_result().unwrap();
    let left = census(&scenario.aws);
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!((left["IAM::InstanceProfile"], left["IAM::Role"]), (1, 1));
}

/// Policies that somebody has added to the role by hand do not keep it from being deleted.
#[tokio::test(start_paused = true)]
async fn role_with_added_policies_is_deleted() {
    let scenario = Scenario::new();
    committed(&scenario, "").await;
    let iam = iam(&scenario);
    let role = iam.list_roles().send().await.unwrap().roles()[0]
        .role_name()
        .to_owned();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let put = iam.put_role_policy().role_name(&role).policy_name("s3");
    put.policy_document(policy).send().await.unwrap();
    let attach = iam.attach_role_policy().role_name(&role);
    let attach = attach.policy_arn("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore");
    attach.send().await.unwrap();
    scenario.destroy().await;
}

/// The remedy of a refused role says how to do without one.
#[tokio::test(start_paused = true)]
async fn refused_role_has_way_out() {
    let scenario = Scenario::new();
    scenario.aws.inject(Fault::on("CreateRole").denied());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let failed = planned.launch().await.unwrap_err();
    scenario.assert_nothing_left();
    let remedy = failed.error.remedy();
    assert!(remedy.contains("iam:CreateRole"), "{remedy}");
    assert!(remedy.contains("access.ssm = false"), "{remedy}");
}

/// In tier 1 the ranges reach the services themselves, and the report says where.
#[tokio::test(start_paused = true)]
async fn allowed_ranges_reach_services() {
    let scenario = Scenario::new();
    let more = "key_pair = 'me'\n[access]\nallow = ['203.0.113.0/24', '198.51.100.7/32']\nssh_from = ['203.0.113.7/32']";
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    ec2.create_key_pair().key_name("me").send().await.unwrap();
    scenario.aws.reset_baseline();
    let committed = committed(&scenario, more).await;
    let rules = ec2.describe_security_group_rules().send().await.unwrap();
    let mut open: Vec<_> = rules
        .security_group_rules()
        .iter()
        .filter(|rule| rule.is_egress() == Some(false))
        .filter_map(|rule| Some((rule.from_port()?, rule.cidr_ipv4()?)))
        .collect();
    open.sort_unstable();
    assert_eq!(
        open,
        [
            (22, "203.0.113.7/32"),
            (8080, "198.51.100.7/32"),
            (8080, "203.0.113.0/24"),
            (11434, "198.51.100.7/32"),
            (11434, "203.0.113.0/24"),
        ]
    );
    let endpoints = &committed.outputs.endpoints;
    assert_eq!(endpoints.len(), 2);
    let address = instance(&scenario).await.public_ip_address.unwrap();
    assert_eq!(endpoints[0].url, format!("http://{address}:8080"));
    assert_eq!(endpoints[0].open_to.len(), 2);
    scenario.destroy().await;
}

/// In tier 2 they reach the load balancer, and nobody else does.
#[tokio::test(start_paused = true)]
async fn allowed_ranges_reach_load_balancer() {
    let scenario = Scenario::new();
    let spec = spec_with(2, "[access]\nallow = ['203.0.113.0/24']");
    let is_open = |spec: &DeploymentSpec| {
        let warnings = spec.warnings();
        let mut warnings = warnings.iter();
        warnings.any(|warning| matches!(warning, SpecWarning::OpenToEverybody { .. }))
    };
    assert!(!is_open(&spec));
    assert!(is_open(&spec_with(2, "")));
    let planned = scenario.session.plan(spec).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let stack = balanced.commit().await.unwrap();
    assert!(stack.outputs.endpoints.is_empty());
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let rules = ec2.describe_security_group_rules().send().await.unwrap();
    let open: Vec<_> = rules
        .security_group_rules()
        .iter()
        .filter(|rule| rule.is_egress() == Some(false))
        .filter_map(|rule| Some((rule.from_port()?, rule.cidr_ipv4()?)))
        .collect();
    assert_eq!(open, [(80, "203.0.113.0/24")]);
    scenario.destroy().await;
}
