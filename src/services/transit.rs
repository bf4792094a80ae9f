//! Transit keys: key material that is made, used and retired here and does not leave.
//!
//! The material is stored state of the key's entry, behind the store's seal; it is parsed when it is first used and kept as
//! long as the entry stays as it is. Never here: what a signature is for.

pub mod model;
pub mod keyring;
pub mod version;
pub mod rules;
mod actions;
pub mod rotation;

use std::sync::Arc;

use crate::base::ident::Ident;
use crate::data::deserialize::{DeserializeError, from_data};
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{Derived, Registry};
use crate::yang::schema::{Schema, Value};
use keyring::Keyring;
use version::{KEYS, Nodes};

/// How many keys are kept parsed.
const KEPT: usize = 65_536;

/// The service.
pub struct Transit {
    nodes: Nodes,
    /// The list of keys in a tenant's tree.
    list: InstancePath,
    keyrings: Keyrings,
}

/// Parsed keys by tenant and name, shared by everyone who signs.
#[derive(Clone)]
pub struct Keyrings(Arc<Derived<(Ident, Value), Keyring>>);

impl Keyrings {
    /// The keyring of a key's entry.
    ///
    /// # Errors
    /// When the entry does not fit the model.
    pub fn get(
        &self,
        schema: &Schema,
        tenant: &Ident,
        entry: &Arc<Container>,
    ) -> Result<Arc<Keyring>, DeserializeError> {
        let name = entry.key_values(1).next().cloned().unwrap_or(Value::Empty);
        self.0.get(&(tenant.clone(), name), &[entry], || from_data(schema, entry).map(Keyring::new))
    }
}

impl Transit {
    /// The service over a model; `None` for a model without transit keys.
    pub fn new(schema: &Schema) -> Option<Arc<Self>> {
        let nodes = Nodes::find(schema)?;
        let list = InstancePath::root().child(schema.node(nodes.keys).parent).child(nodes.keys);
        Some(Arc::new(Transit { nodes, list, keyrings: Keyrings(Arc::new(Derived::new(KEPT))) }))
    }

    /// The parsed keys, for services that sign with them.
    pub fn keyrings(&self) -> &Keyrings {
        &self.keyrings
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.prepare(KEYS, Arc::new(rules::FirstVersion(self.nodes)));
        let nodes = self.nodes;
        registry.guard(KEYS, move |context| rules::guard(&nodes, context));
        let path = |action: &str| format!("{KEYS}/{action}");
        let service = Arc::clone(self);
        registry.action(&path("rotate"), move |context, ()| {
            let service = Arc::clone(&service);
            async move { service.rotate(context).await }
        });
        let service = Arc::clone(self);
        registry.action(&path("import"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.import(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action(&path("trim"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.trim(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action(&path("sign"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.sign(&context, &input) }
        });
        let service = Arc::clone(self);
        registry.action(&path("verify"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.verify(&context, &input) }
        });
    }
}
