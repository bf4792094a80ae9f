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
use crate::data::tree::Data;
use crate::engine::{Announce, AnnounceContext, Author, Engine, Notification, Registry};
use crate::yang::schema::{NodeId, Schema};

const CONFIG_CHANGE: &str = "/ietf-netconf-notifications:netconf-config-change";
const LIBRARY_UPDATE: &str = "/ietf-yang-library:yang-library-update";
/// The older form of the same, for clients that know `modules-state`.
const LIBRARY_CHANGE: &str = "/ietf-yang-library:yang-library-change";

/// At most so many changes are named one by one; more are told by the nodes around them.
const NAMED: usize = 1_000;

/// Hangs the service on the model; `None` when the model lacks what it needs.
pub fn register(registry: &mut Registry, schema: &Schema) -> Option<()> {
    registry.announce(Arc::new(ConfigChanges { node: schema.find(CONFIG_CHANGE)? }));
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

/// Tells of changed configuration.
struct ConfigChanges {
    node: NodeId,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ConfigChange<'a> {
    changed_by: ChangedBy<'a>,
    datastore: &'static str,
    edit: Vec<Edit>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ChangedBy<'a> {
    /// `empty` is `[null]` (RFC 7951 section 6.9).
    server: Option<[(); 1]>,
    username: Option<&'a str>,
    session_id: Option<u32>,
}

#[derive(Serialize)]
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
        let prefix = format!("{}/", changes.tenant);
        let changed_by = match context.by {
            // A person's name without the tenant: the tenant is whose event it is.
            Author::Client => {
                let username = context.actor.strip_prefix(&prefix).unwrap_or(context.actor);
                ChangedBy { server: None, username: Some(username), session_id: Some(0) }
            }
            Author::Service => ChangedBy { server: Some([()]), username: None, session_id: None },
        };
        let told = ConfigChange { changed_by, datastore: "running", edit };
        notification(schema, &changes.tenant, self.node, &told)
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
