//! Who makes a request, and from where: what access found out, in the form in which the engine and services meet it.

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::ident::Ident;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant whose tree the request is about.
    pub tenant: Ident,
    /// Public name of the token; `None` for a request without one, and for the server itself.
    pub accessor: Option<Ident>,
    /// The user whose log in made the token; `None` for a token that no user stands behind.
    pub user: Option<Ident>,
    /// Names of the policies that the token carries.
    pub policies: Vec<Ident>,
    /// How the token was obtained: `userpass`, `create-token`, `root`; `none` without a token.
    pub method: Ident,
}

impl Caller {
    /// A request without a token: it may only invoke what the model marks `public`.
    pub fn stranger(tenant: Ident) -> Self {
        Caller { tenant, accessor: None, user: None, policies: Vec::new(), method: Ident::from("none") }
    }

    /// What a commit's record names as its actor: `acme/alice`, or the accessor where no user stands behind the token.
    pub fn actor(&self) -> String {
        match (&self.user, &self.accessor) {
            (Some(user), _) => format!("{}/{user}", self.tenant),
            (None, Some(accessor)) => format!("{}/token:{accessor}", self.tenant),
            (None, None) => format!("{}/-", self.tenant),
        }
    }
}

/// Where a request came from.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    /// The address of the other end of the connection.
    pub address: IpAddr,
    /// `X-Forwarded-For`, as it was sent: for the audit log only, never trusted.
    pub forwarded_for: Option<Arc<str>>,
    /// `User-Agent`.
    pub user_agent: Option<Arc<str>>,
    /// `X-Request-Id`, echoed or made.
    pub request_id: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_names_the_user_before_the_token() {
        let mut caller = Caller::stranger(Ident::from("acme"));
        assert_eq!(caller.actor(), "acme/-");
        caller.accessor = Some(Ident::from("k3"));
        assert_eq!(caller.actor(), "acme/token:k3");
        caller.user = Some(Ident::from("alice"));
        assert_eq!(caller.actor(), "acme/alice");
    }
}
