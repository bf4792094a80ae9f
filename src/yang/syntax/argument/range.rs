//! The arguments of `range` and `length`: parts with bounds, as written (RFC 7950 sections 9.2.4 and 9.4.4).
//!
//! Whether the parts ascend and lie within the base type needs the type, and is not seen here.

use super::super::parse::shorten;
use super::{ArgumentError, is_integer};

/// What the bounds count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Values of a number type: negative numbers and decimals are allowed.
    Numbers,
    /// Characters or octets.
    Lengths,
}

/// One bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound<'a> {
    /// `min`
    Min,
    /// `max`
    Max,
    /// A number as it is written.
    Number(&'a str),
}

/// One part: both bounds are included; a single value is a part with equal bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Lower bound.
    pub low: Bound<'a>,
    /// Upper bound.
    pub high: Bound<'a>,
    /// Offset of the part in the argument.
    pub offset: usize,
}

/// Reads the parts.
///
/// # Errors
/// When the text is not written as RFC 7950 section 14 says.
pub fn parse(text: &str, of: Of) -> Result<Vec<Part<'_>>, ArgumentError> {
    let mut parts = Vec::new();
    let mut offset = 0;
    for piece in text.split('|') {
        let lead = piece.len() - piece.trim_start().len();
        let (low, high) = match piece.split_once("..") {
            None => {
                let only = bound(piece, offset, of)?;
                (only, only)
            }
            Some((low, high)) => (bound(low, offset, of)?, bound(high, offset + low.len() + 2, of)?),
        };
        parts.push(Part { low, high, offset: offset + lead });
        offset += piece.len() + 1;
    }
    Ok(parts)
}

fn bound(text: &str, offset: usize, of: Of) -> Result<Bound<'_>, ArgumentError> {
    let trimmed = text.trim();
    match trimmed {
        "min" => return Ok(Bound::Min),
        "max" => return Ok(Bound::Max),
        _ => {}
    }
    let fits = match of {
        Of::Lengths => is_integer(trimmed) && !trimmed.starts_with('-'),
        Of::Numbers => match trimmed.split_once('.') {
            None => is_integer(trimmed),
            Some((whole, digits)) => {
                is_integer(whole) && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
        },
    };
    if fits {
        return Ok(Bound::Number(trimmed));
    }
    let lead = text.len() - text.trim_start().len();
    let found = if trimmed.is_empty() { "nothing".to_owned() } else { format!("'{}'", shorten(trimmed)) };
    let (what, note) = match of {
        Of::Numbers => ("a number", "a range is written like \"1..10 | 20 | 100..max\""),
        Of::Lengths => ("a length", "a length is written like \"1..10 | 20 | 100..max\", in whole numbers"),
    };
    let message = format!("expected {what}, 'min' or 'max', found {found}");
    Err(ArgumentError::new("Y0117", message, note).at(offset + lead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7950_9_2_4_ranges_are_parts_with_bounds() {
        let parts = parse("min..-1|4 | 10.50 .. max", Of::Numbers).unwrap();
        let bounds: Vec<_> = parts.iter().map(|part| (part.low, part.high)).collect();
        assert_eq!(
            bounds,
            [
                (Bound::Min, Bound::Number("-1")),
                (Bound::Number("4"), Bound::Number("4")),
                (Bound::Number("10.50"), Bound::Max)
            ]
        );
        assert_eq!(parts.iter().map(|part| part.offset).collect::<Vec<_>>(), [0, 8, 12]);
    }

    #[test]
    fn rfc7950_14_bounds_have_one_spelling() {
        for (text, offset) in
            [("", 0), ("1..", 3), ("1|", 2), ("a", 0), ("1..2..3", 3), ("+1", 0), ("01", 0), ("1.", 0)]
        {
            let error = parse(text, Of::Numbers).unwrap_err();
            assert_eq!((error.code, error.offset), ("Y0117", Some(offset)), "{text}");
        }
        assert!(parse("-1", Of::Lengths).is_err());
        assert!(parse("1.5", Of::Lengths).is_err());
        assert!(parse("0x10..0xff", Of::Numbers).is_err());
    }
}
