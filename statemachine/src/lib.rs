//! The state machine is `migrate.asl.json`, beside this crate's manifest.
//!
//! There is no code here. The tests compare the definition with what the compiler cannot check it against: the names of
//! failures and the environment variables in `shared`, and the functions in `template.yaml`.
