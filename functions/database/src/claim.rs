//! What a request to resolve declares, in the engine's terms.

use engine::resolve::{Claim, Declared};
use shared::request::Resolution;

/// Returns the claim that `migration` is to be resolved as `resolution` says.
pub fn claim(migration: String, resolution: Resolution) -> Claim {
    let resolution = match resolution {
        Resolution::Applied => Declared::Applied,
        Resolution::RolledBack => Declared::RolledBack,
    };
    Claim { migration, resolution }
}
