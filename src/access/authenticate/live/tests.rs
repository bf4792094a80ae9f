//! Tokens from their making to their end, also under many threads.

use std::net::Ipv4Addr;

use super::super::bearer::Bearer;
use super::*;

const HOME: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A token that lives from 0 to 100 s, and its text.
fn token(accessor: &str) -> (TokenFacts, String) {
    let bearer = Bearer::generate().unwrap();
    let facts = TokenFacts {
        accessor: Ident::from(accessor),
        entity: None,
        user: Some(Ident::from("alice")),
        display_name: None,
        method: Ident::from("userpass"),
        policies: vec![Ident::from("ops")],
        creation_time: at(0),
        expires: Some(at(100)),
        max_expires: None,
        ttl: None,
        explicit_max_ttl: None,
        period: None,
        renewable: true,
        refresh_time: None,
        num_uses: None,
        bound_cidrs: Vec::new(),
        parent: None,
        source: None,
        path_suffix: None,
        mount: None,
        metadata: Vec::new(),
        token_hash: Some(bearer.hash()),
    };
    (facts, bearer.text.expose_text().unwrap().to_owned())
}

fn put(live: &LiveTokens, facts: &TokenFacts) {
    live.put([(&Ident::from("acme"), facts)]);
}

fn refused(live: &LiveTokens, text: &str, now: i64) -> AuthError {
    live.authenticate(Some(text), HOME, at(now)).unwrap_err()
}

#[test]
fn a_token_leads_to_its_caller_until_it_ends() {
    let live = LiveTokens::default();
    let (facts, text) = token("k1");
    put(&live, &facts);
    let found = live.authenticate(Some(&text), HOME, at(99)).unwrap();
    assert_eq!((found.caller.tenant.as_str(), found.caller.user.as_deref()), ("acme", Some("alice")));
    assert_eq!(refused(&live, &text, 100), AuthError::Invalid(Invalid::Expired));
    assert_eq!(refused(&live, &text[..34], 0), AuthError::Invalid(Invalid::Unknown));
    assert_eq!(refused(&live, "", 0), AuthError::Missing);
    assert_eq!(live.authenticate(None, HOME, at(0)).unwrap_err(), AuthError::Missing);
    assert_eq!(live.ended(at(100), 10), [(Ident::from("acme"), Ident::from("k1"))]);
    live.remove(["k1"]);
    assert_eq!(refused(&live, &text, 0), AuthError::Invalid(Invalid::Unknown));
    assert!(live.is_empty());
}

#[test]
fn children_die_with_their_parent_and_follow_its_refresh() {
    let live = LiveTokens::default();
    let (mut parent, _) = token("parent");
    let (mut child, _) = token("child");
    let (mut grandchild, text) = token("grandchild");
    child.parent = Some(Ident::from("parent"));
    grandchild.parent = Some(Ident::from("child"));
    for facts in [&mut child, &mut grandchild] {
        facts.expires = Some(at(1_000));
    }
    let acme = Ident::from("acme");
    live.put([(&acme, &grandchild), (&acme, &child), (&acme, &parent)]);
    assert!(live.authenticate(Some(&text), HOME, at(99)).is_ok(), "the order of loading makes no difference");
    assert_eq!(refused(&live, &text, 100), AuthError::Invalid(Invalid::Expired));
    parent.expires = Some(at(200));
    put(&live, &parent);
    assert!(live.authenticate(Some(&text), HOME, at(199)).is_ok());
    assert_eq!(live.depth("grandchild"), 3);
    let mut family = live.family("parent");
    family.sort();
    assert_eq!(family, [Ident::from("child"), Ident::from("grandchild"), Ident::from("parent")]);
    assert_eq!(live.family("child").len(), 2);
    live.remove(["child"]);
    assert_eq!(refused(&live, &text, 0), AuthError::Invalid(Invalid::Revoked));
}

#[test]
fn a_child_without_its_parent_is_dead() {
    let live = LiveTokens::default();
    let (mut child, text) = token("child");
    child.parent = Some(Ident::from("swept"));
    put(&live, &child);
    assert_eq!(refused(&live, &text, 0), AuthError::Invalid(Invalid::Revoked));
}

#[test]
fn a_bound_token_is_accepted_from_its_networks_only() {
    let live = LiveTokens::default();
    let (mut facts, text) = token("k1");
    facts.bound_cidrs = ["192.0.2.0/24", "2001:db8::1", "nonsense"].map(Ident::from).to_vec();
    put(&live, &facts);
    let from = |address: &str| live.authenticate(Some(&text), Some(address.parse().unwrap()), at(0)).is_ok();
    assert!(from("192.0.2.255") && from("::ffff:192.0.2.1") && from("2001:db8::1"));
    assert!(!from("192.0.3.1") && !from("2001:db8::2"));
    assert_eq!(
        live.authenticate(Some(&text), None, at(0)).unwrap_err(),
        AuthError::Invalid(Invalid::Address)
    );
}

#[test]
fn uses_are_counted_exactly_under_64_threads() {
    let live = LiveTokens::default();
    let (mut facts, text) = token("k1");
    facts.num_uses = Some(1_000);
    put(&live, &facts);
    let used: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    (0..100).filter(|_| live.authenticate(Some(&text), HOME, at(0)).is_ok()).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(used, 1_000);
    assert_eq!(refused(&live, &text, 0), AuthError::Invalid(Invalid::UsedUp));
    put(&live, &facts);
    assert_eq!(
        refused(&live, &text, 0),
        AuthError::Invalid(Invalid::UsedUp),
        "an older number gives none back"
    );
}

#[test]
fn what_tells_an_error_to_a_client_does_not_tell_the_reason() {
    let texts = [Invalid::Unknown, Invalid::Expired, Invalid::Revoked, Invalid::UsedUp, Invalid::Address]
        .map(|reason| AuthError::Invalid(reason).to_string());
    assert!(texts.iter().all(|text| *text == texts[0]));
}
