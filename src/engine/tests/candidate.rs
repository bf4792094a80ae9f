//! Candidates: what is prepared is what would have been done at once, and nothing of what others did meanwhile is lost.

use proptest::prelude::*;

use super::replay::edit;
use super::*;
use crate::data::tree::Tree;
use crate::engine::candidate::{CONFLICT, Candidate};

fn begin(engine: &Engine) -> Candidate {
    Candidate::of(&engine.snapshot(), &SYSTEM_TENANT.into()).unwrap()
}

fn anybody() -> Approve {
    Arc::new(|_| Vec::new())
}

async fn edited(engine: &Engine, candidate: &Candidate, edits: Vec<Edit>) -> Result<Candidate, CommitError> {
    let edits = TenantEdits { tenant: SYSTEM_TENANT.into(), edits, preconditions: Vec::new() };
    let taken = engine.edit_candidate(candidate, &engine.snapshot(), edits, anybody()).await;
    taken.map(|(candidate, _)| candidate)
}

async fn committed(engine: &Engine, candidate: &Candidate) -> Result<Committed, CommitError> {
    let running = engine.snapshot().tenant(SYSTEM_TENANT).unwrap().tree.clone();
    engine.hold(candidate, &running).map_err(CommitError::Invalid)?;
    engine.commit(request(SYSTEM_TENANT, candidate.edits(engine.schema()))).await
}

fn running(engine: &Engine) -> Tree {
    engine.snapshot().tenant(SYSTEM_TENANT).unwrap().tree.clone()
}

/// The paths of conflicts.
fn conflicts(engine: &Engine, candidate: &Candidate) -> Vec<String> {
    let found = engine.hold(candidate, &running(engine)).err().unwrap_or_default();
    assert!(found.iter().all(|one| one.tag == ErrorTag::InUse && one.app_tag.as_deref() == Some(CONFLICT)));
    found.iter().map(|one| one.path.to_v1(engine.schema())).collect()
}

fn configuration(engine: &Engine, tree: &Tree) -> Option<String> {
    engine.etag_of(tree, &InstancePath::root())
}

/// Numbers of which [`edit`] makes edits.
fn some_edits(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec((any::<u8>(), any::<u8>(), 0..4_u8), count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_prepared_bit_by_bit_and_committed_is_what_one_transaction_makes(
        before in some_edits(0..12),
        prepared in some_edits(1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (at_once, by_and_by) = (Bench::new(), Bench::new());
        runtime.block_on(async {
            let (one, other) = (at_once.start(), by_and_by.start());
            for numbers in before {
                let made = one.commit(request(SYSTEM_TENANT, vec![edit(&at_once, numbers)])).await.is_ok();
                let also = other.commit(request(SYSTEM_TENANT, vec![edit(&by_and_by, numbers)])).await.is_ok();
                assert_eq!(made, also);
            }
            let (mut candidate, mut taken) = (begin(&other), Vec::new());
            for numbers in prepared {
                if let Ok(next) = edited(&other, &candidate, vec![edit(&by_and_by, numbers)]).await {
                    candidate = next;
                    taken.push(edit(&at_once, numbers));
                }
            }
            let straight = one.commit(request(SYSTEM_TENANT, taken)).await;
            let later = committed(&other, &candidate).await;
            match (straight, later) {
                (Ok(_), Ok(_)) => assert_eq!(
                    configuration(&one, &running(&one)),
                    configuration(&other, &running(&other))
                ),
                (Err(CommitError::Invalid(straight)), Err(CommitError::Invalid(later))) => {
                    let told = |faults: &[Violation]| -> Vec<_> {
                        faults.iter().map(|one| (one.tag, one.path.to_v1(&at_once.schema))).collect()
                    };
                    assert_eq!(told(&straight), told(&later));
                }
                (straight, later) => panic!("{:?} {:?}", straight.err(), later.err()),
            }
        });
    }

    #[test]
    fn of_two_candidates_each_is_whole_after_the_other_or_they_are_in_conflict(
        before in some_edits(0..12),
        own in some_edits(1..6),
        others in some_edits(1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = Bench::new();
        runtime.block_on(async {
            let engine = bench.start();
            for numbers in before {
                let _ = engine.commit(request(SYSTEM_TENANT, vec![edit(&bench, numbers)])).await;
            }
            let (mut first, mut second) = (begin(&engine), begin(&engine));
            for numbers in own {
                first = edited(&engine, &first, vec![edit(&bench, numbers)]).await.unwrap_or(first);
            }
            for numbers in others {
                second = edited(&engine, &second, vec![edit(&bench, numbers)]).await.unwrap_or(second);
            }
            let onto = |candidate: &Candidate, other: &Candidate| {
                let snapshot = other.view(&engine.snapshot());
                engine.rebase(candidate, &snapshot).map(|made| configuration(&engine, made.tree()))
            };
            match (onto(&first, &second), onto(&second, &first)) {
                (Ok(one), Ok(other)) => assert_eq!(one, other),
                (Err(one), Err(other)) => assert!(!one.is_empty() && !other.is_empty()),
                (one, other) => panic!("{one:?} {other:?}"),
            }
        });
    }
}

#[tokio::test]
async fn a_candidate_follows_what_others_change_elsewhere() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.text("/top/motto", "on"), bench.create("/top/item/a")]).await;
    let candidate = edited(&engine, &begin(&engine), vec![bench.text("/top/motto", "off")]).await.unwrap();
    assert_eq!(leaf(&engine, &bench, "/top/motto"), Some(Value::string("on")), "nothing is in force");
    commit(&engine, vec![bench.create("/top/item/b")]).await;
    let rebased = engine.rebase(&candidate, &engine.snapshot()).unwrap();
    assert!(rebased.tree().entry(&bench.path("/top/item/b")).is_some());
    assert_eq!(rebased.changes(&bench.schema).len(), 1);
    assert_eq!(rebased.revision(), Revision(2));
    committed(&engine, &rebased).await.unwrap();
    assert_eq!(leaf(&engine, &bench, "/top/motto"), Some(Value::string("off")));
    let rebased = engine.rebase(&rebased, &engine.snapshot()).unwrap();
    assert!(rebased.changes(&bench.schema).is_empty(), "what was committed changes nothing any more");
}

