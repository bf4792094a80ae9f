//! The dialect in front of a real engine and gate, without a listener.

mod hidden;

use std::sync::Arc;

use hyper::StatusCode;

use crate::access::Access;
use crate::access::authenticate::{Bearer, TokenFacts};
use crate::access::gate::Gate;
use crate::base::clock::{Clock, Timestamp};
use crate::base::ident::Ident;
use crate::data::tree::Data;
use crate::engine::{Engine, EngineSettings, Registry, StateContext, StateError, StateProvider};
use crate::services::distribution;
use crate::store::{Barrier, SqliteStore};
use crate::surface::http::{Payload, Reply, Request};
use crate::surface::v1::V1;
use crate::yang::compile_product;
use crate::yang::schema::Schema;

struct Desk {
    v1: V1,
    token: String,
    _dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Desk::with(|_, _| ())
    }

    /// With services of its own.
    fn with(fill: impl FnOnce(&mut Registry, &Schema)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let schema = Arc::new(compile_product().unwrap());
        let barrier = Barrier::random().unwrap();
        let (store, recovered) = SqliteStore::open(dir.path(), barrier).unwrap();
        let clock = Clock::manual(Timestamp::from_seconds(1_700_000_000));
        let mut registry = Registry::new();
        registry.tenants("/tenants");
        fill(&mut registry, &schema);
        let settings = EngineSettings::default();
        let engine = Engine::start(Arc::clone(&schema), registry, store, recovered, clock, settings).unwrap();
        let access = Access::new(&schema).unwrap();
        let tenant = Ident::from("system");
        let bearer = Bearer::generate().unwrap();
        let facts: TokenFacts = serde_json::from_value(serde_json::json!({
            "accessor": "a1", "method": "root", "policies": ["root"],
            "creation-time": "2023-11-14T22:13:20.000000Z",
            "token-hash": bearer.hash(),
        }))
        .unwrap();
        let gate = Gate::new(engine, Arc::clone(&access), None, tenant.clone());
        access.tokens.put([(&tenant, &facts)]);
        Desk { v1: V1::new(gate), token: bearer.text.expose_text().unwrap().to_owned(), _dir: dir }
    }

    async fn send(&self, line: &str, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::for_tests(method, target);
        request.headers.insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        for (name, value) in headers {
            request.headers.insert(*name, value.parse().unwrap());
        }
        self.v1.answer(&request, Payload::ready(body.to_owned())).await
    }

    /// Status and body, in one line for a comparison.
    async fn tell(&self, line: &str, body: &str) -> String {
        let reply = self.send(line, &[], body).await;
        format!("{} {}", reply.status.as_u16(), String::from_utf8_lossy(&reply.body)).trim_end().to_owned()
    }
}

const ISSUERS: &str = "/v1/config/strongbox/jwt-issuers";

