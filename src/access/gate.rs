//! The door: every dialect's request comes through here, is authenticated, held against the policies, run by the engine,
//! and written down.
//!
//! Nothing here knows a dialect; a dialect that wants data, a change or an action has no other way to it.

mod candidate;
mod events;
mod invoke;
mod outcome;
mod read;
mod stream;
mod validators;
mod write;

use std::sync::Arc;

use super::Access;
use super::audit::{AuditEntry, AuditLog, AuditUnavailable};
use super::authenticate::follow::TokenFollower;
use super::authenticate::mounts::MountFollower;
use super::authenticate::{AuthError, Credentials, TokenFacts};
use super::authorize::acl::AclRule;
use super::authorize::{AclRequest, AclVerdict, Authority, Decision, PolicyOperation};
use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::Data;
use crate::engine::Engine;
use crate::engine::caller::{Caller, ClientInfo};
use crate::engine::commit::{Author, CommitOptions, CommitRequest, TenantEdits};
use crate::engine::operation::Operation;
use crate::engine::snapshot::Snapshot;
use crate::yang::schema::Value;

pub use outcome::{Invoked, Outcome, Refusal, Written};
pub use read::{Completing, Reading, Resource};
pub use stream::{Announcement, EventFeed, StreamOptions};
pub use validators::Validators;

/// What rules over paths say of a request.
#[derive(Clone, Debug)]
pub enum Judgement {
    /// It is allowed, for this caller.
    Allowed(Arc<Caller>),
    /// It is refused, whatever else is allowed.
    Denied,
    /// Nothing: the rules over the data decide.
    Silent,
}

/// The way to the engine for everybody outside. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    access: Arc<Access>,
    audit: Option<AuditLog>,
    default_tenant: Ident,
}

impl Gate {
    /// Opens the door: from now on every stored token and every mount is known, and every commit to them followed. Without an audit
    /// log nothing is written down: for tests only.
    pub fn new(engine: Engine, access: Arc<Access>, audit: Option<AuditLog>, default_tenant: Ident) -> Self {
        let follower = Arc::new(TokenFollower::new(Arc::clone(&access.tokens), access.model.clone()));
        engine.observe(follower.clone());
        follower.load(&engine.snapshot());
        let follower = Arc::new(MountFollower::new(Arc::clone(&access.mounts), access.model.clone()));
        engine.observe(follower.clone());
        follower.load(&engine.snapshot());
        Gate(Arc::new(Inner { engine, access, audit, default_tenant }))
    }

    /// The engine behind it, for what is nobody's data: the schema, the clock, entity tags.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What is shared with the services around tokens.
    pub(super) fn access(&self) -> &Arc<Access> {
        &self.0.access
    }

    /// The audit log.
    pub fn audit(&self) -> Option<&AuditLog> {
        self.0.audit.as_ref()
    }

    /// The tenant of requests that do not say which.
    pub fn default_tenant(&self) -> &Ident {
        &self.0.default_tenant
    }

    /// The caller behind what a request shows. One of the uses of a token is taken; for a token with a limited number of
    /// them that is durable before the caller is known.
    ///
    /// # Errors
    /// [`Refusal::Unauthenticated`]; [`Refusal::Commit`] when a use could not be stored; for a password or a certificate
    /// also those of a log in, [`Refusal::Action`].
    pub async fn authenticate(
        &self,
        credentials: &Credentials<'_>,
        client: &Arc<ClientInfo>,
    ) -> Result<Arc<Caller>, Refusal> {
        match credentials {
            Credentials::Missing => Err(AuthError::Missing.into()),
            Credentials::Unusable(reason) => Err(AuthError::Unusable(reason).into()),
            Credentials::Token(text) => self.holder(text, client).await,
            Credentials::Password { .. } | Credentials::Certificate => {
                let context = self.0.engine.context(self.0.default_tenant.clone(), Arc::clone(client));
                let access = &self.0.access;
                let found = Box::pin(access.vouchers.find(access, &context, credentials)).await;
                found.ok_or(AuthError::Missing)?.map_err(Refusal::from)
            }
        }
    }

    async fn holder(&self, token: &str, client: &ClientInfo) -> Result<Arc<Caller>, Refusal> {
        let inner = &self.0;
        let now = inner.engine.clock().now();
        let used = inner.access.authenticate(Some(token), client.address, now)?;
        if let Some(taken) = used.taken {
            Box::pin(taken.settle(async |left| self.store_uses(&used.caller, client, left).await)).await?;
        }
        Ok(used.caller)
    }

    /// The tenant whose tree a token opens, whether it still does or not.
    pub fn tenant_of(&self, token: Option<&str>) -> Option<Ident> {
        self.0.access.tenant_of(token?)
    }

    /// Names of the policies that a token has by its entity, as of now; none where the entity is disabled or gone.
    pub fn identity_policies(&self, tenant: &Ident, facts: &TokenFacts) -> Vec<Ident> {
        let inner = &self.0;
        let Some(entity) = &facts.entity else { return Vec::new() };
        let identities = inner.access.policies.identities();
        identities.standing(&inner.engine.snapshot(), tenant, entity).policies.clone()
    }

