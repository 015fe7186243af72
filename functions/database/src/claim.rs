//! A request to resolve, in the engine's terms.

use engine::resolve::{Claim, Resolution as Declared};
use shared::request::{Mode, Request, Resolution};

/// What `request` declares; `None` unless it is one to resolve.
pub fn claim(request: &Request) -> Option<Claim> {
    match (request.mode, &request.migration, request.resolution) {
        (Mode::Resolve, Some(migration), Some(resolution)) => Some(Claim {
            migration: migration.clone(),
            resolution: match resolution {
                Resolution::Applied => Declared::Applied,
                Resolution::RolledBack => Declared::RolledBack,
            },
        }),
        _ => None,
    }
}
