//! A plan's scripts with their syntax trees: each script is parsed once.

use squawk_syntax::{Parse, SourceFile};

use super::Pending;
use crate::apart::deep;

/// The scripts, in order. Any thread may drop them, although dropping a tree recurses as deeply as the tree is nested.
#[derive(Clone)]
pub(super) struct Scripts(Vec<(Pending, Parse<SourceFile>)>);

impl Scripts {
    /// Parses all `pending` scripts. This needs a [deep stack](crate::apart).
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
        // On an error no thread could be started: then the scripts are dropped already.
        let _ = deep(move || drop(scripts));
    }
}
