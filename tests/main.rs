//! Every test that needs more than one module, in one binary: a test area is a module here, its cases a folder beside it.

// All of this is tests; clippy takes only functions marked #[test] for such, and helpers fail a test by panicking too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod api;
mod commands;
mod conversation;
mod crash;
mod daemon;
mod dependencies;
mod disk;
mod docs;
mod events;
mod fuzz;
mod history;
mod interop;
mod layers;
mod modules;
mod restconf;
mod seal;
mod services;
mod support;
mod tls;
mod vault;
mod yang;
