//! Each leaf of a role: what it lets through and what it refuses.

use proptest::prelude::*;

use super::*;
use crate::services::jwt_issuer::claims::ClaimType;
use crate::services::jwt_issuer::model::{AllowedClaim, FixedClaim};

const ALICE: Asker<'_> = Asker {
    variables: Variables { tenant: "acme", username: Some("alice"), site: "stockholm" },
    accessor: Some("acc-1"),
};

const TOKEN: Asker<'_> = Asker {
    variables: Variables { tenant: "acme", username: None, site: "stockholm" },
    accessor: Some("acc-2"),
};

fn duration(text: &str) -> Duration {
    text.parse().unwrap()
}

fn issuer() -> Issuer {
    Issuer {
        name: "payments-api".to_owned(),
        signing_key: "payments".to_owned(),
        issuer: None,
        default_ttl: duration("1h"),
        max_ttl: duration("1d"),
        verbose_logging: false,
    }
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// The reference example of the design.
pub(crate) fn reader() -> Role {
    Role {
        name: "reader".to_owned(),
        allowed_audiences: strings(&["https://api.example.com", "https://api.*.example.com"]),
        default_audiences: strings(&["https://api.example.com"]),
        require_audience: true,
        subject_template: Some("${SYS_TENANT}/${SYS_USERNAME}".to_owned()),
        default_ttl: Some(duration("15m")),
        max_ttl: Some(duration("1h")),
        fixed_claims: vec![
            FixedClaim { name: "tier".to_owned(), value: "gold".to_owned() },
            FixedClaim { name: "realm".to_owned(), value: "${SYS_TENANT}".to_owned() },
        ],
        allowed_claims: vec![
            AllowedClaim {
                name: "scope".to_owned(),
                kind: ClaimType::StringArray,
                allowed_values: strings(&["read:*", "list:*"]),
            },
            AllowedClaim {
                name: "trace_id".to_owned(),
                kind: ClaimType::String,
                allowed_values: strings(&["*"]),
            },
        ],
        required_claims: strings(&["tier"]),
        ..Role::default()
    }
}

/// A role that says nothing.
fn bare() -> Role {
    Role::default()
}

/// The request of the reference example.
pub(crate) fn reference_request() -> MintInput {
    MintInput {
        audiences: strings(&["https://api.example.com"]),
        subject: Some("acme/alice".to_owned()),
        ttl: Some(duration("15m")),
        extra_claims: Some(r#"{"scope":["read:orders","list:invoices"],"trace_id":"7c1a"}"#.to_owned()),
    }
}

fn check(role: &Role, input: &MintInput) -> Result<Granted, Vec<Refusal>> {
    Rules::compile(role, &issuer()).unwrap().check(input, &ALICE)
}

fn audiences(role: &Role, wanted: &[&str]) -> Result<Vec<String>, Vec<String>> {
    let input = MintInput { audiences: strings(wanted), ..MintInput::default() };
    check(role, &input).map(|granted| granted.audiences).map_err(|reasons| messages(&reasons))
}

fn subject(role: &Role, asker: &Asker<'_>, wanted: Option<&str>) -> Result<String, Vec<String>> {
    let input = MintInput { subject: wanted.map(str::to_owned), ..MintInput::default() };
    let checked = Rules::compile(role, &issuer()).unwrap().check(&input, asker);
    checked.map(|granted| granted.subject).map_err(|reasons| messages(&reasons))
}

fn ttl(role: &Role, wanted: Option<&str>) -> Result<String, Vec<String>> {
    let input = MintInput { ttl: wanted.map(duration), ..MintInput::default() };
    check(role, &input).map(|granted| granted.ttl.to_string()).map_err(|reasons| messages(&reasons))
}

fn extra(role: &Role, text: &str) -> Result<Vec<String>, Vec<String>> {
    let input = MintInput { extra_claims: Some(text.to_owned()), ..MintInput::default() };
    check(role, &input)
        .map(|granted| granted.extra.into_iter().map(|claim| claim.name).collect())
        .map_err(|reasons| messages(&reasons))
}

fn messages(reasons: &[Refusal]) -> Vec<String> {
    reasons.iter().map(|reason| reason.message.clone()).collect()
}

#[test]
fn the_reference_example_is_granted() {
    let granted = check(&reader(), &reference_request()).unwrap();
    assert_eq!(granted.subject, "acme/alice");
    assert_eq!(granted.audiences, ["https://api.example.com"]);
    assert_eq!(granted.ttl.seconds(), 900);
    assert_eq!(granted.fixed, [("tier".into(), "gold".into()), ("realm".into(), "acme".into())]);
    assert_eq!(
        granted.extra.iter().map(|claim| claim.name.as_str()).collect::<Vec<_>>(),
        ["scope", "trace_id"]
    );
}

#[test]
fn the_reference_role_needs_nothing_in_the_request() {
    let granted = check(&reader(), &MintInput::default()).unwrap();
    assert_eq!(granted.audiences, ["https://api.example.com"]);
    assert_eq!(granted.ttl.to_string(), "15m");
    assert_eq!(granted.subject, "acme/alice");
}

#[test]
fn every_reason_is_listed_at_once_with_its_leaf() {
    let input = MintInput {
        audiences: strings(&[
            "https://evil.com",
            "https://api.example.com",
            "https://api.evil.com/.example.com",
        ]),
        subject: Some("acme/bob".to_owned()),
        ttl: Some(duration("2d")),
        extra_claims: Some(r#"{"scope":["write:orders"],"iss":"x","tier":"silver","admin":true}"#.to_owned()),
    };
    let reasons = check(&reader(), &input).unwrap_err();
    let leafs: Vec<_> = reasons.iter().map(|reason| reason.leaf.unwrap()).collect();
    assert_eq!(
        leafs,
        [
            "audiences",
            "audiences",
            "subject",
            "ttl",
            "ttl",
            "extra-claims",
            "extra-claims",
            "extra-claims",
            "extra-claims"
        ]
    );
    assert_eq!(
        messages(&reasons),
        [
            "audience 'https://evil.com' is not allowed; allowed-audiences are https://api.example.com, https://api.*.example.com",
            "audience 'https://api.evil.com/.example.com' is not allowed; allowed-audiences are https://api.example.com, https://api.*.example.com",
            "subject 'acme/bob' is not allowed; the role's subject-template gives 'acme/alice'",
            "ttl '2d' is not allowed; the role's max-ttl is 1h",
            "ttl '2d' is not allowed; the issuer's max-ttl is 1d",
            "claim 'scope' has the value [\"write:orders\"], which the role does not allow; allowed-values are read:*, list:*",
            "claim 'iss' with the value \"x\" is not allowed; the issuer sets it",
            "claim 'tier' with the value \"silver\" is not allowed; the role fixes it",
            "claim 'admin' with the value true is not allowed; allowed-claims are scope, trace_id",
        ]
    );
}

#[test]
fn allowed_audiences_admit_what_matches() {
    let role = Role { allowed_audiences: strings(&["a", "b*"]), ..bare() };
    assert_eq!(audiences(&role, &["a", "bc"]).unwrap(), ["a", "bc"]);
    assert_eq!(audiences(&role, &["a", "c"]).unwrap_err().len(), 1);
    assert_eq!(audiences(&role, &["c", "d"]).unwrap_err().len(), 2);
}

#[test]
fn without_allowed_and_default_audiences_a_request_must_name_none() {
    assert_eq!(
        audiences(&bare(), &["a"]).unwrap_err(),
        ["audience 'a' is not allowed; the role allows none"]
    );
    assert!(audiences(&bare(), &[]).unwrap().is_empty());
}

#[test]
fn default_audiences_stand_in_and_are_all_that_is_allowed_without_allowed_audiences() {
    let role = Role { default_audiences: strings(&["a", "b"]), ..bare() };
    assert_eq!(audiences(&role, &[]).unwrap(), ["a", "b"]);
    assert_eq!(audiences(&role, &["b"]).unwrap(), ["b"]);
    assert_eq!(
        audiences(&role, &["c"]).unwrap_err(),
        ["audience 'c' is not allowed; the role allows its default-audiences a, b"]
    );
}

#[test]
fn require_audience_refuses_a_token_without_any() {
    let role = Role { require_audience: true, allowed_audiences: strings(&["*"]), ..bare() };
    assert!(audiences(&role, &["x"]).is_ok());
    assert!(audiences(&role, &[]).unwrap_err()[0].contains("an audience is required"));
    let role = Role { require_audience: false, ..role };
    assert!(audiences(&role, &[]).unwrap().is_empty());
}

#[test]
fn an_audience_named_twice_stands_once() {
    let role = Role { allowed_audiences: strings(&["*"]), ..bare() };
    assert_eq!(audiences(&role, &["b", "a", "b"]).unwrap(), ["b", "a"]);
}

#[test]
fn a_subject_template_decides_and_a_given_subject_must_equal_it() {
    let role =
        Role { subject_template: Some("${SYS_TENANT}/${SYS_USERNAME}@${SYS_SITE}".to_owned()), ..bare() };
    assert_eq!(subject(&role, &ALICE, None).unwrap(), "acme/alice@stockholm");
    assert_eq!(subject(&role, &ALICE, Some("acme/alice@stockholm")).unwrap(), "acme/alice@stockholm");
    for other in ["acme/bob@stockholm", "", "ACME/alice@stockholm", "acme/alice@stockholm "] {
        assert_eq!(subject(&role, &ALICE, Some(other)).unwrap_err().len(), 1, "{other}");
    }
}

#[test]
fn a_user_name_is_needed_only_where_a_template_speaks_of_it() {
    let role = Role { subject_template: Some("${SYS_USERNAME}".to_owned()), ..bare() };
    assert!(subject(&role, &TOKEN, None).unwrap_err()[0].contains("does not belong to a user"));
    assert!(subject(&role, &TOKEN, Some("alice")).is_err());
    let role = Role { subject_template: Some("service@${SYS_TENANT}".to_owned()), ..bare() };
    assert_eq!(subject(&role, &TOKEN, None).unwrap(), "service@acme");
}

#[test]
fn allowed_subject_patterns_require_a_subject_that_matches() {
    let role = Role { allowed_subject_patterns: strings(&["acme/*", "root"]), ..bare() };
    assert_eq!(subject(&role, &ALICE, Some("acme/bob")).unwrap(), "acme/bob");
    assert_eq!(subject(&role, &TOKEN, Some("root")).unwrap(), "root");
    assert!(subject(&role, &ALICE, Some("other/bob")).unwrap_err()[0].contains("acme/*, root"));
    assert!(subject(&role, &ALICE, Some("acme/a/b")).is_err());
    assert!(subject(&role, &ALICE, None).unwrap_err()[0].contains("a subject is required"));
}

#[test]
fn without_template_and_patterns_the_subject_is_the_caller() {
    assert_eq!(subject(&bare(), &ALICE, None).unwrap(), "acme/alice");
    assert_eq!(subject(&bare(), &TOKEN, None).unwrap(), "acme/token:acc-2");
    assert!(subject(&bare(), &ALICE, Some("acme/alice")).is_err());
}

#[test]
fn ttl_is_the_requests_the_roles_or_the_issuers() {
    let role = Role { default_ttl: Some(duration("10m")), ..bare() };
    assert_eq!(ttl(&role, Some("5m")).unwrap(), "5m");
    assert_eq!(ttl(&role, None).unwrap(), "10m");
    assert_eq!(ttl(&bare(), None).unwrap(), "1h");
}

#[test]
fn a_ttl_above_a_cap_is_refused_and_one_at_the_cap_granted() {
    let role = Role { max_ttl: Some(duration("30m")), ..bare() };
    assert_eq!(ttl(&role, Some("30m")).unwrap(), "30m");
    assert_eq!(
        ttl(&role, Some("30m1s")).unwrap_err(),
        ["ttl '30m1s' is not allowed; the role's max-ttl is 30m"]
    );
    assert_eq!(ttl(&bare(), Some("1d")).unwrap(), "1d");
    assert_eq!(
        ttl(&bare(), Some("1d1s")).unwrap_err(),
        ["ttl '1d1s' is not allowed; the issuer's max-ttl is 1d"]
    );
    assert_eq!(ttl(&bare(), Some("0s")).unwrap_err(), ["ttl '0s' is not allowed; it must be at least 1s"]);
    assert_eq!(ttl(&bare(), Some("1s")).unwrap(), "1s");
}

#[test]
fn a_default_gives_way_to_the_cap() {
    let role = Role { max_ttl: Some(duration("30m")), ..bare() };
    assert_eq!(ttl(&role, None).unwrap(), "30m");
}

#[test]
fn fixed_claims_expand_variables() {
    let fixed = |value: &str| Role {
        fixed_claims: vec![FixedClaim { name: "c".to_owned(), value: value.to_owned() }],
        ..bare()
    };
    let granted = check(&fixed("${SYS_USERNAME} at ${SYS_SITE}"), &MintInput::default()).unwrap();
    assert_eq!(granted.fixed, [("c".to_owned(), "alice at stockholm".to_owned())]);
    let rules = Rules::compile(&fixed("${SYS_USERNAME}"), &issuer()).unwrap();
    let reasons = rules.check(&MintInput::default(), &TOKEN).unwrap_err();
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].message.contains("fixed claim 'c'"), "{reasons:?}");
}

#[test]
fn registered_claims_are_never_extra_even_when_a_role_lists_them() {
    let role = Role {
        allowed_claims: REGISTERED
            .iter()
            .map(|name| AllowedClaim {
                name: (*name).to_owned(),
                kind: ClaimType::Any,
                allowed_values: Vec::new(),
            })
            .collect(),
        ..bare()
    };
    for name in REGISTERED {
        let reasons = extra(&role, &format!("{{\"{name}\":\"x\"}}")).unwrap_err();
        assert_eq!(
            reasons,
            [format!("claim '{name}' with the value \"x\" is not allowed; the issuer sets it")]
        );
    }
}

#[test]
fn extra_claims_pass_in_the_callers_order() {
    let role = Role {
        allowed_claims: ["a", "b", "c"]
            .iter()
            .map(|name| AllowedClaim {
                name: (*name).to_owned(),
                kind: ClaimType::Any,
                allowed_values: Vec::new(),
            })
            .collect(),
        ..bare()
    };
    assert_eq!(extra(&role, r#"{"c":1,"a":2}"#).unwrap(), ["c", "a"]);
    assert_eq!(extra(&role, "{}").unwrap(), Vec::<String>::new());
    assert_eq!(extra(&role, "[]").unwrap_err().len(), 1);
    assert_eq!(
        extra(&bare(), r#"{"a":1}"#).unwrap_err(),
        ["claim 'a' with the value 1 is not allowed; the role allows no extra claims"]
    );
}

#[test]
fn thousands_of_refused_claims_are_counted_not_listed() {
    let members: Vec<String> = (0..5000).map(|number| format!("\"c{number}\":1")).collect();
    let reasons = extra(&bare(), &format!("{{{}}}", members.join(","))).unwrap_err();
    assert_eq!(reasons.len(), 65);
    assert_eq!(reasons[64], "4936 further claims are not allowed either");
}

#[test]
fn required_claims_are_satisfied_by_fixed_extra_and_registered_ones() {
    let role = Role {
        required_claims: strings(&["f", "x", "iss", "sub", "iat", "exp"]),
        fixed_claims: vec![FixedClaim { name: "f".to_owned(), value: "1".to_owned() }],
        allowed_claims: vec![AllowedClaim {
            name: "x".to_owned(),
            kind: ClaimType::Any,
            allowed_values: Vec::new(),
        }],
        ..bare()
    };
    assert!(extra(&role, r#"{"x":1}"#).is_ok());
    assert_eq!(extra(&role, "{}").unwrap_err(), ["claim 'x' is required by the role and missing"]);
}

#[test]
fn a_required_aud_needs_an_audience_and_a_required_jti_is_never_there() {
    let role = Role { required_claims: strings(&["aud"]), allowed_audiences: strings(&["*"]), ..bare() };
    assert!(audiences(&role, &["a"]).is_ok());
    assert_eq!(audiences(&role, &[]).unwrap_err(), ["claim 'aud' is required by the role and missing"]);
    let role = Role { required_claims: strings(&["jti"]), ..bare() };
    assert!(audiences(&role, &[]).is_err());
}

#[test]
fn messages_stay_short_whatever_the_request_holds() {
    let long = "x".repeat(100_000);
    let input = MintInput {
        audiences: vec![long.clone()],
        subject: Some(long.clone()),
        ttl: None,
        extra_claims: Some(format!("{{\"{}\":\"{}\"}}", &long[..20_000], &long[..20_000])),
    };
    for reason in check(&reader(), &input).unwrap_err() {
        assert!(reason.message.len() < 400, "{}", reason.message.len());
    }
}

proptest! {
    #[test]
    fn whatever_is_granted_keeps_the_roles_word(
        wanted in proptest::collection::vec("(https://api(\\.[a-z/]{1,4})?\\.example\\.com|[a-z]{1,5})", 0..4),
        subject in proptest::option::of("(acme/alice|[a-z/]{0,12})"),
        seconds in proptest::option::of(0_u64..10_000),
        text in proptest::option::of("\\{(\"(scope|tier|sub|trace_id)\":(\"[a-z]{0,3}\"|\\[\"(read|write):[a-z]\"\\]|1))?\\}"),
    ) {
        let input = MintInput {
            audiences: wanted,
            subject,
            ttl: seconds.map(Duration::from_seconds),
            extra_claims: text,
        };
        match check(&reader(), &input) {
            Err(reasons) => prop_assert!(!reasons.is_empty()),
            Ok(granted) => {
                prop_assert_eq!(&granted.subject, "acme/alice");
                prop_assert!(!granted.audiences.is_empty());
                for audience in &granted.audiences {
                    let middle = audience
                        .strip_prefix("https://api.")
                        .and_then(|rest| rest.strip_suffix("example.com"))
                        .map(|middle| middle.trim_end_matches('.'));
                    prop_assert!(middle.is_some_and(|middle| !middle.contains('/')), "{}", audience);
                }
                prop_assert!((1..=3600).contains(&granted.ttl.seconds()));
                for claim in &granted.extra {
                    prop_assert!(matches!(claim.name.as_str(), "scope" | "trace_id"));
                }
            }
        }
    }
}
