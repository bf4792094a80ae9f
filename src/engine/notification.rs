//! Notifications (RFC 7950 section 7.16) as the engine keeps them: raised by services, or told of a transaction by whoever
//! registered to tell; made durable with the record of their revision, and read again from the log for whoever comes later.
//!
//! Each has an id, the revision with its place in it, and a time that no other one has: who says which notification it saw
//! last, by either, misses none and gets none twice. Never here: who may see one, and in which form.

mod feed;
mod reader;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::commit::{Author, TenantChanges};
use super::registry::BoxFuture;
use super::snapshot::Snapshot;
use super::{Core, Engine};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::decode::{Allow, DecodeOptions, Names, decode};
use crate::data::path::InstancePath;
use crate::data::read::{Shape, Subject, View, encode_json};
use crate::data::tree::{Container, Data};
use crate::data::violation::Violation;
use crate::store::{NotificationRecord, Revision, RowValue, TransactionRecord};
use crate::yang::schema::types::Strictness;
use crate::yang::schema::{NodeKind, Schema};

pub use feed::{Delivered, Delivery, End, Feed};
pub use reader::{EventReader, EventsEnd, Heard, Start};

/// A notification that is to be raised.
#[derive(Clone, Debug)]
pub struct Notification {
    /// In whose tree.
    pub tenant: Ident,
    /// Its node, below the instance that it is bound to.
    pub path: InstancePath,
    /// Its content: a container of that node.
    pub content: Arc<Container>,
}

/// A notification that was raised: one event of the stream of its tenant.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place among all of them.
    pub id: EventId,
    /// When it was raised (`eventTime` of RFC 5277): later than every event before it, by a microsecond at least.
    pub time: Timestamp,
    /// In whose tree.
    pub tenant: Ident,
    /// Its node, below the instance that it is bound to.
    pub path: InstancePath,
    /// Its content.
    pub content: Arc<Container>,
}

/// The place of an event among all: `REVISION-NUMBER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The revision that it came with.
    pub revision: Revision,
    /// Its number in that revision, from 0.
    pub number: u32,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.revision, self.number)
    }
}

/// A text that is no event's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is REVISION-NUMBER, such as 17-0")]
pub struct NotAnEventId;

impl FromStr for EventId {
    type Err = NotAnEventId;

    fn from_str(text: &str) -> Result<Self, NotAnEventId> {
        let (revision, number) = text.split_once('-').ok_or(NotAnEventId)?;
        let revision = revision.parse().map_err(|_| NotAnEventId)?;
        Ok(EventId { revision: Revision(revision), number: number.parse().map_err(|_| NotAnEventId)? })
    }
}

/// Tells of transactions.
pub trait Announce: Send + Sync {
    /// The notification about one tenant's part of a transaction; `None` when there is nothing to tell. Runs on the writer's
    /// own thread: must be quick, and cost what the change costs.
    fn announce(&self, context: &AnnounceContext<'_>) -> Option<Notification>;
}

/// What is to be told of: one tenant's part of a transaction that is about to be made durable.
pub struct AnnounceContext<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// Who asked for it.
    pub actor: &'a str,
    /// On whose behalf.
    pub by: Author,
    /// Whose tree, and what is different in it.
    pub changes: &'a TenantChanges,
}

/// How far back events can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventLog {
    /// When the oldest revision that is still there was made; the time of the newest where none is.
    pub begins: Timestamp,
    /// Events up to this time are gone; `None` while none is.
    pub aged: Option<Timestamp>,
}

impl Engine {
    /// Raises notifications. They are durable when this returns, and every reader gets them.
    ///
    /// # Errors
    /// [`super::CommitError`]: they were not raised.
    pub async fn notify(&self, notifications: Vec<Notification>) -> Result<(), super::CommitError> {
        if notifications.is_empty() {
            return Ok(());
        }
        self.enqueue_notifications(notifications).await.map(drop)
    }

    /// Reads the events of a tenant from somewhere on, and goes on with those to come.
    ///
    /// # Errors
    /// [`EventsEnd::Stopped`]; [`EventsEnd::Unreadable`].
    pub fn events(&self, tenant: Ident, start: Start) -> BoxFuture<Result<EventReader, EventsEnd>> {
        let engine = self.clone();
        Box::pin(async move { EventReader::begin(engine, tenant, start).await })
    }
}

