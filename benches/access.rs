//! What it costs to let a request in: look up its token among a million, check it, and ask the policies, beside the least
//! that such a thing can cost in the same run: one look-up in a plain hash map and one SHA-256 of the token's text.
//!
//! `cargo bench --bench access`; `TOKENS` sets the number of live tokens.

// A measurement that cannot be made ends the run; there is nobody to recover for.
#![allow(clippy::expect_used)]

use std::collections::HashMap;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use strongbox::access::authenticate::{Bearer, LiveTokens, TokenFacts};
use strongbox::access::authorize::{NameIndex, Policy, PolicyBook, PolicyOperation};
use strongbox::base::clock::Timestamp;
use strongbox::base::ident::Ident;
use strongbox::data::path::InstancePath;
use strongbox::yang::compile_product;

/// How many look-ups a figure is made from.
const ROUNDS: usize = 2_000_000;

/// Every so many tokens one is asked for, so that neighbours in memory do not help.
const STRIDE: usize = 7_919;

fn main() {
    let count: usize = std::env::vars()
        .find(|(name, _)| name == "TOKENS")
        .and_then(|(_, text)| text.parse().ok())
        .unwrap_or(1_000_000);
    let now = Timestamp::from_seconds(1_700_000_000);
    let tenant = Ident::from("acme");
    let (live, plain, texts) = tokens(count, &tenant, now);
    let schema = compile_product().expect("the model compiles");
    let policy: Policy = serde_json::from_str(
        r#"{"name": "ops", "rest-api": {"rules": [
            {"path": "strongbox/jwt-issuers/*/roles/**", "operations": {"read": "allow"}},
            {"path": "strongbox/jwt-issuers/*/roles/*/mint", "operations": {"update": "allow"}},
            {"path": "strongbox/jwt-issuers/secret/**", "operations": {"all": "reject"}}]}}"#,
    )
    .expect("a policy");
    let book = PolicyBook::new([&policy], &NameIndex::new(&schema));
    let path = InstancePath::parse_v1(&schema, "strongbox/jwt-issuers/payments-api/roles/reader/mint")
        .expect("a path");
    let address = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let text = |round: usize| texts.get(round * STRIDE % count).map_or("", String::as_str);

    println!("{count} live tokens; nanoseconds for one decision, on one thread\n");
    let ceiling = measure("ceiling: one SHA-256 and one look-up in a HashMap", |round| {
        let hash = digest(&SHA256, text(round).as_bytes());
        plain.contains_key(hash.as_ref())
    });
    let found = measure("look up and check the token", |round| {
        live.authenticate(Some(text(round)), address, now).is_ok()
    });
    let whole = measure("look up and check the token, ask its policies", |round| {
        let Ok(used) = live.authenticate(Some(text(round)), address, now) else { return false };
        book.authority(&used.caller.policies).may(PolicyOperation::Execute, &path).allowed
    });
    println!(
        "\nlook up and check: {:.2} of the ceiling; with policies: {:.2}",
        found / ceiling,
        whole / ceiling
    );
}

/// Nanoseconds a round.
fn measure(what: &str, mut round: impl FnMut(usize) -> bool) -> f64 {
    let start = Instant::now();
    for number in 0..ROUNDS {
        assert!(black_box(round(black_box(number))), "{what}");
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let nanoseconds = start.elapsed().as_nanos() as f64 / ROUNDS as f64;
    println!("{nanoseconds:8.0}  {what}");
    nanoseconds
}

/// The tokens in the product's form, by hash in a plain map, and their texts.
fn tokens(
    count: usize,
    tenant: &Ident,
    now: Timestamp,
) -> (LiveTokens, HashMap<Vec<u8>, usize>, Vec<String>) {
    let live = LiveTokens::default();
    let mut plain = HashMap::with_capacity(count);
    let mut texts = Vec::with_capacity(count);
    let mut facts: Vec<TokenFacts> = Vec::with_capacity(count);
    for number in 0..count {
        let bearer = Bearer::generate().expect("random numbers");
        let text = bearer.text.expose_text().expect("a text").to_owned();
        plain.insert(digest(&SHA256, text.as_bytes()).as_ref().to_vec(), number);
        texts.push(text);
        facts.push(TokenFacts {
            accessor: Ident::from(bearer.accessor.as_str()),
            entity: None,
            user: Some(Ident::from("alice")),
            display_name: None,
            method: Ident::from("userpass"),
            policies: vec![Ident::from("ops"), Ident::from("default")],
            creation_time: now,
            expires: Some(now.plus_seconds(3_600)),
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
        });
    }
    live.put(facts.iter().map(|facts| (tenant, facts)));
    (live, plain, texts)
}
