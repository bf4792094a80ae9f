//! `cubbyhole/…`: what the holder of a token keeps for itself, by `strongbox/cubbyhole`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::fault::Fault;
use super::route::{Backend, Endpoint};

/// The backend.
pub static BACKEND: Backend = Backend {
    name: "cubbyhole",
    about: "The cubbyhole backend: texts that the holder of a token keeps for itself, and that go with the token.",
    endpoints: &[ENDPOINTS],
};

static ENDPOINTS: &[Endpoint] = &[Endpoint {
    pattern: "*path",
    about: "Keeps, shows, lists and throws away values.",
    details: "Whatever members are sent are kept as they are.",
    read: Some(|call| Box::pin(read(call))),
    list: Some(|call| Box::pin(list(call))),
    write: Some(|call| Box::pin(write(call))),
    delete: Some(|call| Box::pin(remove(call))),
    ..Endpoint::NEW
}];

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    text: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Paths {
    paths: Vec<String>,
}

fn path(call: &Call<'_>) -> Value {
    json!({ "path": call.captured("path") })
}

async fn read(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let (which, target) = (path(call), call.place("strongbox/cubbyhole/read", &[])?);
    let output = call.invoke(target, &which).await?;
    let shown = match output {
        Some(output) => call.understood::<Shown>(&output)?.text,
        None => None,
    };
    match shown.and_then(|text| serde_json::from_str(&text).ok()) {
        Some(Value::Object(members)) => Ok(Answer::data(members)),
        _ => Err(Fault::not_found()),
    }
}

async fn list(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let target = call.place("strongbox/cubbyhole/list", &[])?;
    let paths = match call.invoke(target, &json!({})).await? {
        Some(output) => call.understood::<Paths>(&output)?.paths,
        None => Vec::new(),
    };
    let above = call.captured("path");
    let prefix = if above.is_empty() { String::new() } else { format!("{above}/") };
    let below = paths.iter().filter_map(|path| path.strip_prefix(&prefix));
    // What is further down is shown as a name with a slash at its end.
    let names: BTreeSet<String> = below
        .map(|rest| rest.split_once('/').map_or_else(|| rest.to_owned(), |(first, _)| format!("{first}/")))
        .collect();
    Answer::keys(names.into_iter().collect())
}

async fn write(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if call.sent.is_empty() {
        return Err(Fault::bad_request("missing data fields"));
    }
    let text = Value::Object(call.sent.clone()).to_string();
    let input = json!({ "path": call.captured("path"), "text": text });
    let target = call.place("strongbox/cubbyhole/write", &[])?;
    call.invoke(target, &input).await?;
    Ok(Answer::nothing())
}

async fn remove(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let (which, target) = (path(call), call.place("strongbox/cubbyhole/remove", &[])?);
    call.invoke(target, &which).await?;
    Ok(Answer::nothing())
}
