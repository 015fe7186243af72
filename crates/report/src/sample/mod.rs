//! Sample reports to look at and to test with. None of their content comes from a database.

mod hostile;
mod huge;
mod small;

pub use hostile::{ATTACKS, hostile, overwritten};
pub use huge::huge;
pub use small::small;
