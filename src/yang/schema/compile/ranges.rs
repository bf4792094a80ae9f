//! `range` and `length` arguments, narrowed against the type they restrict (RFC 7950 sections 9.2.4 and 9.4.4).

use crate::base::diagnostic::Diagnostic;
use crate::base::ident::Ident;
use crate::yang::schema::types::decimal::scaled;
use crate::yang::schema::types::{Ranges, integer};
use crate::yang::schema::value::Decimal;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// A number that can bound a range.
pub(super) trait Bound: Copy + Ord {
    /// Reads it as the argument of a `range` writes it.
    fn read(text: &str, fraction_digits: u8) -> Option<Self>;
    /// Writes it for a message.
    fn show(self, fraction_digits: u8) -> String;
}

impl Bound for i64 {
    fn read(text: &str, fraction_digits: u8) -> Option<Self> {
        if fraction_digits > 0 { scaled(text, fraction_digits) } else { text.parse().ok() }
    }

    fn show(self, fraction_digits: u8) -> String {
        match fraction_digits {
            0 => self.to_string(),
            fraction_digits => Decimal { digits: self, fraction_digits }.to_string(),
        }
    }
}

impl Bound for u64 {
    fn read(text: &str, _fraction_digits: u8) -> Option<Self> {
        text.parse().ok()
    }

    fn show(self, _fraction_digits: u8) -> String {
        self.to_string()
    }
}

/// The widest range of a signed integer type; `fraction_digits` other than 0 is a decimal64.
pub(super) fn widest_signed(bits: u8) -> (i64, i64) {
    integer::signed_bounds(bits)
}

/// Of a base with more parts than these, a message shows the first.
const MAX_SHOWN: usize = 16;

/// Reads a `range` or `length` statement: parts ascending, disjoint, each inside a part of `base`.
pub(super) fn narrow<T: Bound>(
    statement: &Statement,
    base: &[(T, T)],
    fraction_digits: u8,
) -> Result<Ranges<T>, Box<Diagnostic>> {
    let at = statement.argument_span();
    let wrong = |message: String| {
        let shown: Vec<String> = base
            .iter()
            .take(MAX_SHOWN)
            .map(|(low, high)| format!("{}..{}", low.show(fraction_digits), high.show(fraction_digits)))
            .collect();
        Box::new(
            Diagnostic::error("Y0311", at, message)
                .note(format!("the type allows {} here", shown.join(" | "))),
        )
    };
    let lowest = base.first().map(|part| part.0);
    let highest = base.last().map(|part| part.1);
    let number = |text: &str| {
        let text = text.trim();
        let found = match text {
            "min" => lowest,
            "max" => highest,
            text => T::read(text, fraction_digits),
        };
        found.ok_or_else(|| wrong(format!("'{text}' is no number of this type")))
    };
    let mut parts: Vec<(T, T)> = Vec::new();
    for part in statement.text().split('|') {
        let (low, high) = match part.split_once("..") {
            Some((low, high)) => (number(low)?, number(high)?),
            None => {
                let only = number(part)?;
                (only, only)
            }
        };
        let part = part.trim();
        if high < low {
            return Err(wrong(format!("'{part}' ends before it begins")));
        }
        if parts.last().is_some_and(|before| low <= before.1) {
            return Err(wrong(format!("'{part}' does not come after the part before it")));
        }
        // The parts of the base ascend: only the last one that starts at or before this one can hold it.
        let before = base.partition_point(|(base_low, _)| *base_low <= low);
        let holder = before.checked_sub(1).and_then(|index| base.get(index));
        if holder.is_none_or(|(_, base_high)| high > *base_high) {
            return Err(wrong(format!("'{part}' allows more than the type it restricts")));
        }
        parts.push((low, high));
    }
    Ok(Ranges {
        parts,
        message: statement.text_of(K::ErrorMessage).cloned(),
        app_tag: statement.text_of(K::ErrorAppTag).map(|tag| Ident::from(tag.trim())),
    })
}
