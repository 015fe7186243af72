//! Lines of a script.

/// Where lines end, so that many places can be found in a long script.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    /// As editors and the engine count them.
    pub(super) fn of(sql: &str) -> Self {
        Self(sql.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// As squawk counts them, for which a carriage return alone ends one too.
    pub(super) fn of_squawk(sql: &str) -> Self {
        let bytes = sql.as_bytes();
        let ends = |at: &usize| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        Self((0..bytes.len()).filter(ends).collect())
    }

    /// The line, from 1, of the byte at `offset`.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}
