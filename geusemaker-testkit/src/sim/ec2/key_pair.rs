//! Key pairs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ec2;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use crate::sim::moment::Moment;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyPair {
    pub(crate) id: String,
    name: String,
    /// `rsa` or `ed25519`
    key_type: String,
    fingerprint: String,
    created_at: Timestamp,
}

impl Described for KeyPair {
    const IDS: Option<&'static str> = Some("KeyName");
    const FIELDS: &'static [Field<Self>] = &[
        ("key-name", |_, _, pair| vec![pair.name.clone()]),
        ("key-pair-id", |_, _, pair| vec![pair.id.clone()]),
        ("fingerprint", |_, _, pair| vec![pair.fingerprint.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.name
    }

    fn tagged_id(&self) -> &str {
        &self.id
    }

    fn unknown(name: &str) -> ServiceError {
        unknown(name)
    }
}

/// What AWS answers to a key pair's name that it does not know.
pub(crate) fn unknown(name: &str) -> ServiceError {
    let message = format!("The key pair '{name}' does not exist");
    ServiceError::new("InvalidKeyPair.NotFound", message)
}

pub(crate) fn describe(
    ec2: &Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeKeyPairs")?;
    let page = selection.choose(ec2, moment.now, ec2.key_pairs.values())?;
    Ok(page.reply("keySet", |pair| {
        Element::new("item")
            .with("keyPairId", &pair.id)
            .with("keyName", &pair.name)
            .with("keyType", &pair.key_type)
            .with("keyFingerprint", &pair.fingerprint)
            .with("createTime", format_args!("{:.3}", pair.created_at))
            .child(ec2.tags.element(&pair.id))
    }))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    moment: &mut Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = params.required("KeyName")?;
    let key_type = params
        .optional("KeyType")
        .unwrap_or_else(|| "rsa".to_owned());
    // The material is no real key, so its format makes no difference.
    params.accept("KeyFormat");
    let tags = TagSpecifications::read(params, &[ResourceKind::KeyPair])?;
    params.refuse_unread("CreateKeyPair")?;
    if !["rsa", "ed25519"].contains(&key_type.as_str()) {
        let message = format!("Value ({key_type}) for parameter KeyType is invalid.");
        return Err(ServiceError::new("InvalidParameterValue", message));
    }
    if ec2.key_pairs.contains_key(&name) {
        let message = format!("The key pair '{name}' already exists.");
        return Err(ServiceError::new("InvalidKeyPair.Duplicate", message));
    }
    moment
        .quotas
        .admit(Quota::KeyPairs, ec2.key_pairs.len() + 1)?;
    let digits = moment.dice.hex(40);
    let pairs: Vec<&str> = (0..digits.len())
        .step_by(2)
        .map(|at| &digits[at..at + 2])
        .collect();
    let pair = KeyPair {
        id: ResourceKind::KeyPair.new_id(moment.dice),
        name: name.clone(),
        key_type,
        fingerprint: pairs.join(":"),
        created_at: moment.now,
    };
    ec2.tags.attach(&pair.id, tags.of(ResourceKind::KeyPair));
    let reply = Element::new("reply")
        .with("keyPairId", &pair.id)
        .with("keyName", &pair.name)
        .with("keyFingerprint", &pair.fingerprint)
        .with("keyMaterial", "(a simulated key pair has no private key)")
        .child(ec2.tags.element(&pair.id));
    ec2.key_pairs.insert(name, pair);
    Ok(Reply::xml(reply))
}

pub(crate) fn delete(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = params.optional("KeyName");
    let id = params.optional("KeyPairId");
    params.refuse_unread("DeleteKeyPair")?;
    let wanted =
        |pair: &&KeyPair| Some(&pair.name) == name.as_ref() || Some(&pair.id) == id.as_ref();
    let deleted = ec2.key_pairs.values().find(wanted).cloned();
    if let Some(pair) = &deleted {
        ec2.key_pairs.remove(&pair.name);
        ec2.tags.remove(&pair.id);
    }
    // EC2 reference: deleting a key pair that is not there succeeds.
    let reply = Element::new("reply")
        .with("return", true)
        .with_some("keyPairId", deleted.map(|pair| pair.id));
    Ok(Reply::xml(reply))
}
