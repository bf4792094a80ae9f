//! Findings as a SARIF 2.1.0 log (OASIS), which code scanning services read.

use std::io::Write;

use serde_json::{Value, json};

use super::{Finding, Place};
use crate::yang::codes;

/// One run with all findings, and a rule for each code among them.
pub(in crate::cli::yang) fn write(findings: &[Finding], out: &mut dyn Write) -> std::io::Result<()> {
    let mut used: Vec<&'static str> = findings.iter().map(Finding::code).collect();
    used.sort_unstable();
    used.dedup();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &used)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "strongbox",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": used.iter().map(|code| rule(code)).collect::<Vec<Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn rule(code: &str) -> Value {
    let (title, text) = codes::find(code).map_or((code, ""), |known| (known.title, known.text));
    json!({
        "id": code,
        "shortDescription": { "text": title },
        "fullDescription": { "text": text },
    })
}

fn result(finding: &Finding, used: &[&'static str]) -> Value {
    let found = &finding.diagnostic;
    let message: Vec<&str> =
        std::iter::once(&found.message).chain(found.remarks()).map(String::as_str).collect();
    let related: Vec<Value> = finding
        .related
        .iter()
        .zip(0_usize..)
        .map(|((place, text), id)| {
            let mut location = location(place);
            if let Some(location) = location.as_object_mut() {
                location.insert("id".to_owned(), json!(id));
                location.insert("message".to_owned(), json!({ "text": text }));
            }
            location
        })
        .collect();
    json!({
        "ruleId": found.code,
        "ruleIndex": used.iter().position(|code| *code == found.code),
        "level": found.severity.as_str(),
        "message": { "text": message.join("\n") },
        "locations": [location(&finding.place)],
        "relatedLocations": related,
    })
}

fn location(place: &Place) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&place.file) },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    }})
}

/// A path as a relative or absolute URI reference.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const OUTSIDE: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b':')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    let encoded = utf8_percent_encode(path, OUTSIDE).to_string();
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::{Diagnostic, Sources, Span};

    #[test]
    fn a_log_has_what_the_schema_of_sarif_requires() {
        let mut sources = Sources::default();
        let id = sources.add("a b.yang", "module a {\n  leef b;\n}\n");
        let span = Span { source: id, start: 13, end: 17 };
        let found = Diagnostic::error("Y0101", span, "there is no statement 'leef'")
            .related(Span { source: id, start: 0, end: 6 }, "in here");
        let mut out = Vec::new();
        write(&[Finding::new(&sources, &found)], &mut out).unwrap();
        let log: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "strongbox");
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "Y0101");
        let result = &run["results"][0];
        assert_eq!(result["ruleIndex"], 0);
        assert_eq!(result["level"], "error");
        assert_eq!(result["message"]["text"], "there is no statement 'leef'");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.yang");
        assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 7}));
        assert_eq!(result["relatedLocations"][0]["message"]["text"], "in here");
        assert_eq!(uri("/x/y.yang"), "file:///x/y.yang");
    }

    #[test]
    fn a_log_without_findings_has_an_empty_list_of_results() {
        let mut out = Vec::new();
        write(&[], &mut out).unwrap();
        let log: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(log["runs"][0]["results"], json!([]));
    }
}
