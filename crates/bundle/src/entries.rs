//! Which bytes of a zip are which entry's.
//!
//! All bytes are some record's, once. So there is nothing that another reader could find and this one does not.

use crate::record::{
    CENTRAL, DEFLATED, DESCRIPTOR, EFFORT, ENCRYPTED, END, END_64, END_64_LENGTH, END_LENGTH, FIELD_NAME, FIELD_ZIP64,
    LOCAL, Record, SIZES_FOLLOW, STORED, UTF_8,
};
use crate::{BundleRefused, Flaw};

/// One entry of a zip.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a [u8],
    /// The version of the format that it needs.
    needed: u16,
    flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    packed_size: usize,
    /// The number of bytes that it unpacks to.
    pub(crate) size: usize,
    /// The bytes that are in the zip.
    pub(crate) packed: &'a [u8],
    /// The mode on a system of Unix, above DOS's attributes.
    attributes: u32,
    start: usize,
    fields: &'a [u8],
    /// Whether it is in the large format, or in another part of the zip.
    is_large: bool,
}

/// The last record of a zip.
struct End {
    entries: usize,
    /// Where the directory is.
    directory: usize,
    /// Where this record is.
    start: usize,
}

/// Returns the entries of a zip, in the order of its directory.
pub(crate) fn entries(bytes: &[u8]) -> Result<Vec<Entry<'_>>, BundleRefused> {
    let end = end(bytes)?;
    let mut directory = Record(&bytes[end.directory..end.start]);
    let mut entries = Vec::new();
    for _ in 0..end.entries {
        entries.push(central(&mut directory)?);
    }
    if !directory.0.is_empty() {
        return Err(BundleRefused::NoZip("its directory is longer than it says"));
    }
    locate(bytes, &mut entries, end.directory)?;
    Ok(entries)
}

fn end(bytes: &[u8]) -> Result<End, BundleRefused> {
    // The last one, as every reader takes it that begins at the end. A comment can follow.
    let tail = bytes.len().saturating_sub(END_LENGTH + usize::from(u16::MAX));
    let Some(found) = bytes[tail..].windows(END.len()).rposition(|window| window == END) else {
        return Err(if bytes.starts_with(&LOCAL) {
            BundleRefused::NoZip("its end is missing, so it was cut off or was not read whole")
        } else {
            BundleRefused::NoZip("it does not end as a zip does")
        });
    };
    let start = tail + found;
    let is_large = start.checked_sub(END_64_LENGTH).is_some_and(|at| bytes[at..].starts_with(&END_64));
    let mut record = Record(&bytes[start + END.len()..]);
    let mut numbers = || {
        let [disk, first, here, entries] = [record.u16()?, record.u16()?, record.u16()?, record.u16()?];
        let [size, directory] = [record.u32()?, record.u32()?];
        let comment = record.u16()?;
        Some((disk, first, here, entries, size, directory, comment))
    };
    let Some((disk, first, here, entries, size, directory, comment)) = numbers() else {
        return Err(BundleRefused::NoZip("its last record is cut off"));
    };
    if is_large || [here, entries].contains(&u16::MAX) || [size, directory].contains(&u32::MAX) {
        return Err(BundleRefused::Zip64);
    }
    if record.0.len() != usize::from(comment) {
        return Err(BundleRefused::NoZip("other bytes follow its end, or its end is cut off"));
    }
    if (disk, first) != (0, 0) || here != entries {
        return Err(BundleRefused::NoZip("it is one part of several"));
    }
    let (directory, size) = (number(directory), number(size));
    if directory.checked_add(size) != Some(start) {
        return Err(BundleRefused::NoZip(
            "its directory is not where it says, so bytes stand before the zip or are missing",
        ));
    }
    Ok(End { entries: entries.into(), directory, start })
}

