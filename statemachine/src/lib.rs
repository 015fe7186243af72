//! The state machine is `migrate.asl.json`, beside this crate's manifest.
//!
//! There is no code here. The tests hold the definition to what it is not compiled with: the names
//! of failures and the environment variables in `shared`, and the functions in `template.yaml`.
