//! What needs no credentials and is no dialect of its own: health, numbers, the documents of issuers; and the descriptions
//! themselves.

use serde_json::{Value, json};

use super::Dialect;
use super::api::{Api, Operation, header, refusals, response};
use super::common::PUBLIC;

/// The tag of these paths.
pub const TAG: (&str, &str) = ("public", "What the world may read, and descriptions of the API");

/// Adds the paths.
pub fn add(api: &mut Api<'_>) {
    let text = json!({"type": "string"});
    let name = json!({"type": "string", "minLength": 1, "examples": ["acme"]});
    for parameter in ["tenant", "issuer"] {
        api.parameters.insert(
            format!("path.{parameter}"),
            json!({"name": parameter, "in": "path", "required": true, "schema": name}),
        );
    }
    let index = json!({
        "type": "object",
        "properties": {"name": text, "version": text},
        "required": ["name", "version"],
        "additionalProperties": text,
    });
    read(api, "/", "index", "What there is", &index);
    let health = json!({
        "type": "object",
        "properties": {
            "status": {"type": "string", "enum": ["ok", "sealed", "uninitialized"]},
            "initialized": {"type": "boolean"},
            "sealed": {"type": "boolean"},
            "version": text,
            "site": text,
        },
        "required": ["status", "initialized", "sealed", "version", "site"],
    });
    let mut operation = of("health", "Whether the daemon can work");
    operation.responses = vec![
        ("200", json_answer("It can", &health, false)),
        ("503", json_answer("It is sealed", &health, false)),
    ];
    operation.responses.extend(refusals(&["400", "429", "414", "431"]));
    api.path("/health", &[], vec![("get", operation)]);
    let mut operation = of("metrics", "Numbers for Prometheus");
    let numbers = json!({"description": "In the text format of Prometheus", "content": {"text/plain": {"schema": text}}});
    operation.responses = vec![("200", numbers)];
    operation.responses.extend(refusals(&["400", "429", "414", "431"]));
    api.path("/metrics", &[], vec![("get", operation)]);
    let url = json!({"type": "string", "format": "uri"});
    let configuration = json!({
        "type": "object",
        "properties": {"issuer": url, "jwks_uri": url},
        "required": ["issuer", "jwks_uri"],
    });
    let key_set = json!({
        "type": "object",
        "properties": {"keys": {"type": "array", "items": {
            "type": "object",
            "properties": {"kty": text, "kid": text, "alg": text, "use": text},
            "required": ["kty", "kid"],
        }}},
        "required": ["keys"],
    });
    for (place, of_tenant) in
        [("/jwt/{issuer}/.well-known/", false), ("/{tenant}/jwt/{issuer}/.well-known/", true)]
    {
        let whose = if of_tenant { "tenant" } else { "default-tenant" };
        for (document, what, schema) in [
            (
                "openid-configuration",
                "Where an issuer's keys are (OpenID Connect Discovery 1.0 section 4)",
                &configuration,
            ),
            ("jwks.json", "An issuer's public keys (RFC 7517 section 5)", &key_set),
        ] {
            let mut operation = of(&format!("{document}.of-{whose}"), what);
            operation.responses = vec![("200", json_answer("The document", schema, true))];
            operation.responses.extend(refusals(PUBLIC));
            let parameters: &[&str] = if of_tenant { &["tenant", "issuer"] } else { &["issuer"] };
            let parameters: Vec<String> = parameters.iter().map(|name| (*name).to_owned()).collect();
            api.path(&format!("{place}{document}"), &parameters, vec![("get", operation)]);
        }
    }
    let dialects: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect();
    let dialect = json!({"name": "dialect", "in": "query", "description": "Of which dialect; without it, of /v1",
        "schema": {"type": "string", "enum": dialects}});
    let object = json!({"type": "object"});
    for (path, id, what, parameters) in [
        ("/openapi.json", "openapi", "A description of the API in OpenAPI 3.1", vec![dialect]),
        ("/schema.json", "schema", "A JSON Schema for boot files", Vec::new()),
    ] {
        let mut operation = of(id, what);
        operation.public = false;
        operation.parameters = parameters;
        operation.responses =
            vec![("200", json_answer("The document", &object, true)), ("304", response("304"))];
        operation.responses.extend(refusals(&["400", "401", "414", "429", "431", "500", "503"]));
        api.path(path, &[], vec![("get", operation)]);
    }
}

fn of(id: &str, summary: &str) -> Operation {
    Operation {
        id: id.to_owned(),
        summary: summary.to_owned(),
        tag: TAG.0.to_owned(),
        public: true,
        ..Operation::default()
    }
}

fn read(api: &mut Api<'_>, path: &str, id: &str, summary: &str, schema: &Value) {
    let mut operation = of(id, summary);
    operation.responses = vec![("200", json_answer(summary, schema, false))];
    operation.responses.extend(refusals(PUBLIC));
    api.path(path, &[], vec![("get", operation)]);
}

fn json_answer(description: &str, schema: &Value, cached: bool) -> Value {
    let mut answer = json!({"description": description, "content": {"application/json": {"schema": schema}}});
    if let (true, Value::Object(members)) = (cached, &mut answer) {
        members.insert("headers".to_owned(), json!({"Cache-Control": header("Cache-Control")}));
    }
    answer
}
