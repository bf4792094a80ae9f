//! The datastore: immutable snapshots, one commit pipeline, change subscriptions, and how behaviour hangs on the model.
//!
//! Never here: HTTP, a policy, a path of the product's own model. What a node means is declared in the model or registered
//! by a service.

pub mod caller;
pub mod derived;
pub mod facts;
pub mod modified;
pub mod password;

pub use caller::{Caller, ClientInfo};
pub use derived::Derived;
