//! Requests that two readers could read differently. Each is sent on its own connection with an honest request after
//! it. Whatever happens to the first, the request that hides in it is never answered, nobody loses the thread, and
//! nothing is our fault.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use super::raw::{Raw, Received, chunked};
use crate::support::{Node, card, home};

/// What hides: answered 200 with `ready`, if it were taken for a request.
const HIDDEN: &str = "GET /readyz HTTP/1.1\r\nHost: vault\r\nX-Hidden: ";
/// What follows: answered 200 with `live`.
const FOLLOW_UP: &str = "GET /livez HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n";
const HEAD: &str = "POST /rebilly/tokens HTTP/1.1\r\nHost: vault\r\nREB-APIKEY: sk_sandbox_coffer\r\n";

/// What may happen to the first request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    /// It is malformed: 4xx or no answer, and the connection ends.
    Refused,
    /// A strict reader would refuse it; it may be served in the one way that RFC 9112 gives it, as the last request of
    /// its connection.
    Last,
    /// It can be read in one way only, and may be served; the connection then goes on in step, or ends.
    Served,
}

struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    first: First,
}

fn case(name: &'static str, first: First, bytes: impl AsRef<[u8]>) -> Case {
    Case { name, bytes: bytes.as_ref().to_vec(), first }
}

/// Length and chunks together, and lengths that are none.
fn lengths() -> Vec<Case> {
    let (body, hidden) = (card().to_string(), format!("{HIDDEN}x\r\n\r\n"));
    let (length, empty) = (body.len(), format!("0\r\n\r\n{hidden}"));
    let (both, all) = (format!("{body}{hidden}"), empty.len());
    let chunked = chunked(&body, 50);
    let with = |lines: &str, body: &str| format!("{HEAD}{lines}\r\n{body}");
    let two =
        |first: usize, second: usize| format!("Content-Length: {first}\r\nContent-Length: {second}\r\n");
    let coded = |before: &str, after: &str| format!("{before}Transfer-Encoding: chunked\r\n{after}");
    let one = |value: String| format!("Content-Length: {value}\r\n");
    let (refused, last, served) = (First::Refused, First::Last, First::Served);
    vec![
        case("length, then chunked", last, with(&coded(&one(all.to_string()), ""), &empty)),
        case("chunked, then length", last, with(&coded("", &one(all.to_string())), &empty)),
        case("a short length and chunks", last, with(&coded(&one("4".to_owned()), ""), &chunked)),
        case("two lengths", refused, with(&two(length, 0), &both)),
        case("two lengths, zero first", refused, with(&two(0, length), &both)),
        case("the same length twice", served, with(&two(length, length), &body)),
        case("a list of lengths", refused, with(&one(format!("{length}, 0")), &both)),
        case("a signed length", refused, with(&one(format!("+{length}")), &body)),
        case("a negative length", refused, with(&one("-1".to_owned()), &hidden)),
        case("a hexadecimal length", refused, with(&one("0x10".to_owned()), &hidden)),
        case("no length", refused, with(&one(String::new()), &hidden)),
        case("an honest length", served, with(&one(length.to_string()), &body)),
        case("a length that ends early", served, with(&one((length - 1).to_string()), &body)),
    ]
}

/// Transfer codings other than one `chunked`.
fn codings() -> Vec<Case> {
    let (body, hidden) = (card().to_string(), format!("{HIDDEN}x\r\n\r\n"));
    let chunked = chunked(&body, 50);
    let both = format!("{chunked}{hidden}");
    let with = |value: &str, body: &str| format!("{HEAD}Transfer-Encoding: {value}\r\n\r\n{body}");
    let old = with("chunked", &format!("0\r\n\r\n{hidden}")).replacen("HTTP/1.1", "HTTP/1.0", 1);
    let (refused, served) = (First::Refused, First::Served);
    vec![
        case("two encodings", refused, with("chunked\r\nTransfer-Encoding: identity", &chunked)),
        case("chunked twice", refused, with("chunked\r\nTransfer-Encoding: chunked", &both)),
        case("chunked twice in one line", refused, with("chunked, chunked", &both)),
        case("an unknown encoding", refused, with("xchunked", &chunked)),
        case("an encoding before chunked", refused, with("gzip, chunked", &both)),
        case("chunked is not last", refused, with("chunked, identity", &chunked)),
        case("chunked in quotes", refused, with("\"chunked\"", &chunked)),
        case("chunks in HTTP/1.0", refused, old),
        case("capital letters", served, with("CHUNKED", &chunked)),
        case("an honest chunked body", served, with("chunked", &chunked)),
    ]
}

