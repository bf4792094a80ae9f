//! The YANG compiler: text to statements (`syntax`), names to meanings (`resolve`), meanings to the compiled
//! [`schema::Schema`] that everything else reads. Pure: no instance data, no storage, no HTTP, no files but those given.

pub mod syntax;
pub mod resolve;
pub mod schema;
pub mod diagram;
pub mod json_schema;
pub mod lint;
pub mod update;
pub mod codes;
pub mod product;
#[cfg(test)]
pub(crate) mod testing;

pub use product::{compile_product, product_library, product_modules};
pub use resolve::library::Library;
pub use resolve::load::{Features, Wanted};
pub use schema::compile;
