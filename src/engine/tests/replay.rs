//! Laws over random histories: what the store holds, what the log says and what was in memory are the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::engine::rows::each_row;
use crate::store::Record;

/// One random edit, by number: most of them are possible most of the time.
pub(super) fn edit(bench: &Bench, (kind, item, part): (u8, u8, u8)) -> Edit {
    let item = ["a", "b", "c", "d"][usize::from(item % 4)];
    let at = |rest: &str| format!("/top/item/{item}{rest}");
    let put = |at: &str| Edit { operation: EditOperation::Merge, ..bench.create(at) };
    let gone = |at: &str| Edit { operation: EditOperation::Remove, ..bench.delete(at) };
    match kind % 14 {
        0 | 1 => put(&at("")),
        2 | 3 => put(&at(&format!("/part/{part}"))),
        4 => bench.text(&at(&format!("/part/{part}/note")), &format!("n{part}")),
        5 => bench.set(&at("/size"), Value::Int(i64::from(part))),
        6 => put(&at(&format!("/step/s{part}"))),
        7 => gone(&at(&format!("/step/s{part}"))),
        8 => gone(&at(&format!("/part/{part}"))),
        9 => gone(&at("")),
        10 => bench.set("/top/inner/depth", Value::Int(i64::from(part))),
        11 => put(&format!("/top/extra/record/{part}")),
        12 => gone("/top/extra"),
        _ => gone("/top/item"),
    }
}

type Rows = BTreeMap<(String, String), String>;

fn stored_rows(store: &SqliteStore) -> Rows {
    let mut rows = Rows::new();
    store
        .visit_rows(|row| {
            rows.insert((row.tenant.to_owned(), row.path.to_owned()), row.value.to_owned());
        })
        .unwrap();
    rows
}

/// What a log adds up to, by the meaning of records alone.
fn replayed_rows(records: &[(Revision, Record)]) -> Rows {
    let mut rows = Rows::new();
    for transaction in records.iter().flat_map(|(_, record)| &record.transactions) {
        let tenant = transaction.tenant.to_string();
        for edit in &transaction.edits {
            match &edit.value {
                Some(value) => {
                    rows.insert((tenant.clone(), edit.path.clone()), value.expose().to_owned());
                }
                None => {
                    let below = format!("{}/", edit.path.trim_end_matches('/'));
                    rows.retain(|(owner, path), _| {
                        *owner != tenant || (*path != edit.path && !path.starts_with(&below))
                    });
                }
            }
        }
    }
    rows
}

/// No row is younger than one around it, and a restart changes no time.
fn assert_times(bench: &Bench, snapshot: &Snapshot, other: &Snapshot) {
    let data = snapshot.tenant(SYSTEM_TENANT).unwrap();
    each_row(&bench.schema, &snapshot.facts, &data.tree, &mut |path| {
        let own = snapshot.modified(SYSTEM_TENANT, path);
        assert_eq!(own, other.modified(SYSTEM_TENANT, path), "{}", path.to_v1(&bench.schema));
        let above = path.parent().map(|above| snapshot.modified(SYSTEM_TENANT, &above));
        assert!(above.is_none_or(|above| above >= own), "{}", path.to_v1(&bench.schema));
        assert!(
            own <= snapshot.time && (own.0 > 0 || snapshot.revision.0 == 0),
            "{}",
            path.to_v1(&bench.schema)
        );
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn replay_equals_state_equals_what_a_restart_finds(
        history in prop::collection::vec(prop::collection::vec((any::<u8>(), any::<u8>(), 0..4_u8), 1..8), 1..20)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = Bench::new();
        let before = runtime.block_on(async {
            let engine = bench.start();
            for transaction in &history {
                bench.clock.advance(1);
                let edits = transaction.iter().map(|numbers| edit(&bench, *numbers)).collect();
                let _ = engine.commit(request(SYSTEM_TENANT, edits)).await;
            }
            engine.shutdown().await;
            engine.snapshot()
        });
        let (store, _) = bench.store();
        let records = store.read_from(Revision(0), usize::MAX).unwrap();
        prop_assert_eq!(records.len() as u64, before.revision.0);
        prop_assert_eq!(stored_rows(&store), replayed_rows(&records));
        drop(store);
        let after = runtime.block_on(async {
            let engine = bench.start();
            engine.shutdown().await;
            engine.snapshot()
        });
        let tree = |snapshot: &Snapshot| snapshot.tenant(SYSTEM_TENANT).unwrap().tree.clone();
        prop_assert_eq!(tree(&before), tree(&after));
        assert_times(&bench, &before, &after);
    }
}

/// A hundred entries, each with a leaf: enough for a second processor to take its part.
fn many(bench: &Bench) -> Vec<Edit> {
    let entry = |number: i64| {
        let at = format!("/top/item/i{number:03}");
        [bench.create(&at), bench.set(&format!("{at}/size"), Value::Int(number))]
    };
    (0..100).flat_map(entry).collect()
}

#[tokio::test]
async fn a_large_transaction_is_what_many_small_ones_are() {
    let (at_once, by_and_by) = (Bench::new(), Bench::new());
    let (one, other) = (at_once.start(), by_and_by.start());
    commit(&one, many(&at_once)).await;
    for edit in many(&by_and_by) {
        commit(&other, vec![edit]).await;
    }
    let tree = |engine: &Engine| engine.snapshot().tenant(SYSTEM_TENANT).unwrap().tree.clone();
    assert_eq!(tree(&one), tree(&other));
    one.shutdown().await;
    drop(one);
    let again = at_once.start();
    assert_eq!(tree(&again), tree(&other));
    let (store, _) = {
        again.shutdown().await;
        drop(again);
        at_once.store()
    };
    assert_eq!(stored_rows(&store), replayed_rows(&store.read_from(Revision(0), usize::MAX).unwrap()));
}

#[tokio::test]
async fn a_large_transaction_with_faults_is_refused_with_all_of_them() {
    let bench = Bench::new();
    let mut registry = Registry::new();
    registry.guard("/top/item", |context| match context.path.keys() {
        [Value::String(name)] if name.ends_with('7') => {
            vec![Violation::new(ErrorTag::InUse, context.path.clone(), "it is needed")]
        }
        [Value::String(name)] if &**name == "i050" => panic!("a fault of the program"),
        _ => Vec::new(),
    });
    let engine = bench.start_with(registry, Bench::settings());
    let without_panic: Vec<Edit> =
        many(&bench).into_iter().filter(|edit| !edit.path.to_v1(&bench.schema).contains("i050")).collect();
    let found = |outcome| match outcome {
        Err(CommitError::Invalid(faults)) => faults,
        _ => Vec::new(),
    };
    let faults: Vec<Violation> = found(engine.commit(request(SYSTEM_TENANT, without_panic.clone())).await);
    assert_eq!(faults.len(), 10);
    let refusal = Violation::new(ErrorTag::AccessDenied, bench.path("/top/item"), "not yours");
    let approve: Approve = Arc::new(move |_| vec![refusal.clone()]);
    let asked = CommitRequest { approve: Some(approve), ..request(SYSTEM_TENANT, without_panic) };
    let faults = found(engine.commit(asked).await);
    assert_eq!(faults.iter().map(|fault| fault.tag).collect::<Vec<_>>(), [ErrorTag::AccessDenied]);
    let faults = found(engine.commit(request(SYSTEM_TENANT, many(&bench))).await);
    assert_eq!(faults.iter().map(|fault| fault.tag).collect::<Vec<_>>(), [ErrorTag::OperationFailed]);
    assert_eq!(engine.snapshot().revision, Revision(0));
}
