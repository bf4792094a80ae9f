//! What a subscriber asks for: read, held against what is possible, and shown again.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::STREAM;
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::{Violation, shorten};
use crate::engine::{ActionContext, Datastore};
use crate::services::input::fault;
use crate::yang::schema::xpath::Expression;
use crate::yang::schema::xpath::bind::compile_expression;
use crate::yang::schema::{ModuleId, NodeId};

const SUBSCRIBED: &str = "ietf-subscribed-notifications";
const PUSH: &str = "ietf-yang-push";

/// The shortest period, in hundredths of a second.
const SHORTEST: u32 = 10;

/// The policy of a subscription in the words of the model.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Policy {
    /// Name of the stream.
    pub stream: Option<String>,
    pub stream_filter_name: Option<String>,
    pub stream_xpath_filter: Option<String>,
    pub replay_start_time: Option<Timestamp>,
    pub stop_time: Option<Timestamp>,
    pub datastore: Option<String>,
    pub selection_filter_ref: Option<String>,
    pub datastore_xpath_filter: Option<String>,
    pub periodic: Option<Periodic>,
    pub on_change: Option<OnChange>,
    pub encoding: Option<String>,
}

/// Data again and again.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Periodic {
    /// In hundredths of a second.
    pub period: u32,
    pub anchor_time: Option<Timestamp>,
}

/// Changes as they happen.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OnChange {
    /// In hundredths of a second.
    #[serde(default)]
    pub dampening_period: u32,
    pub sync_on_start: Option<bool>,
    #[serde(default)]
    pub excluded_change: Vec<String>,
}

/// A policy that can be served.
#[derive(Clone, Debug)]
pub struct Terms {
    pub policy: Policy,
    /// Compiled; of events or of data.
    pub filter: Option<Arc<Expression>>,
    pub source: Source,
}

/// Where notifications come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Stream,
    Data(Datastore),
}

impl Terms {
    pub fn is_data(&self) -> bool {
        self.source != Source::Stream
    }

    pub fn is_xml(&self) -> bool {
        self.policy.encoding.as_deref().is_some_and(|encoding| encoding.ends_with("encode-xml"))
    }

    pub fn is_on_change(&self) -> bool {
        self.policy.on_change.is_some()
    }

    /// From when on events are told again.
    pub fn replay(&self) -> Option<Timestamp> {
        self.policy.replay_start_time
    }
}

/// Hundredths of a second.
pub fn centiseconds(count: u32) -> Duration {
    Duration::from_millis(u64::from(count) * 10)
}

/// Holds a policy against what is possible.
pub fn terms(context: &ActionContext, action: &str, mut policy: Policy) -> Result<Terms, Box<Violation>> {
    let refuse = |identity: &str, leaf: &str, message: String| {
        Box::new(refused(context, action, identity, Some(leaf), message))
    };
    let now = context.now;
    if policy.stop_time.is_some_and(|stop| stop <= policy.replay_start_time.unwrap_or(now)) {
        let message = "the time to stop is not later than the time to begin".to_owned();
        return Err(Box::new(fault(context, action, Some("stop-time"), message)));
    }
    let (source, text, leaf) = if let Some(stream) = &policy.stream {
        if stream != STREAM {
            let message = format!("there is no stream '{}'; there is {STREAM}", shorten(stream));
            return Err(Box::new(fault(context, action, Some("stream"), message)));
        }
        if policy.replay_start_time.is_some_and(|start| start > now) {
            let message = "what is told again cannot begin in the future".to_owned();
            return Err(Box::new(fault(context, action, Some("replay-start-time"), message)));
        }
        let named = policy.stream_filter_name.as_deref();
        let text = match named {
            None => policy.stream_xpath_filter.clone(),
            Some(name) => Some(
                configured(context, "stream-filter", name, "stream-xpath-filter")
                    .ok_or_else(|| refuse("filter-unsupported", "stream-filter-name", no_filter(name)))?,
            ),
        };
        (Source::Stream, text, "stream-xpath-filter")
    } else {
        let datastore = policy.datastore.clone().unwrap_or_default();
        let datastore = match datastore.rsplit(':').next().unwrap_or_default() {
            "running" | "intended" => Datastore::Config,
            "operational" => Datastore::State,
            other => {
                let message = format!("'{}' is not among running, intended and operational", shorten(other));
                return Err(refuse("datastore-not-subscribable", "datastore", message));
            }
        };
        match (&policy.periodic, &mut policy.on_change) {
            (Some(periodic), None) if periodic.period < SHORTEST => {
                let message = format!("a period of {} hundredths of a second is too short", periodic.period);
                let violation = *refuse("period-unsupported", "periodic", message);
                return Err(Box::new(violation.info("period-hint", SHORTEST.to_string())));
            }
            (Some(_), None) => {}
            (None, Some(on_change)) => {
                on_change.sync_on_start.get_or_insert(true);
            }
            _ => {
                let message = "a subscription to data is either periodic or on-change".to_owned();
                return Err(Box::new(fault(context, action, None, message)));
            }
        }
        let text =
            match policy.selection_filter_ref.as_deref() {
                None => policy.datastore_xpath_filter.clone(),
                Some(name) => {
                    let found = configured(context, "selection-filter", name, "datastore-xpath-filter");
                    Some(found.ok_or_else(|| {
                        refuse("filter-unsupported", "selection-filter-ref", no_filter(name))
                    })?)
                }
            };
        (Source::Data(datastore), text, "datastore-xpath-filter")
    };
    let schema = context.snapshot.schema();
    let filter = text.map(|text| compile_expression(schema, &text, NodeId::ROOT, ModuleId(0))).transpose();
    let filter = filter.map_err(|error| {
        let violation = *refuse("filter-unsupported", leaf, error.to_string());
        Box::new(violation.info("filter-failure-hint", error.to_string()))
    })?;
    Ok(Terms { policy, filter: filter.map(|(filter, _)| Arc::new(filter)), source })
}

