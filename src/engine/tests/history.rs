//! Going back: what the data was, what commits changed, and making it so again.

use proptest::prelude::*;

use super::replay::edit;
use super::*;
use crate::data::tree::Tree;
use crate::engine::history::{HistoryError, PastCommit};

fn tree(snapshot: &Snapshot, tenant: &str) -> Tree {
    snapshot.tenant(tenant).unwrap().tree.clone()
}

/// The configuration of the system tenant, as something to compare.
fn configuration(engine: &Engine) -> Option<String> {
    engine.config_etag(&engine.snapshot(), SYSTEM_TENANT, &InstancePath::root())
}

/// A transaction that makes the configuration what it was.
async fn towards(engine: &Engine, tenant: &str, revision: u64) -> Result<Committed, CommitError> {
    let goal = engine.tree_at(&engine.snapshot(), tenant, Revision(revision)).await.unwrap();
    let options = CommitOptions {
        comment: Some(format!("back to {revision}")),
        goals: vec![(tenant.into(), goal)],
        ..CommitOptions::default()
    };
    engine.commit(CommitRequest { by: Author::Service, options, ..request(tenant, Vec::new()) }).await
}

fn by_service(edits: Vec<Edit>) -> CommitRequest {
    CommitRequest { by: Author::Service, ..request(SYSTEM_TENANT, edits) }
}

