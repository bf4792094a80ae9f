//! The law of hidden data: what somebody is told about data of which the policies hide a part is what would be told if that
//! part were not there, whatever is asked.
//!
//! Two tenants have the same policies. One has the data, the other what is left of it when everything hidden was taken out
//! by a definition as plain as it can be. Every question must have the same answer in both.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Map, Value, json};

use super::*;
use crate::yang::product::{product_library, product_modules};
use crate::yang::resolve::load::Wanted;
use crate::yang::schema::compile;

const MODEL: &str = "
module shop {
  yang-version 1.1;
  namespace urn:shop;
  prefix s;
  container shop {
    leaf title { type string; }
    list item {
      key name;
      leaf name { type string; }
      leaf price { type uint8; }
      leaf note { type string; default plain; }
      container deep {
        leaf mark { type string; }
      }
      leaf-list tag { type string; ordered-by user; }
      list part {
        key name;
        leaf name { type string; }
        leaf size { type uint8; }
      }
    }
  }
}";

/// Names of the model, without those of the keys.
const NAMES: [&str; 9] = ["shop", "title", "item", "price", "note", "deep", "tag", "part", "mark"];
const KEYS: [&str; 3] = ["a", "b", "c"];

/// What is asked for below `/v1/config/`.
const TARGETS: [&str; 7] = [
    "shop",
    "shop/item",
    "shop/item/a",
    "shop/item/a/part",
    "shop/item/a/deep",
    "shop/item/b/part/c",
    "shop/item/b/tag",
];

/// What is asked of the data that is shown.
const FILTERS: [&str; 11] = [
    "price > 3",
    "note = 'plain'",
    "deep/mark = 'x'",
    "count(part) > 1",
    "part/size > 2",
    "tag = 'x'",
    "not(price)",
    "string-length(note) > 2",
    "contains(string(.), 'x')",
    "count(*) > 3",
    "count(.//*) > 4",
];

/// What is asked of data around it.
const FILTERS_BEYOND: [&str; 6] = [
    "size >= 3 or ../price = 2",
    "../title = 'x'",
    "/shop/item[name = 'a']/price > 2",
    "count(/shop/item) > 1",
    "count(//*) > 8",
    "/shop/item/part[size > 3] and count(/shop/item/deep/mark) = 1",
];

#[derive(Clone, Debug)]
struct Rule {
    path: Vec<&'static str>,
    allow: bool,
    hides: Vec<&'static str>,
}

type Policy = Vec<Rule>;

/// What a policy says: how specific that is, allowed or not, and what each deciding rule hides.
type Word = Option<(usize, bool, Vec<Vec<&'static str>>)>;

/// What a policy has said last on the way down, and how specific the rule is that hides something above.
#[derive(Clone, Debug)]
struct Said {
    word: Word,
    shut: Option<usize>,
}

fn matches(pattern: &[&str], path: &[String]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ["**", rest @ ..] => (0..=path.len()).any(|skipped| matches(rest, &path[skipped..])),
        [first, rest @ ..] => path
            .split_first()
            .is_some_and(|(found, further)| (*first == "*" || first == found) && matches(rest, further)),
    }
}

fn word(policy: &[Rule], path: &[String]) -> Word {
    let speaking = policy.iter().filter(|rule| matches(&rule.path, path));
    let weighed: Vec<(usize, bool, &Rule)> = speaking
        .map(|rule| (rule.path.iter().filter(|segment| !segment.starts_with('*')).count(), rule.allow, rule))
        .collect();
    let best = weighed.iter().map(|(literals, allow, _)| (*literals, *allow)).max()?;
    let deciding = weighed.iter().filter(|(literals, allow, _)| (*literals, *allow) == best);
    Some((best.0, best.1, deciding.map(|(_, _, rule)| rule.hides.clone()).collect()))
}

/// How specific the rule is that hides something on the way to a path: a rule that decides above it or, where the path above
/// cannot be read as such, any that would allow that.
fn shut(policy: &[Rule], path: &[String]) -> Option<usize> {
    let hides_at = |at: usize| {
        let (above, next) = (&path[..at], path[at].as_str());
        let hides =
            |hidden: &[Vec<&str>]| NAMES.contains(&next) && hidden.iter().all(|names| names.contains(&next));
        match word(policy, above)? {
            (literals, true, hidden) => hides(&hidden).then_some(literals),
            (_, false, _) => {
                let alone = policy.iter().filter_map(|rule| word(std::slice::from_ref(rule), above));
                alone
                    .filter(|(_, allow, hidden)| *allow && hides(hidden))
                    .map(|(literals, ..)| literals)
                    .max()
            }
        }
    };
    (0..path.len()).filter_map(hides_at).max()
}

