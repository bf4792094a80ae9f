//! Boot files.

pub mod document;
pub mod locate;
