//! What the daemon tells by itself: that configuration changed (RFC 6470 section 2.1), and that the modules did (RFC 8525).
//!
//! Never here: who hears it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::base::ident::Ident;
use crate::data::decode::from_serde;
use crate::data::diff::{Change, ChangeKind};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, List};
use crate::engine::{Announce, AnnounceContext, Author, Engine, Notification, Registry};
use crate::yang::schema::{NodeId, Schema, Value};

const CONFIG_CHANGE: &str = "/ietf-netconf-notifications:netconf-config-change";
const LIBRARY_UPDATE: &str = "/ietf-yang-library:yang-library-update";
/// The older form of the same, for clients that know `modules-state`.
const LIBRARY_CHANGE: &str = "/ietf-yang-library:yang-library-change";

/// At most so many changes are named one by one; more are told by the nodes around them.
const NAMED: usize = 1_000;

/// Hangs the service on the model; `None` when the model lacks what it needs.
pub fn register(registry: &mut Registry, schema: &Schema) -> Option<()> {
    registry.announce(Arc::new(ConfigChanges { nodes: Nodes::find(schema)? }));
    Some(())
}

/// Tells every tenant that the modules are others than before.
pub async fn tell_of_modules(engine: &Engine) {
    let schema = engine.schema();
    let update = LibraryUpdate { content_id: schema.content_id() };
    let change = LibraryChange { module_set_id: schema.content_id() };
    let snapshot = engine.snapshot();
    let mut all = Vec::new();
    for (tenant, _) in snapshot.tenants() {
        all.extend(schema.find(LIBRARY_UPDATE).and_then(|node| notification(schema, tenant, node, &update)));
        all.extend(schema.find(LIBRARY_CHANGE).and_then(|node| notification(schema, tenant, node, &change)));
    }
    if let Err(error) = engine.notify(all).await {
        tracing::warn!(%error, "nobody could be told that the modules have changed");
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct LibraryUpdate {
    content_id: Ident,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct LibraryChange {
    module_set_id: Ident,
}

/// Tells of changed configuration. It is told of every commit, and so put together without a detour by a text.
struct ConfigChanges {
    nodes: Nodes,
}

/// The notification and what is in it.
struct Nodes {
    notification: NodeId,
    changed_by: NodeId,
    server: NodeId,
    username: NodeId,
    session_id: NodeId,
    datastore: NodeId,
    edit: NodeId,
    target: NodeId,
    operation: NodeId,
}

impl Nodes {
    fn find(schema: &Schema) -> Option<Self> {
        let node = |path: &str| schema.find(&format!("{CONFIG_CHANGE}{path}"));
        Some(Nodes {
            notification: node("")?,
            changed_by: node("/changed-by")?,
            server: node("/changed-by/server")?,
            username: node("/changed-by/username")?,
            session_id: node("/changed-by/session-id")?,
            datastore: node("/datastore")?,
            edit: node("/edit")?,
            target: node("/edit/target")?,
            operation: node("/edit/operation")?,
        })
    }
}

/// What was done at an instance-identifier.
struct Edit {
    target: String,
    operation: &'static str,
}

impl Announce for ConfigChanges {
    fn announce(&self, context: &AnnounceContext<'_>) -> Option<Notification> {
        let AnnounceContext { schema, changes, .. } = context;
        let configuration = || changes.changes.iter().filter(|change| is_configuration(schema, change));
        let count = configuration().count();
        let edit = match count {
            0 => return None,
            1..=NAMED => configuration().map(|change| edit(schema, change)).collect(),
            _ => around(schema, configuration()),
        };
        let text = |text: &str| Data::Leaf(Value::Enum(text.into()));
        let nodes = &self.nodes;
        let changed_by = match context.by {
            // A person's name without the tenant: the tenant is whose event it is.
            Author::Client => {
                let own =
                    context.actor.strip_prefix(&*changes.tenant).and_then(|name| name.strip_prefix('/'));
                let username = Value::string(own.unwrap_or(context.actor));
                vec![(nodes.username, Data::Leaf(username)), (nodes.session_id, Data::Leaf(Value::Uint(0)))]
            }
            Author::Service => vec![(nodes.server, Data::Leaf(Value::Empty))],
        };
        let mut edits = List::new(schema, nodes.edit);
        for Edit { target, operation } in edit {
            let target = Data::Leaf(Value::InstanceIdentifier(target.into()));
            let members = vec![(nodes.target, target), (nodes.operation, text(operation))];
            edits.insert(Arc::new(Container::with_children(nodes.edit, members)));
        }
        let changed_by = Container::with_children(nodes.changed_by, changed_by);
        let members = vec![
            (nodes.changed_by, Data::Container(Arc::new(changed_by))),
            (nodes.datastore, text("running")),
            (nodes.edit, Data::List(Arc::new(edits))),
        ];
        let content = Arc::new(Container::with_children(nodes.notification, members));
        let mut path = InstancePath::root();
        path.push(nodes.notification, Vec::new());
        Some(Notification { tenant: changes.tenant.clone(), path, content })
    }
}

fn is_configuration(schema: &Schema, change: &Change) -> bool {
    schema.node(change.path.target()).config
}

fn edit(schema: &Schema, change: &Change) -> Edit {
    let operation = match change.kind {
        ChangeKind::Created => "create",
        ChangeKind::Deleted => "delete",
        ChangeKind::Changed => "replace",
        ChangeKind::Moved => "merge",
    };
    Edit { target: change.path.to_instance_identifier(schema), operation }
}

/// The nodes around many changes: so far up that there are few enough of them.
fn around<'a>(schema: &Schema, changes: impl Iterator<Item = &'a Change> + Clone) -> Vec<Edit> {
    let mut depth = changes.clone().map(|change| change.path.steps.len()).max().unwrap_or(1);
    loop {
        depth = depth.saturating_sub(1).max(1);
        let mut found = BTreeMap::new();
        for change in changes.clone() {
            let mut path = InstancePath { steps: change.path.steps.iter().take(depth).cloned().collect() };
            // A list as a whole has no instance-identifier: what is around it is told.
            while path.is_whole_list(schema) && path.steps.len() > 1 {
                path.steps.pop();
            }
            found.insert(path.to_instance_identifier(schema), ());
            if found.len() > NAMED && depth > 1 {
                break;
            }
        }
        if found.len() <= NAMED || depth == 1 {
            let targets = found.into_keys().take(NAMED);
            return targets.map(|target| Edit { target, operation: "merge" }).collect();
        }
    }
}

fn notification<T: Serialize>(
    schema: &Schema,
    tenant: &Ident,
    node: NodeId,
    content: &T,
) -> Option<Notification> {
    let mut path = InstancePath::root();
    path.push(node, Vec::new());
    match from_serde(schema, node, content) {
        Ok(Data::Container(content)) => Some(Notification { tenant: tenant.clone(), path, content }),
        Ok(_) => None,
        Err(violations) => {
            let reason = violations.first().map(|violation| violation.message.as_str()).unwrap_or_default();
            tracing::error!(reason, node = %schema.path(node), "what was to be told does not fit the model");
            None
        }
    }
}
