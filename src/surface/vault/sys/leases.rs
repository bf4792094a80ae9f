//! `sys/leases/…`, `sys/tools/…` and other small things that clients ask for. Nothing here hands out leases but tokens, which
//! are renewed and revoked at `auth/token`; all that were obtained below a path are ended here.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};

use crate::access::authenticate::TokenFacts;
use crate::base::secret::Secret;
use crate::engine::Datastore;
use crate::surface::vault::answer::Answer;
use crate::surface::vault::call::{Call, internal};
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Field, Kind};
use crate::surface::vault::route::{Audience, Endpoint};
use crate::surface::vault::token::{Made, tidied};

static LEASE: &[Field] = &[
    Field::new("lease_id", Kind::Text, "The lease."),
    Field::new("increment", Kind::Duration, "How long it is to live from now."),
];
static PREFIX: &[Field] =
    &[Field::new("sync", Kind::Flag, "Has no effect: what is ended has ended when this answers.")];
static RANDOM: &[Field] = &[
    Field::new("bytes", Kind::Int, "How many bytes; 32 when not said."),
    Field::new("format", Kind::Text, "base64 or hex."),
];
static HASH: &[Field] = &[
    Field::new("input", Kind::Base64, "What is to be hashed, in base64."),
    Field::new("algorithm", Kind::Text, "sha2-224, sha2-256, sha2-384 or sha2-512."),
    Field::new("format", Kind::Text, "hex or base64."),
];

/// How many random bytes are handed out at most.
const MOST: i64 = 128 * 1024;

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "leases/lookup",
        about: "Shows a lease.",
        fields: &[LEASE],
        write: Some(|_| Box::pin(async { Err(Fault::bad_request("invalid lease")) })),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "leases/lookup/*prefix",
        about: "Lists leases: there are none.",
        audience: Audience::Sudo,
        list: Some(|_| Box::pin(async { Err(Fault::not_found()) })),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "leases/revoke-prefix/*prefix",
        about: "Ends the tokens that were obtained below a path.",
        fields: &[PREFIX],
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(revoke_prefix(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "leases/revoke-force/*prefix",
        about: "Ends the tokens that were obtained below a path.",
        fields: &[PREFIX],
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(revoke_prefix(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "leases/tidy",
        about: "Does nothing: what has ended is taken away by itself.",
        write: Some(|_| Box::pin(async { Ok(tidied("Tokens that have ended are taken away every minute")) })),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "leases/renew",
        about: "Renews a lease.",
        fields: &[LEASE],
        write: Some(|_| Box::pin(async { Err(Fault::bad_request("lease not found")) })),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "renew",
        about: "Renews a lease.",
        fields: &[LEASE],
        write: Some(|_| Box::pin(async { Err(Fault::bad_request("lease not found")) })),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "leases/revoke",
        about: "Ends a lease; it need not be there.",
        fields: &[LEASE],
        write: Some(|_| Box::pin(async { Ok(Answer::nothing()) })),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "tools/random",
        about: "Makes random bytes.",
        fields: &[RANDOM],
        write: Some(|call| Box::pin(random(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "tools/random/:bytes",
        about: "Makes random bytes.",
        fields: &[RANDOM],
        write: Some(|call| Box::pin(random(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "tools/hash/:algorithm",
        about: "Hashes what is sent.",
        fields: &[HASH],
        write: Some(|call| Box::pin(hash(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "tools/hash",
        about: "Hashes what is sent.",
        fields: &[HASH],
        write: Some(|call| Box::pin(hash(call))),
        ..Endpoint::NEW
    },
];

/// Ends every token whose request was below a path, and all tokens below it.
async fn revoke_prefix(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let prefix = call.captured("prefix").trim_matches('/').to_owned();
    let place = call.place("strongbox/token/tokens", &[])?;
    let mut ending = Vec::new();
    for token in call.entries(Datastore::State, place).await? {
        let facts: TokenFacts = call.understood(&token)?;
        let path = Made::of(call.schema(), &facts).path;
        let is_below =
            path.strip_prefix(&prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if is_below && !prefix.is_empty() {
            ending.push(facts.accessor);
        }
    }
    for accessor in ending {
        let target = call.place("strongbox/token/revoke", &[])?;
        match call.invoke(target, &json!({ "accessor": accessor })).await {
            // It went with a token above it.
            Err(fault) if fault.status.as_u16() == 400 => {}
            outcome => drop(outcome?),
        }
    }
    Ok(Answer::nothing())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn random(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let wanted = match call.captured("bytes") {
        "" => call.arguments.number("bytes"),
        digits => digits.parse().unwrap_or(-1),
    };
    let count = match wanted {
        0 => 32,
        count if (1..=MOST).contains(&count) => usize::try_from(count).unwrap_or(32),
        _ => return Err(Fault::bad_request(format!("'bytes' must be between 1 and {MOST}"))),
    };
    let bytes = Secret::random(count).map_err(|error| internal(&error.to_string()))?;
    let text = match call.arguments.text("format") {
        None | Some("base64") => STANDARD.encode(bytes.expose()),
        Some("hex") => hex(bytes.expose()),
        Some(other) => {
            return Err(Fault::bad_request(format!(
                "unsupported encoding format {other:?}; must be \"hex\" or \"base64\""
            )));
        }
    };
    Ok(Answer::data(Map::from_iter([("random_bytes".to_owned(), text.into())])))
}

async fn hash(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let input = call.arguments.text("input").unwrap_or_default();
    let input = STANDARD
        .decode(input)
        .map_err(|error| Fault::bad_request(format!("unable to decode input as base64: {error}")))?;
    let algorithm = Some(call.captured("algorithm")).filter(|name| !name.is_empty());
    let algorithm = match algorithm.or(call.arguments.text("algorithm")) {
        Some("sha2-224") => &digest::SHA224,
        None | Some("sha2-256") => &digest::SHA256,
        Some("sha2-384") => &digest::SHA384,
        Some("sha2-512") => &digest::SHA512,
        Some(other) => return Err(Fault::bad_request(format!("unsupported algorithm {other}"))),
    };
    let sum = digest::digest(algorithm, &input);
    let text = match call.arguments.text("format") {
        None | Some("hex") => hex(sum.as_ref()),
        Some("base64") => STANDARD.encode(sum.as_ref()),
        Some(other) => {
            return Err(Fault::bad_request(format!(
                "unsupported encoding format {other:?}; must be \"hex\" or \"base64\""
            )));
        }
    };
    Ok(Answer::data(Map::from_iter([("sum".to_owned(), text.into())])))
}
