//! Reading events: first from the log, then as they come, then from the log again where that was too fast. Each event comes
//! once and in order, wherever it comes from.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{Event, EventId, EventLog, Told, of_record};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::engine::Engine;
use crate::store::{Revision, StoreError};

/// So many records are read from the log at once.
const BATCH: usize = 16;

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what is raised from now on.
    Now,
    /// Behind an event that was seen, or with the oldest there is.
    After(EventId),
    /// With the first event that is not before an instant, or with the oldest there is.
    From(Timestamp),
}

/// What a reader hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// The next event.
    Event(Arc<Event>),
    /// Everything that had happened when the reading began has been heard; it comes once, and not where reading began now.
    CaughtUp,
}

/// Why there is no next event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventsEnd {
    /// The engine has stopped.
    #[error("the store is being closed")]
    Stopped,
    /// The log no longer has what comes next: events would be missing.
    #[error("the log no longer has what follows; it begins at revision {first}")]
    Purged {
        /// The oldest revision that it has.
        first: Revision,
    },
    /// The log cannot be read; the text is for the log of the daemon.
    #[error("{0}")]
    Unreadable(String),
}

impl From<StoreError> for EventsEnd {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Purged { first, .. } => EventsEnd::Purged { first },
            other => EventsEnd::Unreadable(other.to_string()),
        }
    }
}

/// Reads the events of one tenant.
pub struct EventReader {
    engine: Engine,
    tenant: Ident,
    live: Receiver<Told>,
    /// Events up to this one are not heard.
    after: EventId,
    /// Nor are those before this.
    since: Timestamp,
    /// Every revision up to this one has been looked at.
    read: Revision,
    /// Up to here the log is read, rather than what comes by.
    target: Revision,
    ready: VecDeque<Arc<Event>>,
    catching_up: bool,
    /// Whether something was read already: then what is missing would be missed.
    has_read: bool,
}

impl EventReader {
    pub(super) async fn begin(engine: Engine, tenant: Ident, start: Start) -> Result<Self, EventsEnd> {
        // Whatever is committed between these two lines comes both ways, and is told apart by its revision.
        let live = engine.core().told.subscribe();
        let newest = engine.snapshot().revision;
        let (after, since, read) = match start {
            Start::Now => (EventId::default(), Timestamp(i64::MIN), newest),
            Start::After(id) => {
                let read = Revision(id.revision.0.saturating_sub(1)).min(newest);
                (id, Timestamp(i64::MIN), read)
            }
            Start::From(time) => (EventId::default(), time, engine.last_before(time).await?.min(newest)),
        };
        Ok(EventReader {
            engine,
            tenant,
            live,
            after,
            since,
            read,
            target: newest,
            ready: VecDeque::new(),
            catching_up: start != Start::Now,
            has_read: false,
        })
    }

    /// Waits for what is heard next. May be given up and asked again: nothing is lost.
    ///
    /// # Errors
    /// [`EventsEnd`].
    pub async fn next(&mut self) -> Result<Heard, EventsEnd> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.after = event.id;
                return Ok(Heard::Event(event));
            }
            if self.read < self.target {
                self.read_on().await?;
                continue;
            }
            if std::mem::take(&mut self.catching_up) {
                return Ok(Heard::CaughtUp);
            }
            match self.live.recv().await {
                Ok(told) => self.take(&told),
                Err(RecvError::Lagged(_)) => self.target = self.engine.snapshot().revision,
                Err(RecvError::Closed) => return Err(EventsEnd::Stopped),
            }
        }
    }

    fn take(&mut self, told: &Told) {
        if told.revision <= self.read {
            return;
        }
        self.read = told.revision;
        self.target = self.target.max(told.revision);
        let own = told.events.iter().filter(|event| event.tenant == self.tenant);
        let (after, since) = (self.after, self.since);
        self.ready.extend(own.filter(|event| event.id > after && event.time >= since).cloned());
    }

    async fn read_on(&mut self) -> Result<(), EventsEnd> {
        let records = match self.engine.read_log(self.read, BATCH).await {
            // What was asked for may be older than the log: then it begins with the oldest there is.
            Err(StoreError::Purged { first, .. }) if !self.has_read => {
                self.read = Revision(first.0.saturating_sub(1));
                return Ok(());
            }
            other => other?,
        };
        self.has_read = true;
        let Some((last, _)) = records.last() else {
            self.read = self.target;
            return Ok(());
        };
        let last = *last;
        for (revision, record) in &records {
            let schema = self.engine.schema();
            let events = of_record(schema, *revision, record.time, &record.transactions, &self.tenant);
            let (after, since) = (self.after, self.since);
            self.ready.extend(events.into_iter().filter(|event| event.id > after && event.time >= since));
        }
        self.read = last;
        self.target = self.target.max(last);
        Ok(())
    }
}

impl Engine {
    /// How far back events can be read.
    pub fn event_log(&self) -> EventLog {
        let oldest = self.core().oldest.load_full();
        super::reach(oldest.as_deref().copied(), &self.snapshot())
    }
}
