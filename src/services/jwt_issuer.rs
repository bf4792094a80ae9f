//! JWT issuers, their roles, and the mint action.

pub mod glob;
pub mod template;
pub mod claims;
pub mod model;
pub mod rules;
pub mod mint;
pub mod discovery;
