//! Response headers policies: headers for cross-origin requests and for security.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::sim::cloudfront::at_edges::items;
use crate::wire::xml::Element;

/// The headers that answer cross-origin requests.
const CROSS_ORIGIN: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// A response headers policy.
#[derive(Clone, Debug, Default)]
pub(super) struct ResponseHeaders {
    cross_origin: Option<CrossOrigin>,
    security: Vec<Set>,
}

#[derive(Clone, Debug)]
struct CrossOrigin {
    origins: Vec<String>,
    methods: HeaderValue,
    headers: HeaderValue,
    exposed: Option<HeaderValue>,
    allows_credentials: bool,
    overrides: bool,
}

/// A header that the policy sets.
#[derive(Clone, Debug)]
struct Set {
    name: HeaderName,
    value: HeaderValue,
    /// True if the value takes the place of the origin's.
    overrides: bool,
}

impl ResponseHeaders {
    pub(super) fn read(policy: &Element) -> Self {
        let security = policy.find("SecurityHeadersConfig");
        Self {
            cross_origin: policy.find("CorsConfig").and_then(CrossOrigin::read),
            security: security.map(read_security).unwrap_or_default(),
        }
    }

    /// Adds the policy's headers to a response to a request with these headers.
    pub(super) fn apply(&self, method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
        if let Some(cross_origin) = &self.cross_origin {
            cross_origin.apply(method, request, response);
        }
        for set in &self.security {
            if set.overrides || !response.contains_key(&set.name) {
                response.insert(set.name.clone(), set.value.clone());
            }
        }
    }
}

impl CrossOrigin {
    fn read(config: &Element) -> Option<Self> {
        let list = |name: &str| -> Vec<&str> { items(config, name).map(Element::text).collect() };
        let joined = |name: &str| HeaderValue::from_str(&list(name).join(", ")).ok();
        let is_on = |name: &str| config.text_at(&[name]) == Some("true");
        Some(Self {
            origins: list("AccessControlAllowOrigins")
                .into_iter()
                .map(str::to_owned)
                .collect(),
            methods: joined("AccessControlAllowMethods")?,
            headers: joined("AccessControlAllowHeaders")?,
            exposed: joined("AccessControlExposeHeaders").filter(|value| !value.is_empty()),
            allows_credentials: is_on("AccessControlAllowCredentials"),
            overrides: is_on("OriginOverride"),
        })
    }

    /// Adds the headers if the request comes from a page of an allowed origin. Without an override, a header of the
    /// origin's own keeps all of these away.
    fn apply(&self, method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
        let Some(origin) = request.get(header::ORIGIN) else {
            return;
        };
        let has_own = CROSS_ORIGIN.iter().any(|name| response.contains_key(name));
        if has_own && !self.overrides {
            return;
        }
        for name in CROSS_ORIGIN {
            response.remove(name);
        }
        let is_open = self.origins.iter().any(|one| one == "*");
        let is_allowed = is_open || self.origins.iter().any(|one| one.as_bytes() == origin);
        if !is_allowed {
            return;
        }
        let allowed = if is_open {
            HeaderValue::from_static("*")
        } else {
            origin.clone()
        };
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.allows_credentials {
            let yes = HeaderValue::from_static("true");
            response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        let is_preflight = method == Method::OPTIONS
            && request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if is_preflight {
            response.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
            response.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
        } else if let Some(exposed) = &self.exposed {
            response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }
}

fn read_security(config: &Element) -> Vec<Set> {
    let set = |element: &str, name: HeaderName, value: &dyn Fn(&Element) -> Option<String>| {
        let element = config.find(element)?;
        Some(Set {
            name,
            value: HeaderValue::from_str(&value(element)?).ok()?,
            overrides: element.text_at(&["Override"]) == Some("true"),
        })
    };
    let text = |element: &Element, name: &str| element.text_at(&[name]).map(str::to_owned);
    let is_on = |element: &Element, name: &str| element.text_at(&[name]) == Some("true");
    let sets = [
        set("XSSProtection", header::X_XSS_PROTECTION, &|element| {
            let mode = match (is_on(element, "Protection"), is_on(element, "ModeBlock")) {
                (true, true) => "1; mode=block",
                (true, false) => "1",
                (false, _) => "0",
            };
            Some(mode.to_owned())
        }),
        set("FrameOptions", header::X_FRAME_OPTIONS, &|element| {
            text(element, "FrameOption")
        }),
        set("ReferrerPolicy", header::REFERRER_POLICY, &|element| {
            text(element, "ReferrerPolicy")
        }),
        set(
            "ContentTypeOptions",
            header::X_CONTENT_TYPE_OPTIONS,
            &|_| Some("nosniff".to_owned()),
        ),
        set(
            "StrictTransportSecurity",
            header::STRICT_TRANSPORT_SECURITY,
            &|element| {
                let age = text(element, "AccessControlMaxAgeSec")?;
                let subdomains = is_on(element, "IncludeSubdomains");
                let preload = is_on(element, "Preload");
                let mut value = format!("max-age={age}");
                if subdomains {
                    value.push_str("; includeSubDomains");
                }
                if preload {
                    value.push_str("; preload");
                }
                Some(value)
            },
        ),
    ];
    sets.into_iter().flatten().collect()
}
