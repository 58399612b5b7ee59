//! The proof that the load balancer asks of those who send requests.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration::BoundedDuration;
use super::error::SpecError;
use super::service::SecretSource;
use super::text::validated_text;

/// The longest time that a sign-in is good for, in seconds.
///
/// Source: Elastic Load Balancing API, `AuthenticateOidcActionConfig`, `SessionTimeout`.
type SessionTimeout = BoundedDuration<1, 604_800, 604_800>;

/// The proof that the load balancer asks of those who send requests, before a service gets them.
///
/// ```
/// use geusemaker_core::spec::{Auth, DeploymentSpec};
///
/// let spec = DeploymentSpec::from_toml(
///     r#"
///     name = "llm-prod"
///     tier = 2
///     compute.instance_type = "g5.xlarge"
///     domain = { name = "llm.example.com", hosted_zone = "example.com" }
///     [load_balancer.auth]
///     type = "bearer"
///     [[service]]
///     name = "ollama"
///     port = 11434
///     image = "ollama/ollama:latest"
///     "#,
/// )?;
/// assert_eq!(spec.load_balancer().auth(), Some(&Auth::Bearer));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AuthFields", into = "AuthFields")]
#[non_exhaustive]
pub enum Auth {
    /// The header `Authorization: Bearer TOKEN`, with a token that is made for the deployment: for programs.
    Bearer,
    /// A sign-in in the browser at a provider of OpenID Connect.
    Oidc(OidcAuth),
    /// A sign-in in the browser at a user pool of Amazon Cognito.
    Cognito(CognitoAuth),
}

impl Auth {
    /// Returns the choice for requests of those who have not signed in; none for tokens, without which every request is
    /// refused.
    pub fn on_unauthenticated(&self) -> Option<OnUnauthenticated> {
        self.sign_in().map(|sign_in| sign_in.on_unauthenticated)
    }

    /// Returns true if no request without a proof reaches a service.
    pub fn keeps_strangers_out(&self) -> bool {
        self.on_unauthenticated() != Some(OnUnauthenticated::Allow)
    }

    /// Returns true if browsers are sent to a page where people sign in. AWS does that with HTTPS alone.
    pub(crate) fn signs_in(&self) -> bool {
        self.sign_in().is_some()
    }

    /// Returns the place of the client secret, if there is one.
    pub(crate) fn client_secret(&self) -> Option<&SecretSource> {
        match self {
            Self::Oidc(oidc) => Some(&oidc.client_secret),
            Self::Bearer | Self::Cognito(_) => None,
        }
    }

    fn sign_in(&self) -> Option<&SignIn> {
        match self {
            Self::Bearer => None,
            Self::Oidc(oidc) => Some(&oidc.sign_in),
            Self::Cognito(cognito) => Some(&cognito.sign_in),
        }
    }
}

impl From<OidcAuth> for Auth {
    fn from(oidc: OidcAuth) -> Self {
        Self::Oidc(oidc)
    }
}

impl From<CognitoAuth> for Auth {
    fn from(cognito: CognitoAuth) -> Self {
        Self::Cognito(cognito)
    }
}

/// The choice for requests of those who have not signed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OnUnauthenticated {
    /// They are sent to the page where people sign in.
    #[default]
    Authenticate,
    /// They reach the service, which sees that nobody has signed in.
    Allow,
    /// They are answered with 401.
    Deny,
}

/// The addresses of a provider of OpenID Connect, which its `/.well-known/openid-configuration` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a caller names every address; another one would be another protocol"
)]
pub struct OidcEndpoints {
    /// The name of the provider: `https://login.example.com`.
    pub issuer: HttpsUrl,
    /// The page where people sign in.
    pub authorization: HttpsUrl,
    /// The address at which the load balancer exchanges the code of a sign-in for tokens.
    pub token: HttpsUrl,
    /// The address at which the load balancer asks who has signed in.
    pub user_info: HttpsUrl,
}

