//! Logging in with a user name and a password.
//!
//! A stranger learns nothing but whether it was let in: an unknown tenant, an unknown user, a wrong password and a wrong
//! address all take the same work and get the same answer.

pub mod basic;
pub mod second_factor;
pub mod totp;

use std::sync::{Arc, Weak};

use serde::Deserialize;

use self::second_factor::{SecondFactor, Shown};
use super::login::{Guest, Knock, Tuning, check_networks};
use super::token::{IssuedToken, TokenParameters};
use crate::access::Access;
use crate::access::authenticate::turns::Turns;
use crate::access::authenticate::{Arrival, Metadata};
use crate::access::model::{ModelError, path_to};
use crate::base::ident::Ident;
use crate::base::password::PasswordError;
use crate::base::secret::Secret;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{ActionContext, ActionError, Registry};
use crate::yang::schema::{NodeId, Schema, Value};

const USERS: &str = "/strongbox/authentication/userpass";
const TOTP: &str = "/strongbox/authentication/userpass/totp";
const LAST_STEP: &str = "/strongbox/authentication/userpass/totp/last-step";

/// The service.
#[derive(Debug)]
pub struct Userpass {
    access: Arc<Access>,
    users: InstancePath,
    totp: NodeId,
    last_step: NodeId,
    turns: Turns,
}

/// Input of `login`.
#[derive(Deserialize)]
struct Login {
    tenant: Option<Ident>,
    username: String,
    password: Secret,
    otp: Option<Secret>,
}

/// An entry of `authentication/userpass`.
#[derive(Deserialize)]
struct User {
    password: Secret,
    #[serde(default)]
    totp: Option<SecondFactor>,
    #[serde(default)]
    metadata: Vec<Metadata>,
    #[serde(flatten)]
    parameters: TokenParameters,
}

impl Userpass {
    /// The service over these tokens.
    ///
    /// # Errors
    /// When the model has no users.
    pub fn new(access: Arc<Access>, schema: &Schema) -> Result<Arc<Self>, ModelError> {
        let node = |path: &'static str| schema.find(path).ok_or(ModelError(path));
        let (totp, last_step) = (node(TOTP)?, node(LAST_STEP)?);
        let users = path_to(schema, USERS)?;
        Ok(Arc::new(Userpass { access, users, totp, last_step, turns: Turns::default() }))
    }

    /// Hangs the service on the model, and has it vouch for requests with a name and a password.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let this: Weak<Self> = Arc::downgrade(self);
        self.access.vouchers.for_passwords(this);
        let service = Arc::clone(self);
        registry.action("/login", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.login(context, input).await }
        });
        let path = |action: &str| format!("{USERS}/{action}");
        let service = Arc::clone(self);
        registry.action(&path("enrol-totp"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.enrol(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action(&path("confirm-totp"), move |context, input| {
            let service = Arc::clone(&service);
            async move { service.confirm(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action(&path("remove-totp"), move |context, ()| {
            let service = Arc::clone(&service);
            async move { service.remove(context).await }
        });
        registry.guard(USERS, check_networks);
    }

    async fn login(&self, context: ActionContext, input: Login) -> Result<IssuedToken, ActionError> {
        let tenant = input.tenant.unwrap_or_else(|| context.tenant.clone());
        let mut knock = Knock::begin(&context, &self.access, tenant, &input.username)?;
        let user = match self.check(&knock, &input.username, input.password).await? {
            Ok((user, _)) => user,
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        let who = (knock.tenant.clone(), input.username.clone());
        // Log ins of one user with a second factor follow one another, so that a code is used once.
        if user.totp.is_some() {
            knock.wait_for_turn(&self.turns, &who).await;
        }
        let Shown { edits, approve, attempt } =
            match self.second_factor(&context, &who, input.otp.as_ref())? {
                Ok(shown) => shown,
                Err(reason) => return Err(knock.refuse(reason).await),
            };
        let issued = knock.let_in(Guest { edits, approve, ..guest(&input.username, user) }).await?;
        if let Some(attempt) = attempt {
            attempt.succeeded();
        }
        Ok(issued)
    }

    /// Holds a password against a user of the tenant that is knocked at; says why the user is not let in.
    async fn check(
        &self,
        knock: &Knock<'_>,
        name: &str,
        password: Secret,
    ) -> Result<Result<(User, Arc<Container>), &'static str>, ActionError> {
        let context = knock.context;
        let path = self.user(name);
        let user: Option<User> = context
            .snapshot
            .get(&knock.tenant, &path)
            .map_err(|error| ActionError::Internal(format!("a user cannot be read: {error}")))?;
        let hash = user.as_ref().and_then(|user| user.password.expose_text());
        let right = context.engine.passwords().verify(hash, password).await.map_err(|error| match error {
            PasswordError::Busy => ActionError::Unavailable(error.to_string()),
            other => ActionError::Internal(other.to_string()),
        })?;
        let Some((user, entry)) = user.zip(context.snapshot.entry(&knock.tenant, &path)) else {
            return Ok(Err("no such user"));
        };
        if !right {
            return Ok(Err("wrong password"));
        }
        if !knock.is_from(&user.parameters.token_bound_cidrs) {
            return Ok(Err("not from this address"));
        }
        Ok(Ok((user, Arc::clone(entry))))
    }

    fn user(&self, name: &str) -> InstancePath {
        self.users.entry(vec![Value::string(name)])
    }
}

fn guest(name: &str, user: User) -> Guest {
    let arrival = Arrival {
        accessor: Ident::from("userpass"),
        alias: Ident::from(name),
        metadata: user.metadata.clone(),
        groups: None,
    };
    Guest {
        user: Some(Ident::from(name)),
        display_name: None,
        method: "userpass",
        parameters: user.parameters,
        arrival: Some(arrival),
        tuning: Tuning::default(),
        metadata: user.metadata,
        edits: Vec::new(),
        approve: None,
    }
}
