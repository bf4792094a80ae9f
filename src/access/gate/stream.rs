//! The stream of events of a tenant, as one caller may see it: the one stream that there is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::Gate;
use crate::base::clock::Timestamp;
use crate::data::tree::{Container, Data, spine};
use crate::data::xpath::{Cursor, Evaluator};
use crate::engine::caller::Caller;
use crate::engine::notification::{Delivered, Delivery, End, Event, EventReader, EventsEnd, Feed, Heard};
use crate::yang::schema::NodeId;
use crate::yang::schema::xpath::Expression;

/// Steps that the filter of a stream may take for one event.
const BUDGET: u64 = 100_000;

/// So often at least it is looked whether the time to stop has come.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

/// What a stream is asked for.
#[derive(Default)]
pub struct StreamOptions {
    /// Only events of which this is true; the event stands at the root.
    pub filter: Option<Arc<Expression>>,
    /// When it is to stop.
    pub stop: Option<Timestamp>,
    /// What is told once everything that had happened before was told.
    pub caught_up: Option<Announcement>,
    /// What is told when the time to stop has come.
    pub complete: Option<Announcement>,
}

/// A notification about the stream itself.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Its node, which stands at the root.
    pub node: NodeId,
    /// Its content.
    pub content: Arc<Container>,
}

/// Delivers the events of a stream.
pub struct EventFeed {
    gate: Gate,
    caller: Arc<Caller>,
    reader: EventReader,
    options: StreamOptions,
    is_over: bool,
}

impl Gate {
    /// Delivers to a caller what a reader of its tenant's events hears.
    pub fn feed(&self, caller: Arc<Caller>, reader: EventReader, options: StreamOptions) -> EventFeed {
        EventFeed { gate: self.clone(), caller, reader, options, is_over: false }
    }
}

impl EventFeed {
    /// Chooses other events from now on.
    pub fn choose(&mut self, filter: Option<Arc<Expression>>, stop: Option<Timestamp>) {
        self.options.filter = filter;
        self.options.stop = stop;
    }

    /// Waits for what comes next; `None` for an event that is not shown.
    pub async fn step(&mut self) -> Option<Delivered> {
        if self.is_over {
            return Some(Delivered::End(End::Complete));
        }
        let heard = match self.options.stop {
            None => self.reader.next().await,
            Some(stop) => loop {
                // An event at the last instant may still be on its way from the log.
                let waited = tokio::time::timeout(LOOK, self.reader.next()).await;
                match waited {
                    Ok(heard) => break heard,
                    Err(_) if self.gate.engine().clock().now() >= stop => return Some(self.complete()),
                    Err(_) => {}
                }
            },
        };
        match heard {
            Ok(Heard::Event(event)) if self.options.stop.is_some_and(|stop| event.time >= stop) => {
                Some(self.complete())
            }
            Ok(Heard::Event(event)) => self.deliver(&event).map(Delivered::Notification),
            Ok(Heard::CaughtUp) => self
                .options
                .caught_up
                .take()
                .map(|announcement| Delivered::Notification(self.announcement(announcement))),
            Err(EventsEnd::Stopped) => Some(Delivered::End(End::Closing)),
            Err(EventsEnd::Purged { .. }) => Some(Delivered::End(End::Gap)),
            Err(EventsEnd::Unreadable(reason)) => {
                tracing::error!(reason, "the events of a stream cannot be read");
                Some(Delivered::End(End::Fault))
            }
        }
    }

    fn complete(&mut self) -> Delivered {
        self.is_over = true;
        match self.options.complete.take() {
            Some(announcement) => Delivered::Notification(self.announcement(announcement)),
            None => Delivered::End(End::Complete),
        }
    }

    fn announcement(&self, announcement: Announcement) -> Delivery {
        let mut path = crate::data::path::InstancePath::root();
        path.push(announcement.node, Vec::new());
        let time = self.gate.engine().clock().now();
        Delivery { id: None, time, path, content: announcement.content }
    }

    fn deliver(&self, event: &Event) -> Option<Delivery> {
        let content = self.gate.shown(&self.caller, event)?;
        let delivery = Delivery { id: Some(event.id), time: event.time, path: event.path.clone(), content };
        let is_chosen = self.options.filter.as_ref().is_none_or(|filter| self.is_chosen(filter, &delivery));
        is_chosen.then_some(delivery)
    }

    /// Whether the filter is true of an event. One that is too hard to decide, or has no outcome here, is not.
    fn is_chosen(&self, filter: &Expression, delivery: &Delivery) -> bool {
        let schema = self.gate.engine().schema();
        let tree = spine(schema, &delivery.path, Data::Container(Arc::clone(&delivery.content)));
        let evaluator = Evaluator::new(schema, &tree.root)
            .without_secrets()
            .with_budget(BUDGET)
            .with_notification(delivery.path.target(), &delivery.content);
        evaluator.matches(filter, &Cursor::root(&tree.root)).unwrap_or(false)
    }
}

impl Feed for EventFeed {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Delivered> + Send + '_>> {
        Box::pin(async move {
            loop {
                if let Some(delivered) = self.step().await {
                    return delivered;
                }
            }
        })
    }
}
