//! The description of streams of events (RFC 8040 sections 3.8 and 6) and of subscriptions (RFC 8650): resources that answer
//! with server-sent events and go on.

use serde_json::{Map, Value, json};

use super::api::{Api, Operation, header, parameter, refusals};
use super::common::ANY;
use crate::services::subscriptions::STREAM;
use crate::surface::restconf::query::{PARAMETERS, Place};
use crate::surface::streams::EVENT_STREAM;
use crate::yang::json_schema::Purpose;
use crate::yang::schema::{NodeId, NodeKind};

const EXAMPLE: &str = "id: 17-0\ndata: {\"ietf-restconf:notification\":{\"eventTime\":\"2026-11-22T08:40:12.000001Z\",\
\"ietf-netconf-notifications:netconf-config-change\":{\"changed-by\":{\"username\":\"alice\",\"session-id\":0},\
\"datastore\":\"running\",\"edit\":[{\"target\":\"/strongbox-policy:policy/policies[name='reader']\",\"operation\":\"create\"}]}}}\n\n";

const GOES_ON: &str = "Server-sent events that go on until one side ends them. Each `data` is a notification in the envelope of \
RFC 8040 section 6.4: as JSON the schema `Notification`, as XML that of RFC 5277. `id` is its place among all events. A comment \
comes every 15 seconds; `event: end` is the last and says why.";

/// Adds them, under a tag.
pub fn add(api: &mut Api<'_>, tag: &str) {
    let notification = notification(api);
    api.schemas.insert("Notification".to_owned(), notification);
    let last = json!({"name": "Last-Event-ID", "in": "header",
        "description": "The id of the event that was seen last: those that follow it come first",
        "schema": {"type": "string", "pattern": "^([0-9]+-[0-9]+)?$", "examples": ["17-0"]}});
    api.parameters.insert("header.Last-Event-ID".to_owned(), last);
    for (name, schema) in [
        ("encoding", json!({"type": "string", "enum": ["json", "xml"]})),
        ("subscription", json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})),
    ] {
        let what = match name {
            "encoding" => "How notifications are written",
            _ => "The number that establish-subscription answered, as in its `uri`",
        };
        let made =
            json!({"name": name, "in": "path", "required": true, "description": what, "schema": schema});
        api.parameters.insert(format!("path.{name}"), made);
    }
    let rows = PARAMETERS.iter().filter(|row| row.places.contains(&Place::Stream));
    let mut parameters: Vec<Value> = rows.map(|row| parameter(&format!("query.{}", row.name))).collect();
    parameters.push(parameter("header.Last-Event-ID"));
    let get = |id: &str, summary: &str, parameters: Vec<Value>| {
        let content = json!({EVENT_STREAM: {"schema": {"type": "string"}, "example": EXAMPLE}});
        let headers = json!({"Cache-Control": header("Cache-Control")});
        let answer = json!({"description": GOES_ON, "headers": headers, "content": content});
        let mut responses = vec![("200", answer)];
        responses.extend(refusals(ANY));
        let (id, summary, tag) = (id.to_owned(), summary.to_owned(), tag.to_owned());
        vec![("get", Operation { id, summary, tag, parameters, responses, ..Operation::default() })]
    };
    let stream =
        get("get.stream", "Every event of the tenant, as far as the caller may know of it", parameters);
    api.path(&format!("/restconf/streams/{STREAM}/{{encoding}}"), &["encoding".to_owned()], stream);
    let subscription =
        get("get.subscription", "What a subscription of the caller delivers; once", Vec::new());
    api.path("/restconf/subscriptions/{subscription}", &["subscription".to_owned()], subscription);
}

/// The envelope with the notifications that are told at the top; those of an instance stand below its nodes.
fn notification(api: &mut Api<'_>) -> Value {
    let schema = api.schema;
    let mut members = Map::new();
    members.insert("eventTime".to_owned(), json!({"type": "string", "format": "date-time"}));
    for child in schema.children(NodeId::ROOT).iter().copied() {
        if matches!(schema.node(child).kind, NodeKind::Notification) && api.is_wanted(child) {
            let name = api.segment(child, true);
            let content = api.generator.content(child, Purpose::Answer);
            members.insert(name, content);
        }
    }
    json!({
        "type": "object",
        "properties": {"ietf-restconf:notification": {
            "type": "object", "properties": members, "required": ["eventTime"], "minProperties": 2, "maxProperties": 2,
        }},
        "required": ["ietf-restconf:notification"],
        "additionalProperties": false,
    })
}
