//! The YANG compiler: text to statements (`syntax`), names to meanings (`resolve`), meanings to the compiled
//! [`schema::Schema`] that everything else reads. Pure: no instance data, no storage, no HTTP, no files but those given.

pub mod schema;
pub mod syntax;
pub mod resolve;
