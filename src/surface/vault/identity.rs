//! `identity/…`: whose rows come from the files of its capabilities.

use super::route::Backend;

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "identity",
    about: "The identity backend: entities, groups, and identity tokens.",
    endpoints: &[],
};
