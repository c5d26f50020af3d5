//! The areas of the matrix, one file each.

mod baresip;
mod kamailio;
mod selfcheck;
mod sipp;

use super::cell::Cell;
use super::install::Package;

/// Cells that share their peers.
pub(super) struct Area {
    pub(super) name: &'static str,
    pub(super) packages: &'static [Package],
    /// Whether the cells need the program under test.
    pub(super) program: bool,
    pub(super) cells: Vec<Cell>,
}

/// All areas, in the order of the run.
pub(super) fn all() -> Vec<Area> {
    vec![selfcheck::area(), baresip::area(), sipp::area(), kamailio::area()]
}
