//! Who is asking, may they, and what is written down about it.
//!
//! `authenticate` turns a bearer token into a [`crate::engine::caller::Caller`], `authorize` holds an operation on a
//! path against the caller's policies, `audit` writes one chained line a request, and `gate` is the door through which
//! every dialect goes: authenticate, authorize, run, answer. Never here: HTTP, a status line, a dialect's syntax.

pub mod audit;
pub mod authenticate;
pub mod authorize;
