//! The ground floor: what every other folder needs and that has no opinion about YANG, storage or HTTP.
//!
//! Never here: a YANG node, a path into a tree, an HTTP status line.

pub mod aside;
pub mod cipher;
pub mod clock;
pub mod diagnostic;
pub mod duration;
pub mod error;
pub mod hashed;
pub mod ident;
pub mod json;
pub mod outline;
pub mod parallel;
pub mod password;
pub mod secret;
pub mod suggest;
