//! Writes zips as they should be, and as they should not: each field of each record can be changed.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// One entry, with what its two headers say.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    /// The name in the entry's own header, if it is another one.
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) size: u32,
    pub(crate) packed_size: u32,
    /// The bytes in the zip.
    pub(crate) packed: Vec<u8>,
    pub(crate) attributes: u32,
    /// Additional fields of both headers.
    pub(crate) fields: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    /// Where the directory says that the entry begins, if it is elsewhere.
    pub(crate) start: Option<u32>,
    /// Bytes before the entry, and behind it.
    pub(crate) before: Vec<u8>,
    pub(crate) behind: Vec<u8>,
    /// Whether it is in the zip, and in the zip's directory.
    pub(crate) is_there: bool,
    pub(crate) is_listed: bool,
}

/// The mode of a file, as the directory of a zip has it.
pub(crate) const fn mode(mode: u32) -> u32 {
    mode << 16
}

pub(crate) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn length(bytes: &[u8]) -> u32 {
    bytes.len().try_into().unwrap()
}

impl Entry {
    /// A file that is not compressed.
    pub(crate) fn stored(name: impl AsRef<[u8]>, bytes: &[u8]) -> Self {
        let attributes = if name.as_ref().ends_with(b"/") { mode(0o040_755) | 0x10 } else { mode(0o100_644) };
        Self {
            name: name.as_ref().to_vec(),
            local_name: None,
            flags: 0x0800,
            method: 0,
            crc: crc(bytes),
            size: length(bytes),
            packed_size: length(bytes),
            packed: bytes.to_vec(),
            attributes,
            fields: Vec::new(),
            comment: Vec::new(),
            start: None,
            before: Vec::new(),
            behind: Vec::new(),
            is_there: true,
            is_listed: true,
        }
    }

    /// A file that is compressed.
    pub(crate) fn deflated(name: impl AsRef<[u8]>, bytes: &[u8]) -> Self {
        let packed = deflate(bytes);
        Self { method: 8, packed_size: length(&packed), packed, ..Self::stored(name, bytes) }
    }

    /// The same file, with its sizes behind its bytes.
    pub(crate) fn streamed(self, mark: bool) -> Self {
        let sizes = [self.crc, self.packed_size, self.size].map(u32::to_le_bytes).concat();
        let behind = if mark { [b"PK\x07\x08".to_vec(), sizes].concat() } else { sizes };
        Self { flags: self.flags | 8, behind, ..self }
    }

    /// The field of both headers that has this kind.
    pub(crate) fn with_field(mut self, kind: u16, bytes: &[u8]) -> Self {
        self.fields.extend(kind.to_le_bytes());
        self.fields.extend(u16::try_from(bytes.len()).unwrap().to_le_bytes());
        self.fields.extend(bytes);
        self
    }

    fn header(&self, is_local: bool) -> Vec<u8> {
        let name = self.local_name.as_ref().filter(|_| is_local).unwrap_or(&self.name);
        let sizes = [self.crc, self.packed_size, self.size];
        let sizes = if is_local && self.flags & 8 != 0 { [0; 3] } else { sizes };
        let mut header = [20, self.flags, self.method, 0, 33].map(u16::to_le_bytes).concat();
        header.extend(sizes.map(u32::to_le_bytes).concat());
        header.extend([name, &self.fields].map(|bytes| u16::try_from(bytes.len()).unwrap().to_le_bytes()).concat());
        header
    }
}

/// The last record of a zip.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    pub(crate) disk: u16,
    pub(crate) entries: Option<u16>,
    pub(crate) size: Option<u32>,
    pub(crate) directory: Option<u32>,
    pub(crate) comment: Vec<u8>,
    pub(crate) comment_length: Option<u16>,
    /// Bytes before the directory, and between it and the last record.
    pub(crate) before_directory: Vec<u8>,
    pub(crate) gap: Vec<u8>,
}

pub(crate) fn zip(entries: &[Entry]) -> Vec<u8> {
    zip_with(entries, &End::default())
}

pub(crate) fn zip_with(entries: &[Entry], end: &End) -> Vec<u8> {
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        zip.extend(&entry.before);
        let start = length(&zip);
        if entry.is_there {
            zip.extend(b"PK\x03\x04");
            zip.extend(entry.header(true));
            zip.extend(entry.local_name.as_ref().unwrap_or(&entry.name));
            zip.extend(&entry.fields);
            zip.extend(&entry.packed);
            zip.extend(&entry.behind);
        }
        if entry.is_listed {
            directory.extend(b"PK\x01\x02\x14\x03");
            directory.extend(entry.header(false));
            directory.extend(u16::try_from(entry.comment.len()).unwrap().to_le_bytes());
            directory.extend([0; 4]);
            directory.extend([entry.attributes, entry.start.unwrap_or(start)].map(u32::to_le_bytes).concat());
            directory.extend([&entry.name[..], &entry.fields, &entry.comment].concat());
        }
    }
    zip.extend(&end.before_directory);
    let start = length(&zip);
    let listed = entries.iter().filter(|entry| entry.is_listed).count();
    zip.extend(&directory);
    zip.extend(&end.gap);
    let listed = end.entries.unwrap_or_else(|| u16::try_from(listed).unwrap());
    zip.extend(b"PK\x05\x06");
    zip.extend([end.disk, end.disk, listed, listed].map(u16::to_le_bytes).concat());
    let size = end.size.unwrap_or(length(&directory));
    zip.extend([size, end.directory.unwrap_or(start)].map(u32::to_le_bytes).concat());
    zip.extend(end.comment_length.unwrap_or(u16::try_from(end.comment.len()).unwrap()).to_le_bytes());
    zip.extend(&end.comment);
    zip
}
