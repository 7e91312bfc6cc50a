//! Idempotency (section 1.3): a request is carried out once for its `Idempotency-Key`, and whoever sends it again is
//! given the same answer. The core keeps the answers; here is what of a request makes it the same.

use std::{future::Future, pin::Pin, sync::Arc};

use coffer_core::{Ask, Asked, Attempt, Once, Refused, SavedReply};
use coffer_types::{Tenant, limits};
use zeroize::Zeroizing;

use super::error::{self, Problem};
use crate::{
    app::App,
    call::Call,
    detector::is_code,
    json::{self, Node},
    reply::Reply,
};

/// What carries out a request.
pub(super) type Tried<'t> = Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send + 't>>;

/// Members whose values are sensitive authentication data, or may hold it (security reference 2), beside those that the
/// detector knows under other names.
const SENSITIVE: [&str; 11] = [
    "cvv",
    "cvvEncrypted",
    "dataKsn",
    "encryptedData",
    "encryptedPan",
    "iccData",
    "issueNumber",
    "pin",
    "pinKsn",
    "rawData",
    "trackData",
];

/// A request, as far as it is the same or not.
pub(super) struct Asking {
    /// A UUID of version 4, in lower case.
    key: String,
    /// The session of a browser: what it calls a key is nobody else's.
    session: Option<String>,
    /// Method, path and query.
    target: String,
    /// The body without what is sensitive.
    body: Zeroizing<Vec<u8>>,
    /// What is sensitive.
    sad: Zeroizing<Vec<u8>>,
}

impl Asking {
    /// Reads the key and what is asked for. The body need not be JSON.
    pub(super) fn of(call: &Call, body: &[u8]) -> Result<Self, Problem> {
        if !call.has_header(HEADER) {
            return Err(Problem::NoKey);
        }
        let key = call.header(HEADER).and_then(uuid);
        let message = "Must be a UUID of version 4.";
        let key = key.ok_or_else(|| Problem::invalid("Idempotency-Key", message))?;
        let (body, sad) = canonical(body);
        let session = call.param("session").map(str::to_ascii_lowercase);
        Ok(Self { key, session, target: call.target(), body, sad })
    }
}

impl Asking {
    /// The key, as it is given on to an upstream.
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

const HEADER: &str = "idempotency-key";

/// A UUID of version 4 (RFC 9562, 5.4), in lower case.
fn uuid(text: &str) -> Option<String> {
    let is_part = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => byte == b'4',
        19 => matches!(byte.to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b'),
        _ => byte.is_ascii_hexdigit(),
    };
    (text.len() == 36 && text.bytes().enumerate().all(is_part)).then(|| text.to_ascii_lowercase())
}

/// Carries out a request that may come again. `run` is called at most a few times, and each time nothing of the one
/// before was done.
pub(super) async fn run<'t>(
    app: &App,
    tenant: Tenant,
    asking: &Asking,
    run: impl Fn(Arc<Attempt>) -> Tried<'t> + Sync,
) -> Result<Reply, Problem> {
    for _ in 0..limits::PLAN_ATTEMPTS {
        let what: [&[u8]; 2] = [asking.target.as_bytes(), &asking.body];
        let key = match &asking.session {
            Some(session) => format!("{session} {}", asking.key),
            None => asking.key.clone(),
        };
        let ask = Ask { key: key.as_bytes(), what: &what, sad: &asking.sad };
        let attempt = match app.vault.ask(tenant, ask).await? {
            Asked::New(attempt) => Arc::new(attempt),
            Asked::Answered(saved) => return Ok(Reply::saved(saved)),
            Asked::Different => return Err(Problem::KeyInUse { underway: false }),
            Asked::Underway => return Err(Problem::KeyInUse { underway: true }),
            Asked::Unknown => return Err(Problem::Unknown),
        };
        match run(Arc::clone(&attempt)).await {
            Err(Problem::Refused(Refused::Answered)) => {}
            Err(problem) if problem.is_kept() => {
                let reply = error::reply(&problem);
                match app.vault.answer(&attempt, &reply.save()).await {
                    Err(Refused::Answered) => {}
                    kept => return kept.map(|()| reply).map_err(Problem::from),
                }
            }
            done => return done,
        }
    }
    Err(Problem::Refused(Refused::Contended))
}

/// An answer that was rendered before the commit. What was just made can be shown: an error is a fault of ours.
pub(super) type Rendered = Result<Reply, Refused>;

/// How the answer of an act is kept.
pub(super) fn keeping(attempt: &Attempt) -> Once<'_, Rendered> {
    Once { attempt, save: &save }
}

fn save(rendered: &Rendered) -> SavedReply {
    match rendered {
        Ok(reply) => reply.save(),
        Err(refused) => error::reply(&Problem::Refused(*refused)).save(),
    }
}

/// A body in a form that is the same for all that say the same: members in the order of their names. What is sensitive
/// stands apart. What is no JSON cannot be told apart from it.
fn canonical(body: &[u8]) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
    let Ok(node) = json::parse(body) else {
        return (Zeroizing::new(b"not JSON".to_vec()), Zeroizing::new(body.to_vec()));
    };
    // Sized once: a buffer that grows leaves unwiped copies behind.
    let size = body.len() + HEAD * count(&node);
    let mut parts = Parts {
        plain: Zeroizing::new(Vec::with_capacity(size)),
        sensitive: Zeroizing::new(Vec::with_capacity(size)),
    };
    parts.write(&node, false);
    (parts.plain, parts.sensitive)
}