/// What each policy says of a path that somebody asks for.
fn begin(policies: &[Policy], path: &[String]) -> Vec<Said> {
    let said = |policy: &Policy| Said { word: None, shut: shut(policy, path) }.after(policy, path);
    policies.iter().map(said).collect()
}

impl Said {
    /// After what the policy says of a path there or one segment further down.
    fn after(&self, policy: &[Rule], path: &[String]) -> Said {
        let said = self.word.as_ref().map_or(0, |(literals, ..)| *literals);
        let new =
            word(policy, path).filter(|(literals, ..)| *literals >= said).map(|(literals, allow, hides)| {
                (literals, allow && self.shut.is_none_or(|shut| literals > shut), hides)
            });
        Said { word: new.or_else(|| self.word.clone()), shut: self.shut }
    }
}

/// What is shown of a value at a path. Nothing that is empty is shown: it would tell that there is something in it.
fn view(policies: &[Policy], said: &[Said], path: &[String], value: &Value) -> Option<Value> {
    let words = || said.iter().filter_map(|said| said.word.as_ref());
    let allowing = || words().filter(|(_, allow, _)| *allow).flat_map(|(_, _, hides)| hides);
    let readable = allowing().next().is_some();
    let hidden = |name: &str| readable && allowing().all(|hides| hides.contains(&name));
    let below = |segment: &str, value: &Value| {
        let path: Vec<String> = path.iter().cloned().chain([segment.to_owned()]).collect();
        let said: Vec<Said> =
            policies.iter().zip(said).map(|(policy, said)| said.after(policy, &path)).collect();
        view(policies, &said, &path, value)
    };
    match value {
        Value::Object(members) => {
            let mut shown = Map::new();
            let mut only_keys = true;
            for (name, value) in members {
                if name == "name" {
                    shown.insert(name.clone(), value.clone());
                } else if !hidden(name)
                    && let Some(kept) = below(name, value)
                {
                    only_keys = false;
                    shown.insert(name.clone(), kept);
                }
            }
            let is_entry = members.contains_key("name");
            (!only_keys || readable && is_entry).then_some(Value::Object(shown))
        }
        Value::Array(values) if values.iter().all(Value::is_object) => {
            let entries = values.iter().filter_map(|entry| below(entry["name"].as_str()?, entry));
            let shown: Vec<Value> = entries.collect();
            (!shown.is_empty()).then_some(Value::Array(shown))
        }
        value => readable.then(|| value.clone()),
    }
}

/// What is at a path of the data, and the data with nothing else in it than `left` there.
fn at(data: &Value, path: &[String], left: &dyn Fn(&Value) -> Option<Value>) -> Option<Value> {
    let Some((segment, further)) = path.split_first() else { return left(data) };
    match data {
        Value::Object(members) => {
            let inner = at(members.get(segment)?, further, left);
            let mut kept = Map::new();
            kept.extend(members.get("name").map(|name| ("name".to_owned(), name.clone())));
            kept.extend(inner.map(|inner| (segment.clone(), inner)));
            Some(Value::Object(kept))
        }
        Value::Array(entries) => {
            let entry = entries.iter().find(|entry| entry["name"] == **segment)?;
            let inner = at(entry, further, left);
            // An entry above what is asked for is there, or not, for everybody who may ask.
            let entry =
                if further.is_empty() { inner? } else { inner.unwrap_or_else(|| json!({"name": segment})) };
            Some(json!([entry]))
        }
        _ => None,
    }
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let names = prop::sample::select(NAMES.to_vec());
    let keys = prop::sample::select(KEYS.to_vec());
    let segment = prop_oneof![3 => names.clone(), 1 => keys.clone(), 1 => Just("*"), 1 => Just("**")];
    let free = prop::collection::vec(segment, 0..4);
    let part = prop_oneof![Just("*"), Just("**"), Just("a"), Just("b")];
    let below = prop::sample::select(vec!["price", "part", "deep", "note", "*", "**"]);
    let real = (prop::option::of(part), prop::option::of(below), prop::option::of(keys)).prop_map(
        |(entry, below, key)| {
            let inner = entry.into_iter().chain(entry.and(below)).chain(entry.and(below).and(key));
            ["shop", "item"].into_iter().chain(inner).collect()
        },
    );
    let whole = prop_oneof![Just(vec!["**"]), Just(vec!["shop", "**"]), Just(vec!["shop"])];
    let path = prop_oneof![3 => real, 2 => whole, 1 => free];
    let hides = prop::collection::vec(names, 0..3);
    (path, prop::bool::weighted(0.85), hides).prop_map(|(path, allow, hides)| Rule { path, allow, hides })
}

