//! Actions that identify the user.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateOidcActionConditionalBehaviorEnum,
    AuthenticateOidcActionConfig,
};

use super::tls::with_certificate;
use crate::elastic_load_balancing::world::{forward, paths};
use crate::traffic::world::Served;

/// Lets users sign in before they reach the targets.
async fn served(otherwise: AuthenticateOidcActionConditionalBehaviorEnum) -> Served {
    let (served, listener) = with_certificate().await;
    let config = AuthenticateOidcActionConfig::builder()
        .issuer("https://idp.example.net")
        .authorization_endpoint("https://idp.example.net/authorize")
        .token_endpoint("https://idp.example.net/token")
        .user_info_endpoint("https://idp.example.net/user")
        .client_id("client 1")
        .client_secret("secret")
        .on_unauthenticated_request(otherwise);
    let sign_in = Action::builder()
        .r#type(ActionTypeEnum::AuthenticateOidc)
        .order(1)
        .authenticate_oidc_config(config.build());
    let mut last = forward(&served.group);
    last.order = Some(2);
    let create = served.world.elb.create_rule().listener_arn(&listener);
    create
        .priority(1)
        .conditions(paths("/*"))
        .actions(sign_in.build())
        .actions(last)
        .send()
        .await
        .unwrap();
    served
}

#[tokio::test(start_paused = true)]
async fn stranger_is_sent_to_identity_provider() {
    let served = served(AuthenticateOidcActionConditionalBehaviorEnum::Authenticate).await;
    let answer = served.traffic.get("https://llm.example.com/x").await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 302);
    let location = answer.header("location").unwrap();
    let expected = "https://idp.example.net/authorize?client_id=client+1\
                    &redirect_uri=https%3A%2F%2Fllm.example.com%2Foauth2%2Fidpresponse\
                    &response_type=code&scope=openid&state=";
    assert!(location.starts_with(expected), "{location}");
    let back = "https://llm.example.com/oauth2/idpresponse?code=1&state=2";
    assert_eq!(served.traffic.get(back).await.unwrap().status(), 500);
}

#[tokio::test(start_paused = true)]
async fn stranger_is_denied_or_let_through() {
    let denied = served(AuthenticateOidcActionConditionalBehaviorEnum::Deny).await;
    let answer = denied.traffic.get("https://llm.example.com/").await;
    assert_eq!(answer.unwrap().status(), 401);
    let allowed = served(AuthenticateOidcActionConditionalBehaviorEnum::Allow).await;
    let answer = allowed.traffic.get("https://llm.example.com/").await;
    assert_eq!(answer.unwrap().status(), 200);
}
