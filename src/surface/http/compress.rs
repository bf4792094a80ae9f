//! Compressing a reply that is worth it, and marking its entity tag as that of the coded form (RFC 9110 section 8.8.3).

use std::io::Write as _;

use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue};

use super::conditional::tag_with_suffix;
use super::negotiate::Coding;
use super::reply::Reply;

/// Below this a coded body is hardly smaller than a plain one.
const WORTH_IT: usize = 1_024;

/// Bodies above this are compressed on the blocking pool, so that other requests of the worker do not wait.
const LARGE: usize = 256 * 1024;

/// Compresses the body where it is large enough and of a kind that shrinks.
pub async fn compress(reply: &mut Reply, coding: Coding) {
    if !reply.compressible
        || reply.body.len() < WORTH_IT
        || reply.headers.contains_key(CONTENT_ENCODING)
        || !reply.headers.contains_key(CONTENT_TYPE)
    {
        return;
    }
    let plain = reply.body.clone();
    let coded = if plain.len() > LARGE {
        tokio::task::spawn_blocking(move || encode(&plain, coding)).await.ok().flatten()
    } else {
        encode(&plain, coding)
    };
    let Some(coded) = coded.filter(|coded| coded.len() < reply.body.len()) else { return };
    reply.body = coded;
    reply.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
    if let Some(tag) = reply.headers.get(ETAG).and_then(|tag| tag_with_suffix(tag, coding.as_str())) {
        reply.headers.insert(ETAG, tag);
    }
}

fn encode(plain: &[u8], coding: Coding) -> Option<Bytes> {
    let mut coded = Vec::with_capacity(plain.len() / 4);
    match coding {
        Coding::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(&mut coded, flate2::Compression::new(5));
            writer.write_all(plain).ok()?;
            writer.finish().ok()?;
        }
        Coding::Brotli => {
            let mut writer = brotli::CompressorWriter::new(&mut coded, 16 * 1024, 4, 20);
            writer.write_all(plain).ok()?;
            let _ = writer.into_inner();
        }
    }
    Some(coded.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::StatusCode;
    use std::io::Read as _;

    fn reply(length: usize) -> Reply {
        Reply::with_body(StatusCode::OK, HeaderValue::from_static("application/json"), vec![b'a'; length])
            .header(ETAG, HeaderValue::from_static("\"x\""))
    }

    #[tokio::test]
    async fn large_bodies_are_coded_and_their_tag_says_so() {
        for length in [5_000, LARGE + 1] {
            let mut gzip = reply(length);
            compress(&mut gzip, Coding::Gzip).await;
            assert_eq!(gzip.headers[CONTENT_ENCODING], "gzip");
            assert_eq!(gzip.headers[ETAG], "\"x.gzip\"");
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut plain).unwrap();
            assert_eq!(plain, vec![b'a'; length]);
            let mut brotli = reply(length);
            compress(&mut brotli, Coding::Brotli).await;
            let mut plain = Vec::new();
            brotli::Decompressor::new(&brotli.body[..], 4096).read_to_end(&mut plain).unwrap();
            assert_eq!(plain, vec![b'a'; length]);
        }
    }

    #[tokio::test]
    async fn small_and_secret_bodies_stay_plain() {
        let mut small = reply(1_000);
        compress(&mut small, Coding::Gzip).await;
        assert!(!small.headers.contains_key(CONTENT_ENCODING));
        let mut secret = reply(5_000).uncompressed();
        compress(&mut secret, Coding::Gzip).await;
        assert_eq!(secret.headers[ETAG], "\"x\"");
    }
}
