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

/// A line of a new expectation: what differs from run to run becomes `<<any>>`.
pub fn generalise(line: &str) -> String {
    const CHANGING: &[&str] = &[
        r#"[A-Za-z0-9_-]{22}(?=["._])"#,
        r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
        r"127\.0\.0\.1:\d+",
    ];
    let mut line = line.to_owned();
    for expression in CHANGING {
        // The regex crate has no look-ahead; the one pattern that needs it is spelt out.
        if let Some(bare) = expression.strip_suffix(r#"(?=["._])"#) {
            let expression = regex::Regex::new(&format!(r#"{bare}(["._])"#)).unwrap();
            line = expression.replace_all(&line, "<<any>>$1").into_owned();
        } else {
            line = regex::Regex::new(expression).unwrap().replace_all(&line, "<<any>>").into_owned();
        }
    }
    line
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
