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
use super::login::place::{Door, Place, Places};
use super::login::{Guest, Knock, check_networks};
use super::token::{IssuedToken, TokenParameters};
use crate::access::Access;
use crate::access::authenticate::turns::Turns;
use crate::access::authenticate::{Arrival, Metadata};
use crate::access::model::ModelError;
use crate::base::ident::Ident;
use crate::base::password::PasswordError;
use crate::base::secret::Secret;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{ActionContext, ActionError, Registry};
use crate::yang::schema::{NodeId, Schema};

/// The users of a tenant, and those of a mount.
const USERS: [&str; 2] = ["/strongbox/authentication/userpass", "/strongbox/mounts/auth/userpass/users"];

/// The service.
#[derive(Debug)]
pub struct Userpass {
    access: Arc<Access>,
    places: Places,
    turns: Turns,
}

/// A user that somebody says to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Named {
    tenant: Ident,
    place: Place,
    name: String,
}

/// Input of `login`.
#[derive(Deserialize)]
struct Login {
    tenant: Option<Ident>,
    mount: Option<Ident>,
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
        let places = Places::find(schema, "userpass", "users")?;
        Ok(Arc::new(Userpass { access, places, turns: Turns::default() }))
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
        for users in USERS {
            let path = |action: &str| format!("{users}/{action}");
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
            registry.guard(users, check_networks);
        }
    }

    async fn login(&self, context: ActionContext, input: Login) -> Result<IssuedToken, ActionError> {
        let Login { tenant, mount, username, password, otp } = input;
        let tenant = tenant.unwrap_or_else(|| context.tenant.clone());
        let door = self.places.door(&context.snapshot, &tenant, mount.as_ref())?;
        // A mount that is not there takes as long as a user who is not.
        let (door, is_there) = match door {
            Some(door) => (door, true),
            None => (Door::nowhere(mount.as_ref()), false),
        };
        let mut knock = Knock::begin(&context, &self.access, tenant, &door.attempted(&username))?;
        let who = Named { tenant: knock.tenant.clone(), place: door.place.clone(), name: username };
        let user = match self.check(&knock, &who, password).await? {
            Ok((user, _)) if is_there => user,
            Ok(_) => return Err(knock.refuse("no such mount").await),
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        // Log ins of one user with a second factor follow one another, so that a code is used once.
        if user.totp.is_some() {
            knock.wait_for_turn(&self.turns, &who).await;
        }
        let Shown { edits, approve, attempt } = match self.second_factor(&context, &who, otp.as_ref())? {
            Ok(shown) => shown,
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        let guest = self.guest(&who, &door, user);
        let issued = knock.let_in(Guest { edits, approve, ..guest }).await?;
        if let Some(attempt) = attempt {
            attempt.succeeded();
        }
        Ok(issued)
    }

    /// Holds a password against a user; says why the user is not let in.
    async fn check(
        &self,
        knock: &Knock<'_>,
        who: &Named,
        password: Secret,
    ) -> Result<Result<(User, Arc<Container>), &'static str>, ActionError> {
        let context = knock.context;
        let path = self.user(who);
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

    fn user(&self, who: &Named) -> InstancePath {
        self.places.entry(&who.place, &who.name)
    }

    /// A node below a user of the place that a path is of.
    fn node(schema: &Schema, user: &InstancePath, name: &str) -> Result<NodeId, ActionError> {
        let missing = || ActionError::Internal(format!("users have no '{name}'"));
        schema.own_child(user.target(), name).ok_or_else(missing)
    }

    fn guest(&self, who: &Named, door: &Door, user: User) -> Guest {
        let name = Ident::from(who.name.as_str());
        let arrival = Arrival {
            accessor: door.accessor.clone(),
            alias: name.clone(),
            metadata: user.metadata.clone(),
            groups: None,
        };
        let mut metadata = user.metadata;
        metadata.extend(door.fact("username", &name));
        Guest {
            user: Some(name),
            display_name: door.display_name(&who.name),
            method: "userpass",
            parameters: user.parameters,
            arrival: Some(arrival),
            tuning: door.tuning,
            source: Some(self.user(who)),
            mount: door.mount(),
            metadata,
            edits: Vec::new(),
            approve: None,
        }
    }
}
