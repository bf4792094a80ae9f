//! What every description has: headers of requests and answers, statuses of refusals, ways to say who one is.

use serde_json::{Map, Value, json};

use super::api::{Api, Operation, Sides, Spot, header, refusals, response, schema_of};
use crate::surface::parameters::{NUMBER, Parameter, SWITCH};
use crate::yang::json_schema::{Purpose, generate::paragraphs};
use crate::yang::schema::{NodeId, node::Status};

/// Statuses of refusals, the name of each in the components being the status itself.
const REFUSALS: &[(&str, &str, &str, &str)] = &[
    (
        "400",
        "The body, a value, a parameter or the whole of the change is not valid",
        "invalid-value",
        "12 is outside 1..9",
    ),
    ("401", "There are no credentials, or they are not valid", "access-denied", "there is no such token"),
    ("403", "Policy refuses", "access-denied", "read is rejected: no rule allows it"),
    ("404", "There is no such node, entry or site", "data-missing", "there is no such resource"),
    (
        "405",
        "The resource does not have that method",
        "operation-not-supported",
        "PUT is not possible on a list as a whole; possible: GET, HEAD, POST, OPTIONS",
    ),
    (
        "406",
        "None of the media types that are accepted is produced here",
        "bad-attribute",
        "Accept 'text/html' names no media type that is produced here: application/json, application/yaml",
    ),
    ("408", "The body did not arrive in time", "operation-failed", "the body did not arrive within 30s"),
    (
        "409",
        "The change is at odds with what is there",
        "data-exists",
        "Conflict (instance exists): there is an entry of that key",
    ),
    (
        "412",
        "A precondition does not hold",
        "operation-failed",
        "If-Match does not hold: the resource is another by now",
    ),
    (
        "413",
        "The body is too large",
        "too-big",
        "the body is larger than the 16777216 bytes that are accepted",
    ),
    ("414", "The URL is too long", "too-big", "the URL has 70000 bytes; at most 65536 are accepted"),
    (
        "415",
        "The media type or coding of the body is not accepted",
        "bad-attribute",
        "Content-Type 'text/plain' is not accepted here; accepted: application/json, application/yaml",
    ),
    (
        "429",
        "Too many requests, or too many failed attempts to log in",
        "resource-denied",
        "too many failed attempts; wait",
    ),
    (
        "431",
        "The header section is too large",
        "too-big",
        "the header section has 70000 bytes; at most 65536 are accepted",
    ),
    (
        "500",
        "The server failed; the request id finds the reason in its log",
        "operation-failed",
        "the server failed while it worked on this request; the request id finds the reason in its log",
    ),
    (
        "501",
        "The operation is not there on this server",
        "operation-not-supported",
        "this operation is not there",
    ),
    (
        "503",
        "The store is sealed or busy, or a site cannot be reached",
        "resource-denied",
        "Service Unavailable (strongbox sealed)",
    ),
    ("507", "The store has no room left", "resource-denied", "the disk is full"),
];

/// Refusals that any request to data can meet.
pub const ANY: &[&str] = &["400", "401", "403", "404", "406", "414", "429", "431", "500", "503"];

/// Those of requests with a body, besides.
pub const BODY: &[&str] = &["408", "413", "415"];

/// Those of anybody's requests for what is public.
pub const PUBLIC: &[&str] = &["400", "404", "414", "429", "431", "503"];

/// A way to say who one is, for each that there is.
pub fn security() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of this daemon, as a log in, `init` or `POST /v1/state/strongbox/token/create` returns it",
        },
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "A user with a password: acme/alice, or alice for the default tenant",
        },
        "certificate": {
            "type": "mutualTLS",
            "description": "A client certificate that the model knows; only where the listener asks for one",
        },
    })
}

/// Adds headers and refusals; `media_types` are those in which refusals are told, `errors` the name of their schema and
/// `example` makes the body of one.
pub fn add(api: &mut Api<'_>, media_types: &[&str], errors: &str, example: impl Fn(&str, &str) -> Value) {
    add_headers(api);
    add_answers(api);
    for (status, description, tag, message) in REFUSALS {
        let body = json!({"schema": schema_of(errors), "example": example(tag, message)});
        // JSON Schema has no words for XML.
        let of = |media_type: &str| if media_type.ends_with("xml") { json!({}) } else { body.clone() };
        let content: serde_json::Map<String, Value> =
            media_types.iter().map(|media_type| ((*media_type).to_owned(), of(media_type))).collect();
        let mut answer = json!({"description": description, "content": content});
        let with = |name: &str| json!({name: header(name)});
        if let Value::Object(members) = &mut answer {
            match *status {
                "401" => drop(members.insert("headers".to_owned(), with("WWW-Authenticate"))),
                "405" => drop(members.insert("headers".to_owned(), with("Allow"))),
                _ => {}
            }
        }
        api.responses.insert((*status).to_owned(), answer);
    }
}

