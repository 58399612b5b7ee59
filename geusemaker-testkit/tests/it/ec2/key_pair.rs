//! Key pairs.

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::KeyType;

use super::{code, filter, instant};

/// Deleting a key pair that does not exist succeeds.
#[tokio::test(start_paused = true)]
async fn key_pair_name_is_unique() {
    let (aws, client) = instant();
    let create = client.create_key_pair().key_name("admin");
    let pair = create.clone().send().await.unwrap();
    assert!(pair.key_pair_id().unwrap().starts_with("key-"));
    let material = pair.key_material().unwrap();
    assert!(material.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert_eq!(pair.key_fingerprint().unwrap().len(), 59);
    assert_eq!(code(create.send().await), "InvalidKeyPair.Duplicate");
    let found = client.describe_key_pairs().key_names("admin").send().await;
    assert_eq!(found.unwrap().key_pairs().len(), 1);
    for _ in 0..2 {
        client
            .delete_key_pair()
            .key_name("admin")
            .send()
            .await
            .unwrap();
    }
    let missing = client.describe_key_pairs().key_names("admin").send();
    assert_eq!(code(missing.await), "InvalidKeyPair.NotFound");
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn public_key_can_be_shown_and_imported() {
    let (aws, client) = instant();
    let created = client
        .create_key_pair()
        .key_name("made")
        .key_type(KeyType::Ed25519)
        .send()
        .await
        .unwrap();
    let describe = client
        .describe_key_pairs()
        .key_pair_ids(created.key_pair_id().unwrap());
    let plain = describe.clone().send().await.unwrap();
    assert_eq!(plain.key_pairs()[0].public_key(), None);
    let shown = describe.include_public_key(true).send().await.unwrap();
    let public_key = shown.key_pairs()[0].public_key().unwrap();
    assert!(public_key.starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"));
    let imported = client
        .import_key_pair()
        .key_name("imported")
        .public_key_material(Blob::new(public_key))
        .send()
        .await
        .unwrap();
    assert_eq!(imported.key_fingerprint(), created.key_fingerprint());
    let found = client
        .describe_key_pairs()
        .filters(filter("fingerprint", created.key_fingerprint().unwrap()))
        .send()
        .await
        .unwrap();
    assert_eq!(found.key_pairs().len(), 2);
    for pair in found.key_pairs() {
        assert_eq!(pair.key_type(), Some(&KeyType::Ed25519));
        client
            .delete_key_pair()
            .key_pair_id(pair.key_pair_id().unwrap())
            .send()
            .await
            .unwrap();
    }
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn invalid_public_key_is_not_imported() {
    let (_, client) = instant();
    let imported = client
        .import_key_pair()
        .key_name("imported")
        .public_key_material(Blob::new("no key"))
        .send()
        .await;
    assert_eq!(code(imported), "InvalidKey.Format");
}