/// Of several rules with one path the first.
fn any_policy() -> impl Strategy<Value = Policy> {
    prop::collection::vec(any_rule(), 1..5).prop_map(|rules| {
        let mut policy: Policy = Vec::new();
        for rule in rules {
            if policy.iter().all(|known| known.path != rule.path) {
                policy.push(rule);
            }
        }
        policy
    })
}

fn any_data() -> impl Strategy<Value = Value> {
    let text = || prop::option::of(prop::sample::select(vec!["x", "y", "plain"]));
    let number = || prop::option::of(0_u8..6);
    let parts = prop::collection::btree_map(prop::sample::select(KEYS.to_vec()), number(), 0..3);
    let item = (
        number(),
        text(),
        text(),
        prop::collection::btree_set(prop::sample::select(vec!["x", "y"]), 0..3),
        parts,
    );
    let items = prop::collection::btree_map(prop::sample::select(KEYS.to_vec()), item, 1..4);
    (text(), items).prop_map(|(title, items)| {
        let items: Vec<Value> = items
            .into_iter()
            .map(|(name, (price, note, mark, tags, parts))| {
                let parts = parts.into_iter().map(|(name, size)| json!({"name": name, "size": size}));
                let parts: Vec<Value> = parts.collect();
                json!({"name": name, "price": price, "note": note, "deep": {"mark": mark}, "tag": tags, "part": parts})
            })
            .collect();
        without_nothing(json!({"shop": {"title": title, "item": items}}))
    })
}

/// Without members that are null or empty.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().map(|(name, value)| (name, without_nothing(value)));
            Value::Object(
                kept.filter(|(_, value)| *value != json!(null) && *value != json!({}) && *value != json!([]))
                    .collect(),
            )
        }
        Value::Array(values) => values.into_iter().map(without_nothing).collect(),
        value => value,
    }
}

/// Two tenants, each with a caller that carries the policies `p0` and `p1`, and one that may do everything.
struct Desks {
    v1: V1,
    _dir: tempfile::TempDir,
    callers: std::collections::HashMap<(&'static str, &'static str), String>,
}

impl Desks {
    async fn new() -> Self {
        let mut library = product_library();
        library.add_text("shop.yang", MODEL);
        let wanted: Vec<Wanted> = product_modules().into_iter().chain([Wanted::latest("shop")]).collect();
        let schema = Arc::new(compile(&mut library, &wanted).0.unwrap());
        let dir = tempfile::tempdir().unwrap();
        let (store, recovered) = SqliteStore::open(dir.path(), Barrier::random().unwrap()).unwrap();
        let clock = Clock::manual(Timestamp::from_seconds(1_700_000_000));
        let mut registry = Registry::new();
        registry.tenants("/tenants");
        let settings = EngineSettings::default();
        let engine = Engine::start(Arc::clone(&schema), registry, store, recovered, clock, settings).unwrap();
        let access = Access::new(&schema).unwrap();
        let gate = Gate::new(engine, Arc::clone(&access), None, Ident::from("whole"));
        let mut callers = std::collections::HashMap::new();
        for (tenant, who) in
            [("system", "root"), ("whole", "root"), ("left", "root"), ("whole", "some"), ("left", "some")]
        {
            let bearer = Bearer::generate().unwrap();
            let policies = if who == "root" { json!(["root"]) } else { json!(["p0", "p1"]) };
            let facts: TokenFacts = serde_json::from_value(json!({
                "accessor": format!("{tenant}{who}"), "method": "root", "policies": policies,
                "creation-time": "2023-11-14T22:13:20.000000Z", "token-hash": bearer.hash(),
            }))
            .unwrap();
            access.tokens.put([(&Ident::from(tenant), &facts)]);
            callers.insert((tenant, who), bearer.text.expose_text().unwrap().to_owned());
        }
        let desks = Desks { v1: V1::new(gate), _dir: dir, callers };
        for tenant in ["whole", "left"] {
            let line = format!("PUT /v1/config/tenants/{tenant}");
            assert_eq!(desks.tell(("system", "root"), &line, "{}").await.0, 201);
        }
        desks
    }

    async fn tell(&self, caller: (&'static str, &'static str), line: &str, body: &str) -> (u16, String) {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::for_tests(method, target);
        let token = self.callers.get(&caller).unwrap();
        request.headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        request.headers.insert("content-type", "application/json".parse().unwrap());
        let reply = self.v1.answer(&request, Payload::ready(body.to_owned())).await;
        (reply.status.as_u16(), String::from_utf8_lossy(&reply.body).into_owned())
    }

