//! Statements to modules in which every name is bound: the library of sources, imports and revisions, scopes of
//! typedefs and groupings, features, and the data tree with every `uses` expanded and every augment and deviation
//! applied.
//!
//! Statement trees are borrowed, never copied: a resolved node is a keyword, a name and the list of statements that
//! are its properties, each with the scope it was written in. What those properties mean is the business of `schema`.

pub mod amend;
pub mod expand;
pub mod feature;
pub mod library;
pub mod load;
pub mod resolution;
pub mod scope;
pub mod tree;
