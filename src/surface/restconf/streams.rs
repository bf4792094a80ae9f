//! Event streams (RFC 8040 sections 3.8 and 6) and subscriptions (RFC 8650) over server-sent events.

use std::sync::Arc;

use hyper::header::ACCEPT;
use hyper::{Method, StatusCode};

use super::Visit;
use super::media::Format;
use super::query::Query;
use crate::access::gate::{Announcement, StreamOptions};
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::read::{Content, Element, Layout, Names, Shape, Subject, View, encode_json, encode_xml_in};
use crate::data::tree::{Container, Data, spine};
use crate::data::violation::{Violation, shorten};
use crate::engine::notification::{Delivery, EventId, EventsEnd, Start};
use crate::surface::failure::Failure;
use crate::surface::http::negotiate::media_type;
use crate::surface::http::{Refusal, Reply};
use crate::surface::streams::{EVENT_STREAM, LAST_EVENT_ID, Streams};
use crate::yang::schema::types::Strictness;
use crate::yang::schema::xpath::Expression;
use crate::yang::schema::xpath::bind::compile_expression;
use crate::yang::schema::{ModuleId, NodeId, Schema};

pub use crate::services::subscriptions::STREAM as NETCONF;

const REPLAY_COMPLETE: &str = "/nc-notifications:replayComplete";
const NOTIFICATION_COMPLETE: &str = "/nc-notifications:notificationComplete";

impl Visit<'_> {
    /// GET of the stream, in an encoding.
    pub(super) async fn stream(&mut self, format: Format, query: &Query) -> Result<Reply, Failure> {
        self.accepts_events()?;
        let engine = self.dialect.engine();
        let schema = self.dialect.schema();
        let caller = self.trail.caller.clone().ok_or_else(|| Failure::internal("nobody asks"))?;
        let mut faults = Vec::new();
        let filter = match query.event_filter.as_deref().map(|text| event_filter(schema, text)) {
            None => None,
            Some(Ok(filter)) => Some(Arc::new(filter)),
            Some(Err(fault)) => {
                faults.push(fault);
                None
            }
        };
        faults.extend(times(query.start_time, query.stop_time, engine.clock().now()));
        let last_seen = self.last_seen().map_err(|fault| faults.push(fault)).ok().flatten();
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let start = match (last_seen, query.start_time) {
            (Some(id), _) => Start::After(id),
            (None, Some(time)) => Start::From(time),
            (None, None) => Start::Now,
        };
        if self.trail.request.method == Method::HEAD {
            return Ok(Streams::head());
        }
        let reader = engine.events(caller.tenant.clone(), start).await.map_err(unreadable)?;
        let options = StreamOptions {
            filter,
            stop: query.stop_time,
            caught_up: query.start_time.and_then(|_| announcement(schema, REPLAY_COMPLETE)),
            complete: announcement(schema, NOTIFICATION_COMPLETE),
        };
        let feed = self.dialect.gate.feed(Arc::clone(&caller), reader, options);
        let writer = writer(schema, format);
        Ok(self.dialect.streams.begin(&self.dialect.gate, &caller, Box::new(feed), writer))
    }

    /// GET of a subscription.
    pub(super) fn subscription(&mut self, id: u32) -> Result<Reply, Failure> {
        self.accepts_events()?;
        let caller = self.trail.caller.clone().ok_or_else(|| Failure::internal("nobody asks"))?;
        let gate = &self.dialect.gate;
        let none = || {
            let message = format!("you have no subscription {id} that nobody receives yet");
            Failure::not_found(&InstancePath::root(), message)
        };
        // To ask about a subscription is not to receive it.
        if self.trail.request.method == Method::HEAD {
            return self.dialect.subscriptions.is_waiting(&caller, id).then(Streams::head).ok_or_else(none);
        }
        let subscribed = self.dialect.subscriptions.receive(gate, &caller, id).ok_or_else(none)?;
        let format = if subscribed.is_xml { Format::Xml } else { Format::Json };
        let writer = writer(self.dialect.schema(), format);
        Ok(self.dialect.streams.begin(gate, &caller, subscribed.feed, writer))
    }

    /// Whether the client takes server-sent events; without `Accept` it does.
    fn accepts_events(&self) -> Result<(), Failure> {
        let headers = &self.trail.request.headers;
        if media_type(headers, &[EVENT_STREAM]).is_some() {
            return Ok(());
        }
        let asked = self.trail.request.header(&ACCEPT).unwrap_or_default();
        let message = format!("Accept '{}' does not name {EVENT_STREAM}, which a stream is", shorten(asked));
        Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, ErrorTag::InvalidValue, message).into())
    }

    fn last_seen(&self) -> Result<Option<EventId>, Violation> {
        let Some(text) = self.trail.request.header(&LAST_EVENT_ID).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|error| {
            let message = format!("Last-Event-ID '{}' is no id of an event: {error}", shorten(text));
            Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message)
        })
    }
}