/// Bytes before each value, and of each number.
const HEAD: usize = 32;

fn count(node: &Node<'_>) -> usize {
    match node {
        Node::List(nodes) => 1 + nodes.iter().map(count).sum::<usize>(),
        Node::Object(members) => 1 + members.iter().map(|(_, node)| 1 + count(node)).sum::<usize>(),
        _ => 1,
    }
}

struct Parts {
    plain: Zeroizing<Vec<u8>>,
    sensitive: Zeroizing<Vec<u8>>,
}

impl Parts {
    fn write(&mut self, node: &Node<'_>, is_sensitive: bool) {
        match node {
            Node::Null => self.put(is_sensitive, b'n', &[]),
            Node::Bool(value) => self.put(is_sensitive, b'b', &[u8::from(*value)]),
            Node::Integer(value) => self.put(is_sensitive, b'i', &value.to_be_bytes()),
            Node::Number(value) => self.put(is_sensitive, b'f', &value.to_bits().to_be_bytes()),
            Node::Text(text) => self.put(is_sensitive, b't', text.as_str().as_bytes()),
            Node::List(nodes) => {
                self.put(is_sensitive, b'l', &nodes.len().to_be_bytes());
                for node in nodes {
                    self.write(node, is_sensitive);
                }
            }
            Node::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_unstable_by_key(|(name, _)| name.as_str());
                self.put(is_sensitive, b'o', &sorted.len().to_be_bytes());
                for (name, node) in sorted {
                    let name = name.as_str();
                    self.put(is_sensitive, b't', name.as_bytes());
                    let apart = is_sensitive || SENSITIVE.contains(&name) || is_code(name, node);
                    if apart && !is_sensitive {
                        self.put(false, b's', &[]);
                    }
                    self.write(node, apart);
                }
            }
        }
    }

    fn put(&mut self, is_sensitive: bool, kind: u8, value: &[u8]) {
        let out = if is_sensitive { &mut self.sensitive } else { &mut self.plain };
        out.push(kind);
        out.extend_from_slice(&value.len().to_be_bytes());
        out.extend_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(body: &str) -> (Vec<u8>, Vec<u8>) {
        let (plain, sensitive) = canonical(body.as_bytes());
        assert!(plain.capacity() >= plain.len());
        (plain.to_vec(), sensitive.to_vec())
    }

    #[test]
    fn the_order_of_members_and_blanks_make_no_difference() {
        let one = parts(r#"{"a":1,"b":[{"c":null,"d":"x"}],"e":true}"#);
        assert_eq!(one, parts(r#" { "e" : true, "b" : [ { "d":"\u0078", "c":null } ], "a":1 } "#));
    }

    #[test]
    fn everything_else_does() {
        let bodies = [
            r#"{"a":1}"#,
            r#"{"a":2}"#,
            r#"{"a":"1"}"#,
            r#"{"a":true}"#,
            r#"{"a":null}"#,
            r#"{"a":[1]}"#,
            r#"{"a":{}}"#,
            r#"{"a":[]}"#,
            r#"{"b":1}"#,
            r#"{"a":1,"b":1}"#,
            r#"{"a":1.5}"#,
            "{}",
            "[]",
            "{",
            "",
            r#"{"ab":""}"#,
            r#"{"a":"b"}"#,
            r#"{"cvv":"1"}"#,
            r#"{"cvv":"2"}"#,
            r#"{"cvv":"12"}"#,
            r#"{"cvv":null}"#,
            r#"{"a":{"cvv":"1"}}"#,
        ];
        let all: Vec<_> = bodies.iter().map(|body| parts(body)).collect();
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other != one), "{}", bodies[at]);
        }
    }

    #[test]
    fn what_is_sensitive_stands_apart_wherever_it_is() {
        for name in SENSITIVE.into_iter().chain(["CVV", "cvc", "securityCode", "pinBlock", "track2Data"]) {
            let body = format!(r#"{{"source":{{"x":[{{"{name}":{{"deep":["MARKED"]}}}}]}},"other":"kept"}}"#);
            let (plain, sensitive) = parts(&body);
            let holds =
                |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!holds(&plain, "MARKED") && holds(&sensitive, "MARKED"), "{name}");
            assert!(holds(&plain, "kept") && !holds(&sensitive, "kept"), "{name}");
        }
        let (plain, sensitive) = parts("MARKED {");
        assert_eq!((plain.as_slice(), sensitive.as_slice()), (&b"not JSON"[..], &b"MARKED {"[..]));
    }

    #[test]
    fn a_key_is_a_uuid_of_version_4() {
        let key = "8e03978e-40d5-43e8-bc93-6894a57f9324";
        assert_eq!(uuid(key).as_deref(), Some(key));
        assert_eq!(uuid(&key.to_uppercase()).as_deref(), Some(key), "one key in either case");
        for other in [
            "",
            "8e03978e40d543e8bc936894a57f9324",
            "8e03978e-40d5-13e8-bc93-6894a57f9324",
            "8e03978e-40d5-43e8-cc93-6894a57f9324",
            "8e03978e-40d5-43e8-bc93-6894a57f932g",
            "{8e03978e-40d5-43e8-bc93-6894a57f932}",
            "8e03978e-40d5-43e8-bc93-6894a57f93244",
        ] {
            assert_eq!(uuid(other), None, "{other}");
        }
    }
}
