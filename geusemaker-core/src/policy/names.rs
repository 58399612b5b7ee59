//! The calls to Route 53 and to AWS Certificate Manager.

use super::need::Need;
use super::permission::{Permission, Scope, permissions};

pub(super) const ROUTE_53: &[Permission] = permissions! { "route53":
    ChangeResourceRecordSets Any for HostedZone;
    GetHostedZone Any for HostedZoneById;
    ListHostedZones Any for Leftovers;
    ListHostedZonesByName Any for HostedZoneByName;
    ListResourceRecordSets Any for HostedZone;
};

pub(super) const CERTIFICATE_MANAGER: &[Permission] = permissions! { "acm":
    DeleteCertificate Tagged for HostedZone;
    DescribeCertificate Any for Certificate;
    ListCertificates Any for HostedZone;
    ListTagsForCertificate Any for HostedZone;
    RequestCertificate ["acm:RequestCertificate", "acm:AddTagsToCertificate"] Any for HostedZone;
};
