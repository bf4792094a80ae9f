//! Notifications: durable with their revision, each heard once and in order by whoever reads from anywhere on.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::engine::notification::{EventLog, NotAnEventId};

fn happened(bench: &Bench, tenant: &str, number: u64) -> Notification {
    let mut path = InstancePath::root();
    path.push(bench.schema.find("/happened").unwrap(), Vec::new());
    let mut content = Container::new(path.target());
    let leaf = bench.schema.find("/happened/number").unwrap();
    content.set(leaf, Data::Leaf(Value::Uint(number)));
    Notification { tenant: tenant.into(), path, content: Arc::new(content) }
}

/// Tells of every change of `motto`, with the number that it is.
struct Motto(Arc<Schema>);

impl Announce for Motto {
    fn announce(&self, context: &AnnounceContext<'_>) -> Option<Notification> {
        let motto = self.0.find("/top/motto")?;
        let change = context.changes.changes.iter().find(|change| change.path.target() == motto)?;
        let Some(Data::Leaf(value)) = &change.after else { panic!("announcers may panic") };
        let mut path = InstancePath::root();
        path.push(self.0.find("/happened")?, Vec::new());
        let mut content = Container::new(path.target());
        content.set(self.0.find("/happened/number")?, Data::Leaf(Value::Uint(value.as_str()?.parse().ok()?)));
        Some(Notification { tenant: context.changes.tenant.clone(), path, content: Arc::new(content) })
    }
}

fn announcing(bench: &Bench, settings: EngineSettings) -> Engine {
    let mut registry = Registry::new();
    registry.announce(Arc::new(Motto(Arc::clone(&bench.schema))));
    bench.start_with(registry, settings)
}

fn number(bench: &Bench, event: &Event) -> u64 {
    let leaf = bench.schema.find("/happened/number").unwrap();
    match event.content.leaf(leaf) {
        Some(Value::Uint(number)) => *number,
        other => panic!("{other:?}"),
    }
}

/// Everything that can be heard now.
async fn heard(reader: &mut EventReader) -> Vec<Arc<Event>> {
    let mut events = Vec::new();
    while let Ok(Ok(heard)) = tokio::time::timeout(Duration::from_millis(20), reader.next()).await {
        match heard {
            Heard::Event(event) => events.push(event),
            Heard::CaughtUp => {}
        }
    }
    events
}

async fn reader(engine: &Engine, start: Start) -> EventReader {
    engine.events(SYSTEM_TENANT.into(), start).await.unwrap()
}

#[tokio::test]
async fn rfc5277_2_1_what_is_told_of_a_commit_is_heard_live_and_again_after_a_restart() {
    let bench = Bench::new();
    let engine = announcing(&bench, Bench::settings());
    let mut live = reader(&engine, Start::Now).await;
    commit(&engine, vec![bench.text("/top/motto", "1")]).await;
    commit(&engine, vec![bench.create("/top/item/a")]).await;
    engine
        .notify(vec![
            happened(&bench, "system", 2),
            happened(&bench, "acme", 3),
            happened(&bench, "system", 4),
        ])
        .await
        .unwrap();
    let first = heard(&mut live).await;
    let told = |events: &[Arc<Event>]| -> Vec<(String, u64)> {
        events.iter().map(|event| (event.id.to_string(), number(&bench, event))).collect()
    };
    assert_eq!(told(&first), [("1-0".into(), 1), ("3-0".into(), 2), ("3-1".into(), 4)]);
    assert!(first.windows(2).all(|pair| pair[0].time < pair[1].time), "{first:?}");
    engine.shutdown().await;

    let engine = announcing(&bench, Bench::settings());
    for event in &first {
        let mut again = reader(&engine, Start::From(event.time)).await;
        let from = heard(&mut again).await;
        assert_eq!(told(&from), told(&first)[first.iter().position(|one| one.id == event.id).unwrap()..]);
        let mut behind = reader(&engine, Start::After(event.id)).await;
        assert_eq!(told(&heard(&mut behind).await), told(&from)[1..]);
    }
    let mut begun = reader(&engine, Start::From(Timestamp(0))).await;
    for _ in 0..3 {
        assert!(matches!(begun.next().await.unwrap(), Heard::Event(_)));
    }
    assert!(matches!(begun.next().await.unwrap(), Heard::CaughtUp));
}

