//! What a request shows to say who sent it. How it was written on the wire is the business of whoever reads that.

use crate::base::secret::Secret;

/// What came with a request. Exactly one of these is looked at; which one goes first is decided where they are read.
#[derive(Debug)]
pub enum Credentials<'a> {
    /// Nothing.
    Missing,
    /// A token that was handed out here.
    Token(&'a str),
    /// A name and a password (RFC 7617).
    Password {
        /// `USER` in the default tenant, or `TENANT/USER`.
        name: String,
        /// The password.
        password: Secret,
    },
    /// The certificate of the client, by which its connection was made: that of
    /// [`crate::engine::ClientInfo::certificate`].
    Certificate,
    /// Something that is none of these, or too many of them; the sentence says what.
    Unusable(&'static str),
}

impl<'a> Credentials<'a> {
    /// A token, or nothing.
    pub fn token(text: Option<&'a str>) -> Self {
        text.map_or(Credentials::Missing, Credentials::Token)
    }
}
