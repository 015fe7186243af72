//! Names of relations and columns: the engine reads them.

pub use engine::name::{LONGEST, Name, identifier, quoted};
