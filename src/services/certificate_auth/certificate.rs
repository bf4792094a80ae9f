//! A certificate in the words of roles: its names, its fingerprint, its time.

use aws_lc_rs::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use crate::base::clock::Timestamp;

/// What is read of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of it.
    pub fingerprint: [u8; 32],
    /// The common name of its subject: the last one, where there are several.
    pub common_name: Option<String>,
    /// DNS names among the alternative names of its subject, in their order; so the following ones.
    pub dns_names: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
    /// Mail addresses.
    pub emails: Vec<String>,
    /// When its time begins.
    pub not_before: Timestamp,
    /// When its time ends.
    pub not_after: Timestamp,
}

impl Certificate {
    /// Reads one; `None` when it cannot be read, or has bytes behind its end.
    pub fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, der).as_ref());
        let common_name = parsed.subject().iter_common_name().last();
        let mut found = Certificate {
            fingerprint,
            common_name: common_name.and_then(|name| name.as_str().ok()).map(str::to_owned),
            dns_names: Vec::new(),
            uris: Vec::new(),
            emails: Vec::new(),
            not_before: Timestamp::from_seconds(parsed.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(parsed.validity().not_after.timestamp()),
        };
        // An extension that stands twice is as good as one that cannot be read.
        if let Some(names) = parsed.subject_alternative_name().ok()? {
            for name in &names.value.general_names {
                match name {
                    GeneralName::DNSName(name) => found.dns_names.push((*name).to_owned()),
                    GeneralName::URI(uri) => found.uris.push((*uri).to_owned()),
                    GeneralName::RFC822Name(email) => found.emails.push((*email).to_owned()),
                    _ => {}
                }
            }
        }
        Some(found)
    }

    /// Whether its time has begun and is not over.
    pub fn is_in_time(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}