/// Chunks that are not chunks.
fn chunks() -> Vec<Case> {
    let hidden = format!("{HIDDEN}x\r\n\r\n");
    let with = |body: &str| format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{body}");
    let refused = First::Refused;
    vec![
        case("a chunk size that is no number", refused, with(&format!("zz\r\n{hidden}"))),
        case("a negative chunk size", refused, with(&format!("-1\r\n{hidden}"))),
        case("a chunk size with a prefix", refused, with(&format!("0x2\r\n{{}}\r\n0\r\n\r\n{hidden}"))),
        case("a chunk size beyond all bounds", refused, with(&format!("ffffffffffffffff1\r\n{hidden}"))),
        case("a chunk size of all bits", refused, with(&format!("ffffffffffffffff\r\n{hidden}"))),
        case("a chunk longer than its size", refused, with(&format!("2\r\n{{}}{{}}\r\n0\r\n\r\n{hidden}"))),
        case("a chunk without its end", refused, with(&format!("2\r\n{{}}0\r\n\r\n{hidden}"))),
        case("a bare line feed after a size", refused, with(&format!("2\n{{}}\r\n0\r\n\r\n{hidden}"))),
        case("an empty chunk size", refused, with(&format!("\r\n{hidden}"))),
        case(
            "a line feed in an extension",
            refused,
            with(&format!("2;a=\"\nb\"\r\n{{}}\r\n0\r\n\r\n{hidden}")),
        ),
    ]
}

/// Lines that are not header lines, and other ways to end one.
fn lines() -> Vec<Case> {
    let (body, hidden) = (card().to_string(), format!("{HIDDEN}x\r\n\r\n"));
    let length = body.len();
    let with = |lines: &str| format!("{HEAD}{lines}\r\n{body}");
    let refused = First::Refused;
    let mut nul_name = with(&format!("X-A\u{0}B: y\r\nContent-Length: {length}\r\n")).into_bytes();
    nul_name.extend_from_slice(hidden.as_bytes());
    vec![
        case("a folded line", refused, with(&format!("X-Folded: a\r\n b\r\nContent-Length: {length}\r\n"))),
        case(
            "a folded encoding",
            refused,
            with(&format!("Content-Length: {length}\r\nTransfer-Encoding:\r\n chunked\r\n")),
        ),
        case(
            "a first line that is folded",
            refused,
            format!("POST /rebilly/tokens HTTP/1.1\r\n X: y\r\nContent-Length: {length}\r\n\r\n{body}"),
        ),
        case("a space before the colon", refused, with(&format!("Content-Length : {length}\r\n"))),
        case(
            "a tab before the colon",
            refused,
            with(&format!("Transfer-Encoding\t: chunked\r\nContent-Length: {length}\r\n")),
        ),
        case("no colon", refused, with(&format!("Nonsense\r\nContent-Length: {length}\r\n"))),
        case("no name", refused, with(&format!(": y\r\nContent-Length: {length}\r\n"))),
        case("a NUL in a name", refused, nul_name),
        case("a NUL in a value", refused, with(&format!("X-A: a\u{0}b\r\nContent-Length: {length}\r\n"))),
        case(
            "a carriage return in a value",
            refused,
            with(&format!("X-A: a\rTransfer-Encoding: chunked\r\nContent-Length: {length}\r\n")),
        ),
        case(
            "only line feeds",
            First::Served,
            with(&format!("Content-Length: {length}\r\n")).replace("\r\n", "\n"),
        ),
        case("one bare line feed", First::Served, with(&format!("X-A: b\nContent-Length: {length}\r\n"))),
        case(
            "a line feed hides a header",
            First::Last,
            with(&format!("X-A: b\nTransfer-Encoding: chunked\r\nContent-Length: {length}\r\n")),
        ),
    ]
}

