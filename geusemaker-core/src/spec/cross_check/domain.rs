//! Checks of the names of a stack, and of the certificates for them.

use super::first_repeated;
use crate::aws::clients::CLOUDFRONT_REGION;
use crate::spec::cdn::CdnOrigin;
use crate::spec::domain::Domain;
use crate::spec::domain_name::DomainName;
use crate::spec::error::SpecError;
use crate::spec::hosted_zone::HostedZone;
use crate::spec::region::Region;
use crate::spec::scheme::Scheme;
use crate::spec::tier::Tier;
use crate::spec::unchecked::UncheckedSpec;

/// The most characters in the first name of a certificate.
///
/// Source: AWS Certificate Manager API Reference, RequestCertificate: the common name has at most 64 bytes.
const COMMON_NAME_MAX: usize = 64;

/// The most names of a requested certificate.
///
/// Source: AWS Certificate Manager User Guide, "Quotas": 10 domain names per certificate, unless raised.
const NAMES_MAX: usize = 10;

pub(super) fn check(spec: &UncheckedSpec) -> Result<(), SpecError> {
    if let Some(domain) = &spec.domain {
        of_domain(spec, domain)?;
    }
    if spec.tier >= Tier::LoadBalancer {
        of_load_balancer(spec)?;
    }
    if spec.tier == Tier::Cdn {
        of_cdn(spec)?;
    }
    Ok(())
}

fn of_domain(spec: &UncheckedSpec, domain: &Domain) -> Result<(), SpecError> {
    let wrong = |field: &str, why: String| Err(SpecError::new(why).at(format!("domain.{field}")));
    if spec.tier == Tier::Instances {
        let why = "tier 1 has no load balancer or CDN that a name could lead to: set tier = 2 or 3, or leave [domain] out";
        return Err(SpecError::new(why).at("domain"));
    }
    let name = domain.name();
    if let Some(origin) = domain.given_origin_name() {
        if spec.tier != Tier::Cdn {
            let why = "is the name of a load balancer behind a CDN: set tier = 3, or leave it out";
            return wrong("origin_name", why.to_owned());
        }
        if domain.hosted_zone().is_none() {
            let why = "needs domain.hosted_zone, in which its record is made";
            return wrong("origin_name", why.to_owned());
        }
        if origin == name || spec.cdn.aliases().contains(origin) {
            let why =
                format!("{origin} leads to the CDN: choose another name for the load balancer");
            return wrong("origin_name", why);
        }
    }
    let Some(zone) = domain.hosted_zone() else {
        return match spec.tier {
            Tier::LoadBalancer if spec.load_balancer.certificate_arn().is_none() => wrong(
                "hosted_zone",
                format!(
                    "is missing: add the hosted zone of Route 53 that {name} is in, or name its certificate in \
                     load_balancer.certificate_arn"
                ),
            ),
            Tier::Cdn if spec.cdn.certificate_arn().is_none() => wrong(
                "hosted_zone",
                format!(
                    "is missing: add the hosted zone of Route 53 that {name} is in, or name its certificate in \
                     cdn.certificate_arn"
                ),
            ),
            Tier::Instances | Tier::LoadBalancer | Tier::Cdn => Ok(()),
        };
    };
    let origin = (spec.tier == Tier::Cdn).then(|| domain.origin_name());
    let aliases = spec.cdn.aliases().iter().enumerate();
    let aliases = aliases.filter(|_| spec.tier == Tier::Cdn);
    let names = [("domain.name".to_owned(), name.clone())].into_iter();
    let origin = origin.map(|origin| ("domain.origin_name".to_owned(), origin));
    let aliases = aliases.map(|(index, alias)| (format!("cdn.aliases[{index}]"), alias.clone()));
    for (field, name) in names.chain(origin).chain(aliases) {
        within(zone, &field, &name)?;
    }
    Ok(())
}

/// Checks a name that gets a record in the zone, and may be the first one of a certificate.
fn within(zone: &HostedZone, field: &str, name: &DomainName) -> Result<(), SpecError> {
    if let HostedZone::Name(zone) = zone
        && !name.is_in(zone)
    {
        let why = format!(
            "{name} is not in the hosted zone {zone}: choose a name below {zone}, or correct domain.hosted_zone"
        );
        return Err(SpecError::new(why).at(field));
    }
    let length = name.as_str().len();
    if length > COMMON_NAME_MAX {
        let why = format!(
            "{name} has {length} characters, and a certificate takes {COMMON_NAME_MAX}: choose a shorter name"
        );
        return Err(SpecError::new(why).at(field));
    }
    Ok(())
}

