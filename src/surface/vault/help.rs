//! `?help=1`: what a path is for, in words made of its row in the table, and as an OpenAPI fragment.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::asked::Verb;
use super::fault::Fault;
use super::route::{Audience, Backend, Endpoint};

/// The help for a path below a mount; for the mount itself a list of its paths.
///
/// # Errors
/// 404 for a path that the mount does not have.
pub fn answer(backend: Option<&'static Backend>, below: &str) -> Result<Answer, Fault> {
    let backend = backend.ok_or_else(Fault::unsupported_path)?;
    let (help, shown) = match backend.find(below, Verb::Read) {
        Some((endpoint, _)) if !below.is_empty() => (of_endpoint(endpoint, below), vec![endpoint]),
        _ if below.is_empty() => (of_backend(backend), backend.all().collect()),
        _ => return Err(Fault::unsupported_path()),
    };
    Ok(Answer::raw(json!({ "help": help, "see_also": "", "openapi": openapi(&shown) })))
}

fn of_endpoint(endpoint: &Endpoint, below: &str) -> String {
    let mut text = format!(
        "Request:        {below}\nMatching Route: {}\n\n{}\n",
        regex(endpoint.pattern),
        endpoint.about
    );
    let mut fields: Vec<_> = endpoint.fields.iter().copied().flatten().collect();
    fields.sort_by_key(|field| field.name);
    if !fields.is_empty() {
        text.push_str("\n## PARAMETERS\n");
        for field in fields {
            let _ = write!(text, "\n    {} ({})\n\n        {}\n", field.name, field.kind.name(), field.about);
        }
    }
    text.push_str("\n## DESCRIPTION\n\n");
    text.push_str(if endpoint.details.is_empty() { endpoint.about } else { endpoint.details });
    text.push('\n');
    text
}

fn of_backend(backend: &Backend) -> String {
    let mut text = format!("## DESCRIPTION\n\n{}\n\n## PATHS\n\n", backend.about);
    text.push_str("The following paths are supported by this backend. To view help for\n");
    text.push_str("any of the paths below, use the help command with any route matching\n");
    text.push_str("the path pattern. Note that depending on the policy of your auth token,\n");
    text.push_str("you may or may not be able to access certain paths.\n");
    let mut rows: Vec<&Endpoint> = backend.all().collect();
    rows.sort_by_key(|row| row.pattern);
    for row in rows {
        let _ = write!(text, "\n    {}\n        {}\n", regex(row.pattern), row.about);
    }
    text
}

/// A pattern in the form in which clients print it.
fn regex(pattern: &str) -> String {
    let segment = |segment: &str| match (segment.strip_prefix(':'), segment.strip_prefix('*')) {
        (Some(name), _) => format!(r"(?P<{name}>\w(([\w-.]+)?\w)?)"),
        (_, Some(name)) => format!("(?P<{name}>.*)"),
        _ => segment.to_owned(),
    };
    format!("^{}$", pattern.split('/').map(segment).collect::<Vec<_>>().join("/"))
}

/// The endpoints as a fragment of an OpenAPI document.
fn openapi(endpoints: &[&Endpoint]) -> Value {
    let mut paths = Map::new();
    for endpoint in endpoints {
        let braced = |segment: &str| match segment.strip_prefix([':', '*']) {
            Some(name) => format!("{{{name}}}"),
            None => segment.to_owned(),
        };
        let path = endpoint.pattern.split('/').map(braced).collect::<Vec<_>>().join("/");
        let mut item = Map::new();
        item.insert("description".to_owned(), endpoint.about.into());
        item.insert("x-vault-sudo".to_owned(), (endpoint.audience == Audience::Sudo).into());
        item.insert("x-vault-unauthenticated".to_owned(), (endpoint.audience == Audience::Anybody).into());
        let response = |code: &str, text: &str| json!({ code: { "description": text } });
        if endpoint.read.is_some() || endpoint.list.is_some() {
            item.insert("get".to_owned(), json!({ "responses": response("200", "OK") }));
        }
        if endpoint.write.is_some() {
            let properties: Map<String, Value> = endpoint
                .fields
                .iter()
                .copied()
                .flatten()
                .map(|field| {
                    let shown = json!({ "type": field.kind.json_type(), "description": field.about });
                    (field.name.to_owned(), shown)
                })
                .collect();
            let schema = json!({ "type": "object", "properties": properties });
            let body = json!({ "content": { "application/json": { "schema": schema } } });
            item.insert(
                "post".to_owned(),
                json!({ "requestBody": body, "responses": response("200", "OK") }),
            );
        }
        if endpoint.delete.is_some() {
            item.insert("delete".to_owned(), json!({ "responses": response("204", "empty body") }));
        }
        paths.insert(format!("/{path}"), Value::Object(item));
    }
    let info = json!({ "title": "Strongbox, Vault dialect", "version": env!("CARGO_PKG_VERSION") });
    json!({ "openapi": "3.0.2", "info": info, "paths": paths })
}
