//! The log as a whole: what is written can be verified, what was tampered with is found, what failed is repaired.

use std::fs;
use std::future::Future as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::task::Poll;

use super::verify::{Verified, Verifier, VerifyError};
use super::*;

const KEY: &[u8] = &[7; 32];

const FILE: &str = "audit.log";

const ANONYMOUS_FILE: &str = "anonymous.log";

fn files(directory: &Path) -> AuditFiles {
    AuditFiles {
        known: directory.join(FILE),
        known_rotation: Rotation { bytes: 100_000, keep: None },
        anonymous: directory.join(ANONYMOUS_FILE),
        anonymous_rotation: Rotation { bytes: 1_000, keep: Some(1) },
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
    Verifier::new(KEY).file(fs::read(directory.join(FILE)).unwrap().as_slice()).map(|verified| verified.lines)
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
    assert!(matches!(
        tampered(&[lines[0], lines[2]]),
        Err(VerifyError::Missing { line: 2, found: 3, expected: 2 })
    ));
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
    let path = directory.path().join(ANONYMOUS_FILE);
    let older = file::older_files(&path).unwrap();
    assert_eq!(older.len(), 1);
    let mut verifier = Verifier::new(KEY);
    for path in older.iter().chain([&path]) {
        let text = fs::read(path).unwrap();
        assert!(text.len() < 2_000, "{} has {} bytes", path.display(), text.len());
        verifier.file(text.as_slice()).unwrap();
    }
}

/// A log of six lines in three files, and its files in order.
fn rotated(directory: &Path) -> Vec<std::path::PathBuf> {
    let path = directory.join(FILE);
    for line in 0..6 {
        // Opened anew each time: the chain goes on over restarts too.
        let rotation = Rotation { bytes: 150, keep: None };
        let mut log = AuditFile::open(&path, chain::ChainKey::new(KEY), rotation).unwrap();
        log.append([format!("{{\"path\":\"/{line}\"").as_bytes()].into_iter()).unwrap();
    }
    let mut files = file::older_files(&path).unwrap();
    files.push(path);
    files
}

fn verified(files: &[&std::path::PathBuf]) -> Result<Verified, VerifyError> {
    let mut verifier = Verifier::new(KEY);
    let mut last = Verified::default();
    for file in files {
        last = verifier.file(fs::read(file).unwrap().as_slice())?;
    }
    Ok(last)
}

#[test]
fn the_chain_goes_on_from_file_to_file() {
    let directory = tempfile::tempdir().unwrap();
    let files = rotated(directory.path());
    assert!(files.len() >= 3, "{files:?}");
    let all: Vec<&std::path::PathBuf> = files.iter().collect();
    let last = verified(&all).unwrap().last;
    assert_eq!(
        last,
        5 + u64::try_from(files.len()).unwrap(),
        "a line that continues begins each further file"
    );
    assert_eq!(verified(&all[1..]).unwrap().last, last, "the oldest may have been taken away");
    let without_middle = [all[0], all[2]];
    assert!(matches!(verified(&without_middle), Err(VerifyError::Missing { line: 1, .. })));
    let swapped = [all[1], all[0]];
    assert!(matches!(verified(&swapped), Err(VerifyError::Missing { line: 1, .. })));
}

#[test]
fn a_file_that_was_lost_between_two_writes_does_not_end_the_chain() {
    let directory = tempfile::tempdir().unwrap();
    let files = rotated(directory.path());
    // As a crash leaves it between keeping the full file and the first line of the next.
    fs::write(files.last().unwrap(), "").unwrap();
    let rotation = Rotation { bytes: 150, keep: None };
    let mut log = AuditFile::open(files.last().unwrap(), chain::ChainKey::new(KEY), rotation).unwrap();
    log.append([b"{\"path\":\"/6\"".as_slice()].into_iter()).unwrap();
    let all: Vec<&std::path::PathBuf> = files.iter().collect();
    verified(&all).unwrap();
}

#[tokio::test]
async fn a_log_that_was_moved_away_goes_on_in_a_new_file() {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path());
    let (path, moved) = (directory.path().join(FILE), directory.path().join("moved"));
    log.write(&entry(Some("k1"), "/v1/config/a")).await.unwrap();
    fs::rename(&path, &moved).unwrap();
    log.reopen().await;
    log.write(&entry(Some("k1"), "/v1/config/b")).await.unwrap();
    log.reopen().await;
    log.write(&entry(Some("k1"), "/v1/config/c")).await.unwrap();
    assert_eq!(verified(&[&moved]).unwrap().lines, 1);
    assert_eq!(verified(&[&moved, &path]).unwrap().lines, 3, "one that continues, and two");
}

#[tokio::test]
async fn a_line_that_cannot_be_written_is_an_error_and_the_next_may_succeed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("full");
    let mut file =
        AuditFile::open(&path, chain::ChainKey::new(KEY), Rotation { bytes: 1, keep: None }).unwrap();
    file.append([b"{\"a\":1".as_slice()].into_iter()).unwrap();
    // The next line needs a new file, and a folder is in the way of keeping the old one.
    let older = directory.path().join("full.000000000001");
    fs::create_dir(&older).unwrap();
    file.append([b"{\"a\":2".as_slice()].into_iter()).unwrap_err();
    fs::remove_dir(&older).unwrap();
    file.append([b"{\"a\":3".as_slice()].into_iter()).unwrap();
    assert_eq!(verified(&[&older, &path]).unwrap().last, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_requests_at_once_are_all_written() {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path());
    let requests: Vec<_> = (0..200)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    log.write(&entry(Some("k1"), "/v1/config/a")).await.unwrap();
                }
            })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    let path = directory.path().join(FILE);
    let mut files = file::older_files(&path).unwrap();
    files.push(path);
    let last = verified(&files.iter().collect::<Vec<_>>()).unwrap().last;
    assert_eq!(last, 1_000 + u64::try_from(files.len()).unwrap() - 1, "and a line that continues each file");
}

#[tokio::test]
async fn a_line_is_written_when_nobody_waits_for_it_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path());
    let entry = entry(Some("k1"), "/v1/config/a");
    let mut writing = Box::pin(log.write(&entry));
    let polled =
        std::future::poll_fn(|context| Poll::Ready(writing.as_mut().poll(context).is_pending())).await;
    assert!(polled);
    drop(writing);
    while checked(directory.path()).unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    log.write(&entry).await.unwrap();
    assert_eq!(checked(directory.path()).unwrap(), 2);
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
