//! The proof that a load balancer asks for: a bearer token, or a sign-in before the targets.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, Rule};
use geusemaker_core::spec::DeploymentSpec;
use geusemaker_core::{Error, FileSystems, PlanProblem};
use geusemaker_testkit::{Aws, Fault, Snapshot};

use crate::scenario::closed_origin::admitted as admitted_secrets;
use crate::scenario::moment::{Moment, Watched};
use crate::scenario::watched_store::WatchedStore;
use crate::scenario::{Scenario, account, deploy_tier_3, records_as_bytes, spec_with, stack};

const BEARER: &str = "[load_balancer.auth]\ntype = 'bearer'";
const DOMAIN: &str = "[domain]\nname = 'llm.example.com'\nhosted_zone = 'example.com'";
const PLANTED: &str = "planted-client-secret-4711";
const COGNITO: &str = "[load_balancer.auth]\ntype = 'cognito'\nclient_id = '1h57'\ndomain = 'llm'\n\
                       user_pool_arn = 'arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A'\n\
                       scope = 'openid email'\nsession_timeout = '8h'\non_unauthenticated = 'deny'";

fn oidc(tier: u8, place: &str) -> DeploymentSpec {
    let auth = format!(
        "[load_balancer.auth]\ntype = 'oidc'\nissuer = 'https://a.b'\n\
         authorization_endpoint = 'https://a.b/1'\ntoken_endpoint = 'https://a.b/2'\n\
         user_info_endpoint = 'https://a.b/3'\nclient_id = 'llm'\nclient_secret = '{place}'"
    );
    spec_with(tier, &format!("{DOMAIN}\n{auth}"))
}

/// Returns the rules of the listener that serves, with the default one at the end.
async fn rules(aws: &Aws) -> Vec<Rule> {
    let client = aws_sdk_elasticloadbalancingv2::Client::new(&aws.sdk_config());
    let balancers = client.describe_load_balancers().send().await.unwrap();
    let [balancer] = balancers.load_balancers() else {
        return Vec::new();
    };
    let arn = balancer.load_balancer_arn().unwrap();
    let listeners = client.describe_listeners().load_balancer_arn(arn).send();
    let listeners = listeners.await.unwrap().listeners.unwrap_or_default();
    let Some(serving) = listeners.iter().max_by_key(|listener| listener.port()) else {
        return Vec::new();
    };
    let rules = client
        .describe_rules()
        .listener_arn(serving.listener_arn().unwrap());
    rules.send().await.unwrap().rules.unwrap()
}

/// Returns the tokens that a rule admits.
fn tokens(rule: &Rule) -> BTreeSet<String> {
    let conditions = rule.conditions().iter();
    let headers = conditions.filter_map(|condition| condition.http_header_config());
    let ours = headers.filter(|it| it.http_header_name() == Some("Authorization"));
    ours.flat_map(|it| it.values())
        .map(|value| value.strip_prefix("Bearer ").unwrap().to_owned())
        .collect()
}

/// Returns the tokens of all rules that forward, each with the tokens that it admits.
fn forwarding(rules: &[Rule]) -> Vec<BTreeSet<String>> {
    let forwarding = rules
        .iter()
        .filter(|rule| kinds(rule.actions()).contains(&ActionTypeEnum::Forward));
    forwarding.map(tokens).collect()
}

