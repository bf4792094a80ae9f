//! Sites: for now a list of the names that exist besides this one.

use super::tenants::only_in_system;
use crate::engine::Registry;

/// Hangs the service on the model.
pub fn register(registry: &mut Registry) {
    registry.guard("/sites", only_in_system);
}