/// All commits of a tenant, newest first.
fn commits(engine: &Engine, tenant: &str) -> Vec<PastCommit> {
    let mut all = Vec::new();
    let mut before = Some(engine.snapshot().revision.next());
    while let Some(revision) = before {
        let stretch = engine.stretch(&tenant.into(), revision).unwrap();
        all.extend(stretch.commits);
        before = stretch.down_to;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn every_revision_can_be_told_and_gone_back_to_and_forward_again(
        history in prop::collection::vec(prop::collection::vec((any::<u8>(), any::<u8>(), 0..4_u8), 1..8), 2..40),
        goals in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = Bench::new();
        runtime.block_on(async {
            let engine = bench.start();
            let mut seen = vec![(tree(&engine.snapshot(), SYSTEM_TENANT), configuration(&engine))];
            for (number, transaction) in history.iter().enumerate() {
                let edits: Vec<Edit> = transaction.iter().map(|numbers| edit(&bench, *numbers)).collect();
                let _ = engine.commit(request(SYSTEM_TENANT, edits)).await;
                // State comes and goes beside configuration.
                let item = ["a", "b"][number % 2];
                let note = bench.text(&format!("/top/item/{item}/made"), &format!("m{number}"));
                let _ = engine.commit(by_service(vec![note])).await;
                seen.resize(usize::try_from(engine.snapshot().revision.0).unwrap() + 1, seen[0].clone());
                *seen.last_mut().unwrap() = (tree(&engine.snapshot(), SYSTEM_TENANT), configuration(&engine));
            }
            engine.shutdown().await;
            let engine = bench.start();
            let told: Vec<u64> = commits(&engine, SYSTEM_TENANT).iter().map(|commit| commit.revision.0).collect();
            prop_assert!(told.iter().rev().copied().eq(1..=engine.snapshot().revision.0));
            // The states between the two commits of a round were not seen.
            let known: Vec<usize> = (1..seen.len()).filter(|at| seen[*at].1 != seen[0].1 || *at == seen.len() - 1).collect();
            for at in &known {
                let past = engine.tree_at(&engine.snapshot(), SYSTEM_TENANT, Revision(*at as u64)).await.unwrap();
                prop_assert_eq!(&past, &seen[*at].0, "revision {}", at);
            }
            let newest = engine.snapshot().revision.0;
            for goal in goals {
                let Some(at) = known.get(goal.index(known.len().max(1))) else { continue };
                towards(&engine, SYSTEM_TENANT, *at as u64).await.unwrap();
                prop_assert_eq!(&configuration(&engine), &seen[*at].1, "back to {}", at);
            }
            towards(&engine, SYSTEM_TENANT, newest).await.unwrap();
            prop_assert_eq!(&configuration(&engine), &seen.last().unwrap().1);
            engine.shutdown().await;
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn stored_state_stays_and_comes_back_only_with_its_entry() {
    let bench = Bench::new();
    let engine = bench.start();
    let made = |item: &str, text: &str| bench.text(&format!("/top/item/{item}/made"), text);
    commit(&engine, vec![bench.create("/top/item/a"), bench.create("/top/item/b")]).await;
    engine.commit(by_service(vec![made("a", "old"), made("b", "old")])).await.unwrap();
    let goal = commit(&engine, vec![bench.text("/top/pin", "1234")]).await.revision.0;
    engine.commit(by_service(vec![made("a", "new")])).await.unwrap();
    commit(&engine, vec![bench.delete("/top/item/b"), bench.text("/top/pin", "5678")]).await;
    let committed = towards(&engine, SYSTEM_TENANT, goal).await.unwrap();
    assert!(committed.changed);
    assert_eq!(leaf(&engine, &bench, "/top/item/a/made"), Some(Value::string("new")));
    assert_eq!(leaf(&engine, &bench, "/top/item/b/made"), Some(Value::string("old")));
    let pin = leaf(&engine, &bench, "/top/pin").unwrap();
    assert_eq!(pin.as_str(), Some("1234"), "secrets go back too");
    let newest = commits(&engine, SYSTEM_TENANT).swap_remove(0);
    assert_eq!(newest.comment.as_deref(), Some("back to 3"));
    assert!(!towards(&engine, SYSTEM_TENANT, goal).await.unwrap().changed, "it is there already");
}

#[tokio::test]
async fn a_password_goes_back_as_the_hash_that_it_was() {
    let bench = Bench::new();
    let engine = bench.start();
    let password = |text: &str| bench.text("/top/item/a/password", text);
    commit(&engine, vec![bench.create("/top/item/a"), password("one")]).await;
    let hash = leaf(&engine, &bench, "/top/item/a/password");
    commit(&engine, vec![password("two")]).await;
    assert_ne!(leaf(&engine, &bench, "/top/item/a/password"), hash);
    towards(&engine, SYSTEM_TENANT, 1).await.unwrap();
    assert_eq!(leaf(&engine, &bench, "/top/item/a/password"), hash);
}

#[tokio::test]
async fn what_the_log_no_longer_keeps_is_told() {
    let bench = Bench::new();
    let engine = bench.start_with(Registry::new(), EngineSettings { log_retention: 5, ..Bench::settings() });
    for number in 0..20 {
        commit(&engine, vec![bench.set("/top/inner/depth", Value::Int(number))]).await;
    }
    let refused = engine.tree_at(&engine.snapshot(), SYSTEM_TENANT, Revision(3)).await.unwrap_err();
    assert!(matches!(refused, HistoryError::Gone { .. }), "{refused}");
    let reach = engine.reach().unwrap();
    assert_eq!((reach.last, reach.oldest.next()), (Revision(20), reach.first));
    let oldest = engine.tree_at(&engine.snapshot(), SYSTEM_TENANT, reach.oldest).await.unwrap();
    assert_eq!(oldest.leaf(&bench.path("/top/inner/depth")), Some(&Value::Int(reach.oldest.0 as i64 - 1)));
    let future = engine.tree_at(&engine.snapshot(), SYSTEM_TENANT, Revision(21)).await.unwrap_err();
    assert!(matches!(future, HistoryError::Future { .. }), "{future}");
}

#[tokio::test]
async fn tenants_have_histories_of_their_own() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.text("/top/motto", "ours")]).await;
    commit(&engine, vec![bench.create("/tenants/acme")]).await;
    let theirs = request("acme", vec![bench.text("/top/motto", "theirs")]);
    engine.commit(theirs).await.unwrap();
    let motto = |tree: &Tree| tree.leaf(&bench.path("/top/motto")).cloned();
    let at = |tenant: &'static str, revision| {
        let engine = engine.clone();
        async move { engine.tree_at(&engine.snapshot(), tenant, Revision(revision)).await }
    };
    assert_eq!(motto(&at("acme", 2).await.unwrap()), None);
    assert_eq!(motto(&at("acme", 3).await.unwrap()), Some(Value::string("theirs")));
    assert_eq!(motto(&at(SYSTEM_TENANT, 1).await.unwrap()), Some(Value::string("ours")));
    assert!(matches!(at("acme", 1).await, Err(HistoryError::BeforeTenant { .. })));
    commit(&engine, vec![bench.delete("/tenants/acme")]).await;
    assert_eq!(motto(&at("acme", 3).await.unwrap()), Some(Value::string("theirs")));
    assert_eq!(commits(&engine, "acme").iter().filter(|commit| !commit.changes.is_empty()).count(), 2);
}

#[tokio::test]
async fn commits_tell_who_changed_what_and_leave_out_state() {
    let bench = Bench::new();
    let engine = bench.start();
    let options = CommitOptions { comment: Some("why not".to_owned()), ..CommitOptions::default() };
    let edits =
        vec![bench.create("/top/item/a"), bench.create("/top/item/a/part/1"), bench.text("/top/motto", "on")];
    engine.commit(CommitRequest { options, ..request(SYSTEM_TENANT, edits) }).await.unwrap();
    engine.commit(by_service(vec![bench.text("/top/item/a/made", "m")])).await.unwrap();
    commit(&engine, vec![bench.set("/top/item/a/size", Value::Int(3)), bench.create("/top/item/a/step/z")])
        .await;
    commit(&engine, vec![bench.delete("/top/item/a")]).await;
    let told: Vec<(u64, Option<String>, Vec<_>)> = commits(&engine, SYSTEM_TENANT)
        .into_iter()
        .map(|commit| {
            assert_eq!(
                (commit.actor.as_str(), commit.request_id.as_str(), commit.number),
                ("tester", "r", 1)
            );
            let changes = commit.changes.iter().map(|change| (change.path.to_v1(&bench.schema), change.kind));
            (commit.revision.0, commit.comment, changes.collect())
        })
        .collect();
    let at = |path: &str, kind| (path.to_owned(), kind);
    assert_eq!(
        told,
        [
            (4, None, vec![at("/top/item/a", ChangeKind::Deleted)]),
            (
                3,
                None,
                vec![
                    at("/top/item/a/size", ChangeKind::Created),
                    at("/top/item/a/step/z", ChangeKind::Created)
                ]
            ),
            (2, None, vec![]),
            (
                1,
                Some("why not".to_owned()),
                vec![at("/top/motto", ChangeKind::Created), at("/top/item/a", ChangeKind::Created)]
            ),
        ]
    );
}

#[tokio::test]
async fn an_amended_transaction_knows_the_revision_before_it() {
    let bench = Bench::new();
    let engine = bench.start();
    let (path, before) = (bench.path("/top/inner/depth"), Arc::new(std::sync::Mutex::new(Vec::new())));
    let mut waiting = Vec::new();
    for number in 0..8 {
        let (path, before) = (path.clone(), Arc::clone(&before));
        let amend = Amend(Arc::new(move |amendment: &Amendment<'_>| {
            before.lock().unwrap().push(amendment.revision.0);
            let depth = Data::Leaf(Value::Int(amendment.revision.0 as i64 + 100));
            Ok(vec![Edit::new(path.clone(), EditOperation::Merge, depth)])
        }));
        let options = CommitOptions { amend: Some(amend), ..CommitOptions::default() };
        let edits = vec![bench.text("/top/motto", &number.to_string())];
        waiting.push(engine.commit(CommitRequest { options, ..request(SYSTEM_TENANT, edits) }));
    }
    for done in futures_util::future::join_all(waiting).await {
        done.unwrap();
    }
    assert_eq!(*before.lock().unwrap(), (0..8).collect::<Vec<u64>>());
    assert_eq!(leaf(&engine, &bench, "/top/inner/depth"), Some(Value::Int(107)));
}
