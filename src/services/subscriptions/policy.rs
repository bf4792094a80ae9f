//! What a subscriber asks for: read, held against what is possible, and shown again.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::STREAM;
use super::filter::{Filter, is_told};
use super::refusal::{Reason, Wrong};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::data::violation::shorten;
use crate::engine::{Datastore, Snapshot};
use crate::yang::schema::xpath::Expression;

/// The shortest period, in hundredths of a second.
const SHORTEST: u32 = 10;

/// The policy of a subscription in the words of the model.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Policy {
    /// Name of the stream.
    pub stream: Option<String>,
    pub stream_filter_name: Option<String>,
    pub stream_subtree_filter: Option<Json>,
    pub stream_xpath_filter: Option<String>,
    pub replay_start_time: Option<Timestamp>,
    pub stop_time: Option<Timestamp>,
    pub datastore: Option<String>,
    pub selection_filter_ref: Option<String>,
    pub datastore_subtree_filter: Option<Json>,
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

/// Every kind of change, as `excluded-change` names them.
const KINDS: [&str; 5] = ["create", "delete", "insert", "move", "replace"];

/// A policy that can be served.
#[derive(Clone, Debug)]
pub struct Terms {
    pub policy: Policy,
    /// What is wanted; without it everything.
    pub filter: Option<Filter>,
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

    /// The filter, compiled.
    pub fn expression(&self) -> Option<&Arc<Expression>> {
        self.filter.as_ref().map(|filter| &filter.expression)
    }

    /// Whether all of the data is sent, first or again and again.
    pub fn sends_all(&self) -> bool {
        self.is_data()
            && self.policy.on_change.as_ref().is_none_or(|policy| policy.sync_on_start != Some(false))
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

impl Policy {
    /// Whether data is asked for, rather than events.
    pub fn is_data(&self) -> bool {
        self.stream.is_none()
    }

    /// With a filter in the place of a reference to it, as receivers are told (RFC 8639 section 2.7.1).
    pub fn with_filter(&self, filter: Option<&Filter>) -> Policy {
        let mut policy = self.clone();
        let Some(filter) = filter else { return policy };
        let (xpath, subtree) = (filter.xpath.clone(), filter.subtree.clone());
        if policy.stream_filter_name.take().is_some() {
            (policy.stream_xpath_filter, policy.stream_subtree_filter) = (xpath, subtree);
        } else if policy.selection_filter_ref.take().is_some() {
            (policy.datastore_xpath_filter, policy.datastore_subtree_filter) = (xpath, subtree);
        }
        policy
    }

    /// The filter, as of a snapshot. Without one, everything is wanted.
    pub fn filter(&self, snapshot: &Snapshot, tenant: &Ident) -> Result<Option<Filter>, Wrong> {
        let schema = snapshot.schema();
        let (reference, own) = match self.is_data() {
            false => (
                self.stream_filter_name.as_deref().map(|name| ("stream-filter-name", name)),
                [
                    ("stream-xpath-filter", self.stream_xpath_filter.clone().map(Json::from)),
                    ("stream-subtree-filter", self.stream_subtree_filter.clone()),
                ],
            ),
            true => (
                self.selection_filter_ref.as_deref().map(|name| ("selection-filter-ref", name)),
                [
                    ("datastore-xpath-filter", self.datastore_xpath_filter.clone().map(Json::from)),
                    ("datastore-subtree-filter", self.datastore_subtree_filter.clone()),
                ],
            ),
        };
        if let Some((leaf, name)) = reference {
            return Filter::configured(snapshot, tenant, self.is_data(), leaf, name).map(Some);
        }
        let asked = own.into_iter().find_map(|(leaf, text)| Some((leaf, text?)));
        asked.map(|(leaf, text)| Filter::new(schema, leaf, text)).transpose()
    }
}

/// Holds a policy against what is possible, as of a snapshot and an instant.
pub fn terms(
    snapshot: &Snapshot,
    tenant: &Ident,
    now: Timestamp,
    mut policy: Policy,
) -> Result<Terms, Wrong> {
    if policy.stop_time.is_some_and(|stop| stop <= policy.replay_start_time.unwrap_or(now)) {
        return Err(Wrong::value(Some("stop-time"), "the time to stop is not later than the time to begin"));
    }
    let source = match &policy.stream {
        Some(stream) if stream != STREAM => {
            let message = format!("there is no stream '{}'; there is {STREAM}", shorten(stream));
            return Err(Wrong::value(Some("stream"), message));
        }
        Some(_) if policy.replay_start_time.is_some_and(|start| start > now) => {
            return Err(Wrong::value(
                Some("replay-start-time"),
                "what is told again cannot begin in the future",
            ));
        }
        Some(_) => Source::Stream,
        None => Source::Data(datastore(&policy)?),
    };
    if source != Source::Stream {
        trigger(&mut policy)?;
    }
    let filter = policy.filter(snapshot, tenant)?;
    if let (Source::Data(datastore), Some(_), Some(filter)) = (source, &policy.on_change, &filter)
        && !is_told(snapshot.schema(), &filter.expression, datastore)
    {
        let message = "what is selected is computed when it is read, so that nothing tells of its changes; ask for it in periods";
        return Err(Wrong::new(Reason::OnChangeUnsupported, filter.leaf, message));
    }
    Ok(Terms { policy, filter, source })
}

fn datastore(policy: &Policy) -> Result<Datastore, Wrong> {
    let named = policy.datastore.as_deref().unwrap_or_default();
    match named.rsplit(':').next().unwrap_or_default() {
        "running" | "intended" => Ok(Datastore::Config),
        "operational" => Ok(Datastore::State),
        other => {
            let message = format!("'{}' is not among running, intended and operational", shorten(other));
            Err(Wrong::new(Reason::DatastoreNotSubscribable, "datastore", message))
        }
    }
}

/// When data is to be sent.
fn trigger(policy: &mut Policy) -> Result<(), Wrong> {
    match (&policy.periodic, &mut policy.on_change) {
        (Some(periodic), None) if periodic.period < SHORTEST => {
            let message = format!("a period of {} hundredths of a second is too short", periodic.period);
            Err(Wrong::new(Reason::PeriodUnsupported, "periodic", message).hint("period-hint", SHORTEST))
        }
        (Some(_), None) => Ok(()),
        (None, Some(on_change)) => {
            on_change.sync_on_start.get_or_insert(true);
            let is_excluded =
                |kind: &&str| on_change.excluded_change.iter().any(|excluded| excluded == *kind);
            if KINDS.iter().all(is_excluded) {
                return Err(Wrong::new(Reason::CantExclude, "on-change", "no kind of change would be left"));
            }
            Ok(())
        }
        _ => Err(Wrong::value(None, "a subscription to data is either periodic or on-change")),
    }
}

/// A policy with what of it is to be otherwise.
pub fn modified(before: &Terms, asked: Policy) -> Result<Policy, Wrong> {
    let mut policy = before.policy.clone();
    if before.is_data() != asked.datastore.is_some() {
        let message = "a subscription to data stays one, and so does one to a stream";
        return Err(Wrong::value(None, message));
    }
    if let Some(datastore) = asked.datastore {
        policy.datastore = Some(datastore);
    }
    policy.stream_filter_name = asked.stream_filter_name;
    policy.stream_subtree_filter = asked.stream_subtree_filter;
    policy.stream_xpath_filter = asked.stream_xpath_filter;
    policy.selection_filter_ref = asked.selection_filter_ref;
    policy.datastore_subtree_filter = asked.datastore_subtree_filter;
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
    Ok(policy)
}
