//! Bounds the length of a document: the least dangerous parts are left out first.

use std::collections::BTreeMap;

use crate::quantity::plural;

/// A part of the document that is either left out or present as a whole.
#[derive(Debug)]
pub(super) struct Block {
    /// The part's rank: if a part is left out, every part of a greater rank is left out too.
    pub(super) rank: Rank,
    /// The noun under which the part is counted if it is left out: `safe statement`; empty for a heading, which is not
    /// counted.
    pub(super) what: &'static str,
    /// Whole lines, with a line break at the end.
    pub(super) text: String,
}

/// How much a part matters, from most to least. A heading never ranks after the parts below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Head,
    First,
    Danger,
    DangerHelp,
    Caution,
    Server,
    Tables,
    CautionHelp,
    Suppressed,
    TableDetails,
    Safe,
    SafeHelp,
}

/// Returns the blocks that fit into `limit` bytes, in order. After the first block it says what was left out.
pub(super) fn fitting(blocks: &[Block], limit: usize) -> String {
    let all: usize = blocks.iter().map(|block| block.text.len()).sum();
    let shown = if all <= limit { vec![true; blocks.len()] } else { chosen(blocks, limit) };
    let rest = left_out(blocks.iter().zip(&shown).filter(|(_, shown)| !**shown).map(|(block, _)| block.what));
    let mut text = String::with_capacity(limit.min(all + rest.len()));
    for (at, (block, shown)) in blocks.iter().zip(shown).enumerate() {
        if shown {
            text.push_str(&block.text);
        }
        if at == 0 {
            text.push_str(&rest);
        }
    }
    // Not even the head fits.
    if text.len() > limit {
        let whole_lines = text[..text.floor_char_boundary(limit)].rfind('\n').map_or(0, |at| at + 1);
        text.truncate(whole_lines);
    }
    text
}

/// Chooses the blocks for which there is room: by rank, up to the first that does not fit.
fn chosen(blocks: &[Block], limit: usize) -> Vec<bool> {
    // The text about omitted parts is longest if all are left out.
    let mut room = limit.saturating_sub(left_out(blocks.iter().map(|block| block.what)).len());
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|at| blocks[*at].rank);
    let mut shown = vec![false; blocks.len()];
    for at in order {
        match room.checked_sub(blocks[at].text.len()) {
            None => break,
            Some(left) => (room, shown[at]) = (left, true),
        }
    }
    // Without the head nothing makes sense: at least its beginning is shown.
    if let Some(head) = shown.first_mut() {
        *head = true;
    }
    shown
}

fn left_out<'a>(what: impl Iterator<Item = &'a str>) -> String {
    let mut counts = BTreeMap::new();
    for what in what.filter(|what| !what.is_empty()) {
        *counts.entry(what).or_insert(0) += 1;
    }
    if counts.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = counts.into_iter().map(|(what, many)| plural(many, what)).collect();
    format!("\n**Left out here, for its size:** {}. The page has all of it.\n", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Vec<Block> {
        let block = |rank, what, text: &str| Block { rank, what, text: format!("{text}\n") };
        vec![
            block(Rank::Head, "head", "head"),
            block(Rank::Safe, "safe statement", "safe one"),
            block(Rank::Danger, "danger statement", "danger"),
            block(Rank::Safe, "safe statement", &"safe two".repeat(20)),
        ]
    }

    #[test]
    fn the_least_dangerous_goes_first_and_is_counted() {
        assert_eq!(fitting(&blocks(), 1000), format!("head\nsafe one\ndanger\n{}\n", "safe two".repeat(20)));
        let cut = fitting(&blocks(), 130);
        assert!(cut.contains("safe one") && cut.contains("1 safe statement.") && !cut.contains("safe two"), "{cut}");
        let cut = fitting(&blocks(), 120);
        assert!(cut.contains("danger\n") && cut.contains("2 safe statements.") && !cut.contains("safe one"), "{cut}");
    }

    #[test]
    fn no_limit_is_too_narrow() {
        for limit in 0..300 {
            let text = fitting(&blocks(), limit);
            assert!(text.len() <= limit && (text.is_empty() || text.ends_with('\n')));
        }
    }
}
