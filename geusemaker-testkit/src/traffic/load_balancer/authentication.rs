//! Actions that identify the user, as far as they go without an identity provider.

use http::{HeaderValue, Response, StatusCode, header};

use super::answer;
use super::request::Seen;
use crate::sim::elastic_load_balancing::authentication::{Authentication, Kind};
use crate::traffic::body::Body;

/// The path to which the identity provider sends the user back (ELB docs, "Authenticate users").
const CALLBACK: &str = "/oauth2/idpresponse";

/// Returns the answer to a request without a valid session; `None` if the request goes on to the next action.
///
/// No identity provider can be reached from here, so that a session never begins: the way there is shown, and what
/// comes back from it fails as it does at AWS when the provider does not answer.
pub(super) fn answer(
    authentication: &Authentication,
    request: &Seen<'_>,
) -> Option<Response<Body>> {
    let shown = |name: &str| {
        let mut members = authentication.shown.iter();
        let found = members.find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    match authentication.kind {
        // No key set can be read, so that no token is valid.
        Kind::Jwt => return Some(answer::page(StatusCode::UNAUTHORIZED)),
        Kind::Cognito | Kind::Oidc => {}
    }
    if request.path == CALLBACK {
        return Some(answer::page(StatusCode::INTERNAL_SERVER_ERROR));
    }
    match shown("OnUnauthenticatedRequest") {
        "allow" => return None,
        "deny" => return Some(answer::page(StatusCode::UNAUTHORIZED)),
        _ => {}
    }
    let (endpoint, client) = match authentication.kind {
        Kind::Cognito => (cognito_endpoint(&shown), shown("UserPoolClientId")),
        Kind::Jwt | Kind::Oidc => (shown("AuthorizationEndpoint").to_owned(), shown("ClientId")),
    };
    let state = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client)
        .append_pair(
            "redirect_uri",
            &format!("https://{}{CALLBACK}", request.host),
        )
        .append_pair("response_type", "code")
        .append_pair("scope", shown("Scope"))
        .append_pair("state", &state)
        .finish();
    let mut response = answer::page(StatusCode::FOUND);
    let location = HeaderValue::try_from(format!("{endpoint}?{query}"));
    response
        .headers_mut()
        .insert(header::LOCATION, location.ok()?);
    Some(response)
}

/// Returns the page on which the users of a pool sign in: the pool's domain may be the prefix of one of Cognito's.
fn cognito_endpoint<'a>(shown: &impl Fn(&str) -> &'a str) -> String {
    let domain = shown("UserPoolDomain");
    if domain.contains('.') {
        return format!("https://{domain}/oauth2/authorize");
    }
    let region = shown("UserPoolArn").split(':').nth(3).unwrap_or_default();
    format!("https://{domain}.auth.{region}.amazoncognito.com/oauth2/authorize")
}
