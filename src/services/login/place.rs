//! Where the users or the roles of a log-in method are: in the list of the tenant, or below a mount that has its own; and
//! what a mount says of whoever comes in through it.

use std::sync::Arc;

use super::Tuning;
use crate::access::authenticate::Metadata;
use crate::access::model::{ModelError, path_to};
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Tree};
use crate::engine::caller::Mount;
use crate::engine::{ActionError, Snapshot};
use crate::services::mounts::type_name;
use crate::yang::schema::{NodeId, Schema, Value};

const MOUNTS: &str = "/strongbox/mounts/auth";

/// Whose users or roles are meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Those of the tenant.
    Tenant,
    /// Those of the mount at a path.
    Mount(Ident),
}

/// What every mount says of whoever logs in there.
#[derive(Clone, Debug)]
pub struct MountNodes {
    accessor: NodeId,
    tuning: NodeId,
}

/// The places of one log-in method.
#[derive(Clone, Debug)]
pub struct Places {
    method: &'static str,
    own: InstancePath,
    mounts: InstancePath,
    kind: NodeId,
    settings: NodeId,
    scope: NodeId,
    mounted: NodeId,
    facts: MountNodes,
}

/// Where somebody comes in.
#[derive(Clone, Debug)]
pub struct Door {
    /// Whose users or roles are looked up.
    pub place: Place,
    /// By what identities refer to it.
    pub accessor: Ident,
    /// What the mount says of tokens.
    pub tuning: Tuning,
    mount: Option<Mount>,
}

impl MountNodes {
    /// Looks them up.
    ///
    /// # Errors
    /// The first one that the model does not have.
    pub fn find(schema: &Schema) -> Result<Self, ModelError> {
        let node = |path: &'static str| schema.find(path).ok_or(ModelError(path));
        Ok(MountNodes {
            accessor: node("/strongbox/mounts/auth/accessor")?,
            tuning: node("/strongbox/mounts/auth/tuning")?,
        })
    }

    /// The accessor of a mount, and what it says of tokens.
    ///
    /// # Errors
    /// What is wrong with the entry.
    pub fn read(&self, schema: &Schema, entry: &Container) -> Result<(Ident, Tuning), String> {
        let tuning = entry.container(self.tuning).map(|tuning| from_data(schema, tuning)).transpose();
        let accessor = entry.leaf(self.accessor).and_then(Value::as_str).unwrap_or_default();
        Ok((Ident::from(accessor), tuning.map_err(|error| error.to_string())?.unwrap_or_default()))
    }
}

impl Places {
    /// The places of the users of `userpass`, the roles of `approle`: `method` is the name of the type of mount, of the list
    /// below `authentication` and of the container below a mount, `entries` that of the list in there.
    ///
    /// # Errors
    /// The first node that the model does not have.
    pub fn find(schema: &Schema, method: &'static str, entries: &str) -> Result<Self, ModelError> {
        let mounts = path_to(schema, MOUNTS)?;
        let below = |node: NodeId, name: &str| schema.own_child(node, name).ok_or(ModelError(MOUNTS));
        let settings = below(mounts.target(), method)?;
        let mut own = path_to(schema, "/strongbox/authentication")?;
        own.push(below(own.target(), method)?, Vec::new());
        Ok(Places {
            method,
            own,
            kind: below(mounts.target(), "type")?,
            settings,
            scope: below(settings, "scope")?,
            mounted: below(settings, entries)?,
            facts: MountNodes::find(schema)?,
            mounts,
        })
    }

    /// The list of a place.
    pub fn list(&self, place: &Place) -> InstancePath {
        match place {
            Place::Tenant => self.own.clone(),
            Place::Mount(path) => {
                self.mounts.entry([Value::string(&**path)]).child(self.settings).child(self.mounted)
            }
        }
    }

    /// An entry of a place.
    pub fn entry(&self, place: &Place, name: &str) -> InstancePath {
        self.list(place).entry([Value::string(name)])
    }

