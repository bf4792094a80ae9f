//! What is known of an entity, by the names that templates have for it: `identity.entity.name`,
//! `identity.entity.aliases.ACCESSOR.name` and the like.
//!
//! An alias is found by the accessor of its mount and by nothing else, and its metadata are its own: what one mount says of
//! somebody never stands for what another one says.

use serde::Deserialize;

use super::directory::{Directory, alias_keys, first_key, text};
use crate::access::authenticate::Metadata;
use crate::data::deserialize::from_data;
use crate::data::tree::Container;

/// The facts of an entity or an alias.
#[derive(Deserialize)]
struct Facts {
    #[serde(default)]
    metadata: Vec<Metadata>,
}

impl Directory<'_> {
    /// The value of a variable for an entity; `None` where it has none.
    pub fn variable(&self, entity: &str, variable: &str) -> Option<String> {
        if let Some(of_entity) = variable.strip_prefix("identity.entity.") {
            return self.of_entity(entity, of_entity);
        }
        let mut parts = variable.strip_prefix("identity.groups.")?.splitn(2, '.');
        let (by, rest) = (parts.next()?, parts.next()?);
        let (which, wanted) = rest.rsplit_once('.')?;
        let group = match by {
            "ids" => self.group(which)?,
            "names" => self.group_named(which)?,
            _ => return None,
        };
        let id = first_key(group);
        let is_member = self.groups_of(entity).all().any(|one| *one == id);
        match wanted {
            "id" if is_member => Some(id.to_string()),
            "name" if is_member => text(group, self.model.group_name).map(|name| name.to_string()),
            _ => None,
        }
    }

    fn of_entity(&self, id: &str, variable: &str) -> Option<String> {
        let entity = self.entity(id)?;
        match variable {
            "id" => return Some(id.to_owned()),
            "name" => return text(entity, self.model.entity_name).map(|name| name.to_string()),
            _ => {}
        }
        if let Some(name) = variable.strip_prefix("metadata.") {
            return self.fact(entity, name);
        }
        let (accessor, wanted) = variable.strip_prefix("aliases.")?.split_once('.')?;
        let alias = self.aliases_of(id).into_iter().find(|alias| *alias_keys(alias).0 == *accessor)?;
        match wanted {
            "id" => text(alias, self.model.alias_id).map(|id| id.to_string()),
            "name" => Some(alias_keys(alias).1.to_string()),
            _ => self.fact(alias, wanted.strip_prefix("metadata.")?),
        }
    }

    fn fact(&self, entry: &Container, name: &str) -> Option<String> {
        let facts: Facts = from_data(self.schema, entry).ok()?;
        facts.metadata.into_iter().find(|fact| *fact.name == *name).map(|fact| fact.value.to_string())
    }
}
