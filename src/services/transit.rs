//! Transit keys: key material that is made, used and retired here and does not leave.

pub mod model;
pub mod keyring;
