//! A plan's scripts with their syntax trees: each is parsed once, for all that look at it.

use squawk_syntax::{Parse, SourceFile};

use super::Pending;
use crate::apart::deep;

/// The scripts, in order. Any thread may drop them, though a tree is dropped as deeply as it is nested.
pub(super) struct Scripts(Vec<(Pending, Parse<SourceFile>)>);

impl Scripts {
    /// Parses all that is `pending`. That needs a [deep stack](crate::apart).
    pub(super) fn parse(pending: Vec<Pending>) -> Self {
        let parsed = |one: Pending| {
            let parse = SourceFile::parse(&scan::readable(&one.sql));
            (one, parse)
        };
        Self(pending.into_iter().map(parsed).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Pending, Parse<SourceFile>)> {
        self.0.iter()
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        let scripts = std::mem::take(&mut self.0);
        // An error here means that no thread could be started: then they are dropped already.
        let _ = deep(move || drop(scripts));
    }
}
