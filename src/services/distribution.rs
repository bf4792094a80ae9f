//! What the distribution of an entry comes to, once `inherit` was followed to the entries above it.
//!
//! Not for carrying entries to sites: this only says where they belong.

use std::sync::Arc;

use crate::data::default::{DefaultValue, default_of};
use crate::data::tree::{Container, Data};
use crate::engine::{Registry, StateContext, StateError, StateProvider};
use crate::yang::schema::{NodeId, Schema, Value};

/// A distribution: the container `distribute` of an entry, or `distribution-status`, of whose members exactly one is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distribution<'a> {
    /// `all`, `none`, or `inherit`: as the entry above.
    pub to: Option<&'a Value>,
    /// To these sites.
    pub sites: &'a [Value],
    /// To the sites on which one of these deployments runs.
    pub deployments: &'a [Value],
}

/// The effective distribution of an entry, given its own word and that of the entries above it, nearest first; those behind the
/// one that decides are not asked for. One that says nothing inherits; where nobody says anything it is no site: `None`.
pub fn effective<'a>(entries: impl IntoIterator<Item = Distribution<'a>>) -> Option<Distribution<'a>> {
    entries.into_iter().find_map(|entry| {
        let nothing = Distribution::default();
        match entry {
            Distribution { sites, .. } if !sites.is_empty() => Some(Distribution { sites, ..nothing }),
            Distribution { deployments, .. } if !deployments.is_empty() => {
                Some(Distribution { deployments, ..nothing })
            }
            Distribution { to, .. } => {
                let said = to.filter(|to| to.as_str() != Some("inherit"));
                said.map(|to| Distribution { to: Some(to), ..nothing })
            }
        }
    })
}

/// Provides `distribution-status` wherever the model has it.
pub fn register(registry: &mut Registry, schema: &Schema) {
    let provider: Arc<dyn StateProvider> = Arc::new(Status);
    for (id, node) in schema.nodes() {
        if node.extensions.computed && node.name == "distribution-status" {
            registry.state(&schema.path(id), Arc::clone(&provider));
        }
    }
}

struct Status;

impl StateProvider for Status {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let schema = context.snapshot.schema();
        let parents = || std::iter::successors(context.path.parent(), |path| path.parent());
        // Most entries decide for themselves, and then the paths of those above are not even made.
        let above = std::iter::once_with(parents).flatten();
        let above = above.filter_map(|path| context.snapshot.entry(context.tenant, &path).map(AsRef::as_ref));
        let chain = std::iter::once(context.entry).chain(above);
        let effective = effective(chain.filter_map(|entry| said(schema, entry)));
        Ok(Some(Data::Container(Arc::new(status(schema, context.node, effective)))))
    }
}

/// What an entry says of its distribution, with the default in use; `None` where the model gives it no say.
fn said<'a>(schema: &'a Schema, entry: &'a Container) -> Option<Distribution<'a>> {
    let node = schema.own_child(entry.node, "distribute")?;
    let child = |name| schema.own_child(node, name);
    let default = || match default_of(schema, child("to")?)? {
        DefaultValue::Leaf(value) => Some(value),
        DefaultValue::LeafList(_) => None,
    };
    let Some(container) = entry.container(node) else {
        return Some(Distribution { to: default(), ..Distribution::default() });
    };
    let values = |name| child(name).map_or(&[][..], |leaf| container.leaf_list(leaf));
    let to = child("to").and_then(|leaf| container.leaf(leaf)).or_else(default);
    Some(Distribution { to, sites: values("sites"), deployments: values("deployments") })
}

/// The container `distribution-status`.
fn status(schema: &Schema, node: NodeId, effective: Option<Distribution<'_>>) -> Container {
    let Distribution { to, sites, deployments } = effective.unwrap_or_default();
    let list = |values: &[Value]| (!values.is_empty()).then(|| Data::LeafList(values.into()));
    let lists = [("sites", list(sites)), ("deployments", list(deployments))];
    let mut members: Vec<(NodeId, Data)> = Vec::new();
    for (name, data) in lists {
        members.extend(schema.own_child(node, name).zip(data));
    }
    if members.is_empty()
        && let Some(leaf) = schema.own_child(node, "to")
    {
        let to = to.cloned().unwrap_or_else(|| Value::Enum("none".into()));
        members.push((leaf, Data::Leaf(to)));
    }
    Container::with_children(node, members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(name: &str) -> Value {
        Value::Enum(name.into())
    }

    #[test]
    fn an_entry_decides_for_itself_unless_it_inherits() {
        let (all, none, inherit) = (to("all"), to("none"), to("inherit"));
        let (site, deployment) = ([Value::string("a")], [Value::string("d")]);
        let nothing = Distribution::default();
        let to = |value| Distribution { to: Some(value), ..nothing };
        let sites = Distribution { sites: &site, ..nothing };
        let deployments = Distribution { deployments: &deployment, ..nothing };
        assert_eq!(effective([to(&all), to(&none)]), Some(to(&all)));
        assert_eq!(effective([to(&none), to(&all)]), Some(to(&none)));
        assert_eq!(effective([to(&inherit), sites]), Some(sites));
        assert_eq!(effective([nothing, deployments]), Some(deployments));
        assert_eq!(effective([sites, to(&all)]), Some(sites));
    }

    #[test]
    fn where_nobody_says_anything_it_is_no_site() {
        let inherit = to("inherit");
        let inherits = Distribution { to: Some(&inherit), ..Distribution::default() };
        assert_eq!(effective([]), None);
        assert_eq!(effective([inherits, inherits]), None);
    }
}
