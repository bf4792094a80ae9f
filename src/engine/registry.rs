//! How services hang on the model: action handlers, state providers, preparations and guards, each by schema path.
//!
//! A path that the model does not have is an error when the engine starts, not when somebody calls.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::action::{ActionContext, ActionError, Invocation};
use super::notification::Announce;
use super::operational::StateProvider;
use super::output::Output;
use super::touched::Attached;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Tree};
use crate::data::violation::Violation;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// A future that can be kept and sent.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

type Handler =
    Arc<dyn Fn(ActionContext, Invocation) -> BoxFuture<Result<Option<Output>, ActionError>> + Send + Sync>;

/// A rule on transitions, and what YANG cannot say. Called for every instance of the guarded node that a transaction
/// touches; what it returns is listed with all other violations.
pub type Guard = Arc<dyn Fn(&GuardContext<'_>) -> Vec<Violation> + Send + Sync>;

/// What a guard looks at.
pub struct GuardContext<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// Whose tree it is.
    pub tenant: &'a Ident,
    /// The whole tree before the transaction.
    pub before: &'a Tree,
    /// The whole tree after it.
    pub after: &'a Tree,
    /// The instance.
    pub path: &'a InstancePath,
    /// It before; `None` when it is created.
    pub entry_before: Option<&'a Arc<Container>>,
    /// It after; `None` when it is deleted.
    pub entry_after: Option<&'a Arc<Container>>,
}

/// Adds to a transaction what must come with it, such as the key material of a new key.
pub trait Prepare: Send + Sync {
    /// Further edits, at or below the instance, or of what it refers to. May take its time: it runs before the transaction has its turn, on a thread
    /// for such work; only when others changed the same instance meanwhile does it run again inside.
    ///
    /// # Errors
    /// Why the transaction cannot be made.
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>>;

    /// What goes with an instance that a transaction deletes. Runs inside of the transaction: nothing can come meanwhile.
    ///
    /// # Errors
    /// Why the transaction cannot be made.
    fn depart(&self, _departure: &Departure<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        Ok(Vec::new())
    }
}

/// An instance that a transaction deletes.
pub struct Departure<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// Where it was.
    pub path: &'a InstancePath,
    /// The whole tree after the transaction, as far as it is prepared.
    pub tree: &'a Tree,
}

/// What a preparation looks at: an instance that a transaction creates or changes.
pub struct PrepareContext<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// Whose tree it is.
    pub tenant: &'a Ident,
    /// The time of the transaction.
    pub now: Timestamp,
    /// The instance.
    pub path: &'a InstancePath,
    /// It before; `None` when it is created.
    pub before: Option<&'a Arc<Container>>,
    /// It after.
    pub after: &'a Arc<Container>,
    /// The whole tree after the transaction, as far as it is prepared.
    pub tree: &'a Tree,
}

/// What services registered.
#[derive(Default)]
pub struct Registry {
    actions: Vec<(String, Handler)>,
    states: Vec<(String, Arc<dyn StateProvider>)>,
    preparations: Vec<(String, Arc<dyn Prepare>)>,
    guards: Vec<(String, Guard)>,
    announcers: Vec<Arc<dyn Announce>>,
    tenants: Option<String>,
    content_id: Option<String>,
}

/// A path in a registration that does not fit the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is registered at '{path}', which the model does not have as {expected}")]
pub struct RegistryError {
    /// What was registered.
    pub what: &'static str,
    /// The path given.
    pub path: String,
    /// What should be there.
    pub expected: &'static str,
}

impl Registry {
    /// An empty one.
    pub fn new() -> Self {
        Registry::default()
    }

