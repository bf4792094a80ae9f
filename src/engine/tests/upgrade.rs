//! Stored data under other modules than those it was stored with.

use super::*;
use crate::data::decode::{DecodeOptions, decode};
use crate::data::testing::from_yang;
use crate::engine::row_codec::encode_row;

/// What every model of these tests has: the leaf with the content-id, and the list of tenants.
const COMMON: &str = "leaf content-id { config false; sx:stored; type string; } \
                      list tenants { key name; leaf name { type string; } } ";

fn model(body: &str) -> Arc<Schema> {
    let text = format!(
        "module test {{ yang-version 1.1; namespace urn:test; prefix t; import strongbox-extensions {{ prefix sx; }} \
         {COMMON} {body} }}"
    );
    Arc::new(from_yang(&[("test.yang", &text)]))
}

struct Place {
    bench: Bench,
}

impl Place {
    fn new() -> Self {
        Place { bench: Bench::new() }
    }

    fn start(&self, schema: &Arc<Schema>, model_change: ModelChange) -> Result<Engine, StartError> {
        let (store, recovered) = self.bench.store();
        let mut registry = Registry::new();
        registry.tenants("/test:tenants");
        registry.content_id("/test:content-id");
        let settings = EngineSettings { model_change, ..Bench::settings() };
        Engine::start(Arc::clone(schema), registry, store, recovered, self.bench.clock.clone(), settings)
    }