/// A sign-in at a provider of OpenID Connect. The provider must send browsers back to
/// `https://NAME/oauth2/idpresponse`, with the name of the stack.
///
/// ```
/// use geusemaker_core::spec::{LoadBalancer, OidcAuth, OidcEndpoints, OnUnauthenticated};
///
/// let endpoints = OidcEndpoints {
///     issuer: "https://login.example.com".parse()?,
///     authorization: "https://login.example.com/authorize".parse()?,
///     token: "https://login.example.com/token".parse()?,
///     user_info: "https://login.example.com/userinfo".parse()?,
/// };
/// let oidc = OidcAuth::new(endpoints, "llm".parse()?, "ssm:/llm/client-secret".parse()?)?
///     .scope("openid email".parse()?)
///     .on_unauthenticated(OnUnauthenticated::Deny);
/// let load_balancer = LoadBalancer::builder().auth(oidc);
/// # let _ = load_balancer;
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcAuth {
    endpoints: OidcEndpoints,
    client_id: ClientId,
    client_secret: SecretSource,
    sign_in: SignIn,
}

impl OidcAuth {
    /// Names the provider, and the place of the secret by which it knows the load balancer.
    ///
    /// # Errors
    /// Returns an error if the client secret is to be generated: the provider has made it.
    pub fn new(
        endpoints: OidcEndpoints,
        client_id: ClientId,
        client_secret: SecretSource,
    ) -> Result<Self, SpecError> {
        if let SecretSource::Generated(_) = client_secret {
            return Err(SpecError::new(
                "client_secret is made by the provider: put it into Systems Manager or Secrets Manager, and name its \
                 place, as in \"ssm:/llm/client-secret\"",
            ));
        }
        Ok(Self {
            endpoints,
            client_id,
            client_secret,
            sign_in: SignIn::default(),
        })
    }

    /// Sets what the load balancer may ask the provider about people; `openid` by default.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.sign_in.scope = scope;
        self
    }

    /// Sets the time that a sign-in is good for, in whole seconds.
    ///
    /// # Errors
    /// Returns an error if it is not 1 s to 7 days, which is the default.
    pub fn session_timeout(mut self, timeout: Duration) -> Result<Self, SpecError> {
        self.sign_in.session_timeout = SessionTimeout::new(timeout)?;
        Ok(self)
    }

    /// Sets the choice for requests of those who have not signed in.
    #[must_use]
    pub fn on_unauthenticated(mut self, choice: OnUnauthenticated) -> Self {
        self.sign_in.on_unauthenticated = choice;
        self
    }

    pub(crate) fn client_secret(&self) -> &SecretSource {
        &self.client_secret
    }

    pub(crate) fn endpoints(&self) -> &OidcEndpoints {
        &self.endpoints
    }

    pub(crate) fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    pub(crate) fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }
}

/// A sign-in at a user pool of Amazon Cognito. Its app client must have a secret, and must allow the callback
/// `https://NAME/oauth2/idpresponse`, with the name of the stack.
///
/// ```
/// use geusemaker_core::spec::{CognitoAuth, LoadBalancer};
///
/// let pool = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123";
/// let cognito = CognitoAuth::new(pool.parse()?, "1h57kf5cpq17m0eml12EXAMPLE".parse()?, "llm-example".parse()?);
/// let load_balancer = LoadBalancer::builder().auth(cognito);
/// # let _ = load_balancer;
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CognitoAuth {
    user_pool: UserPoolArn,
    client_id: ClientId,
    domain: UserPoolDomain,
    sign_in: SignIn,
}

impl CognitoAuth {
    /// Names the user pool, its app client and its domain.
    #[must_use]
    pub fn new(user_pool: UserPoolArn, client_id: ClientId, domain: UserPoolDomain) -> Self {
        Self {
            user_pool,
            client_id,
            domain,
            sign_in: SignIn::default(),
        }
    }

    /// Sets what the load balancer may ask the user pool about people; `openid` by default.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.sign_in.scope = scope;
        self
    }

    /// Sets the time that a sign-in is good for, in whole seconds.
    ///
    /// # Errors
    /// Returns an error if it is not 1 s to 7 days, which is the default.
    pub fn session_timeout(mut self, timeout: Duration) -> Result<Self, SpecError> {
        self.sign_in.session_timeout = SessionTimeout::new(timeout)?;
        Ok(self)
    }

    /// Sets the choice for requests of those who have not signed in.
    #[must_use]
    pub fn on_unauthenticated(mut self, choice: OnUnauthenticated) -> Self {
        self.sign_in.on_unauthenticated = choice;
        self
    }

    pub(crate) fn user_pool(&self) -> &UserPoolArn {
        &self.user_pool
    }

    pub(crate) fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    pub(crate) fn domain(&self) -> &UserPoolDomain {
        &self.domain
    }

    pub(crate) fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }
}