/// Reads one entry of the zip's directory. Where its bytes are is looked up later.
fn central<'a>(directory: &mut Record<'a>) -> Result<Entry<'a>, BundleRefused> {
    let mut read = || {
        directory.expect(CENTRAL)?;
        let [_made_by, needed, flags, method] =
            [directory.u16()?, directory.u16()?, directory.u16()?, directory.u16()?];
        let _time = directory.u32()?;
        let [crc, packed_size, size] = [directory.u32()?, directory.u32()?, directory.u32()?];
        let [name, fields, comment] = [directory.u16()?, directory.u16()?, directory.u16()?];
        let [disk, _kind] = [directory.u16()?, directory.u16()?];
        let [attributes, start] = [directory.u32()?, directory.u32()?];
        let (name, fields) = (directory.take(name.into())?, directory.take(fields.into())?);
        directory.take(comment.into())?;
        let is_large = [packed_size, size, start].contains(&u32::MAX) || disk != 0;
        let (size, packed_size, start) = (number(size), number(packed_size), number(start));
        let packed = &[][..];
        Some(Entry { name, needed, flags, method, crc, packed_size, size, packed, attributes, start, fields, is_large })
    };
    let Some(entry) = read() else {
        return Err(BundleRefused::NoZip("its directory has fewer entries than it says, or a broken one"));
    };
    let refused = |flaw| BundleRefused::entry(entry.name, flaw);
    if entry.is_large {
        return Err(refused(Flaw::Zip64));
    }
    check_version(entry.needed).map_err(refused)?;
    check_flags(entry.flags, entry.method).map_err(refused)?;
    check_mode(&entry).map_err(refused)?;
    check_fields(entry.fields, entry.name).map_err(refused)?;
    Ok(entry)
}

/// Refuses an entry that needs a later version of the format than the ones that tools write for such entries.
fn check_version(needed: u16) -> Result<(), Flaw> {
    const LATEST: u16 = 45;
    // The upper byte is a system.
    let version = needed & 0xff;
    if version > LATEST { Err(Flaw::Version(version)) } else { Ok(()) }
}

fn check_flags(flags: u16, method: u16) -> Result<(), Flaw> {
    if flags & ENCRYPTED != 0 {
        return Err(Flaw::Encrypted);
    }
    if flags & !(SIZES_FOLLOW | UTF_8 | EFFORT) != 0 {
        return Err(Flaw::Flags(flags));
    }
    if [STORED, DEFLATED].contains(&method) { Ok(()) } else { Err(Flaw::Method(method)) }
}

fn check_mode(entry: &Entry<'_>) -> Result<(), Flaw> {
    const KIND: u32 = 0o170_000;
    const LINK: u32 = 0o120_000;
    const FILE: u32 = 0o100_000;
    const DIRECTORY: u32 = 0o040_000;
    const DIRECTORY_OF_DOS: u32 = 0x10;
    let is_directory = entry.name.ends_with(b"/");
    let is_marked = entry.attributes & DIRECTORY_OF_DOS != 0;
    match entry.attributes >> 16 & KIND {
        LINK => Err(Flaw::Link),
        DIRECTORY if !is_directory => Err(Flaw::Ambiguous),
        FILE if is_directory => Err(Flaw::Ambiguous),
        0 | DIRECTORY | FILE if is_marked && !is_directory => Err(Flaw::Ambiguous),
        0 | DIRECTORY | FILE if is_directory && entry.size != 0 => Err(Flaw::Ambiguous),
        0 | DIRECTORY | FILE => Ok(()),
        _ => Err(Flaw::Special),
    }
}

