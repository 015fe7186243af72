//! Small pictures where they are faster to read than words. The words are beside each picture, or are its text
//! alternative.

use super::writer::Writer;
use crate::quantity::bytes;
use crate::{Blocking, Counts, Magnitude, Table, Verdict, words};

/// The width of the drawing of bars; the page stretches them.
const WIDTH: u64 = 1000;

/// Defines the shapes of the verdicts, for references: an octagon, a triangle, a circle.
pub(super) fn symbols(page: &mut Writer) {
    let shapes = [
        ("danger", "M5 .5h6L15.5 5v6L11 15.5H5L.5 11V5z", "M5 5l6 6M11 5l-6 6"),
        ("caution", "M8 .8l7.6 14H.4z", "M8 5.4v5M8 12v1.6"),
        ("safe", "M8 .5a7.5 7.5 0 1 0 .01 0z", "M4.4 8.3l2.6 2.6 4.8-5.4"),
    ];
    page.with("svg", &[("class", "symbols"), ("aria-hidden", "true"), ("width", "0"), ("height", "0")], |svg| {
        for (name, shape, mark) in shapes {
            svg.with("symbol", &[("id", name), ("viewBox", "0 0 16 16")], |symbol| {
                symbol.with("path", &[("d", shape), ("fill", "currentColor")], |_| {});
                symbol.with("path", &[("class", "mark"), ("d", mark)], |_| {});
            });
        }
    });
}

/// Writes a verdict's shape and word.
pub(super) fn badge(page: &mut Writer, verdict: Verdict) {
    page.with("span", &[("class", &format!("badge {}", verdict.name()))], |badge| {
        shape(badge, verdict);
        badge.text(verdict.name());
    });
}

/// Writes a verdict's shape alone, beside its word.
pub(super) fn shape(page: &mut Writer, verdict: Verdict) {
    page.with("svg", &[("class", "shape"), ("aria-hidden", "true"), ("viewBox", "0 0 16 16")], |svg| {
        svg.with("use", &[("href", &format!("#{}", verdict.name()))], |_| {});
    });
}

/// Writes who waits, for how long, and the basis of the estimate.
pub(super) fn waiting(page: &mut Writer, blocking: &Blocking, before: &'static str) {
    page.of("p", "small", |line| {
        steps(line, blocking);
        line.say("strong", "", &format!(" {before}{}", words::waiting(blocking)));
        line.prose(&format!(": {}", blocking.basis));
    });
}

/// Draws how long sessions are blocked, as steps from a moment to hours; a question mark where it is not known.
fn steps(page: &mut Writer, blocking: &Blocking) {
    let blocks = blocking.readers || blocking.writers;
    let (full, class) = match blocking.how_long {
        _ if !blocks => (Some(0), "steps"),
        Magnitude::Moment => (Some(1), "steps"),
        Magnitude::Seconds => (Some(2), "steps"),
        Magnitude::Minutes => (Some(3), "steps long"),
        Magnitude::Hours => (Some(4), "steps long"),
        Magnitude::Unknown => (None, "steps unknown"),
    };
    page.with("svg", &[("class", class), ("aria-hidden", "true"), ("viewBox", "0 0 30 16")], |svg| {
        let Some(full) = full else {
            return svg.with("path", &[("d", "M10.5 5.5c0-6 9-6 9-1 0 3.5-4.5 3-4.5 6.5M15 14v.5")], |_| {});
        };
        for step in 0..4_u32 {
            let height = 4 + 4 * step;
            let (x, y) = (1 + 7 * step, 16 - height);
            let class = if step < full { "full" } else { "empty" };
            let [x, y, height] = [x, y, height - 1].map(|number| number.to_string());
            let place = [("class", class), ("x", &x), ("y", &y), ("width", "5"), ("height", &height)];
            svg.with("rect", &place, |_| {});
        }
    });
}

/// Draws how many statements there are of each verdict, side by side.
pub(super) fn shares(page: &mut Writer, counts: Counts) {
    let parts: Vec<(&str, u64)> =
        counts.worst_first().into_iter().map(|(verdict, many)| (verdict.name(), many as u64)).collect();
    bar(page, "shares", None, &parts, counts.total() as u64);
}

/// Draws the size of a table and its indexes, relative to the largest table.
pub(super) fn size(page: &mut Writer, table: &Table, largest: u64) {
    let label = format!("{} and {} of indexes", bytes(table.bytes), bytes(table.index_bytes));
    bar(page, "size", Some(&label), &[("rows", table.bytes), ("indexes", table.index_bytes)], largest);
}

/// Draws a bar. Anything that exists has some width.
fn bar(page: &mut Writer, class: &'static str, label: Option<&str>, parts: &[(&str, u64)], whole: u64) {
    let frame = [("class", class), ("viewBox", "0 0 1000 10"), ("preserveAspectRatio", "none")];
    let says = match label {
        Some(label) => [("role", "img"), ("aria-label", label)],
        None => [("role", "presentation"), ("aria-hidden", "true")],
    };
    page.with("svg", &[frame.as_slice(), &says].concat(), |svg| {
        let mut x = 0;
        for (class, part) in parts.iter().filter(|(_, part)| *part > 0) {
            let share = u128::from(*part) * u128::from(WIDTH) / u128::from(whole.max(1));
            let width = u64::try_from(share).unwrap_or(WIDTH).clamp(8, WIDTH);
            let [at, wide] = [x, width].map(|number| number.to_string());
            svg.with("rect", &[("class", class), ("x", &at), ("y", "0"), ("width", &wide), ("height", "10")], |_| {});
            x += width;
        }
    });
}