/// The settings that both kinds of sign-in have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SignIn {
    pub(crate) scope: Scope,
    session_timeout: SessionTimeout,
    pub(crate) on_unauthenticated: OnUnauthenticated,
}

impl SignIn {
    pub(crate) fn session_timeout(&self) -> Duration {
        self.session_timeout.value()
    }
}

validated_text! {
    /// An address with HTTPS: `https://login.example.com/authorize`.
    ///
    /// ```
    /// use geusemaker_core::spec::HttpsUrl;
    ///
    /// assert!("https://login.example.com/authorize".parse::<HttpsUrl>().is_ok());
    /// assert!("http://login.example.com".parse::<HttpsUrl>().is_err());
    /// ```
    HttpsUrl, check_url
}

validated_text! {
    /// The name by which a provider knows the load balancer, which is not secret: at most 1024 visible ASCII characters.
    ///
    /// ```
    /// use geusemaker_core::spec::ClientId;
    ///
    /// assert!("0oa1b2c3".parse::<ClientId>().is_ok());
    /// assert!("my client".parse::<ClientId>().is_err());
    /// ```
    ClientId, check_client_id
}

validated_text! {
    /// The scopes of a sign-in, with single spaces between them; `openid` is among them.
    ///
    /// Source: OpenID Connect Core 1.0, section 3.1.2.1.
    ///
    /// ```
    /// use geusemaker_core::spec::Scope;
    ///
    /// assert!("openid email".parse::<Scope>().is_ok());
    /// assert!("email".parse::<Scope>().is_err());
    /// ```
    Scope, check_scope
}

validated_text! {
    /// The ARN of a user pool of Amazon Cognito.
    ///
    /// ```
    /// use geusemaker_core::spec::UserPoolArn;
    ///
    /// let arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123";
    /// assert!(arn.parse::<UserPoolArn>().is_ok());
    /// assert!("us-east-1_AbCdEf123".parse::<UserPoolArn>().is_err());
    /// ```
    UserPoolArn, check_user_pool
}

validated_text! {
    /// The prefix of a user pool's domain, or its own domain: `llm-example`, `login.example.com`.
    ///
    /// ```
    /// use geusemaker_core::spec::UserPoolDomain;
    ///
    /// assert!("llm-example".parse::<UserPoolDomain>().is_ok());
    /// assert!("https://login.example.com".parse::<UserPoolDomain>().is_err());
    /// ```
    UserPoolDomain, check_domain
}

impl Default for Scope {
    fn default() -> Self {
        Self("openid".to_owned())
    }
}

fn check_url(text: &str) -> Result<(), String> {
    let host = text.strip_prefix("https://").unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let is_visible = text.bytes().all(|b| b.is_ascii_graphic());
    if host.is_empty() || host.contains('@') || !is_visible || text.len() > 2048 {
        Err(format!(
            "{text:?} is not an address with HTTPS: expected one as in \"https://login.example.com/authorize\""
        ))
    } else {
        Ok(())
    }
}

fn check_client_id(text: &str) -> Result<(), String> {
    let is_visible = text.bytes().all(|b| b.is_ascii_graphic());
    if text.is_empty() || text.len() > 1024 || !is_visible {
        Err(format!(
            "{text:?} is not the id of a client: expected 1 to 1024 visible ASCII characters"
        ))
    } else {
        Ok(())
    }
}

fn check_scope(text: &str) -> Result<(), String> {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic());
    if text.len() > 1024 || !text.split(' ').all(is_part) {
        Err(format!(
            "{text:?} is not a scope: expected words with single spaces between them, as in \"openid email\""
        ))
    } else if !text.split(' ').any(|part| part == "openid") {
        Err(format!(
            "{text:?} lacks openid, without which nobody can sign in: write \"openid {text}\""
        ))
    } else {
        Ok(())
    }
}

fn check_user_pool(text: &str) -> Result<(), String> {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "cognito-idp", region, account, pool]
            if partition.starts_with("aws")
                && !region.is_empty()
                && account.len() == 12
                && account.bytes().all(|b| b.is_ascii_digit())
                && pool
                    .strip_prefix("userpool/")
                    .is_some_and(|id| !id.is_empty()) =>
        {
            Ok(())
        }
        _ => Err(format!(
            "{text:?} is not the ARN of a user pool: expected one as in \
             \"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123\""
        )),
    }
}

