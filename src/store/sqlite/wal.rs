//! Damage in SQLite's write-ahead log, which SQLite itself takes for its end.
//!
//! After a crash the last transaction in the log may be cut off or scrambled: it was never acknowledged. SQLite stops reading
//! there, and rightly. But it stops just the same at a bit that flipped in the middle, and would silently drop every
//! acknowledged transaction behind it. Each commit synchronises the file, so what is unreadable can only be the last
//! transaction; a further whole-looking commit behind the break means damage.
//!
//! The layout is that of SQLite's file format documentation, section 4.

use std::fs;
use std::io;
use std::path::Path;

use super::damaged;
use crate::store::key_file::io_error;
use crate::store::log::StoreError;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The last bit tells the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;

/// Reports a log whose readable part ends before its last commit but one.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error("read", path, &error)),
    };
    if bytes.is_empty() {
        return Ok(());
    }
    let Some(log) = Log::read(&bytes) else {
        // SQLite writes and synchronises the header before the first frame of a new log.
        let torn = bytes.len() <= HEADER;
        return if torn {
            Ok(())
        } else {
            Err(damaged(path, "the header of the write-ahead log does not verify"))
        };
    };
    match log.commits_behind_break() {
        0 | 1 => Ok(()),
        lost => Err(damaged(
            path,
            format!(
                "the write-ahead log cannot be read beyond byte {}, but {lost} commits follow",
                HEADER + log.readable_frames() * log.frame_length()
            ),
        )),
    }
}

struct Log<'a> {
    frames: &'a [u8],
    page_size: usize,
    big_endian: bool,
    salts: [u8; 8],
    seed: (u32, u32),
}

/// What stands in front of a page.
struct Frame<'a> {
    commits: bool,
    salts: &'a [u8],
    checksum: (u32, u32),
    summed: [&'a [u8]; 2],
}

impl<'a> Log<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, frames) = bytes.split_at_checked(HEADER)?;
        let magic = number(header, 0)?;
        let big_endian = match magic ^ MAGIC {
            0 => false,
            1 => true,
            _ => return None,
        };
        let page_size = number(header, 8)? as usize;
        let seed = (number(header, 24)?, number(header, 28)?);
        let salts = header.get(16..24)?.try_into().ok()?;
        let whole = page_size.is_power_of_two() && page_size >= 512;
        (whole && sum((0, 0), header.get(..24)?, big_endian) == seed).then_some(Log {
            frames,
            page_size,
            big_endian,
            salts,
            seed,
        })
    }

    fn frame_length(&self) -> usize {
        FRAME_HEADER + self.page_size
    }

    fn frames(&self) -> impl Iterator<Item = Frame<'a>> {
        self.frames.chunks_exact(self.frame_length()).filter_map(|frame| {
            Some(Frame {
                commits: number(frame, 4)? != 0,
                salts: frame.get(8..16)?,
                checksum: (number(frame, 16)?, number(frame, 20)?),
                summed: [frame.get(..8)?, frame.get(FRAME_HEADER..)?],
            })
        })
    }

    fn readable_frames(&self) -> usize {
        let mut running = self.seed;
        self.frames()
            .take_while(|frame| {
                running = frame.summed.iter().fold(running, |at, bytes| sum(at, bytes, self.big_endian));
                frame.salts == self.salts && running == frame.checksum
            })
            .count()
    }

    /// How many frames of this log, not of an earlier one whose place it reuses, end a transaction that SQLite will not see.
    fn commits_behind_break(&self) -> usize {
        self.frames()
            .skip(self.readable_frames())
            .filter(|frame| frame.commits && frame.salts == self.salts)
            .count()
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// SQLite's checksum, carried on from `start`.
fn sum(start: (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let word = |bytes: &[u8; 4]| {
        if big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) }
    };
    bytes.as_chunks::<8>().0.iter().fold(start, |(first, second), pair| {
        let (left, right) = pair.split_at(4);
        let word_of = |half: &[u8]| half.try_into().map_or(0, |half| word(&half));
        let first = first.wrapping_add(word_of(left)).wrapping_add(second);
        (first, second.wrapping_add(word_of(right)).wrapping_add(first))
    })
}
