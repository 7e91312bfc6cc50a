//! The running node, over its admin socket: one request a connection.

use std::{
    io::{self, ErrorKind, Read, Write},
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rustix::process::geteuid;
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

/// What a sealed node is told as.
pub(super) const SEALED: &str = "the vault is sealed: custodians open it first (coffer keys unseal)";
/// Who may give orders.
const RUN_AS: &str = "Run this as the node's user or root";

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
    /// The node with this socket; none when it is stopped. An error where this user may not open it.
    pub(super) fn at(path: &Path) -> Result<Option<Self>, NodeError> {
        let connected = if_there(path, UnixStream::connect(path))?;
        Ok(connected.map(|_| Self { path: path.to_owned() }))
    }

    /// The same with a socket in this folder.
    pub(super) fn in_folder(folder: &Path) -> Result<Option<Self>, NodeError> {
        let Some(entries) = if_there(folder, std::fs::read_dir(folder))? else { return Ok(None) };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "sock"));
        paths.sort();
        let mut refused = None;
        for path in &paths {
            match Self::at(path) {
                Ok(None) => {}
                Ok(server) => return Ok(server),
                Err(error) => refused = Some(error),
            }
        }
        refused.map_or(Ok(None), Err)
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
        let answered = self.exchange(method, path, body);
        if !answered.as_ref().is_ok_and(|answer| !answer.is_empty()) && self.turns_away() {
            let path = self.path.display();
            return Err(format!("{path}: the node has turned this user away. {RUN_AS}").into());
        }
        let answer = answered.map_err(|error| format!("the node did not answer: {error}"))?;
        Answer::parse(&answer).ok_or_else(|| "the node did not answer: it was stopped meanwhile".into())
    }

    fn exchange(&self, method: &str, path: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = UnixStream::connect(&self.path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// Whether this is a user from whom the node takes no orders: it hangs up without a word. The socket is the node's
    /// user's.
    fn turns_away(&self) -> bool {
        let user = geteuid();
        let owner = std::fs::metadata(&self.path).map(|of| of.uid());
        !user.is_root() && owner.is_ok_and(|owner| owner != user.as_raw())
    }
}

/// None where nothing is, or nobody listens. What this user may not see is an error, and no stopped node.
fn if_there<T>(path: &Path, opened: io::Result<T>) -> Result<Option<T>, NodeError> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Ok(None),
            ErrorKind::PermissionDenied => {
                Err(format!("{}: permission denied. {RUN_AS}", path.display()).into())
            }
            _ => Err(format!("{}: {error}", path.display()).into()),
        },
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
        let word = |name| body.as_ref()?.get(name)?.as_str();
        match (word("error"), word("title")) {
            (Some(error), _) => error.to_owned(),
            (None, Some("sealed")) => SEALED.to_owned(),
            _ => format!("the node answered {}", self.status),
        }
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
