//! Records of the domain name system: those that validate certificates, and those that lead from names to the stack.

use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use aws_smithy_types::error::operation::BuildError;
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{AwsId, HostedZoneId};

/// The time for which the world may remember a record, in seconds.
const TIME_TO_LIVE: i64 = 300;

/// The hosted zone of all distributions.
///
/// Source: Amazon Route 53 API Reference, AliasTarget, HostedZoneId.
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// The type of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RecordType {
    A,
    Aaaa,
    Cname,
}

impl RecordType {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        }
    }

    fn sdk(self) -> RrType {
        match self {
            Self::A => RrType::A,
            Self::Aaaa => RrType::Aaaa,
            Self::Cname => RrType::Cname,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let all = [Self::A, Self::Aaaa, Self::Cname];
        all.into_iter().find(|it| it.as_str() == text)
    }
}

/// A record, which is its own lookup: AWS gives records neither ids nor tags, and the target is the deployment's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DnsRecord {
    pub(crate) zone: HostedZoneId,
    /// The name, without a dot at its end.
    pub(crate) name: String,
    pub(crate) record_type: RecordType,
    /// The name that the record leads to, without a dot at its end.
    pub(crate) target: String,
    /// The hosted zone of the target, if the record is an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target_zone: Option<HostedZoneId>,
}

/// The lookup is the record itself.
pub(crate) type Lookup = DnsRecord;

impl DnsRecord {
    /// Returns the record that validates a name of a certificate.
    pub(crate) fn validation(zone: &HostedZoneId, name: &str, value: &str) -> Self {
        Self {
            zone: zone.clone(),
            name: name.to_owned(),
            record_type: RecordType::Cname,
            target: value.to_owned(),
            target_zone: None,
        }
    }

    /// Returns the record that leads from a name to a load balancer.
    pub(crate) fn to_load_balancer(
        zone: &HostedZoneId,
        name: impl ToString,
        (dns_name, target_zone): (&str, &HostedZoneId),
    ) -> Self {
        Self {
            zone: zone.clone(),
            name: name.to_string(),
            record_type: RecordType::A,
            target: dns_name.to_ascii_lowercase(),
            target_zone: Some(target_zone.clone()),
        }
    }

    /// Returns the record that leads from a name to a distribution.
    pub(crate) fn to_distribution(
        zone: &HostedZoneId,
        name: impl ToString,
        record_type: RecordType,
        domain: &str,
    ) -> Self {
        Self {
            zone: zone.clone(),
            name: name.to_string(),
            record_type,
            target: domain.to_ascii_lowercase(),
            target_zone: Some(HostedZoneId::from_aws(CLOUDFRONT_ZONE)),
        }
    }

    fn id(&self) -> DnsRecordId {
        let Self {
            zone,
            name,
            record_type,
            target,
            target_zone,
        } = self;
        let record_type = record_type.as_str();
        let zone_of_target = target_zone.iter().map(|zone| format!(" {zone}"));
        let zone_of_target: String = zone_of_target.collect();
        DnsRecordId(format!(
            "{zone} {record_type} {name} {target}{zone_of_target}"
        ))
    }

    /// Returns the record with this id.
    fn of_id(id: &str) -> Option<Self> {
        let mut parts = id.split(' ');
        Some(Self {
            zone: HostedZoneId::from_aws(parts.next()?),
            record_type: RecordType::read(parts.next()?)?,
            name: parts.next()?.to_owned(),
            target: parts.next()?.to_owned(),
            target_zone: parts.next().map(HostedZoneId::from_aws),
        })
    }

    /// Returns true if this is what AWS has described.
    fn is(&self, found: &ResourceRecordSet) -> bool {
        plain(found.name()) == self.name
            && *found.r#type() == self.record_type.sdk()
            && target_of(found).as_deref() == Some(&self.target)
    }

    fn set(&self) -> Result<ResourceRecordSet, BuildError> {
        let set = ResourceRecordSet::builder()
            .name(&self.name)
            .r#type(self.record_type.sdk());
        match &self.target_zone {
            Some(zone) => {
                let target = AliasTarget::builder()
                    .dns_name(&self.target)
                    .hosted_zone_id(zone.as_str())
                    .evaluate_target_health(false)
                    .build()?;
                set.alias_target(target).build()
            }
            None => {
                let record = ResourceRecord::builder().value(&self.target).build()?;
                set.ttl(TIME_TO_LIVE).resource_records(record).build()
            }
        }
    }

