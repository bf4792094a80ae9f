//! Trying out where an issuer's keys are, when that is written and the issuer wants it (`check-keys`): a change after which
//! nobody could log in is refused. What is wrong is told in few words, because a server that is asked here may not be there
//! for whoever writes the change.

use super::compile::{CompiledIssuer, IssuerKeys};
use super::model::Issuer;
use crate::base::error::ErrorTag;
use crate::data::deserialize::from_data;
use crate::data::edit::Edit;
use crate::data::tree::Container;
use crate::data::violation::Violation;
use crate::engine::{Prepare, PrepareContext};
use crate::services::jwt_verify::{FetchError, Fetcher, KeySource, KeysError};
use crate::yang::schema::Schema;

/// Fetches the keys of issuers that are written. Adds nothing to the transaction.
pub struct KeysCheck(pub Fetcher);

impl Prepare for KeysCheck {
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        let (checks, sources) = sources(context.schema, context.after);
        let before = context.before.map(|before| sources_of(context.schema, before)).unwrap_or_default();
        // Inside of the writer there is nothing to wait on; there it was tried a moment ago.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Ok(Vec::new()) };
        if !checks || sources == before {
            return Ok(Vec::new());
        }
        let mut violations = Vec::new();
        for source in sources {
            if let Err(error) = runtime.block_on(source.fetch(context.now, &self.0)) {
                // That is no matter of the server's, and found fault with where it stands.
                if matches!(error, KeysError::Fetch(FetchError::Authorities)) {
                    continue;
                }
                let (leaf, message) = match &source {
                    KeySource::Jwks(site) => ("jwks-url", format!("error checking jwks URL {}", site.url)),
                    KeySource::Discovery(_) => {
                        ("oidc-discovery-url", "error checking oidc discovery URL".to_owned())
                    }
                };
                tracing::warn!(%error, "an issuer is refused: {message}");
                let mut path = context.path.clone();
                if let Some(leaf) = context.schema.own_child(path.target(), leaf) {
                    path.push(leaf, Vec::new());
                }
                violations.push(Violation::new(ErrorTag::OperationFailed, path, message));
            }
        }
        if violations.is_empty() { Ok(Vec::new()) } else { Err(violations) }
    }
}

fn sources_of(schema: &Schema, entry: &Container) -> Vec<KeySource> {
    sources(schema, entry).1
}

/// Whether the issuer wants to be tried out, and where its keys are. What cannot be read is found fault with later.
fn sources(schema: &Schema, entry: &Container) -> (bool, Vec<KeySource>) {
    let Ok(issuer) = from_data::<Issuer>(schema, entry) else { return (false, Vec::new()) };
    let checks = issuer.check_keys;
    match CompiledIssuer::new(issuer) {
        Ok(Some(CompiledIssuer { keys: IssuerKeys::Remote(sources, _), .. })) => (checks, sources),
        _ => (checks, Vec::new()),
    }
}