    async fn store_uses(&self, caller: &Caller, client: &ClientInfo, left: u32) -> Result<(), Refusal> {
        let Some(accessor) = &caller.accessor else { return Ok(()) };
        let token = self.0.access.model.token(accessor);
        let schema = self.0.engine.schema();
        let Some(leaf) = schema.own_child(token.target(), "num-uses") else { return Ok(()) };
        let value = Data::Leaf(Value::Uint(u64::from(left)));
        let edit = Edit::new(token.child(leaf), EditOperation::Replace, value);
        let request = CommitRequest {
            actor: caller.actor(),
            request_id: client.request_id.clone(),
            by: Author::Service,
            changes: vec![TenantEdits {
                tenant: caller.tenant.clone(),
                edits: vec![edit],
                preconditions: Vec::new(),
            }],
            validate_only: false,
            approve: None,
            options: CommitOptions::default(),
        };
        self.0.engine.commit(request).await.map(drop).map_err(Refusal::Commit)
    }

    /// What a caller may do, as of a snapshot.
    pub fn authority(&self, snapshot: &Snapshot, caller: &Caller) -> Authority {
        self.0.access.policies.authority(snapshot, caller)
    }

    /// What a caller's rules over paths say of a request. Where they allow it, the caller that is returned is one whose rules
    /// over the data are not asked.
    pub fn judge(&self, caller: &Arc<Caller>, request: &AclRequest<'_>) -> Judgement {
        let snapshot = self.0.engine.snapshot();
        let lookup = |variable: &str| self.0.access.policies.variable(&snapshot, caller, variable);
        match self.authority(&snapshot, caller).judge(request, &lookup) {
            AclVerdict::Allow => {
                Judgement::Allowed(Arc::new(Caller { warranted: true, ..Caller::clone(caller) }))
            }
            AclVerdict::Deny => Judgement::Denied,
            AclVerdict::Silent => Judgement::Silent,
        }
    }

    /// The capabilities that a caller's rules over paths give on a path.
    pub fn capabilities(&self, caller: &Caller, path: &str) -> Vec<&'static str> {
        let caller = &Caller { warranted: false, ..caller.clone() };
        let snapshot = self.0.engine.snapshot();
        let lookup = |variable: &str| self.0.access.policies.variable(&snapshot, caller, variable);
        self.authority(&snapshot, caller).capabilities(path, &lookup)
    }

    /// Who holds the token of that text, in a tenant.
    pub fn caller_of(&self, tenant: &Ident, token: &str) -> Option<Arc<Caller>> {
        self.0.access.tokens.holder(token).filter(|caller| caller.tenant == *tenant)
    }

    /// Who holds the token of that accessor, in a tenant.
    pub fn caller_by_accessor(&self, tenant: &Ident, accessor: &str) -> Option<Arc<Caller>> {
        self.0.access.tokens.caller(accessor).filter(|caller| caller.tenant == *tenant)
    }

    /// The rules over paths that hold for a caller.
    pub fn rules_over_paths(&self, caller: &Caller) -> Vec<AclRule> {
        let own = Caller { warranted: false, ..caller.clone() };
        let authority = self.authority(&self.0.engine.snapshot(), &own);
        authority.acls().into_iter().flat_map(|acl| acl.rules.iter().cloned()).collect()
    }

    /// Who keeps an answer for whoever it is for: the dialect that made it, in a tenant.
    pub fn keeper(&self, tenant: &Ident) -> Arc<Caller> {
        Arc::new(Caller {
            tenant: tenant.clone(),
            accessor: None,
            user: None,
            entity: None,
            policies: Vec::new(),
            method: Ident::from("wrapping"),
            warranted: true,
            ends: None,
        })
    }

    /// Whether a caller may do something with a resource, and why.
    pub fn authorize(&self, caller: &Caller, operation: PolicyOperation, path: &InstancePath) -> Decision {
        self.authority(&self.0.engine.snapshot(), caller).may(operation, path)
    }

    /// Does what a request asks for. `caller` is who [`Gate::authenticate`] said, nobody for a request without a token.
    /// Changes and operations are boxed here and in [`Gate::authenticate`], or every read would carry the room that they need
    /// from future to future.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn execute(
        &self,
        caller: Option<Arc<Caller>>,
        client: &Arc<ClientInfo>,
        operation: Operation,
    ) -> Result<Outcome, Refusal> {
        if self.0.audit.as_ref().is_some_and(AuditLog::is_failing) {
            // A change that cannot be written down is not made. Whether the log can be written again is found out by
            // the line of this very refusal.
            return Err(Refusal::Audit(AuditUnavailable));
        }
        let denied = &self.0.access.denied;
        match operation {
            Operation::Read { datastore, target } => {
                let caller = caller.ok_or(AuthError::Missing)?;
                self.read(&caller, datastore, target).map(|reading| Outcome::Read(Box::new(reading)))
            }
            Operation::Write { kind, target, edits, preconditions, validate_only, options } => {
                let caller = caller.ok_or(AuthError::Missing)?;
                let write = write::Write { kind, target, edits, preconditions, validate_only, options };
                let written = Box::pin(self.write(&caller, client, write)).await;
                let written = written.inspect_err(|refusal| {
                    if refusal.is_of_policy() {
                        denied.count_data_write();
                    }
                });
                written.map(Outcome::Written)
            }
            Operation::Invoke { target, input, validate_only } => {
                let invoked = Box::pin(self.invoke(caller, client, target, input, validate_only)).await;
                let invoked = invoked.inspect_err(|refusal| {
                    if refusal.is_of_policy() {
                        denied.count_operation();
                    }
                });
                invoked.map(Outcome::Invoked)
            }
        }
    }

    /// Writes down a request that was answered. The answer may leave only when this is done.
    ///
    /// # Errors
    /// [`AuditUnavailable`]: the request is to be refused instead.
    pub async fn record(&self, entry: &AuditEntry<'_>) -> Result<(), AuditUnavailable> {
        match &self.0.audit {
            Some(audit) => audit.write(entry).await,
            None => Ok(()),
        }
    }
}