/// Request lines and targets.
fn targets() -> Vec<Case> {
    let (body, hidden) = (card().to_string(), format!("{HIDDEN}x\r\n\r\n"));
    let whole = format!("{HEAD}Content-Length: {}\r\n\r\n{body}", body.len());
    let (refused, served) = (First::Refused, First::Served);
    let line = |from: &str, to: &str| whole.replacen(from, to, 1);
    vec![
        case(
            "another host in the target",
            refused,
            line("/rebilly/tokens", "http://elsewhere/rebilly/tokens"),
        ),
        case("the same host in the target", served, line("/rebilly/tokens", "http://vault/rebilly/tokens")),
        case("no host", refused, line("Host: vault\r\n", "")),
        case("two hosts", refused, line("Host: vault\r\n", "Host: vault\r\nHost: elsewhere\r\n")),
        case("a host with a path", refused, line("Host: vault", "Host: vault/x")),
        case("HTTP/1.0", served, line("HTTP/1.1", "HTTP/1.0")),
        case("HTTP/0.9", refused, format!("GET /readyz\r\n{hidden}")),
        case("HTTP/1.2", refused, line("HTTP/1.1", "HTTP/1.2")),
        case("HTTP/3", refused, line("HTTP/1.1", "HTTP/3")),
        case("the preface of HTTP/2", refused, format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{hidden}")),
        case("a space in the target", refused, line("/rebilly/tokens", "/rebilly/tokens HTTP/1.1 x")),
        case("a tunnel", served, "CONNECT vault:443 HTTP/1.1\r\nHost: vault:443\r\n\r\n"),
        case(
            "a tunnel elsewhere",
            refused,
            format!("CONNECT elsewhere:443 HTTP/1.1\r\nHost: vault\r\n\r\n{hidden}"),
        ),
        case("a method with a slash", refused, line("POST", "PO/ST")),
        case(
            "an upgrade",
            served,
            line("Host: vault\r\n", "Host: vault\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"),
        ),
        case("a TLS hello", refused, [&[0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3][..], &[0x5a; 194]].concat()),
        case("noise", refused, [&[0u8, 255, 13, 10, 0, 128][..], hidden.as_bytes()].concat()),
    ]
}

/// Sends a case and an honest request after it, and reads to the end.
fn run(address: SocketAddr, case: &Case) -> Received {
    let mut raw = Raw::open(address);
    raw.send(&case.bytes);
    raw.send(FOLLOW_UP);
    raw.until_closed(Instant::now() + Duration::from_secs(14))
}

/// What is wrong with how a case was taken.
fn judge(case: &Case, received: &Received) -> Option<String> {
    let (answers, name) = (&received.answers, case.name);
    let wrong = |what: &str| Some(format!("{name}: {what}: {received:?}"));
    if answers.iter().any(|(_, body)| body == "ready\n") {
        return wrong("the hidden request was answered");
    }
    if answers.iter().any(|(status, _)| *status >= 500) {
        return wrong("our fault");
    }
    if !received.closed || received.rest > 0 {
        return wrong("not brought to an end");
    }
    let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    let followed = answers.last().is_some_and(|(status, body)| *status == 200 && body == "live\n");
    match case.first {
        First::Refused if statuses.iter().any(|status| *status < 400) || statuses.len() > 1 => {
            wrong("not refused")
        }
        First::Last if statuses.len() > 1 || followed => wrong("not the last"),
        First::Served if statuses.is_empty() || statuses.len() > 2 => wrong("out of step"),
        First::Served if statuses.len() == 2 && !followed && statuses[1] != 400 => wrong("out of step"),
        _ => None,
    }
}

#[test]
fn nothing_hides_in_a_request() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let cases: Vec<Case> =
        [lengths(), codings(), chunks(), lines(), targets()].into_iter().flatten().collect();
    let address = node.clients;
    let wrong: Vec<String> = thread::scope(|scope| {
        let run = |case| scope.spawn(move || judge(case, &run(address, case)));
        let running: Vec<_> = cases.iter().map(run).collect();
        running.into_iter().filter_map(|one| one.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(node.client().call("GET", "/livez", &[], b"").status, 200);
}