/// What is wrong with the times (RFC 8040 sections 4.8.7 and 4.8.8).
fn times(start: Option<Timestamp>, stop: Option<Timestamp>, now: Timestamp) -> Vec<Violation> {
    let fault = |name: &str, message: String| {
        Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message).info("bad-attribute", name)
    };
    let mut faults = Vec::new();
    if let Some(start) = start.filter(|start| *start > now) {
        let message = format!("'start-time' {} is in the future; it is {}", start.rfc3339(), now.rfc3339());
        faults.push(fault("start-time", message));
    }
    match (start, stop) {
        (None, Some(_)) => {
            let message = "'stop-time' means nothing without 'start-time'".to_owned();
            faults.push(fault("stop-time", message));
        }
        (Some(start), Some(stop)) if stop <= start => {
            let message = format!("'stop-time' {} is not later than 'start-time'", stop.rfc3339());
            faults.push(fault("stop-time", message));
        }
        _ => {}
    }
    faults
}

/// Compiles a filter of events: seen from the root, where the event stands (RFC 8040 section 4.8.4).
fn event_filter(schema: &Schema, text: &str) -> Result<Expression, Violation> {
    match compile_expression(schema, text, NodeId::ROOT, ModuleId(0)) {
        Ok((filter, _)) => Ok(filter),
        Err(error) => {
            let column = text.get(..error.offset).map_or(error.offset, |before| before.chars().count()) + 1;
            let message = format!("filter '{}': {} (column {column})", shorten(text), error.message);
            let violation = Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message);
            Err(violation.info("bad-attribute", "filter").info("column", column.to_string()))
        }
    }
}

fn unreadable(error: EventsEnd) -> Failure {
    match error {
        EventsEnd::Unreadable(reason) => Failure::internal(&reason),
        other => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, ErrorTag::OperationFailed, other.to_string()).into()
        }
    }
}

fn announcement(schema: &Schema, path: &str) -> Option<Announcement> {
    let node = schema.find(path)?;
    Some(Announcement { node, content: Arc::new(Container::new(node)) })
}

/// Writes notifications in an encoding: in the envelope of RFC 8040 section 6.4, below the data nodes that they are bound to.
fn writer(schema: &Arc<Schema>, format: Format) -> impl Fn(&Delivery) -> Option<Vec<u8>> + Send + use<> {
    let schema = Arc::clone(schema);
    move |delivery| {
        let tree = spine(&schema, &delivery.path, Data::Container(Arc::clone(&delivery.content)));
        let shape = Shape {
            names: Names::Qualified,
            strictness: Strictness::Rfc7951,
            content: Content::All,
            ..Shape::default()
        };
        let data = Subject::Container(&tree.root);
        let view = View { schema: &schema, data, shape: &shape, surroundings: None };
        let time = delivery.time.rfc3339();
        match format {
            Format::Json => {
                let mut out =
                    format!("{{\"ietf-restconf:notification\":{{\"eventTime\":\"{time}\",").into_bytes();
                let mut body = Vec::with_capacity(256);
                encode_json(&view, &mut body);
                out.extend_from_slice(body.strip_prefix(b"{")?);
                out.push(b'}');
                Some(out)
            }
            Format::Xml => {
                let mut out = format!(
                    "<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\">\
                     <eventTime>{time}</eventTime>"
                )
                .into_bytes();
                encode_xml_in(&view, Element::NONE, Layout::Compact, &mut out).ok()?;
                out.extend_from_slice(b"</notification>");
                Some(out)
            }
        }
    }
}
