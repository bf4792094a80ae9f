//! Every test that needs more than one module, in one binary: a test area is a module here, its cases a folder beside it.

mod access;
mod api;
mod crash;
mod docs;
mod interop;
mod layers;
mod services;
mod support;
mod yang;
