//! What the distribution of an entry comes to, once `inherit` was followed to the entries above it.
//!
//! Not for carrying entries to sites: this only says where they belong.

use std::sync::Arc;

use crate::base::hashed::HashMap;
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
    let provider: Arc<dyn StateProvider> = Arc::new(Status::new(schema));
    for (id, node) in schema.nodes() {
        if node.extensions.computed && node.name == STATUS {
            registry.state(&schema.path(id), Arc::clone(&provider));
        }
    }
}

/// What an entry says of its distribution.
const SAID: &str = "distribute";

/// What it comes to.
const STATUS: &str = "distribution-status";

/// A container of the model that holds a distribution, and its members.
#[derive(Clone, Copy)]
struct Place {
    container: NodeId,
    to: Option<NodeId>,
    sites: Option<NodeId>,
    deployments: Option<NodeId>,
}

impl Place {
    fn of(schema: &Schema, container: NodeId) -> Self {
        let [to, sites, deployments] =
            ["to", "sites", "deployments"].map(|name| schema.own_child(container, name));
        Place { container, to, sites, deployments }
    }
}

struct Status {
    /// By the node of the entry.
    said: HashMap<NodeId, Place>,
    /// By the node of the container itself.
    status: HashMap<NodeId, Place>,
}

impl Status {
    fn new(schema: &Schema) -> Self {
        let places = |name: &'static str| {
            let found = schema.nodes().filter(move |(_, node)| node.name == name);
            found.map(|(id, node)| (node.parent, Place::of(schema, id)))
        };
        // Where modules of a user have such a name beside ours, ours it is.
        let own = |(parent, place): &(NodeId, Place)| {
            schema.own_child(*parent, &schema.node(place.container).name) == Some(place.container)
        };
        let status = places(STATUS).map(|(_, place)| (place.container, place));
        Status { said: places(SAID).filter(own).collect(), status: status.collect() }
    }

    /// What an entry says of its distribution, with the default in use; `None` where the model gives it no say.
    fn said<'a>(&self, schema: &'a Schema, entry: &'a Container) -> Option<Distribution<'a>> {
        let place = self.said.get(&entry.node)?;
        let default = || match default_of(schema, place.to?)? {
            DefaultValue::Leaf(value) => Some(value),
            DefaultValue::LeafList(_) => None,
        };
        let Some(container) = entry.container(place.container) else {
            return Some(Distribution { to: default(), ..Distribution::default() });
        };
        let values = |leaf: Option<NodeId>| leaf.map_or(&[][..], |leaf| container.leaf_list(leaf));
        let to = place.to.and_then(|leaf| container.leaf(leaf)).or_else(default);
        Some(Distribution { to, sites: values(place.sites), deployments: values(place.deployments) })
    }
}

impl StateProvider for Status {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let Some(place) = self.status.get(&context.node) else { return Ok(None) };
        let schema = context.snapshot.schema();
        let parents = || std::iter::successors(context.path.parent(), |path| path.parent());
        // Most entries decide for themselves, and then the paths of those above are not even made.
        let above = std::iter::once_with(parents).flatten();
        let above = above.filter_map(|path| context.snapshot.entry(context.tenant, &path).map(AsRef::as_ref));
        let chain = std::iter::once(context.entry).chain(above);
        let effective = effective(chain.filter_map(|entry| self.said(schema, entry)));
        Ok(Some(Data::Container(Arc::new(status(place, effective)))))
    }
}

/// The container `distribution-status`.
fn status(place: &Place, effective: Option<Distribution<'_>>) -> Container {
    let Distribution { to, sites, deployments } = effective.unwrap_or_default();
    let list = |values: &[Value]| (!values.is_empty()).then(|| Data::LeafList(values.into()));
    let lists = [place.sites.zip(list(sites)), place.deployments.zip(list(deployments))];
    let members = match (lists, place.to) {
        // Most are this; more room than for one would be given back at once.
        ([None, None], Some(leaf)) => {
            let to = to.cloned().unwrap_or_else(|| Value::Enum("none".into()));
            vec![(leaf, Data::Leaf(to))]
        }
        (lists, _) => lists.into_iter().flatten().collect(),
    };
    Container::with_children(place.container, members)
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