fn kinds(actions: &[Action]) -> Vec<ActionTypeEnum> {
    let mut ordered: Vec<_> = actions.iter().collect();
    ordered.sort_by_key(|action| action.order());
    let kinds = ordered.iter().map(|action| action.r#type().unwrap());
    kinds.cloned().collect()
}

fn status(rule: &Rule) -> Option<&str> {
    rule.actions()[0].fixed_response_config()?.status_code()
}

/// Asserts that nothing that people or files get to see has the secret.
async fn assert_hidden(scenario: &Scenario, told: &[String], secret: &str) {
    let journal = records_as_bytes(scenario.store.as_ref()).await;
    for (_, record) in journal {
        assert!(!String::from_utf8_lossy(&record).contains(secret));
    }
    let heard = format!("{:?}", scenario.heard.lock().unwrap());
    let calls = format!("{:?}", scenario.aws.calls());
    let seen = [heard, calls, scenario.messages().join("\n")];
    for text in seen.iter().chain(told) {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn rules_demand_bearer_token() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec_with(2, BEARER)).await.unwrap();
    let plan = format!("{planned:?}");
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let rules = rules(&scenario.aws).await;
    let committed = balanced.commit().await.unwrap();
    let token = scenario.session.bearer_token(&stack()).await.unwrap();
    let told = [plan, format!("{committed:?}"), format!("{token:?}")];
    assert_hidden(&scenario, &told, token.expose()).await;
    scenario.destroy().await;

    let [v1, rest, default] = &rules[..] else {
        panic!("{rules:?}");
    };
    for rule in [v1, rest] {
        assert_eq!(tokens(rule), [token.expose().to_owned()].into());
        assert_eq!(kinds(rule.actions()), [ActionTypeEnum::Forward]);
    }
    assert_eq!((rest.conditions().len(), status(default)), (1, Some("401")));
    assert!(token.expose().len() == 64);
    let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    assert!(token.expose().bytes().all(digit));
}

/// Strangers get 403; who comes through the CDN without the token gets 401.
#[tokio::test(start_paused = true)]
async fn cdn_and_token_are_told_apart() {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, BEARER)).await;
    deployed.unwrap().commit().await.unwrap();
    let before = rules(&scenario.aws).await;
    scenario
        .session
        .rotate_origin_secret(&stack())
        .await
        .unwrap();
    let after = rules(&scenario.aws).await;
    scenario.destroy().await;
    let [.., refusal, default] = &before[..] else {
        panic!("{before:?}");
    };
    assert_eq!(
        (status(refusal), status(default)),
        (Some("401"), Some("403"))
    );
    assert!(tokens(refusal).is_empty());
    assert_eq!(admitted_secrets(refusal), admitted_secrets(&before[0]));
    assert_ne!(admitted_secrets(&before[0]), admitted_secrets(&after[0]));
    assert_eq!(admitted_secrets(&after[0]), admitted_secrets(&after[2]));
    let all_tokens = |rules: &[Rule]| rules.iter().map(tokens).collect::<Vec<_>>();
    assert_eq!(all_tokens(&after), all_tokens(&before));
}

#[tokio::test(start_paused = true)]
async fn people_sign_in_before_targets() {
    for (kind, cognito) in [
        (ActionTypeEnum::AuthenticateCognito, true),
        (ActionTypeEnum::AuthenticateOidc, false),
    ] {
        let scenario = Scenario::new();
        let ssm = aws_sdk_ssm::Client::new(&scenario.aws.sdk_config());
        let put = ssm.put_parameter().name("/llm/client").value(PLANTED);
        let secure = put.r#type(aws_sdk_ssm::types::ParameterType::SecureString);
        secure.send().await.unwrap();
        let spec = match cognito {
            true => spec_with(2, &format!("{DOMAIN}\n{COGNITO}")),
            false => oidc(2, "ssm:/llm/client"),
        };
        let planned = scenario.session.plan(spec).await.unwrap();
        let plan = format!("{planned:?}");
        let balanced = planned.launch().await.unwrap().balance().await.unwrap();
        let rules = rules(&scenario.aws).await;
        assert_hidden(&scenario, &[plan, format!("{balanced:?}")], PLANTED).await;
        balanced.rollback().await.into_result().unwrap();
        for rule in &rules {
            let wanted = [kind.clone(), ActionTypeEnum::Forward];
            assert_eq!(kinds(rule.actions()), wanted, "{rule:?}");
        }
        let mut actions = rules[0].actions().iter();
        let config = actions.find_map(Action::authenticate_cognito_config);
        if let Some(config) = config {
            assert_eq!(config.scope(), Some("openid email"));
            assert_eq!(config.session_timeout(), Some(8 * 60 * 60));
            let otherwise = config.on_unauthenticated_request().unwrap();
            assert_eq!(otherwise.as_str(), "deny");
        }
        assert_eq!(config.is_some(), cognito);
    }
}

/// The change of the secret of a CDN sends no actions, so the sign-in stays, and its client secret is not needed.
#[tokio::test(start_paused = true)]
async fn rotation_keeps_sign_in() {
    let scenario = Scenario::new();
    let secrets = aws_sdk_secretsmanager::Client::new(&scenario.aws.sdk_config());
    let value = format!("{{\"client\": \"{PLANTED}\"}}");
    let create = secrets
        .create_secret()
        .name("llm/oidc")
        .secret_string(value);
    create.send().await.unwrap();
    let spec = oidc(3, "secretsmanager:llm/oidc#client");
    let deployed = deploy_tier_3(&scenario.session, spec).await.unwrap();
    deployed.commit().await.unwrap();
    let delete = secrets.delete_secret().secret_id("llm/oidc");
    delete
        .force_delete_without_recovery(true)
        .send()
        .await
        .unwrap();
    let before = rules(&scenario.aws).await;
    scenario
        .session
        .rotate_origin_secret(&stack())
        .await
        .unwrap();
    let after = rules(&scenario.aws).await;
    assert_hidden(&scenario, &[], PLANTED).await;
    scenario.destroy().await;
    let actions = |rules: &[Rule]| {
        let actions = rules.iter().map(|rule| kinds(rule.actions()));
        actions.collect::<Vec<_>>()
    };
    assert_eq!(actions(&before), actions(&after));
    assert_eq!(
        actions(&before)[0],
        [ActionTypeEnum::AuthenticateOidc, ActionTypeEnum::Forward]
    );
    assert_ne!(admitted_secrets(&before[0]), admitted_secrets(&after[0]));
}