#[tokio::test]
async fn an_entry_is_created_read_changed_and_deleted() {
    let desk = Desk::new();
    assert_eq!(
        desk.tell("POST /v1/config/strongbox/transit-keys", r#"{"name":"k","cipher":"ed25519"}"#).await,
        "201"
    );
    let created = desk.send(&format!("PUT {ISSUERS}/a"), &[], r#"{"signing-key":"k"}"#).await;
    assert_eq!(
        (created.status, &created.headers["location"]),
        (StatusCode::CREATED, &"/v1/config/strongbox/jwt-issuers/a".parse().unwrap())
    );
    let read = desk.send(&format!("GET {ISSUERS}/a"), &[], "").await;
    assert_eq!(read.headers["etag"], created.headers["etag"]);
    assert_eq!(read.body, r#"{"name":"a","signing-key":"k"}"#);
    assert_eq!(desk.tell(&format!("PUT {ISSUERS}/a"), std::str::from_utf8(&read.body).unwrap()).await, "204");
    assert_eq!(desk.tell(&format!("PATCH {ISSUERS}/a"), "max-ttl: 2h").await, "204");
    let changed = desk.send(&format!("GET {ISSUERS}/a"), &[("accept", "application/yaml")], "").await;
    assert_eq!(changed.body, "name: a\nsigning-key: k\nmax-ttl: 2h\n");
    assert_ne!(changed.headers["etag"], read.headers["etag"]);
    assert_eq!(desk.tell(&format!("DELETE {ISSUERS}/a"), "").await, "204");
    assert!(desk.tell(&format!("GET {ISSUERS}/a"), "").await.starts_with("404 "));
}

#[tokio::test]
async fn of_two_clients_with_the_same_tag_one_wins() {
    let desk = Desk::new();
    desk.tell("POST /v1/config/strongbox/transit-keys", r#"{"name":"k","cipher":"ed25519"}"#).await;
    let created = desk.send(&format!("PUT {ISSUERS}/a"), &[], r#"{"signing-key":"k"}"#).await;
    let tag = created.headers["etag"].to_str().unwrap();
    let line = format!("PATCH {ISSUERS}/a");
    let headers = [("if-match", tag)];
    let (one, other) = tokio::join!(
        desk.send(&line, &headers, r#"{"max-ttl":"2h"}"#),
        desk.send(&line, &headers, r#"{"max-ttl":"3h"}"#)
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 412]);
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing() {
    let desk = Desk::new();
    let body = r#"[{"operation":"create","path":"strongbox/transit-keys/k","value":{"cipher":"ed25519"}},
        {"operation":"create","path":"strongbox/jwt-issuers/a","value":{"signing-key":"missing"}}]"#;
    let told = desk.tell("POST /v1/config", body).await;
    assert!(told.starts_with("400 ") && told.contains("/strongbox/jwt-issuers/a/signing-key"), "{told}");
    assert_eq!(desk.tell("GET /v1/config/strongbox/transit-keys?count", "").await, "200 0");
    assert_eq!(desk.tell("POST /v1/config", &body.replace("missing", "k")).await, "204");
    assert_eq!(desk.tell("GET /v1/config/strongbox/transit-keys?count", "").await, "200 1");
}

#[tokio::test]
async fn a_json_patch_works_on_what_was_printed() {
    let desk = Desk::new();
    desk.tell("POST /v1/config/strongbox/transit-keys", r#"{"name":"k","cipher":"ed25519"}"#).await;
    desk.tell(&format!("PUT {ISSUERS}/a"), r#"{"signing-key":"k","max-ttl":"2h"}"#).await;
    let headers = [("content-type", "application/json-patch+json")];
    let patch = r#"[{"op":"test","path":"/max-ttl","value":"2h"},{"op":"remove","path":"/max-ttl"}]"#;
    let line = format!("PATCH {ISSUERS}/a");
    assert_eq!(desk.send(&line, &headers, patch).await.status, 204);
    assert_eq!(desk.tell(&format!("GET {ISSUERS}/a"), "").await, r#"200 {"name":"a","signing-key":"k"}"#);
    assert_eq!(desk.send(&line, &headers, patch).await.status, 409);
}

#[tokio::test]
async fn requests_of_too_many_parts_are_refused() {
    let desk = Desk::new();
    let edits = |count: usize| {
        let edit = r#"{"operation":"delete","path":"tenants/x"}"#;
        format!("[{}]", vec![edit; count].join(","))
    };
    let told = desk.tell("POST /v1/config", &edits(10_001)).await;
    assert!(told.starts_with("413 ") && told.contains("10001 edits"), "{told}");
    assert_eq!(desk.tell("PUT /v1/config/tenants/x", "{}").await, "201");
    let patch = format!("[{}]", vec![r#"{"op":"remove","path":"/x"}"#; 10_001].join(","));
    let headers = [("content-type", "application/json-patch+json")];
    let reply = desk.send("PATCH /v1/config/tenants/x", &headers, &patch).await;
    let told = String::from_utf8_lossy(&reply.body).into_owned();
    assert!(reply.status == 400 && told.contains("at most 10000 operations"), "{told}");
    let deep = format!("GET /v1/config/tenants?fields={}name{}", "a(".repeat(70), ")".repeat(70));
    let long = format!("GET /v1/config/tenants?fields=name{}", ",name".repeat(4_000));
    for line in [deep, long] {
        let told = desk.tell(&line, "").await;
        assert!(told.starts_with("400 "), "{told}");
    }
}

/// Tells the state of every entry but of one.
struct Broken;

impl StateProvider for Broken {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        match context.path.keys().first().and_then(|name| name.as_str()) {
            Some("b") => Err(StateError { path: "/b".to_owned(), reason: "it is broken".to_owned() }),
            _ => Ok(None),
        }
    }
}

/// Furnishes three issuers, and says how a list of their state is answered as a whole and by a selection of every entry.
async fn whole_and_selected(desk: &Desk) -> [String; 2] {
    desk.tell("POST /v1/config/strongbox/transit-keys", r#"{"name":"k","cipher":"ed25519"}"#).await;
    for name in ["a", "b", "c"] {
        let created = desk.send(&format!("PUT {ISSUERS}/{name}"), &[], r#"{"signing-key":"k"}"#).await;
        assert_eq!(created.status, StatusCode::CREATED);
    }
    let state = ISSUERS.replace("config", "state");
    [desk.tell(&format!("GET {state}"), "").await, desk.tell(&format!("GET {state}?where=true()"), "").await]
}

#[tokio::test]
async fn a_whole_list_of_state_is_what_a_selection_of_all_its_entries_is() {
    let desk = Desk::with(distribution::register);
    let [whole, selected] = whole_and_selected(&desk).await;
    assert_eq!(whole, selected);
    assert_eq!(whole.matches(r#""distribution-status":{"to":"#).count(), 3, "{whole}");
}

#[tokio::test]
async fn a_list_of_which_one_entry_has_no_telling_is_not_answered_in_part() {
    let desk = Desk::with(|registry, _| {
        registry.state("/strongbox/jwt-issuers/distribution-status", Arc::new(Broken));
    });
    let answers = whole_and_selected(&desk).await;
    for answer in answers {
        assert!(answer.starts_with("500 ") && !answer.contains(r#""name":"a""#), "{answer}");
    }
}
