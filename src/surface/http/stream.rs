//! Bodies that are sent while they come into being: a bounded queue between whoever makes them and the connection.
//!
//! A client that stops reading fills the queue. Its maker waits for so long, gives up, and the connection is closed: what such
//! a client costs is the queue and what lies in the buffers of its connection. Never here: what the chunks say.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::{Notify, mpsc};

use super::crowd::Place;

/// So many chunks wait for the connection.
const QUEUE: usize = 8;

/// So large a chunk is at most, in bytes.
const CHUNK: usize = 32 * 1024;

/// The end at which a body is made.
#[derive(Debug)]
pub struct Maker {
    chunks: mpsc::Sender<Bytes>,
    connection: Arc<OnceLock<HangUp>>,
    patience: Duration,
}

/// The end that a reply carries.
#[derive(Debug)]
pub struct StreamedBody {
    chunks: mpsc::Receiver<Bytes>,
    connection: Arc<OnceLock<HangUp>>,
    _place: Option<Place>,
}

/// Closes a connection from the inside.
#[derive(Clone, Debug, Default)]
pub struct HangUp(Arc<Notify>);

/// Why a chunk was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// The client has gone.
    #[error("the client has gone")]
    Gone,
    /// It is there and does not read.
    #[error("the client does not read")]
    Stalled,
}

/// A body, and the end at which it is made. A client may keep it waiting for `patience`.
pub fn streamed(patience: Duration) -> (Maker, StreamedBody) {
    let (sender, chunks) = mpsc::channel(QUEUE);
    let connection = Arc::new(OnceLock::new());
    let maker = Maker { chunks: sender, connection: Arc::clone(&connection), patience };
    (maker, StreamedBody { chunks, connection, _place: None })
}

impl Maker {
    /// Sends bytes, and waits while the queue is full. After [`Unsent::Stalled`] the connection is closed.
    ///
    /// # Errors
    /// [`Unsent`].
    pub async fn send(&self, mut bytes: Bytes) -> Result<(), Unsent> {
        while !bytes.is_empty() {
            let chunk = bytes.split_to(bytes.len().min(CHUNK));
            match tokio::time::timeout(self.patience, self.chunks.send(chunk)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(Unsent::Gone),
                Err(_) => {
                    if let Some(connection) = self.connection.get() {
                        connection.now();
                    }
                    return Err(Unsent::Stalled);
                }
            }
        }
        Ok(())
    }

    /// Waits until the client has gone.
    pub async fn gone(&self) {
        self.chunks.closed().await;
    }
}

impl StreamedBody {
    /// Ties the body to the connection that it is sent over, and to its place among the streams of the client's address.
    #[must_use]
    pub fn over(mut self, connection: HangUp, place: Place) -> Self {
        let _ = self.connection.set(connection);
        self._place = Some(place);
        self
    }
}

impl HangUp {
    /// Asks for the connection to be closed.
    pub fn now(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody asks.
    pub async fn asked(&self) {
        self.0.notified().await;
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.chunks.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[tokio::test]
    async fn chunks_arrive_in_order_and_large_ones_in_parts() {
        let (maker, mut body) = streamed(Duration::from_secs(5));
        let sending = tokio::spawn(async move {
            maker.send(Bytes::from_static(b"a")).await.unwrap();
            maker.send(Bytes::from(vec![b'b'; 3 * CHUNK + 1])).await.unwrap();
        });
        let mut lengths = Vec::new();
        while let Some(frame) = body.frame().await {
            lengths.push(frame.unwrap().into_data().unwrap().len());
        }
        assert_eq!(lengths, [1, CHUNK, CHUNK, CHUNK, 1]);
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn who_does_not_read_is_hung_up_on_and_who_left_is_known_to_have_gone() {
        let (maker, body) = streamed(Duration::from_millis(10));
        let connection = HangUp::default();
        let body = body.over(
            connection.clone(),
            crate::surface::http::crowd::Crowd::new(1).enter([192, 0, 2, 1].into()).unwrap(),
        );
        for _ in 0..QUEUE {
            maker.send(Bytes::from_static(b"x")).await.unwrap();
        }
        assert_eq!(maker.send(Bytes::from_static(b"x")).await, Err(Unsent::Stalled));
        connection.asked().await;
        drop(body);
        maker.gone().await;
        assert_eq!(maker.send(Bytes::from_static(b"x")).await, Err(Unsent::Gone));
    }
}
