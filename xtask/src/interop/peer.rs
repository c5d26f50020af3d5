//! Programs that take part in a cell, each driven from one file.

pub(super) mod agent;
pub(super) mod baresip;
mod inbox;
pub(super) mod kamailio;
pub(super) mod sipp;
