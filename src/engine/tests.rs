//! The pipeline as a whole, on a small model and a store in a temporary directory.

mod candidate;
mod history;
mod notifications;
mod replay;
mod upgrade;

use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Params;
use tempfile::TempDir;

use super::*;
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::base::secret::Secret;
use crate::data::diff::ChangeKind;
use crate::data::edit::{Edit, EditOperation};
use crate::data::testing::{path, schema};
use crate::data::tree::{Container, Data};
use crate::data::violation::Violation;
use crate::store::Barrier;
use crate::store::seal::Keyring;
use crate::yang::schema::{NodeId, Value};

const MODEL: &str = "
list tenants key=name
  leaf name string
container top
  leaf motto string
  leaf pin string secret
  container inner
    leaf depth int32
  list item key=name
    leaf name string
    leaf size int32
    leaf password string hashed
    leaf made string stored state
    leaf shown string computed state
    list part key=id
      leaf id int32
      leaf note string
    list step key=name user
      leaf name string
  container extra presence
    list record key=id
      leaf id int32
  container facts computed state
    leaf count int32
notification happened
  leaf number uint64
rpc ping
  input
    leaf text string
  output
    leaf text string
";

struct Bench {
    dir: TempDir,
    schema: Arc<Schema>,
    clock: Clock,
}

impl Bench {
    fn new() -> Self {
        Bench {
            dir: tempfile::tempdir().unwrap(),
            schema: Arc::new(schema(MODEL)),
            clock: Clock::manual(Timestamp::from_seconds(1_000)),
        }
    }

    fn settings() -> EngineSettings {
        let passwords = Passwords::with_parameters(Params::new(16, 1, 1, None).unwrap());
        EngineSettings { passwords, ..EngineSettings::default() }
    }

    fn store(&self) -> (SqliteStore, Recovered) {
        let key = || Secret::new([9_u8; 32]);
        let keyring = Keyring::new(key(), key(), Timestamp::default());
        SqliteStore::open(self.dir.path(), Barrier::new(keyring).unwrap()).unwrap()
    }

    fn start(&self) -> Engine {
        self.start_with(Registry::new(), Bench::settings())
    }

    fn start_with(&self, mut registry: Registry, settings: EngineSettings) -> Engine {
        let (store, recovered) = self.store();
        registry.tenants("/tenants");
        Engine::start(Arc::clone(&self.schema), registry, store, recovered, self.clock.clone(), settings)
            .unwrap()
    }

    fn path(&self, text: &str) -> InstancePath {
        path(&self.schema, text)
    }

    fn set(&self, at: &str, value: Value) -> Edit {
        Edit::new(self.path(at), EditOperation::Merge, Data::Leaf(value))
    }

    fn text(&self, at: &str, text: &str) -> Edit {
        self.set(at, Value::string(text))
    }

    /// Creates an entry, with nothing but its key.
    fn create(&self, at: &str) -> Edit {
        let path = self.path(at);
        Edit::new(
            path.clone(),
            EditOperation::Create,
            Data::Container(Arc::new(Container::new(path.target()))),
        )
    }

    fn delete(&self, at: &str) -> Edit {
        Edit::without_value(self.path(at), EditOperation::Delete)
    }
}

fn request(tenant: &str, edits: Vec<Edit>) -> CommitRequest {
    CommitRequest {
        actor: "tester".to_owned(),
        request_id: "r".to_owned(),
        by: Author::Client,
        changes: vec![TenantEdits { tenant: tenant.into(), edits, preconditions: Vec::new() }],
        validate_only: false,
        approve: None,
        options: CommitOptions::default(),
    }
}

async fn commit(engine: &Engine, edits: Vec<Edit>) -> Committed {
    engine.commit(request(SYSTEM_TENANT, edits)).await.unwrap()
}

fn leaf(engine: &Engine, bench: &Bench, at: &str) -> Option<Value> {
    engine.snapshot().tenant(SYSTEM_TENANT)?.tree.leaf(&bench.path(at)).cloned()
}

