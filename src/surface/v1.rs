//! The `/v1` dialect: config and state trees as resources with bare bodies in JSON and YAML.

pub mod body;
pub mod failure;
pub mod format;
pub mod json_patch;
pub mod query;
pub mod route;
pub mod transaction;
