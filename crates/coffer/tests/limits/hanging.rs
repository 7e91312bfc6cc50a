//! Half-sent heads and bodies, and silence: each ends by itself, and while they hang, others are served.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use coffer_types::limits::{BODY_READ_SECONDS, HEADER_READ_SECONDS};

use super::raw::{Raw, create_head, create_request, padded};
use crate::support::{Client, Node, SECRET, card, create, home};

/// What a busy machine may add to a time limit.
const SLACK: u64 = 5;

/// How a connection hangs.
struct Hanging {
    name: &'static str,
    /// Sent and answered before it hangs.
    before: &'static str,
    /// Sent at once.
    begin: String,
    /// Sent after it, a byte every half second, for as long as the peer takes it.
    drip: &'static str,
    /// Seconds after which it must be over.
    limit: u64,
    /// Answers that the peer may give before it closes.
    answers: &'static [u16],
}

fn ways() -> Vec<Hanging> {
    let (head, body) = (HEADER_READ_SECONDS, BODY_READ_SECONDS);
    let half_head = "GET /livez HTTP/1.1\r\nHost: vault\r\nX-Half: ";
    let half_body = format!("{}Content-Length: 1000\r\n\r\n{{\"method\":", create_head());
    let half_chunk = format!("{}Transfer-Encoding: chunked\r\n\r\n100\r\n{{\"method\":", create_head());
    let way = |name, begin: &str, drip, limit, answers| Hanging {
        name,
        before: "",
        begin: begin.to_owned(),
        drip,
        limit,
        answers,
    };
    let second = way("half a second head", half_head, "", head, &[408]);
    vec![
        way("silence", "", "", head, &[]),
        way("half a request line", "GET /li", "", head, &[408]),
        way("half a head", half_head, "", head, &[408]),
        way("a head without its end", &half_head.replace("X-Half: ", ""), "", head, &[408]),
        way(
            "a head byte by byte",
            "GET /livez HTTP/1.1\r\n",
            "X-Drip: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
            head,
            &[408],
        ),
        Hanging { before: "GET /livez HTTP/1.1\r\nHost: vault\r\n\r\n", ..second },
        way("half a body", &half_body, "", body, &[408]),
        way("half a chunk", &half_chunk, "", body, &[408]),
        way(
            "a body byte by byte",
            &half_body,
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
            body,
            &[408],
        ),
        way("half a body of nobody", &half_body.replace("REB-APIKEY", "X-Other"), "", body, &[401]),
    ]
}

/// Hangs in one way until the peer ends it, and says what was wrong with that.
fn hang(address: SocketAddr, way: &Hanging) -> Option<String> {
    let mut raw = Raw::open(address);
    if !way.before.is_empty() {
        assert_eq!(raw.status(way.before), Some(200));
    }
    let began = Instant::now();
    raw.send(&way.begin);
    for byte in way.drip.bytes() {
        if began.elapsed() > Duration::from_secs(way.limit + SLACK) || !raw.send([byte]) {
            break;
        }
        thread::sleep(Duration::from_millis(500));
    }
    let received = raw.until_closed(began + Duration::from_secs(way.limit + SLACK));
    let statuses: Vec<u16> = received.answers.iter().map(|(status, _)| *status).collect();
    let expected = way.answers.starts_with(&statuses);
    (!received.closed || !expected).then(|| format!("{}: {received:?} after {:?}", way.name, began.elapsed()))
}

/// A client that needs two seconds for its head and for its body is slow and honest.
fn slow_and_honest(address: SocketAddr) -> Option<String> {
    let mut raw = Raw::open(address);
    let request = create_request(&padded(2_000));
    for part in [&request[..40], &request[40..700], &request[700..]] {
        thread::sleep(Duration::from_secs(2));
        raw.send(part);
    }
    let status = raw.status("");
    (status != Some(201)).then(|| format!("slow and honest: {status:?}"))
}

/// A connection that waits for its next call longer than a head may take.
fn idle_and_honest(address: SocketAddr) -> Option<String> {
    let mut client = Client::new(address);
    create(&mut client, &card());
    thread::sleep(Duration::from_secs(HEADER_READ_SECONDS + 2));
    let answer = client.try_call("POST", "/rebilly/tokens", &[SECRET], card().to_string().as_bytes());
    let status = answer.map(|answer| answer.status);
    (status != Some(201)).then(|| format!("idle and honest: {status:?}"))
}

#[test]
fn what_hangs_ends_and_meanwhile_others_are_served() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let ways = ways();
    let address = node.clients;
    let wrong: Vec<String> = thread::scope(|scope| {
        let every = ways.iter().cycle().take(300);
        let mut hanging: Vec<_> = every.map(|way| scope.spawn(move || hang(address, way))).collect();
        hanging.push(scope.spawn(move || slow_and_honest(address)));
        hanging.push(scope.spawn(move || idle_and_honest(address)));
        // Every call is served for as long as something hangs; most of the time, nearly all of them do.
        let mut most = 0;
        let mut client = node.client();
        while hanging.iter().any(|one| !one.is_finished()) {
            create(&mut client, &card());
            assert_eq!(
                node.client().call("GET", "/readyz", &[], b"").status,
                200,
                "a new connection is served"
            );
            most = most.max(open_connections(&node));
            thread::sleep(Duration::from_millis(20));
        }
        assert!(most >= 250, "only {most} hung at a time");
        hanging.into_iter().filter_map(|one| one.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn open_connections(node: &Node) -> usize {
    let metrics = node.metrics();
    let line = metrics.lines().find_map(|line| line.strip_prefix("coffer_connections ")).expect("the gauge");
    line.trim().parse().expect("a count")
}
