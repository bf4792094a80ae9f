//! The ceilings: what the machine can do when nothing of ours is in the way.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use strongbox::services::jose::jws::Unverified;
use strongbox::services::jose::{Algorithm, PublicKey};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// Signs some bytes.
type Sign = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// What a bare server does with each request.
#[derive(Clone)]
pub enum Work {
    /// Answers these bytes.
    Bytes(Bytes),
    /// Signs a JWT-sized message and answers a JWT-sized body.
    Sign(Sign),
    /// Verifies this token with ES256 and answers a token-sized body.
    VerifyEs256(Arc<PublicKey>, String),
    /// Serialises these roles with serde_json.
    Json(Arc<Vec<Role>>),
    /// Has a row committed with those of other requests, after doing the work inside.
    Commit(Writer, Box<Work>),
}

/// A role as plain Rust would hold it.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Role {
    pub name: String,
    pub allowed_audiences: Vec<String>,
    pub default_audiences: Vec<String>,
    pub require_audience: bool,
    pub subject_template: String,
    pub default_ttl: String,
    pub max_ttl: String,
    pub algorithm: String,
    pub fixed_claims: Vec<FixedClaim>,
    pub allowed_claims: Vec<AllowedClaim>,
    pub required_claims: Vec<String>,
    pub verbose_logging: bool,
    pub distribute: Distribute,
}

/// A fixed claim of a [`Role`].
#[derive(serde::Serialize, serde::Deserialize)]
pub struct FixedClaim {
    pub name: String,
    pub value: String,
}

/// An allowed claim of a [`Role`].
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AllowedClaim {
    pub name: String,
    pub r#type: String,
    pub allowed_values: Vec<String>,
}

/// The distribution of a [`Role`].
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Distribute {
    pub to: String,
}

impl Work {
    /// ES256 with a fresh key.
    pub fn sign_es256() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Work::Sign(Arc::new(move |message| {
            key.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec()
        }))
    }

    /// RS256 with a fresh key of 2048 bits.
    pub fn sign_rs256() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        Work::Sign(Arc::new(move |message| {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
            signature
        }))
    }

    /// EdDSA with a fresh Ed25519 key.
    pub fn sign_eddsa() -> Self {
        let key = Ed25519KeyPair::generate().expect("a key");
        Work::Sign(Arc::new(move |message| key.sign(message).as_ref().to_vec()))
    }

    /// These roles, as plain structs.
    pub fn json(roles: Vec<serde_json::Value>) -> Self {
        let roles = roles.into_iter().map(|role| serde_json::from_value(role).expect("a role")).collect();
        Work::Json(Arc::new(roles))
    }
}

/// Starts a hyper server that does nothing but `work`; it lives as long as the runtime.
pub async fn bare_server(work: Work) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let work = work.clone();
            stream.set_nodelay(true).expect("a socket option");
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(work.clone(), request));
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

async fn answer(
    work: Work,
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    let work = match work {
        Work::Commit(writer, work) => {
            writer.commit().await;
            *work
        }
        work => work,
    };
    let answer = match work {
        Work::Bytes(bytes) => bytes,
        Work::Commit(..) => Bytes::new(),
        Work::Json(roles) => Bytes::from(serde_json::to_vec(&*roles).expect("JSON")),
        Work::VerifyEs256(key, jwt) => {
            let token = Unverified::parse(&jwt).expect("a token");
            assert!(token.is_signed_by(Algorithm::ES256, &key));
            Bytes::from(vec![b'y'; 700])
        }
        Work::Sign(sign) => {
            let mut message = vec![b'x'; 300];
            message.extend_from_slice(&body);
            let mut text = vec![b'y'; 400];
            text.extend_from_slice(&sign(&message));
            Bytes::from(text)
        }
    };
    let mut response = Response::new(Full::new(answer));
    response
        .headers_mut()
        .insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The one thread of a bare server that writes: what waits in its queue is committed together.
#[derive(Clone)]
pub struct Writer(mpsc::Sender<oneshot::Sender<()>>);

impl Writer {
    /// Starts one with a database in `dir`; it ends with the last server that has it.
    pub fn start(dir: &std::path::Path) -> Self {
        let (sender, mut queue) = mpsc::channel::<oneshot::Sender<()>>(1024);
        let mut database = open(dir, "writer.db");
        std::thread::spawn(move || {
            let mut count = 0;
            while let Some(first) = queue.blocking_recv() {
                let mut waiting = vec![first];
                while let Ok(next) = queue.try_recv() {
                    waiting.push(next);
                }
                group(&mut database, count, waiting.len() as u64);
                count += waiting.len() as u64;
                for one in waiting {
                    let _ = one.send(());
                }
            }
        });
        Writer(sender)
    }

    async fn commit(&self) {
        let (sender, answer) = oneshot::channel();
        self.0.send(sender).await.expect("the thread lives");
        answer.await.expect("the thread commits");
    }
}

/// Durable single-row commits a second on the disk of `dir`, one at a time.
pub fn sqlite_commits(dir: &std::path::Path, time: Duration) -> f64 {
    let mut database = open(dir, "single.db");
    let begin = Instant::now();
    let mut count = 0_u64;
    while begin.elapsed() < time {
        group(&mut database, count, 1);
        count += 1;
    }
    count as f64 / begin.elapsed().as_secs_f64()
}

/// Rows a second when `size` of them share a durable commit.
pub fn sqlite_group_commits(dir: &std::path::Path, size: u64, time: Duration) -> f64 {
    let mut database = open(dir, "group.db");
    let begin = Instant::now();
    let mut count = 0_u64;
    while begin.elapsed() < time {
        group(&mut database, count, size);
        count += size;
    }
    count as f64 / begin.elapsed().as_secs_f64()
}

fn open(dir: &std::path::Path, name: &str) -> rusqlite::Connection {
    let file = dir.join(name);
    let _ = std::fs::remove_file(&file);
    let database = rusqlite::Connection::open(file).expect("a database");
    database
        .execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row(id INTEGER PRIMARY KEY, value BLOB);")
        .expect("a table");
    database
}

fn group(database: &mut rusqlite::Connection, first: u64, size: u64) {
    let transaction = database.transaction().expect("a transaction");
    {
        let mut insert = transaction.prepare_cached("INSERT INTO row VALUES (?1, ?2)").expect("a statement");
        for id in first..first + size {
            insert.execute((id as i64, vec![7_u8; 512])).expect("a row");
        }
    }
    transaction.commit().expect("a commit");
}
