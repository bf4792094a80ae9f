//! What every [`CommitLog`] must do, as one suite for all implementations, with unclear answers injected.

use std::collections::VecDeque;

use uuid::Uuid;

use super::log::{
    AppendError, Bounds, CommitLog, EditRecord, Effect, NotificationRecord, Record, Revision, RowValue,
    StoreError, TransactionRecord, append_settled, last_before,
};
use crate::base::clock::Timestamp;

/// Runs the whole suite; `fresh` makes an empty log each time.
pub(crate) fn run(fresh: &mut dyn FnMut() -> Box<dyn CommitLog>) {
    an_empty_log_has_no_records(&mut *fresh());
    appends_take_the_next_slot_only(&mut *fresh());
    records_come_back_in_order_and_whole(&mut *fresh());
    purging_forgets_the_oldest_and_nothing_else(&mut *fresh());
    a_time_leads_to_the_last_record_before_it(&mut *fresh());
    an_unclear_answer_is_settled_by_the_slot(fresh);
}

/// A record that puts one row.
pub(crate) fn record(number: u128) -> Record {
    Record {
        id: Uuid::from_u128(number),
        time: Timestamp(1_000_000 * number as i64),
        transactions: vec![TransactionRecord {
            tenant: "acme".into(),
            request_id: format!("request-{number}"),
            actor: "alice".into(),
            comment: None,
            edits: vec![EditRecord {
                path: format!("/m:list[name='{number}']"),
                value: Some(RowValue::new(format!("{{\"name\":\"{number}\"}}"))),
            }],
            notifications: vec![NotificationRecord {
                at: "/".into(),
                name: "m:happened".into(),
                content: RowValue::new(format!("{{\"number\":{number}}}")),
            }],
        }],
    }
}

/// The effects that say the same as the record's edits.
pub(crate) fn effects(record: &Record) -> Vec<Effect<'_>> {
    let mut effects = Vec::new();
    for transaction in &record.transactions {
        for edit in &transaction.edits {
            effects.push(Effect {
                tenant: &transaction.tenant,
                path: &edit.path,
                value: edit.value.as_ref().map(RowValue::expose),
            });
        }
    }
    effects
}

fn append(log: &mut dyn CommitLog, after: u64, number: u128) -> Result<Revision, AppendError> {
    let record = record(number);
    log.append(Revision(after), &record, &effects(&record))
}

fn ids(log: &dyn CommitLog, after: u64, limit: usize) -> Vec<(u64, u128)> {
    let records = log.read_from(Revision(after), limit).unwrap();
    records.into_iter().map(|(revision, record)| (revision.0, record.id.as_u128())).collect()
}

fn an_empty_log_has_no_records(log: &mut dyn CommitLog) {
    let bounds = log.bounds();
    assert_eq!((bounds.first, bounds.last), (Revision(1), Revision(0)));
    assert!(!bounds.log_id.is_nil());
    assert_eq!(ids(log, 0, 10), []);
}

fn appends_take_the_next_slot_only(log: &mut dyn CommitLog) {
    assert_eq!(append(log, 0, 1).unwrap(), Revision(1));
    assert_eq!(append(log, 1, 2).unwrap(), Revision(2));
    for wrong in [0, 1, 3] {
        match append(log, wrong, 3) {
            Err(AppendError::Conflict { last }) => assert_eq!(last, Revision(2)),
            other => panic!("behind {wrong}: {other:?}"),
        }
    }
    assert_eq!(ids(log, 0, 10), [(1, 1), (2, 2)]);
}

fn json(record: &Record) -> String {
    let mut json = Vec::new();
    record.append_json(&mut json).unwrap();
    String::from_utf8(json).unwrap()
}

fn records_come_back_in_order_and_whole(log: &mut dyn CommitLog) {
    for number in 0..5_u128 {
        append(log, number as u64, number + 1).unwrap();
    }
    assert_eq!(ids(log, 1, 2), [(2, 2), (3, 3)]);
    assert_eq!(ids(log, 5, 2), []);
    let (_, found) = log.read_from(Revision(2), 1).unwrap().pop().unwrap();
    assert_eq!(json(&found), json(&record(3)));
}

