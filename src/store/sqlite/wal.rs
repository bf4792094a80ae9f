//! Damage in SQLite's write-ahead log, which SQLite itself takes for its end.
//!
//! After a crash the last transaction in the log may be cut off or scrambled: it was never acknowledged. SQLite stops reading
//! there, and rightly. But it stops just the same at a bit that flipped in the middle, and would silently drop every
//! acknowledged transaction behind it. Each commit synchronises the file, so what is unreadable can only be the last
//! transaction; a further whole-looking commit behind the break means damage.
//!
//! The layout is that of SQLite's file format documentation, section 4.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::damaged;
use crate::store::disk::io_error;
use crate::store::log::StoreError;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The last bit tells the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;

/// Reports a log whose readable part ends before its last commit but one.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error("open", path, &error)),
    };
    let failed = |error: io::Error| io_error("read", path, &error);
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut header = [0; HEADER];
    // SQLite writes and synchronises the header before the first frame, so a log without frames may be cut off anywhere.
    if !filled(&mut reader, &mut header).map_err(failed)? {
        return Ok(());
    }
    let Some(log) = Header::read(&header) else {
        let frames = filled(&mut reader, &mut [0]).map_err(failed)?;
        let what = "the header of the write-ahead log does not verify";
        return if frames { Err(damaged(path, what)) } else { Ok(()) };
    };
    let (readable, lost) = log.scan(reader).map_err(failed)?;
    if lost < 2 {
        return Ok(());
    }
    Err(damaged(
        path,
        format!("the write-ahead log cannot be read beyond byte {readable}, but {lost} commits follow"),
    ))
}

/// Reads as much as the buffer holds; false when the file ends before.
fn filled(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the header says of all frames.
struct Header {
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

impl<'a> Frame<'a> {
    fn read(frame: &'a [u8]) -> Option<Self> {
        Some(Frame {
            commits: number(frame, 4)? != 0,
            salts: frame.get(8..16)?,
            checksum: (number(frame, 16)?, number(frame, 20)?),
            summed: [frame.get(..8)?, frame.get(FRAME_HEADER..)?],
        })
    }
}

impl Header {
    fn read(header: &[u8; HEADER]) -> Option<Self> {
        let big_endian = match number(header, 0)? ^ MAGIC {
            0 => false,
            1 => true,
            _ => return None,
        };
        let page_size = number(header, 8)? as usize;
        let seed = (number(header, 24)?, number(header, 28)?);
        let salts = header.get(16..24)?.try_into().ok()?;
        let whole = page_size.is_power_of_two() && (512..=65_536).contains(&page_size);
        (whole && sum((0, 0), header.get(..24)?, big_endian) == seed).then_some(Header {
            page_size,
            big_endian,
            salts,
            seed,
        })
    }

    /// Up to which byte the log can be read, and how many commits of this log (not of an earlier one whose place it uses
    /// again) follow behind that.
    fn scan(&self, mut reader: impl Read) -> io::Result<(usize, usize)> {
        let mut bytes = vec![0; FRAME_HEADER + self.page_size];
        let mut running = self.seed;
        let (mut readable, mut broken, mut lost) = (HEADER, false, 0);
        while filled(&mut reader, &mut bytes)? {
            let Some(frame) = Frame::read(&bytes) else { break };
            let own = frame.salts == self.salts;
            if !broken {
                running = frame.summed.iter().fold(running, |at, part| sum(at, part, self.big_endian));
                broken = !own || running != frame.checksum;
            }
            if !broken {
                readable += bytes.len();
            } else if own && frame.commits {
                lost += 1;
            }
        }
        Ok((readable, lost))
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