    /// The losses that a start with another model tells, as `path: reason`; none where it starts.
    async fn losses(&self, schema: &Arc<Schema>, model_change: ModelChange) -> Vec<String> {
        match self.start(schema, model_change) {
            Ok(engine) => {
                engine.shutdown().await;
                Vec::new()
            }
            Err(StartError::Misfit(losses)) => losses.iter().map(ToString::to_string).collect(),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Replaces all configuration of a tenant.
async fn put(engine: &Engine, tenant: &str, json: &str) {
    let schema = engine.schema();
    let root = InstancePath::root();
    let data = decode(schema, &root, json.as_bytes(), &DecodeOptions::stored()).unwrap();
    engine.commit(request(tenant, vec![Edit::new(root, EditOperation::Merge, data)])).await.unwrap();
}

/// All of a tenant's data as one JSON text, without the content-id.
fn all(engine: &Engine, tenant: &str) -> String {
    let snapshot = engine.snapshot();
    let mut root = Container::clone(&snapshot.tenant(tenant).unwrap().tree.root);
    root.remove(engine.schema().find("/test:content-id").unwrap());
    encode_row(engine.schema(), &root).unwrap().expose().to_owned()
}

/// A change of the model: its name, the model before, the data, the model after, what does not fit (path and a part of the
/// reason), what is left.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const CASES: &[Case] = &[
    (
        "what is added and not used changes nothing",
        "container c { leaf a { type string; } }",
        r#"{"test:c":{"a":"x"}}"#,
        "container c { leaf a { type string; } leaf b { type string; } list l { key k; leaf k { type string; } } }",
        &[],
        r#"{"test:c":{"a":"x"}}"#,
    ),
    (
        "a leaf is gone",
        "container c { leaf a { type string; } leaf b { type string; } }",
        r#"{"test:c":{"a":"x","b":"y"}}"#,
        "container c { leaf a { type string; } }",
        &[("/test:c/b", "'b' is unknown in 'c'")],
        r#"{"test:c":{"a":"x"}}"#,
    ),
    (
        "a type is narrower",
        "list l { key k; leaf k { type string; } leaf v { type string; } }",
        r#"{"test:l":[{"k":"1","v":"7"},{"k":"2","v":"seven"}]}"#,
        "list l { key k; leaf k { type string; } leaf v { type uint8; } }",
        &[("/test:l[k='2']/v", "seven")],
        r#"{"test:l":[{"k":"1","v":7},{"k":"2"}]}"#,
    ),
    (
        "a key's type is narrower",
        "list l { key k; leaf k { type string; } list m { key n; leaf n { type string; } } }",
        r#"{"test:l":[{"k":"7","m":[{"n":"x"}]},{"k":"seven","m":[{"n":"y"}]}]}"#,
        "list l { key k; leaf k { type string { pattern '[0-9]+'; } } list m { key n; leaf n { type string; } } }",
        &[("/test:l[k='seven']", "'seven'")],
        r#"{"test:l":[{"k":"7","m":[{"n":"x"}]}]}"#,
    ),
    (
        "a list is gone with all that is below",
        "container c { list l { key k; leaf k { type string; } list m { key n; leaf n { type string; } } } leaf a { type string; } }",
        r#"{"test:c":{"a":"x","l":[{"k":"1","m":[{"n":"x"},{"n":"y"}]},{"k":"2"}]}}"#,
        "container c { leaf a { type string; } }",
        &[("/test:c/l", "'l' is unknown in 'c'")],
        r#"{"test:c":{"a":"x"}}"#,
    ),
    (
        "a leaf becomes a key",
        "list l { key k; leaf k { type string; } leaf v { type string; } list m { key n; leaf n { type string; } } }",
        r#"{"test:l":[{"k":"1","v":"a","m":[{"n":"x"}]},{"k":"2"}]}"#,
        "list l { key 'k v'; leaf k { type string; } leaf v { type string; } list m { key n; leaf n { type string; } } }",
        &[("/test:l[k='2']", "v")],
        r#"{"test:l":[{"k":"1","v":"a","m":[{"n":"x"}]}]}"#,
    ),
    (
        "a key becomes a leaf, and two entries one",
        "list l { key 'k v'; leaf k { type string; } leaf v { type string; } }",
        r#"{"test:l":[{"k":"1","v":"a"},{"k":"1","v":"bb"},{"k":"2","v":"a"}]}"#,
        "list l { key k; leaf k { type string; } leaf v { type string; } }",
        &[("/test:l[k='1'][v='bb']", "another entry has the same keys now")],
        r#"{"test:l":[{"k":"1","v":"a"},{"k":"2","v":"a"}]}"#,
    ),
    (
        "a list is ordered by the user from now on",
        "list l { key k; leaf k { type string; } leaf v { type string; } list m { key n; leaf n { type string; } } }",
        r#"{"test:l":[{"k":"1","v":"a","m":[{"n":"x"}]},{"k":"2"}]}"#,
        "list l { key k; ordered-by user; leaf k { type string; } leaf v { type string; } list m { key n; leaf n { type string; } } }",
        &[],
        r#"{"test:l":[{"k":"1","v":"a","m":[{"n":"x"}]},{"k":"2"}]}"#,
    ),
    (
        "a list is ordered by the system from now on",
        "list l { key k; ordered-by user; leaf k { type string; } leaf v { type string; } list m { key n; leaf n { type string; } } }",
        r#"{"test:l":[{"k":"2"},{"k":"1","v":"a","m":[{"n":"x"}]}]}"#,
        "list l { key k; leaf k { type string; } leaf v { type string; } list m { key n; leaf n { type string; } } }",
        &[],
        r#"{"test:l":[{"k":"1","v":"a","m":[{"n":"x"}]},{"k":"2"}]}"#,
    ),
    (
        "a leaf becomes mandatory",
        "list l { key k; leaf k { type string; } leaf v { type string; } } container p { presence p; leaf w { type string; } }",
        r#"{"test:l":[{"k":"1","v":"a"},{"k":"2"}],"test:p":{}}"#,
        "list l { key k; leaf k { type string; } leaf v { type string; mandatory true; } } container p { presence p; leaf w { type string; mandatory true; } }",
        &[("/test:l[k='2']", "v is missing"), ("/test:p", "w is missing")],
        r#"{"test:l":[{"k":"1","v":"a"}]}"#,
    ),
    (
        "a leaf becomes a reference, and what it refers to goes by another rule",
        "list l { key k; leaf k { type string; } leaf v { type uint8; } } leaf-list r { type string; } leaf-list s { type string; }",
        r#"{"test:l":[{"k":"1","v":9},{"k":"2","v":1}],"test:r":["1","2","3"],"test:s":["2"]}"#,
        "list l { key k; must 'v < 5'; leaf k { type string; } leaf v { type uint8; } } \
         leaf-list r { type leafref { path '/t:l/t:k'; } } leaf-list s { type string; }",
        &[
            ("/test:l[k='1']", "v < 5"),
            ("/test:r[.='3']", "'3' does not exist"),
            ("/test:r[.='1']", "'1' does not exist"),
        ],
        r#"{"test:l":[{"k":"2","v":1}],"test:r":["2"],"test:s":["2"]}"#,
    ),
    (
        "configuration becomes state",
        "container c { leaf a { type string; } leaf b { type string; } list l { key k; leaf k { type string; } } }",
        r#"{"test:c":{"a":"x","b":"y","l":[{"k":"1"}]}}"#,
        "container c { leaf a { type string; config false; } leaf b { type string; } list l { config false; key k; leaf k { type string; } } }",
        &[("/test:c/a", "state"), ("/test:c/l[k='1']", "no list of configuration")],
        r#"{"test:c":{"b":"y"}}"#,
    ),
    (
        "two leafs come to exclude each other",
        "container c { leaf a { type string; } leaf b { type string; } list l { key k; leaf k { type string; } } }",
        r#"{"test:c":{"a":"x","b":"y","l":[{"k":"1"}]}}"#,
        "container c { choice w { leaf a { type string; } leaf b { type string; } list l { key k; leaf k { type string; } } } }",
        &[("/test:c/b", "exclude each other"), ("/test:c/l[k='1']", "exclude each other")],
        r#"{"test:c":{"a":"x"}}"#,
    ),
    (
        "fewer entries are allowed, and no two alike",
        "leaf-list f { type string; } list l { key k; leaf k { type string; } leaf v { type string; } }",
        r#"{"test:f":["a","b","c"],"test:l":[{"k":"1","v":"a"},{"k":"2","v":"a"},{"k":"3"}]}"#,
        "leaf-list f { type string; max-elements 2; } list l { key k; unique v; leaf k { type string; } leaf v { type string; } }",
        &[("/test:f[.='c']", "at most 2"), ("/test:l[k='2']", "have the same v 'a'")],
        r#"{"test:f":["a","b"],"test:l":[{"k":"1","v":"a"},{"k":"3"}]}"#,
    ),
    (
        "a container becomes a list, a leaf a container",
        "container c { leaf a { type string; } } leaf d { type string; }",
        r#"{"test:c":{"a":"x"},"test:d":"y"}"#,
        "list c { key a; leaf a { type string; } } container d { leaf a { type string; } }",
        &[("/test:c", "an array"), ("/test:d", "an object")],
        "{}",
    ),
    (
        "a value has another canonical form",
        "leaf a { type string; } leaf b { type int32; } leaf c { type uint8; } leaf d { type boolean; }",
        r#"{"test:a":"1.50","test:b":5,"test:c":7,"test:d":true}"#,
        "leaf a { type decimal64 { fraction-digits 3; } } leaf b { type int64; } leaf c { type string; } leaf d { type string; }",
        &[],
        r#"{"test:a":"1.5","test:b":"5","test:c":"7","test:d":"true"}"#,
    ),
];

#[tokio::test]
async fn what_fits_stays_and_what_does_not_is_told_and_goes_when_that_is_agreed_to() {
    for (name, old, data, new, losses, left) in CASES {
        let place = Place::new();
        let (old, new) = (model(old), model(new));
        let engine = place.start(&old, ModelChange::Keep).unwrap();
        put(&engine, "system", data).await;
        engine.shutdown().await;

        let told = place.losses(&new, ModelChange::Keep).await;
        assert_eq!(told, place.losses(&new, ModelChange::Look).await, "{name}");
        assert_eq!(told.len(), losses.len(), "{name}: {told:#?}");
        for (path, reason) in *losses {
            let start = format!("system {path}: ");
            let found = told.iter().find(|loss| loss.starts_with(&start));
            assert!(found.is_some_and(|loss| loss.contains(reason)), "{name}: {path}: {told:#?}");
        }
        if !losses.is_empty() {
            let engine = place.start(&old, ModelChange::Keep).unwrap();
            let before = model_free(&all(&engine, "system"));
            assert_eq!(before, model_free(data), "{name}: nothing was changed");
            engine.shutdown().await;
        }

        let engine = place.start(&new, ModelChange::Drop).unwrap();
        assert_eq!(all(&engine, "system"), *left, "{name}");
        let revision = engine.snapshot().revision;
        let record = engine.read_log(Revision(revision.0 - 1), 1).await.unwrap().remove(0).1;
        assert_eq!(record.transactions[0].actor, "upgrade", "{name}");
        let comment = record.transactions[0].comment.clone().unwrap_or_default();
        assert!(losses.iter().all(|(path, _)| comment.contains(path)), "{name}: {comment}");
        engine.shutdown().await;

        // The rows are those that these modules write: nothing is done again, and a restart finds the same.
        let engine = place.start(&new, ModelChange::Keep).unwrap();
        assert_eq!(
            (engine.snapshot().revision, all(&engine, "system").as_str()),
            (revision, *left),
            "{name}"
        );
        put(&engine, "system", r#"{"test:tenants":[{"name":"zz"}]}"#).await;
        let after = all(&engine, "system");
        engine.shutdown().await;
        let engine = place.start(&new, ModelChange::Keep).unwrap();
        assert_eq!(all(&engine, "system"), after, "{name}");
        engine.shutdown().await;
    }
}

/// A JSON text with its members in order.
fn model_free(json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn entries_that_were_embedded_are_rows_of_their_own_afterwards() {
    let place = Place::new();
    let body = |order: &str| {
        format!("list l {{ key k; {order} leaf k {{ type string; }} leaf v {{ type string; }} }}")
    };
    let (by_user, by_system) = (model(&body("ordered-by user;")), model(&body("")));
    let engine = place.start(&by_user, ModelChange::Keep).unwrap();
    put(&engine, "system", r#"{"test:l":[{"k":"b"},{"k":"a"}]}"#).await;
    engine.shutdown().await;
    for (schema, after) in [
        (&by_system, r#"{"test:l":[{"k":"a","v":"1"},{"k":"b"}]}"#),
        (&by_user, r#"{"test:l":[{"k":"a","v":"1"},{"k":"b"}]}"#),
    ] {
        let engine = place.start(schema, ModelChange::Keep).unwrap();
        put(&engine, "system", r#"{"test:l":[{"k":"a","v":"1"}]}"#).await;
        engine.shutdown().await;
        let engine = place.start(schema, ModelChange::Keep).unwrap();
        assert_eq!(all(&engine, "system"), after);
        engine.shutdown().await;
    }
}

#[tokio::test]
async fn each_tenant_keeps_what_fits_and_a_tenant_that_does_not_fit_goes_whole() {
    let place = Place::new();
    let old = model("leaf a { type string; }");
    let engine = place.start(&old, ModelChange::Keep).unwrap();
    put(&engine, "system", r#"{"test:tenants":[{"name":"one"},{"name":"twentytwo"}],"test:a":"x"}"#).await;
    put(&engine, "one", r#"{"test:a":"3"}"#).await;
    put(&engine, "twentytwo", r#"{"test:a":"y"}"#).await;
    engine.shutdown().await;
    let text = "module test { yang-version 1.1; namespace urn:test; prefix t; import strongbox-extensions { prefix sx; } \
                leaf content-id { config false; sx:stored; type string; } \
                list tenants { key name; leaf name { type string { length 1..5; } } } \
                leaf a { type string { pattern '[0-9]'; } } }";
    let new = Arc::new(from_yang(&[("test.yang", text)]));
    let told = place.losses(&new, ModelChange::Keep).await;
    let paths: Vec<&str> = told.iter().map(|loss| loss.split(": ").next().unwrap()).collect();
    assert_eq!(
        paths,
        ["system /test:a", "system /test:tenants[name='twentytwo']", "twentytwo /"],
        "{told:?}"
    );
    let engine = place.start(&new, ModelChange::Drop).unwrap();
    assert_eq!(all(&engine, "one"), r#"{"test:a":"3"}"#);
    assert!(engine.snapshot().tenant("twentytwo").is_none());
    engine.shutdown().await;
    assert!(place.losses(&new, ModelChange::Keep).await.is_empty());
}

#[tokio::test]
async fn a_module_that_is_no_longer_served_takes_its_data_along() {
    let place = Place::new();
    let with = |names: &[&str]| {
        let body = |name: &str| {
            format!(
                "module {name} {{ yang-version 1.1; namespace urn:{name}; prefix t; \
                 import strongbox-extensions {{ prefix sx; }} {} }}",
                if name == "test" {
                    format!("{COMMON} container c {{ leaf a {{ type string; }} }}")
                } else {
                    "import test { prefix b; } container extra { list l { key k; leaf k { type string; } } } \
                     augment /b:c { leaf added { type string; } list m { key k; leaf k { type string; } } }"
                        .to_owned()
                }
            )
        };
        let texts: Vec<(String, String)> =
            names.iter().map(|name| (format!("{name}.yang"), body(name))).collect();
        let texts: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Arc::new(from_yang(&texts))
    };
    let engine = place.start(&with(&["test", "more"]), ModelChange::Keep).unwrap();
    let data = r#"{"test:c":{"a":"x","more:added":"y","more:m":[{"k":"1"},{"k":"2"}]},"more:extra":{"l":[{"k":"1"}]}}"#;
    put(&engine, "system", data).await;
    engine.shutdown().await;
    let alone = with(&["test"]);
    let told = place.losses(&alone, ModelChange::Keep).await;
    let paths: Vec<&str> = told.iter().map(|loss| loss.split(": ").next().unwrap()).collect();
    assert_eq!(
        paths,
        ["system /more:extra", "system /test:c/more:added", "system /test:c/more:m"],
        "{told:#?}"
    );
    let engine = place.start(&alone, ModelChange::Drop).unwrap();
    assert_eq!(all(&engine, "system"), r#"{"test:c":{"a":"x"}}"#);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_look_writes_nothing() {
    let place = Place::new();
    let old = model("leaf a { type string; }");
    let engine = place.start(&old, ModelChange::Look).unwrap();
    assert_eq!(engine.snapshot().revision, Revision(0));
    engine.shutdown().await;
    for _ in 0..2 {
        let engine = place.start(&old, ModelChange::Keep).unwrap();
        assert_eq!(engine.snapshot().revision, Revision(1));
        engine.shutdown().await;
    }
    let engine = place.start(&old, ModelChange::Keep).unwrap();
    put(&engine, "system", r#"{"test:a":"x"}"#).await;
    engine.shutdown().await;
    let new = model("leaf a { type string; } leaf b { type string; }");
    let engine = place.start(&new, ModelChange::Look).unwrap();
    assert_eq!(engine.snapshot().revision, Revision(2));
    engine.shutdown().await;
    let engine = place.start(&new, ModelChange::Keep).unwrap();
    assert_eq!(engine.snapshot().revision, Revision(3), "the content-id is written");
    engine.shutdown().await;
}
