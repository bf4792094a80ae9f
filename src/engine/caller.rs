//! Who asks, and from where. What a caller may do is `access`'s business; the engine only hands it on.

use std::net::IpAddr;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::ident::Ident;

/// Who sent a request: the holder of a valid token, or somebody that a log-in method vouches for without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant that the token belongs to: the only one whose tree it can reach.
    pub tenant: Ident,
    /// The token's public name; safe to log. A caller without a token has none, and has a user.
    pub accessor: Option<Ident>,
    /// The user who sent the request, or whose log in made the token.
    pub user: Option<Ident>,
    /// The entity that the caller is, whatever it logged in by.
    pub entity: Option<Ident>,
    /// Names of the caller's own policies; its entity may bring more.
    pub policies: Vec<Ident>,
    /// How the caller, or the token, came about: `userpass`, `create-token`, `root`.
    pub method: Ident,
    /// Whether its policies allow the path of the request as such, so that their rules over the data are not asked.
    pub warranted: bool,
    /// With what it ends, for the holder of a token that is kept nowhere.
    pub ends: Option<Ends>,
}

/// With what a token that is kept nowhere ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// When its time is over.
    pub at: Timestamp,
    /// Accessor of the token that made it.
    pub parent: Option<Ident>,
    /// Through which mount it was obtained.
    pub mount: Option<Mount>,
}

/// A mount of a log-in method as it was when somebody came in through it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Its path.
    pub path: Ident,
    /// Its accessor: that of another mount, which was enabled later at the same path, is another one.
    pub accessor: Ident,
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
    /// Whether it sent its request as XML.
    pub speaks_xml: bool,
    /// `X-Request-Id`, echoed or made.
    pub request_id: String,
    /// The certificate that the client itself showed, verified, and those behind it; never those of a proxy between it and
    /// here.
    pub certificate: Option<Arc<[CertificateDer<'static>]>>,
}
