//! `userpass`.

use super::route::Backend;

/// The backend.
pub static BACKEND: Backend = Backend { name: "userpass", about: "", endpoints: &[] };
