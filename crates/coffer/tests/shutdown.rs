//! The end of a node: what was accepted is answered, what was acknowledged is kept, and nobody can hold it up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use coffer_types::limits::SHUTDOWN_SECONDS;
use rustix::process::Signal;
use support::{Client, Node, SECRET, card, create, exchange, home};

/// What a busy machine may add to a time limit.
const SLACK: u64 = 5;

/// What a client knows for certain: the node has said so.
#[derive(Default)]
struct Acknowledged {
    tokens: Vec<String>,
    instruments: Vec<(String, String)>,
}

/// Creates tokens, and exchanges every other one, until the connection ends. Every answer is a success.
fn work(address: SocketAddr, done: &AtomicUsize, name: usize) -> Acknowledged {
    let (mut known, mut client, body) = (Acknowledged::default(), Client::new(address), card().to_string());
    loop {
        let Some(made) = client.try_call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes()) else {
            return known;
        };
        assert_eq!(made.status, 201, "what is accepted is served: {}", made.text());
        let token = made.json()["id"].as_str().unwrap().to_owned();
        known.tokens.push(token.clone());
        if done.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            let customer = format!("cus_{name}_{}", known.tokens.len());
            let request = serde_json::json!({"token": token, "customerId": customer});
            let path = "/rebilly/payment-instruments";
            let answer = client.try_call("POST", path, &[SECRET], request.to_string().as_bytes());
            let Some(kept) = answer else { return known };
            assert_eq!(kept.status, 201, "what is accepted is served: {}", kept.text());
            known.instruments.push((token, kept.json()["id"].as_str().unwrap().to_owned()));
        }
    }
}

fn assert_kept(node: &Node, known: &Acknowledged) {
    let mut client = node.client();
    for token in &known.tokens {
        assert_eq!(
            client.call("GET", &format!("/rebilly/tokens/{token}"), &[SECRET], b"").status,
            200,
            "{token}"
        );
    }
    for (token, instrument) in &known.instruments {
        let path = format!("/rebilly/payment-instruments/{instrument}");
        assert_eq!(client.call("GET", &path, &[SECRET], b"").status, 200, "{instrument}");
        assert_eq!(exchange(&mut client, token, "cus_again").status, 422, "a used token is alive again");
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost_by_a_stop_under_load() {
    let folder = home();
    for round in 0..3 {
        let mut node = Node::sandbox(folder.path());
        let (address, done) = (node.clients, AtomicUsize::new(0));
        let (known, took) = thread::scope(|scope| {
            let done = &done;
            let workers: Vec<_> =
                (0..32).map(|name| scope.spawn(move || work(address, done, name + round * 32))).collect();
            while done.load(Ordering::Relaxed) < 500 {
                assert!(workers.iter().all(|worker| !worker.is_finished()), "a worker ended before the stop");
                thread::sleep(Duration::from_millis(1));
            }
            let began = Instant::now();
            assert!(node.stop(), "exit code 0: {}", node.said());
            let known: Vec<Acknowledged> =
                workers.into_iter().map(|worker| worker.join().expect("no panic")).collect();
            (known, began.elapsed())
        });
        assert!(took < Duration::from_secs(SHUTDOWN_SECONDS), "{took:?}");
        assert!(known.iter().map(|known| known.tokens.len()).sum::<usize>() >= 500);
        let node = Node::sandbox(folder.path());
        for known in &known {
            assert_kept(&node, known);
        }
        let mut client = node.client();
        let token = create(&mut client, &card());
        assert_eq!(exchange(&mut client, &token, &format!("cus_after_{round}")).status, 201);
    }
}

/// A create whose head was read and whose body is awaited: the node has said `100 Continue`.
fn half_sent(address: SocketAddr, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = format!(
        "POST /rebilly/tokens HTTP/1.1\r\nHost: vault\r\n{}: {}\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        SECRET.0,
        SECRET.1,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let expected = "HTTP/1.1 100 Continue\r\n\r\n";
    let mut interim = vec![0; expected.len()];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(String::from_utf8(interim).unwrap(), expected);
    stream
}

/// Waits until nobody listens any more: the order to stop has arrived.
fn wait_until_closed(address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "still listening");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_request_that_had_begun_is_finished() {
    let folder = home();
    for signal in [Signal::TERM, Signal::INT] {
        let mut node = Node::sandbox(folder.path());
        let body = card().to_string();
        let mut begun: Vec<TcpStream> = (0..8).map(|_| half_sent(node.clients, &body)).collect();
        node.signal(signal);
        wait_until_closed(node.clients);
        wait_until_closed(node.operator);
        let mut tokens = Vec::new();
        for stream in &mut begun {
            stream.write_all(body.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
            let json: serde_json::Value =
                serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
            tokens.push(json["id"].as_str().unwrap().to_owned());
        }
        assert!(node.stop(), "exit code 0 after {signal:?}: {}", node.said());
        let known = Acknowledged { tokens, instruments: Vec::new() };
        assert_kept(&Node::sandbox(folder.path()), &known);
    }
}

#[test]
fn idle_connections_do_not_hold_it_up() {
    let folder = home();
    let mut node = Node::sandbox(folder.path());
    let mut idle: Vec<Client> = (0..100).map(|_| node.client()).collect();
    for client in &mut idle {
        assert_eq!(client.call("GET", "/livez", &[], b"").status, 200);
    }
    let mut operator = Client::new(node.operator);
    assert_eq!(operator.call("GET", "/livez", &[], b"").status, 200);
    let began = Instant::now();
    assert!(node.stop(), "exit code 0: {}", node.said());
    let took = began.elapsed();
    // Nothing is waited for: neither the idle minute nor the time that accepted requests would have.
    assert!(took < Duration::from_secs(SHUTDOWN_SECONDS / 2), "{took:?}");
    for client in &mut idle {
        assert!(client.closes_within(Duration::from_secs(5)));
    }
}

#[test]
fn whoever_hangs_does_not_hold_it_up_for_longer_than_promised() {
    let folder = home();
    let mut node = Node::sandbox(folder.path());
    let token = create(&mut node.client(), &card());
    let silent: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(node.clients).unwrap()).collect();
    let mut half_heads: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(node.clients).unwrap()).collect();
    for stream in &mut half_heads {
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: vault\r\nX-Half: ").unwrap();
    }
    let half_bodies: Vec<TcpStream> = (0..10).map(|_| half_sent(node.clients, &card().to_string())).collect();
    let began = Instant::now();
    assert!(node.stop(), "exit code 0: {}", node.said());
    let took = began.elapsed();
    assert!(took < Duration::from_secs(SHUTDOWN_SECONDS + SLACK), "{took:?}");
    drop((silent, half_heads, half_bodies));
    let node = Node::sandbox(folder.path());
    assert_kept(&node, &Acknowledged { tokens: vec![token], instruments: Vec::new() });
}
