//! What is worked out when an entity, an alias or a group is read: in which groups it is, what it may, when it was changed.

use std::sync::Arc;

use super::actions::AliasKeys;
use crate::access::Access;
use crate::access::identity::directory::Directory;
use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::tree::{Container, Data};
use crate::engine::{Registry, StateContext, StateError, StateProvider};
use crate::yang::schema::Value;

const TOP: &str = "/strongbox/identity";

/// Hangs the providers on the model.
pub(super) fn register(registry: &mut Registry, access: &Arc<Access>) {
    let lists: [(&str, What); 9] = [
        ("entities/aliases", What::Aliases(|directory, id| directory.aliases_of(id))),
        ("groups/aliases", What::Aliases(|directory, id| directory.alias_of_group(id).into_iter().collect())),
        ("entities/merged-ids", What::Names(|directory, id| directory.merged_into(id))),
        ("entities/direct-groups", What::Names(|directory, id| into_vec(directory.groups_of(id).direct))),
        (
            "entities/inherited-groups",
            What::Names(|directory, id| into_vec(directory.groups_of(id).inherited)),
        ),
        ("entities/identity-policies", What::Policies),
        ("groups/parent-groups", What::Names(|directory, id| directory.parents_of(id))),
        ("groups/external-members", What::Names(|directory, id| directory.external_members(id))),
        ("entities/last-update-time", What::LastUpdate),
    ];
    let times = ["entity-aliases", "groups", "group-aliases"];
    let times = times.map(|list| (format!("{list}/last-update-time"), What::LastUpdate));
    let lists = lists.into_iter().map(|(path, what)| (path.to_owned(), what)).chain(times);
    for (path, what) in lists {
        let provider = Provider { access: Arc::clone(access), what };
        registry.state(&format!("{TOP}/{path}"), Arc::new(provider));
    }
}

fn into_vec(names: std::collections::BTreeSet<Ident>) -> Vec<Ident> {
    names.into_iter().collect()
}

struct Provider {
    access: Arc<Access>,
    what: What,
}

/// What is to be worked out of the entry with an id.
#[derive(Clone, Copy)]
enum What {
    /// Some ids.
    Names(fn(&Directory<'_>, &str) -> Vec<Ident>),
    /// Some aliases.
    Aliases(for<'a> fn(&Directory<'a>, &str) -> Vec<&'a Arc<Container>>),
    /// The policies of an entity and of its groups, also of one that is disabled and may nothing.
    Policies,
    /// The time of the last change.
    LastUpdate,
}

impl StateProvider for Provider {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let names = match self.what {
            What::LastUpdate => {
                let time = context.snapshot.modified(context.tenant, context.path).rfc3339();
                return Ok(Some(Data::Leaf(Value::string(time))));
            }
            What::Aliases(find) => {
                let identities = self.access.policies.identities();
                let directory = identities.directory(context.snapshot, context.tenant);
                let id = context.path.keys().first().map(ToString::to_string).unwrap_or_default();
                let found = directory.map(|directory| find(&directory, &id)).unwrap_or_default();
                let keys: Vec<AliasKeys> = found.into_iter().map(|alias| AliasKeys::of(alias)).collect();
                if keys.is_empty() {
                    return Ok(None);
                }
                return from_serde(context.engine.schema(), context.node, &keys).map(Some).map_err(|_| {
                    let reason = "an alias does not fit the model".to_owned();
                    StateError { path: context.path.to_v1(context.engine.schema()), reason }
                });
            }
            What::Names(find) => {
                let identities = self.access.policies.identities();
                let directory = identities.directory(context.snapshot, context.tenant);
                let id = context.path.keys().first().map(ToString::to_string).unwrap_or_default();
                directory.map(|directory| find(&directory, &id)).unwrap_or_default()
            }
            What::Policies => {
                let id = context.path.keys().first().map(ToString::to_string).unwrap_or_default();
                let identities = self.access.policies.identities();
                let standing = identities.standing(context.snapshot, context.tenant, &Ident::from(id));
                standing.policies.clone()
            }
        };
        if names.is_empty() {
            return Ok(None);
        }
        Ok(Some(Data::LeafList(names.iter().map(|name| Value::string(name.as_str())).collect())))
    }
}
