//! The first token: whoever starts the daemon on an empty store gets one that may do everything in the system tenant.

use super::issue::{NewToken, Origin, issue};
use crate::access::Access;
use crate::access::authorize::policy::ROOT;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::engine::{ActionError, Engine, SYSTEM_TENANT};

/// Makes a root token of the system tenant. It does not end; revoke it when others can do its work.
///
/// # Errors
/// When the commit fails.
pub async fn root_token(engine: &Engine, access: &Access, reason: &str) -> Result<Secret, ActionError> {
    let new = NewToken {
        tenant: Ident::from(SYSTEM_TENANT),
        user: None,
        entity: None,
        display_name: Some(Ident::from("root")),
        method: "root",
        policies: vec![Ident::from(ROOT)],
        life: None,
        explicit_max: None,
        renewable: false,
        num_uses: 0,
        bound_cidrs: Vec::new(),
        batch: false,
        parent: None,
        source: None,
        path_suffix: None,
        mount: None,
        metadata: Vec::new(),
    };
    let issued = issue(engine, access, new, Origin::of_daemon(reason)).await?;
    issued.token.ok_or_else(|| ActionError::Internal("a token was made and not shown".to_owned()))
}
