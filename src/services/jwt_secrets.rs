//! A secrets backend that signs JWTs with keys that people bring: a role has a key, which never comes back, and defaults.
//!
//! It keeps nothing of what it signs. Issuers whose keys are made and rotated here, and which say what may be claimed, are
//! [`super::jwt_issuer`].

pub mod issue;
pub mod key;

use std::sync::Arc;

use serde::Deserialize;

use self::issue::{IssueInput, Issued, Role};
use self::key::SigningKey;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::deserialize::from_data;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError, Derived, GuardContext, Registry};
use crate::services::input;

const ROLES: &str = "/strongbox/mounts/secrets/jwt/roles";

/// How many roles are kept with their keys parsed.
const KEPT: usize = 16_384;

/// The service.
pub struct JwtSecrets {
    roles: Derived<(Ident, InstancePath), Role>,
}

/// An entry of `roles` as it is stored.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    algorithm: String,
    key: Secret,
    #[serde(default)]
    default_issuer: Option<String>,
    #[serde(default)]
    default_subject: Option<String>,
    #[serde(default)]
    default_audience: Option<String>,
    locked: bool,
}

impl Entry {
    fn compile(self) -> Result<Role, &'static str> {
        Ok(Role {
            key: SigningKey::read(&self.algorithm, &self.key)?,
            issuer: self.default_issuer,
            subject: self.default_subject,
            audience: self.default_audience,
            locked: self.locked,
        })
    }
}

impl JwtSecrets {
    /// The service.
    pub fn new() -> Arc<Self> {
        Arc::new(JwtSecrets { roles: Derived::new(KEPT) })
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.guard(ROLES, check_role);
        let service = Arc::clone(self);
        registry.action(&format!("{ROLES}/issue"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.issue(&context, input) }
        });
    }

    fn issue(&self, context: &ActionContext, request: IssueInput) -> Result<Issued, ActionError> {
        let entry = context.entry()?;
        let role = self
            .roles
            .get(&(context.tenant.clone(), context.path.clone()), &[entry], || {
                let entry: Entry =
                    from_data(context.engine.schema(), entry).map_err(|error| error.to_string())?;
                entry.compile().map_err(str::to_owned)
            })
            .map_err(|reason| ActionError::Internal(format!("a role cannot be read: {reason}")))?;
        role.issue(request, context.now).map_err(|fault| {
            ActionError::Invalid(vec![input::fault(context, "issue", Some(fault.leaf), fault.message)])
        })
    }
}

/// What the model cannot say of a role: that its key is one for its algorithm.
fn check_role(context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(entry) = context.entry_after.and_then(|entry| from_data::<Entry>(context.schema, entry).ok())
    else {
        return Vec::new();
    };
    let Err(message) = entry.compile() else { return Vec::new() };
    let mut path = context.path.clone();
    if let Some(leaf) = context.schema.own_child(path.target(), "key") {
        path.push(leaf, Vec::new());
    }
    vec![Violation::new(ErrorTag::InvalidValue, path, message)]
}
