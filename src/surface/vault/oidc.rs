//! `oidc/auth_url` and `oidc/callback` of mounts of type `jwt` and `oidc`: what the command line and the browser ask for.
//!
//! A browser is answered with a page; whatever stands on it that came from outside is escaped.

use std::fmt::Write as _;

use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Body};
use super::call::Call;
use super::fault::Fault;
use super::field::{Field, Kind};
use super::jwt_auth::{log_in, reason, role_meant};
use super::route::{Audience, Endpoint};
use crate::surface::http::Reply;

/// What stands in front of sentences about a log in that failed.
const FAILED: &str = "Vault login failed. ";

/// The rows.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        pattern: "oidc/auth_url",
        about: "Begins to log in with a browser: where to send it.",
        fields: &[&[
            Field::new("role", Kind::EntryName, "The role; when absent, the default role."),
            Field::new("redirect_uri", Kind::Text, "Where the issuer is to send the browser afterwards."),
            Field::new("client_nonce", Kind::Secret, "A text that whoever ends the log in has to know."),
        ]],
        audience: Audience::Anybody,
        write: Some(|call| Box::pin(auth_url(call))),
        ..Endpoint::NEW
    },
    Endpoint {
        pattern: "oidc/callback",
        about: "Ends to log in with a browser.",
        fields: &[&[
            Field::new("state", Kind::Text, "The state that the issuer sent back."),
            Field::new("code", Kind::Secret, "The code that it sent."),
            Field::new("id_token", Kind::Secret, "The ID token that it had posted."),
            Field::new("client_nonce", Kind::Secret, "The text that was given at the beginning."),
            Field::new("error", Kind::Text, "What the issuer says went wrong."),
            Field::new("error_description", Kind::Text, "The same in a sentence."),
        ]],
        audience: Audience::Anybody,
        read: Some(|call| Box::pin(callback(call))),
        write: Some(|call| Box::pin(posted(call))),
        ..Endpoint::NEW
    },
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct AuthUrl {
    #[serde(default)]
    auth_url: String,
}

async fn auth_url(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let input = json!({
        "tenant": call.tenant,
        "mount": call.mount.key,
        "role": role_meant(call, "role")?,
        "redirect-uri": call.arguments.text("redirect_uri"),
        "client-nonce": call.arguments.text("client_nonce"),
    });
    let place = call.place("oidc-auth-url", &[])?;
    let output = match call.invoke(place, &input).await {
        Ok(output) => output,
        Err(fault) => return Err(reason(call, &fault).map_or(fault, Fault::bad_request)),
    };
    // A role that does not allow it gets no URL, and the log has the reason.
    let AuthUrl { auth_url } = match output {
        Some(output) => crate::data::deserialize::from_data(call.schema(), &output)
            .map_err(|error| super::call::internal(&error.to_string()))?,
        None => AuthUrl::default(),
    };
    Ok(Answer::data(Map::from_iter([("auth_url".to_owned(), Value::from(auth_url))])))
}

async fn callback(call: &mut Call<'_>) -> Result<Answer, Fault> {
    let input = json!({
        "tenant": call.tenant,
        "mount": call.mount.key,
        "state": call.arguments.text("state"),
        "code": call.arguments.text("code"),
        "client-nonce": call.arguments.text("client_nonce"),
    });
    log_in(call, "oidc-callback", &input).await.map_err(|refused| refused.fault(FAILED))
}

/// What an issuer had the browser post. The log in is ended by a GET, which this page leads to.
async fn posted(call: &mut Call<'_>) -> Result<Answer, Fault> {
    if let Some(error) = call.arguments.text("error") {
        let said = call.arguments.text("error_description").unwrap_or(error);
        return Ok(page(StatusCode::BAD_REQUEST, "The log in failed", said));
    }
    let input = json!({
        "tenant": call.tenant,
        "mount": call.mount.key,
        "state": call.arguments.text("state"),
        "code": call.arguments.text("code"),
        "id-token": call.arguments.text("id_token"),
    });
    let place = call.place("oidc-form-post", &[])?;
    let output = match call.invoke(place, &input).await {
        Ok(output) => output,
        Err(fault) => {
            return match reason(call, &fault).as_deref() {
                Some("form_post is not configured") => Err(Fault::silent(StatusCode::METHOD_NOT_ALLOWED)),
                Some(reason) if reason.starts_with("Could not") => {
                    Err(Fault::bad_request(format!("{FAILED}{reason}")))
                }
                Some(reason) => Ok(page(StatusCode::BAD_REQUEST, "The log in failed", reason)),
                None => Err(fault),
            };
        }
    };
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Posted {
        redirect_uri: String,
    }
    let output = output.ok_or_else(|| super::call::internal("an operation without an output"))?;
    let Posted { redirect_uri } = crate::data::deserialize::from_data(call.schema(), &output)
        .map_err(|error| super::call::internal(&error.to_string()))?;
    if !redirect_uri.contains(&format!("/v1/{}/", call.mount.path)) {
        return Ok(page(StatusCode::BAD_REQUEST, "The log in failed", "Invalid redirect path."));
    }
    let said = "You can close this window and go back to where you began.";
    Ok(page(StatusCode::OK, "The issuer has let you in", said))
}

/// A page for people.
fn page(status: StatusCode, title: &str, text: &str) -> Answer {
    let (title, text) = (escaped(title), escaped(text));
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1><p>{text}</p></body></html>\n"
    );
    let reply = Reply::with_body(status, HeaderValue::from_static("text/html; charset=utf-8"), html)
        .header(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))
        .header(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"))
        .header(hyper::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Answer { body: Body::Other(reply), warnings: Vec::new() }
}

/// A text in which no letter means anything to a browser.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars().take(1_024) {
        match letter {
            '&' | '<' | '>' | '"' | '\'' | '`' | '=' | '/' => {
                let _ = write!(safe, "&#{};", u32::from(letter));
            }
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cve_2026_33758_pages_escape_what_providers_say() {
        let safe = escaped("<script>alert(\"x\")</script>");
        assert!(!safe.contains(['<', '>', '"', '/']), "{safe}");
    }
}
