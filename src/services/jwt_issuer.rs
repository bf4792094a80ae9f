//! JWT issuers, their roles, and the mint action.

pub mod glob;
pub mod template;
