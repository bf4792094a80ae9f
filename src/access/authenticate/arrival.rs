//! Somebody who has logged in, as the log-in method knows them. Which entity that is, is found out by it: see
//! [`crate::access::identity`].

use super::Metadata;
use crate::base::ident::Ident;

/// Somebody who has proved to a log-in method who they are.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The accessor of the mount, or the name of a method below `authentication`: `auth_jwt_885cebdc`, `userpass`,
    /// `jwt-auth/corp`. Together with `alias` it is what an entity is found by.
    pub accessor: Ident,
    /// The name under which that method knows them, as it stands: no trimming, no folding of case.
    pub alias: Ident,
    /// What the method knows of them: replaces what it said the last time.
    pub metadata: Vec<Metadata>,
    /// The groups that the method says they are in, to be followed: those that it no longer names are left. `None`: the
    /// method knows nothing of groups.
    pub groups: Option<Vec<Ident>>,
}
