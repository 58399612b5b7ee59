//! Public keys in OpenSSH's form, and their fingerprints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::sim::ec2::Code;
use crate::sim::timings::{Rng, Timings};
use crate::wire::ServiceError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyType {
    Ed25519,
    Rsa,
}

impl KeyType {
    /// Returns the key type as EC2 names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
        }
    }

    /// Returns the key type as OpenSSH names it.
    pub(super) fn algorithm(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::Rsa => "ssh-rsa",
        }
    }
}

pub(super) struct PublicKey {
    key_type: KeyType,
    /// The wire form of RFC 4253: the algorithm and the numbers, each after its length.
    blob: Vec<u8>,
}

impl PublicKey {
    /// Creates a random key of the right form, for which there is no private key.
    pub(super) fn draw(rng: &mut Rng, key_type: KeyType) -> Self {
        let mut blob = Vec::new();
        push(&mut blob, key_type.algorithm().as_bytes());
        match key_type {
            KeyType::Ed25519 => push(&mut blob, &bytes(rng, 32)),
            KeyType::Rsa => {
                push(&mut blob, &[1, 0, 1]);
                // 2048 bits with the first and the last set; the leading zero says that the number is positive.
                let mut modulus = bytes(rng, 257);
                modulus[0] = 0;
                modulus[1] |= 0x80;
                modulus[256] |= 1;
                push(&mut blob, &modulus);
            }
        }
        Self { key_type, blob }
    }

    /// Reads the key material of ImportKeyPair: an OpenSSH file, in base64.
    pub(super) fn read(material: &str) -> Result<Self, ServiceError> {
        let wrong = || {
            let message = "Key is not in valid OpenSSH public key format";
            ServiceError::new(Code::InvalidKeyFormat, message)
        };
        let file = STANDARD.decode(material).map_err(|_| wrong())?;
        let text = String::from_utf8(file).map_err(|_| wrong())?;
        if text.starts_with("----") {
            return Err(ServiceError::unsupported(
                "public keys in another form than OpenSSH's",
            ));
        }
        let mut words = text.split_whitespace();
        let key_type = [KeyType::Ed25519, KeyType::Rsa]
            .into_iter()
            .find(|known| text.split_whitespace().next() == Some(known.algorithm()))
            .ok_or_else(wrong)?;
        let blob = words
            .nth(1)
            .and_then(|blob| STANDARD.decode(blob).ok())
            .ok_or_else(wrong)?;
        let mut beginning = Vec::new();
        push(&mut beginning, key_type.algorithm().as_bytes());
        if !blob.starts_with(&beginning) {
            return Err(wrong());
        }
        Ok(Self { key_type, blob })
    }

    pub(super) fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// Returns the line of an OpenSSH file.
    pub(super) fn text(&self, comment: &str) -> String {
        let blob = STANDARD.encode(&self.blob);
        format!("{} {blob} {comment}", self.key_type.algorithm())
    }

    /// Returns a fingerprint in the form that AWS uses for a key that it created: SHA-1 of an RSA key, else SHA-256 in
    /// base64.
    pub(super) fn fingerprint_of_created(&self) -> String {
        self.fingerprint(20)
    }

    /// Returns a fingerprint in the form that AWS uses for an imported key: MD5 of an RSA key, else SHA-256 in base64.
    pub(super) fn fingerprint_of_imported(&self) -> String {
        self.fingerprint(16)
    }

    /// Returns a fingerprint that is the same for the same key. It is not the real digest, which nothing here could
    /// verify.
    fn fingerprint(&self, rsa_length: usize) -> String {
        let seed = self.blob.iter().fold(0_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut rng = Rng::new(seed, Timings::Instant);
        match self.key_type {
            KeyType::Ed25519 => STANDARD.encode(bytes(&mut rng, 32)),
            KeyType::Rsa => {
                let pairs: Vec<String> = bytes(&mut rng, rsa_length)
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                pairs.join(":")
            }
        }
    }
}

fn bytes(rng: &mut Rng, n: usize) -> Vec<u8> {
    // A roll is below 1, so that the product fits.
    (0..n).map(|_| (rng.roll() * 256.0) as u8).collect()
}

/// Adds a string of RFC 4251: its length in four bytes, and its content.
fn push(blob: &mut Vec<u8>, string: &[u8]) {
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    blob.extend(length.to_be_bytes());
    blob.extend(string);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_survives_round_trip() {
        let mut rng = Rng::new(1, Timings::Instant);
        for key_type in [KeyType::Ed25519, KeyType::Rsa] {
            let key = PublicKey::draw(&mut rng, key_type);
            let read = PublicKey::read(&STANDARD.encode(key.text("me"))).unwrap();
            assert_eq!(read.blob, key.blob);
            assert_eq!(
                read.fingerprint_of_imported(),
                key.fingerprint_of_imported()
            );
        }
    }
}
