//! Ranges of whole numbers as regular expressions: JSON writes 64-bit numbers as strings (RFC 7951 section 6.1), and of a
//! string JSON Schema can only say what it looks like.

/// An expression, without anchors, for the decimal form of every whole number from `low` to `high`, without leading zeros
/// and without a plus sign.
pub fn between(low: i128, high: i128) -> String {
    let mut branches = Vec::new();
    if low < 0 {
        let nearest = if high < 0 { high.unsigned_abs() } else { 1 };
        branches.push(format!("-{}", grouped(natural(nearest, low.unsigned_abs()))));
    }
    if high >= 0 {
        branches.extend(natural(u128::try_from(low).unwrap_or(0), high.unsigned_abs()));
    }
    branches.join("|")
}

fn grouped(branches: Vec<String>) -> String {
    match branches.as_slice() {
        [only] if !only.contains('|') => only.clone(),
        _ => format!("(?:{})", branches.join("|")),
    }
}

/// One branch for each number of digits.
fn natural(low: u128, high: u128) -> Vec<String> {
    let mut branches: Vec<String> = Vec::new();
    let mut open: Option<(u128, u128)> = None;
    let mut start = low;
    while start <= high {
        let digits = start.to_string().len();
        let longest = 10_u128.pow(u32::try_from(digits).unwrap_or(0)) - 1;
        let end = longest.min(high);
        let is_whole = (start == longest / 10 + 1 || start == 1) && end == longest && digits > 0;
        // Neighbouring numbers of digits without any bound between them are one branch.
        match (&mut open, is_whole) {
            (Some((_, until)), true) => *until = end,
            (None, true) => open = Some((start, end)),
            (_, false) => {
                branches.extend(open.take().map(whole));
                branches.push(same_length(&start.to_string(), &end.to_string()));
            }
        }
        start = end + 1;
    }
    branches.extend(open.map(whole));
    branches
}

/// All numbers of so many digits, from the least to the most.
fn whole((first, last): (u128, u128)) -> String {
    let (least, most) = (first.to_string().len() - 1, last.to_string().len() - 1);
    match (least, most) {
        (0, 0) => "[1-9]".to_owned(),
        _ if least == most => format!("[1-9]{}", any_digits(least)),
        _ => format!("[1-9][0-9]{{{least},{most}}}"),
    }
}

fn any_digits(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        _ => format!("[0-9]{{{count}}}"),
    }
}

fn digit_class(low: char, high: char) -> String {
    if low == high { low.to_string() } else { format!("[{low}-{high}]") }
}

/// Numbers between two of the same length.
fn same_length(low: &str, high: &str) -> String {
    let common = low.chars().zip(high.chars()).take_while(|(a, b)| a == b).count();
    let (Some((prefix, low)), Some((_, high))) =
        (low.split_at_checked(common), high.split_at_checked(common))
    else {
        return String::new();
    };
    let (mut low_digits, mut high_digits) = (low.chars(), high.chars());
    let (Some(first), Some(last)) = (low_digits.next(), high_digits.next()) else { return prefix.to_owned() };
    let (low_rest, high_rest) = (low_digits.as_str(), high_digits.as_str());
    let rest = low_rest.len();
    let from_zero = low_rest.bytes().all(|digit| digit == b'0');
    let to_nine = high_rest.bytes().all(|digit| digit == b'9');
    let step = |digit: char, by: i8| char::from((digit as u8).wrapping_add_signed(by));
    let middle_first = if from_zero { first } else { step(first, 1) };
    let middle_last = if to_nine { last } else { step(last, -1) };
    let mut branches = Vec::new();
    if !from_zero {
        branches.push(format!("{first}{}", same_length(low_rest, &"9".repeat(rest))));
    }
    if middle_first <= middle_last {
        branches.push(format!("{}{}", digit_class(middle_first, middle_last), any_digits(rest)));
    }
    if !to_nine {
        branches.push(format!("{last}{}", same_length(&"0".repeat(rest), high_rest)));
    }
    if prefix.is_empty() && branches.len() > 1 {
        return format!("(?:{})", branches.join("|"));
    }
    format!("{prefix}{}", grouped(branches))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(low: i128, high: i128, text: &str) -> bool {
        regex::Regex::new(&format!("^(?:{})$", between(low, high))).unwrap().is_match(text)
    }

    #[test]
    fn expressions_are_as_short_as_a_person_would_write_them() {
        assert_eq!(
            between(1, 65_535),
            "[1-9][0-9]{0,3}|(?:[1-5][0-9]{4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))"
        );
        assert_eq!(between(0, 9), "[0-9]");
        assert_eq!(between(5, 5), "5");
    }

    #[test]
    fn the_bounds_of_64_bits_are_exact() {
        let (low, high) = (i128::from(i64::MIN), i128::from(u64::MAX));
        for number in [low, low + 1, -1, 0, 1, i128::from(i64::MAX), high - 1, high] {
            assert!(matches(low, high, &number.to_string()), "{number}");
        }
        for text in ["-9223372036854775809", "18446744073709551616", "00", "-0", "+1", "", "1.0", "1e3"] {
            assert!(!matches(low, high, text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_matches_is_between(low in -3000_i128..3000, length in 0_i128..3000, number in -4000_i128..7000) {
            let high = low + length;
            prop_assert_eq!(matches(low, high, &number.to_string()), (low..=high).contains(&number));
        }
    }
}