    /// The place that an entry, or something below it, is of.
    pub fn of(&self, path: &InstancePath) -> Place {
        let depth = self.mounts.steps.len();
        match path.steps.get(depth - 1).map(|step| step.keys.as_slice()) {
            Some([mount]) if path.starts_with(&self.mounts) => Place::Mount(Ident::from(mount.to_string())),
            _ => Place::Tenant,
        }
    }

    /// All places of a tree.
    pub fn all(&self, tree: &Tree) -> Vec<Place> {
        let mounts = tree.list(&self.mounts).map(|list| list.iter()).into_iter().flatten();
        let has_its_own = |entry: &&Arc<Container>| {
            entry.container(self.settings).is_some_and(|settings| settings.list(self.mounted).is_some())
        };
        let path =
            |entry: &Arc<Container>| entry.key_values(1).next().map(|path| Ident::from(path.to_string()));
        std::iter::once(Place::Tenant)
            .chain(mounts.filter(has_its_own).filter_map(path).map(Place::Mount))
            .collect()
    }

    /// The list of mounts.
    pub fn mounts(&self) -> &InstancePath {
        &self.mounts
    }

    /// The door of a mount, or that of the tenant itself; `None` where there is no mount of this type.
    ///
    /// # Errors
    /// [`ActionError::Internal`] when a mount cannot be read.
    pub fn door(
        &self,
        snapshot: &Snapshot,
        tenant: &Ident,
        mount: Option<&Ident>,
    ) -> Result<Option<Door>, ActionError> {
        let own = Door::own(self.method);
        let Some(path) = mount else { return Ok(Some(own)) };
        let entry = snapshot.entry(tenant, &self.mounts.entry([Value::string(&**path)]));
        let is_mine = |entry: &&Arc<Container>| {
            entry.leaf(self.kind).is_some_and(|kind| type_name(&kind.to_string()) == self.method)
        };
        let Some(entry) = entry.filter(is_mine) else { return Ok(None) };
        let (accessor, tuning) = self
            .facts
            .read(snapshot.schema(), entry)
            .map_err(|reason| ActionError::Internal(format!("a mount cannot be read: {reason}")))?;
        let scope = entry.container(self.settings).and_then(|settings| settings.leaf(self.scope));
        let mount = Some(Mount { path: path.clone(), accessor: accessor.clone() });
        Ok(Some(match scope.is_some_and(|scope| scope.to_string() == "mount") {
            true => Door { place: Place::Mount(path.clone()), accessor, tuning, mount },
            // Whoever comes in to the tenant's own is the same, whatever the door.
            false => Door { tuning, mount, ..own },
        }))
    }
}

impl Door {
    /// The way in that is no mount.
    pub fn own(method: &'static str) -> Self {
        let (accessor, tuning) = (Ident::from(method), Tuning::default());
        Door { place: Place::Tenant, accessor, tuning, mount: None }
    }

    /// In place of a mount that is not there.
    pub fn nowhere(mount: Option<&Ident>) -> Self {
        let place = mount.map_or(Place::Tenant, |path| Place::Mount(path.clone()));
        Door { place, accessor: Ident::from(""), tuning: Tuning::default(), mount: None }
    }

    /// The mount that it is of, whosever users or roles that shows.
    pub fn mount(&self) -> Option<Mount> {
        self.mount.clone()
    }

    /// What to call somebody who comes in here; nothing in particular where there is no mount.
    pub fn display_name(&self, name: &str) -> Option<Ident> {
        self.mount.as_ref().map(|mount| Ident::from(format!("{}-{name}", mount.path.replace('/', "-"))))
    }

    /// A fact that clients of mounts look for in a token.
    pub fn fact(&self, name: &str, value: &str) -> Option<Metadata> {
        self.mount.as_ref().map(|_| Metadata { name: name.into(), value: value.into() })
    }

    /// Under which name attempts of somebody are counted.
    pub fn attempted(&self, name: &str) -> String {
        attempted(&self.place, name)
    }
}

/// Under which name attempts to be somebody of a place are counted.
pub fn attempted(place: &Place, name: &str) -> String {
    match place {
        Place::Tenant => name.to_owned(),
        Place::Mount(path) => format!("{path}/{name}"),
    }
}
