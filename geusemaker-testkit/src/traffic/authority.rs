//! A certificate authority of the account's own, so that viewers can speak HTTPS as they would.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::lock::lock;

/// The certificate authority, which exists as long as the account's traffic.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    provider: Arc<CryptoProvider>,
    /// The certificates so far, by their names.
    issued: Mutex<HashMap<Vec<String>, Arc<CertifiedKey>>>,
}

impl Authority {
    /// Creates an authority with a new key.
    #[expect(
        clippy::expect_used,
        reason = "the parameters are constant, and the library can make keys of its default kind"
    )]
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key of the default kind");
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "GeuseMaker sandbox authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key).expect("constant parameters");
        Self {
            issuer,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            issued: Mutex::default(),
        }
    }

    /// Returns the authority's own certificate, for the trust stores of viewers.
    pub(crate) fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    /// Returns the TLS settings of a server that shows one of these certificates, each given by its names. Without a
    /// match for the name that a client asks for, it shows the first.
    ///
    /// # Errors
    /// Returns an error if a name cannot be in a certificate, or if there is no certificate.
    pub(crate) fn server_config(
        &self,
        certificates: &[Vec<String>],
        protocols: &[&str],
    ) -> Result<Arc<ServerConfig>, TlsError> {
        let known = certificates
            .iter()
            .map(|names| Ok((names.clone(), self.certificate(names)?)))
            .collect::<Result<Vec<_>, TlsError>>()?;
        if known.is_empty() {
            return Err("a server needs a certificate".into());
        }
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName(known)));
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// Returns the TLS settings of a client that trusts this authority alone.
    ///
    /// # Errors
    /// Returns an error if the library refuses the authority's certificate.
    pub(crate) fn client_config(&self, protocols: &[&str]) -> Result<Arc<ClientConfig>, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone())?;
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// Returns the check of certificates of a client that trusts this authority alone.
    ///
    /// # Errors
    /// Returns an error if the library refuses the authority's certificate.
    pub(crate) fn verifier(&self) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone())?;
        let provider = Arc::clone(&self.provider);
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        Ok(builder.build()?)
    }

    /// Returns the implementation of cryptography.
    pub(crate) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// Returns a certificate for these names, the same one for the same names.
    fn certificate(&self, names: &[String]) -> Result<Arc<CertifiedKey>, TlsError> {
        let mut issued = lock(&self.issued);
        if let Some(known) = issued.get(names) {
            return Ok(Arc::clone(known));
        }
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = DistinguishedName::new();
        if let Some(first) = names.first() {
            params.distinguished_name.push(DnType::CommonName, first);
        }
        let certificate = params.signed_by(&key, &self.issuer)?;
        let private = PrivateKeyDer::try_from(key.serialize_der())?;
        let signing = self.provider.key_provider.load_private_key(private)?;
        let chain = vec![certificate.der().clone(), self.issuer.der().clone()];
        let certified = Arc::new(CertifiedKey::new(chain, signing));
        issued.insert(names.to_vec(), Arc::clone(&certified));
        Ok(certified)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// A problem with TLS.
pub(crate) type TlsError = Box<dyn std::error::Error + Send + Sync>;

/// The certificates of a server, which chooses by the name that the client asks for.
#[derive(Debug)]
struct ByName(Vec<(Vec<String>, Arc<CertifiedKey>)>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name();
        let fits = |(names, _): &&(Vec<String>, Arc<CertifiedKey>)| {
            asked.is_some_and(|asked| names.iter().any(|name| covers(name, asked)))
        };
        let chosen = self.0.iter().find(fits).or_else(|| self.0.first());
        chosen.map(|(_, certified)| Arc::clone(certified))
    }
}

/// Returns true if a name of a certificate covers a host name. A wildcard stands for one label.
pub(crate) fn covers(name: &str, host: &str) -> bool {
    name.eq_ignore_ascii_case(host)
        || name.strip_prefix("*.").is_some_and(|parent| {
            host.split_once('.')
                .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent))
        })
}
