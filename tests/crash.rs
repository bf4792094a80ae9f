//! A process with 64 concurrent writers is killed again and again: every acknowledged write is there afterwards, and no
//! transaction is there by half.
//!
//! The victim is this test binary itself, started with `STRONGBOX_CRASH_DIR`. `STRONGBOX_CRASH_SECONDS=20` makes it ten kills
//! in twenty seconds; without it there are a few in about two.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use strongbox::base::clock::{Clock, Timestamp};
use strongbox::base::secret::Secret;
use strongbox::data::edit::{Edit, EditOperation};
use strongbox::data::path::InstancePath;
use strongbox::data::tree::{Container, Data};
use strongbox::engine::{
    Author, CommitOptions, CommitRequest, Engine, EngineSettings, Registry, SYSTEM_TENANT, TenantEdits,
};
use strongbox::store::seal::Keyring;
use strongbox::store::{Barrier, SqliteStore};
use strongbox::yang::product::product_library;
use strongbox::yang::resolve::load::Wanted;
use strongbox::yang::schema::{Schema, Value, compile};

const WRITERS: usize = 64;

const MODEL: &str = "
module ledger {
  yang-version 1.1;
  namespace urn:ledger;
  prefix l;
  list account {
    key name;
    leaf name { type string; }
    leaf count { type uint32; default 0; }
    list entry {
      key number;
      leaf number { type uint32; }
      leaf note { type string; }
    }
  }
}";

fn schema() -> Arc<Schema> {
    let mut library = product_library();
    library.add_text("ledger.yang", MODEL);
    let (schema, diagnostics) = compile(&mut library, &[Wanted::latest("ledger")]);
    Arc::new(schema.unwrap_or_else(|| panic!("{diagnostics:?}")))
}

fn start(dir: &Path, schema: &Arc<Schema>) -> Engine {
    let key = || Secret::new([1; 32]);
    let barrier = Barrier::new(Keyring::new(key(), key(), Timestamp::default())).unwrap();
    let (store, recovered) = SqliteStore::open(&dir.join("data"), barrier).unwrap();
    let settings = EngineSettings::default();
    Engine::start(Arc::clone(schema), Registry::new(), store, recovered, Clock::system(), settings).unwrap()
}

fn path(schema: &Schema, text: &str) -> InstancePath {
    InstancePath::parse_v1(schema, text).unwrap()
}

/// How far a writer's account got, and whether it is whole: as many entries as it says, none missing, none too many.
fn count(engine: &Engine, writer: usize) -> u64 {
    let snapshot = engine.snapshot();
    let schema = engine.schema();
    let Some(account) = snapshot.entry(SYSTEM_TENANT, &path(schema, &format!("/account/w{writer}"))) else {
        return 0;
    };
    let count = match account.leaf(schema.find("/account/count").unwrap()) {
        Some(Value::Uint(count)) => *count,
        other => panic!("account w{writer} has count {other:?}"),
    };
    let entries = account.list(schema.find("/account/entry").unwrap()).map_or(0, |list| list.len() as u64);
    assert_eq!(entries, count, "account w{writer} is there by half");
    let list = account.list(schema.find("/account/entry").unwrap()).unwrap();
    assert!(
        (1..=count).all(|number| list.get(&[Value::Uint(number)]).is_some()),
        "account w{writer} has a gap"
    );
    count
}

/// One transaction over two rows: the account's count, and the entry that it counts.
fn step(schema: &Schema, writer: usize, number: u64) -> CommitRequest {
    let account = path(schema, &format!("/account/w{writer}"));
    let entry = path(schema, &format!("/account/w{writer}/entry/{number}"));
    let count = (schema.find("/account/count").unwrap(), Data::Leaf(Value::Uint(number)));
    let note = (schema.find("/account/entry/note").unwrap(), Data::Leaf(Value::string("x".repeat(100))));
    let body = |path: &InstancePath, child| {
        Data::Container(Arc::new(Container::with_children(path.target(), vec![child])))
    };
    let edits = vec![
        Edit::new(account.clone(), EditOperation::Merge, body(&account, count)),
        Edit::new(entry.clone(), EditOperation::Create, body(&entry, note)),
    ];
    CommitRequest {
        actor: format!("w{writer}"),
        request_id: format!("{writer}-{number}"),
        by: Author::Client,
        changes: vec![TenantEdits { tenant: SYSTEM_TENANT.into(), edits, preconditions: Vec::new() }],
        validate_only: false,
        approve: None,
        options: CommitOptions::default(),
    }
}