/// Nothing is made before the client secret is known to be there.
#[tokio::test(start_paused = true)]
async fn unreadable_client_secret_ends_plan() {
    let scenario = Scenario::new();
    let secrets = aws_sdk_secretsmanager::Client::new(&scenario.aws.sdk_config());
    for (name, value) in [("text", PLANTED), ("object", "{\"other\": \"1\"}")] {
        let create = secrets.create_secret().name(name).secret_string(value);
        create.send().await.unwrap();
    }
    for (place, reason, remedy) in [
        ("ssm:/llm/client", "does not exist", "aws ssm put-parameter"),
        (
            "secretsmanager:llm",
            "does not exist",
            "aws secretsmanager create-secret --name llm",
        ),
        (
            "secretsmanager:text#client",
            "is not a JSON object",
            "leave the key out",
        ),
        (
            "secretsmanager:object#client",
            "has no text under that key",
            "correct the key",
        ),
    ] {
        let refused = scenario.session.plan(oidc(2, place)).await;
        let Err(Error::Plan(error)) = refused else {
            panic!("{place} was planned");
        };
        let [problem @ PlanProblem::ClientSecret { .. }] = error.problems() else {
            panic!("{error:?}");
        };
        let wanted = format!("load_balancer.auth.client_secret {place} {reason}");
        assert!(problem.to_string().starts_with(&wanted), "{problem}");
        assert!(problem.remedy().contains(remedy), "{}", problem.remedy());
        assert!(!format!("{error:?}").contains(PLANTED));
    }
    scenario.aws.inject(Fault::on("GetSecretValue").denied());
    let spec = oidc(2, "secretsmanager:text");
    let Err(Error::Plan(error)) = scenario.session.plan(spec).await else {
        panic!("planned without permission");
    };
    let [problem] = error.problems() else {
        panic!("{error:?}");
    };
    assert!(matches!(problem, PlanProblem::NotPermitted { .. }));
    let left = scenario.aws.leftovers();
    assert!(left.iter().all(|it| it.kind == "SecretsManager::Secret"));
}

/// Whenever a deployment is killed, the next process goes on with the same token.
#[tokio::test(start_paused = true)]
async fn resumed_deployment_keeps_token() {
    let watched = Watched::new(account());
    let planned = watched.scenario.session.plan(spec_with(2, BEARER)).await;
    let launched = planned.unwrap().launch().await.unwrap();
    let balanced = launched.balance().await.unwrap();
    balanced.keep().await.unwrap();
    let mut with_rules = 0;
    for moment in watched.take().into_iter().rev().step_by(2).take(24) {
        let before = {
            let aws = account().restore(moment.account.clone()).unwrap().build();
            let known = rules(&aws).await;
            forwarding(&known).into_iter().flatten().next()
        };
        with_rules += usize::from(before.is_some());
        let at = moment.what.clone();
        let scenario = moment.restart().await;
        let resumed = scenario.session.resume(&stack()).await;
        resumed.unwrap_or_else(|error| panic!("{at}: {error}"));
        let known = rules(&scenario.aws).await;
        let all: BTreeSet<_> = forwarding(&known).into_iter().flatten().collect();
        assert_eq!(all.len(), 1, "{at}");
        assert!(before.is_none_or(|before| all.contains(&before)), "{at}");
        scenario.destroy().await;
    }
    assert!(with_rules > 2, "only {with_rules} moments with rules");
    drop(watched.scenario.session.close().await);
}

