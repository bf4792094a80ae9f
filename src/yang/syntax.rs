//! YANG text to statement trees with spans, and XPath text to expression trees. No name is resolved here.
//!
//! Nothing in here fails: a stage returns what it could make of the text and a list of diagnostics.

pub mod keyword;
pub mod known;
pub mod argument;
pub mod statement;
pub mod string;
pub mod parse;
pub mod check;
pub mod xpath;
mod scan;

pub use check::check;
pub use keyword::KeywordId;
pub use known::Known;
pub use parse::parse_module;
pub use statement::{Argument, Keyword, Statement};
