//! Identities: entities, what they are called where they log in, and groups of them.
//!
//! [`admit`] is what every log in does to them; `actions` is what administrators ask for besides writing entries; `rules`
//! is what the model cannot say; `state` is what is worked out when an entry is read. What follows for a decision is
//! [`crate::access::identity`]'s business.

mod actions;
pub mod admit;
mod rules;
mod state;

use std::sync::Arc;

use crate::access::Access;
use crate::engine::Registry;

pub use admit::{Admission, admit};

/// The service.
#[derive(Debug)]
pub struct Identity {
    access: Arc<Access>,
}

impl Identity {
    /// The service over these identities.
    pub fn new(access: Arc<Access>) -> Arc<Self> {
        Arc::new(Identity { access })
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        rules::register(registry, self.access.policies.identities().model());
        state::register(registry, &self.access);
        let path = |action: &str| format!("/strongbox/identity/{action}");
        let service = Arc::clone(self);
        registry.action(&path("lookup-entity"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.lookup_entity(&context, &input) }
        });
        let service = Arc::clone(self);
        registry.action(&path("lookup-entity-alias"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.lookup_alias(&context, &input) }
        });
        let service = Arc::clone(self);
        registry.action(&path("lookup-group-alias"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.lookup_group_alias(&context, &input) }
        });
        let service = Arc::clone(self);
        registry.action(&path("lookup-group"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.lookup_group(&context, &input) }
        });
        let service = Arc::clone(self);
        registry.action(&path("delete-entities"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.delete_entities(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action(&path("delete-groups"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.delete_groups(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action(&path("merge-entities"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.merge_entities(context, input).await }
        });
    }
}
