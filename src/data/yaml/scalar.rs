//! How a text is written as a scalar: plain, in single quotes or in double quotes.

/// Whether a text of several lines can be a literal block without an indentation indicator.
pub(super) fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n'])
        && text.chars().all(|c| c == '\n' || is_printable(c))
}

/// Appends a text as a scalar of one line.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
    } else if text.chars().all(is_printable) {
        single_quoted(text, out);
    } else {
        double_quoted(text, out);
    }
}

fn single_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'\'');
    for (index, part) in text.split('\'').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"''");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'\'');
}

fn double_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for letter in text.chars() {
        match letter {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\r' => out.extend_from_slice(b"\\r"),
            _ if is_printable(letter) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => {
                let code = u32::from(letter);
                let escaped = match code {
                    0..=0xff => format!("\\x{code:02x}"),
                    0x100..=0xffff => format!("\\u{code:04x}"),
                    _ => format!("\\U{code:08x}"),
                };
                out.extend_from_slice(escaped.as_bytes());
            }
        }
    }
    out.push(b'"');
}

/// Whether every reader takes the character as itself inside a scalar: printable by YAML 1.1 and 1.2 both, no line break
/// of either, no byte order mark, no tab.
fn is_printable(letter: char) -> bool {
    match letter {
        ' '..='~' => true,
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
        '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}' => true,
        _ => false,
    }
}

/// Whether the text can stand without quotes in block style and is a string to every reader.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let starts_well = first.is_ascii_alphanumeric()
        || matches!(first, '/' | '_' | '$' | '.' | '+' | '(' | '^' | ';')
        || (!first.is_ascii() && first.is_alphabetic());
    starts_well
        && text.chars().all(|c| matches!(c, ' '..='~') || (c.is_alphanumeric() && is_printable(c)))
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("...")
        && !means_something_else(text)
}

/// Whether some YAML reader takes the plain text for null, a boolean, a number or a time.
fn means_something_else(text: &str) -> bool {
    const WORDS: [&str; 12] =
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", "+.inf", ".nan"];
    if WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return true;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let starts_like_a_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let based = unsigned.get(..2).is_some_and(|prefix| {
        let prefix = prefix.to_ascii_lowercase();
        prefix == "0x" || prefix == "0o" || prefix == "0b"
    });
    if based {
        return unsigned.chars().skip(2).all(|c| c.is_ascii_hexdigit() || c == '_');
    }
    // Digits with what numbers, sexagesimal numbers, dates and times have between them.
    starts_like_a_number
        && unsigned.chars().all(|c| {
            c.is_ascii_digit()
                || matches!(c, '_' | '.' | ':' | ',' | '+' | '-' | 'e' | 'E' | 't' | 'T' | 'z' | 'Z' | ' ')
        })
}
