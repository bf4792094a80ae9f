//! `sys/remount`: moves a mount, by the action `relocate` of the model. It is done when it is answered; what clients call
//! the id of a migration says from where to where, so that nothing has to be kept of it.

use serde_json::{Map, Value, json};

use crate::surface::vault::answer::Answer;
use crate::surface::vault::call::Call;
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Field, Kind};
use crate::surface::vault::route::{Audience, Endpoint};

static REMOUNT: &[Field] = &[
    Field::new("from", Kind::Text, "The path of the mount, with the 'auth/' of log-in methods."),
    Field::new("to", Kind::Text, "Its new path, likewise."),
];

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "remount",
        about: "Moves a mount to another path.",
        details: "The tokens that were obtained at the old path end.",
        fields: &[REMOUNT],
        audience: Audience::Sudo,
        write: Some(|call| Box::pin(remount(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "remount/status/:name",
        about: "Tells how far moving a mount is: it is done when it is answered.",
        read: Some(|call| Box::pin(status(call))),
        ..Endpoint::NEW
    },
];

/// A path without slashes at its ends, and the one below `auth/` where it is.
fn sides(path: &str) -> (&str, Option<&str>) {
    let path = path.trim_matches('/');
    (path, path.strip_prefix("auth/"))
}

async fn remount(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let text = |name: &str| call.arguments.text(name).unwrap_or_default().to_owned();
    let (from, to) = (text("from"), text("to"));
    let (mount, target) = match (sides(&from), sides(&to)) {
        (("", _), _) | (_, ("", _)) => {
            return Err(Fault::bad_request("both 'from' and 'to' path must be specified as a string"));
        }
        ((_, Some(from)), (_, Some(to))) => (call.place("strongbox/mounts/auth/{}", &[from])?, to),
        ((from, None), (to, None)) => (call.place("strongbox/mounts/secrets/{}", &[from])?, to),
        ((_, Some(_)), _) => return Err(Fault::bad_request("cannot remount auth mount to non-auth mount")),
        _ => return Err(Fault::bad_request("cannot remount non-auth mount to auth mount")),
    };
    let (source, _) = sides(&from);
    if !call.is_there(&mount) {
        return Err(Fault::bad_request(format!("no matching mount at \"{source}/\"")));
    }
    let input = json!({ "to": target });
    let action = call.below(mount, "relocate")?;
    call.invoke(action, &input).await?;
    let id = hex(&format!("{source}\n{}", sides(&to).0));
    Ok(Answer::data(Map::from_iter([("migration_id".to_owned(), id.into())])))
}

async fn status(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let id = call.name();
    let text = from_hex(&id).ok_or_else(|| Fault::bad_request("invalid migration id"))?;
    let (source, target) = text.split_once('\n').ok_or_else(|| Fault::bad_request("invalid migration id"))?;
    let info = json!({
        "source_mount": format!("{source}/"),
        "target_mount": format!("{target}/"),
        "status": "success",
    });
    Ok(Answer::data(Map::from_iter([
        ("migration_id".to_owned(), Value::from(id)),
        ("migration_info".to_owned(), info),
    ])))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(digits: &str) -> Option<String> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty())?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_migration_says_from_where_to_where() {
        assert_eq!(from_hex(&hex("auth/a\nauth/b")).as_deref(), Some("auth/a\nauth/b"));
        for nonsense in ["0", "zz", "ff"] {
            assert_eq!(from_hex(nonsense), None, "{nonsense}");
        }
    }
}
