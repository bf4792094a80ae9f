use std::sync::Mutex as StdMutex;

use proptest::prelude::*;

use super::rekey::NewKey;
use super::*;
use crate::base::clock::Timestamp;
use crate::store::conformance::{effects, record};
use crate::store::{CommitLog as _, Revision};

/// A host with a store and nothing else.
#[derive(Default)]
struct Cellar {
    directory: PathBuf,
    store: Arc<StdMutex<Option<SqliteStore>>>,
}

fn put(store: &mut SqliteStore, number: u64) {
    let record = record(u128::from(number));
    store.append(Revision(number - 1), &record, &effects(&record)).unwrap();
}

impl Host for Cellar {
    fn found(&self, directory: PathBuf, barrier: Barrier) -> BoxFuture<Result<Secret, Trouble>> {
        Box::pin(async move {
            let (mut store, _) = SqliteStore::open(&directory, barrier)?;
            put(&mut store, 1);
            store.close()?;
            Ok(Secret::new(*b"root"))
        })
    }

    fn open(&self, _: Arc<Sealing>, barrier: Barrier) -> BoxFuture<Result<(), Trouble>> {
        let (directory, place) = (self.directory.clone(), Arc::clone(&self.store));
        Box::pin(async move {
            *place.lock().unwrap() = Some(SqliteStore::open(&directory, barrier)?.0);
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<()> {
        let store = self.store.lock().unwrap().take();
        Box::pin(async move { drop(store) })
    }
}

struct Bench {
    dir: tempfile::TempDir,
    store: Arc<StdMutex<Option<SqliteStore>>>,
    sealing: Arc<Sealing>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (sealing, store) = Bench::load(dir.path().to_owned());
        Bench { dir, store, sealing }
    }

    fn load(directory: PathBuf) -> (Arc<Sealing>, Arc<StdMutex<Option<SqliteStore>>>) {
        let cellar = Cellar { directory: directory.clone(), ..Cellar::default() };
        let store = Arc::clone(&cellar.store);
        let clock = Clock::manual(Timestamp::from_seconds(1_000));
        (Sealing::load(directory, clock, Arc::new(cellar)).unwrap(), store)
    }

    fn restart(&mut self) {
        self.store.lock().unwrap().take();
        (self.sealing, self.store) = Bench::load(self.dir.path().to_owned());
    }

    fn init(&self, shares: u8, threshold: u8) -> Initialized {
        now(self.sealing.init(Holders { shares, threshold })).unwrap()
    }

    fn give(&self, shares: &[&Share]) -> Result<(), SealingError> {
        let shares = shares.iter().copied().cloned().collect();
        now(self.sealing.unseal(Unsealing { offer: Some(Offer::Shares(shares)), nonce: None, reset: false }))
    }

    fn give_key(&self, key: &SealKey) -> Result<(), SealingError> {
        let offer = Some(Offer::Key(key.clone()));
        now(self.sealing.unseal(Unsealing { offer, nonce: None, reset: false }))
    }

    fn put(&self, number: u64) {
        put(self.store.lock().unwrap().as_mut().unwrap(), number);
    }

    /// How many rows there are, when all of them and the whole log can be read.
    fn rows(&self) -> usize {
        let store = self.store.lock().unwrap();
        let store = store.as_ref().unwrap();
        let mut rows = 0;
        store.visit_rows(|_| rows += 1).unwrap();
        assert_eq!(store.read_from(Revision(0), usize::MAX).unwrap().len(), rows);
        rows
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn a_store_is_made_once_and_is_sealed_then() {
    let mut bench = Bench::new();
    assert!(!bench.sealing.status().initialized);
    assert!(matches!(bench.give(&[]), Err(SealingError::NotInitialized)));
    let made = bench.init(5, 3);
    assert_eq!((made.shares.len(), made.root_token.expose()), (5, &b"root"[..]));
    let status = bench.sealing.status();
    assert!(status.initialized && status.sealed);
    let again = now(bench.sealing.init(Holders { shares: 1, threshold: 1 }));
    assert!(matches!(again, Err(SealingError::Initialized)));
    bench.restart();
    assert!(bench.sealing.status().initialized && bench.sealing.status().sealed);
    bench.give_key(&made.key).unwrap();
    assert_eq!(bench.rows(), 1);
}

#[test]
fn shares_one_at_a_time_with_progress_nonce_and_reset() {
    let bench = Bench::new();
    let made = bench.init(5, 3);
    let [one, two, three, ..] = made.shares.as_slice() else { panic!("five shares") };
    bench.give(&[one]).unwrap();
    let status = bench.sealing.status();
    assert_eq!((status.progress, status.sealed), (Some(1), true));
    let nonce = status.nonce.clone().unwrap();
    let given = |nonce: &str, reset| Unsealing {
        offer: Some(Offer::Shares(vec![two.clone()])),
        nonce: Some(nonce.to_owned()),
        reset,
    };
    let foreign = now(bench.sealing.unseal(given("7", false)));
    assert!(matches!(foreign, Err(SealingError::Input { leaf: "nonce", .. })));
    now(bench.sealing.unseal(given(&nonce, false))).unwrap();
    assert_eq!(bench.sealing.status().progress, Some(2));
    now(bench.sealing.unseal(Unsealing { offer: None, nonce: None, reset: true })).unwrap();
    assert_eq!((bench.sealing.status().progress, bench.sealing.status().nonce.clone()), (Some(0), None));
    bench.give(&[three, one]).unwrap();
    bench.give(&[two]).unwrap();
    let status = bench.sealing.status();
    assert_eq!((status.sealed, status.progress, status.data_key), (false, None, Some(1)));
}

#[test]
fn wrong_shares_are_forgotten_and_tell_nothing() {
    let bench = Bench::new();
    let (made, other) = (bench.init(3, 2), Bench::new().init(3, 2));
    let said = bench.give(&[&made.shares[0], &other.shares[1]]).unwrap_err().to_string();
    assert_eq!(said, "this seal key, or these shares, do not open the store; what was given is forgotten");
    assert_eq!(bench.sealing.status().progress, Some(0));
    assert!(bench.give_key(&other.key).is_err());
    bench.give(&[&made.shares[0], &made.shares[2]]).unwrap();
    assert!(!bench.sealing.status().sealed);
}

#[test]
fn a_rotated_key_seals_what_is_new_and_everything_opens_after_a_restart() {
    let mut bench = Bench::new();
    let made = bench.init(1, 1);
    assert!(matches!(now(bench.sealing.rotate_data_key()), Err(SealingError::Sealed)));
    bench.give_key(&made.key).unwrap();
    bench.put(2);
    assert_eq!(now(bench.sealing.rotate_data_key()).unwrap(), 2);
    bench.put(3);
    assert_eq!(now(bench.sealing.rotate_data_key()).unwrap(), 3);
    bench.put(4);
    assert_eq!(bench.rows(), 4);
    bench.restart();
    bench.give_key(&made.key).unwrap();
    assert_eq!((bench.rows(), bench.sealing.status().data_key), (4, Some(3)));
}

#[test]
fn an_older_keyring_does_not_pass_for_the_newest() {
    let mut bench = Bench::new();
    let made = bench.init(1, 1);
    let older = Envelope::load(bench.dir.path()).unwrap().unwrap();
    bench.give_key(&made.key).unwrap();
    now(bench.sealing.rotate_data_key()).unwrap();
    bench.put(2);
    now(bench.sealing.seal());
    older.store(bench.dir.path()).unwrap();
    bench.restart();
    let said = bench.give_key(&made.key).unwrap_err().to_string();
    assert!(said.contains("needs data key 2, which the keyring does not have"), "{said}");
}

#[test]
fn of_keyring_and_database_none_may_be_missing() {
    let bench = Bench::new();
    bench.init(1, 1);
    let load = || {
        let cellar = Arc::new(Cellar::default());
        Sealing::load(bench.dir.path().to_owned(), Clock::system(), cellar).unwrap_err().to_string()
    };
    let keyring = Envelope::path(bench.dir.path());
    let moved = bench.dir.path().join("moved");
    std::fs::rename(&keyring, &moved).unwrap();
    assert!(load().contains("keyring is missing"), "{}", load());
    std::fs::rename(&moved, &keyring).unwrap();
    std::fs::rename(bench.dir.path().join("strongbox.db"), &moved).unwrap();
    assert!(load().contains("database is missing"), "{}", load());
}

#[test]
fn a_rekey_takes_a_quorum_and_counts_when_it_was_verified() {
    let mut bench = Bench::new();
    let made = bench.init(3, 2);
    bench.give_key(&made.key).unwrap();
    let sealing = Arc::clone(&bench.sealing);
    let begun = now(sealing.rekey_start(Holders { shares: 4, threshold: 3 }, true)).unwrap();
    assert_eq!((begun.required, begun.verifying), (2, false));
    let nonce = begun.nonce.to_string();
    let second = now(sealing.rekey_start(Holders { shares: 1, threshold: 1 }, true));
    assert!(matches!(second, Err(SealingError::Rekey(_))));
    let offer = |share: &Share| Offer::Shares(vec![share.clone()]);
    assert!(now(sealing.rekey_submit("another nonce", offer(&made.shares[0]))).is_err());
    assert!(now(sealing.rekey_verify(&nonce, offer(&made.shares[0]))).is_err(), "nothing was made yet");
    let (progress, key) = now(sealing.rekey_submit(&nonce, offer(&made.shares[0]))).unwrap();
    assert!(key.is_none() && progress.progress == 1);
    let (progress, key) = now(sealing.rekey_submit(&nonce, offer(&made.shares[2]))).unwrap();
    let NewKey { key, shares } = key.unwrap();
    assert_eq!((progress.verifying, progress.required, shares.len()), (true, 3, 4));

    // Until it was verified the old key counts.
    assert!(Envelope::load(bench.dir.path()).unwrap().unwrap().open(&made.key).is_ok());
    let wrong = now(sealing.rekey_verify(&nonce, Offer::Key(made.key.clone())));
    assert!(matches!(wrong, Err(SealingError::Input { .. })));
    for share in &shares[1..3] {
        assert!(!now(sealing.rekey_verify(&nonce, offer(share))).unwrap().complete);
    }
    assert!(now(sealing.rekey_verify(&nonce, offer(&shares[0]))).unwrap().complete);
    assert!(sealing.rekey().is_none());
    bench.put(2);
    bench.restart();
    assert!(bench.give_key(&made.key).is_err(), "the old key is worth nothing");
    bench.give_key(&key).unwrap();
    assert_eq!(bench.rows(), 2);
}

#[test]
fn a_rekey_can_be_cancelled_by_who_knows_its_nonce() {
    let bench = Bench::new();
    let made = bench.init(1, 1);
    bench.give_key(&made.key).unwrap();
    let begun = now(bench.sealing.rekey_start(Holders { shares: 1, threshold: 1 }, false)).unwrap();
    assert!(now(bench.sealing.rekey_cancel("another nonce")).is_err());
    now(bench.sealing.rekey_cancel(&begun.nonce.to_string())).unwrap();
    assert!(now(bench.sealing.rekey_cancel(&begun.nonce.to_string())).is_err());
    assert!(bench.sealing.rekey().is_none());
}

#[test]
fn sealing_drops_the_keys() {
    let bench = Bench::new();
    let made = bench.init(1, 1);
    bench.give_key(&made.key).unwrap();
    let keys = bench.store.lock().unwrap().as_ref().unwrap().barrier().watch();
    assert!(!keys.are_gone());
    now(bench.sealing.seal());
    assert!(keys.are_gone() && bench.sealing.status().sealed);
    bench.give_key(&made.key).unwrap();
    assert_eq!(bench.rows(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_quorum_opens_what_was_sealed_and_one_fewer_does_not(
        (shares, threshold, order) in (2_u8..=6)
            .prop_flat_map(|shares| (Just(shares), 2..=shares))
            .prop_flat_map(|(shares, threshold)| {
                let all: Vec<usize> = (0..usize::from(shares)).collect();
                (Just(shares), Just(threshold), Just(all).prop_shuffle())
            }),
        rotations in 0_u32..3,
    ) {
        let mut bench = Bench::new();
        let made = bench.init(shares, threshold);
        bench.give_key(&made.key).unwrap();
        for number in 0..rotations {
            now(bench.sealing.rotate_data_key()).unwrap();
            bench.put(u64::from(number) + 2);
        }
        bench.restart();
        let (few, last) = order.split_at(usize::from(threshold) - 1);
        for at in few {
            bench.give(&[&made.shares[*at]]).unwrap();
            prop_assert!(bench.sealing.status().sealed);
        }
        bench.give(&[&made.shares[last[0]]]).unwrap();
        prop_assert!(!bench.sealing.status().sealed);
        prop_assert_eq!(bench.rows(), 1 + rotations as usize);
    }
}
