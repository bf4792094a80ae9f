//! Verifying the JWTs of other issuers: whose signature it is, whether it is meant for us and valid now, and what its
//! claims say about the one who brings it.
//!
//! `token` checks the signature and the registered claims, `time` the dates, `claims` reads the payload, `identity` holds
//! the other claims against the rules of a role; `keys` knows where keys come from and keeps those that were fetched, and
//! `fetch` gets them. Nothing here knows a log-in method, a dialect, a YANG node: whoever lets somebody in by a JWT uses
//! this.

pub mod claims;
pub mod fetch;
pub mod identity;
pub mod keys;
pub mod time;
pub mod token;

pub use claims::Claims;
pub use fetch::{FetchError, Fetcher, Question, Site};
pub use identity::{BoundClaim, Identity, IdentityError, IdentityRules, Wanted};
pub use keys::{Document, KeySource, Keys, KeysError, Remote, discover};
pub use time::Leeways;
pub use token::{Expected, TokenError, verify};
