//! The compiled policies of a tenant by name, and the authority that a set of names comes to.

use std::collections::HashMap;
use std::sync::Arc;

use super::compile::{self, CompiledPolicy, NameIndex};
use super::policy::Policy;
use crate::base::ident::Ident;

/// Every policy of a tenant, the built-in ones included.
#[derive(Clone, Debug, Default)]
pub struct PolicyBook {
    by_name: HashMap<Ident, Arc<CompiledPolicy>>,
}

impl PolicyBook {
    /// A book with the built-in policies only.
    pub fn built_in(names: &NameIndex) -> Self {
        let built_in = compile::built_in(names);
        PolicyBook { by_name: built_in.into_iter().map(|policy| (policy.name.clone(), policy)).collect() }
    }

    /// The built-in policies and these. A policy cannot take the name of a built-in one.
    pub fn new<'a>(policies: impl IntoIterator<Item = &'a Policy>, names: &NameIndex) -> Self {
        let mut book = PolicyBook::built_in(names);
        for policy in policies {
            book.by_name
                .entry(policy.name.clone())
                .or_insert_with(|| Arc::new(CompiledPolicy::compile(policy, names)));
        }
        book
    }

    /// The policy of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<CompiledPolicy>> {
        self.by_name.get(name)
    }

    /// What these names allow. A name without a policy grants nothing.
    pub fn authority(&self, names: &[Ident]) -> Authority {
        Authority { policies: self.all_of(names), limits: None }
    }

    fn all_of(&self, names: &[Ident]) -> Arc<[Arc<CompiledPolicy>]> {
        names.iter().filter_map(|name| self.by_name.get(name)).cloned().collect()
    }
}

/// The policies of a caller, and those that bound everybody in its tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authority {
    pub(super) policies: Arc<[Arc<CompiledPolicy>]>,
    /// `None`: no limits. An empty list of limits would allow nothing.
    pub(super) limits: Option<Arc<[Arc<CompiledPolicy>]>>,
}

impl Authority {
    /// This authority within limits: what the policies `names` of `book` (the system tenant's) do not allow is refused.
    #[must_use]
    pub fn within(self, book: &PolicyBook, names: &[Ident]) -> Self {
        Authority { limits: Some(book.all_of(names)), ..self }
    }
}