/// Deploys tier 2, commits it and returns the moment after that, and its token.
async fn committed() -> (Moment, String) {
    let store = std::sync::Arc::new(WatchedStore::new());
    let scenario = Scenario::with_store(account().build(), std::sync::Arc::clone(&store) as _);
    let planned = scenario.session.plan(spec_with(2, BEARER)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.commit().await.unwrap();
    let token = scenario.session.bearer_token(&stack()).await.unwrap();
    let moment = Moment::of("committed", &scenario, &store);
    scenario.destroy().await;
    (moment, token.expose().to_owned())
}

/// Asserts that every forwarding rule admits the token at this moment, and nothing else is open.
async fn assert_admitted(snapshot: &Snapshot, token: &str) {
    let aws = account().restore(snapshot.clone()).unwrap().build();
    for admitted in forwarding(&rules(&aws).await) {
        assert!(admitted.contains(token), "{admitted:?}");
        assert!(admitted.len() <= 2, "{admitted:?}");
    }
}

/// Killed at any moment and run again, each step refuses no token that people have.
#[tokio::test(start_paused = true)]
async fn killed_rotation_refuses_nobody() {
    let (moment, old) = committed().await;
    let watched = moment.restart_watched().await;
    let session = &watched.scenario.session;
    let begun = session.rotate_bearer_token(&stack()).await.unwrap();
    let new = begun.token.clone();
    assert_ne!(new.expose(), old);
    assert_eq!((begun.rules, begun.changed), (2, true));
    let first_step = watched.take();
    let again = session.rotate_bearer_token(&stack()).await.unwrap();
    assert_eq!((&again.token, again.changed), (&new, false));
    let read = session.bearer_token(&stack()).await.unwrap();
    assert_eq!(read, new);
    drop(watched.take());
    let finished = session.finish_token_rotation(&stack()).await.unwrap();
    assert_eq!((&finished.token, finished.changed), (&new, true));
    let second_step = watched.take();
    let idle = session.finish_token_rotation(&stack()).await.unwrap();
    assert_eq!((&idle.token, idle.changed), (&new, false));
    for secret in [&old, new.expose()] {
        assert_hidden(&watched.scenario, &[format!("{begun:?}")], secret).await;
    }
    watched.scenario.destroy().await;
    assert!(first_step.len() > 2 && second_step.len() > 2);

    let mut refused = 0;
    for moment in first_step {
        assert_admitted(&moment.account, &old).await;
        let scenario = moment.restart().await;
        let session = &scenario.session;
        let early = session.finish_token_rotation(&stack()).await;
        refused += usize::from(matches!(early, Err(Error::TokenNotAdmitted { .. })));
        let begun = session.rotate_bearer_token(&stack()).await.unwrap();
        let finished = session.finish_token_rotation(&stack()).await.unwrap();
        assert_eq!(finished.token, begun.token);
        assert_ne!(finished.token.expose(), old);
        scenario.destroy().await;
    }
    assert!(refused > 0, "no rotation was begun half way");
    for moment in second_step {
        assert_admitted(&moment.account, new.expose()).await;
        let scenario = moment.restart().await;
        let finished = scenario.session.finish_token_rotation(&stack()).await;
        assert_eq!(finished.unwrap().token, new);
        scenario.destroy().await;
    }
}

#[tokio::test(start_paused = true)]
async fn refused_change_of_token_can_be_repeated() {
    let (moment, old) = committed().await;
    let scenario = moment.restart().await;
    scenario.aws.inject(Fault::on("ModifyRule").denied());
    let error = scenario.session.rotate_bearer_token(&stack()).await;
    let error = error.unwrap_err();
    let wanted =
        "changing the token that the load balancer asks for: elasticloadbalancing:ModifyRule";
    assert!(error.with_sources().starts_with(wanted), "{error}");
    assert!(!format!("{error:?}").contains(&old));
    let rotated = scenario.session.rotate_bearer_token(&stack()).await;
    assert!(rotated.unwrap().changed);
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn stacks_without_token_have_none() {
    let scenario = Scenario::new();
    let missing = scenario.session.bearer_token(&stack()).await;
    assert!(matches!(missing, Err(Error::NoSuchStack { .. })));
    let planned = scenario.session.plan(spec_with(2, "")).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    balanced.commit().await.unwrap();
    let none = scenario.session.bearer_token(&stack()).await;
    assert!(matches!(none, Err(Error::NoBearerToken { .. })));
    let none = scenario.session.rotate_bearer_token(&stack()).await;
    assert!(none.unwrap_err().remedy().contains("type = \"bearer\""));
    let destroyed = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await;
    destroyed.unwrap().into_result().unwrap();

    let planned = scenario.session.plan(spec_with(2, BEARER)).await.unwrap();
    planned.launch().await.unwrap().keep().await.unwrap();
    let early = scenario.session.bearer_token(&stack()).await;
    assert!(matches!(early, Err(Error::Unfinished { .. })));
    let undone = scenario.session.rollback(&stack()).await;
    undone.unwrap().into_result().unwrap();
}
