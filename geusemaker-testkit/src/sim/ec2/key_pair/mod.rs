//! Key pairs. Their keys have the form of real ones, but they open nothing.

mod public_key;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::public_key::{KeyType, PublicKey};
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use super::validation::{invalid, one_of};
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyPair {
    pub(crate) id: String,
    name: String,
    /// Either `rsa` or `ed25519`.
    key_type: String,
    fingerprint: String,
    created_at: Timestamp,
    /// In OpenSSH's form; `None` in pairs of older snapshots.
    #[serde(default)]
    public_key: Option<String>,
}

impl Described for KeyPair {
    const IDS: Option<&'static str> = Some("KeyName");
    const NAMES: Option<&'static str> = Some("KeyPairId");
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

    fn is_called(&self, _ec2: &Ec2, id: &str) -> bool {
        self.id == id
    }

    fn unknown_name(_ec2: &Ec2, id: &str) -> ServiceError {
        ResourceKind::KeyPair.unknown(id)
    }
}

/// Returns AWS's answer to the name of an unknown key pair.
pub(crate) fn unknown(name: &str) -> ServiceError {
    let message = format!("The key pair '{name}' does not exist");
    ServiceError::new(Code::InvalidKeyPairNotFound, message)
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let with_public_key = params.parsed("IncludePublicKey")? == Some(true);
    let selection = Selection::read(params, "DescribeKeyPairs")?;
    let page = selection.choose(ec2, context.now, ec2.key_pairs.values())?;
    Ok(page.reply("keySet", |pair: &KeyPair| {
        let public_key = pair.public_key.as_ref().filter(|_| with_public_key);
        Element::new("item")
            .with("keyPairId", &pair.id)
            .with("keyName", &pair.name)
            .with("keyType", &pair.key_type)
            .with("keyFingerprint", &pair.fingerprint)
            .with("createTime", format_args!("{:.3}", pair.created_at))
            .with_some("publicKey", public_key)
            .child(ec2.tags.element(&pair.id))
    }))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = params.required("KeyName")?;
    let key_type = match one_of(params, "KeyType", &["rsa", "ed25519"])?.as_deref() {
        Some("ed25519") => KeyType::Ed25519,
        _ => KeyType::Rsa,
    };
    let is_ppk = one_of(params, "KeyFormat", &["pem", "ppk"])?.is_some_and(|it| it == "ppk");
    let tags = TagSpecifications::read(params, &[ResourceKind::KeyPair])?;
    params.refuse_unread("CreateKeyPair")?;
    ec2.refuse_key_name(context, &name)?;
    let public_key = PublicKey::draw(context.rng, key_type);
    let material = private_key(key_type, is_ppk, &name);
    let pair = KeyPair {
        id: ResourceKind::KeyPair.new_id(context.rng),
        key_type: key_type.name().to_owned(),
        fingerprint: public_key.fingerprint_of_created(),
        created_at: context.now,
        public_key: Some(public_key.text(&name)),
        name,
    };
    Ok(ec2.keep(pair, &tags, Some(material)))
}

pub(crate) fn import(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = params.required("KeyName")?;
    let material = params.required("PublicKeyMaterial")?;
    let tags = TagSpecifications::read(params, &[ResourceKind::KeyPair])?;
    params.refuse_unread("ImportKeyPair")?;
    ec2.refuse_key_name(context, &name)?;
    let public_key = PublicKey::read(&material)?;
    let pair = KeyPair {
        id: ResourceKind::KeyPair.new_id(context.rng),
        key_type: public_key.key_type().name().to_owned(),
        fingerprint: public_key.fingerprint_of_imported(),
        created_at: context.now,
        public_key: Some(public_key.text(&name)),
        name,
    };
    Ok(ec2.keep(pair, &tags, None))
}

pub(crate) fn delete(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = params.optional("KeyName");
    let id = params.optional("KeyPairId");
    params.refuse_unread("DeleteKeyPair")?;
    if name.is_none() && id.is_none() {
        let message = "The request must contain the parameter KeyName or KeyPairId";
        return Err(ServiceError::new(Code::MissingParameter, message));
    }
    let wanted =
        |pair: &&KeyPair| Some(&pair.name) == name.as_ref() || Some(&pair.id) == id.as_ref();
    let deleted = ec2.key_pairs.values().find(wanted).cloned();
    if let Some(pair) = &deleted {
        ec2.key_pairs.remove(&pair.name);
        ec2.tags.remove(&pair.id);
    }
    // EC2 reference: deleting a key pair that does not exist succeeds.
    let reply = Element::new("reply")
        .with("return", true)
        .with_some("keyPairId", deleted.map(|pair| pair.id));
    Ok(Reply::xml(reply))
}

impl Ec2 {
    /// Refuses a wrong name. EC2 reference: a name is new, and has up to 255 ASCII characters.
    fn refuse_key_name(
        &self,
        context: &RequestContext<'_>,
        name: &str,
    ) -> Result<(), ServiceError> {
        if name.is_empty() || name.len() > 255 || !name.is_ascii() {
            return Err(invalid(&format!(
                "Value ({name}) for parameter KeyName is invalid. Length exceeds maximum of 255."
            )));
        }
        if self.key_pairs.contains_key(name) {
            let message = format!("The key pair '{name}' already exists.");
            return Err(ServiceError::new(Code::InvalidKeyPairDuplicate, message));
        }
        context
            .quotas
            .admit(Quota::KeyPairs, self.key_pairs.len() + 1)
    }

    fn keep(&mut self, pair: KeyPair, tags: &TagSpecifications, material: Option<String>) -> Reply {
        self.tags.attach(&pair.id, tags.of(ResourceKind::KeyPair));
        let reply = Element::new("reply")
            .with("keyPairId", &pair.id)
            .with("keyName", &pair.name)
            .with("keyFingerprint", &pair.fingerprint)
            .with_some("keyMaterial", material)
            .child(self.tags.element(&pair.id));
        self.key_pairs.insert(pair.name.clone(), pair);
        Reply::xml(reply)
    }
}

/// Returns a file in the form of a private key, with a sentence in place of the key.
fn private_key(key_type: KeyType, is_ppk: bool, name: &str) -> String {
    let sentence = STANDARD.encode("A simulated key pair has no private key.");
    let kind = match key_type {
        KeyType::Rsa => "RSA",
        KeyType::Ed25519 => "OPENSSH",
    };
    if is_ppk {
        let algorithm = key_type.algorithm();
        return format!(
            "PuTTY-User-Key-File-2: {algorithm}\r\nEncryption: none\r\nComment: {name}\r\nPrivate-Lines: 1\r\n{sentence}\r\n"
        );
    }
    let label = format!("{kind} PRIVATE KEY");
    format!("-----BEGIN {label}-----\n{sentence}\n-----END {label}-----")
}
