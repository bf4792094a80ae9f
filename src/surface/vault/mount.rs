//! From a path to the mount that it is below: what is built in, and what is enabled in the tenant's own data.

use super::route::Backend;
use super::{BUILT_IN, LOG_IN_METHODS, SECRETS_BACKENDS};
use crate::access::model::path_to;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, List, Tree};
use crate::yang::schema::{NodeId, Schema, Value};

/// Where mounts are in the model.
#[derive(Clone, Debug)]
pub struct Mounts {
    auth: MountList,
    secrets: MountList,
}

#[derive(Clone, Debug)]
struct MountList {
    path: InstancePath,
    kind: NodeId,
    accessor: NodeId,
    /// The settings of types of mount that serve the tenant's entries unless their scope says otherwise.
    scopes: Vec<(NodeId, NodeId)>,
}

/// A mount that a path is below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its path: `auth/jwt`, `sys`.
    pub path: String,
    /// The key of its entry in the model: `jwt`; its path where it is built in.
    pub key: String,
    /// The name of its type.
    pub kind: String,
    /// The name under which identities refer to it; empty where it is built in.
    pub accessor: String,
    /// Whether the users or roles that it serves are its own.
    pub has_its_own: bool,
}

/// A mount, what serves it, and the path below it.
pub struct Found<'p> {
    /// The mount.
    pub mount: Mount,
    /// What serves it; `None` for a type that nothing here serves.
    pub backend: Option<&'static Backend>,
    /// The rest of the path.
    pub below: &'p str,
}

impl Mounts {
    /// Looks the nodes up; `None` when the model has no mounts.
    pub fn of(schema: &Schema) -> Option<Self> {
        let list = |path: &'static str| {
            let path = path_to(schema, path).ok()?;
            let leaf = |name: &str| schema.own_child(path.target(), name);
            let scope = |id: &NodeId| Some((*id, schema.own_child(*id, "scope")?));
            let scopes = schema.children(path.target()).iter().filter_map(scope).collect();
            Some(MountList { kind: leaf("type")?, accessor: leaf("accessor")?, scopes, path })
        };
        Some(Mounts { auth: list("/strongbox/mounts/auth")?, secrets: list("/strongbox/mounts/secrets")? })
    }

    /// The mount that a path below `/v1/` is below.
    pub fn find<'p>(&self, tree: &Tree, path: &'p str) -> Option<Found<'p>> {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        if first == "auth" {
            if rest == "token" || rest.starts_with("token/") {
                return Some(built_in("auth/token", rest.get("token/".len()..).unwrap_or_default()));
            }
            return self.auth.find(tree, rest, "auth/", LOG_IN_METHODS);
        }
        if BUILT_IN.iter().any(|(name, _)| *name == first) {
            return Some(built_in(first, rest));
        }
        self.secrets.find(tree, path, "", SECRETS_BACKENDS)
    }

    /// Whether some secrets backend is at or below a name.
    pub fn has_secrets_at(&self, tree: &Tree, first: &str) -> bool {
        let is_at = |entry: &std::sync::Arc<Container>| {
            let path = entry.key_values(1).next().map(ToString::to_string).unwrap_or_default();
            path.split('/').next() == Some(first)
        };
        self.secrets.list(tree).is_some_and(|list| list.iter().any(is_at))
    }
}

impl MountList {
    fn list<'t>(&self, tree: &'t Tree) -> Option<&'t List> {
        tree.list(&self.path).map(|list| &**list)
    }

    fn find<'p>(
        &self,
        tree: &Tree,
        path: &'p str,
        prefix: &str,
        backends: &[(&str, &'static Backend)],
    ) -> Option<Found<'p>> {
        let list = self.list(tree)?;
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let (key, below) = path.split_at_checked(end)?;
            let Some(entry) = list.get(&[Value::string(key)]) else { continue };
            let text = |leaf| entry.leaf(leaf).map(ToString::to_string).unwrap_or_default();
            let kind = text(self.kind);
            let kind = kind.rsplit_once(':').map_or(kind.as_str(), |(_, name)| name).to_owned();
            let backend = backends.iter().find(|(name, _)| *name == kind).map(|(_, backend)| *backend);
            let says_mount = |(settings, scope): &(NodeId, NodeId)| {
                let scope = entry.container(*settings).and_then(|settings| settings.leaf(*scope));
                scope.is_some_and(|scope| scope.to_string() == "mount")
            };
            let mount = Mount {
                has_its_own: self.scopes.iter().any(says_mount),
                path: format!("{prefix}{key}"),
                key: key.to_owned(),
                kind,
                accessor: text(self.accessor),
            };
            return Some(Found { mount, backend, below: below.strip_prefix('/').unwrap_or(below) });
        }
        None
    }
}

fn built_in<'p>(path: &str, below: &'p str) -> Found<'p> {
    let backend = BUILT_IN.iter().find(|(name, _)| *name == path).map(|(_, backend)| *backend);
    let kind = backend.map_or("", |backend| backend.name).to_owned();
    let mount = Mount {
        path: path.to_owned(),
        key: path.to_owned(),
        kind,
        accessor: String::new(),
        has_its_own: true,
    };
    Found { mount, backend, below }
}
