//! Boot files.
pub mod document;
