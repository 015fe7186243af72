//! Reads the file of a script.

use std::fs;
use std::path::Path;

use crate::{Error, Result};

/// Whether a file's name ends as a script's name does.
pub(super) fn is_sql(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "sql")
}

/// Returns the text of a script.
pub(super) fn text(path: &Path, shown: &str) -> Result<String> {
    if !path.is_file() {
        return Err(Error::HistoryInvalid(format!("{shown} is no file; a script has to be one")));
    }
    let bytes = fs::read(path).map_err(|error| Error::HistoryInvalid(format!("cannot read {shown}: {error}")))?;
    if looks_like_utf_16(&bytes) {
        return Err(Error::HistoryInvalid(format!(
            "{shown} looks like UTF-16, as a redirection in Windows PowerShell writes it; save the file as UTF-8"
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        Error::HistoryInvalid(format!(
            "{shown} is not UTF-8: byte {} is not; save the file as UTF-8",
            error.utf8_error().valid_up_to() + 1
        ))
    })
}

/// Whether `bytes` begin with UTF-16's byte order mark, or as ASCII letters do in UTF-16: each with a NUL beside it.
fn looks_like_utf_16(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 64;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return true;
    }
    let pairs = || bytes.chunks_exact(2).take(LOOKED_AT);
    let nuls = |at: usize| pairs().filter(|pair| pair[at] == 0).count();
    let (first, second) = (nuls(0), nuls(1));
    first.min(second) == 0 && first.max(second) * 2 > pairs().count()
}
