//! Who asks, and from where. What a caller may do is `access`'s business; the engine only hands it on.

use std::net::IpAddr;

use crate::base::ident::Ident;

/// The holder of a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant that the token belongs to: the only one whose tree it can reach.
    pub tenant: Ident,
    /// The token's public name; safe to log.
    pub accessor: Option<Ident>,
    /// The user whose log in made the token.
    pub user: Option<Ident>,
    /// The entity that the token stands for.
    pub entity: Option<Ident>,
    /// Names of the token's policies.
    pub policies: Vec<Ident>,
    /// How the token came about: `userpass`, `create-token`, `root`.
    pub method: Ident,
}

impl Caller {
    /// What a record of the log names as its actor: `acme/alice`, or the accessor where no user stands behind the token.
    pub fn actor(&self) -> String {
        match (&self.user, &self.accessor) {
            (Some(user), _) => format!("{}/{user}", self.tenant),
            (None, Some(accessor)) => format!("{}/token:{accessor}", self.tenant),
            (None, None) => format!("{}/-", self.tenant),
        }
    }
}

/// What is known of the connection that a request came by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// Address of the peer.
    pub address: Option<IpAddr>,
    /// `X-Forwarded-For`, as sent.
    pub forwarded_for: Option<String>,
    /// `User-Agent`, as sent.
    pub user_agent: Option<String>,
    /// `X-Request-Id`, echoed or made.
    pub request_id: String,
}
