//! `cubbyhole`.

use super::route::Backend;

/// The backend.
pub static BACKEND: Backend = Backend { name: "cubbyhole", about: "", endpoints: &[] };