fn purging_forgets_the_oldest_and_nothing_else(log: &mut dyn CommitLog) {
    for number in 0..4_u128 {
        append(log, number as u64, number + 1).unwrap();
    }
    let log_id = log.bounds().log_id;
    let expected = Bounds { log_id, first: Revision(3), last: Revision(4) };
    assert_eq!(log.purge(Revision(2)).unwrap(), expected);
    assert_eq!(log.purge(Revision(1)).unwrap(), expected, "purging less again changes nothing");
    assert_eq!(ids(log, 2, 10), [(3, 3), (4, 4)]);
    match log.read_from(Revision(1), 10) {
        Err(StoreError::Purged { wanted, first }) => assert_eq!((wanted.0, first.0), (2, 3)),
        other => panic!("{other:?}"),
    }
    assert_eq!(log.purge(Revision(99)).unwrap().first, Revision(5), "never beyond the end");
    assert_eq!(append(log, 4, 5).unwrap(), Revision(5));
    assert_eq!(ids(log, 4, 10), [(5, 5)]);
}

fn a_time_leads_to_the_last_record_before_it(log: &mut dyn CommitLog) {
    assert_eq!(last_before(log, Timestamp(5)).unwrap(), Revision(0));
    for number in 0..9_u128 {
        append(log, number as u64, number + 1).unwrap();
    }
    let second = |number: u64| Timestamp(1_000_000 * number as i64);
    let before = |time: Timestamp| last_before(log, time).unwrap().0;
    assert_eq!([before(Timestamp(0)), before(second(1)), before(second(1_000))], [0, 0, 9]);
    for number in 1..9 {
        assert_eq!([before(second(number)), before(Timestamp(second(number).0 + 1))], [number - 1, number]);
    }
    log.purge(Revision(4)).unwrap();
    assert!(matches!(log.time_of(Revision(4)), Err(StoreError::Purged { .. })));
    assert_eq!(log.time_of(Revision(5)).unwrap(), second(5));
    assert_eq!(last_before(log, second(2)).unwrap(), Revision(4), "what is gone is before everything");
    assert_eq!(last_before(log, second(7)).unwrap(), Revision(6));
}

/// What happens to an append whose answer is lost.
#[derive(Clone, Copy)]
enum Fault {
    /// The record did not arrive.
    Lost,
    /// It did, and was made durable.
    Landed,
    /// It did not, and another writer took the slot.
    Overtaken,
}

struct Unclear<'l> {
    log: &'l mut dyn CommitLog,
    faults: VecDeque<Fault>,
}

impl CommitLog for Unclear<'_> {
    fn append(
        &mut self,
        after: Revision,
        record: &Record,
        effects: &[Effect<'_>],
    ) -> Result<Revision, AppendError> {
        match self.faults.pop_front() {
            None => return self.log.append(after, record, effects),
            Some(Fault::Lost) => {}
            Some(Fault::Landed) => {
                self.log.append(after, record, effects)?;
            }
            Some(Fault::Overtaken) => {
                append(self.log, after.0, 999)?;
            }
        }
        Err(AppendError::Unknown { id: record.id, reason: "no answer".to_owned() })
    }

    fn bounds(&self) -> Bounds {
        self.log.bounds()
    }

    fn read_from(&self, after: Revision, limit: usize) -> Result<Vec<(Revision, Record)>, StoreError> {
        self.log.read_from(after, limit)
    }

    fn time_of(&self, revision: Revision) -> Result<Timestamp, StoreError> {
        self.log.time_of(revision)
    }

    fn purge(&mut self, up_to: Revision) -> Result<Bounds, StoreError> {
        self.log.purge(up_to)
    }
}

fn an_unclear_answer_is_settled_by_the_slot(fresh: &mut dyn FnMut() -> Box<dyn CommitLog>) {
    use Fault::{Landed, Lost, Overtaken};
    for (faults, found) in [
        (&[Lost][..], 1),
        (&[Landed], 1),
        (&[Lost, Lost, Landed], 1),
        (&[Overtaken], 999),
        (&[Lost, Overtaken], 999),
    ] {
        let mut log = fresh();
        let mut unclear = Unclear { log: &mut *log, faults: faults.iter().copied().collect() };
        let mine = record(1);
        match append_settled(&mut unclear, Revision(0), &mine, &effects(&mine)) {
            Ok(revision) => assert_eq!((revision, found), (Revision(1), 1)),
            Err(AppendError::Conflict { last }) => assert_eq!((last, found), (Revision(1), 999)),
            Err(other) => panic!("{other}"),
        }
        assert_eq!(ids(&*log, 0, 10), [(1, found)], "exactly one record, once");
    }
    let mut log = fresh();
    let mut silent = Unclear { log: &mut *log, faults: VecDeque::from([Lost; 9]) };
    let mine = record(1);
    let answer = append_settled(&mut silent, Revision(0), &mine, &effects(&mine));
    assert!(matches!(answer, Err(AppendError::Unknown { id, .. }) if id == mine.id), "{answer:?}");
}
