//! The dialects over HTTP: each turns a request into one neutral operation and its outcome into a body of its own form.
//!
//! Never here: a rule about data or about who may do what; a service called by name other than for what is public.

pub mod http;
pub mod v1;
