//! The command line, one file a command.
pub mod client;
pub mod remote;
pub mod yang;