    /// Returns the record as AWS has it, if it is there.
    async fn described(&self, aws: &Reader) -> Result<Option<ResourceRecordSet>, AwsError> {
        let first = first_from(aws, &self.zone, &self.name, self.record_type).await?;
        Ok(first.filter(|found| self.is(found)))
    }
}

/// The id of a record: everything that is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DnsRecordId(String);

impl AsRef<str> for DnsRecordId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl AwsId for DnsRecordId {
    fn read(id: String) -> Self {
        Self(id)
    }
}

impl Create for DnsRecord {
    type Id = DnsRecordId;
    type Lookup = Self;

    fn lookup(&self, _: &str) -> Self {
        self.clone()
    }

    /// Creates the record. AWS refuses it if the name has one of this type, whoever made it.
    async fn create(&self, aws: &Writer, _: &str) -> Result<DnsRecordId, AwsError> {
        const OPERATION: &str = "route53:ChangeResourceRecordSets";
        let set = self
            .set()
            .map_err(|missing| AwsError::incomplete(OPERATION, &missing.to_string()))?;
        change(aws, &self.zone, ChangeAction::Create, set).await?;
        Ok(self.id())
    }
}

impl Kind for Lookup {
    const NAME: &'static str = "DNS record";

    fn removal_command(id: &str, _: &str) -> String {
        let Some(record) = Self::of_id(id) else {
            return format!("aws route53 list-hosted-zones  # remove the record {id}");
        };
        let target = match &record.target_zone {
            Some(zone) => format!(
                r#""AliasTarget":{{"HostedZoneId":"{zone}","DNSName":"{}","EvaluateTargetHealth":false}}"#,
                record.target
            ),
            None => format!(
                r#""TTL":{TIME_TO_LIVE},"ResourceRecords":[{{"Value":"{}"}}]"#,
                record.target
            ),
        };
        format!(
            r#"aws route53 change-resource-record-sets --hosted-zone-id {} --change-batch '{{"Changes":[{{"Action":"DELETE","ResourceRecordSet":{{"Name":"{}","Type":"{}",{target}}}}}]}}'"#,
            record.zone,
            record.name,
            record.record_type.as_str()
        )
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let found = self.described(aws).await?;
        Ok(found.map(|_| self.id().0))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let Some(record) = Self::of_id(id) else {
            return Ok(None);
        };
        let found = record.described(aws).await?;
        Ok(found.map(|_| "active".to_owned()))
    }

    /// Deletes the record as it is now. One that somebody has led elsewhere is not the deployment's any more.
    async fn delete(aws: &Writer, reader: &Reader, id: &str) -> Result<(), AwsError> {
        let Some(record) = Self::of_id(id) else {
            return Ok(());
        };
        match record.described(reader).await? {
            Some(found) => change(aws, &record.zone, ChangeAction::Delete, found).await,
            None => Ok(()),
        }
    }
}

