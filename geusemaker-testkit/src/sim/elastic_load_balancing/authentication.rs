//! Actions that identify the user of a request before another action answers it.

use serde::{Deserialize, Serialize};

use super::validation;
use crate::wire::ServiceError;
use crate::wire::params::{Params, Structure};
use crate::wire::xml::Element;

/// An action that comes before the final one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Authentication {
    pub(crate) kind: Kind,
    /// The members of its configuration that descriptions show, in their order.
    pub(crate) shown: Vec<(String, String)>,
    claims: Vec<Claim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Cognito,
    Jwt,
    Oidc,
}

/// A claim that a token has to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    format: String,
    name: String,
    values: Vec<String>,
}

impl Kind {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Cognito, Self::Jwt, Self::Oidc]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cognito => "authenticate-cognito",
            Self::Jwt => "jwt-validation",
            Self::Oidc => "authenticate-oidc",
        }
    }

    fn config(self) -> &'static str {
        match self {
            Self::Cognito => "AuthenticateCognitoConfig",
            Self::Jwt => "JwtValidationConfig",
            Self::Oidc => "AuthenticateOidcConfig",
        }
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Cognito => &["UserPoolArn", "UserPoolClientId", "UserPoolDomain"],
            Self::Jwt => &["JwksEndpoint", "Issuer"],
            Self::Oidc => &[
                "Issuer",
                "AuthorizationEndpoint",
                "TokenEndpoint",
                "UserInfoEndpoint",
                "ClientId",
            ],
        }
    }
}

impl Authentication {
    pub(super) fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Reads the configuration of an action.
    pub(super) fn read(
        params: &mut Params,
        place: &Structure,
        kind: Kind,
    ) -> Result<Self, ServiceError> {
        let config = place.member(kind.config());
        let member = |name: &str| format!("{config}.{name}");
        let mut shown = Vec::new();
        for name in kind.required() {
            let value = params.required(&member(name))?;
            let is_endpoint =
                name.ends_with("Endpoint") || (*name == "Issuer" && kind == Kind::Oidc);
            if is_endpoint && !value.starts_with("https://") {
                return Err(validation::error(format!(
                    "The {name} '{value}' must be an HTTPS URL"
                )));
            }
            if kind == Kind::Jwt && value.len() > 256 {
                return Err(validation::error(format!(
                    "The {name} cannot be longer than '256' characters"
                )));
            }
            shown.push(((*name).to_owned(), value));
        }
        let mut claims = Vec::new();
        if kind == Kind::Jwt {
            claims = read_claims(params, &member("AdditionalClaims"))?;
        } else {
            read_session(params, &config, &mut shown)?;
        }
        if kind == Kind::Oidc {
            // The secret is never shown. One that the listener has is as good as one that the call has.
            let secret = params.optional(&member("ClientSecret"));
            let keeps = params.parsed(&member("UseExistingClientSecret"))? == Some(true);
            if secret.is_some() == keeps {
                return Err(validation::error(
                    "You must specify either a client secret or that the existing one is used",
                ));
            }
        }
        Ok(Self {
            kind,
            shown,
            claims,
        })
    }

    pub(super) fn element(&self) -> Element {
        let shown = self.shown.iter();
        let mut config = Element::new(self.kind.config())
            .children(shown.map(|(name, value)| Element::leaf(name.as_str(), value)));
        if !self.claims.is_empty() {
            let claims = self.claims.iter().map(|claim| {
                let values = claim
                    .values
                    .iter()
                    .map(|value| Element::leaf("value", value));
                Element::new("claim")
                    .with("Format", &claim.format)
                    .with("Name", &claim.name)
                    .child(Element::list("Values", "member", values))
            });
            config = config.child(Element::list("AdditionalClaims", "member", claims));
        }
        Element::new("action")
            .with("Type", self.kind.name())
            .child(config)
    }
}

/// Reads the settings of a login's session, with the defaults of the ELB model.
fn read_session(
    params: &mut Params,
    config: &str,
    shown: &mut Vec<(String, String)>,
) -> Result<(), ServiceError> {
    for (name, default) in [
        ("SessionCookieName", "AWSELBAuthSessionCookie"),
        ("Scope", "openid"),
    ] {
        let value = params.optional(&format!("{config}.{name}"));
        shown.push((name.to_owned(), value.unwrap_or_else(|| default.to_owned())));
    }
    let timeout = format!("{config}.SessionTimeout");
    let timeout = validation::number(params, &timeout, 1..=604_800, 604_800)?;
    shown.push(("SessionTimeout".to_owned(), timeout.to_string()));
    let otherwise = format!("{config}.OnUnauthenticatedRequest");
    let known = ["authenticate", "allow", "deny"];
    let otherwise = validation::one_of(params, &otherwise, &known)?;
    shown.push(("OnUnauthenticatedRequest".to_owned(), otherwise));
    Ok(())
}

fn read_claims(params: &mut Params, list: &str) -> Result<Vec<Claim>, ServiceError> {
    params.optional(list);
    let mut claims = Vec::new();
    for place in params.structures(&format!("{list}.member")) {
        let known = ["single-string", "string-array", "space-separated-values"];
        params.required(&place.member("Format"))?;
        claims.push(Claim {
            format: validation::one_of(params, &place.member("Format"), &known)?,
            name: params.required(&place.member("Name"))?,
            values: super::members(params, &place.member("Values")),
        });
    }
    if claims.len() > 10 {
        return Err(validation::error(
            "An action can have at most 10 additional claims",
        ));
    }
    Ok(claims)
}