#[tokio::test]
async fn a_commit_is_visible_and_there_after_a_restart() {
    let bench = Bench::new();
    let engine = bench.start();
    let first = commit(&engine, vec![bench.text("/top/motto", "on"), bench.create("/top/item/a")]).await;
    assert_eq!((first.revision, first.changed), (Revision(1), true));
    let edits = vec![
        bench.set("/top/item/a/size", Value::Int(3)),
        bench.create("/top/item/a/part/7"),
        bench.text("/top/item/a/part/7/note", "seven"),
        bench.create("/top/item/a/step/z"),
        bench.create("/top/item/a/step/b"),
        bench.text("/top/pin", "1234"),
    ];
    assert_eq!(commit(&engine, edits).await.revision, Revision(2));
    let before = engine.snapshot();
    engine.shutdown().await;

    let engine = bench.start();
    let after = engine.snapshot();
    assert_eq!((after.revision, after.time), (before.revision, before.time));
    assert_eq!(after.tenant("system").unwrap().tree, before.tenant("system").unwrap().tree);
    for at in ["/", "/top", "/top/item", "/top/item/a", "/top/item/a/part/7"] {
        let path = bench.path(at);
        let tag = engine.config_etag(&after, "system", &path).unwrap();
        assert_eq!(Some(tag), engine.config_etag(&before, "system", &path), "{at}");
        assert_eq!(after.modified("system", &path), before.modified("system", &path), "{at}");
    }
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.text("/top/motto", "on")]).await;
    let again = commit(&engine, vec![bench.text("/top/motto", "on")]).await;
    assert_eq!((again.revision, again.changed), (Revision(1), false));
    assert_eq!(engine.read_log(Revision(0), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn validation_only_tells_the_changes_and_makes_none() {
    let bench = Bench::new();
    let engine = bench.start();
    let mut request = request(SYSTEM_TENANT, vec![bench.text("/top/motto", "on")]);
    request.validate_only = true;
    let told = engine.commit(request.clone()).await.unwrap();
    assert!(told.changed && told.changes.len() == 1);
    assert_eq!(engine.snapshot().revision, Revision(0));
    request.changes[0].edits = vec![bench.delete("/top/item/none")];
    assert!(matches!(engine.commit(request).await, Err(CommitError::Invalid(_))));
}

#[tokio::test]
async fn a_transaction_that_fails_fails_alone_and_whole() {
    let bench = Bench::new();
    let engine = bench.start();
    let edits = vec![bench.text("/top/motto", "on"), bench.delete("/top/item/none")];
    let (failed, made) = tokio::join!(
        engine.commit(request(SYSTEM_TENANT, edits)),
        engine.commit(request(SYSTEM_TENANT, vec![bench.create("/top/item/a")]))
    );
    assert!(matches!(failed, Err(CommitError::Invalid(faults)) if faults[0].tag == ErrorTag::DataMissing));
    assert!(made.unwrap().changed);
    assert_eq!(leaf(&engine, &bench, "/top/motto"), None);
}

#[tokio::test]
async fn of_two_with_the_same_etag_exactly_one_wins() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.text("/top/motto", "zero")]).await;
    let path = bench.path("/top");
    let tag = engine.config_etag(&engine.snapshot(), SYSTEM_TENANT, &path).unwrap();
    assert_eq!(tag.len(), 22);
    let with = |text: &str| {
        let mut request = request(SYSTEM_TENANT, vec![bench.text("/top/motto", text)]);
        let etags = vec![tag.clone()];
        request.changes[0].preconditions = vec![Precondition::IfMatch { path: path.clone(), etags }];
        engine.commit(request)
    };
    let (one, two) = tokio::join!(with("one"), with("two"));
    assert!(one.is_ok() != two.is_ok());
    let lost = one.err().or(two.err()).unwrap();
    assert!(matches!(lost, CommitError::Precondition(_)), "{lost}");
}

