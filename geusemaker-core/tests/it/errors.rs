//! Error reports: for each way in which AWS can fail, the error's class, its category and the remedy.

use std::sync::Arc;

use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::spec::Tier;
use geusemaker_core::{Category, Error, ErrorClass, PlanProblem, Session};
use geusemaker_testkit::Fault;

use crate::scenario::{Scenario, account, spec, spec_with};

/// Returns the error of a plan whose first call to AWS always meets this fault.
async fn struck<E>(fault: Fault<E>) -> Error
where
    Fault: From<Fault<E>>,
{
    let scenario = Scenario::on(account().fault(fault.forever()).build());
    let error = scenario.session.plan(spec(1)).await.unwrap_err();
    scenario.assert_nothing_left();
    error
}

#[tokio::test(start_paused = true)]
async fn error_class_has_category_and_remedy() {
    for (code, status, class, category, remedy) in [
        (
            "InvalidClientTokenId",
            403,
            ErrorClass::Credentials,
            Category::Access,
            "aws sso login",
        ),
        (
            "ExpiredToken",
            403,
            ErrorClass::Credentials,
            Category::Access,
            "sign in again",
        ),
        (
            "AccessDenied",
            403,
            ErrorClass::Permission,
            Category::Access,
            "sts:GetCallerIdentity",
        ),
        (
            "OptInRequired",
            403,
            ErrorClass::Permission,
            Category::Access,
            "the account is not suspended",
        ),
        (
            "Throttling",
            400,
            ErrorClass::Throttled,
            Category::Failure,
            "try again in a minute",
        ),
        (
            "InternalFailure",
            500,
            ErrorClass::ServiceFault,
            Category::Failure,
            "health.aws.amazon.com",
        ),
        (
            "SomethingNew",
            503,
            ErrorClass::ServiceFault,
            Category::Failure,
            "try again",
        ),
        (
            "SomethingNew",
            400,
            ErrorClass::Invalid,
            Category::Failure,
            "what AWS names",
        ),
    ] {
        let error = struck(Fault::on("GetCallerIdentity").answer(code).status(status)).await;
        let call = error.call().unwrap();
        assert_eq!(call.class, class, "{code}");
        assert_eq!(call.code.as_deref(), Some(code));
        assert_eq!(call.operation, "sts:GetCallerIdentity");
        assert!(call.request_id.is_some(), "{code}");
        assert_eq!(error.category(), category, "{code}");
        assert!(
            error.remedy().contains(remedy),
            "{code}: {}",
            error.remedy()
        );
        let text = error.with_sources();
        assert!(
            text.contains(code) && text.contains(call.request_id.as_ref().unwrap()),
            "{text}"
        );
        assert_eq!(
            call.may_have_happened,
            class == ErrorClass::ServiceFault,
            "{code}"
        );
    }
}