/// Answers without a body. `validate` answers what would have been.
fn add_answers(api: &mut Api<'_>) {
    let validators = json!({"ETag": header("ETag"), "Last-Modified": header("Last-Modified")});
    let mut created = validators.clone();
    if let Value::Object(members) = &mut created {
        members.insert("Location".to_owned(), header("Location"));
    }
    for (name, description, headers) in [
        ("201", "It was created", created),
        ("204", "Done; there is nothing to say", validators.clone()),
        ("204.valid", "There is nothing to say; with `validate`, the request would succeed", json!({})),
        ("304", "The client has it already", validators),
    ] {
        api.responses.insert(name.to_owned(), json!({"description": description, "headers": headers}));
    }
}

fn add_headers(api: &mut Api<'_>) {
    let entity_tags = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)?$"#;
    let tags = json!({"type": "string", "pattern": entity_tags, "examples": ["\"2f1c0a9be3\""]});
    let date = json!({"type": "string", "examples": ["Sat, 31 Jan 2026 12:00:00 GMT"]});
    for (name, description, schema) in [
        ("If-Match", "Only if the resource has one of these entity tags (RFC 9110 section 13.1.1)", &tags),
        (
            "If-None-Match",
            "Only if it has none of these; `*` on a PUT means create only (section 13.1.2)",
            &tags,
        ),
        ("If-Modified-Since", "Only if it has changed since (section 13.1.3)", &date),
        ("If-Unmodified-Since", "Only if it has not changed since (section 13.1.4)", &date),
    ] {
        let made = json!({"name": name, "in": "header", "description": description, "schema": schema});
        api.parameters.insert(format!("header.{name}"), made);
    }
    let text = json!({"type": "string"});
    for (name, description, required, schema) in [
        (
            "ETag",
            "The entity tag; it changes exactly when the resource or something below it does",
            false,
            json!({"type": "string", "pattern": "^\"[!#-~]*\"$"}),
        ),
        ("Last-Modified", "When it changed last", false, text.clone()),
        ("Location", "Where what was created is", true, json!({"type": "string", "format": "uri-reference"})),
        ("WWW-Authenticate", "How to say who one is", true, text.clone()),
        ("Allow", "The methods that there are", true, text.clone()),
        ("Cache-Control", "How long it may be kept", true, text),
    ] {
        api.headers.insert(
            name.to_owned(),
            json!({"description": description, "required": required, "schema": schema}),
        );
    }
}

/// Adds the query parameters of a dialect's table.
pub fn add_queries<Q: 'static, P: 'static>(
    api: &mut Api<'_>,
    rows: impl Iterator<Item = &'static Parameter<Q, P>>,
) {
    for row in rows {
        let (schema, description) = match schema_of_form(row.form) {
            Some(schema) => (schema, row.doc.to_owned()),
            None => (json!({"type": "string", "minLength": 1}), format!("{}: {}", row.doc, row.form)),
        };
        let made = json!({"name": row.name, "in": "query", "description": description, "schema": schema});
        api.parameters.insert(format!("query.{}", row.name), made);
    }
}

/// The schema of values that look like that, where the form says it in full: a switch, one of a few words, a number within
/// bounds, with a word beside it or without.
fn schema_of_form(form: &str) -> Option<Value> {
    match form {
        SWITCH => return Some(json!({"type": "string", "enum": ["true", ""]})),
        NUMBER => return Some(json!({"type": "integer", "minimum": 0})),
        _ => {}
    }
    if let Some((_, bounds)) = form.split_once(" from ") {
        let (numbers, instead) = bounds.split_once(", or ").unwrap_or((bounds, ""));
        let (low, high) = numbers.split_once(" to ")?;
        let number = json!({
            "type": "integer", "minimum": low.parse::<u64>().ok()?, "maximum": high.parse::<u64>().ok()?
        });
        let word = if instead.starts_with("nothing") { "" } else { instead };
        return Some(match instead {
            "" => number,
            _ => json!({"anyOf": [number, {"type": "string", "enum": [word]}]}),
        });
    }
    let words: Vec<&str> = form.split(", ").flat_map(|part| part.split(" or ")).collect();
    let is_word =
        |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    (words.len() > 1 && words.iter().all(is_word)).then(|| json!({"type": "string", "enum": words}))
}

/// What invoking an rpc or an action is in every dialect; `refused` are the statuses besides those of any body, and `content` puts
/// the `input` or the `output` into media types.
pub fn invocation(
    api: &mut Api<'_>,
    id: NodeId,
    spot: &Spot,
    refused: &[&'static str],
    content: impl Fn(&str, &Value) -> Map<String, Value>,
) -> Operation {
    let node = api.schema.node(id);
    let Sides { input, output, needs_input } = api.sides(id);
    let body = input.map(|input| {
        let schema = api.generator.content(input, Purpose::Input);
        json!({"required": needs_input, "content": content("input", &schema)})
    });
    let mut responses = Vec::new();
    if let Some(output) = output {
        let schema = api.generator.content(output, Purpose::Answer);
        let content = content("output", &schema);
        responses.push(("200", json!({"description": "The output", "content": content})));
    }
    responses.push(("204", response("204.valid")));
    responses.extend(refusals(ANY));
    responses.extend(refusals(BODY));
    responses.extend(refusals(refused));
    Operation {
        summary: format!("Invoke {}", spot.names),
        description: node.description.as_deref().map(paragraphs),
        tag: api.tag(id),
        body,
        responses,
        public: node.extensions.public,
        deprecated: node.status != Status::Current,
        ..Operation::default()
    }
}
