//! Cache behaviors: the origin that each request goes to, and its settings.

use super::Code;
use super::policy::Kind;
use super::shape::invalid_argument;
use crate::wire::ServiceError;
use crate::wire::xml::Element;

/// Checks a behavior against the ids of the origins, and fills in the values that AWS fills in.
pub(super) fn complete(behavior: &Element, origins: &[&str]) -> Result<Element, ServiceError> {
    let target = behavior.text_at(&["TargetOriginId"]).unwrap_or_default();
    if !origins.contains(&target) {
        let message = "One or more of your origins or origin groups do not exist.";
        return Err(ServiceError::new(Code::NoSuchOrigin, message));
    }
    let mut complete = with_methods(behavior)?;
    match (
        behavior.find("CachePolicyId"),
        behavior.find("ForwardedValues"),
    ) {
        (Some(_), _) => {
            // A cache policy takes the place of the older settings.
            for name in ["ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"] {
                if behavior.find(name).is_some() {
                    return Err(invalid_argument(format!(
                        "The parameter {name} cannot be used when a cache policy is associated to the cache behavior."
                    )));
                }
            }
        }
        (None, Some(_)) if behavior.find("OriginRequestPolicyId").is_some() => {
            return Err(invalid_argument(
                "The parameter OriginRequestPolicyId needs a cache policy beside it.",
            ));
        }
        (None, Some(_)) => set_times_to_live(&mut complete)?,
        (None, None) => {
            return Err(invalid_argument(
                "The parameter CachePolicyId or ForwardedValues is required.",
            ));
        }
    }
    for kind in Kind::ALL {
        if let Some(id) = behavior.find(kind.member()) {
            kind.find(id.text())?;
        }
    }
    Ok(complete)
}

/// Sets the older settings to the defaults of the CloudFront model.
fn set_times_to_live(behavior: &mut Element) -> Result<(), ServiceError> {
    let mut times = Vec::new();
    for (name, default) in [
        ("MinTTL", None),
        ("DefaultTTL", Some(86_400)),
        ("MaxTTL", Some(31_536_000)),
    ] {
        let given = behavior.text_at(&[name]).and_then(|text| text.parse().ok());
        let seconds: u32 = given.or(default).ok_or_else(|| {
            invalid_argument(format!(
                "The parameter {name} is required with ForwardedValues."
            ))
        })?;
        times.push(seconds);
        behavior.set(Element::leaf(name, seconds));
    }
    if !times.is_sorted() {
        return Err(ServiceError::new(
            Code::InvalidTTLOrder,
            "The order of the time to live settings must be minimum, default, maximum.",
        ));
    }
    Ok(())
}

/// Adds the lists of methods. By default CloudFront allows and caches GET and HEAD. It accepts three sets of methods.
fn with_methods(behavior: &Element) -> Result<Element, ServiceError> {
    let standard = |name: &str| {
        let items = ["HEAD", "GET"].map(|method| Element::leaf("Method", method));
        Element::new(name)
            .with("Quantity", 2)
            .child(Element::new("Items").children(items))
    };
    let mut behavior = behavior.clone();
    let mut allowed = match behavior.find("AllowedMethods") {
        Some(allowed) if !methods(allowed).is_empty() => allowed.clone(),
        Some(_) | None => standard("AllowedMethods"),
    };
    if allowed
        .find("CachedMethods")
        .is_none_or(|cached| methods(cached).is_empty())
    {
        allowed.set(standard("CachedMethods"));
    }
    let known: [&[&str]; 3] = [
        &["GET", "HEAD"],
        &["GET", "HEAD", "OPTIONS"],
        &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
    ];
    if !known.contains(&methods(&allowed).as_slice()) {
        return Err(invalid_argument(
            "The parameter AllowedMethods must be GET and HEAD, or these and OPTIONS, or all methods.",
        ));
    }
    let cached = allowed.find("CachedMethods").map(methods);
    let cached = cached.unwrap_or_default();
    let is_allowed = cached
        .iter()
        .all(|method| methods(&allowed).contains(method));
    if !known[..2].contains(&cached.as_slice()) || !is_allowed {
        return Err(invalid_argument(
            "The parameter CachedMethods must be GET and HEAD, or these and OPTIONS, of the allowed methods.",
        ));
    }
    behavior.set(allowed);
    Ok(behavior)
}

/// Returns the methods of a list, sorted.
fn methods(list: &Element) -> Vec<&str> {
    let items = list.find("Items").map_or(&[][..], Element::elements);
    let mut methods: Vec<&str> = items.iter().map(Element::text).collect();
    methods.sort_unstable();
    methods
}
