//! Names of relations and columns, as the engine reads them.

pub use engine::name::{LONGEST, Name, identifier, quoted};
