//! A plan's scripts with their syntax trees: each script is parsed once.

use engine::script::Refusal;
use squawk_syntax::{Parse, SourceFile};

use super::Pending;
use crate::apart::deep;

/// The scripts, in order. Any thread may drop them, although dropping a tree recurses as deeply as the tree is nested.
#[derive(Clone)]
pub(super) struct Scripts(Vec<Script>);

/// A script with its syntax tree.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) pending: Pending,
    pub(super) parse: Parse<SourceFile>,
    /// Why the engine does not run it.
    pub(super) refusal: Option<Refusal>,
}

impl Script {
    /// Parses `text`, which stands for the script's own and has the same length and lines.
    pub(super) fn parse(pending: Pending, text: &str, refusal: Option<Refusal>) -> Self {
        Self { parse: SourceFile::parse(&scan::readable(text)), pending, refusal }
    }
}

impl Scripts {
    /// Parses all `pending` scripts. This needs a [deep stack](crate::apart).
    pub(super) fn parse(pending: Vec<Pending>) -> Self {
        let parsed = |pending: Pending| {
            let text = pending.sql.clone();
            Script::parse(pending, &text, None)
        };
        Self::new(pending.into_iter().map(parsed))
    }

    pub(super) fn new(scripts: impl Iterator<Item = Script>) -> Self {
        Self(scripts.collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Script> {
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
