//! A role: which certificates it is for. Compiled when it changes.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use serde::Deserialize;

use super::certificate::Certificate;
use crate::access::authenticate::Metadata;
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::data::deserialize::from_data;
use crate::data::violation::Violation;
use crate::engine::GuardContext;
use crate::services::jwt_issuer::glob::Glob;
use crate::services::token::TokenParameters;

/// An entry of `authentication/certificate-auth`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Role {
    #[serde(default)]
    fingerprints: Vec<String>,
    #[serde(default)]
    ca_pem: Option<String>,
    #[serde(default)]
    common_names: Vec<String>,
    #[serde(default)]
    dns_names: Vec<String>,
    #[serde(default)]
    uris: Vec<String>,
    #[serde(default)]
    emails: Vec<String>,
    user_name: UserName,
    #[serde(default)]
    user_prefix: String,
    requests: bool,
    #[serde(default)]
    metadata: Vec<Metadata>,
    #[serde(flatten)]
    parameters: TokenParameters,
}

/// Which name the user is called by.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UserName {
    CommonName,
    DnsName,
    Uri,
    Email,
}

/// A role in the form in which it is held against a certificate.
pub struct CompiledRole {
    fingerprints: Vec<[u8; 32]>,
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    common_names: Patterns,
    dns_names: Patterns,
    uris: Patterns,
    emails: Patterns,
    user_name: UserName,
    user_prefix: String,
    /// Whether the certificate of its connection is enough for a request.
    pub requests: bool,
    /// Facts for the token.
    pub metadata: Vec<Metadata>,
    /// What the role says about tokens.
    pub parameters: TokenParameters,
}

/// Patterns one of which is to match; none: nothing is asked.
struct Patterns(Vec<Glob>);

impl Patterns {
    fn new(texts: &[String]) -> Self {
        Patterns(texts.iter().map(|text| Glob::new(text)).collect())
    }

    fn admit(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(name))
    }

    /// The first name that is admitted.
    fn first<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Option<&'a str> {
        names.into_iter().map(String::as_str).find(|name| self.admit(name))
    }

    /// Whether nothing is asked, or one of the names is admitted.
    fn are_met<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> bool {
        self.0.is_empty() || self.first(names).is_some()
    }
}

impl CompiledRole {
    /// Compiles a role.
    ///
    /// # Errors
    /// What is wrong with `ca-pem`.
    pub fn new(role: Role) -> Result<Self, String> {
        Ok(CompiledRole {
            fingerprints: role.fingerprints.iter().filter_map(|text| fingerprint(text)).collect(),
            authorities: role.ca_pem.as_deref().map(authorities).transpose()?,
            common_names: Patterns::new(&role.common_names),
            dns_names: Patterns::new(&role.dns_names),
            uris: Patterns::new(&role.uris),
            emails: Patterns::new(&role.emails),
            user_name: role.user_name,
            user_prefix: role.user_prefix,
            requests: role.requests,
            metadata: role.metadata,
            parameters: role.parameters,
        })
    }

    /// The name of the user behind a certificate; `chain` is what the client showed, the certificate first.
    ///
    /// # Errors
    /// Why the role is not for it.
    pub fn user(
        &self,
        certificate: &Certificate,
        chain: &[CertificateDer<'static>],
        now: Timestamp,
    ) -> Result<String, &'static str> {
        if !certificate.is_in_time(now) {
            return Err("the certificate's time is over, or has not begun");
        }
        if !self.fingerprints.is_empty() && !self.fingerprints.contains(&certificate.fingerprint) {
            return Err("the role is for certificates with other fingerprints");
        }
        if !self.common_names.are_met(&certificate.common_name) {
            return Err("the role is for other common names");
        }
        if !self.dns_names.are_met(&certificate.dns_names) {
            return Err("the role is for other DNS names");
        }
        if !self.uris.are_met(&certificate.uris) {
            return Err("the role is for other URIs");
        }
        if !self.emails.are_met(&certificate.emails) {
            return Err("the role is for other mail addresses");
        }
        if let (Some(authorities), Some((leaf, between))) = (&self.authorities, chain.split_first()) {
            let seconds = u64::try_from(now.seconds()).unwrap_or(0);
            let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
            let verified = authorities.verify_client_cert(leaf, between, time);
            verified.map_err(|_| "the role is for certificates of other authorities")?;
        }
        let name = match self.user_name {
            UserName::CommonName => certificate.common_name.as_deref(),
            UserName::DnsName => self.dns_names.first(&certificate.dns_names),
            UserName::Uri => self.uris.first(&certificate.uris),
            UserName::Email => self.emails.first(&certificate.emails),
        };
        let name =
            name.filter(|name| !name.is_empty()).ok_or("the certificate lacks the name of the user")?;
        Ok(format!("{}{name}", self.user_prefix))
    }
}

fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    (digits.len() == 64).then_some(bytes)
}

fn authorities(pem: &str) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| "it is not PEM".to_owned())?;
        roots.add(certificate).map_err(|_| "a certificate in it cannot be read".to_owned())?;
    }
    if roots.is_empty() {
        return Err("it holds no CERTIFICATE section".to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    built.map(|verifier| verifier as Arc<dyn ClientCertVerifier>).map_err(|error| error.to_string())
}

/// What the model cannot say of a role: that its authorities can be read. A guard for roles.
pub fn check(context: &GuardContext<'_>) -> Vec<Violation> {
    // An entry that is not what the model wants is refused by validation, with a better reason than any from here.
    let Some(role) = context.entry_after.and_then(|entry| from_data::<Role>(context.schema, entry).ok())
    else {
        return Vec::new();
    };
    let Err(fault) = CompiledRole::new(role) else { return Vec::new() };
    let leaf = context.schema.own_child(context.path.target(), "ca-pem");
    let path = leaf.map_or_else(|| context.path.clone(), |leaf| context.path.child(leaf));
    vec![Violation::new(ErrorTag::InvalidValue, path, format!("ca-pem: {fault}"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let plain = "00ff".repeat(16);
        let colons: Vec<&str> = std::iter::repeat_n(["00", "FF"], 16).flatten().collect();
        let expected: Vec<u8> = std::iter::repeat_n([0, 255], 16).flatten().collect();
        assert_eq!(fingerprint(&plain).unwrap().as_slice(), expected);
        assert_eq!(fingerprint(&colons.join(":")).unwrap().as_slice(), expected);
        assert_eq!(fingerprint("00"), None);
    }
}