/// Refuses additional fields that change how the entry is read. The others hold times and owners.
fn check_fields(fields: &[u8], name: &[u8]) -> Result<(), Flaw> {
    /// The version and the checksum that stand before a name.
    const BEFORE_NAME: usize = 5;
    let mut fields = Record(fields);
    while !fields.0.is_empty() {
        let mut field = || {
            let [kind, length] = [fields.u16()?, fields.u16()?];
            Some((kind, fields.take(length.into())?))
        };
        match field() {
            None => return Err(Flaw::Fields),
            Some((FIELD_ZIP64, _)) => return Err(Flaw::Zip64),
            Some((FIELD_NAME, field)) if field.get(BEFORE_NAME..) != Some(name) => return Err(Flaw::SecondName),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Finds the bytes of each entry. They have to follow each other, from the first byte of the zip to its directory.
fn locate<'a>(bytes: &'a [u8], entries: &mut [Entry<'a>], directory: usize) -> Result<(), BundleRefused> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|index| entries[*index].start);
    let starts: Vec<usize> = order.iter().map(|index| entries[*index].start).collect();
    let mut at = 0;
    for (position, index) in order.into_iter().enumerate() {
        let entry = &mut entries[index];
        let next = starts.get(position + 1).copied().unwrap_or(directory);
        at = local(bytes, entry, at, next).map_err(|flaw| BundleRefused::entry(entry.name, flaw))?;
    }
    if at == directory {
        Ok(())
    } else {
        Err(BundleRefused::NoZip("bytes that belong to no entry stand before its directory"))
    }
}

/// Finds the bytes of an entry, which begins at `at`. Returns where it ends, at most at `next`.
fn local<'a>(bytes: &'a [u8], entry: &mut Entry<'a>, at: usize, next: usize) -> Result<usize, Flaw> {
    // None begins before `at`: the one before it had to end at this one's start.
    if entry.start != at {
        return Err(Flaw::Gap);
    }
    let within = bytes.get(at..next).ok_or(Flaw::Overlap)?;
    let mut record = Record(within);
    if record.take(LOCAL.len()).ok_or(Flaw::Overlap)? != LOCAL {
        return Err(Flaw::Missing);
    }
    let mut header = || {
        let needed = record.u16()?;
        let [flags, method] = [record.u16()?, record.u16()?];
        let _time = record.u32()?;
        let sizes = [record.u32()?, record.u32()?, record.u32()?];
        let [name, fields] = [record.u16()?, record.u16()?];
        Some((needed, flags, method, sizes, record.take(name.into())?, record.take(fields.into())?))
    };
    let (needed, flags, method, sizes, name, fields) = header().ok_or(Flaw::Overlap)?;
    let follow = entry.flags & SIZES_FOLLOW != 0;
    let said = [entry.crc, narrow(entry.packed_size), narrow(entry.size)];
    // Where the sizes follow, they need not stand here.
    let is_said = sizes.iter().zip(said).all(|(here, said)| *here == said || (follow && *here == 0));
    if (flags, method, name) != (entry.flags, entry.method, entry.name) || !is_said {
        return Err(Flaw::OtherHeader);
    }
    check_version(needed)?;
    check_fields(fields, name)?;
    entry.packed = record.take(entry.packed_size).ok_or(Flaw::Overlap)?;
    if follow {
        descriptor(&mut record, said)?;
    }
    if entry.method == STORED && entry.packed_size != entry.size {
        return Err(Flaw::Size);
    }
    Ok(next - record.0.len())
}

/// Passes over the sizes that follow an entry's bytes. A mark before them is usual, and not required.
fn descriptor(record: &mut Record<'_>, said: [u32; 3]) -> Result<(), Flaw> {
    let said: Vec<u8> = said.into_iter().flat_map(u32::to_le_bytes).collect();
    let marked = [&DESCRIPTOR[..], &said].concat();
    let found = [marked, said].into_iter().find(|wanted| record.0.starts_with(wanted));
    let found = found.ok_or(Flaw::OtherHeader)?;
    record.take(found.len()).ok_or(Flaw::OtherHeader)?;
    Ok(())
}

/// Returns a number of the format as one of this machine, whose addresses have at least as many bits.
const fn number(number: u32) -> usize {
    number as usize
}

/// Returns a number that came from the format as the format has it.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
