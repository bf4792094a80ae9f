use clap::Parser as _;

use super::*;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: ValidateArgs,
}

const MODULE: &str = "module m { yang-version 1.1; namespace urn:m; prefix m;
    container c { leaf n { type uint8 { range 1..9 { error-app-tag small; } } } } rpc go { input { leaf n { type uint8; } } } }";

/// A directory with a module and files, and what validating them gives: exit code, output, messages.
fn ran(files: &[(&str, &str)], arguments: &[&str]) -> (u8, String, String) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("m.yang"), MODULE).unwrap();
    let mut words: Vec<String> =
        ["validate", "-p", dir.path().to_str().unwrap(), "-m", "m"].map(String::from).to_vec();
    words.extend(arguments.iter().map(ToString::to_string));
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        words.push(path.to_str().unwrap().to_owned());
    }
    let (mut out, mut messages) = (Vec::new(), Vec::new());
    let line = Line::try_parse_from(words).unwrap();
    let status = line.args.run(Color::Off, &mut out, &mut messages).unwrap();
    let told = |bytes: Vec<u8>| {
        String::from_utf8(bytes).unwrap().replace(&format!("{}/", dir.path().to_str().unwrap()), "")
    };
    (status, told(out), told(messages))
}

#[test]
fn valid_files_exit_with_0_and_violations_with_1() {
    let good = ("good.json", "{\"m:c\":{\"n\":3}}");
    let bad = ("bad.yaml", "m:c:\n  n: 12\n");
    assert_eq!(ran(&[good], &[]), (0, String::new(), "no violations in 1 file\n".to_owned()));
    let (status, out, messages) = ran(&[good, bad], &[]);
    assert_eq!((status, messages.as_str()), (FAILED, "1 violation in 2 files\n"));
    assert_eq!(
        out,
        "error[invalid-value]: n: '12' is outside 1..9\n --> bad.yaml:2:3\n  |\n2 |   n: 12\n  |   ^\n  = note: at /m:c/n\n  = note: error-app-tag is small\n\n"
            .replace("'12'", "12")
    );
}

#[test]
fn violations_as_json_and_as_annotations() {
    let bad = ("bad.json", "{\"m:c\":{\"n\":12}}");
    let (status, out, messages) = ran(&[bad], &["--output", "json"]);
    assert_eq!((status, messages.as_str()), (FAILED, ""));
    let all: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(all[0]["error-path"], "/m:c/n");
    assert_eq!(all[0]["error-app-tag"], "small");
    assert_eq!((&all[0]["line"], &all[0]["column"]), (&1.into(), &9.into()));
    let (_, out, _) = ran(&[bad], &["--output", "github"]);
    assert_eq!(
        out,
        "::error file=bad.json,line=1,col=9,title=invalid-value::n: 12 is outside 1..9%0Aat /m:c/n\n"
    );
}

#[test]
fn what_cannot_be_looked_at_exits_with_2() {
    let (status, out, messages) = ran(&[("data.txt", "{}")], &[]);
    assert_eq!((status, out.as_str()), (UNUSABLE, ""));
    assert!(messages.ends_with("data.txt does not tell its format; say it with --format\n"), "{messages}");
    assert_eq!(ran(&[("data.txt", "{}")], &["--format", "json"]).0, 0);
    let (status, _, messages) = ran(&[("a.json", "{}")], &["-m", "mm"]);
    assert_eq!(status, UNUSABLE);
    assert!(
        messages.contains("there is no module 'mm'") && messages.contains("did you mean 'm'?"),
        "{messages}"
    );
}

#[test]
fn valid_data_is_converted_and_what_is_not_is_told_apart() {
    let good = ("good.xml", "<c xmlns='urn:m'><n> 3 </n></c>");
    let bad = ("bad.json", "{\"m:c\":{\"n\":12}}");
    let (status, out, messages) = ran(&[good, bad], &["--convert", "json"]);
    assert_eq!((status, out.as_str()), (FAILED, "{\n  \"m:c\": {\n    \"n\": 3\n  }\n}\n"));
    assert!(
        messages.contains("--> bad.json:1:9") && messages.ends_with("1 violation in 2 files\n"),
        "{messages}"
    );
    assert_eq!(ran(&[good], &["--convert", "yaml"]), (0, "m:c:\n  'n': 3\n".to_owned(), String::new()));
    let call = ("call.yaml", "m:go:\n  n: 5\n");
    assert_eq!(
        ran(&[call], &["--type", "rpc", "--convert", "xml"]).1,
        "<go xmlns=\"urn:m\">\n  <n>5</n>\n</go>\n"
    );
}

#[test]
fn operations_are_data_of_another_type() {
    let call = ("call.json", "{\"m:go\":{\"n\":5}}");
    assert_eq!(ran(&[call], &["--type", "rpc"]).0, 0);
    assert_eq!(ran(&[call], &[]).0, FAILED);
}
