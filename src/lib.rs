#![allow(unused)]
//! Strongbox: a model-driven management daemon. YANG in; a YAML and JSON REST API, short-lived JWTs and RESTCONF out.
//!
//! The folders are declared from the ground up; a file names only folders declared above its own (`tests/layers.rs`
//! holds every `use crate::` against this list), so reading this file from top to bottom is the tour of the house.

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

pub use yang::product_library;
