//! HTTP itself: listeners, TLS, limits on what a stranger sends, negotiation, replies. It knows no dialect: what a path
//! means is the business of the one [`Service`] that it is given.
//!
//! Never here: a YANG node, a tenant, a token.

pub mod activity;
pub mod body;
pub mod client;
pub mod compress;
pub mod conditional;
pub mod cors;
pub mod crowd;
pub mod exchange;
pub mod limits;
pub mod negotiate;
pub mod refusal;
pub mod reply;
pub mod request;
pub mod server;
pub mod stream;
pub mod tls;

pub use body::Payload;
pub use limits::Limits;
pub use refusal::Refusal;
pub use reply::Reply;
pub use request::Request;
pub use server::{BindError, Bound};

use std::future::Future;

/// What answers the requests that a listener let through.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. A panic in here becomes a 500 and is logged; it does not end the connection unseen.
    fn answer<'a>(
        &'a self,
        request: &'a Request,
        payload: Payload,
    ) -> impl Future<Output = Reply> + Send + 'a;

    /// Prints a refusal in the body form of the dialect that the request's path belongs to, and writes it down.
    fn refuse<'a>(
        &'a self,
        request: &'a Request,
        refusal: &'a Refusal,
    ) -> impl Future<Output = Reply> + Send + 'a;
}
