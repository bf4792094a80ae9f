//! What the distribution of an entry comes to, once `inherit` was followed to the entries above it.
//!
//! Not for carrying entries to sites: this only says where they belong.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::decode::from_serde;
use crate::data::deserialize::from_data;
use crate::data::tree::{Container, Data};
use crate::engine::{Registry, StateContext, StateError, StateProvider};
use crate::yang::schema::Schema;

/// The container `distribute` of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Distribute {
    /// Everywhere, nowhere, or as the entry above.
    pub to: Option<Target>,
    /// To these sites.
    pub sites: Vec<String>,
    /// To the sites on which one of these deployments runs.
    pub deployments: Vec<String>,
}

/// The leaf `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Every site.
    All,
    /// No site.
    None,
    /// As the entry above says.
    Inherit,
}

/// The container `distribution-status`. Exactly one of its members is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DistributionStatus {
    /// `all` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
    /// To these sites.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// To the sites on which one of these deployments runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<String>,
}

/// The effective distribution of an entry, given its own word and that of the entries above it, nearest first. One that
/// says nothing inherits; where nobody says anything it is no site.
pub fn effective<'a>(entries: impl IntoIterator<Item = &'a Distribute>) -> DistributionStatus {
    for entry in entries {
        if !entry.sites.is_empty() {
            return DistributionStatus { sites: entry.sites.clone(), ..DistributionStatus::default() };
        }
        if !entry.deployments.is_empty() {
            return DistributionStatus {
                deployments: entry.deployments.clone(),
                ..DistributionStatus::default()
            };
        }
        match entry.to {
            Some(Target::Inherit) | None => {}
            to => return DistributionStatus { to, ..DistributionStatus::default() },
        }
    }
    DistributionStatus { to: Some(Target::None), ..DistributionStatus::default() }
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
        let failed = |reason: String| StateError { path: schema.path(context.node), reason };
        let mut chain = vec![distribute(schema, context.entry).map_err(failed)?];
        let mut above = context.path.parent();
        while let Some(path) = above {
            if let Some(entry) = context.snapshot.entry(context.tenant, &path) {
                chain.push(distribute(schema, entry).map_err(failed)?);
            }
            above = path.parent();
        }
        from_serde(schema, context.node, &effective(chain.iter().flatten())).map(Some).map_err(|violations| {
            failed(violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })
    }
}

/// What an entry says of its distribution, with the defaults in use; `None` where the model gives it no say.
fn distribute(schema: &Schema, entry: &Container) -> Result<Option<Distribute>, String> {
    let Some(node) = schema.own_child(entry.node, "distribute") else { return Ok(None) };
    let nothing;
    let said = match entry.container(node) {
        Some(said) => said,
        None => {
            nothing = Arc::new(Container::new(node));
            &nothing
        }
    };
    from_data(schema, said).map(Some).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(target: Target) -> Distribute {
        Distribute { to: Some(target), ..Distribute::default() }
    }

    #[test]
    fn an_entry_decides_for_itself_unless_it_inherits() {
        let sites = Distribute { sites: vec!["a".to_owned()], ..Distribute::default() };
        let deployments = Distribute { deployments: vec!["d".to_owned()], ..Distribute::default() };
        let status = |entries: &[Distribute]| serde_json::to_value(effective(entries)).unwrap();
        assert_eq!(status(&[to(Target::All), to(Target::None)]), serde_json::json!({"to": "all"}));
        assert_eq!(status(&[to(Target::None), to(Target::All)]), serde_json::json!({"to": "none"}));
        assert_eq!(status(&[to(Target::Inherit), sites.clone()]), serde_json::json!({"sites": ["a"]}));
        assert_eq!(status(&[Distribute::default(), deployments]), serde_json::json!({"deployments": ["d"]}));
        assert_eq!(status(&[sites, to(Target::All)]), serde_json::json!({"sites": ["a"]}));
    }

    #[test]
    fn where_nobody_says_anything_it_is_no_site() {
        assert_eq!(effective(&[]).to, Some(Target::None));
        assert_eq!(effective(&[to(Target::Inherit)]).to, Some(Target::None));
        assert_eq!(effective(&[to(Target::Inherit), to(Target::Inherit)]).to, Some(Target::None));
    }
}
