//! What both ways of logging in end with: from the claims of a verified token to a token of ours.

use super::compile::CompiledRole;
use super::door::Door;
use super::model::Place;
use crate::access::authenticate::{Arrival, Metadata};
use crate::access::authorize::policy::ROOT;
use crate::base::ident::Ident;
use crate::engine::ActionError;
use crate::engine::caller::Mount;
use crate::services::jwt_verify::Claims;
use crate::services::login::{Guest, Knock};
use crate::services::token::IssuedToken;
use crate::yang::schema::Value;

/// A token without a user is called by its accessor, with this in front; so no user can be called like that.
const RESERVED_PREFIX: &str = "token:";

/// What is said to an address from which a role is not to be had.
pub const PERMISSION_DENIED: &str = "permission denied";

/// Lets in who the claims are about, in a role.
pub(super) async fn admit(
    knock: Knock<'_>,
    (place, door): (&Place, &Door),
    (name, role): (Ident, &CompiledRole),
    claims: &Claims,
    method: &'static str,
) -> Result<IssuedToken, ActionError> {
    let identity = match role.identity.identify(claims) {
        Ok(identity) => identity,
        Err(error) => return Err(knock.refuse(error.to_string()).await),
    };
    let user = format!("{}{}", role.user_prefix, identity.user);
    if user.starts_with(RESERVED_PREFIX) {
        return Err(knock.refuse("the user's name begins with 'token:'").await);
    }
    let parameters = role.parameters_for(&identity.groups);
    if parameters.token_policies.iter().any(|policy| policy.eq_ignore_ascii_case(ROOT)) {
        return Err(knock.refuse("auth methods cannot create root tokens").await);
    }
    let fact = |(name, value): (String, String)| Metadata { name: name.into(), value: value.into() };
    let mut metadata: Vec<Metadata> = identity.metadata.into_iter().map(fact).collect();
    let source = Some(door.roles.entry([Value::string(&*name)]));
    metadata.push(Metadata { name: Ident::from("role"), value: name });
    let display_name = match place {
        Place::JwtAuth(name) => name.clone(),
        Place::Mount(path) => Ident::from(format!("{}-{}", path.replace('/', "-"), identity.user)),
    };
    let mount = match place {
        Place::JwtAuth(_) => None,
        Place::Mount(path) => Some(Mount { path: path.clone(), accessor: door.accessor.clone() }),
    };
    let follows_groups = role.identity.groups_claim.is_some();
    let arrival = Arrival {
        accessor: door.accessor.clone(),
        alias: Ident::from(user.as_str()),
        metadata: metadata.clone(),
        groups: follows_groups.then(|| identity.groups.into_iter().map(Ident::from).collect()),
    };
    let guest = Guest {
        user: Some(Ident::from(user)),
        display_name: Some(display_name),
        method,
        parameters,
        metadata,
        arrival: Some(arrival),
        tuning: door.tuning,
        source,
        mount,
        edits: Vec::new(),
        approve: None,
    };
    knock.let_in(guest).await
}