impl Core {
    /// What is told of a transaction, by everybody who registered to. A panic in one of them costs its own words only.
    pub(super) fn announce(&self, actor: &str, by: Author, changes: &[TenantChanges]) -> Vec<Notification> {
        let mut told = Vec::new();
        for changes in changes {
            for announcer in &self.bindings.announcers {
                let context = AnnounceContext { schema: &self.schema, actor, by, changes };
                let attempt = std::panic::AssertUnwindSafe(|| announcer.announce(&context));
                match std::panic::catch_unwind(attempt) {
                    Ok(notification) => told.extend(notification),
                    Err(_) => tracing::error!("what was to tell of a transaction panicked"),
                }
            }
        }
        told
    }
}

/// The form in which a notification is kept.
pub(super) fn to_record(schema: &Schema, notification: &Notification) -> Option<NotificationRecord> {
    let shape = Shape { names: Names::Qualified, strictness: Strictness::Rfc7951, ..Shape::default() };
    let data = Subject::Container(&notification.content);
    let mut text = Vec::with_capacity(256);
    encode_json(&View { schema, data, shape: &shape, surroundings: None }, &mut text);
    let content = String::from_utf8(text).map(RowValue::new).ok()?;
    let node = schema.node(notification.path.target());
    let at = notification.path.parent()?.to_instance_identifier(schema);
    Some(NotificationRecord {
        at,
        name: format!("{}:{}", schema.module(node.module).name, node.name),
        content,
    })
}

/// The events of a record, of one tenant. Those that the modules do not have any more are left out.
pub(super) fn of_record(
    schema: &Schema,
    revision: Revision,
    time: Timestamp,
    transactions: &[TransactionRecord],
    tenant: &Ident,
) -> Vec<Arc<Event>> {
    let total: usize = transactions.iter().map(|transaction| transaction.notifications.len()).sum();
    let all = transactions.iter().flat_map(|transaction| {
        transaction.notifications.iter().map(move |notification| (&transaction.tenant, notification))
    });
    let own = all.enumerate().filter(|(_, (of, _))| *of == tenant);
    let decoded = own.filter_map(|(number, (_, record))| match from_record(schema, record) {
        Ok((path, content)) => {
            let (id, time) = place(revision, time, number, total)?;
            Some(Arc::new(Event { id, time, tenant: tenant.clone(), path, content }))
        }
        Err(violations) => {
            let reason = violations.first().map(|violation| violation.message.as_str()).unwrap_or_default();
            tracing::debug!(%revision, name = record.name, reason, "a notification does not fit the modules");
            None
        }
    });
    decoded.collect()
}

/// The id and the time of one of the `total` events of a revision: the last one has the time of the revision, and each of the
/// others is a microsecond before the next.
pub(super) fn place(
    revision: Revision,
    time: Timestamp,
    number: usize,
    total: usize,
) -> Option<(EventId, Timestamp)> {
    let before = i64::try_from(total.checked_sub(number + 1)?).ok()?;
    let id = EventId { revision, number: u32::try_from(number).ok()? };
    Some((id, Timestamp(time.0.saturating_sub(before))))
}

fn from_record(
    schema: &Schema,
    record: &NotificationRecord,
) -> Result<(InstancePath, Arc<Container>), Vec<Violation>> {
    let mut path = match record.at.as_str() {
        "/" => InstancePath::root(),
        at => InstancePath::parse_instance_identifier(schema, at).map_err(|violation| vec![violation])?,
    };
    let (module, name) = record.name.split_once(':').ok_or_else(Vec::new)?;
    let node = schema
        .module_by_name(module)
        .and_then(|module| schema.child(path.target(), Some(module), name).ok())
        .filter(|node| matches!(schema.node(*node).kind, NodeKind::Notification))
        .ok_or_else(Vec::new)?;
    path.push(node, Vec::new());
    let options = DecodeOptions { allow: Allow::Notification, ..DecodeOptions::stored() };
    match decode(schema, &path, record.content.expose().as_bytes(), &options)? {
        Data::Container(content) => Ok((path, content)),
        _ => Err(Vec::new()),
    }
}

/// The events of a revision, as everybody hears them who listens.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub revision: Revision,
    pub events: Arc<[Arc<Event>]>,
}

/// How far back the log reaches, as the snapshot and the oldest record say.
pub(super) fn reach(first: Option<(Revision, Timestamp)>, newest: &Snapshot) -> EventLog {
    match first {
        None => EventLog { begins: newest.time, aged: (newest.revision.0 > 0).then_some(newest.time) },
        Some((revision, begins)) => {
            let aged = (revision.0 > 1).then_some(Timestamp(begins.0.saturating_sub(1)));
            EventLog { begins, aged }
        }
    }
}
