//! Operations: from a node of the model to the function that a service registered for it.

use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;

use super::Engine;
use super::caller::{Caller, ClientInfo};
use super::commit::{CommitError, Committed, TenantChanges};
use super::output::Output;
use super::snapshot::Snapshot;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::data::validate::validate_input;
use crate::data::violation::Violation;
use crate::yang::schema::{NodeId, NodeKind, Value};

/// An operation to run. Whether the caller may is decided before.
#[derive(Clone, Debug)]
pub struct ActionCall {
    /// Whose tree it runs in.
    pub tenant: Ident,
    /// The operation's node, below the instance that it is bound to.
    pub path: InstancePath,
    /// Its input; `None` is an empty one.
    pub input: Option<Arc<Container>>,
    /// Who calls; nobody where the operation is public.
    pub caller: Option<Arc<Caller>>,
    /// From where.
    pub client: Arc<ClientInfo>,
    /// Everything short of doing it.
    pub validate_only: bool,
    /// What it comes to is noted here.
    pub made: Made,
}

/// The changes of configuration that an operation made, as far as its handler notes them: the audit log tells them.
#[derive(Clone, Debug, Default)]
pub struct Made(Arc<Mutex<Vec<TenantChanges>>>);

impl Made {
    /// Notes a transaction.
    pub fn note(&self, committed: &Committed) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&committed.changes);
    }

    /// Everything that was noted.
    pub fn take(&self) -> Vec<TenantChanges> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a handler works with.
#[derive(Clone)]
pub struct ActionContext {
    /// For commits and further reads.
    pub engine: Engine,
    /// The data as of the call.
    pub snapshot: Arc<Snapshot>,
    /// Whose tree it runs in.
    pub tenant: Ident,
    /// The instance that the operation is bound to; the root for an rpc.
    pub path: InstancePath,
    /// Who calls; nobody where the operation is public.
    pub caller: Option<Arc<Caller>>,
    /// From where.
    pub client: Arc<ClientInfo>,
    /// The time of the call.
    pub now: Timestamp,
    /// Everything short of doing it: find every error, change nothing, make nothing.
    pub validate_only: bool,
    /// Under which URL the world reaches this daemon, without a slash at the end.
    pub public_url: Arc<str>,
    /// The site on which it runs.
    pub site: Ident,
    /// Where a handler notes what it commits on behalf of its caller.
    pub made: Made,
}

/// The parts of a call that handlers get as structs.
pub(super) struct Invocation {
    pub input: Arc<Container>,
    pub output: Option<NodeId>,
}

/// A log in that failed, as the audit log is to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// In which tenant.
    pub tenant: Ident,
    /// As whom: the name of a user, or of a method and a role.
    pub user: String,
    /// Why not. Never a secret.
    pub reason: String,
}