/// A policy with what of it is to be otherwise.
pub fn modified(
    context: &ActionContext,
    action: &str,
    before: &Terms,
    asked: Policy,
) -> Result<Terms, Box<Violation>> {
    let mut policy = before.policy.clone();
    if before.is_data() != asked.datastore.is_some() {
        let message = "a subscription to data stays one, and so does one to a stream".to_owned();
        return Err(Box::new(fault(context, action, None, message)));
    }
    if let Some(datastore) = asked.datastore {
        policy.datastore = Some(datastore);
    }
    policy.stream_filter_name = asked.stream_filter_name;
    policy.stream_xpath_filter = asked.stream_xpath_filter;
    policy.selection_filter_ref = asked.selection_filter_ref;
    policy.datastore_xpath_filter = asked.datastore_xpath_filter;
    policy.stop_time = asked.stop_time.or(policy.stop_time);
    if asked.periodic.is_some() || asked.on_change.is_some() {
        let kept = policy.on_change.take();
        policy.periodic = asked.periodic;
        policy.on_change = asked.on_change.map(|asked| match kept {
            Some(kept) => OnChange { dampening_period: asked.dampening_period, ..kept },
            None => asked,
        });
    }
    terms(context, action, policy)
}

/// A refusal with the reason that the models have for it (RFC 8650 section 3.3).
pub fn refused(
    context: &ActionContext,
    action: &str,
    identity: &str,
    leaf: Option<&str>,
    message: String,
) -> Violation {
    let violation = fault(context, action, leaf, message);
    let (module, tag) = match identity {
        "period-unsupported" | "datastore-not-subscribable" | "no-such-subscription-resync" => {
            (PUSH, ErrorTag::InvalidValue)
        }
        _ => (SUBSCRIBED, ErrorTag::InvalidValue),
    };
    let violation = Violation { tag, ..violation };
    violation.app_tag(format!("{module}:{identity}").as_str())
}

fn no_filter(name: &str) -> String {
    format!("no filter '{}' with an XPath expression is configured", shorten(name))
}

/// The expression of a filter of the configuration.
fn configured(context: &ActionContext, list: &str, name: &str, leaf: &str) -> Option<String> {
    let schema = context.snapshot.schema();
    let filters = schema.find("/ietf-subscribed-notifications:filters")?;
    let list = schema.own_child(filters, list)?;
    let mut path = InstancePath::root();
    path.push(filters, Vec::new());
    path.push(list, vec![crate::yang::schema::Value::string(name)]);
    let entry = context.snapshot.entry(&context.tenant, &path)?;
    entry.leaf(schema.own_child(list, leaf)?).map(ToString::to_string)
}
