//! Deployed stacks that carry requests, in virtual time: through the simulated load balancer and the simulated CDN.

use std::time::Duration;

use geusemaker_core::{CheckResult, Internet, Verification};
use geusemaker_testkit::ServiceGuest;
use geusemaker_testkit::traffic::{Traffic, TrafficFault};

use crate::scenario::{Scenario, account, deploy_tier_3, spec, stack};

/// Returns the internet on which the simulated account is reached.
fn internet(traffic: &Traffic) -> Internet {
    let connecting = traffic.clone();
    let internet = Internet::through(move |host, port| connecting.connect(&host, port));
    internet.trusting(&traffic.root_certificate()).unwrap()
}

/// Returns the problems that a verification has found.
fn problems(verification: &Verification) -> Vec<String> {
    let problems = verification.failed().map(|check| match &check.result {
        CheckResult::Failed { problem, .. } => problem.clone(),
        _ => String::new(),
    });
    problems.collect()
}

/// Deploys tier 2, and returns the host name of its load balancer.
async fn deploy_tier_2(scenario: &Scenario) -> String {
    let plan = scenario.session.plan(spec(2)).await.unwrap();
    let balanced = plan.launch().await.unwrap().balance().await.unwrap();
    let host = balanced.state().load_balancer.dns_name.clone();
    balanced.commit().await.unwrap();
    host
}

#[tokio::test(start_paused = true)]
async fn load_balancer_serves_traffic() {
    let scenario = Scenario::on(account().guest(ServiceGuest::new()).build());
    let traffic = scenario.aws.traffic();
    let host = deploy_tier_2(&scenario).await;
    let verified = scenario.session.verify(&stack(), &internet(&traffic)).await;
    let answer = traffic.get(&format!("http://{host}/")).await;
    scenario.destroy().await;
    scenario.assert_nothing_left();

    assert_eq!(problems(&verified.unwrap()), [""; 0]);
    assert_eq!(answer.unwrap().status(), 200);
    let gone = traffic.connect(&host, 80).await;
    assert_eq!(gone.unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn cdn_serves_traffic() {
    let scenario = Scenario::on(account().guest(ServiceGuest::new()).build());
    let traffic = scenario.aws.traffic();
    let deployed = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let domain = deployed.state().distribution.domain.clone();
    deployed.commit().await.unwrap();
    let verified = scenario.session.verify(&stack(), &internet(&traffic)).await;
    let answer = traffic.get(&format!("https://{domain}/")).await;
    let redirected = traffic.get(&format!("http://{domain}/")).await;
    scenario.destroy().await;
    scenario.assert_nothing_left();

    assert_eq!(problems(&verified.unwrap()), [""; 0]);
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("x-cache"), Some("Miss from cloudfront"));
    assert_eq!(redirected.unwrap().status(), 301);
}

#[tokio::test(start_paused = true)]
async fn failing_service_is_found_by_verification() {
    let scenario = Scenario::on(account().guest(ServiceGuest::new()).build());
    let traffic = scenario.aws.traffic();
    deploy_tier_2(&scenario).await;
    traffic.fault(TrafficFault::answers("webui", 500));
    // Long enough for the health checks to notice.
    scenario.aws.clock().sleep(Duration::from_secs(120)).await;
    let verified = scenario.session.verify(&stack(), &internet(&traffic)).await;
    let health = scenario.session.status(&stack()).await;
    scenario.destroy().await;
    scenario.assert_nothing_left();

    let problems = problems(&verified.unwrap());
    assert!(problems.iter().any(|it| it.contains("500")), "{problems:?}");
    let health = format!("{:?}", health.unwrap());
    assert!(
        health.contains("Health checks failed with these codes: [500]"),
        "{health}"
    );
}
