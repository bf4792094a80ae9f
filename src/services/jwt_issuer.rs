//! JWT issuers: who may put what into a token, the action that mints one, and the documents by which the world checks it.
//!
//! From the inside out: `glob`, `template` and `claims` judge single values, `rules` holds a request against a role,
//! `mint` turns what passes into a token, `discovery` publishes keys; `service` ties them to the model.

pub mod glob;
pub mod template;
pub mod claims;
pub mod model;
pub mod rules;
pub mod mint;
pub mod discovery;
pub mod service;
mod guard;

use std::sync::Arc;

use crate::engine::Registry;
use crate::yang::schema::Schema;
use service::ISSUERS;
pub use service::{DocumentKind, JwtIssuers};

impl JwtIssuers {
    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry, schema: &Schema) {
        let roles = format!("{ISSUERS}/roles");
        let service = Arc::clone(self);
        registry.action(&format!("{roles}/mint"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.mint(&context, &input) }
        });
        if let Some(nodes) = schema.find(&roles).and_then(|node| guard::Nodes::find(schema, node)) {
            registry.guard(&roles, move |context| guard::guard(&nodes, context));
        }
    }
}
