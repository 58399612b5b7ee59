//! The managed policies, which are the same in every account (CloudFront docs, "Use managed cache policies", "Use
//! managed origin request policies", "Use managed response headers policies").

use crate::wire::xml::Element;

const NOTHING: Choice = Choice {
    headers: ("none", &[]),
    cookies: "none",
    query_strings: ("none", &[]),
};

const ORIGIN_HEADERS: &[&str] = &[
    "host",
    "origin",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

const CLOUDFRONT_HEADERS: &[&str] = &[
    "CloudFront-Forwarded-Proto",
    "CloudFront-Is-Android-Viewer",
    "CloudFront-Is-Desktop-Viewer",
    "CloudFront-Is-IOS-Viewer",
    "CloudFront-Is-Mobile-Viewer",
    "CloudFront-Is-SmartTV-Viewer",
    "CloudFront-Is-Tablet-Viewer",
    "CloudFront-Viewer-ASN",
    "CloudFront-Viewer-Address",
    "CloudFront-Viewer-City",
    "CloudFront-Viewer-Country",
    "CloudFront-Viewer-Country-Name",
    "CloudFront-Viewer-Country-Region",
    "CloudFront-Viewer-Country-Region-Name",
    "CloudFront-Viewer-Http-Version",
    "CloudFront-Viewer-Latitude",
    "CloudFront-Viewer-Longitude",
    "CloudFront-Viewer-Metro-Code",
    "CloudFront-Viewer-Postal-Code",
    "CloudFront-Viewer-TLS",
    "CloudFront-Viewer-Time-Zone",
];

pub(super) const CACHE: &[ManagedPolicy] = &[
    ManagedPolicy {
        id: "08627262-05a9-4f76-9ded-b50ca2e3a84f",
        name: "Managed-Elemental-MediaPackage",
        comment: "Policy for Elemental MediaPackage Origin",
        settings: Settings::Cache {
            time_to_live: [0, 86_400, 31_536_000],
            compresses: true,
            key: Choice {
                headers: ("whitelist", &["origin"]),
                query_strings: ("whitelist", &["aws.manifestfilter", "start", "end", "m"]),
                ..NOTHING
            },
        },
    },
    ManagedPolicy {
        id: "2e54312d-136d-493c-8eb9-b001f22f67d2",
        name: "Managed-Amplify",
        comment: "Policy for Amplify Origin",
        settings: Settings::Cache {
            time_to_live: [2, 2, 600],
            compresses: true,
            key: Choice {
                headers: (
                    "whitelist",
                    &["Authorization", "CloudFront-Viewer-Country", "Host"],
                ),
                cookies: "all",
                query_strings: ("all", &[]),
            },
        },
    },
    ManagedPolicy {
        id: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        name: "Managed-CachingDisabled",
        comment: "Policy with caching disabled",
        settings: Settings::Cache {
            time_to_live: [0, 0, 0],
            compresses: false,
            key: NOTHING,
        },
    },
    ManagedPolicy {
        id: "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
        name: "UseOriginCacheControlHeaders-QueryStrings",
        comment: "Policy for origins that return Cache-Control headers and serve different content based on values present in the query string.",
        settings: Settings::Cache {
            time_to_live: [0, 0, 31_536_000],
            compresses: true,
            key: Choice {
                headers: ("whitelist", ORIGIN_HEADERS),
                cookies: "all",
                query_strings: ("all", &[]),
            },
        },
    },
    ManagedPolicy {
        id: "658327ea-f89d-4fab-a63d-7e88639e58f6",
        name: "Managed-CachingOptimized",
        comment: "Policy with caching enabled. Supports Gzip and Brotli compression.",
        settings: Settings::Cache {
            time_to_live: [1, 86_400, 31_536_000],
            compresses: true,
            key: NOTHING,
        },
    },
    ManagedPolicy {
        id: "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
        name: "UseOriginCacheControlHeaders",
        comment: "Policy for origins that return Cache-Control headers. Query strings are not included in the cache key.",
        settings: Settings::Cache {
            time_to_live: [0, 0, 31_536_000],
            compresses: true,
            key: Choice {
                headers: ("whitelist", ORIGIN_HEADERS),
                cookies: "all",
                query_strings: ("none", &[]),
            },
        },
    },
    ManagedPolicy {
        id: "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
        name: "Managed-CachingOptimizedForUncompressedObjects",
        comment: "Default policy when compression is disabled",
        settings: Settings::Cache {
            time_to_live: [1, 86_400, 31_536_000],
            compresses: false,
            key: NOTHING,
        },
    },
];

pub(super) const ORIGIN_REQUEST: &[ManagedPolicy] = &[
    ManagedPolicy {
        id: "216adef6-5c7f-47e4-b989-5492eafa07d3",
        name: "Managed-AllViewer",
        comment: "Policy to forward all parameters in viewer requests",
        settings: Settings::OriginRequest(Choice {
            headers: ("allViewer", &[]),
            cookies: "all",
            query_strings: ("all", &[]),
        }),
    },
    ManagedPolicy {
        id: "33f36d7e-f396-46d9-90e0-52428a34d9dc",
        name: "Managed-AllViewerAndCloudFrontHeaders-2022-06",
        comment: "Policy to forward all parameters in viewer requests and all CloudFront headers that were released through June 2022",
        settings: Settings::OriginRequest(Choice {
            headers: ("allViewerAndWhitelistCloudFront", CLOUDFRONT_HEADERS),
            cookies: "all",
            query_strings: ("all", &[]),
        }),
    },
    ManagedPolicy {
        id: "59781a5b-3903-41f3-afcb-af62929ccde1",
        name: "Managed-CORS-CustomOrigin",
        comment: "Policy for custom origin with CORS",
        settings: Settings::OriginRequest(Choice {
            headers: ("whitelist", &["origin"]),
            ..NOTHING
        }),
    },
    ManagedPolicy {
        id: "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
        name: "Managed-CORS-S3Origin",
        comment: "Policy for S3 origin with CORS",
        settings: Settings::OriginRequest(Choice {
            headers: (
                "whitelist",
                &[
                    "origin",
                    "access-control-request-headers",
                    "access-control-request-method",
                ],
            ),
            ..NOTHING
        }),
    },
    ManagedPolicy {
        id: "acba4595-bd28-49b8-b9fe-13317c0390fa",
        name: "Managed-UserAgentRefererHeaders",
        comment: "Policy to forward user-agent and referer headers to origin",
        settings: Settings::OriginRequest(Choice {
            headers: ("whitelist", &["user-agent", "referer"]),
            ..NOTHING
        }),
    },
    ManagedPolicy {
        id: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
        name: "Managed-AllViewerExceptHostHeader",
        comment: "Policy to forward all parameters in viewer requests except for the Host header",
        settings: Settings::OriginRequest(Choice {
            headers: ("allExcept", &["host"]),
            cookies: "all",
            query_strings: ("all", &[]),
        }),
    },
    ManagedPolicy {
        id: "bf0718e1-ba1e-49d1-88b1-f726733018ae",
        name: "Managed-HostHeaderOnly",
        comment: "Policy to forward the Host header to the origin",
        settings: Settings::OriginRequest(Choice {
            headers: ("whitelist", &["host"]),
            ..NOTHING
        }),
    },
];

pub(super) const RESPONSE_HEADERS: &[ManagedPolicy] = &[
    ManagedPolicy {
        id: "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
        name: "Managed-CORS-With-Preflight",
        comment: "Allows all origins for CORS requests, including preflight requests",
        settings: Settings::ResponseHeaders {
            cross_origin: CrossOrigin::WithPreflight,
            is_secure: false,
        },
    },
    ManagedPolicy {
        id: "60669652-455b-4ae9-85a4-c4c02393f86c",
        name: "Managed-SimpleCORS",
        comment: "Allows all origins for simple CORS requests",
        settings: Settings::ResponseHeaders {
            cross_origin: CrossOrigin::Simple,
            is_secure: false,
        },
    },
    ManagedPolicy {
        id: "67f7725c-6f97-4210-82d7-5512b31e9d03",
        name: "Managed-SecurityHeadersPolicy",
        comment: "Adds a set of security headers to every response",
        settings: Settings::ResponseHeaders {
            cross_origin: CrossOrigin::No,
            is_secure: true,
        },
    },
    ManagedPolicy {
        id: "e61eb60c-9c35-4d20-a928-2b84e02af89c",
        name: "Managed-CORS-and-SecurityHeadersPolicy",
        comment: "Allows all origins for simple CORS requests and adds security headers",
        settings: Settings::ResponseHeaders {
            cross_origin: CrossOrigin::Simple,
            is_secure: true,
        },
    },
    ManagedPolicy {
        id: "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
        name: "Managed-CORS-with-preflight-and-SecurityHeadersPolicy",
        comment: "Allows all origins for CORS requests, including preflight requests, and adds security headers",
        settings: Settings::ResponseHeaders {
            cross_origin: CrossOrigin::WithPreflight,
            is_secure: true,
        },
    },
];

/// A policy managed by AWS.
pub(super) struct ManagedPolicy {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    comment: &'static str,
    settings: Settings,
}

/// The settings of a policy, by its kind.
enum Settings {
    Cache {
        /// The minimum, the default and the maximum, in seconds.
        time_to_live: [u32; 3],
        compresses: bool,
        key: Choice,
    },
    OriginRequest(Choice),
    ResponseHeaders {
        cross_origin: CrossOrigin,
        is_secure: bool,
    },
}

/// A choice of headers, cookies and query strings.
#[derive(Clone, Copy)]
struct Choice {
    headers: (&'static str, &'static [&'static str]),
    cookies: &'static str,
    query_strings: (&'static str, &'static [&'static str]),
}

enum CrossOrigin {
    No,
    Simple,
    WithPreflight,
}

impl ManagedPolicy {
    /// Returns an ETag of the usual form, which never changes.
    pub(super) fn etag(&self) -> String {
        let digits: String = self.id.chars().filter(|c| *c != '-').take(13).collect();
        format!("E{}", digits.to_uppercase())
    }

    /// Returns the configuration, in an element of that name.
    pub(super) fn config(&self, name: &str) -> Element {
        let config = Element::new(name)
            .with("Comment", self.comment)
            .with("Name", self.name);
        match &self.settings {
            Settings::Cache {
                time_to_live: [least, default, most],
                compresses,
                key,
            } => {
                let parameters = Element::new("ParametersInCacheKeyAndForwardedToOrigin")
                    .with("EnableAcceptEncodingGzip", compresses)
                    .with("EnableAcceptEncodingBrotli", compresses)
                    .children(key.elements());
                config
                    .with("DefaultTTL", default)
                    .with("MaxTTL", most)
                    .with("MinTTL", least)
                    .child(parameters)
            }
            Settings::OriginRequest(choice) => config.children(choice.elements()),
            Settings::ResponseHeaders {
                cross_origin,
                is_secure,
            } => {
                let config = match cross_origin {
                    CrossOrigin::No => config,
                    CrossOrigin::Simple => config.child(cross_origin_config(&["HEAD", "GET"])),
                    CrossOrigin::WithPreflight => {
                        let methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"];
                        let exposed = list("AccessControlExposeHeaders", "Header", &["*"]);
                        config.child(cross_origin_config(&methods).child(exposed))
                    }
                };
                if *is_secure {
                    config.child(security_config())
                } else {
                    config
                }
            }
        }
    }
}

impl Choice {
    fn elements(self) -> [Element; 3] {
        let named = |what: &str, (behavior, names): (&str, &[&str]), plural: &str| {
            let config =
                Element::new(format!("{plural}Config")).with(&format!("{what}Behavior"), behavior);
            if names.is_empty() {
                config
            } else {
                config.child(list(plural, "Name", names))
            }
        };
        [
            named("Header", self.headers, "Headers"),
            named("Cookie", (self.cookies, &[]), "Cookies"),
            named("QueryString", self.query_strings, "QueryStrings"),
        ]
    }
}

fn cross_origin_config(methods: &[&str]) -> Element {
    Element::new("CorsConfig")
        .child(list("AccessControlAllowOrigins", "Origin", &["*"]))
        .child(list("AccessControlAllowHeaders", "Header", &["*"]))
        .child(list("AccessControlAllowMethods", "Method", methods))
        .with("AccessControlAllowCredentials", false)
        .with("OriginOverride", false)
}

fn security_config() -> Element {
    let header = |name: &str, overrides: bool| Element::new(name).with("Override", overrides);
    Element::new("SecurityHeadersConfig")
        .child(
            header("XSSProtection", false)
                .with("Protection", true)
                .with("ModeBlock", true),
        )
        .child(header("FrameOptions", false).with("FrameOption", "SAMEORIGIN"))
        .child(
            header("ReferrerPolicy", false)
                .with("ReferrerPolicy", "strict-origin-when-cross-origin"),
        )
        .child(header("ContentTypeOptions", true))
        .child(header("StrictTransportSecurity", false).with("AccessControlMaxAgeSec", 31_536_000))
}

fn list(name: &str, item: &str, values: &[&str]) -> Element {
    let items = values.iter().map(|value| Element::leaf(item, value));
    Element::new(name)
        .with("Quantity", values.len())
        .child(Element::new("Items").children(items))
}
