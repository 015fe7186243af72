//! What a request to resolve declares, in the engine's terms.

use engine::resolve::{Claim, Resolution as Declared};
use shared::request::Resolution;

/// The claim that `resolution` is what became of `migration`.
pub fn claim(migration: String, resolution: Resolution) -> Claim {
    let resolution = match resolution {
        Resolution::Applied => Declared::Applied,
        Resolution::RolledBack => Declared::RolledBack,
    };
    Claim { migration, resolution }
}
