//! Writes a zip of which each byte follows from the files.

use flate2::Crc;

use crate::record::{CENTRAL, END, LOCAL, STORED, UTF_8};

/// The version of the format that a file needs which is not compressed: 1.0.
const NEEDED: u16 = 10;
/// The version of the format that this is, 2.0, on a system of Unix. Other tools then take the mode over.
const MADE_BY: u16 = 0x0314;
/// A file that its owner may write and all may read.
const MODE: u32 = 0o100_644 << 16;
/// Midnight before the first day that the format knows: 1 January 1980.
const TIME: u16 = 0;
const DAY: u16 = 1 << 5 | 1;
const NONE: u16 = 0;

/// Returns a zip with these files, in this order. The limits of a bundle are far below those of the format.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for (path, bytes) in files {
        let start = number(zip.len());
        let mut crc = Crc::new();
        crc.update(bytes);
        // What a file's own header and the directory's entry both say.
        let mut header = [NEEDED, UTF_8, STORED, TIME, DAY].map(u16::to_le_bytes).concat();
        header.extend(
            [crc.sum(), number(bytes.len()), number(bytes.len()), number(path.len())].map(u32::to_le_bytes).concat(),
        );
        zip.extend([&LOCAL, &header[..], path.as_bytes(), bytes].concat());
        directory.extend(CENTRAL);
        directory.extend(MADE_BY.to_le_bytes());
        directory.extend(header);
        directory.extend([NONE, NONE, NONE].map(u16::to_le_bytes).concat());
        directory.extend([MODE, start].map(u32::to_le_bytes).concat());
        directory.extend(path.as_bytes());
    }
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX);
    let (start, length) = (number(zip.len()), number(directory.len()));
    zip.extend(directory);
    zip.extend(END);
    zip.extend([NONE, NONE, count, count].map(u16::to_le_bytes).concat());
    zip.extend([length, start].map(u32::to_le_bytes).concat());
    zip.extend(NONE.to_le_bytes());
    zip
}

/// Returns a length as the format has it.
fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
