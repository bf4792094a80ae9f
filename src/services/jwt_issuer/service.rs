//! The mint action and the published documents: from a place in a snapshot to compiled roles and signers.
//!
//! Roles are compiled when they are first used and kept until the role, its issuer or the signing key changes. Not for
//! rules: those are in [`super::rules`].

use std::sync::Arc;

use super::discovery::{self, Document};
use super::mint::Signer;
use super::model::{Issuer, MintInput, MintOutput, Role};
use super::rules::{Asker, Refusal, Rules};
use super::template::Variables;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::data::tree::Container;
use crate::engine::{ActionContext, ActionError, Derived, Snapshot};
use crate::services::input;
use crate::services::transit::Keyrings;
use crate::services::transit::keyring::Keyring;
use crate::yang::schema::{NodeId, Schema, Value};

/// Where the list of issuers is in the model.
pub(super) const ISSUERS: &str = "/strongbox/jwt-issuers";

/// How many roles are kept compiled.
const KEPT: usize = 65_536;

/// The nodes that the service touches.
#[derive(Clone, Copy, Debug)]
struct Nodes {
    /// The container around issuers and keys.
    top: NodeId,
    issuers: NodeId,
    signing_key: NodeId,
    roles: NodeId,
    keys: NodeId,
}

/// The service.
pub struct JwtIssuers {
    nodes: Nodes,
    keyrings: Keyrings,
    roles: Derived<(Ident, Value, Value), CompiledRole>,
}

/// A role with everything that signing under it needs.
struct CompiledRole {
    rules: Rules,
    signer: Signer,
    verbose: bool,
}

/// Which of an issuer's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// `.well-known/openid-configuration`
    Configuration,
    /// `.well-known/jwks.json`
    KeySet,
}

impl JwtIssuers {
    /// The service over a model; `None` for a model without issuers.
    pub fn new(schema: &Schema, keyrings: Keyrings) -> Option<Arc<Self>> {
        let issuers = schema.find(ISSUERS)?;
        let top = schema.node(issuers).parent;
        let child = |parent, name: &str| schema.own_child(parent, name);
        let nodes = Nodes {
            top,
            issuers,
            signing_key: child(issuers, "signing-key")?,
            roles: child(issuers, "roles")?,
            keys: child(top, "transit-keys")?,
        };
        Some(Arc::new(JwtIssuers { nodes, keyrings, roles: Derived::new(KEPT) }))
    }

    /// Mints a token under the role that the action is bound to.
    pub(super) fn mint(&self, context: &ActionContext, input: &MintInput) -> Result<MintOutput, ActionError> {
        let role = self.compiled(context)?;
        let caller = context.caller()?;
        let asker = Asker {
            variables: Variables {
                tenant: &caller.tenant,
                username: caller.user.as_deref(),
                site: &context.site,
            },
            accessor: caller.accessor.as_deref(),
        };
        let checked = role.rules.check(input, &asker);
        if role.verbose {
            log_attempt(context, &asker, input, checked.as_ref().err());
        }
        let granted = checked.map_err(|reasons| refused(context, &reasons))?;
        if context.validate_only {
            return Ok(MintOutput::default());
        }
        role.signer.mint(granted, context.now).map_err(|error| ActionError::Internal(error.to_string()))
    }

    fn compiled(&self, context: &ActionContext) -> Result<Arc<CompiledRole>, ActionError> {
        let snapshot = &context.snapshot;
        let role = context.entry()?;
        let issuer_path = context.path.parent().ok_or(ActionError::NotFound)?;
        let issuer = snapshot.entry(&context.tenant, &issuer_path).ok_or(ActionError::NotFound)?;
        let key = self.signing_key(snapshot, &context.tenant, issuer).ok_or_else(no_key)?;
        let name = |keys: &[Value]| keys.first().cloned().unwrap_or(Value::Empty);
        let memo = (context.tenant.clone(), name(issuer_path.keys()), name(context.path.keys()));
        self.roles.get(&memo, &[role, issuer, key], || {
            let schema = snapshot.schema();
            let issuer = self.issuer(schema, issuer)?;
            let role: Role = from_data(schema, role).map_err(internal)?;
            let ring = self.keyrings.get(schema, &context.tenant, key).map_err(internal)?;
            let active = ring.active().ok_or_else(no_key)?;
            let signing = ring.key(active).map_err(internal)?;
            let url = issuer_url(&issuer, &context.public_url, &context.tenant);
            let signer = Signer::new(signing, active.number, role.algorithm, &url).map_err(internal)?;
            let rules = Rules::compile(&role, &issuer).map_err(internal)?;
            Ok(CompiledRole { rules, signer, verbose: role.verbose_logging || issuer.verbose_logging })
        })
    }

