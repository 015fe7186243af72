//! Checks what would otherwise show only in a deployment or in a failing run: a failure that the definition does not
//! catch, a substitution that the template does not give, a task that outlives its function.

#![expect(clippy::expect_used, reason = "a test that cannot read what it checks has failed")]

mod definition;
mod failures;
mod pages;
mod paths;
mod retries;
mod template;
mod variables;
