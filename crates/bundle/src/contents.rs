//! Unpacks the bytes of entries.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::Flaw;
use crate::entries::Entry;
use crate::record::DEFLATED;

/// Unpacks one entry after the other.
pub(crate) struct Unpacker(Decompress);

impl Unpacker {
    pub(crate) fn new() -> Self {
        Self(Decompress::new(false))
    }

    /// Returns the bytes of an entry. They are never more than the zip's directory says.
    pub(crate) fn unpack(&mut self, entry: &Entry<'_>) -> Result<Vec<u8>, Flaw> {
        let bytes = if entry.method == DEFLATED { self.inflate(entry)? } else { entry.packed.to_vec() };
        if bytes.len() != entry.size {
            return Err(Flaw::Size);
        }
        let mut crc = Crc::new();
        crc.update(&bytes);
        if crc.sum() == entry.crc { Ok(bytes) } else { Err(Flaw::Checksum) }
    }

    fn inflate(&mut self, entry: &Entry<'_>) -> Result<Vec<u8>, Flaw> {
        self.0.reset(false);
        let mut packed = entry.packed;
        // One byte more than it says, so that too many bytes show.
        let mut bytes = Vec::with_capacity(entry.size + 1);
        loop {
            let (read, written) = (self.0.total_in(), self.0.total_out());
            let status = self.0.decompress_vec(packed, &mut bytes, FlushDecompress::Finish).map_err(|_| Flaw::Size)?;
            let taken = usize::try_from(self.0.total_in() - read).map_err(|_| Flaw::Size)?;
            packed = packed.get(taken..).ok_or(Flaw::Size)?;
            match status {
                // Bytes behind the end of what is packed would be hidden ones.
                Status::StreamEnd if packed.is_empty() => return Ok(bytes),
                Status::StreamEnd => return Err(Flaw::Size),
                _ if (taken, self.0.total_out()) == (0, written) || bytes.len() > entry.size => return Err(Flaw::Size),
                _ => {}
            }
        }
    }
}
