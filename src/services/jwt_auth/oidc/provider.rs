//! What is asked of an issuer while somebody logs in with a browser: its discovery document, the exchange of a code for
//! tokens (OpenID Connect Core 1.0 section 3.1.3), and what more it says of the user (section 5.3).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::pending::Pending;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::services::jwt_auth::compile::Client;
use crate::services::jwt_auth::model::Place;
use crate::services::jwt_verify::{Claims, Document, Fetcher, KeysError, Question, Site, discover};

/// Everything but letters, digits and `-._~` (RFC 3986 section 2.3).
pub const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// For how many seconds a discovery document is kept.
const KEPT: i64 = 600;

/// How many are kept before the memory begins anew.
const MOST: usize = 4_096;

/// Discovery documents of late.
#[derive(Debug, Default)]
pub struct Documents(Mutex<HashMap<(Ident, Place), Kept>>);

#[derive(Clone, Debug)]
struct Kept {
    site: Site,
    fetched: Timestamp,
    document: Arc<Document>,
}

impl Documents {
    /// The document of an issuer.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn get(
        &self,
        name: (&Ident, &Place),
        site: &Site,
        now: Timestamp,
        fetcher: &Fetcher,
    ) -> Result<Arc<Document>, KeysError> {
        let name = (name.0.clone(), name.1.clone());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        let is_good = |kept: &Kept| kept.site == *site && now.seconds() - kept.fetched.seconds() < KEPT;
        if let Some(kept) = known.filter(is_good) {
            return Ok(kept.document);
        }
        let document = Arc::new(discover(site, fetcher).await?);
        let kept = Kept { site: site.clone(), fetched: now, document: Arc::clone(&document) };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(name, kept);
        Ok(document)
    }
}

/// What a code was exchanged for.
#[derive(Deserialize)]
pub struct Tokens {
    /// Who the user is.
    pub id_token: String,
    /// With what more can be asked.
    #[serde(default)]
    pub access_token: Option<Secret>,
}

/// Exchanges a code.
///
/// # Errors
/// Why not, without anything that came from the issuer.
pub async fn exchange(
    client: &Client,
    document: &Document,
    pending: &Pending,
    code: &Secret,
    fetcher: &Fetcher,
) -> Result<Tokens, String> {
    let url = document.token_endpoint.clone().ok_or("the issuer names no token_endpoint")?;
    let text = |secret: &Secret| secret.expose_text().unwrap_or_default().to_owned();
    let encoded = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("code", text(code)),
        ("redirect_uri", pending.redirect_uri.clone()),
        ("code_verifier", text(&pending.verifier)),
    ];
    let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    // Both are encoded as in a form first (RFC 6749 section 2.3.1).
    let credentials = format!("{}:{}", encoded(&client.id), encoded(&text(&client.secret)));
    let question = Question {
        authorization: Some(Secret::from_text(format!("Basic {}", STANDARD.encode(credentials)))),
        form: Some(Secret::from_text(form.join("&"))),
    };
    let site = Site { url, ..client.site.clone() };
    let answer = fetcher.ask(&site, &question).await.map_err(|error| error.to_string())?;
    serde_json::from_slice(&answer).map_err(|_| "the answer has no id_token".to_owned())
}

/// What more the issuer says of the user, as far as it is the same user. That it says nothing is no fault.
pub async fn userinfo(
    client: &Client,
    document: &Document,
    access_token: Option<&Secret>,
    subject: &str,
    fetcher: &Fetcher,
) -> Option<Claims> {
    let url = document.userinfo_endpoint.clone()?;
    let token = access_token?.expose_text()?;
    let question = Question { authorization: Some(Secret::from_text(format!("Bearer {token}"))), form: None };
    let answer = match fetcher.ask(&Site { url, ..client.site.clone() }, &question).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(%error, "the userinfo of an issuer could not be fetched");
            return None;
        }
    };
    let claims = Claims::read(&answer).ok()?;
    let said = claims.get("sub").and_then(serde_json::Value::as_str);
    if said != Some(subject) {
        tracing::warn!("the userinfo of an issuer is about another user, and not looked at");
        return None;
    }
    Some(claims)
}