/// A call without an answer may have happened.
#[tokio::test(start_paused = true)]
async fn missing_answer_is_unreachable() {
    for fault in [
        Fault::on("GetCallerIdentity").reset(),
        Fault::on("GetCallerIdentity").stall(),
    ] {
        let error = struck(fault).await;
        let call = error.call().unwrap();
        assert_eq!(
            (call.class, &call.code, call.may_have_happened),
            (ErrorClass::Unreachable, &None, true)
        );
        assert_eq!(error.category(), Category::Access);
        assert!(
            error.remedy().contains("AWS_ENDPOINT_URL"),
            "{}",
            error.remedy()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_send_no_call() {
    let scenario = Scenario::new();
    let none =
        provide_credentials_fn(async || Err(CredentialsError::not_loaded("no profile, no role")));
    let config = scenario.aws.sdk_config().into_builder();
    let config = config
        .credentials_provider(SharedCredentialsProvider::new(none))
        .build();
    let session = Session::new(config, Arc::new(InMemory::new()));
    let error = session.plan(spec(1)).await.unwrap_err();
    assert_eq!(
        error.call().unwrap().class,
        ErrorClass::Credentials,
        "{error:?}"
    );
    assert!(!error.call().unwrap().may_have_happened);
    assert!(error.with_sources().contains("credentials"), "{error}");
    assert!(scenario.aws.calls().is_empty());
}

/// The plan finds these errors before anything is created.
#[tokio::test(start_paused = true)]
async fn unfit_spec_is_plan_error() {
    type Fits = fn(&PlanProblem) -> bool;
    let cases: [(&str, &str, Fits); 7] = [
        (
            "[network]\nvpc = \"vpc-0123456789abcdef0\"",
            "network.vpc vpc-0123456789abcdef0 does not exist",
            |e| {
                matches!(
                    e,
                    PlanProblem::Missing {
                        field: "network.vpc",
                        ..
                    }
                )
            },
        ),
        (
            "[network]\nsubnets = [\"subnet-0123456789abcdef0\", \"subnet-0123456789abcdef1\"]",
            "network.subnets",
            |e| {
                matches!(
                    e,
                    PlanProblem::Missing {
                        field: "network.subnets",
                        ..
                    }
                )
            },
        ),
        (
            "ami = \"ami-0123456789abcdef0\"",
            "compute.ami ami-0123456789abcdef0",
            |e| {
                matches!(
                    e,
                    PlanProblem::Missing {
                        field: "compute.ami",
                        ..
                    }
                )
            },
        ),
        ("key_pair = \"nobodys\"", "compute.key_pair nobodys", |e| {
            matches!(
                e,
                PlanProblem::Missing {
                    field: "compute.key_pair",
                    ..
                }
            )
        }),
        (
            "[storage]\nfile_system = \"fs-0123456789abcdef0\"",
            "storage.file_system fs-0123456789abcdef0",
            |e| {
                matches!(
                    e,
                    PlanProblem::Missing {
                        field: "storage.file_system",
                        ..
                    }
                )
            },
        ),
        (
            "[network]\nsubnets = [ONE, TWIN]",
            "two availability zones",
            |e| {
                matches!(
                    e,
                    PlanProblem::OneZone {
                        tier: Tier::LoadBalancer,
                        ..
                    }
                )
            },
        ),
        (
            "[network]\nvpc = \"vpc-0123456789abcdef0\"\nsubnets = [ONE, TWIN]",
            "is in vpc-",
            |e| matches!(e, PlanProblem::OtherVpc { .. }),
        ),
    ];
    for (more, text, fits) in cases {
        let scenario = Scenario::new();
        let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
        let subnets = ec2.describe_subnets().send().await.unwrap();
        let one = &subnets.subnets()[0];
        let twin = ec2
            .create_subnet()
            .vpc_id(one.vpc_id().unwrap())
            .cidr_block("172.31.240.0/20");
        let twin = twin
            .availability_zone(one.availability_zone().unwrap())
            .send()
            .await
            .unwrap();
        scenario.aws.reset_baseline();
        let quoted =
            |subnet: &aws_sdk_ec2::types::Subnet| format!("\"{}\"", subnet.subnet_id().unwrap());
        let more = more
            .replace("ONE", &quoted(one))
            .replace("TWIN", &quoted(&twin.subnet.unwrap()));
        let spec = spec_with(2, &more);
        let error = scenario.session.plan(spec).await.unwrap_err();
        scenario.assert_nothing_left();
        let Error::Plan(plan_error) = &error else {
            panic!("{more}: {error}")
        };
        let problems = plan_error.problems();
        assert!(problems.iter().all(fits), "{more}: {problems:?}");
        assert!(error.to_string().contains(text), "{more}: {error}");
        assert_eq!(error.category(), Category::Input);
        assert!(!error.remedy().is_empty());
    }
}

fn problems(error: &Error) -> &[PlanProblem] {
    match error {
        Error::Plan(error) => error.problems(),
        _ => &[],
    }
}

#[tokio::test(start_paused = true)]
async fn taken_name_is_found_by_plan() {
    let scenario = Scenario::new();
    let elastic_load_balancing =
        aws_sdk_elasticloadbalancingv2::Client::new(&scenario.aws.sdk_config());
    let first = scenario.session.plan(spec(2)).await.unwrap();
    let vpc = first
        .state()
        .plan
        .network
        .existing_vpc()
        .unwrap()
        .to_string();
    elastic_load_balancing
        .create_target_group()
        .name("llm-webui")
        .protocol(aws_sdk_elasticloadbalancingv2::types::ProtocolEnum::Http)
        .port(80)
        .vpc_id(vpc)
        .send()
        .await
        .unwrap();
    scenario.aws.reset_baseline();
    let error = scenario.session.plan(spec(2)).await.unwrap_err();
    scenario.assert_nothing_left();
    assert!(
        matches!(problems(&error), [PlanProblem::NameTaken { name, .. }] if name == "llm-webui"),
        "{error}"
    );
    // AWS refuses an earlier plan with this name, and the resources of the failed step are removed.
    let failed = first.launch().await.unwrap().balance().await.unwrap_err();
    assert_eq!(failed.error.call().unwrap().class, ErrorClass::Conflict);
    assert!(failed.error.remedy().contains("choose another stack name"));
    drop(failed);
    scenario.close_and_assert_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn unknown_stack_names_existing_ones() {
    let scenario = Scenario::new();
    let ready = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let error = scenario
        .session
        .status(&"lllm".parse().unwrap())
        .await
        .unwrap_err();
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert_eq!(
        error.to_string(),
        "there is no stack lllm; the stacks here: llm"
    );
    assert_eq!(error.category(), Category::Input);
}
