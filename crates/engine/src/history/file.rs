//! What was found where the file of a script is wanted.

use std::path::Path;

use crate::{Error, Result};

/// What was found where a file is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The bytes of the file.
    Bytes(Vec<u8>),
    /// No file, such as a directory or a pipe.
    NoFile,
    /// A file that could not be read, with the reason.
    Unreadable(String),
}

/// Whether a file's name ends as a script's name does.
pub(super) fn is_sql(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "sql")
}

impl Content {
    /// Returns the bytes of the file that messages call `shown`.
    pub(super) fn bytes(&self, shown: &str) -> Result<&[u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::NoFile => Err(no_file(shown)),
            Self::Unreadable(reason) => Err(unreadable(shown, reason)),
        }
    }

    /// Returns the text of the script that messages call `shown`.
    pub(super) fn text(self, shown: &str) -> Result<String> {
        let bytes = match self {
            Self::Bytes(bytes) => bytes,
            Self::NoFile => return Err(no_file(shown)),
            Self::Unreadable(reason) => return Err(unreadable(shown, &reason)),
        };
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
}

fn no_file(shown: &str) -> Error {
    Error::HistoryInvalid(format!("{shown} is no file; a script has to be one"))
}

/// Returns the error for a file that could not be read.
pub(super) fn unreadable(shown: &str, reason: &str) -> Error {
    Error::HistoryInvalid(format!("cannot read {shown}: {reason}"))
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
