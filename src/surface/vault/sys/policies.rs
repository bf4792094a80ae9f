//! `sys/policy`, `sys/policies/acl` and what callers may do: entries of `policy/policies`, and their rules over paths.

use serde_json::{Map, Value};

use crate::access::authorize::policy::{DEFAULT, Policy, ROOT, built_in};
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::engine::{Datastore, WriteKind};
use crate::surface::vault::answer::{Answer, Body};
use crate::surface::vault::call::{Call, internal};
use crate::surface::vault::fault::Fault;
use crate::surface::vault::field::{Field, Kind};
use crate::surface::vault::route::{Audience, Endpoint};
use crate::surface::vault::translate;

static POLICY: &[Field] = &[
    Field::new("policy", Kind::Text, "The rules, in HCL or JSON."),
    Field::new("rules", Kind::Text, "Deprecated: use 'policy'."),
];

static PATHS: &[Field] = &[
    Field::new("path", Kind::TextList, "Paths to be looked at."),
    Field::new("paths", Kind::TextList, "Paths to be looked at."),
    Field::new("token", Kind::Secret, "The token to be looked at."),
    Field::new("accessor", Kind::Text, "The accessor of the token to be looked at."),
];

/// Its rows.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "policy",
        about: "Lists policies.",
        read: Some(|call| Box::pin(list_older(call))),
        list: Some(|call| Box::pin(list_older(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "policy/:name",
        about: "Reads, writes and deletes a policy.",
        fields: &[POLICY],
        read: Some(|call| Box::pin(read(call, Form::Older))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        exists: Some(is_there),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "policies/acl",
        about: "Lists policies.",
        read: Some(|call| Box::pin(list(call))),
        list: Some(|call| Box::pin(list(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "policies/acl/:name",
        about: "Reads, writes and deletes a policy.",
        fields: &[POLICY],
        read: Some(|call| Box::pin(read(call, Form::Newer))),
        write: Some(|call| Box::pin(write(call))),
        delete: Some(|call| Box::pin(delete(call))),
        exists: Some(is_there),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "capabilities-self",
        about: "Tells what the caller's rules over paths allow on paths.",
        fields: &[PATHS],
        write: Some(|call| Box::pin(capabilities(call, Whose::Own))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "capabilities",
        about: "Tells what a token's rules over paths allow on paths.",
        fields: &[PATHS],
        write: Some(|call| Box::pin(capabilities(call, Whose::Token))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "capabilities-accessor",
        about: "Tells what the rules over paths of the token with an accessor allow on paths.",
        fields: &[PATHS],
        write: Some(|call| Box::pin(capabilities(call, Whose::Accessor))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "internal/ui/resultant-acl",
        about: "Tells which rules over paths hold for the caller.",
        read: Some(|call| Box::pin(resultant(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "audit",
        about: "Lists audit devices: there is one log, which is always on.",
        audience: Audience::Sudo,
        read: Some(|_| {
            Box::pin(async { Ok(Answer { body: Body::DataTwice(Map::new()), warnings: Vec::new() }) })
        }),
        ..Endpoint::NEW
    },
];

#[derive(Clone, Copy)]
enum Form {
    Older,
    Newer,
}

/// The name of the policy that a request is about, brought into the one form before anything is decided by it: what is
/// built in is meant however its letters are written.
fn name(call: &Call<'_>) -> Result<String, Fault> {
    let name = call.captured("name").trim();
    match name.to_lowercase() {
        lower if lower == ROOT || lower == DEFAULT => Ok(lower),
        _ => Ok(call.meant(&call.place("policy/policies", &[])?, name)),
    }
}

fn is_there(call: &Call<'_>) -> bool {
    let place = name(call).and_then(|name| call.place("policy/policies/{}", &[&name]));
    place.is_ok_and(|place| call.is_there(&place))
}

async fn names(call: &Call<'_>) -> Result<Vec<String>, Fault> {
    let mut names = call.keys(call.place("policy/policies", &[])?).await?;
    names.push(DEFAULT.to_owned());
    names.sort_unstable();
    names.push(ROOT.to_owned());
    Ok(names)
}

async fn list(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let names = names(call).await?;
    Ok(Answer::data(Map::from_iter([("keys".to_owned(), Value::from(names))])))
}

async fn list_older(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let names = Value::from(names(call).await?);
    let data = Map::from_iter([("keys".to_owned(), names.clone()), ("policies".to_owned(), names)]);
    Ok(Answer { body: Body::DataTwice(data), warnings: Vec::new() })
}

/// A policy that has no rules over paths is shown as a remark, which grants nothing where it is written back.
fn text_of(policy: &Policy) -> String {
    match &policy.vault.policy {
        Some(text) => text.to_string(),
        None => {
            let rules = policy.rest_api.rules.iter().map(|rule| format!("#   {}\n", rule.path));
            format!(
                "# Rules over the data, at /v1/config/policy/policies/{}:\n{}",
                policy.name,
                rules.collect::<String>()
            )
        }
    }
}

async fn read(call: &mut Call<'_>, form: Form) -> Result<Answer, Fault> {
    let name = name(call)?;
    let text = match name.as_str() {
        ROOT => String::new(),
        DEFAULT => built_in().iter().find(|policy| policy.name == *DEFAULT).map(text_of).unwrap_or_default(),
        _ => {
            let place = call.place("policy/policies/{}", &[&name])?;
            let policy: Option<Policy> = call.read(Datastore::Config, place).await?;
            text_of(&policy.ok_or_else(Fault::not_found)?)
        }
    };
    let mut data = Map::from_iter([("name".to_owned(), Value::from(name))]);
    match form {
        Form::Newer => {
            data.insert("policy".to_owned(), text.into());
            Ok(Answer::data(data))
        }
        Form::Older => {
            data.insert("rules".to_owned(), text.into());
            Ok(Answer { body: Body::DataTwice(data), warnings: Vec::new() })
        }
    }
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let name = name(call)?;
    let older = call.arguments.text("policy").is_none();
    let text = call.arguments.text("policy").or_else(|| call.arguments.text("rules"));
    let text = text.ok_or_else(|| Fault::bad_request("'policy' parameter not supplied or empty"))?;
    // It may come in base64.
    let text = decoded(text).unwrap_or_else(|| text.to_owned());
    if name == ROOT {
        return Err(Fault::bad_request("cannot update \"root\" policy"));
    }
    if name == DEFAULT {
        return Err(Fault::bad_request("cannot update \"default\" policy: it is built in"));
    }
    let place = call.place("policy/policies/{}", &[&name])?;
    let schema = call.schema();
    let missing = || internal("policies have no rules over paths");
    let vault = schema.own_child(place.target(), "vault").ok_or_else(missing)?;
    let leaf = schema.own_child(vault, "policy").ok_or_else(missing)?;
    let value = from_serde(schema, leaf, &text)
        .map_err(|violations| Fault::from(crate::access::gate::Refusal::Invalid(violations)))?;
    let path = place.child(vault).child(leaf);
    let edits = vec![translate::present(schema, &place), Edit::new(path, EditOperation::Replace, value)];
    call.change(WriteKind::Put, place, edits).await?;
    Ok(match older {
        true => Answer::data(Map::new()).warn("'rules' is deprecated, please use 'policy' instead"),
        false => Answer::nothing(),
    })
}

/// A policy in base64, where that is what a text is.
fn decoded(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
    String::from_utf8(bytes).ok().filter(|text| text.contains("path"))
}

async fn delete(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let name = name(call)?;
    match name.as_str() {
        DEFAULT => return Err(Fault::bad_request("cannot delete default policy")),
        ROOT => return Err(Fault::bad_request("cannot delete \"root\" policy")),
        _ => {}
    }
    let place = call.place("policy/policies/{}", &[&name])?;
    call.remove(place).await
}

#[derive(Clone, Copy)]
enum Whose {
    Own,
    Token,
    Accessor,
}

async fn capabilities(call: &mut Call<'_>, whose: Whose) -> Result<Answer, Fault> {
    let mut paths = call.arguments.list("paths");
    paths.extend(call.arguments.list("path"));
    let paths: Vec<String> = paths.into_iter().map(|path| path.trim_start_matches('/').to_owned()).collect();
    if paths.is_empty() {
        return Err(Fault::bad_request("paths must be supplied"));
    }
    let gate = call.trail.gate;
    let caller = match whose {
        Whose::Own => call.trail.caller.clone(),
        Whose::Token => call.arguments.text("token").and_then(|text| gate.caller_of(&call.tenant, text)),
        Whose::Accessor => {
            let accessor = call.arguments.text("accessor").unwrap_or_default();
            gate.caller_by_accessor(&call.tenant, accessor)
        }
    };
    let caller = caller.ok_or_else(|| Fault::bad_request("invalid token"))?;
    let mut data = Map::new();
    let shown: Vec<(String, Value)> =
        paths.into_iter().map(|path| (path.clone(), gate.capabilities(&caller, &path).into())).collect();
    if let [(_, only)] = shown.as_slice() {
        data.insert("capabilities".to_owned(), only.clone());
    }
    data.extend(shown);
    Ok(Answer { body: Body::DataTwice(data), warnings: Vec::new() })
}

async fn resultant(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let caller = call.trail.caller.clone().ok_or_else(Fault::denied)?;
    let mut data = Map::new();
    if caller.policies.iter().any(|policy| *policy == *ROOT) {
        data.insert("root".to_owned(), true.into());
        return Ok(Answer::data(data));
    }
    let (mut exact, mut glob) = (Map::new(), Map::new());
    for rule in call.trail.gate.rules_over_paths(&caller) {
        let words: Vec<&str> = rule.capabilities.iter().map(|capability| capability.as_str()).collect();
        let (paths, name) = match rule.path.text.strip_suffix('*') {
            Some(stem) => (&mut glob, stem.to_owned()),
            None => (&mut exact, rule.path.text.clone()),
        };
        paths.insert(name, serde_json::json!({ "capabilities": words }));
    }
    data.insert("exact_paths".to_owned(), exact.into());
    data.insert("glob_paths".to_owned(), glob.into());
    data.insert("root".to_owned(), false.into());
    Ok(Answer::data(data))
}
