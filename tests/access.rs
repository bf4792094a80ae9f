//! Who gets in, what they may do there, and what they see: the gate over the product's own model, on an engine with a
//! store. Without HTTP; dialects have tests of their own.

mod approle;
mod basic;
mod certificate;
mod escalation;
mod examples;
mod identity;
mod identity_tokens;
pub mod jwt;
mod limits;
mod matrix;
mod nacm;
mod oidc;
mod policies;
mod second_factor;
mod sources;
mod tokens;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use strongbox::access::authenticate::{Credentials, batch};
use strongbox::access::gate::Invoked;
use strongbox::access::{Access, Gate, Outcome, Reading, Refusal, Resource};
use strongbox::base::clock::{Clock, Timestamp};
use strongbox::base::ident::Ident;
use strongbox::base::password::Passwords;
use strongbox::base::secret::Secret;
use strongbox::data::decode::{Allow, DecodeOptions, Format, decode, decode_patch};
use strongbox::data::edit::{Edit, EditOperation};
use strongbox::data::path::InstancePath;
use strongbox::data::tree::{Container, Data};
use strongbox::engine::registry::BoxFuture;
use strongbox::engine::{
    Caller, ClientInfo, CommitError, Datastore, Engine, EngineSettings, Operation, Registry, WriteKind,
    WriteOptions,
};
use strongbox::services::approle::AppRoles;
use strongbox::services::certificate_auth::CertificateAuth;
use strongbox::services::identity::Identity;
use strongbox::services::identity_tokens::IdentityTokens;
use strongbox::services::jwt_auth::JwtAuth;
use strongbox::services::jwt_secrets::JwtSecrets;
use strongbox::services::sealing::{self, Host, Sealing, Trouble};
use strongbox::services::token::{Tokens, first};
use strongbox::services::userpass::Userpass;
use strongbox::services::{mounts, nacm as nacm_numbers, policies as policy_checks, sites, system, tenants};
use strongbox::store::seal::Keyring;
use strongbox::store::{Barrier, SqliteStore};
use strongbox::yang::product::compile_product;
use strongbox::yang::schema::Schema;

/// 2024-03-09T16:00:00Z.
const START: i64 = 1_710_000_000;

/// A daemon without its HTTP. The default tenant is `acme`.
struct House {
    gate: Gate,
    access: Arc<Access>,
    app_roles: Arc<AppRoles>,
    clock: Clock,
    root: String,
    directory: tempfile::TempDir,
}

/// An answer as a client would tell of it: the status that the refusal stands for, or what was answered.
type Answer = Result<Value, (u16, String)>;

/// The host of a seal that is never opened: what is asked of it here is its status.
struct NoStore;

impl Host for NoStore {
    fn found(&self, _: PathBuf, _: Barrier) -> BoxFuture<Result<Secret, Trouble>> {
        Box::pin(async { Err(Trouble::from("there is no store")) })
    }

    fn open(&self, _: Arc<Sealing>, _: Barrier) -> BoxFuture<Result<(), Trouble>> {
        Box::pin(async { Err(Trouble::from("there is no store")) })
    }

    fn close(&self) -> BoxFuture<()> {
        Box::pin(async {})
    }
}

fn engine(
    directory: &Path,
    schema: &Arc<Schema>,
    access: &Arc<Access>,
    clock: &Clock,
) -> (Engine, Arc<AppRoles>) {
    let mut registry = Registry::new();
    Tokens::new(Arc::clone(access)).register(&mut registry);
    Userpass::new(Arc::clone(access), schema).unwrap().register(&mut registry);
    let app_roles = AppRoles::new(Arc::clone(access), schema).unwrap();
    app_roles.register(&mut registry);
    JwtAuth::new(Arc::clone(access), schema).unwrap().register(&mut registry);
    CertificateAuth::new(Arc::clone(access), schema).unwrap().register(&mut registry);
    JwtSecrets::new().register(&mut registry);
    Identity::new(Arc::clone(access)).register(&mut registry);
    let identity_tokens = IdentityTokens::new(Arc::clone(access), schema, "acme".into()).unwrap();
    identity_tokens.register(&mut registry);
    policy_checks::register(&mut registry);
    nacm_numbers::register(&mut registry, access);
    tenants::register(&mut registry, access);
    sites::register(&mut registry);
    mounts::register(&mut registry, schema);
    let sealing = Sealing::load(directory.join("no/store"), clock.clone(), Arc::new(NoStore)).unwrap();
    sealing::model::register(&mut registry, &sealing);
    system::register(&mut registry, clock.now(), sealing);
    let key = || Secret::new([7; 32]);
    let barrier = Barrier::new(Keyring::new(key(), key(), Timestamp::default())).unwrap();
    access.seal_batch_tokens(&barrier.derive(batch::KEY_LABEL)).unwrap();
    let (store, recovered) = SqliteStore::open(directory, barrier).unwrap();
    // Passwords are not what is tested here: let them be cheap.
    let passwords = Passwords::with_parameters(argon2::Params::new(16, 1, 1, None).unwrap());
    let settings = EngineSettings { site: "stockholm".into(), passwords, ..EngineSettings::default() };
    let engine =
        Engine::start(Arc::clone(schema), registry, store, recovered, clock.clone(), settings).unwrap();
    app_roles.start(&engine);
    (engine, app_roles)
}