/// Not a test by itself: the process that is killed. Says `writer number` after each acknowledgement.
#[test]
fn victim() {
    let Some(dir) = std::env::var_os("STRONGBOX_CRASH_DIR").map(PathBuf::from) else { return };
    let schema = schema();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = start(&dir, &schema);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (engine, schema) = (engine.clone(), Arc::clone(&schema));
                tokio::spawn(async move {
                    let mut number = count(&engine, writer);
                    loop {
                        number += 1;
                        engine.commit(step(&schema, writer, number)).await.unwrap();
                        let mut out = std::io::stdout().lock();
                        writeln!(out, "ack {writer} {number}").and_then(|()| out.flush()).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            let _ = writer.await;
        }
    });
}

#[test]
fn killed_at_random_nothing_acknowledged_is_lost_and_nothing_is_there_by_half() {
    let seconds = std::env::var_os("STRONGBOX_CRASH_SECONDS")
        .and_then(|text| text.to_str()?.parse::<u64>().ok())
        .filter(|seconds| *seconds > 0);
    let (rounds, longest) = seconds.map_or((4, 400), |seconds| (10, seconds * 200));
    let dir = tempfile::tempdir().unwrap();
    let schema = schema();
    let mut acknowledged: HashMap<usize, u64> = HashMap::new();
    let mut revision = 0;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..rounds {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let life = Duration::from_millis(50 + random % longest);
        run_and_kill(dir.path(), life, &mut acknowledged);
        let engine = start(dir.path(), &schema);
        let found = engine.snapshot().revision.0;
        assert!(found > revision, "round {round} of {life:?} committed nothing");
        revision = found;
        for writer in 0..WRITERS {
            let (stored, promised) =
                (count(&engine, writer), acknowledged.get(&writer).copied().unwrap_or(0));
            assert!(stored >= promised, "round {round}: w{writer} has {stored} of {promised}");
        }
        drop(engine);
        wait_until_free(&dir.path().join("data"));
    }
    let total: u64 = acknowledged.values().sum();
    assert!(total >= 100, "only {total} writes were acknowledged: this proves little");
}

/// Starts a victim, lets it live for a while from its first acknowledgement on, and kills it.
fn run_and_kill(dir: &Path, life: Duration, acknowledged: &mut HashMap<usize, u64>) {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["crash::victim", "--exact", "--nocapture", "--test-threads=1"])
        .env("STRONGBOX_CRASH_DIR", dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).split(b'\n');
    let mut end = None;
    for line in lines {
        // The last line may be cut off by the kill; it then has no end and may name a smaller number than it stands for.
        let line = String::from_utf8(line.unwrap()).unwrap();
        let mut words = line.split(' ');
        if words.next() != Some("ack") {
            continue;
        }
        let numbers: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        if let [writer, number] = numbers[..] {
            let known = acknowledged.entry(writer as usize).or_default();
            *known = number.max(*known);
        }
        if Instant::now() >= *end.get_or_insert_with(|| Instant::now() + life) {
            let _ = victim.kill();
        }
    }
    assert!(!victim.wait().unwrap().success(), "the victim died by itself");
}

/// The writer thread of an engine that was dropped gives the directory back a moment later.
fn wait_until_free(data: &Path) {
    let file = std::fs::File::open(data.join("strongbox.lock")).unwrap();
    file.lock().unwrap();
}
