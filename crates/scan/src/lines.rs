//! The lines of a text.

/// The ends of a text's lines, for finding many places in a long text.
#[derive(Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// Returns the lines as editors count them: each ends with a line feed.
    pub fn of(text: &str) -> Self {
        Self::that_end(text.match_indices('\n').map(|(at, _)| at))
    }

    /// Returns lines that end with these bytes, which are in order.
    pub fn that_end(at: impl Iterator<Item = usize>) -> Self {
        Self(at.collect())
    }

    /// Returns the line, from 1, of the byte at `offset`. The byte that ends a line belongs to the line.
    pub fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_its_line_feed() {
        let lines = Lines::of("a\n\r\nb");
        assert_eq!([0, 1, 2, 3, 4, 5].map(|at| lines.at(at)), [1, 1, 2, 2, 3, 3]);
        let lines = Lines::that_end([0, 2].into_iter());
        assert_eq!([0, 1, 2, 3].map(|at| lines.at(at)), [1, 2, 2, 3]);
    }
}