    /// Handles an action or rpc. The input arrives as a struct, with defaults filled in, after it was validated; an action
    /// without input or output uses `()`.
    pub fn action<I, O, F, R>(&mut self, path: &str, handler: F)
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(ActionContext, I) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, ActionError>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let erased: Handler = Arc::new(move |context: ActionContext, invocation: Invocation| {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let schema = Arc::clone(context.engine.schema());
                let input: I = from_data(&schema, &invocation.input)
                    .map_err(|error| ActionError::Internal(format!("the input does not fit: {error}")))?;
                let output = handler(context, input).await?;
                let says_something = |node: &NodeId| !schema.children(*node).is_empty();
                let node = invocation.output.filter(says_something);
                Ok(node.map(|node| Output::new(schema, node, output)))
            })
        });
        self.actions.push((path.to_owned(), erased));
    }

    /// Provides state: a leaf, leaf-list, container or list, with everything below it. The model says `computed` of it where it
    /// is the product's own; of standard modules this alone makes it so.
    pub fn state(&mut self, path: &str, provider: Arc<dyn StateProvider>) {
        self.states.push((path.to_owned(), provider));
    }

    /// Prepares instances of a list or container that a transaction creates or changes.
    pub fn prepare(&mut self, path: &str, hook: Arc<dyn Prepare>) {
        self.preparations.push((path.to_owned(), hook));
    }

    /// Guards instances of a list or container.
    pub fn guard(
        &mut self,
        path: &str,
        guard: impl Fn(&GuardContext<'_>) -> Vec<Violation> + Send + Sync + 'static,
    ) {
        self.guards.push((path.to_owned(), Arc::new(guard)));
    }

    /// Tells of transactions.
    pub fn announce(&mut self, announcer: Arc<dyn Announce>) {
        self.announcers.push(announcer);
    }

    /// Names the list whose entries in the system tenant are the other tenants; its one key is the tenant's name.
    pub fn tenants(&mut self, path: &str) {
        self.tenants = Some(path.to_owned());
    }

    /// Names the leaf in which the system tenant keeps the content-id of the modules that the data was stored with. At a
    /// start with other modules, all data is held against them.
    pub fn content_id(&mut self, path: &str) {
        self.content_id = Some(path.to_owned());
    }

    pub(super) fn bind(self, schema: &Schema) -> Result<Bindings, RegistryError> {
        let mut actions = HashMap::new();
        for (path, handler) in self.actions {
            let node = find(schema, "an action handler", &path, "an action or rpc", |kind| {
                matches!(kind, NodeKind::Action | NodeKind::Rpc)
            })?;
            actions.insert(node, handler);
        }
        let mut states = HashMap::new();
        for (path, provider) in self.states {
            let node = find(schema, "a state provider", &path, "state", |_| true)?;
            if schema.node(node).config || schema.node(node).extensions.stored {
                return Err(RegistryError {
                    what: "a state provider",
                    path,
                    expected: "state that is not stored",
                });
            }
            states.insert(node, provider);
        }
        let inner = |kind: &NodeKind| matches!(kind, NodeKind::List { .. } | NodeKind::Container { .. });
        let mut preparations = Vec::new();
        for (path, hook) in self.preparations {
            preparations.push((find(schema, "a preparation", &path, "a list or container", inner)?, hook));
        }
        let mut guards = Vec::new();
        for (path, guard) in self.guards {
            guards.push((find(schema, "a guard", &path, "a list or container", inner)?, guard));
        }
        let tenants = match self.tenants {
            None => None,
            Some(path) => Some(find(
                schema,
                "the list of tenants",
                &path,
                "a list with one key",
                |kind| matches!(kind, NodeKind::List { keys, .. } if keys.len() == 1),
            )?),
        };
        let leaf = |kind: &NodeKind| matches!(kind, NodeKind::Leaf { .. });
        let content_id = self
            .content_id
            .map(|path| find(schema, "the content-id of the modules", &path, "a leaf", leaf))
            .transpose()?;
        Ok(Bindings {
            content_id,
            actions,
            states,
            preparations: Attached::new(schema, preparations),
            guards: Attached::new(schema, guards),
            announcers: self.announcers,
            tenants,
        })
    }
}

fn find(
    schema: &Schema,
    what: &'static str,
    path: &str,
    expected: &'static str,
    fits: impl Fn(&NodeKind) -> bool,
) -> Result<NodeId, RegistryError> {
    schema.find(path).filter(|node| fits(&schema.node(*node).kind)).ok_or_else(|| RegistryError {
        what,
        path: path.to_owned(),
        expected,
    })
}

/// Registrations by schema node.
pub(super) struct Bindings {
    pub actions: HashMap<NodeId, Handler>,
    pub states: HashMap<NodeId, Arc<dyn StateProvider>>,
    pub preparations: Attached<Arc<dyn Prepare>>,
    pub guards: Attached<Guard>,
    pub announcers: Vec<Arc<dyn Announce>>,
    pub tenants: Option<NodeId>,
    pub content_id: Option<NodeId>,
}