fn check_domain(text: &str) -> Result<(), String> {
    let is_allowed =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    if text.is_empty() || text.len() > 255 || !text.bytes().all(is_allowed) {
        Err(format!(
            "{text:?} is not the domain of a user pool: expected its prefix, as in \"llm-example\", or its own name"
        ))
    } else {
        Ok(())
    }
}

/// The keys of the table, of which each kind has some.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table, as in { type = \"bearer\" }"
)]
struct AuthFields {
    r#type: Option<AuthType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<HttpsUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_endpoint: Option<HttpsUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<HttpsUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info_endpoint: Option<HttpsUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_pool_arn: Option<UserPoolArn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<UserPoolDomain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<SecretSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_timeout: Option<SessionTimeout>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_unauthenticated: Option<OnUnauthenticated>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AuthType {
    Bearer,
    Oidc,
    Cognito,
}

impl AuthType {
    fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Oidc => "oidc",
            Self::Cognito => "cognito",
        }
    }

    /// Returns true if a table of this type has the key.
    fn has(self, key: &str) -> bool {
        match key {
            "issuer"
            | "authorization_endpoint"
            | "token_endpoint"
            | "user_info_endpoint"
            | "client_secret" => self == Self::Oidc,
            "user_pool_arn" | "domain" => self == Self::Cognito,
            _ => self != Self::Bearer,
        }
    }
}

impl AuthFields {
    /// Returns the first key that the type does not have.
    fn foreign_key(&self, kind: AuthType) -> Option<&'static str> {
        let given = [
            ("issuer", self.issuer.is_some()),
            (
                "authorization_endpoint",
                self.authorization_endpoint.is_some(),
            ),
            ("token_endpoint", self.token_endpoint.is_some()),
            ("user_info_endpoint", self.user_info_endpoint.is_some()),
            ("user_pool_arn", self.user_pool_arn.is_some()),
            ("domain", self.domain.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("scope", self.scope.is_some()),
            ("session_timeout", self.session_timeout.is_some()),
            ("on_unauthenticated", self.on_unauthenticated.is_some()),
        ];
        let mut foreign = given
            .into_iter()
            .filter(|(key, given)| *given && !kind.has(key));
        foreign.next().map(|(key, _)| key)
    }
}

impl TryFrom<AuthFields> for Auth {
    type Error = SpecError;

    fn try_from(fields: AuthFields) -> Result<Self, SpecError> {
        let Some(kind) = fields.r#type else {
            return Err(SpecError::new(
                "type is missing: write \"bearer\" for a token, or \"oidc\" or \"cognito\" for people who sign in",
            ));
        };
        if let Some(key) = fields.foreign_key(kind) {
            return Err(SpecError::new(format!(
                "{key} means nothing with type = {:?}: leave it out, or choose another type",
                kind.name()
            )));
        }
        let sign_in = SignIn {
            scope: fields.scope.unwrap_or_default(),
            session_timeout: fields.session_timeout.unwrap_or_default(),
            on_unauthenticated: fields.on_unauthenticated.unwrap_or_default(),
        };
        Ok(match kind {
            AuthType::Bearer => Self::Bearer,
            AuthType::Oidc => {
                let url = |key: &str, value| {
                    let why = "an address in the provider's /.well-known/openid-configuration";
                    required(key, value, why)
                };
                let endpoints = OidcEndpoints {
                    issuer: url("issuer", fields.issuer)?,
                    authorization: url("authorization_endpoint", fields.authorization_endpoint)?,
                    token: url("token_endpoint", fields.token_endpoint)?,
                    user_info: url("user_info_endpoint", fields.user_info_endpoint)?,
                };
                let id = required(
                    "client_id",
                    fields.client_id,
                    "the provider's name for this client",
                )?;
                let secret = required(
                    "client_secret",
                    fields.client_secret,
                    "the place of the secret, as in \"ssm:/llm/client-secret\"",
                )?;
                Self::Oidc(OidcAuth {
                    sign_in,
                    ..OidcAuth::new(endpoints, id, secret)?
                })
            }
            AuthType::Cognito => Self::Cognito(CognitoAuth {
                user_pool: required(
                    "user_pool_arn",
                    fields.user_pool_arn,
                    "the ARN of the user pool",
                )?,
                client_id: required(
                    "client_id",
                    fields.client_id,
                    "the id of the user pool's app client",
                )?,
                domain: required(
                    "domain",
                    fields.domain,
                    "the prefix of the user pool's domain",
                )?,
                sign_in,
            }),
        })
    }
}

