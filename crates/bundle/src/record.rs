//! The records of a zip, as the format's specification (APPNOTE) lays them out.

/// What a file's own header begins with.
pub(crate) const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// What an entry of the zip's directory begins with.
pub(crate) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
/// What the last record begins with.
pub(crate) const END: [u8; 4] = *b"PK\x05\x06";
/// What stands before the last record of a large zip.
pub(crate) const END_64: [u8; 4] = *b"PK\x06\x07";
/// What the sizes behind a file's bytes may begin with.
pub(crate) const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// The length of the last record without its comment.
pub(crate) const END_LENGTH: usize = 22;
/// The length of the record before the last one of a large zip.
pub(crate) const END_64_LENGTH: usize = 20;

/// The file is encrypted: bit 0, and two that come with stronger methods.
pub(crate) const ENCRYPTED: u16 = 0x2041;
/// The sizes follow the file's bytes.
pub(crate) const SIZES_FOLLOW: u16 = 0x0008;
/// The name is UTF-8.
pub(crate) const UTF_8: u16 = 0x0800;
/// How hard the packer tried.
pub(crate) const EFFORT: u16 = 0x0006;

/// The bytes are the file's.
pub(crate) const STORED: u16 = 0;
/// The bytes are the file's, packed by deflate.
pub(crate) const DEFLATED: u16 = 8;

/// The additional field of large zips.
pub(crate) const FIELD_ZIP64: u16 = 0x0001;
/// The additional field with a name in UTF-8.
pub(crate) const FIELD_NAME: u16 = 0x7075;

/// Bytes that are read from front to back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a>(pub(crate) &'a [u8]);

impl<'a> Record<'a> {
    /// Returns the next `count` bytes; `None` if there are fewer.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Returns the next two bytes as a number.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    /// Returns the next four bytes as a number.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// Passes over `magic`; `None` if other bytes come.
    pub(crate) fn expect(&mut self, magic: [u8; 4]) -> Option<()> {
        (self.take(magic.len())? == magic).then_some(())
    }
}
