//! Instance data: trees of typed values, the paths that address them, what can be done to them and how they are read
//! and written. Pure: no storage, no time, no caller, no HTTP. Everything here is guided by the compiled
//! [`crate::yang::schema::Schema`] and names schema nodes by id.

pub mod violation;
pub mod path;
pub mod tree;
pub mod edit;
pub mod diff;
pub mod decode;
pub mod default;
pub mod deserialize;
pub mod fields;
pub mod yaml;
pub mod xml;
pub mod projection;
pub mod subtree;
pub mod read;
pub mod xpath;
pub mod validate;
pub mod locate;
pub mod document;

#[cfg(test)]
pub(crate) mod testing;
