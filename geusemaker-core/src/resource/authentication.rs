//! The action by which a load balancer has people sign in, before another action answers.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateCognitoActionConditionalBehaviorEnum,
    AuthenticateCognitoActionConfig, AuthenticateOidcActionConditionalBehaviorEnum,
    AuthenticateOidcActionConfig,
};

use super::client_secret::ClientSecret;
use crate::spec::{CognitoAuth, OidcAuth, OnUnauthenticated, SignIn};

/// A sign-in with all that its action needs.
#[derive(Clone, Debug)]
pub(crate) enum Authentication {
    Oidc(Box<OidcAuth>, ClientSecret),
    Cognito(Box<CognitoAuth>),
}

impl Authentication {
    /// Returns the client secret, if there is one.
    pub(super) fn secret(&self) -> Option<&str> {
        match self {
            Self::Oidc(_, secret) => Some(secret.expose()),
            Self::Cognito(_) => None,
        }
    }

    fn action(&self) -> Action {
        match self {
            Self::Oidc(oidc, secret) => Action::builder()
                .r#type(ActionTypeEnum::AuthenticateOidc)
                .authenticate_oidc_config(of_provider(oidc, secret))
                .order(1)
                .build(),
            Self::Cognito(cognito) => Action::builder()
                .r#type(ActionTypeEnum::AuthenticateCognito)
                .authenticate_cognito_config(of_user_pool(cognito))
                .order(1)
                .build(),
        }
    }
}

/// Returns the actions of a rule or listener, of which `last` answers.
pub(super) fn before(authentication: Option<&Authentication>, mut last: Action) -> Vec<Action> {
    match authentication {
        None => vec![last],
        Some(authentication) => {
            last.order = Some(2);
            vec![authentication.action(), last]
        }
    }
}

fn of_provider(oidc: &OidcAuth, secret: &ClientSecret) -> AuthenticateOidcActionConfig {
    use AuthenticateOidcActionConditionalBehaviorEnum as Otherwise;
    let (endpoints, sign_in) = (oidc.endpoints(), oidc.sign_in());
    AuthenticateOidcActionConfig::builder()
        .issuer(endpoints.issuer.as_str())
        .authorization_endpoint(endpoints.authorization.as_str())
        .token_endpoint(endpoints.token.as_str())
        .user_info_endpoint(endpoints.user_info.as_str())
        .client_id(oidc.client_id().as_str())
        .client_secret(secret.expose())
        .scope(sign_in.scope.as_str())
        .session_timeout(seconds(sign_in))
        .on_unauthenticated_request(match sign_in.on_unauthenticated {
            OnUnauthenticated::Authenticate => Otherwise::Authenticate,
            OnUnauthenticated::Allow => Otherwise::Allow,
            OnUnauthenticated::Deny => Otherwise::Deny,
        })
        .build()
}

fn of_user_pool(cognito: &CognitoAuth) -> AuthenticateCognitoActionConfig {
    use AuthenticateCognitoActionConditionalBehaviorEnum as Otherwise;
    let sign_in = cognito.sign_in();
    AuthenticateCognitoActionConfig::builder()
        .user_pool_arn(cognito.user_pool().as_str())
        .user_pool_client_id(cognito.client_id().as_str())
        .user_pool_domain(cognito.domain().as_str())
        .scope(sign_in.scope.as_str())
        .session_timeout(seconds(sign_in))
        .on_unauthenticated_request(match sign_in.on_unauthenticated {
            OnUnauthenticated::Authenticate => Otherwise::Authenticate,
            OnUnauthenticated::Allow => Otherwise::Allow,
            OnUnauthenticated::Deny => Otherwise::Deny,
        })
        .build()
}

fn seconds(sign_in: &SignIn) -> i64 {
    // A week at most.
    i64::try_from(sign_in.session_timeout().as_secs()).unwrap_or(i64::MAX)
}
