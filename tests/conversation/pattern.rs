//! Placeholders in expected answers and in requests.
//!
//! `<<any>>` stands for any run of characters in a line, `<<save NAME>>` too and keeps it, `<<NAME>>` is what was kept.

use std::collections::BTreeMap;

/// What has been kept so far, by name.
pub type Kept = BTreeMap<String, String>;

/// Puts kept texts in the place of their names.
pub fn fill(text: &str, kept: &Kept) -> String {
    kept.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<<{name}>>"), value))
}

/// Whether a line is what a pattern line says; keeps what it is told to.
pub fn matches(pattern: &str, line: &str, kept: &mut Kept) -> bool {
    let pattern = fill(pattern, kept);
    let mut expression = String::from("^");
    let mut names = Vec::new();
    let mut rest = pattern.as_str();
    while let Some(at) = rest.find("<<") {
        let Some(end) = rest[at..].find(">>") else { break };
        expression.push_str(&regex::escape(&rest[..at]));
        let inside = &rest[at + 2..at + end];
        if let Some(name) = inside.strip_prefix("save ") {
            names.push(name.to_owned());
            expression.push_str("(.*?)");
        } else {
            expression.push_str(".*");
        }
        rest = &rest[at + end + 2..];
    }
    expression.push_str(&regex::escape(rest));
    expression.push('$');
    let Some(found) = regex::Regex::new(&expression).unwrap().captures(line) else { return false };
    for (index, name) in names.into_iter().enumerate() {
        kept.insert(name, found[index + 1].to_owned());
    }
    true
}

/// What differs from run to run: entity tags, tokens, accessors, JWTs, coordinates of keys, times, ports.
const CHANGING: &[(&str, &str)] = &[
    (r#""[A-Za-z0-9_-]{22}([".])"#, "\"<<any>>$1"),
    (r"sb\.[A-Za-z0-9_-]{32}", "<<any>>"),
    (r#""(?:[0-9a-f]{24}|[0-9a-f]{32})""#, "\"<<any>>\""),
    (r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "<<any>>"),
    (r#""[A-Za-z0-9_-]{43}""#, "\"<<any>>\""),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "<<any>>"),
    (r"127\.0\.0\.1:\d+", "<<any>>"),
];

/// A line of a new expectation: what changes becomes `<<any>>`.
pub fn generalise(line: &str) -> String {
    CHANGING.iter().fold(line.to_owned(), |line, (expression, general)| {
        regex::Regex::new(expression).unwrap().replace_all(&line, *general).into_owned()
    })
}

#[test]
fn placeholders_match_keep_and_fill() {
    let mut kept = Kept::new();
    assert!(matches("etag: \"<<save tag>>\"", "etag: \"abc\"", &mut kept));
    assert_eq!(fill("If-Match: \"<<tag>>\"", &kept), "If-Match: \"abc\"");
    assert!(matches("x <<any>> (y)", "x anything (y)", &mut kept));
    assert!(!matches("x <<any>> (y)", "x anything y", &mut kept));
    assert!(matches("<<tag>>", "abc", &mut kept) && !matches("<<tag>>", "abd", &mut kept));
}

#[test]
fn what_changes_is_generalised() {
    assert_eq!(generalise("etag: \"0123456789abcdefABCDEF.yaml\""), "etag: \"<<any>>.yaml\"");
    assert_eq!(generalise("  \"expires\": \"2024-03-09T12:15:00.000000Z\","), "  \"expires\": \"<<any>>\",");
}
