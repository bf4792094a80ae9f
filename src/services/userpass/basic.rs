//! Requests that carry a user's name and password instead of a token (RFC 7617).

use super::{Named, Userpass};
use crate::access::authenticate::Credentials;
use crate::access::authenticate::vouch::{Visitor, Vouch, Vouched, Vouching};
use crate::base::ident::Ident;
use crate::engine::ActionError;
use crate::services::login::Knock;
use crate::services::login::place::Door;

impl Vouch for Userpass {
    fn vouch<'a>(&'a self, visitor: Visitor<'a>) -> Vouching<'a> {
        Box::pin(self.vouch_for(visitor))
    }
}

impl Userpass {
    async fn vouch_for<'a>(&'a self, visitor: Visitor<'a>) -> Result<Vouched<'a>, ActionError> {
        let Visitor { context, access, credentials, turn } = visitor;
        let Credentials::Password { name, password } = credentials else {
            return Err(ActionError::NotImplemented);
        };
        // No user's name has a slash.
        let (tenant, name) = match name.split_once('/') {
            Some((tenant, name)) => (Ident::from(tenant), name),
            None => (context.tenant.clone(), name.as_str()),
        };
        let knock = Knock::begin(context, access, tenant, name)?.in_turn(turn);
        let door = Door::own("userpass");
        let who = Named { tenant: knock.tenant.clone(), place: door.place.clone(), name: name.to_owned() };
        let (user, entry) = match self.check(&knock, &who, password.clone()).await? {
            Ok(found) => found,
            Err(reason) => return Err(knock.refuse(reason).await),
        };
        if user.totp.as_ref().is_some_and(|factor| factor.is_confirmed()) {
            return Err(knock.refuse("the user has a second factor, for which a request has no place").await);
        }
        let sources = vec![(self.user(&who), entry)];
        knock.vouch(self.guest(&who, &door, user), sources).await
    }
}