fn of_load_balancer(spec: &UncheckedSpec) -> Result<(), SpecError> {
    const FIELD: &str = "load_balancer.certificate_arn";
    let Some(arn) = spec.load_balancer.certificate_arn() else {
        return Ok(());
    };
    if let Some(region) = spec.region.as_ref().map(Region::as_str)
        && arn.region() != region
    {
        let why = format!(
            "the certificate is in {}, and the load balancer in {region}: name a certificate of {region}",
            arn.region()
        );
        return Err(SpecError::new(why).at(FIELD));
    }
    if spec.tier == Tier::Cdn && spec.domain.is_none() && spec.cdn.aliases().is_empty() {
        let why = "behind a CDN, this certificate must cover the name that viewers ask for, and there is none: add \
                   [domain] or cdn.aliases, or leave it out";
        return Err(SpecError::new(why).at(FIELD));
    }
    Ok(())
}

fn of_cdn(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let why = match (spec.cdn.origin(), spec.load_balancer.given_scheme()) {
        (CdnOrigin::Internet, Some(Scheme::Internal)) => Some(
            "CloudFront reaches the load balancer from the internet: set cdn.origin = \"vpc\", or leave it out",
        ),
        (CdnOrigin::Vpc, Some(Scheme::InternetFacing)) => Some(
            "with cdn.origin = \"vpc\" the load balancer is internal: leave it out, or leave cdn.origin out",
        ),
        (CdnOrigin::Internet | CdnOrigin::Vpc, _) => None,
    };
    if let Some(why) = why {
        return Err(SpecError::new(why).at("load_balancer.scheme"));
    }
    let aliases = spec.cdn.aliases();
    let of_domain = spec.domain.as_ref();
    let has_zone = of_domain.is_some_and(|domain| domain.hosted_zone().is_some());
    if let Some((index, alias)) = first_repeated(aliases) {
        let why = format!("{alias} is listed more than once: name each alias once");
        return Err(SpecError::new(why).at(format!("cdn.aliases[{index}]")));
    }
    let is_domain = |alias: &DomainName| of_domain.is_some_and(|domain| domain.name() == alias);
    if let Some(index) = aliases.iter().position(is_domain) {
        let why = "is the name in [domain] already: leave it out here";
        return Err(SpecError::new(why).at(format!("cdn.aliases[{index}]")));
    }
    match spec.cdn.certificate_arn() {
        Some(arn) if arn.region() != CLOUDFRONT_REGION => {
            let why = format!(
                "the certificate is in {}, and CloudFront takes certificates of {CLOUDFRONT_REGION} alone: request or \
                 import it there",
                arn.region()
            );
            Err(SpecError::new(why).at("cdn.certificate_arn"))
        }
        Some(_) if of_domain.is_none() && aliases.is_empty() => {
            let why = "is a certificate for names, and there are none: add [domain] or cdn.aliases, or leave it out";
            Err(SpecError::new(why).at("cdn.certificate_arn"))
        }
        None if !aliases.is_empty() && !has_zone => {
            let why = "needs a certificate: name one of us-east-1 in cdn.certificate_arn, or add [domain] with a hosted_zone";
            Err(SpecError::new(why).at("cdn.aliases"))
        }
        None if has_zone && aliases.len() >= NAMES_MAX => {
            let why = format!(
                "one certificate has at most {NAMES_MAX} names, that of [domain] included: name fewer, or a certificate \
                 of your own in cdn.certificate_arn"
            );
            Err(SpecError::new(why).at("cdn.aliases"))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{G5, error, read, service};
    use crate::spec::Scheme;

    const REGIONAL: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    const ELSEWHERE: &str = "arn:aws:acm:eu-west-1:123456789012:certificate/1";
    const ZONE: &str = "[domain]\nname = 'llm.example.com'\nhosted_zone = 'example.com'";

    #[test]
    fn names_need_zone_or_certificate() {
        let ui = service("ui", 80, "");
        for (tier, tables) in [
            (2, ZONE.to_owned()),
            (3, ZONE.to_owned()),
            (3, format!("{ZONE}\norigin_name = 'o.example.com'")),
            (3, format!("{ZONE}\n[cdn]\naliases = ['chat.example.com']")),
            (
                2,
                format!("[domain]\nname = 'a.b'\n[load_balancer]\ncertificate_arn = '{ELSEWHERE}'"),
            ),
            (
                2,
                format!("[load_balancer]\ncertificate_arn = '{REGIONAL}'"),
            ),
            (
                3,
                format!("[domain]\nname = 'a.b'\n[cdn]\ncertificate_arn = '{REGIONAL}'"),
            ),
            (
                3,
                format!("[cdn]\ncertificate_arn = '{REGIONAL}'\naliases = ['a.b']"),
            ),
        ] {
            let spec = read(tier, G5, &format!("{ui}{tables}"));
            assert!(spec.is_ok(), "{tables}: {}", spec.unwrap_err());
        }
    }

    #[test]
    fn contradiction_of_names_is_explained() {
        let ui = service("ui", 80, "");
        let alias = |name: &str| format!("{ZONE}\n[cdn]\naliases = ['{name}']");
        let many: Vec<_> = (0..10).map(|n| format!("'{n}.example.com'")).collect();
        for (tier, tables, wanted) in [
            (1, ZONE.to_owned(), "domain: tier 1 has no load balancer"),
            (
                2,
                "[domain]\nname = 'a.b'".to_owned(),
                "domain.hosted_zone: is missing: add the hosted zone",
            ),
            (
                3,
                "[domain]\nname = 'a.b'".to_owned(),
                "or name its certificate in cdn.certificate_arn",
            ),
            (
                2,
                format!("{ZONE}\norigin_name = 'o.example.com'"),
                "domain.origin_name: is the name of a load balancer behind",
            ),
            (
                3,
                format!("{ZONE}\norigin_name = 'llm.example.com'"),
                "domain.origin_name: llm.example.com leads to the CDN",
            ),
            (
                3,
                format!("{ZONE}\norigin_name = 'o.example.org'"),
                "o.example.org is not in the hosted zone example.com",
            ),
            (
                2,
                ZONE.replace("llm.example.com", "llm.example.org"),
                "domain.name: llm.example.org is not in",
            ),
            (
                3,
                alias("chat.example.org"),
                "cdn.aliases[0]: chat.example.org is not in",
            ),
            (
                3,
                alias("llm.example.com"),
                "cdn.aliases[0]: is the name in [domain] already",
            ),
            (
                3,
                format!("{ZONE}\n[cdn]\naliases = [{}]", many.join(",")),
                "at most 10 names",
            ),
            (
                3,
                "[cdn]\naliases = ['a.b']".to_owned(),
                "cdn.aliases: needs a certificate",
            ),
            (
                3,
                format!("[cdn]\ncertificate_arn = '{REGIONAL}'"),
                "cdn.certificate_arn: is a certificate for names",
            ),
            (
                3,
                format!("[cdn]\naliases = ['a.b']\ncertificate_arn = '{ELSEWHERE}'"),
                "CloudFront takes certificates of us-east-1 alone",
            ),
            (
                3,
                format!("[load_balancer]\ncertificate_arn = '{REGIONAL}'"),
                "load_balancer.certificate_arn: behind a CDN",
            ),
            (
                2,
                format!("{ZONE}\n[load_balancer]\ncertificate_arn = 'mine'"),
                "is not a certificate ARN",
            ),
            (
                2,
                ZONE.replace("llm", &"l".repeat(60)),
                "has 72 characters, and a certificate takes 64",
            ),
        ] {
            let error = error(tier, G5, &format!("{ui}{tables}"));
            assert!(error.contains(wanted), "{tables}: {error}");
        }
    }

    #[test]
    fn scheme_follows_origin_of_cdn() {
        let ui = service("ui", 80, "");
        let with = |scheme: &str, origin: &str| {
            format!("{ui}[load_balancer]\n{scheme}\n[cdn]\n{origin}\n")
        };
        let (internal, public) = ("scheme = 'internal'", "scheme = 'internet-facing'");
        let (vpc, internet) = ("origin = 'vpc'", "origin = 'internet'");
        for (scheme, origin, is_private) in [
            ("", vpc, true),
            (internal, vpc, true),
            ("", internet, false),
            (public, internet, false),
        ] {
            let spec = read(3, G5, &with(scheme, origin)).unwrap();
            let is_internal = spec.balancer_scheme() == Scheme::Internal;
            assert_eq!(
                (spec.has_vpc_origin(), is_internal),
                (is_private, is_private)
            );
            assert_eq!(spec.has_origin_secret(), !is_private);
        }
        for (scheme, origin, wanted) in [
            (public, vpc, "the load balancer is internal: leave it out"),
            (
                internal,
                internet,
                "set cdn.origin = \"vpc\", or leave it out",
            ),
        ] {
            let error = error(3, G5, &with(scheme, origin));
            assert!(
                error.contains("load_balancer.scheme: ") && error.contains(wanted),
                "{error}"
            );
        }
        // Below tier 3 there is no CDN whose origin it could be.
        let spec = read(2, G5, &with(public, vpc)).unwrap();
        assert!(!spec.has_vpc_origin() && !spec.has_origin_secret());
    }

    #[test]
    fn certificate_is_of_balancer_region() {
        let spec = |region: &str| {
            crate::spec::DeploymentSpec::from_toml(&format!(
                "name = 'llm'\nregion = '{region}'\ntier = 2\ncompute.{G5}\n{}[load_balancer]\ncertificate_arn = '{ELSEWHERE}'",
                service("ui", 80, "")
            ))
        };
        assert!(spec("eu-west-1").is_ok());
        let error = spec("us-east-1").unwrap_err().to_string();
        assert!(
            error.contains("is in eu-west-1, and the load balancer in us-east-1"),
            "{error}"
        );
    }
}
