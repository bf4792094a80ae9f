//! The one neutral request that all dialects share: what a method, a path and a body ask for, without a word of HTTP.

use std::sync::Arc;

use super::commit::Precondition;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::data::tree::Container;

/// Which tree is meant (RFC 8342).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Datastore {
    /// Intended configuration.
    Config,
    /// What is in use: configuration, defaults, and all state.
    State,
    /// Configuration as the caller prepares it; as long as it does not, what is running.
    Candidate,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Read a resource. What of it is shown, and how, is between the dialect and the reader.
    Read {
        /// Which tree.
        datastore: Datastore,
        /// The resource.
        target: InstancePath,
    },
    /// Change configuration.
    Write {
        /// What kind of request it is: decides which policy operation each edit needs.
        kind: WriteKind,
        /// The resource that the request names; the root for a transaction.
        target: InstancePath,
        /// In order.
        edits: Vec<Edit>,
        /// Must all hold.
        preconditions: Vec<Precondition>,
        /// Everything short of doing it.
        validate_only: bool,
        /// What else is asked for.
        options: WriteOptions,
    },
    /// Run an action or rpc.
    Invoke {
        /// The operation's node, with the instance that it is bound to.
        target: InstancePath,
        /// Its input; `None` when there was no body.
        input: Option<Arc<Container>>,
        /// Everything short of doing it.
        validate_only: bool,
    },
}

/// What kind of write a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// The target must not exist.
    Create,
    /// Create or replace.
    Put,
    /// Change what exists.
    Patch,
    /// Take away.
    Delete,
    /// Several edits, all or nothing; each is what its own operation says.
    Transaction,
}

/// What a write is besides its edits. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Why it is made, for people to read.
    pub comment: Option<String>,
    /// It is undone unless it is confirmed in time.
    pub confirmed: Option<Confirmed>,
    /// It goes into what the caller prepares, not into what is running.
    pub candidate: bool,
}

/// How a commit is to be confirmed (RFC 6241 section 8.4.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// In how many seconds.
    pub timeout: u32,
    /// By what others may confirm it too.
    pub persist: Option<String>,
    /// What the commit that waits already was given as `persist`, where somebody else extends it.
    pub persist_id: Option<String>,
}

impl Confirmed {
    /// The timeout of who does not say one, in seconds.
    pub const TIMEOUT: u32 = 600;
}
