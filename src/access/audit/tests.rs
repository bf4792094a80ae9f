//! The log as a whole: what is written can be verified, what was tampered with is found, what failed is repaired.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::verify::{VerifyError, verify};
use super::*;

const KEY: &[u8] = &[7; 32];

const FILE: &str = "audit.log";

const ANONYMOUS_FILE: &str = "anonymous.log";

fn files(directory: &Path) -> AuditFiles {
    AuditFiles {
        known: directory.join(FILE),
        anonymous: directory.join(ANONYMOUS_FILE),
        anonymous_limit: 1_000,
    }
}

fn log(directory: &Path) -> AuditLog {
    AuditLog::open(&files(directory), &Secret::new(KEY)).unwrap()
}

fn entry<'a>(accessor: Option<&'a str>, path: &'a str) -> AuditEntry<'a> {
    AuditEntry {
        time: "2026-11-22T00:00:00.000000Z",
        tenant: Some("acme"),
        user: None,
        attempted_user: None,
        accessor,
        token_hash: None,
        method: "GET",
        path,
        status: 200,
        duration_us: 120,
        client_address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        forwarded_for: None,
        user_agent: Some("test"),
        request_id: "r-1",
        site: "here",
        changes: &[],
        error: None,
    }
}

fn checked(directory: &Path) -> Result<u64, VerifyError> {
    verify(fs::read(directory.join(FILE)).unwrap().as_slice(), KEY).map(|verified| verified.lines)
}

async fn three_lines(directory: &Path) {
    let log = log(directory);
    for path in ["/v1/config/a", "/v1/config/b\",\"number\":9,\"chain\":\"x", "/v1/config/c"] {
        log.write(&entry(Some("k1"), path)).await.unwrap();
    }
}

#[tokio::test]
async fn lines_are_json_and_their_chain_is_whole_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    three_lines(directory.path()).await;
    three_lines(directory.path()).await;
    assert_eq!(checked(directory.path()).unwrap(), 6);
    let text = fs::read_to_string(directory.path().join(FILE)).unwrap();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["accessor"], "k1");
        assert!(line.get("user").is_none(), "what is not known is not written");
    }
}

#[tokio::test]
async fn a_changed_removed_or_moved_line_is_found() {
    let directory = tempfile::tempdir().unwrap();
    three_lines(directory.path()).await;
    let file = directory.path().join(FILE);
    let whole = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let tampered = |lines: &[&str]| {
        fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        checked(directory.path())
    };
    let changed = lines[1].replace("\"status\":200", "\"status\":403");
    assert!(matches!(tampered(&[lines[0], &changed, lines[2]]), Err(VerifyError::Changed { line: 2 })));
    assert!(matches!(tampered(&[lines[0], lines[2]]), Err(VerifyError::Missing { line: 2, found: 3 })));
    assert!(matches!(tampered(&[lines[1], lines[0], lines[2]]), Err(VerifyError::Missing { line: 1, .. })));
    assert!(matches!(tampered(&[lines[0], "{}", lines[2]]), Err(VerifyError::Changed { line: 2 })));
    fs::write(&file, &whole[..whole.len() - 5]).unwrap();
    assert!(matches!(checked(directory.path()), Err(VerifyError::Torn { line: 3 })));
}

#[tokio::test]
async fn what_a_crash_left_of_a_line_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    three_lines(directory.path()).await;
    let file = directory.path().join(FILE);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, [whole.as_slice(), b"{\"time\":\"2026"].concat()).unwrap();
    three_lines(directory.path()).await;
    assert_eq!(checked(directory.path()).unwrap(), 6);
}

#[tokio::test]
async fn a_file_that_is_no_audit_log_is_not_continued() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(FILE), "something else\n").unwrap();
    let error = AuditLog::open(&files(directory.path()), &Secret::new(KEY)).unwrap_err();
    assert!(error.to_string().contains("is not a line of an audit log"), "{error}");
}

#[tokio::test]
async fn calls_without_a_token_cannot_fill_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path());
    for _ in 0..50 {
        log.write(&entry(None, "/v1/login")).await.unwrap();
    }
    assert_eq!(fs::read(directory.path().join(FILE)).unwrap(), b"");
    for name in [ANONYMOUS_FILE.to_owned(), format!("{ANONYMOUS_FILE}.1")] {
        let text = fs::read(directory.path().join(&name)).unwrap();
        assert!(text.len() < 2_000, "{name} has {} bytes", text.len());
        verify(text.as_slice(), KEY).unwrap();
    }
}

#[tokio::test]
async fn a_line_that_cannot_be_written_is_an_error_and_the_next_may_succeed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("full");
    let mut file = AuditFile::open(&path, chain::ChainKey::new(KEY), Some(1)).unwrap();
    file.append([b"{\"a\":1".as_slice()].into_iter()).unwrap();
    // The next line needs a new file, and a folder is in the way of keeping the old one.
    fs::create_dir(directory.path().join("full.1")).unwrap();
    file.append([b"{\"a\":2".as_slice()].into_iter()).unwrap_err();
    fs::remove_dir(directory.path().join("full.1")).unwrap();
    file.append([b"{\"a\":3".as_slice()].into_iter()).unwrap();
    assert_eq!(verify(fs::read(&path).unwrap().as_slice(), KEY).unwrap().lines, 1);
}

#[tokio::test]
async fn a_token_is_hashed_with_a_key() {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path());
    let hashed = log.hash_token("sb.secret");
    assert_eq!(hashed, log.hash_token("sb.secret"));
    assert_ne!(hashed, log.hash_token("sb.secre7"));
    assert!(!hashed.contains("secret"));
}