#[tokio::test]
async fn rfc9110_13_1_preconditions() {
    let bench = Bench::new();
    let engine = bench.start();
    bench.clock.advance(10);
    commit(&engine, vec![bench.create("/top/item/a")]).await;
    let holds = |precondition: Precondition| {
        let mut request = request(SYSTEM_TENANT, vec![bench.text("/top/motto", "x")]);
        request.validate_only = true;
        request.changes[0].preconditions = vec![precondition];
        let engine = engine.clone();
        async move { engine.commit(request).await.is_ok() }
    };
    let there = bench.path("/top/item/a");
    let absent = bench.path("/top/item/b");
    let tag = engine.config_etag(&engine.snapshot(), SYSTEM_TENANT, &there).unwrap();
    let time = |seconds| Timestamp::from_seconds(seconds);
    assert!(holds(Precondition::IfMatchAny { path: there.clone() }).await);
    assert!(!holds(Precondition::IfMatchAny { path: absent.clone() }).await);
    assert!(!holds(Precondition::IfMatch { path: absent.clone(), etags: vec![tag.clone()] }).await);
    assert!(!holds(Precondition::IfNoneMatchAny { path: there.clone() }).await);
    assert!(holds(Precondition::IfNoneMatchAny { path: absent.clone() }).await);
    assert!(!holds(Precondition::IfNoneMatch { path: there.clone(), etags: vec![tag] }).await);
    assert!(holds(Precondition::IfNoneMatch { path: there.clone(), etags: vec!["other".to_owned()] }).await);
    assert!(holds(Precondition::UnmodifiedSince { path: there.clone(), time: time(1_010) }).await);
    assert!(!holds(Precondition::UnmodifiedSince { path: there, time: time(1_009) }).await);
}

#[tokio::test]
async fn clients_cannot_write_state_and_services_can() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.create("/top/item/a")]).await;
    let tag = |engine: &Engine| {
        engine.config_etag(&engine.snapshot(), SYSTEM_TENANT, &bench.path("/top/item/a")).unwrap()
    };
    let before = tag(&engine);
    let mut request = request(SYSTEM_TENANT, vec![bench.text("/top/item/a/made", "here")]);
    let refused = engine.commit(request.clone()).await;
    assert!(matches!(refused, Err(CommitError::Invalid(faults)) if faults[0].message.contains("state")));
    request.by = Author::Service;
    assert!(engine.commit(request).await.unwrap().changed);
    assert_eq!(leaf(&engine, &bench, "/top/item/a/made"), Some(Value::string("here")));
    assert_eq!(tag(&engine), before, "state has no part in the tag of configuration");
}

#[tokio::test]
async fn passwords_are_kept_as_hashes_and_the_same_one_is_no_change() {
    let bench = Bench::new();
    let engine = bench.start();
    commit(&engine, vec![bench.create("/top/item/a")]).await;
    let set = |text: &str| vec![bench.text("/top/item/a/password", text)];
    commit(&engine, set("correct horse")).await;
    let stored = leaf(&engine, &bench, "/top/item/a/password").unwrap().to_string();
    assert!(stored.starts_with("$argon2id$"), "{stored}");
    assert!(!commit(&engine, set("correct horse")).await.changed);
    assert!(commit(&engine, set("battery staple")).await.changed);
    let given = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert!(commit(&engine, set(given)).await.changed);
    assert_eq!(leaf(&engine, &bench, "/top/item/a/password").unwrap().to_string(), given);
}

#[tokio::test]
async fn a_password_inside_of_an_entry_is_hashed_too() {
    let bench = Bench::new();
    let engine = bench.start();
    let item = bench.schema.find("/top/item").unwrap();
    let password = bench.schema.find("/top/item/password").unwrap();
    let mut list = crate::data::tree::List::new(&bench.schema, item);
    for name in ["a", "b"] {
        let key = bench.schema.find("/top/item/name").unwrap();
        let children =
            vec![(key, Data::Leaf(Value::string(name))), (password, Data::Leaf(Value::string(name)))];
        list.insert(Arc::new(Container::with_children(item, children)));
    }
    let top = bench.schema.find("/top").unwrap();
    let body = Container::with_children(top, vec![(item, Data::List(Arc::new(list)))]);
    let edit = Edit::new(bench.path("/top"), EditOperation::Merge, Data::Container(Arc::new(body)));
    commit(&engine, vec![edit]).await;
    for name in ["a", "b"] {
        let stored = leaf(&engine, &bench, &format!("/top/item/{name}/password")).unwrap().to_string();
        let verified = engine.passwords().verify(Some(&stored), Secret::new(name.as_bytes())).await;
        assert_eq!(verified, Ok(true), "{stored}");
    }
}