impl House {
    /// With the tenants system and acme, the user alice (password hunter2, policy ops) in acme.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let schema = Arc::new(compile_product().unwrap());
        let clock = Clock::manual(Timestamp::from_seconds(START));
        let access = Access::new(&schema).unwrap();
        let (engine, app_roles) = engine(directory.path(), &schema, &access, &clock);
        let gate = Gate::new(engine.clone(), Arc::clone(&access), None, "acme".into());
        let root = first::root_token(&engine, &access, "test").await.unwrap();
        let root = root.expose_text().unwrap().to_owned();
        let mut house = House { gate, access, app_roles, clock, root, directory };
        house.put(&house.root, "tenants/acme", json!({})).await.unwrap();
        let made = house.call(&house.root, "tenants/acme/create-token", json!({})).await.unwrap();
        house.root = made["token"].as_str().unwrap().to_owned();
        let user = json!({"name": "alice", "password": "hunter2", "token-policies": ["ops"]});
        house.put(&house.root, "strongbox/authentication/userpass/alice", user).await.unwrap();
        house
    }

    /// The same house after its daemon was stopped and started again.
    async fn restarted(self) -> Self {
        let House { gate, clock, root, directory, .. } = self;
        let schema = Arc::clone(gate.engine().schema());
        gate.engine().shutdown().await;
        drop(gate);
        let access = Access::new(&schema).unwrap();
        let (engine, app_roles) = engine(directory.path(), &schema, &access, &clock);
        let gate = Gate::new(engine, Arc::clone(&access), None, "acme".into());
        House { gate, access, app_roles, clock, root, directory }
    }

    fn schema(&self) -> &Arc<Schema> {
        self.gate.engine().schema()
    }

    fn path(&self, path: &str) -> InstancePath {
        InstancePath::parse_v1(self.schema(), path).unwrap()
    }

    /// Writes the policy `ops` of acme.
    async fn policy(&self, rules: Value) -> Answer {
        self.put(&self.root, "policy/policies/ops", json!({"rest-api": {"rules": rules}})).await
    }

    async fn login(&self, user: &str, password: &str) -> Answer {
        let input = json!({"username": user, "password": password});
        self.request(None, client(), |house| house.invoke("login", input)).await
    }

    /// The token of a fresh log in of alice.
    async fn alice(&self) -> String {
        self.login("alice", "hunter2").await.unwrap()["token"].as_str().unwrap().to_owned()
    }

    async fn caller(&self, token: &str) -> Result<Arc<Caller>, Refusal> {
        self.gate.authenticate(&Credentials::Token(token), &client()).await
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.read(token, Datastore::Config, path).await
    }

    async fn state(&self, token: &str, path: &str) -> Answer {
        self.read(token, Datastore::State, path).await
    }

    async fn read(&self, token: &str, datastore: Datastore, path: &str) -> Answer {
        let target = self.path(path);
        self.request(Some(token), client(), |_| Operation::Read { datastore, target }).await
    }

    async fn put(&self, token: &str, path: &str, body: Value) -> Answer {
        self.write(token, WriteKind::Put, path, EditOperation::Replace, body).await
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.write(token, WriteKind::Create, path, EditOperation::Create, body).await
    }

    async fn patch(&self, token: &str, path: &str, body: Value) -> Answer {
        self.write(token, WriteKind::Patch, path, EditOperation::Merge, body).await
    }

    async fn delete(&self, token: &str, path: &str) -> Answer {
        self.write(token, WriteKind::Delete, path, EditOperation::Delete, Value::Null).await
    }

    async fn call(&self, token: &str, path: &str, input: Value) -> Answer {
        self.request(Some(token), client(), |house| house.invoke(path, input)).await
    }

    async fn write(
        &self,
        token: &str,
        kind: WriteKind,
        path: &str,
        operation: EditOperation,
        body: Value,
    ) -> Answer {
        let target = self.path(path);
        let options = DecodeOptions::plain(Format::Json, Allow::Config);
        let text = body.to_string();
        let edits = match operation {
            EditOperation::Merge => decode_patch(self.schema(), &target, text.as_bytes(), &options).unwrap(),
            EditOperation::Delete => vec![Edit::without_value(target.clone(), EditOperation::Delete)],
            operation => {
                let data = decode(self.schema(), &target, text.as_bytes(), &options).unwrap();
                vec![Edit::new(target.clone(), operation, data)]
            }
        };
        let write = Operation::Write {
            kind,
            target,
            edits,
            preconditions: Vec::new(),
            validate_only: false,
            options: WriteOptions::default(),
        };
        self.request(Some(token), client(), |_| write).await
    }

    fn invoke(&self, path: &str, input: Value) -> Operation {
        let target = self.path(path);
        let options = DecodeOptions::plain(Format::Json, Allow::Input);
        let decoded = || decode(self.schema(), &target, input.to_string().as_bytes(), &options).unwrap();
        let input = match (!input.is_null()).then(decoded) {
            Some(Data::Container(input)) => Some(input),
            _ => None,
        };
        Operation::Invoke { target, input, validate_only: false }
    }

    async fn request(
        &self,
        token: Option<&str>,
        client: Arc<ClientInfo>,
        operation: impl FnOnce(&Self) -> Operation,
    ) -> Answer {
        match token {
            Some(token) => self.request_with(&Credentials::Token(token), client, operation).await,
            None => self.answer(None, &client, operation(self)).await,
        }
    }

    async fn request_with(
        &self,
        credentials: &Credentials<'_>,
        client: Arc<ClientInfo>,
        operation: impl FnOnce(&Self) -> Operation,
    ) -> Answer {
        let caller =
            self.gate.authenticate(credentials, &client).await.map_err(|refusal| status(&refusal))?;
        self.answer(Some(caller), &client, operation(self)).await
    }

    async fn answer(
        &self,
        caller: Option<Arc<Caller>>,
        client: &Arc<ClientInfo>,
        operation: Operation,
    ) -> Answer {
        match self.gate.execute(caller, client, operation).await {
            Ok(Outcome::Read(reading)) => Ok(self.shown(&reading)),
            Ok(Outcome::Written(written)) => Ok(json!({"created": written.created})),
            Ok(Outcome::Invoked(Invoked { output, .. })) => {
                let output = output.and_then(|output| output.container().unwrap());
                Ok(output.map_or(Value::Null, |output| self.json(&output)))
            }
            Err(refusal) => Err(status(&refusal)),
        }
    }

    fn shown(&self, reading: &Reading) -> Value {
        match &reading.resource {
            Resource::Container(container) => self.json(container),
            Resource::List(list) => {
                let entries = list.iter().filter_map(|entry| reading.complete(entry).unwrap());
                entries.map(|entry| self.json(&entry)).collect()
            }
            Resource::Value(data) => self.data(data),
        }
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

fn client() -> Arc<ClientInfo> {
    from("192.0.2.7")
}

fn from(address: &str) -> Arc<ClientInfo> {
    Arc::new(ClientInfo { address: Some(address.parse::<IpAddr>().unwrap()), ..ClientInfo::default() })
}

/// The status that a refusal stands for in every dialect.
fn status(refusal: &Refusal) -> (u16, String) {
    use strongbox::base::error::ErrorTag;
    use strongbox::engine::ActionError;
    let status = match refusal {
        Refusal::Unauthenticated(_) | Refusal::Action(ActionError::Unauthenticated { .. }) => 401,
        Refusal::Forbidden { .. } | Refusal::Action(ActionError::Denied(_)) => 403,
        Refusal::NotFound { .. } => 404,
        Refusal::Invalid(violations) => match violations.first().map(|violation| violation.tag) {
            Some(ErrorTag::AccessDenied) => 403,
            Some(ErrorTag::DataMissing) => 404,
            Some(ErrorTag::DataExists) => 409,
            _ => 400,
        },
        Refusal::Precondition(_) => 412,
        Refusal::Action(ActionError::TooMany { .. }) => 429,
        Refusal::Commit(CommitError::NoTenant(_)) => 404,
        _ => 500,
    };
    (status, refusal.to_string())
}

/// The status of an answer; 200 for a success.
fn code(answer: &Answer) -> u16 {
    answer.as_ref().map_or_else(|(status, _)| *status, |_| 200)
}
