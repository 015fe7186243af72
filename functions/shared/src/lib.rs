//! What crosses a state: payloads, the names of failures, and how a function reports itself.
//!
//! A thing is here when two functions need it, or when it travels between them. Nothing here
//! knows a database.

pub mod approval;
pub mod aws;
pub mod config;
pub mod failure;
pub mod logs;
pub mod metrics;
pub mod payload;
pub mod record;
pub mod request;
pub mod step;
pub mod text;

pub use failure::{Failure, FailureName, Place};
