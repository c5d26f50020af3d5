//! What the programs of `src/bin` share: a caller that is nothing but bytes, and somebody who
//! answers.

pub mod answerer;
pub mod caller;
