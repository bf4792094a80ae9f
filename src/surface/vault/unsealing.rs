//! What this dialect answers while the daemon is sealed too: health, the status of the seal, who leads, and the operations
//! that make a store and open it. It works on the seal alone; there are no data.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Body};
use super::asked::{Asked, Verb};
use super::fault::{Fault, SEALED};
use super::field::{Arguments, Field, Kind};
use super::keys;
use crate::access::gate::Refusal;
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::deserialize::from_data;
use crate::data::tree::{Container, Data};
use crate::surface::http::{Payload, Reply, Request};
use crate::surface::sealed::{Condition, Seal};
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// The version that clients see: they tell by it what a server can do.
pub const VERSION: &str = "1.17.6";

/// What the one node that this daemon is calls its cluster.
const CLUSTER: &str = "strongbox";

/// The dialect's side of the seal.
pub struct Unsealing {
    schema: Arc<Schema>,
    seal: Arc<dyn Seal>,
    init: NodeId,
    unseal: NodeId,
    clock: Clock,
}

static INIT: &[Field] = &[
    Field::new("secret_shares", Kind::Int, "Into how many shares the key is split."),
    Field::new("secret_threshold", Kind::Int, "How many of them open the store."),
    Field::new("pgp_keys", Kind::TextList, "Not supported."),
    Field::new("root_token_pgp_key", Kind::Text, "Not supported."),
];

static UNSEAL: &[Field] = &[
    Field::new("key", Kind::Secret, "A share of the key, or the key, in base64 or hexadecimal."),
    Field::new("reset", Kind::Flag, "Forgets the shares that were given."),
    Field::new("migrate", Kind::Flag, "Has no effect."),
];

/// The container `seal-status` of the model.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Status {
    initialized: bool,
    sealed: bool,
    #[serde(default)]
    shares: Option<u8>,
    #[serde(default)]
    threshold: Option<u8>,
    #[serde(default)]
    progress: Option<u8>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    store_id: Option<String>,
}

impl Status {
    /// Says which cluster this is; only of a store that is open.
    fn name_cluster(&self, shown: &mut Value) {
        if let (Some(members), false) = (shown.as_object_mut(), self.sealed) {
            members.insert("cluster_name".to_owned(), CLUSTER.into());
            members.insert("cluster_id".to_owned(), self.store_id.as_deref().into());
        }
    }
}

/// The output of `init` in the model.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Made {
    seal_key: Secret,
    #[serde(default)]
    key_shares: Vec<Secret>,
    root_token: Secret,
}

impl Unsealing {
    /// The dialect in front of a seal; `None` when the model has none.
    pub fn new(schema: Arc<Schema>, seal: Arc<dyn Seal>, clock: Clock) -> Option<Self> {
        let init = schema.find("/strongbox/system/init")?;
        let unseal = schema.find("/strongbox/system/unseal")?;
        Some(Unsealing { schema, seal, init, unseal, clock })
    }

    /// Whether a request is answered here whether the daemon is sealed or not.
    pub fn is_mine(&self, request: &Request) -> bool {
        let below = request.path().strip_prefix("/v1/sys/").unwrap_or_default();
        matches!(
            below.trim_end_matches('/'),
            "health" | "seal-status" | "leader" | "init" | "unseal" | "ha-status"
        )
    }

    /// Answers a request while the daemon is sealed, and those of [`Unsealing::is_mine`] at any time.
    pub async fn answer(&self, request: &Request, payload: Payload) -> Reply {
        if !self.is_mine(request) {
            return Fault::new(StatusCode::SERVICE_UNAVAILABLE, SEALED).reply();
        }
        match self.run(request, payload).await {
            Ok(answer) => answer.reply(request.request_id()),
            Err(fault) => fault.reply(),
        }
    }

    async fn run(&self, request: &Request, payload: Payload) -> Result<Answer, Fault> {
        let asked = Asked::of(request)?;
        let body = payload.read(&request.headers).await?;
        let sent = asked.parameters(&request.headers, &body)?;
        match (asked.path.as_str(), asked.verb) {
            ("sys/health", Verb::Read) => self.health(&asked),
            ("sys/seal-status", Verb::Read) => self.status(),
            ("sys/leader", Verb::Read) => Ok(Answer::raw(json!({
                "ha_enabled": false,
                "is_self": false,
                "active_time": "0001-01-01T00:00:00Z",
                "leader_address": "",
                "leader_cluster_address": "",
                "performance_standby": false,
                "performance_standby_last_remote_wal": 0,
            }))),
            ("sys/ha-status", Verb::Read) => Ok(Answer::raw(json!({ "nodes": [] }))),
            ("sys/init", Verb::Read) => {
                Ok(Answer::raw(json!({ "initialized": self.seal.condition().initialized })))
            }
            ("sys/init", Verb::Write) => {
                let arguments = Arguments::read(&[INIT], &sent)?.arguments;
                let outcome = self.init(&arguments).await;
                told(request, "init", outcome.is_ok());
                outcome
            }
            ("sys/unseal", Verb::Write) => {
                let arguments = Arguments::read(&[UNSEAL], &sent)?.arguments;
                let outcome = self.unseal(&arguments).await;
                told(request, "unseal", outcome.is_ok());
                outcome
            }
            _ => Err(Fault::silent(StatusCode::METHOD_NOT_ALLOWED)),
        }
    }