#[tokio::test]
async fn an_announcer_that_panics_costs_its_own_words_only() {
    let bench = Bench::new();
    let engine = announcing(&bench, Bench::settings());
    let mut live = reader(&engine, Start::Now).await;
    commit(&engine, vec![bench.text("/top/motto", "1")]).await;
    let cleared = commit(&engine, vec![bench.delete("/top/motto")]).await;
    assert!(cleared.changed);
    assert_eq!(heard(&mut live).await.len(), 1);
}

#[tokio::test]
async fn rfc8040_3_8_a_log_that_aged_begins_where_it_says() {
    let bench = Bench::new();
    let settings = EngineSettings { log_retention: 5, ..Bench::settings() };
    let engine = announcing(&bench, settings);
    assert_eq!(engine.event_log(), EventLog { begins: Timestamp(0), aged: None });
    for size in 1..20 {
        bench.clock.advance(1);
        commit(&engine, vec![bench.text("/top/motto", &size.to_string())]).await;
    }
    let log = engine.event_log();
    let aged = log.aged.unwrap();
    assert!(aged < log.begins);
    let mut old = reader(&engine, Start::From(Timestamp(0))).await;
    let events = heard(&mut old).await;
    assert_eq!(events[0].time, log.begins);
    assert_eq!(number(&bench, events.last().unwrap()), 19);
    let mut gone = reader(&engine, Start::After("2-0".parse().unwrap())).await;
    assert_eq!(heard(&mut gone).await.len(), events.len(), "what is gone is gone, the rest comes");
}

#[test]
fn ids_are_read_as_they_are_written() {
    let id = EventId { revision: Revision(17), number: 3 };
    assert_eq!(id.to_string().parse(), Ok(id));
    for wrong in ["", "17", "17-", "-3", "17-3-1", "x-1", "17-99999999999"] {
        assert_eq!(wrong.parse::<EventId>(), Err(NotAnEventId), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// A reader that leaves at any point and comes back with the id or the time of what it saw last gets each event once.
    #[test]
    fn a_reader_that_comes_and_goes_gets_every_event_once(
        steps in prop::collection::vec((0_u8..6, 1_u8..4), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            let settings = || EngineSettings { watch_queue: 2, ..Bench::settings() };
            let mut engine = announcing(&bench, settings());
            let mut current = Some(reader(&engine, Start::From(Timestamp(0))).await);
            let mut seen: Vec<Arc<Event>> = Vec::new();
            let mut raised = 0;
            for (kind, count) in steps {
                match kind {
                    0 => {
                        raised += 1;
                        commit(&engine, vec![bench.text("/top/motto", &raised.to_string())]).await;
                    }
                    1 => {
                        let numbers = raised + 1..=raised + u64::from(count);
                        raised += u64::from(count);
                        engine.notify(numbers.map(|number| happened(&bench, "system", number)).collect()).await.unwrap();
                    }
                    2 => {
                        let item = format!("/top/item/i{raised}");
                        let _ = engine.commit(request(SYSTEM_TENANT, vec![bench.create(&item)])).await;
                    }
                    3 => {
                        let Some(reader) = &mut current else { continue };
                        let wanted = (seen.len() + usize::from(count)).min(usize::try_from(raised).unwrap());
                        while seen.len() < wanted {
                            if let Heard::Event(event) = reader.next().await.unwrap() {
                                seen.push(event);
                            }
                        }
                    }
                    4 => {
                        drop(current.take());
                        if count == 3 {
                            engine.shutdown().await;
                            engine = announcing(&bench, settings());
                        }
                    }
                    _ => {}
                }
                if current.is_none() && kind != 4 {
                    let start = match seen.last() {
                        None => Start::From(Timestamp(0)),
                        Some(last) if count == 1 => Start::After(last.id),
                        Some(last) => Start::From(Timestamp(last.time.0 + 1)),
                    };
                    current = Some(reader(&engine, start).await);
                }
            }
            let start = seen.last().map_or(Start::From(Timestamp(0)), |last| Start::After(last.id));
            let mut rest = reader(&engine, start).await;
            seen.extend(heard(&mut rest).await);
            let numbers: Vec<u64> = seen.iter().map(|event| number(&bench, event)).collect();
            assert_eq!(numbers, (1..=raised).collect::<Vec<_>>());
            engine.shutdown().await;
        });
    }
}