    /// Gives a tenant these policies and this data.
    async fn furnish(&self, tenant: &'static str, policies: &[Policy], data: &Value) {
        let of_policy = |(index, policy): (usize, &Policy)| {
            let rules: Vec<Value> = policy
                .iter()
                .map(|rule| {
                    let word = if rule.allow { "allow" } else { "reject" };
                    let hides: std::collections::BTreeSet<_> = rule.hides.iter().collect();
                    json!({"path": format!("/{}", rule.path.join("/")), "operations": {"read": word}, "hide-fields": hides})
                })
                .collect();
            json!({"operation": "replace", "path": format!("policy/policies/p{index}"), "value": {"rest-api": {"rules": rules}}})
        };
        let mut edits: Vec<Value> = policies.iter().enumerate().map(of_policy).collect();
        let shop = data.get("shop").cloned().unwrap_or_else(|| json!({}));
        edits.push(json!({"operation": "replace", "path": "shop", "value": shop}));
        let told = self.tell((tenant, "root"), "POST /v1/config", &Value::Array(edits).to_string()).await;
        assert_eq!(told.0, 204, "{} for {policies:?} {data}", told.1);
    }
}

/// The questions that a target can be asked, and whether they are about what is shown only.
fn questions(target: &str) -> Vec<(String, bool)> {
    let is_list = target.ends_with("item") || target.ends_with("part");
    let fields = if target.contains("part") {
        "size"
    } else if is_list {
        "price,deep"
    } else {
        ""
    };
    let mut asked = vec![String::new(), "?depth=2".to_owned()];
    if target != "shop" {
        let filters = FILTERS
            .iter()
            .map(|filter| (filter, true))
            .chain(FILTERS_BEYOND.iter().map(|filter| (filter, false)));
        let encoded = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let more: &[&str] = if is_list { &["", "&count", "&keys"] } else { &[""] };
        let with_filters = filters.flat_map(|(filter, own)| {
            more.iter().map(move |more| (format!("?where={}{more}", encoded(filter)), own))
        });
        let mut all: Vec<(String, bool)> = with_filters.collect();
        if is_list {
            asked.extend(["?count", "?keys", "?limit=1", "?offset=1"].map(str::to_owned));
            asked.push(format!("?fields={fields}"));
            let sorts: &[&str] =
                if target.contains("part") { &["size", "-size"] } else { &["price", "-note", "deep/mark"] };
            asked.extend(sorts.iter().map(|sort| format!("?sort={sort}&limit=2")));
        }
        all.extend(asked.into_iter().map(|text| (text, true)));
        return all;
    }
    asked.into_iter().map(|text| (text, true)).collect()
}

#[tokio::test]
async fn whatever_is_asked_what_is_hidden_might_as_well_not_be_there() {
    let desks = Desks::new().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let policies = prop::collection::vec(any_policy(), 2);
    let case = (policies, any_data(), prop::sample::select(TARGETS.to_vec()));
    let mut shown = 0;
    for _ in 0..60 {
        let (policies, data, target) = case.new_tree(&mut runner).unwrap().current();
        let path: Vec<String> = target.split('/').map(str::to_owned).collect();
        let said = begin(&policies, &path);
        let seen = std::cell::RefCell::new(None);
        let left = at(&data, &path, &|value| {
            let view = view(&policies, &said, &path, value);
            seen.borrow_mut().clone_from(&view);
            view
        });
        let left = without_nothing(left.unwrap_or_else(|| json!({})));
        // Who may read everything is told of other data too.
        let sees_all = view(&policies, &begin(&policies, &[]), &[], &data).is_some_and(|seen| seen == data);
        desks.furnish("whole", &policies, &data).await;
        desks.furnish("left", &policies, &left).await;
        let case = format!("{target} of {data} with {policies:?}");
        if let Some(seen) = seen.into_inner() {
            let told = desks.tell(("whole", "some"), &format!("GET /v1/config/{target}"), "").await;
            assert_eq!((told.0, serde_json::from_str(&told.1).ok()), (200, Some(seen)), "{case}");
            shown += 1;
        }
        for (question, own) in questions(target).into_iter().filter(|(_, own)| *own || !sees_all) {
            let line = format!("GET /v1/config/{target}{question}");
            let whole = desks.tell(("whole", "some"), &line, "").await;
            assert_eq!(whole, desks.tell(("left", "some"), &line, "").await, "{line}: {case}");
            if own && whole.0 == 200 {
                assert_eq!(whole, desks.tell(("left", "root"), &line, "").await, "as root, {line}: {case}");
            }
        }
    }
    assert!(shown > 15, "{shown} of 60 showed something");
}
