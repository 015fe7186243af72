//! Reports to look at and to test with. Nothing of them comes from a database.

mod hostile;
mod huge;
mod small;

pub use hostile::{ATTACKS, hostile, overwritten};
pub use huge::huge;
pub use small::small;