#[tokio::test]
async fn times_of_ancestors_are_never_older_deletions_included() {
    let bench = Bench::new();
    let engine = bench.start();
    let at =
        |engine: &Engine, text: &str| engine.snapshot().modified(SYSTEM_TENANT, &bench.path(text)).seconds();
    commit(&engine, vec![bench.create("/top/item/a"), bench.create("/top/item/a/part/1")]).await;
    bench.clock.advance(10);
    commit(&engine, vec![bench.create("/top/item/b")]).await;
    assert_eq!(
        [at(&engine, "/top/item/a"), at(&engine, "/top/item/b"), at(&engine, "/top")],
        [1000, 1010, 1010]
    );
    bench.clock.advance(10);
    commit(&engine, vec![bench.delete("/top/item/a/part/1")]).await;
    assert_eq!(
        [at(&engine, "/top/item/a"), at(&engine, "/top/item/b"), at(&engine, "/")],
        [1020, 1010, 1020]
    );
    engine.shutdown().await;
    let engine = bench.start();
    assert_eq!(
        [at(&engine, "/top/item/a"), at(&engine, "/top/item/b"), at(&engine, "/")],
        [1020, 1010, 1020]
    );
}

#[tokio::test]
async fn tenants_come_and_go_with_their_entries() {
    let bench = Bench::new();
    let engine = bench.start();
    let mut both = request(SYSTEM_TENANT, vec![bench.create("/tenants/acme")]);
    let edits = vec![bench.create("/top/item/a"), bench.create("/top/item/a/part/1")];
    both.changes.push(TenantEdits { tenant: "acme".into(), edits, preconditions: Vec::new() });
    assert_eq!(engine.commit(both).await.unwrap().revision, Revision(1));
    assert!(engine.snapshot().entry("acme", &bench.path("/top/item/a/part/1")).is_some());
    assert!(engine.snapshot().entry(SYSTEM_TENANT, &bench.path("/top/item/a")).is_none());
    engine.shutdown().await;

    let engine = bench.start();
    assert!(engine.snapshot().entry("acme", &bench.path("/top/item/a")).is_some());
    commit(&engine, vec![bench.delete("/tenants/acme")]).await;
    let refused = engine.commit(request("acme", vec![bench.text("/top/motto", "x")])).await;
    assert!(matches!(refused, Err(CommitError::NoTenant(name)) if name == "acme"));
    engine.shutdown().await;

    let engine = bench.start();
    let names: Vec<String> = engine.snapshot().tenants().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, [SYSTEM_TENANT]);
}

