//! The compiled policies of a tenant by name, and the authority that a set of names comes to.

use std::sync::Arc;

use smallvec::SmallVec;

use super::acl::{self, Acl, AclRequest, AclVerdict, Capability, Lookup};
use super::compile::{self, CompiledPolicy, NameIndex};
use super::policy::{self, Policy, ROOT};
use crate::base::hashed::HashMap;
use crate::base::ident::Ident;
use crate::data::tree::{Container, List};

/// Every policy of a tenant, the built-in ones included.
#[derive(Clone, Debug, Default)]
pub struct PolicyBook {
    by_name: HashMap<Ident, Arc<CompiledPolicy>>,
    /// The entries that the policies were compiled from.
    sources: HashMap<Ident, Arc<Container>>,
}

impl PolicyBook {
    /// A book with the built-in policies only.
    pub fn built_in(names: &NameIndex) -> Self {
        let built_in = compile::built_in(names);
        let by_name = built_in.into_iter().map(|policy| (policy.name.clone(), policy)).collect();
        PolicyBook { by_name, sources: HashMap::default() }
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

    /// The built-in policies and those of a list in the data. What `before` has of the same entry is taken from there;
    /// `read` makes a policy of any other. An entry that it cannot read, which the model rules out, grants nothing.
    pub fn of_list(
        before: Option<&PolicyBook>,
        list: Option<&List>,
        names: &NameIndex,
        read: impl Fn(&Arc<Container>) -> Option<Policy>,
    ) -> Self {
        let mut book = match before {
            Some(before) => before.only_built_in(),
            None => PolicyBook::built_in(names),
        };
        for entry in list.into_iter().flat_map(List::iter) {
            let Some(name) = entry.key_values(1).next().map(|key| Ident::from(key.to_string())) else {
                continue;
            };
            let known = before.and_then(|before| {
                let source = before.sources.get(&name)?;
                Arc::ptr_eq(source, entry).then(|| before.by_name.get(&name))?
            });
            let compiled = match known {
                Some(known) => Arc::clone(known),
                None => match read(entry) {
                    Some(policy) => Arc::new(CompiledPolicy::compile(&policy, names)),
                    None => continue,
                },
            };
            book.sources.insert(name.clone(), Arc::clone(entry));
            book.by_name.entry(name).or_insert(compiled);
        }
        book
    }

    fn only_built_in(&self) -> Self {
        let names = policy::built_in().map(|policy| policy.name);
        let by_name = names.into_iter().filter_map(|name| Some((name.clone(), Arc::clone(self.get(&name)?))));
        PolicyBook { by_name: by_name.collect(), sources: HashMap::default() }
    }

    /// The policy of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<CompiledPolicy>> {
        self.by_name.get(name)
    }

    /// The policy of that name as it was written.
    pub fn source(&self, name: &str) -> Option<&Policy> {
        self.by_name.get(name).map(|policy| &policy.source)
    }

    /// What these names allow. A name without a policy grants nothing.
    pub fn authority<'n>(&self, names: impl IntoIterator<Item = &'n Ident>) -> Authority {
        Authority { policies: self.all_of(names), limits: None }
    }

    fn all_of<'n>(&self, names: impl IntoIterator<Item = &'n Ident>) -> Few {
        names.into_iter().filter_map(|name| self.by_name.get(name)).cloned().collect()
    }
}

/// Most callers have one policy of their own and what comes with everybody's.
type Few = SmallVec<[Arc<CompiledPolicy>; 2]>;

/// The policies of a caller, and those that bound everybody in its tenant.
#[derive(Clone, Debug)]
pub struct Authority {
    pub(super) policies: Few,
    /// `None`: no limits. An empty list of limits would allow nothing.
    pub(super) limits: Option<Few>,
}

/// What one policy allows.
impl From<Arc<CompiledPolicy>> for Authority {
    fn from(policy: Arc<CompiledPolicy>) -> Self {
        Authority { policies: Few::from_iter([policy]), limits: None }
    }
}

impl Authority {
    /// Whether it is made of the same policies.
    pub fn is_same(&self, other: &Authority) -> bool {
        let same = |ours: &[Arc<CompiledPolicy>], theirs: &[Arc<CompiledPolicy>]| {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, two)| Arc::ptr_eq(one, two))
        };
        same(&self.policies, &other.policies)
            && match (&self.limits, &other.limits) {
                (Some(ours), Some(theirs)) => same(ours, theirs),
                (ours, theirs) => ours.is_none() && theirs.is_none(),
            }
    }

    /// What the rules over paths say of a request; `lookup` finds what is known of the caller. Who holds `root` may do
    /// everything.
    pub fn judge(&self, request: &AclRequest<'_>, lookup: Lookup<'_>) -> AclVerdict {
        if self.is_root() {
            return AclVerdict::Allow;
        }
        acl::decide(&self.acls(), request, lookup)
    }

    /// The capabilities that the rules over paths give on a path, as words.
    pub fn capabilities(&self, path: &str, lookup: Lookup<'_>) -> Vec<&'static str> {
        if self.is_root() {
            return vec![ROOT];
        }
        let found = acl::capabilities(&self.acls(), path, lookup);
        let denied = found.has(Capability::Deny) || found.iter().next().is_none();
        if denied { vec![Capability::Deny.as_str()] } else { found.iter().map(Capability::as_str).collect() }
    }

    /// Whether `root` is among the policies.
    pub fn is_root(&self) -> bool {
        self.policies.iter().any(|policy| policy.name == *ROOT)
    }

    /// The rules over paths of all policies.
    pub fn acls(&self) -> Vec<&Acl> {
        self.policies.iter().map(|policy| &policy.acl).collect()
    }

    /// This authority, and what one more policy allows.
    #[must_use]
    pub fn and(mut self, policy: Arc<CompiledPolicy>) -> Self {
        self.policies.push(policy);
        self
    }

    /// This authority within limits: what the policies `names` of `book` (the system tenant's) do not allow is refused.
    #[must_use]
    pub fn within(self, book: &PolicyBook, names: &[Ident]) -> Self {
        Authority { limits: Some(book.all_of(names)), ..self }
    }
}
