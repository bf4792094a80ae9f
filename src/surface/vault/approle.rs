//! `approle`.

use super::route::Backend;

/// The backend.
pub static BACKEND: Backend = Backend { name: "approle", about: "", endpoints: &[] };
