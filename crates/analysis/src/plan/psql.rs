//! Blanks what makes the engine refuse a script as a whole and is no SQL, so that its statements can be read.

/// Returns `sql` without its byte order mark, its NUL bytes, the commands that only psql knows, and the rows behind
/// `COPY ... FROM STDIN`. It has the same length and the same lines.
pub(super) fn blanked(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql.split_inclusive('\n').peekable();
    while let Some(line) = rest.next() {
        if line.starts_with('\\') {
            blank(line, &mut text);
            continue;
        }
        text.extend(line.chars().flat_map(|c| match c {
            '\u{feff}' => "   ".chars().collect(),
            '\0' => vec![' '],
            other => vec![other],
        }));
        if begins_rows(line) && rest.clone().any(is_end_of_rows) {
            for row in rest.by_ref() {
                blank(row, &mut text);
                if is_end_of_rows(row) {
                    break;
                }
            }
        }
    }
    text
}

fn begins_rows(line: &str) -> bool {
    let line = line.trim().to_ascii_lowercase();
    line.starts_with("copy ") && line.contains(" from stdin") && line.ends_with(';')
}

fn is_end_of_rows(line: &str) -> bool {
    line.trim_end() == "\\."
}

/// Appends blanks for `line`.
fn blank(line: &str, text: &mut String) {
    text.extend(line.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_sql_is_blanked() {
        let sql = "\u{feff}\\restrict key\nCOPY t FROM stdin;\nit's\t\u{fc}\n\\.\n\\unrestrict key\r\nSELECT 1;\n";
        let text = blanked(sql);
        assert_eq!(text.len(), sql.len());
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>().join(" "),
            "\\restrict key COPY t FROM stdin; SELECT 1;"
        );
        assert_eq!(text.find("SELECT"), sql.find("SELECT"));
        let plain = "SELECT 'a\nb';\nCOPY t FROM stdin;\nSELECT 2;";
        assert_eq!(blanked(plain), plain);
    }
}
