//! The simulated part of the shapes of a DistributionConfig and a VpcOriginEndpointConfig, with the defaults of the CloudFront model.

use super::shape::{Absent, Member, Shape};

const fn required(name: &'static str, shape: &'static Shape) -> Member {
    Member {
        name,
        shape,
        absent: Absent::Refused,
    }
}

const fn optional(name: &'static str, shape: &'static Shape) -> Member {
    Member {
        name,
        shape,
        absent: Absent::Left,
    }
}

const fn filled(name: &'static str, shape: &'static Shape, text: &'static str) -> Member {
    Member {
        name,
        shape,
        absent: Absent::Filled(text),
    }
}

const fn list(item: &'static str, of: &'static Shape) -> Shape {
    Shape::List {
        item,
        of,
        beside: &[],
    }
}

/// Lists the members of a cache behavior, after those that only some behaviors have.
macro_rules! cache_behavior {
    ($($own:expr,)*) => {
        &[
            $($own,)*
            required("TargetOriginId", &TEXT),
            filled("TrustedSigners", &TRUSTED, ""),
            filled("TrustedKeyGroups", &TRUSTED, ""),
            required("ViewerProtocolPolicy", &VIEWER_PROTOCOL_POLICY),
            filled("AllowedMethods", &ALLOWED_METHODS, "HEAD GET"),
            filled("SmoothStreaming", &Shape::Flag, "false"),
            filled("Compress", &Shape::Flag, "false"),
            filled(
                "LambdaFunctionAssociations",
                &list("no association", &TEXT),
                "",
            ),
            filled("FunctionAssociations", &list("no association", &TEXT), ""),
            filled("FieldLevelEncryptionId", &Shape::Only(""), ""),
            // One of two is required: a cache policy, or, in the older way, forwarded values with their times.
            optional("CachePolicyId", &TEXT),
            optional("ForwardedValues", &FORWARDED_VALUES),
            optional("MinTTL", &SECONDS),
            optional("DefaultTTL", &SECONDS),
            optional("MaxTTL", &SECONDS),
            optional("OriginRequestPolicyId", &TEXT),
            optional("ResponseHeadersPolicyId", &TEXT),
            filled("GrpcConfig", &GRPC, ""),
        ]
    };
}

const TEXT: Shape = Shape::Text { longest: 4096 };

/// The document of CreateDistribution and UpdateDistribution.
pub(super) const DISTRIBUTION_CONFIG: Shape = Shape::Structure(&[
    required("CallerReference", &TEXT),
    filled("Aliases", &list("CNAME", &Shape::Text { longest: 253 }), ""),
    filled("DefaultRootObject", &TEXT, ""),
    required("Origins", &list("Origin", &ORIGIN)),
    filled("OriginGroups", &list("no OriginGroup", &TEXT), ""),
    required("DefaultCacheBehavior", &DEFAULT_CACHE_BEHAVIOR),
    filled(
        "CacheBehaviors",
        &list("CacheBehavior", &CACHE_BEHAVIOR),
        "",
    ),
    filled(
        "CustomErrorResponses",
        &list("CustomErrorResponse", &ERROR_RESPONSE),
        "",
    ),
    required("Comment", &Shape::Text { longest: 128 }),
    filled("Logging", &LOGGING, ""),
    filled(
        "PriceClass",
        &Shape::OneOf(&["PriceClass_100", "PriceClass_200", "PriceClass_All"]),
        "PriceClass_All",
    ),
    required("Enabled", &Shape::Flag),
    filled("ViewerCertificate", &VIEWER_CERTIFICATE, ""),
    filled("Restrictions", &RESTRICTIONS, ""),
    filled("WebACLId", &TEXT, ""),
    filled(
        "HttpVersion",
        &Shape::OneOf(&["http1.1", "http2", "http3", "http2and3"]),
        "http2",
    ),
    filled("IsIPV6Enabled", &Shape::Flag, "false"),
    filled("ContinuousDeploymentPolicyId", &Shape::Only(""), ""),
    filled("Staging", &Shape::Only("false"), "false"),
]);

const ORIGIN: Shape = Shape::Structure(&[
    required("Id", &Shape::Text { longest: 128 }),
    required("DomainName", &Shape::Text { longest: 253 }),
    filled("OriginPath", &TEXT, ""),
    filled(
        "CustomHeaders",
        &list("OriginCustomHeader", &ORIGIN_CUSTOM_HEADER),
        "",
    ),
    // One of two is required.
    optional("CustomOriginConfig", &CUSTOM_ORIGIN_CONFIG),
    optional("VpcOriginConfig", &VPC_ORIGIN_CONFIG),
    filled(
        "ConnectionAttempts",
        &Shape::Number { low: 1, high: 3 },
        "3",
    ),
    filled(
        "ConnectionTimeout",
        &Shape::Number { low: 1, high: 10 },
        "10",
    ),
    optional(
        "ResponseCompletionTimeout",
        &Shape::Number { low: 1, high: 3600 },
    ),
    filled("OriginShield", &ORIGIN_SHIELD, ""),
    filled("OriginAccessControlId", &Shape::Only(""), ""),
]);

const ORIGIN_CUSTOM_HEADER: Shape = Shape::Structure(&[
    required("HeaderName", &TEXT),
    required("HeaderValue", &TEXT),
]);

