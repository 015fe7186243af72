//! What is wrong with one entry.

use crate::{MOST_UNPACKED, PREFIX};

/// Why one entry of a bundle is refused. The entry's name stands before the sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It can be read with a password only.
    #[error("is encrypted; make the zip without a password")]
    Encrypted,
    /// It is a link to another file.
    #[error("is a symbolic link; make the zip without links (zip -r follows them, zip -y keeps them)")]
    Link,
    /// It is a pipe, a device or the like.
    #[error("is neither a file nor a directory; leave it out")]
    Special,
    /// Its name says that it is a file and its mode says that it is a directory, or it is a directory with bytes.
    #[error("is a file by one mark and a directory by another; make the zip anew with zip -r")]
    Ambiguous,
    /// Its path begins at a root.
    #[error("has an absolute path; make the zip from within the directory")]
    Absolute,
    /// Its path has a part that names no file.
    #[error("has an empty part, . or .. in its path; make the zip from within the directory")]
    Dots,
    /// Its path has the separator of Windows.
    #[error(
        "has a backslash in its name; use / between directory and file, and rename a file that has one in its name"
    )]
    Backslash,
    /// Its name has a control character.
    #[error("has a control character in its name; rename it")]
    Control,
    /// Its name is not UTF-8.
    #[error("has a name that is not UTF-8; rename it")]
    NotUtf8,
    /// A file of this name is ignored.
    #[error("would be ignored, as hidden files are; give it a name that does not begin with a dot")]
    Hidden,
    /// Another entry has this name.
    #[error(
        "has the same name as {other}, at least where capital letters do not count; rename or remove one of the two"
    )]
    Twice {
        /// The other one.
        other: String,
    },
    /// Its path has too many parts.
    #[error(
        "is in a directory in a directory; only <file> and <directory>/<file> are read, also in one directory called {PREFIX}: make \
         the zip from within the directory of the migrations"
    )]
    Deep,
    /// It is packed in a way that is not read.
    #[error("is compressed by method {0}, which is not read; make the zip with zip -r, or without compression")]
    Method(u16),
    /// It has flags that are not known here.
    #[error("uses a feature of zips that is not read (flags {0:#06x}); make the zip with zip -r")]
    Flags(u16),
    /// It needs a later version of the format.
    #[error("needs version {}.{} of the format, which is not read; make the zip with zip -r", .0 / 10, .0 % 10)]
    Version(u16),
    /// It is in the large format.
    #[error(
        "is in the format for large zips (zip64), which is not read; make the zip with zip -r, of at most {MOST_UNPACKED} bytes"
    )]
    Zip64,
    /// Its additional fields cannot be read.
    #[error("has additional fields that cannot be read; make the zip anew with zip -r")]
    Fields,
    /// A field gives it a second name.
    #[error("has two names, one in its header and one in a field after it; make the zip anew with zip -r")]
    SecondName,
    /// There is no entry where the directory says.
    #[error("is not where the zip's directory says; the zip is damaged: make it anew")]
    Missing,
    /// Its own header and the zip's directory differ.
    #[error("has a header that differs from the zip's directory; the zip is damaged or made to mislead: make it anew")]
    OtherHeader,
    /// Its bytes are also those of something else.
    #[error("overlaps with what stands before or behind it; the zip is damaged or made to mislead: make it anew")]
    Overlap,
    /// Bytes before it belong to nothing.
    #[error(
        "comes after bytes that belong to no entry; something is hidden there, or the zip is damaged: make it anew"
    )]
    Gap,
    /// Its bytes cannot be unpacked to what the zip's directory says.
    #[error(
        "does not unpack to the size that the zip's directory says; the zip is damaged or made to mislead: make it anew"
    )]
    Size,
    /// Its bytes are others.
    #[error("does not unpack to the bytes that its checksum is of; the zip is damaged: make it anew")]
    Checksum,
}
