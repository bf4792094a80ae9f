//! Logging in with the certificate by which a client made its TLS connection; and requests for which that is enough.
//!
//! The listener has verified the certificate against its authorities when the connection was made. A role says which of
//! those certificates it is for. Never here: TLS.

pub mod certificate;
pub mod login;
pub mod role;

use std::sync::{Arc, Weak};

use self::role::CompiledRole;
use super::login::check_networks;
use crate::access::Access;
use crate::access::model::{ModelError, path_to};
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::engine::{Derived, Registry};
use crate::yang::schema::Schema;

const ROLES: &str = "/strongbox/authentication/certificate-auth";

/// How many roles are kept compiled.
const KEPT: usize = 16_384;

/// The service.
pub struct CertificateAuth {
    access: Arc<Access>,
    roles: InstancePath,
    compiled: Derived<(Ident, Ident), CompiledRole>,
}

impl CertificateAuth {
    /// The service over these tokens.
    ///
    /// # Errors
    /// When the model has no such roles.
    pub fn new(access: Arc<Access>, schema: &Schema) -> Result<Arc<Self>, ModelError> {
        let roles = path_to(schema, ROLES)?;
        Ok(Arc::new(CertificateAuth { access, roles, compiled: Derived::new(KEPT) }))
    }

    /// Hangs the service on the model, and has it vouch for requests with a certificate.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let this: Weak<Self> = Arc::downgrade(self);
        self.access.vouchers.for_certificates(this);
        let service = Arc::clone(self);
        registry.action("/certificate-login", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.login(context, input).await }
        });
        registry.guard(ROLES, check_networks);
        registry.guard(ROLES, role::check);
    }
}
