//! Strongbox: a model-driven management daemon. YANG in; a REST API in YAML and JSON, and short-lived JWTs out.
//!
//! The folders are declared from the ground up; a file names only folders declared above its own (`tests/layers.rs`
//! holds every `use crate::` against this list), so reading this file from top to bottom is the tour of the house.
//!
//! | folder | what lives there |
//! | --- | --- |
//! | [`base`] | the clock, diagnostics, error-tags, durations, names, JSON, passwords, secrets and their cipher: no opinion about YANG or HTTP |
//! | [`yang`] | the compiler: `syntax` reads text, `resolve` binds names, `schema` is the immutable result |
//! | [`data`] | instance data: persistent trees, paths, edits, diffs, codecs, XPath, validation |
//! | [`store`] | durable bytes behind the barrier: the commit log and the rows, in SQLite |
//! | [`engine`] | the datastore: snapshots, the commit pipeline, candidates, subscriptions, notifications, actions, state providers |
//! | [`access`] | who asks, whether they may, and what was asked: tokens, policies, audit, the gate |
//! | [`services`] | one folder a capability: keys, issuers and roles, tokens, log in, identities, mounts, history, candidates, subscriptions, tenants, sites, system |
//! | [`surface`] | HTTP and the dialects: `/v1`, RESTCONF, that of Vault's clients, OpenAPI, and what is public |
//! | [`settings`] | one table for file, environment, flags and documentation |
//! | [`daemon`] | everything built in order and stopped in reverse; boot files |
//! | [`cli`] | the command line, one file a command |
//!
//! `docs/architecture.md` is the long form.

pub mod base;
pub mod yang;
pub mod data;
pub mod store;
pub mod engine;
pub mod access;
pub mod services;
pub mod surface;
pub mod settings;
pub mod daemon;
pub mod cli;