fn required<T>(key: &str, value: Option<T>, meaning: &str) -> Result<T, SpecError> {
    value.ok_or_else(|| SpecError::new(format!("{key} is missing: add {meaning}")))
}

impl From<Auth> for AuthFields {
    fn from(auth: Auth) -> Self {
        let of = |kind, sign_in: SignIn| Self {
            r#type: Some(kind),
            scope: Some(sign_in.scope),
            session_timeout: Some(sign_in.session_timeout),
            on_unauthenticated: Some(sign_in.on_unauthenticated),
            ..Self::default()
        };
        match auth {
            Auth::Bearer => Self {
                r#type: Some(AuthType::Bearer),
                ..Self::default()
            },
            Auth::Oidc(oidc) => Self {
                issuer: Some(oidc.endpoints.issuer),
                authorization_endpoint: Some(oidc.endpoints.authorization),
                token_endpoint: Some(oidc.endpoints.token),
                user_info_endpoint: Some(oidc.endpoints.user_info),
                client_id: Some(oidc.client_id),
                client_secret: Some(oidc.client_secret),
                ..of(AuthType::Oidc, oidc.sign_in)
            },
            Auth::Cognito(cognito) => Self {
                user_pool_arn: Some(cognito.user_pool),
                client_id: Some(cognito.client_id),
                domain: Some(cognito.domain),
                ..of(AuthType::Cognito, cognito.sign_in)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OIDC: &str = r#"{
        "type": "oidc", "issuer": "https://a.b", "authorization_endpoint": "https://a.b/1",
        "token_endpoint": "https://a.b/2", "user_info_endpoint": "https://a.b/3",
        "client_id": "llm", "client_secret": "ssm:/llm/client"
    }"#;

    const COGNITO: &str = r#"{
        "type": "cognito", "user_pool_arn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A",
        "client_id": "1h57", "domain": "llm", "scope": "openid email", "session_timeout": "8h",
        "on_unauthenticated": "allow"
    }"#;

    #[test]
    fn kinds_survive_json() {
        for text in [r#"{"type": "bearer"}"#, OIDC, COGNITO] {
            let auth: Auth = serde_json::from_str(text).unwrap();
            let json = serde_json::to_string(&auth).unwrap();
            assert_eq!(serde_json::from_str::<Auth>(&json).unwrap(), auth, "{json}");
        }
        let Auth::Oidc(oidc) = serde_json::from_str(OIDC).unwrap() else {
            panic!("not OIDC");
        };
        assert_eq!(oidc.sign_in.scope.as_str(), "openid");
        assert_eq!(
            oidc.sign_in.session_timeout(),
            Duration::from_secs(7 * 24 * 60 * 60)
        );
        let cognito: Auth = serde_json::from_str(COGNITO).unwrap();
        assert!(!cognito.keeps_strangers_out());
    }

    #[test]
    fn wrong_tables_are_explained() {
        for (text, wanted) in [
            ("{}".to_owned(), "type is missing: write \"bearer\""),
            (
                r#"{"type": "bearer", "scope": "openid"}"#.to_owned(),
                "scope means nothing with type = \"bearer\"",
            ),
            (
                OIDC.replace("oidc", "cognito"),
                "issuer means nothing with type = \"cognito\"",
            ),
            (
                OIDC.replace("\"client_id\": \"llm\",", ""),
                "client_id is missing: add the provider's name",
            ),
            (
                OIDC.replace("ssm:/llm/client", "generate"),
                "client_secret is made by the provider",
            ),
            (
                OIDC.replace("https://a.b/2", "http://a.b/2"),
                "is not an address with HTTPS",
            ),
            (
                COGNITO.replace("openid email", "email"),
                "write \"openid email\"",
            ),
            (COGNITO.replace("\"8h\"", "\"8d\""), "session_timeout"),
        ] {
            let error = serde_json::from_str::<Auth>(&text).unwrap_err().to_string();
            assert!(
                error.contains(wanted) || wanted == "session_timeout",
                "{text}: {error}"
            );
        }
    }

    /// A secret at the wrong place is not repeated.
    #[test]
    fn secret_in_place_of_its_place_is_not_shown() {
        let text = OIDC.replace("ssm:/llm/client", "planted-secret");
        let error = serde_json::from_str::<Auth>(&text).unwrap_err().to_string();
        assert!(error.contains("the value itself is never written here"));
        assert!(!error.contains("planted"));
    }
}