const CUSTOM_ORIGIN_CONFIG: Shape = Shape::Structure(&[
    required("HTTPPort", &Shape::Port),
    required("HTTPSPort", &Shape::Port),
    required(
        "OriginProtocolPolicy",
        &Shape::OneOf(&["http-only", "match-viewer", "https-only"]),
    ),
    filled(
        "OriginSslProtocols",
        &list("SslProtocol", &SSL_PROTOCOL),
        "SSLv3 TLSv1",
    ),
    filled(
        "OriginReadTimeout",
        &Shape::Number { low: 1, high: 120 },
        "30",
    ),
    filled(
        "OriginKeepaliveTimeout",
        &Shape::Number { low: 1, high: 120 },
        "5",
    ),
    filled(
        "IpAddressType",
        &Shape::OneOf(&["ipv4", "ipv6", "dualstack"]),
        "ipv4",
    ),
]);

const VPC_ORIGIN_CONFIG: Shape = Shape::Structure(&[
    required("VpcOriginId", &TEXT),
    optional("OwnerAccountId", &TEXT),
    filled(
        "OriginReadTimeout",
        &Shape::Number { low: 1, high: 120 },
        "30",
    ),
    filled(
        "OriginKeepaliveTimeout",
        &Shape::Number { low: 1, high: 120 },
        "5",
    ),
]);

/// The document of CreateVpcOrigin, without its tags.
pub(super) const VPC_ORIGIN_ENDPOINT_CONFIG: Shape = Shape::Structure(&[
    required("Name", &TEXT),
    required("Arn", &TEXT),
    required("HTTPPort", &Shape::Port),
    required("HTTPSPort", &Shape::Port),
    required(
        "OriginProtocolPolicy",
        &Shape::OneOf(&["http-only", "match-viewer", "https-only"]),
    ),
    optional("OriginSslProtocols", &list("SslProtocol", &SSL_PROTOCOL)),
    filled(
        "IpAddressType",
        &Shape::OneOf(&["ipv4", "dualstack"]),
        "ipv4",
    ),
]);

const SSL_PROTOCOL: Shape = Shape::OneOf(&["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"]);

const ORIGIN_SHIELD: Shape = Shape::Structure(&[
    filled("Enabled", &Shape::Flag, "false"),
    optional("OriginShieldRegion", &Shape::Text { longest: 32 }),
]);

const DEFAULT_CACHE_BEHAVIOR: Shape = Shape::Structure(cache_behavior!());

const CACHE_BEHAVIOR: Shape = Shape::Structure(cache_behavior!(required(
    "PathPattern",
    &Shape::Text { longest: 255 }
),));

const FORWARDED_VALUES: Shape = Shape::Structure(&[
    required("QueryString", &Shape::Flag),
    required("Cookies", &COOKIES),
    filled("Headers", &list("Name", &TEXT), ""),
    filled("QueryStringCacheKeys", &list("Name", &TEXT), ""),
]);

const COOKIES: Shape = Shape::Structure(&[
    required("Forward", &Shape::OneOf(&["none", "whitelist", "all"])),
    optional("WhitelistedNames", &list("Name", &TEXT)),
]);

const SECONDS: Shape = Shape::Number {
    low: 0,
    high: u32::MAX,
};

const VIEWER_PROTOCOL_POLICY: Shape =
    Shape::OneOf(&["allow-all", "https-only", "redirect-to-https"]);

const TRUSTED: Shape = Shape::List {
    item: "no signer",
    of: &TEXT,
    beside: &[filled("Enabled", &Shape::Only("false"), "false")],
};

const METHOD: Shape = Shape::OneOf(&["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]);

const ALLOWED_METHODS: Shape = Shape::List {
    item: "Method",
    of: &METHOD,
    beside: &[filled(
        "CachedMethods",
        &list("Method", &METHOD),
        "HEAD GET",
    )],
};

const GRPC: Shape = Shape::Structure(&[filled("Enabled", &Shape::Flag, "false")]);

const ERROR_RESPONSE: Shape = Shape::Structure(&[
    required(
        "ErrorCode",
        &Shape::Number {
            low: 400,
            high: 599,
        },
    ),
    filled("ResponsePagePath", &TEXT, ""),
    filled("ResponseCode", &TEXT, ""),
    optional(
        "ErrorCachingMinTTL",
        &Shape::Number {
            low: 0,
            high: 31_536_000,
        },
    ),
]);

const LOGGING: Shape = Shape::Structure(&[
    filled("Enabled", &Shape::Flag, "false"),
    filled("IncludeCookies", &Shape::Flag, "false"),
    filled("Bucket", &TEXT, ""),
    filled("Prefix", &TEXT, ""),
]);

/// The members that may be sent. [`super::certificate`] completes them.
const VIEWER_CERTIFICATE: Shape = Shape::Structure(&[
    optional("CloudFrontDefaultCertificate", &Shape::Flag),
    optional("ACMCertificateArn", &TEXT),
    optional(
        "SSLSupportMethod",
        &Shape::OneOf(&["vip", "sni-only", "static-ip"]),
    ),
    optional(
        "MinimumProtocolVersion",
        &Shape::OneOf(&[
            "SSLv3",
            "TLSv1",
            "TLSv1_2016",
            "TLSv1.1_2016",
            "TLSv1.2_2018",
            "TLSv1.2_2019",
            "TLSv1.2_2021",
            "TLSv1.2_2025",
            "TLSv1.3_2025",
        ]),
    ),
    // Older names for the content of the other members.
    optional("Certificate", &TEXT),
    optional(
        "CertificateSource",
        &Shape::OneOf(&["cloudfront", "iam", "acm"]),
    ),
]);

const RESTRICTIONS: Shape = Shape::Structure(&[filled("GeoRestriction", &GEO_RESTRICTION, "")]);

const GEO_RESTRICTION: Shape = Shape::List {
    item: "Location",
    of: &Shape::Text { longest: 2 },
    beside: &[filled(
        "RestrictionType",
        &Shape::OneOf(&["none", "whitelist", "blacklist"]),
        "none",
    )],
};