    /// One of the documents that an issuer publishes; `None` when there is no such tenant or issuer. `public_url` is the
    /// URL under which the world reaches this daemon, without a slash at the end.
    pub fn document(
        &self,
        snapshot: &Snapshot,
        tenant: &str,
        issuer: &str,
        kind: DocumentKind,
        public_url: &str,
        now: Timestamp,
    ) -> Option<Document> {
        let root = &snapshot.tenant(tenant)?.tree.root;
        let issuers = root.container(self.nodes.top)?.list(self.nodes.issuers)?;
        let entry = issuers.get(&[Value::string(issuer)])?;
        let schema = snapshot.schema();
        let tenant = Ident::from(tenant);
        let key = self.signing_key(snapshot, &tenant, entry)?;
        let ring: Arc<Keyring> = self.keyrings.get(schema, &tenant, key).ok()?;
        let issuer = self.issuer(schema, entry).ok()?;
        Some(match kind {
            DocumentKind::KeySet => discovery::key_set(&ring, issuer.max_ttl, now),
            DocumentKind::Configuration => {
                let location = location(&issuer, public_url, &tenant);
                let url = issuer_url(&issuer, public_url, &tenant);
                discovery::configuration(&url, &location, &ring, issuer.max_ttl, now)
            }
        })
    }

    fn signing_key<'s>(
        &self,
        snapshot: &'s Snapshot,
        tenant: &str,
        issuer: &Container,
    ) -> Option<&'s Arc<Container>> {
        let name = issuer.leaf(self.nodes.signing_key)?;
        let keys = snapshot.tenant(tenant)?.tree.root.container(self.nodes.top)?.list(self.nodes.keys)?;
        keys.get(std::slice::from_ref(name))
    }

    /// An issuer without its roles, of which there may be very many.
    fn issuer(&self, schema: &Schema, entry: &Container) -> Result<Issuer, ActionError> {
        let mut own = Container::clone(entry);
        own.remove(self.nodes.roles);
        from_data(schema, &own).map_err(internal)
    }
}

/// Where this daemon serves an issuer's documents.
fn location(issuer: &Issuer, public_url: &str, tenant: &str) -> String {
    format!("{public_url}/{tenant}/jwt/{}", issuer.name)
}

/// The `iss` claim.
fn issuer_url(issuer: &Issuer, public_url: &str, tenant: &str) -> String {
    issuer.issuer.clone().unwrap_or_else(|| location(issuer, public_url, tenant))
}

fn internal(error: impl std::fmt::Display) -> ActionError {
    ActionError::Internal(error.to_string())
}

fn no_key() -> ActionError {
    ActionError::Internal("the issuer's signing key has no active version".to_owned())
}

fn refused(context: &ActionContext, reasons: &[Refusal]) -> ActionError {
    let violation = |reason: &Refusal| input::fault(context, "mint", reason.leaf, reason.message.clone());
    ActionError::Invalid(reasons.iter().map(violation).collect())
}

/// What was asked for and what came of it; neither token nor key material.
fn log_attempt(
    context: &ActionContext,
    asker: &Asker<'_>,
    input: &MintInput,
    refused: Option<&Vec<Refusal>>,
) {
    let role = context.path.to_v1(context.snapshot.schema());
    let reasons: Vec<&str> = refused.into_iter().flatten().map(|reason| reason.message.as_str()).collect();
    tracing::info!(
        tenant = %context.tenant,
        %role,
        caller = asker.identity(),
        request = context.client.request_id,
        audiences = ?input.audiences,
        subject = ?input.subject,
        ttl = ?input.ttl.map(|ttl| ttl.to_string()),
        granted = refused.is_none(),
        ?reasons,
        "mint"
    );
}