/// Returns the types of the records that a name has already, among those that leave no room for this one.
pub(crate) async fn taken(
    aws: &Reader,
    zone: &HostedZoneId,
    name: &str,
    wanted: &[RecordType],
) -> Result<Vec<(RecordType, String)>, AwsError> {
    let mut taken = Vec::new();
    for record_type in [RecordType::A, RecordType::Aaaa, RecordType::Cname] {
        // A CNAME stands alone.
        if record_type != RecordType::Cname && !wanted.contains(&record_type) {
            continue;
        }
        let first = first_from(aws, zone, name, record_type).await?;
        let same = first
            .filter(|found| plain(found.name()) == name && *found.r#type() == record_type.sdk());
        taken.extend(same.map(|found| (record_type, target_of(&found).unwrap_or_default())));
    }
    Ok(taken)
}

/// Returns the records of a zone that lead to one of these names.
pub(crate) async fn leading_to(
    aws: &Reader,
    zone: &HostedZoneId,
    targets: &[String],
) -> Result<Vec<(String, String)>, AwsError> {
    let mut found = Vec::new();
    let mut start: Option<(String, RrType)> = None;
    loop {
        let (name, record_type) = start.unzip();
        let reply = aws
            .route53
            .list_resource_record_sets()
            .hosted_zone_id(zone.as_str())
            .set_start_record_name(name)
            .set_start_record_type(record_type)
            .send()
            .await
            .map_err(AwsError::of("route53:ListResourceRecordSets"))?;
        for set in reply.resource_record_sets() {
            let target = target_of(set).filter(|target| targets.contains(target));
            let record_type = RecordType::read(set.r#type().as_str());
            if let (Some(target), Some(record_type)) = (target, record_type) {
                let alias = set.alias_target();
                let record = DnsRecord {
                    zone: zone.clone(),
                    name: plain(set.name()),
                    record_type,
                    target: target.clone(),
                    target_zone: alias.map(|it| HostedZoneId::from_aws(it.hosted_zone_id())),
                };
                found.push((target, record.id().0));
            }
        }
        start = match (reply.next_record_name, reply.next_record_type) {
            (Some(name), Some(record_type)) if reply.is_truncated => Some((name, record_type)),
            _ => return Ok(found),
        };
    }
}

/// Returns the first record set from this name and type on, in the order of Route 53.
async fn first_from(
    aws: &Reader,
    zone: &HostedZoneId,
    name: &str,
    record_type: RecordType,
) -> Result<Option<ResourceRecordSet>, AwsError> {
    let reply = aws
        .route53
        .list_resource_record_sets()
        .hosted_zone_id(zone.as_str())
        .start_record_name(name)
        .start_record_type(record_type.sdk())
        .max_items(1)
        .send()
        .await
        .map_err(AwsError::of("route53:ListResourceRecordSets"))?;
    Ok(reply.resource_record_sets.into_iter().next())
}

async fn change(
    aws: &Writer,
    zone: &HostedZoneId,
    action: ChangeAction,
    set: ResourceRecordSet,
) -> Result<(), AwsError> {
    const OPERATION: &str = "route53:ChangeResourceRecordSets";
    let incomplete = |missing: BuildError| AwsError::incomplete(OPERATION, &missing.to_string());
    let change = Change::builder()
        .action(action)
        .resource_record_set(set)
        .build()
        .map_err(incomplete)?;
    let batch = ChangeBatch::builder()
        .changes(change)
        .build()
        .map_err(incomplete)?;
    aws.route53
        .change_resource_record_sets()
        .hosted_zone_id(zone.as_str())
        .change_batch(batch)
        .send()
        .await
        .map_err(AwsError::of(OPERATION))?;
    Ok(())
}

/// Returns the name that a record leads to, if it leads to one.
fn target_of(found: &ResourceRecordSet) -> Option<String> {
    match found.alias_target() {
        Some(alias) => Some(plain(alias.dns_name())),
        None => match found.resource_records() {
            [only] => Some(plain(only.value())),
            _ => None,
        },
    }
}

/// Returns a name in the form in which names are compared.
pub(super) fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_read_from_its_id() {
        let zone = HostedZoneId::from_aws("Z1");
        let target = (
            "llm-alb-1.us-east-1.elb.amazonaws.com",
            &HostedZoneId::from_aws("Z2"),
        );
        for record in [
            DnsRecord::validation(&zone, "_1.llm.example.com", "_2.acm-validations.aws"),
            DnsRecord::to_load_balancer(&zone, "llm.example.com", target),
            DnsRecord::to_distribution(
                &zone,
                "llm.example.com",
                RecordType::Aaaa,
                "d1.cloudfront.net",
            ),
        ] {
            let id = record.id();
            assert_eq!(DnsRecord::of_id(id.as_ref()), Some(record));
        }
    }

    #[test]
    fn command_deletes_exact_record() {
        let zone = HostedZoneId::from_aws("Z1");
        let record = DnsRecord::to_distribution(
            &zone,
            "llm.example.com",
            RecordType::A,
            "d1.cloudfront.net",
        );
        assert_eq!(
            DnsRecord::removal_command(record.id().as_ref(), "us-east-1"),
            "aws route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch \
             '{\"Changes\":[{\"Action\":\"DELETE\",\"ResourceRecordSet\":{\"Name\":\"llm.example.com\",\"Type\":\"A\",\
             \"AliasTarget\":{\"HostedZoneId\":\"Z2FDTNDATAQYW2\",\"DNSName\":\"d1.cloudfront.net\",\
             \"EvaluateTargetHealth\":false}}}]}'"
        );
    }
}
