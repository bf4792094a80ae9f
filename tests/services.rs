//! Services over the product's own model, on an engine with a store: what configuration, actions and time do to keys and
//! tokens. Without HTTP and policies; those have tests of their own.

mod mint;
mod model;
mod transit;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use strongbox::base::clock::{Clock, Timestamp};
use strongbox::data::decode::{Allow, DecodeOptions, Format, decode, decode_patch};
use strongbox::data::edit::{Edit, EditOperation};
use strongbox::data::path::InstancePath;
use strongbox::data::tree::{Container, Data};
use strongbox::engine::{
    ActionCall, ActionError, Author, Caller, ClientInfo, CommitError, CommitOptions, CommitRequest, Engine,
    EngineSettings, Made, Registry, State, TenantEdits,
};
use strongbox::services::distribution;
use strongbox::services::jwt_issuer::{DocumentKind, JwtIssuers};
use strongbox::services::transit::Transit;
use strongbox::store::{Barrier, SqliteStore};
use strongbox::yang::product::compile_product;
use strongbox::yang::schema::Schema;

/// 2024-03-09T16:00:00Z.
const START: i64 = 1_710_000_000;

/// An engine with the services on it. The tenant is `acme`, the site `stockholm`.
struct House {
    engine: Engine,
    clock: Clock,
    transit: Arc<Transit>,
    issuers: Arc<JwtIssuers>,
    _directory: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let schema = Arc::new(compile_product().unwrap());
        let transit = Transit::new(&schema).unwrap();
        let issuers = JwtIssuers::new(&schema, transit.keyrings().clone()).unwrap();
        let mut registry = Registry::new();
        transit.register(&mut registry);
        issuers.register(&mut registry, &schema);
        distribution::register(&mut registry, &schema);
        registry.tenants("/tenants");
        let directory = tempfile::tempdir().unwrap();
        let (store, recovered) = SqliteStore::open(directory.path(), Barrier::random().unwrap()).unwrap();
        let clock = Clock::manual(Timestamp::from_seconds(START));
        let settings = EngineSettings {
            public_url: "https://strongbox.example.com".into(),
            site: "stockholm".into(),
            ..EngineSettings::default()
        };
        let engine = Engine::start(schema, registry, store, recovered, clock.clone(), settings).unwrap();
        let house = House { engine, clock, transit, issuers, _directory: directory };
        house.write("system", "tenants/acme", EditOperation::Create, json!({})).await.unwrap();
        house
    }

    fn schema(&self) -> &Arc<Schema> {
        self.engine.schema()
    }

    fn path(&self, path: &str) -> InstancePath {
        InstancePath::parse_v1(self.schema(), path).unwrap()
    }

    /// A write of a client; refusals come as their messages.
    async fn write(
        &self,
        tenant: &str,
        path: &str,
        operation: EditOperation,
        body: Value,
    ) -> Result<(), Vec<String>> {
        let target = self.path(path);
        let options = DecodeOptions::plain(Format::Json, Allow::Config);
        let text = body.to_string();
        let edits = match operation {
            EditOperation::Merge => decode_patch(self.schema(), &target, text.as_bytes(), &options),
            EditOperation::Delete => Ok(vec![Edit::without_value(target, EditOperation::Delete)]),
            operation => decode(self.schema(), &target, text.as_bytes(), &options)
                .map(|data| vec![Edit::new(target, operation, data)]),
        };
        let edits =
            edits.map_err(|violations| violations.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let request = CommitRequest {
            actor: "test".to_owned(),
            request_id: "test".to_owned(),
            by: Author::Client,
            changes: vec![TenantEdits { tenant: tenant.into(), edits, preconditions: Vec::new() }],
            validate_only: false,
            approve: None,
            options: CommitOptions::default(),
        };
        match self.engine.commit(request).await {
            Ok(_) => Ok(()),
            Err(CommitError::Invalid(violations)) => {
                Err(violations.into_iter().map(|violation| violation.message).collect())
            }
            Err(other) => Err(vec![other.to_string()]),
        }
    }

    async fn put(&self, path: &str, body: Value) -> Result<(), Vec<String>> {
        self.write("acme", path, EditOperation::Replace, body).await
    }

    async fn patch(&self, path: &str, body: Value) -> Result<(), Vec<String>> {
        self.write("acme", path, EditOperation::Merge, body).await
    }

    async fn delete(&self, path: &str) -> Result<(), Vec<String>> {
        self.write("acme", path, EditOperation::Delete, Value::Null).await
    }

    /// An action by user alice of tenant acme; refusals come as `path: message`.
    async fn call(&self, path: &str, input: Value) -> Result<Value, Vec<String>> {
        self.call_as(Some("alice"), path, input).await
    }

    async fn call_as(&self, user: Option<&str>, path: &str, input: Value) -> Result<Value, Vec<String>> {
        self.invoke(user, path, input, false).await
    }

    /// Everything short of doing it.
    async fn try_out(&self, path: &str, input: Value) -> Result<Value, Vec<String>> {
        self.invoke(Some("alice"), path, input, true).await
    }

    async fn invoke(
        &self,
        user: Option<&str>,
        path: &str,
        input: Value,
        validate_only: bool,
    ) -> Result<Value, Vec<String>> {
        let caller = Caller {
            tenant: "acme".into(),
            accessor: Some("acc-1".into()),
            entity: None,
            user: user.map(Into::into),
            policies: Vec::new(),
            method: "userpass".into(),
            warranted: false,
            ends: None,
        };
        let target = self.path(path);
        let options = DecodeOptions::plain(Format::Json, Allow::Input);
        let refusals = |violations: Vec<strongbox::data::violation::Violation>| {
            let line = |violation: &strongbox::data::violation::Violation| {
                format!("{}: {}", violation.path.to_v1(self.schema()), violation.message)
            };
            violations.iter().map(line).collect::<Vec<_>>()
        };
        let input = match decode(self.schema(), &target, input.to_string().as_bytes(), &options) {
            Ok(Data::Container(input)) => Some(input),
            Ok(_) => None,
            Err(violations) => return Err(refusals(violations)),
        };
        let call = ActionCall {
            tenant: "acme".into(),
            path: target,
            input,
            caller: Some(Arc::new(caller)),
            client: Arc::new(ClientInfo::default()),
            validate_only,
            made: Made::default(),
        };
        match self.engine.invoke(call).await {
            Ok(output) => {
                let output = output.and_then(|output| output.container().unwrap());
                Ok(output.map_or(Value::Null, |output| self.json(&output)))
            }
            Err(ActionError::Invalid(violations)) => Err(refusals(violations)),
            Err(other) => Err(vec![other.to_string()]),
        }
    }

    /// What stands at a path of the state tree, secrets included.
    fn state(&self, path: &str) -> Value {
        let reader = self.engine.state(&"acme".into(), None).unwrap();
        match reader.get(&self.path(path)).unwrap() {
            Some(State::Container(container)) => self.json(&container),
            Some(State::Other(data)) => self.data(&data),
            Some(State::List(list)) => list.iter().map(|entry| self.json(entry)).collect(),
            None => Value::Null,
        }
    }

    fn document(&self, issuer: &str, kind: DocumentKind) -> Option<Value> {
        let snapshot = self.engine.snapshot();
        let url = &self.engine.settings().public_url;
        let document = self.issuers.document(&snapshot, "acme", issuer, kind, url, self.clock.now())?;
        serde_json::from_str(&document.json).ok()
    }

    fn json(&self, container: &Container) -> Value {
        let members = container.children().iter().map(|(id, data)| {
            let name = self.schema().node(*id).name.to_string();
            (name, self.data(data))
        });
        Value::Object(members.collect::<Map<_, _>>())
    }

    fn data(&self, data: &Data) -> Value {
        use strongbox::yang::schema::Value as Leaf;
        let leaf = |value: &Leaf| match value {
            Leaf::Bool(value) => json!(value),
            Leaf::Uint(value) => json!(value),
            other => json!(other.to_string()),
        };
        match data {
            Data::Leaf(value) => leaf(value),
            Data::LeafList(values) => values.iter().map(leaf).collect(),
            Data::Container(container) => self.json(container),
            Data::List(list) => list.iter().map(|entry| self.json(entry)).collect(),
            Data::Any(value) => Value::clone(value),
        }
    }
}

/// The claims of a token whose signature the issuer's published key set confirms.
fn claims(token: &str, key_set: &Value) -> (Value, Value) {
    use strongbox::services::jose::{Algorithm, PublicKey, jwk::ForeignJwk, jws};
    let keys: Vec<(String, PublicKey)> = key_set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| {
            let foreign: ForeignJwk = serde_json::from_value(key.clone()).unwrap();
            (foreign.kid.clone().unwrap(), foreign.public_key().unwrap())
        })
        .collect();
    let (_, payload) = jws::verify(token, &Algorithm::ALL, |header| {
        keys.iter().find(|(kid, _)| Some(kid) == header.kid.as_ref()).map(|(_, key)| key)
    })
    .unwrap();
    let header = jsonwebtoken::decode_header(token).map(|header| json!(header)).unwrap_or_default();
    (header, serde_json::from_slice(&payload).unwrap())
}
