//! The fields that every log-in method has about the tokens that it hands out, and their older names.

use super::field::{Field, Kind};

/// The fields `token_…`.
pub static TOKEN_FIELDS: &[Field] = &[
    Field::of("token_policies", Kind::PolicyNames, "token-policies", "Policies that the token carries."),
    Field::of("token_ttl", Kind::Duration, "token-ttl", "How long the token lives."),
    Field::of(
        "token_max_ttl",
        Kind::Duration,
        "token-max-ttl",
        "How long the token can be kept alive by renewing it.",
    ),
    Field::of(
        "token_explicit_max_ttl",
        Kind::Duration,
        "token-explicit-max-ttl",
        "When the token ends at the latest, whatever is renewed.",
    ),
    Field::of(
        "token_bound_cidrs",
        Kind::TextList,
        "token-bound-cidrs",
        "Addresses from which the log in, and the token, is accepted.",
    ),
    Field::of(
        "token_num_uses",
        Kind::Int,
        "token-num-uses",
        "How many requests the token is good for; 0 is without a limit.",
    ),
    Field::of(
        "token_period",
        Kind::Duration,
        "token-period",
        "The token has no end as long as it is renewed within this time.",
    ),
    Field::of(
        "token_no_default_policy",
        Kind::Flag,
        "token-no-default-policy",
        "Leaves the policy 'default' out of the token.",
    ),
    Field::of(
        "token_type",
        Kind::Text,
        "token-type",
        "default, service, batch, default-service or default-batch.",
    ),
];

/// The older names of some of them.
pub static OLDER_NAMES: &[Field] = &[
    Field::alias("policies", Kind::PolicyNames, "token_policies"),
    Field::alias("ttl", Kind::Duration, "token_ttl"),
    Field::alias("max_ttl", Kind::Duration, "token_max_ttl"),
    Field::alias("period", Kind::Duration, "token_period"),
    Field::alias("num_uses", Kind::Int, "token_num_uses"),
    Field::alias("bound_cidrs", Kind::TextList, "token_bound_cidrs"),
];