    fn health(&self, asked: &Asked) -> Result<Answer, Fault> {
        let Condition { initialized, sealed } = self.seal.condition();
        let (name, usual) = match (initialized, sealed) {
            (false, _) => ("uninitcode", 501),
            (true, true) => ("sealedcode", 503),
            (true, false) => ("activecode", 200),
        };
        let mut code = usual;
        for parameter in ["activecode", "standbycode", "sealedcode", "uninitcode"] {
            let Some((_, text)) = asked.query.iter().find(|(found, _)| found == parameter) else { continue };
            let wanted = text.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
            let wanted = wanted.ok_or_else(|| Fault::silent(StatusCode::BAD_REQUEST))?;
            if parameter == name {
                code = wanted.as_u16();
            }
        }
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
        let known = self.seal.status().map_err(Refusal::Action)?;
        let known = self.read(&known)?;
        let mut shown = json!({
            "initialized": initialized,
            "sealed": sealed,
            "standby": false,
            "performance_standby": false,
            "replication_performance_mode": "disabled",
            "replication_dr_mode": "disabled",
            "server_time_utc": self.clock.now().seconds(),
            "version": VERSION,
            "strongbox_version": env!("CARGO_PKG_VERSION"),
            "enterprise": false,
            "echo_duration_ms": 0,
            "clock_skew_ms": 0,
            "replication_primary_canary_age_ms": 0,
        });
        known.name_cluster(&mut shown);
        Ok(Answer { body: Body::Raw(status, shown), warnings: Vec::new() })
    }

    fn status(&self) -> Result<Answer, Fault> {
        let status = self.seal.status().map_err(Refusal::Action)?;
        Ok(Answer::raw(self.shown(&status)?))
    }

    fn read(&self, status: &Container) -> Result<Status, Fault> {
        from_data(&self.schema, status).map_err(|error| super::call::internal(&error.to_string()))
    }

    fn shown(&self, status: &Container) -> Result<Value, Fault> {
        let status = self.read(status)?;
        let mut shown = json!({
            "type": "shamir",
            "initialized": status.initialized,
            "sealed": status.sealed,
            "t": status.threshold.unwrap_or(0),
            "n": status.shares.unwrap_or(0),
            "progress": status.progress.unwrap_or(0),
            "nonce": status.nonce.as_deref().unwrap_or_default(),
            "version": VERSION,
            "strongbox_version": env!("CARGO_PKG_VERSION"),
            "build_date": "",
            "migration": false,
            "recovery_seal": false,
            "storage_type": "sqlite",
        });
        status.name_cluster(&mut shown);
        Ok(shown)
    }

    async fn init(&self, arguments: &Arguments) -> Result<Answer, Fault> {
        if self.seal.condition().initialized {
            return Err(Fault::bad_request("Vault is already initialized"));
        }
        if !arguments.list("pgp_keys").is_empty() || arguments.text("root_token_pgp_key").is_some() {
            return Err(Fault::bad_request("keys encrypted with PGP are not supported"));
        }
        let count = |name: &str, usual: i64| match arguments.has(name) {
            false => usual,
            true => arguments.number(name),
        };
        let input = json!({ "shares": count("secret_shares", 5), "threshold": count("secret_threshold", 3) });
        let output = self
            .invoke(self.init, &input)
            .await?
            .ok_or_else(|| super::call::internal("init said nothing"))?;
        let made: Made =
            from_data(&self.schema, &output).map_err(|error| super::call::internal(&error.to_string()))?;
        let mut shown = Map::new();
        keys::show(&made.seal_key, &made.key_shares, &mut shown)?;
        shown.insert("root_token".to_owned(), made.root_token.expose_text().into());
        Ok(Answer::raw(shown.into()))
    }

    async fn unseal(&self, arguments: &Arguments) -> Result<Answer, Fault> {
        let reset = arguments.flag("reset");
        let key = arguments.text("key");
        if key.is_none() && !reset {
            let message = "'key' must be specified in request body as JSON, or 'reset' set to true";
            return Err(Fault::bad_request(message));
        }
        let given = match key.filter(|_| !reset) {
            None => json!({ "reset": true }),
            Some(key) => keys::offered(key)?.into(),
        };
        match self.invoke(self.unseal, &given).await? {
            Some(output) => Ok(Answer::raw(self.shown(&output)?)),
            None => self.status(),
        }
    }

    async fn invoke(&self, operation: NodeId, input: &Value) -> Result<Option<Arc<Container>>, Fault> {
        let children = &self.schema.node(operation).schema_children;
        let is_input = |id: &&NodeId| matches!(self.schema.node(**id).kind, NodeKind::Input);
        let node = children.iter().find(is_input).copied().unwrap_or(operation);
        let input = match from_serde(&self.schema, node, input) {
            Ok(Data::Container(input)) => input,
            Ok(_) => Arc::new(Container::new(node)),
            Err(violations) => return Err(Refusal::Invalid(violations).into()),
        };
        let outcome = self.seal.invoke(operation, input, false).await;
        outcome.map_err(|error| Fault::from(Refusal::Action(error)))
    }
}

/// The one place where this is written down: there is no audit log without the keys that its chain is made with.
fn told(request: &Request, operation: &str, accepted: bool) {
    tracing::info!(
        request_id = request.request_id(),
        client = %request.client.address,
        operation,
        accepted,
        "an operation on the seal"
    );
}
