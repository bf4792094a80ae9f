//! The ceilings: what the machine can do when nothing of ours is in the way.
//!
//! A bare server is a process of its own, as the daemon is: it would have its wake-ups for nothing in the process of the load.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    ParsedPublicKey, RSA_PKCS1_SHA256, RsaKeyPair,
};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::process::Process;

/// The argument with which the bench starts itself as a bare server.
pub const SERVE: &str = "--bare-server";

/// What a bare server does with each request.
#[derive(Serialize, Deserialize)]
pub enum Work {
    /// Answers these bytes.
    Bytes(Vec<u8>),
    /// Signs a JWT-sized message and answers a JWT-sized body.
    SignEs256,
    /// The same with a key of 2048 bits.
    SignRs256,
    /// The same with Ed25519.
    SignEdDsa,
    /// Verifies a signature of a JWT-sized message and answers a token-sized body.
    VerifyEs256,
    /// Serialises these roles with serde_json.
    Json(Vec<Role>),
    /// Has a row in a database below this directory committed with those of other requests, after doing the work.
    Commit(PathBuf, Box<Work>),
}

/// A work that is ready to be done.
type Task = Arc<dyn Fn(&[u8]) -> Bytes + Send + Sync>;

/// A role as plain Rust would hold it.
#[derive(Serialize, Deserialize)]
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
#[derive(Serialize, Deserialize)]
pub struct FixedClaim {
    pub name: String,
    pub value: String,
}

/// An allowed claim of a [`Role`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AllowedClaim {
    pub name: String,
    pub r#type: String,
    pub allowed_values: Vec<String>,
}

/// The distribution of a [`Role`].
#[derive(Serialize, Deserialize)]
pub struct Distribute {
    pub to: String,
}

/// Starts a hyper server that does nothing but `work`.
pub fn start(work: &Work) -> Process {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .arg(SERVE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the bench starts");
    let work = serde_json::to_vec(work).expect("JSON");
    child.stdin.take().expect("a pipe").write_all(&work).expect("it reads");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let address = line.trim().parse().expect("an address");
    Process { child, address }
}

/// Is such a server, until it is killed: takes its work from standard input and says there where it listens.
pub async fn serve() {
    let mut work: Work = serde_json::from_reader(std::io::stdin()).expect("a work");
    let mut writer = None;
    if let Work::Commit(dir, inner) = work {
        writer = Some(Writer::start(&dir));
        work = *inner;
    }
    let task = ready(work);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    while let Ok((stream, _)) = listener.accept().await {
        let (task, writer) = (task.clone(), writer.clone());
        stream.set_nodelay(true).expect("a socket option");
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(task.clone(), writer.clone(), request));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn ready(work: Work) -> Task {
    let random = SystemRandom::new();
    match work {
        Work::Bytes(bytes) => {
            let bytes = Bytes::from(bytes);
            Arc::new(move |_| bytes.clone())
        }
        Work::Json(roles) => Arc::new(move |_| Bytes::from(serde_json::to_vec(&roles).expect("JSON"))),
        Work::SignEs256 => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
            signing(move |message| key.sign(&random, message).expect("a signature").as_ref().to_vec())
        }
        Work::SignRs256 => {
            let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
            signing(move |message| {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("a signature");
                signature
            })
        }
        Work::SignEdDsa => {
            let key = Ed25519KeyPair::generate().expect("a key");
            signing(move |message| key.sign(message).as_ref().to_vec())
        }
        Work::VerifyEs256 => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
            let message = vec![b'x'; 300];
            let signature = key.sign(&random, &message).expect("a signature");
            let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key()).expect("a key");
            Arc::new(move |_| {
                public.verify_sig(&message, signature.as_ref()).expect("its signature");
                Bytes::from(vec![b'y'; 700])
            })
        }
        Work::Commit(..) => unreachable!("a commit in a commit"),
    }
}

/// Has what `sign` says of a message below a text of the size of a JWT.
fn signing(sign: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Task {
    Arc::new(move |body| {
        let mut message = vec![b'x'; 300];
        message.extend_from_slice(body);
        let mut text = vec![b'y'; 400];
        text.extend_from_slice(&sign(&message));
        Bytes::from(text)
    })
}

async fn answer(
    task: Task,
    writer: Option<Writer>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    let answer = task(&body);
    if let Some(writer) = writer {
        writer.commit().await;
    }
    let mut response = Response::new(Full::new(answer));
    response
        .headers_mut()
        .insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The one thread of a bare server that writes: what waits in its queue is committed together.
#[derive(Clone)]
struct Writer(mpsc::Sender<oneshot::Sender<()>>);

impl Writer {
    /// Starts one with a database in `dir`.
    fn start(dir: &Path) -> Self {
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

/// Rows a second when `size` of them share a durable commit, without a server.
pub fn sqlite_commits(dir: &Path, size: u64, time: Duration) -> f64 {
    let mut database = open(dir, "bare.db");
    let begin = Instant::now();
    let mut count = 0_u64;
    while begin.elapsed() < time {
        group(&mut database, count, size);
        count += size;
    }
    count as f64 / begin.elapsed().as_secs_f64()
}

fn open(dir: &Path, name: &str) -> rusqlite::Connection {
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
