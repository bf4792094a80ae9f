//! What the product can do: one folder a capability, each the owner of a subtree of the model.
//!
//! A service is reached through the action or state node that it is bound to, never by name. Never here: HTTP, storage,
//! a walk through a tree.

pub mod jose;
mod input;
pub mod distribution;
pub mod history;
pub mod candidate;
pub mod transit;
pub mod jwt_issuer;
pub mod token;
pub mod identity;
pub mod identity_tokens;
pub mod login;
pub mod userpass;
pub mod approle;
pub mod mounts;
pub mod wrapping;
pub mod cubbyhole;
pub mod jwt_verify;
pub mod jwt_auth;
pub mod certificate_auth;
pub mod jwt_secrets;
pub mod policies;
pub mod restconf_monitoring;
pub mod nacm;
pub mod sealing;
pub mod tenants;
pub mod sites;
pub mod system;
pub mod yang_library;
pub mod notifications;
pub mod subscriptions;
