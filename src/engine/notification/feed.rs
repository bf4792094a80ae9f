//! What is delivered to one receiver, whatever it comes from: events of a stream, or data that somebody subscribed to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::EventId;
use crate::base::clock::Timestamp;
use crate::data::path::InstancePath;
use crate::data::tree::Container;

/// A notification on its way to one receiver, with nothing in it that the receiver may not see.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its place among all events, where it has one: from there on reading can go on.
    pub id: Option<EventId>,
    /// `eventTime`.
    pub time: Timestamp,
    /// Its node, below the instance that it is bound to.
    pub path: InstancePath,
    /// Its content.
    pub content: Arc<Container>,
}

/// What a receiver gets next.
#[derive(Clone, Debug)]
pub enum Delivered {
    /// A notification.
    Notification(Delivery),
    /// Nothing any more, and why.
    End(End),
}

/// Why there is nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The time has come at which it was to stop.
    Complete,
    /// Whoever it was for has no right to it any more.
    Withdrawn,
    /// It was ended by somebody.
    Terminated,
    /// The log no longer has what comes next.
    Gap,
    /// The store is being closed.
    Closing,
    /// A fault, which the log of the daemon tells more of.
    Fault,
}

/// Delivers to one receiver.
pub trait Feed: Send {
    /// Waits for what comes next. May be given up and asked again: nothing is lost. After [`Delivered::End`] it is over.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Delivered> + Send + '_>>;
}
