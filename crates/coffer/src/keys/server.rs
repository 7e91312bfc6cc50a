//! The running node, over its admin socket: one request a connection.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::node::NodeError;

/// The longest that an order takes, and some more.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often a store that is busy is asked again.
const TRIES: usize = 20;
const TRIES_EVERY: Duration = Duration::from_millis(500);
/// An answer is never longer: a line for each version of each key of a hundred thousand tenants.
const ANSWER_BYTES: u64 = 1 << 30;

/// A node that answers.
pub(super) struct Server {
    path: PathBuf,
}

/// What it answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Server {
    /// The node with this socket; none when it is stopped.
    pub(super) fn at(path: &Path) -> Option<Self> {
        UnixStream::connect(path).ok().map(|_| Self { path: path.to_owned() })
    }

    /// A node with a socket in this folder.
    pub(super) fn in_folder(folder: &Path) -> Option<Self> {
        let entries = std::fs::read_dir(folder).ok()?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "sock"));
        paths.sort();
        paths.iter().find_map(|path| Self::at(path))
    }

    /// Asks, and gives the answer of a success; an error has the node's words. What only reads is asked again while the
    /// store is busy.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<T, NodeError> {
        let mut answer = self.call(method, path, body)?;
        for _ in 0..TRIES {
            if method != "GET" || answer.status != 503 {
                break;
            }
            thread::sleep(TRIES_EVERY);
            answer = self.call(method, path, body)?;
        }
        if !(200..300).contains(&answer.status) {
            return Err(answer.words().into());
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// Asks, whatever is answered.
    pub(super) fn call(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer, NodeError> {
        let told = |error: std::io::Error| format!("the node did not answer: {error}");
        let mut stream = UnixStream::connect(&self.path).map_err(told)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).map_err(told)?;
        stream.write_all(body).map_err(told)?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES).read_to_end(&mut answer).map_err(told)?;
        Answer::parse(&answer).ok_or_else(|| "the node did not answer: it was stopped meanwhile".into())
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let body = bytes.get(end + 4..)?;
        // Cut off where the node ended.
        (length.unwrap_or(0) == body.len()).then(|| Self { status, body: body.to_vec() })
    }

    /// The node's words for what went wrong.
    pub(super) fn words(&self) -> String {
        let body: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let error = body.and_then(|body| body.get("error")?.as_str().map(str::to_owned));
        error.unwrap_or_else(|| format!("the node answered {}", self.status))
    }
}

/// An order with a secret in it, in one buffer that is wiped. `secret` has letters, digits and hyphens alone.
pub(super) fn secret_body(before: &str, secret: &str, after: &str) -> Zeroizing<Vec<u8>> {
    // With all the room that is needed: a buffer that grows leaves a copy behind.
    let mut body = Zeroizing::new(Vec::with_capacity(before.len() + secret.len() + after.len()));
    for part in [before, secret, after] {
        body.extend_from_slice(part.as_bytes());
    }
    body
}
