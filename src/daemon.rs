//! Building everything in order and stopping it in reverse.

pub mod boot;
