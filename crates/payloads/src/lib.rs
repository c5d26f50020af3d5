#![doc = include_str!("../README.md")]

pub mod imdn;
pub mod iscomposing;
mod xml;

pub use xml::{DocumentError, MAX_DEPTH, MAX_DOCUMENT, MAX_NODES};
