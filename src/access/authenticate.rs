//! From what a request shows to the caller behind it: tokens, how they are kept, when they end, how often somebody may
//! try to get one, and who vouches for requests that carry none.
//!
//! Pure: what is stored where, and which action makes a token, is the business of the services.

pub mod arrival;
pub mod attempts;
pub mod batch;
pub mod bearer;
pub mod credentials;
pub mod facts;
pub mod follow;
pub mod live;
pub mod mounts;
pub mod turns;
pub mod vouch;

pub use arrival::Arrival;
pub use attempts::{AttemptLimit, Attempts, TooManyAttempts};
pub use batch::{Alive, BatchTokens};
pub use bearer::{Bearer, TokenHash};
pub use credentials::Credentials;
pub use facts::{Metadata, TokenFacts};
pub use live::{LiveTokens, Use};
pub use mounts::LiveMounts;
pub use vouch::Vouchers;

/// Why a request has no caller. What is told to the client is the same for every token that is not valid, so that
/// nothing can be learnt by trying; the audit log has the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request carries no token.
    #[error("a token is needed: send it as 'Authorization: Bearer TOKEN'")]
    Missing,
    /// The request carries something, but not anything that tells who sent it.
    #[error("{0}")]
    Unusable(&'static str),
    /// There is no such token, or it has ended.
    #[error("the token is not valid")]
    Invalid(Invalid),
}

/// Why a token is not valid: for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// It is not the text of a token, or none that is known.
    Unknown,
    /// Its time, or that of the token above it, is over.
    Expired,
    /// It, or the token above it, was revoked.
    Revoked,
    /// Its uses are used up.
    UsedUp,
    /// It is not accepted from this address.
    Address,
}

impl Invalid {
    /// The reason in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Invalid::Unknown => "no such token",
            Invalid::Expired => "the token has expired",
            Invalid::Revoked => "the token was revoked",
            Invalid::UsedUp => "the token has no uses left",
            Invalid::Address => "the token is not accepted from this address",
        }
    }
}
