//! (being built)

pub mod caller;
