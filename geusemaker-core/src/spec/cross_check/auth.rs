//! Checks of the proof that the load balancer asks for.

use crate::spec::auth::Auth;
use crate::spec::domain::Domain;
use crate::spec::error::SpecError;
use crate::spec::tier::Tier;
use crate::spec::unchecked::UncheckedSpec;

const FIELD: &str = "load_balancer.auth";

pub(super) fn check(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let Some(auth) = spec.load_balancer.auth() else {
        return Ok(());
    };
    if spec.tier == Tier::Instances {
        let why = "tier 1 has no load balancer that could ask for a proof: set tier = 2 or 3, or leave it out";
        return Err(SpecError::new(why).at(FIELD));
    }
    let of_zone = spec.domain.as_ref().and_then(Domain::hosted_zone);
    let has_https = spec.load_balancer.certificate_arn().is_some() || of_zone.is_some();
    if auth.signs_in() && !has_https {
        let why = "people can sign in with HTTPS alone: add [domain] with a hosted_zone, or \
                   load_balancer.certificate_arn";
        return Err(SpecError::new(why).at(FIELD));
    }
    if *auth == Auth::Bearer {
        return authorization_is_free(spec);
    }
    Ok(())
}

/// Checks that no service has a condition about the header that the token is in.
fn authorization_is_free(spec: &UncheckedSpec) -> Result<(), SpecError> {
    for (index, service) in spec.services.iter().enumerate() {
        let mut names = service.conditions().header_patterns().keys();
        if let Some(name) = names.find(|name| name.as_str().eq_ignore_ascii_case("authorization")) {
            let why =
                format!("{name} has the bearer token of load_balancer.auth: leave this header out");
            return Err(SpecError::new(why).at(format!("service[{index}].conditions.headers")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{G5, error, read, service};

    const BEARER: &str = "[load_balancer.auth]\ntype = 'bearer'\n";
    const OIDC: &str = "[load_balancer.auth]\ntype = 'oidc'\nissuer = 'https://a.b'\n\
                        authorization_endpoint = 'https://a.b/1'\ntoken_endpoint = 'https://a.b/2'\n\
                        user_info_endpoint = 'https://a.b/3'\nclient_id = 'llm'\nclient_secret = 'ssm:/llm/c'\n";

    #[test]
    fn sign_in_needs_https() {
        let ui = service("ui", 80, "");
        for (tier, tables) in [
            (
                2,
                "[domain]\nname = 'a.example.com'\nhosted_zone = 'example.com'",
            ),
            (
                3,
                "[domain]\nname = 'a.example.com'\nhosted_zone = 'example.com'",
            ),
        ] {
            let spec = read(tier, G5, &format!("{ui}{OIDC}{tables}"));
            assert!(spec.is_ok(), "{}", spec.unwrap_err());
        }
        for tier in [2, 3] {
            let error = error(tier, G5, &format!("{ui}{OIDC}"));
            let wanted = "load_balancer.auth: people can sign in with HTTPS alone: add [domain]";
            assert!(error.contains(wanted), "{error}");
            assert!(read(tier, G5, &format!("{ui}{BEARER}")).is_ok());
        }
    }

    #[test]
    fn contradiction_of_proofs_is_explained() {
        let ui = service("ui", 80, "");
        let conditional = service(
            "ui",
            80,
            "conditions = { headers = { authorization = ['Bearer a'] } }",
        );
        let many = service(
            "ui",
            80,
            "paths = ['/a']\nconditions = { methods = ['GET'] }",
        );
        for (tier, tables, wanted) in [
            (
                1,
                format!("{ui}{BEARER}"),
                "load_balancer.auth: tier 1 has no load balancer",
            ),
            (
                2,
                format!("{conditional}{BEARER}"),
                "service[0].conditions.headers: authorization has the bearer token",
            ),
            (
                3,
                format!("{many}{BEARER}"),
                "has 1 values beside a path, and a listener rule has room for 0",
            ),
            (
                2,
                format!("{ui}{OIDC}issuers = 'a'"),
                "load_balancer.auth.issuers: unknown key",
            ),
            (
                2,
                format!("{ui}{}", OIDC.replace("'https://a.b/1'", "'http://a.b/1'")),
                "line 13: load_balancer.auth.authorization_endpoint: \"http://a.b/1\" is not",
            ),
            (
                2,
                format!("{ui}{}", OIDC.replace("client_id = 'llm'\n", "")),
                "load_balancer.auth: client_id is missing",
            ),
            (
                2,
                format!("{ui}[load_balancer.auth]\ntype = 'basic'"),
                "load_balancer.auth.type: ",
            ),
        ] {
            let error = error(tier, G5, &tables);
            assert!(error.contains(wanted), "{tables}: {error}");
        }
    }
}