/// Why an operation did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The input, or what it meets, is not valid; every fault is listed.
    #[error("{}", .0.first().map_or_else(|| "the input is not valid".to_owned(), ToString::to_string))]
    Invalid(Vec<Violation>),
    /// The caller may not.
    #[error("{0}")]
    Denied(String),
    /// The credentials in the input are refused.
    #[error("{message}")]
    Unauthenticated {
        /// For the client, who is not told why.
        message: &'static str,
        /// For the audit log.
        attempted: Box<Attempted>,
    },
    /// Too many attempts; later it may succeed.
    #[error("{message}")]
    TooMany {
        /// For the client.
        message: String,
        /// Seconds to wait.
        seconds: u64,
        /// For the audit log.
        attempted: Box<Attempted>,
    },
    /// The instance that the operation is bound to does not exist.
    #[error("there is no such resource")]
    NotFound,
    /// What the input names does not exist.
    #[error("{0}")]
    Missing(Box<Violation>),
    /// The model allows what the input asks for, but nothing here can do it.
    #[error("{0}")]
    Unsupported(Box<Violation>),
    /// The model has the operation, but nothing here does it.
    #[error("nothing here implements this operation")]
    NotImplemented,
    /// It cannot be done now; later it may.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of the program; the text is for the log, not for the caller.
    #[error("{0}")]
    Internal(String),
    /// The commit that it needed failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl ActionContext {
    /// Key values of the entry that the operation is bound to.
    pub fn keys(&self) -> &[Value] {
        self.path.keys()
    }

    /// The entry or container that the operation is bound to.
    ///
    /// # Errors
    /// [`ActionError::NotFound`].
    pub fn entry(&self) -> Result<&Arc<Container>, ActionError> {
        self.snapshot.entry(&self.tenant, &self.path).ok_or(ActionError::NotFound)
    }

    /// The caller.
    ///
    /// # Errors
    /// [`ActionError::Denied`] when there is none.
    pub fn caller(&self) -> Result<&Arc<Caller>, ActionError> {
        self.caller.as_ref().ok_or_else(|| ActionError::Denied("a token is needed".to_owned()))
    }

    /// The container or entry at any path of the tenant as a struct.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when it does not exist, [`ActionError::Internal`] when the struct does not fit.
    pub fn get<T: DeserializeOwned>(&self, path: &InstancePath) -> Result<T, ActionError> {
        self.snapshot
            .get(&self.tenant, path)
            .map_err(|error| ActionError::Internal(error.to_string()))?
            .ok_or(ActionError::NotFound)
    }
}

impl Engine {
    /// Whether anything here does an operation.
    pub fn implements(&self, operation: NodeId) -> bool {
        self.core().bindings.actions.contains_key(&operation)
    }

    /// Runs an operation.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn invoke(&self, call: ActionCall) -> Result<Option<Output>, ActionError> {
        let schema = self.schema();
        let operation = call.path.target();
        let snapshot = self.snapshot();
        let tenant = snapshot.tenant(&call.tenant).ok_or(ActionError::NotFound)?;
        let bound_to = call.path.parent().unwrap_or_default();
        let exists = match schema.node(bound_to.target()).kind {
            NodeKind::List { .. } => tenant.tree.entry(&bound_to).is_some(),
            _ => self.core().surrounded(&tenant.tree, &bound_to),
        };
        if !exists {
            return Err(ActionError::NotFound);
        }
        let children = &schema.node(operation).schema_children;
        let child = |wanted: fn(&NodeKind) -> bool| {
            children.iter().copied().find(|child| wanted(&schema.node(*child).kind))
        };
        let input_node = child(|kind| matches!(kind, NodeKind::Input)).unwrap_or(operation);
        let input = call.input.unwrap_or_else(|| Arc::new(Container::new(input_node)));
        let faults = validate_input(schema, &tenant.tree, &tenant.index, &call.path, &input);
        if !faults.is_empty() {
            return Err(ActionError::Invalid(faults));
        }
        // Only now: what is wrong with a call is wrong whoever implements it.
        let handler = self.core().bindings.actions.get(&operation).ok_or(ActionError::NotImplemented)?;
        let invocation = Invocation { input, output: child(|kind| matches!(kind, NodeKind::Output)) };
        let context = ActionContext {
            snapshot,
            path: bound_to,
            caller: call.caller,
            made: call.made,
            validate_only: call.validate_only,
            ..self.context(call.tenant, call.client)
        };
        handler(context, invocation).await
    }

    /// What a handler works with at the root of a tenant's tree, for somebody who is not known yet.
    pub fn context(&self, tenant: Ident, client: Arc<ClientInfo>) -> ActionContext {
        let settings = &self.core().settings;
        ActionContext {
            engine: self.clone(),
            snapshot: self.snapshot(),
            tenant,
            path: InstancePath::root(),
            caller: None,
            client,
            now: self.clock().now(),
            validate_only: false,
            public_url: Arc::clone(&settings.public_url),
            site: settings.site.clone(),
            made: Made::default(),
        }
    }
}
