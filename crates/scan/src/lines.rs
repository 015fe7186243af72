//! The lines of a text.

/// Where the lines of a text end, so that many places can be found in a long one.
#[derive(Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// Lines as editors count them: each ends with a line feed.
    pub fn of(text: &str) -> Self {
        Self::that_end(text.match_indices('\n').map(|(at, _)| at))
    }

    /// Lines that end with these bytes, which are in order.
    pub fn that_end(at: impl Iterator<Item = usize>) -> Self {
        Self(at.collect())
    }

    /// The line, from 1, of the byte at `offset`. The byte that ends a line is a part of it.
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