#[tokio::test]
async fn subscribers_see_every_commit_in_order_and_are_told_when_they_lag() {
    let bench = Bench::new();
    let engine = bench.start_with(Registry::new(), EngineSettings { watch_queue: 2, ..Bench::settings() });
    let mut watch = engine.watch();
    commit(&engine, vec![bench.create("/top/item/a")]).await;
    let seen = watch.next().await.unwrap();
    assert_eq!((seen.revision, seen.transactions[0].actor.as_str()), (Revision(1), "tester"));
    assert_eq!(seen.transactions[0].changes[0].changes[0].kind, ChangeKind::Created);
    assert!(seen.before.entry(SYSTEM_TENANT, &bench.path("/top/item/a")).is_none());
    for size in 0..4 {
        commit(&engine, vec![bench.set("/top/item/a/size", Value::Int(size))]).await;
    }
    let lagged = watch.next().await.err().unwrap();
    assert_eq!(lagged, WatchEnd::Lagged { after: Revision(1), missed: 2 });
    let missed = engine.read_log(watch.last(), 2).await.unwrap();
    assert_eq!(missed.iter().map(|(revision, _)| revision.0).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(watch.next().await.unwrap().revision, Revision(4));
}

#[tokio::test]
async fn an_observer_has_seen_a_commit_before_it_is_acknowledged() {
    struct Count(AtomicUsize);
    impl Observer for Count {
        fn committed(&self, commit: &Commit) {
            self.0.fetch_add(commit.transactions.len(), Ordering::SeqCst);
        }
    }
    let bench = Bench::new();
    let engine = bench.start();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    engine.observe(Arc::clone(&count) as Arc<dyn Observer>);
    for number in 1..=3 {
        commit(&engine, vec![bench.set("/top/inner/depth", Value::Int(number))]).await;
        assert_eq!(count.0.load(Ordering::SeqCst), number as usize);
    }
}

#[tokio::test]
async fn preparations_run_once_and_their_edits_are_part_of_the_transaction() {
    struct Make(AtomicUsize);
    impl Prepare for Make {
        fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
            if context.before.is_some() {
                return Ok(Vec::new());
            }
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            let made = context.path.child(context.schema.find("/top/item/made").unwrap());
            let value = Data::Leaf(Value::string(format!("made {number}")));
            Ok(vec![Edit::new(made, EditOperation::Replace, value)])
        }
    }
    let bench = Bench::new();
    let mut registry = Registry::new();
    let make = Arc::new(Make(AtomicUsize::new(0)));
    registry.prepare("/top/item", Arc::clone(&make) as Arc<dyn Prepare>);
    let engine = bench.start_with(registry, Bench::settings());
    commit(&engine, vec![bench.create("/top/item/a"), bench.create("/top/item/b")]).await;
    assert_eq!(make.0.load(Ordering::SeqCst), 2);
    assert_eq!(leaf(&engine, &bench, "/top/item/b/made"), Some(Value::string("made 1")));
    commit(&engine, vec![bench.set("/top/item/a/size", Value::Int(1))]).await;
    assert_eq!(make.0.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn guards_see_both_sides_and_all_their_faults_are_listed() {
    let bench = Bench::new();
    let mut registry = Registry::new();
    registry.guard("/top/item", |context| {
        let gone = context.entry_before.is_some() && context.entry_after.is_none();
        if !gone {
            return Vec::new();
        }
        vec![Violation::new(ErrorTag::InUse, context.path.clone(), "it is needed")]
    });
    let engine = bench.start_with(registry, Bench::settings());
    commit(&engine, vec![bench.create("/top/item/a"), bench.create("/top/item/b")]).await;
    let edits = vec![bench.delete("/top/item/a"), bench.delete("/top/item/b")];
    match engine.commit(request(SYSTEM_TENANT, edits)).await {
        Err(CommitError::Invalid(faults)) => assert_eq!(faults.len(), 2),
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn a_panic_in_a_hook_fails_its_own_transaction_only() {
    let bench = Bench::new();
    let mut registry = Registry::new();
    registry.guard("/top/item", |context| {
        assert_ne!(context.path.keys(), [Value::string("bad")], "a fault of the program");
        Vec::new()
    });
    let engine = bench.start_with(registry, Bench::settings());
    let refused = engine.commit(request(SYSTEM_TENANT, vec![bench.create("/top/item/bad")])).await;
    assert!(
        matches!(refused, Err(CommitError::Invalid(faults)) if faults[0].tag == ErrorTag::OperationFailed)
    );
    assert_eq!(commit(&engine, vec![bench.create("/top/item/good")]).await.revision, Revision(1));
    assert!(engine.snapshot().entry(SYSTEM_TENANT, &bench.path("/top/item/bad")).is_none());
}

#[tokio::test]
async fn registrations_must_fit_the_model() {
    let bench = Bench::new();
    let bind = |fill: &dyn Fn(&mut Registry)| {
        let mut registry = Registry::new();
        fill(&mut registry);
        registry.bind(&bench.schema).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(bind(&|registry| registry.tenants("/top")).contains("'/top'"));
    assert!(bind(&|registry| registry.guard("/nothing", |_| Vec::new())).contains("a guard"));
    assert_eq!(bind(&|registry| registry.guard("/top", |_| Vec::new())), "");
}

struct Shown;

impl StateProvider for Shown {
    fn read(&self, context: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        let schema = context.engine.schema();
        if context.node == schema.find("/top/item/shown").unwrap() {
            let [name] = context.path.keys() else { return Ok(None) };
            return Ok(Some(Data::Leaf(Value::string(format!("this is {name}")))));
        }
        let items = context.entry.list(schema.find("/top/item").unwrap()).map_or(0, |list| list.len());
        let count = schema.find("/top/facts/count").unwrap();
        let children = vec![(count, Data::Leaf(Value::Int(items as i64)))];
        Ok(Some(Data::Container(Arc::new(Container::with_children(context.node, children)))))
    }
}

#[tokio::test]
async fn computed_state_is_put_in_as_it_is_read() {
    let bench = Bench::new();
    let mut registry = Registry::new();
    registry.state("/top/item/shown", Arc::new(Shown));
    registry.state("/top/facts", Arc::new(Shown));
    let engine = bench.start_with(registry, Bench::settings());
    commit(&engine, vec![bench.create("/top/item/a"), bench.create("/top/item/b")]).await;
    let reader = engine.state(&SYSTEM_TENANT.into(), None).unwrap();
    let node = |text: &str| -> NodeId { bench.schema.find(text).unwrap() };
    let get = |text: &str| reader.get(&bench.path(text)).unwrap();
    match get("/top") {
        Some(State::Container(top)) => {
            let facts = top.container(node("/top/facts")).unwrap();
            assert_eq!(facts.leaf(node("/top/facts/count")), Some(&Value::Int(2)));
            let item = top.list(node("/top/item")).unwrap().get(&[Value::string("b")]).unwrap();
            assert_eq!(item.leaf(node("/top/item/shown")), Some(&Value::string("this is b")));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(get("/top/facts/count"), Some(State::Other(Data::Leaf(Value::Int(2))))));
    assert!(
        matches!(get("/top/item/a/shown"), Some(State::Other(Data::Leaf(text))) if text == Value::string("this is a"))
    );
    assert!(matches!(get("/top/item"), Some(State::List(list)) if list.len() == 2));
    assert!(get("/top/item/c").is_none() && get("/top/item/c/shown").is_none());
    assert!(matches!(get("/top/item/a"), Some(State::Container(item)) if item.children().len() == 2));
}

#[tokio::test]
async fn actions_take_and_give_structs() {
    #[derive(serde::Deserialize, serde::Serialize)]
    struct Text {
        text: Option<String>,
    }
    let bench = Bench::new();
    let mut registry = Registry::new();
    registry.action("/ping", |context: ActionContext, input: Text| async move {
        let text = input.text.ok_or(ActionError::Denied("say something".to_owned()))?;
        Ok(Text { text: Some(format!("{} says {text}", context.tenant)) })
    });
    let engine = bench.start_with(registry, Bench::settings());
    let call = |text: Option<&str>| {
        let node = bench.schema.find("/ping/input/text").unwrap();
        let input = bench.schema.node(node).parent;
        let children = text.map(|text| (node, Data::Leaf(Value::string(text)))).into_iter().collect();
        engine.invoke(ActionCall {
            tenant: SYSTEM_TENANT.into(),
            path: bench.path("/ping"),
            input: Some(Arc::new(Container::with_children(input, children))),
            caller: None,
            client: Arc::default(),
            validate_only: false,
            made: Made::default(),
        })
    };
    let output = call(Some("hello")).await.unwrap().unwrap();
    assert!(output.value::<String>().is_none() && output.value::<Text>().is_some());
    let output = output.container().unwrap().unwrap();
    let text = bench.schema.find("/ping/output/text").unwrap();
    assert_eq!(output.leaf(text), Some(&Value::string("system says hello")));
    assert!(matches!(call(None).await, Err(ActionError::Denied(_))));
}

#[tokio::test]
async fn after_the_shutdown_nothing_is_taken_and_nothing_is_lost() {
    let bench = Bench::new();
    let engine = bench.start();
    let mut writes = Vec::new();
    for number in 0..50 {
        let engine = engine.clone();
        let edit = bench.create(&format!("/top/item/n{number}"));
        writes.push(tokio::spawn(
            async move { engine.commit(request(SYSTEM_TENANT, vec![edit])).await.is_ok() },
        ));
    }
    tokio::task::yield_now().await;
    engine.shutdown().await;
    let refused = engine.commit(request(SYSTEM_TENANT, vec![bench.text("/top/motto", "x")])).await;
    assert!(matches!(refused, Err(CommitError::Stopped)));
    let mut acknowledged = Vec::new();
    for (number, write) in writes.into_iter().enumerate() {
        if write.await.unwrap() {
            acknowledged.push(number);
        }
    }
    let engine = bench.start();
    for number in acknowledged {
        let at = format!("/top/item/n{number}");
        assert!(engine.snapshot().entry(SYSTEM_TENANT, &bench.path(&at)).is_some(), "{at}");
    }
}

#[tokio::test]
async fn the_log_keeps_as_many_revisions_as_it_is_told() {
    let bench = Bench::new();
    let engine = bench.start_with(Registry::new(), EngineSettings { log_retention: 5, ..Bench::settings() });
    for number in 0..20 {
        commit(&engine, vec![bench.set("/top/inner/depth", Value::Int(number))]).await;
    }
    let refused = engine.read_log(Revision(1), 1).await.unwrap_err();
    assert!(matches!(refused, StoreError::Purged { .. }), "{refused}");
    assert_eq!(engine.read_log(Revision(15), 100).await.unwrap().len(), 5);
}