#[tokio::test]
async fn what_both_sides_changed_differently_is_a_conflict_until_one_gives_way() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.text("/top/motto", "on"), bench.create("/top/item/a")]).await;
    let edits = vec![bench.text("/top/motto", "off"), bench.set("/top/item/a/size", Value::Int(3))];
    let candidate = edited(&engine, &begin(&engine), edits).await.unwrap();
    commit(&engine, vec![bench.text("/top/motto", "out"), bench.delete("/top/item/a")]).await;
    assert_eq!(conflicts(&engine, &candidate), ["/top/motto", "/top/item/a"]);
    let faults = engine.rebase(&candidate, &engine.snapshot()).err().unwrap();
    assert_eq!(faults.len(), 2);
    assert!(committed(&engine, &candidate).await.is_err());
    let gives_way = vec![bench.text("/top/motto", "out"), bench.delete("/top/item/a")];
    let candidate = edited(&engine, &candidate, gives_way).await.unwrap();
    assert!(conflicts(&engine, &candidate).is_empty());
    let rebased = engine.rebase(&candidate, &engine.snapshot()).unwrap();
    assert!(rebased.changes(&bench.schema).is_empty());
}

#[tokio::test]
async fn a_deletion_inside_of_what_the_other_side_deletes_is_a_conflict_for_both() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.create("/top/item/a"), bench.create("/top/item/a/part/3")]).await;
    let inner = edited(&engine, &begin(&engine), vec![bench.delete("/top/item/a/part/3")]).await.unwrap();
    let outer = edited(&engine, &begin(&engine), vec![bench.delete("/top/item/a")]).await.unwrap();
    for (candidate, other) in [(&inner, &outer), (&outer, &inner)] {
        let faults = engine.rebase(candidate, &other.view(&engine.snapshot())).err().unwrap();
        let paths: Vec<String> = faults.iter().map(|fault| fault.path.to_v1(&bench.schema)).collect();
        assert_eq!(paths, ["/top/item/a"]);
    }
}

#[tokio::test]
async fn the_order_of_entries_is_changed_on_one_side_only() {
    let bench = Bench::new();
    let engine = bench.start();
    let steps = ["/top/item/a", "/top/item/a/step/x", "/top/item/a/step/y"];
    commit(&engine, steps.iter().map(|at| bench.create(at)).collect()).await;
    let added = edited(&engine, &begin(&engine), vec![bench.create("/top/item/a/step/own")]).await.unwrap();
    let size = vec![bench.set("/top/item/a/size", Value::Int(1))];
    let elsewhere = edited(&engine, &begin(&engine), size).await.unwrap();
    commit(&engine, vec![bench.create("/top/item/a/step/other")]).await;
    assert_eq!(conflicts(&engine, &added), ["/top/item/a/step"]);
    assert!(conflicts(&engine, &elsewhere).is_empty());
}

#[tokio::test]
async fn an_entry_deleted_and_made_again_is_a_new_one_with_its_stored_state() {
    let bench = Bench::new();
    let engine = bench.start();
    let made = CommitRequest {
        by: Author::Service,
        ..request(SYSTEM_TENANT, vec![bench.create("/top/item/a"), bench.text("/top/item/a/made", "before")])
    };
    engine.commit(made).await.unwrap();
    let again = vec![bench.delete("/top/item/a"), bench.create("/top/item/a")];
    let candidate = edited(&engine, &begin(&engine), again).await.unwrap();
    committed(&engine, &candidate).await.unwrap();
    assert_eq!(leaf(&engine, &bench, "/top/item/a/made"), None);
    assert!(running(&engine).entry(&bench.path("/top/item/a")).is_some());
}

#[tokio::test]
async fn passwords_are_hashed_when_they_are_prepared_and_state_is_refused() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.create("/top/item/a")]).await;
    let secret = vec![bench.text("/top/item/a/password", "wonderland")];
    let candidate = edited(&engine, &begin(&engine), secret).await.unwrap();
    let kept = candidate.tree().leaf(&bench.path("/top/item/a/password")).unwrap().to_string();
    assert!(kept.starts_with("$argon2"), "{kept}");
    let state = edited(&engine, &candidate, vec![bench.text("/top/item/a/made", "x")]).await;
    assert!(matches!(state, Err(CommitError::Invalid(faults)) if faults[0].tag == ErrorTag::InvalidValue));
}

#[tokio::test]
async fn a_view_of_a_candidate_knows_what_is_in_force_and_when_it_was_changed() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.text("/top/motto", "on")]).await;
    let snapshot = engine.snapshot();
    assert!(std::ptr::eq(snapshot.in_force(), &raw const *snapshot));
    bench.clock.advance(4_000);
    let candidate = edited(&engine, &begin(&engine), vec![bench.create("/top/item/a")]).await.unwrap();
    let view = candidate.view(&snapshot);
    assert!(std::ptr::eq(view.in_force(), &raw const *snapshot));
    assert_eq!(view.modified("system", &bench.path("/top")), Timestamp::from_seconds(5_000));
    assert_eq!(view.modified("system", &bench.path("/top/item/a")), Timestamp::from_seconds(5_000));
    assert!(snapshot.modified("system", &bench.path("/top")) < Timestamp::from_seconds(5_000));
}
