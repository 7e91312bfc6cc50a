//! Callers that make and use tokens at every node until they are told to stop. Each keeps its connection, and each
//! answer that should not be is a panic.

use std::{
    io::Write,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    book::{Book, Keyed, Token},
    calls::{API, TERMINAL, card_of, fresh_key, judge, text},
    dice::Dice,
    support::{Answer, Client, REDEEM, SECRET},
    watch::Watch,
};

/// What is promised: no answer takes longer, whatever the database does.
pub(crate) const PROMISED: Duration = Duration::from_secs(5);

/// Callers of each node.
const CALLERS: usize = 2;

/// So many unused tokens are enough; then they are used only.
const UNUSED: usize = 100;

/// After so many tokens the callers take their time: all of them are looked at in the end.
const MANY: usize = 1_000;

/// A published number that is no example of the dialect's own.
const PAYROC_NUMBER: &str = "4000060000000006";

/// How long it may take until so much was written as is waited for.
const LONGEST: Duration = Duration::from_mins(2);

/// Keeps callers busy until it is dropped, also by a failure.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Does something while callers of all nodes are at work and somebody watches every node.
pub(crate) fn under_load<T>(
    nodes: &[SocketAddr],
    bearer: &str,
    book: &Book,
    meanwhile: impl FnOnce(&Watch) -> T,
) -> T {
    let (stop, watch) = (AtomicBool::new(false), Watch::of(nodes));
    thread::scope(|scope| {
        let _until = Until(&stop);
        start(scope, nodes, bearer, book, &stop);
        watch.start(scope, &stop);
        until_written(book, 60);
        meanwhile(&watch)
    })
}

/// The same without callers.
#[allow(dead_code, reason = "one of the two test crates needs it")]
pub(crate) fn at_rest<T>(nodes: &[SocketAddr], meanwhile: impl FnOnce(&Watch) -> T) -> T {
    let (stop, watch) = (AtomicBool::new(false), Watch::of(nodes));
    thread::scope(|scope| {
        let _until = Until(&stop);
        watch.start(scope, &stop);
        meanwhile(&watch)
    })
}

/// Waits until so much more was written; how long that took.
pub(crate) fn until_written(book: &Book, more: usize) -> Duration {
    let (began, wanted) = (Instant::now(), book.lock().written + more);
    while book.lock().written < wanted {
        assert!(began.elapsed() < LONGEST, "nothing is written any more: {}", book.lock().figures());
        thread::sleep(Duration::from_millis(5));
    }
    began.elapsed()
}

/// Past the test harness, which would keep it back.
pub(crate) fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).expect("an error output");
}

/// A caller with its connection.
pub(crate) struct Caller<'a> {
    client: Client,
    address: SocketAddr,
    bearer: &'a str,
    book: &'a Book,
    dice: Dice,
}

/// Starts callers of all nodes in this scope.
fn start<'s>(
    scope: &'s thread::Scope<'s, '_>,
    nodes: &'s [SocketAddr],
    bearer: &'s str,
    book: &'s Book,
    stop: &'s AtomicBool,
) {
    for (at, address) in nodes.iter().flat_map(|node| [node; CALLERS]).enumerate() {
        let mut caller = Caller::new(*address, bearer, book, at);
        scope.spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                caller.step();
            }
        });
    }
}

impl<'a> Caller<'a> {
    pub(crate) fn new(address: SocketAddr, bearer: &'a str, book: &'a Book, at: usize) -> Self {
        Self { client: Client::new(address), address, bearer, book, dice: Dice::of(at as u64, at, at) }
    }

    /// One request.
    fn step(&mut self) {
        let (many, enough) = {
            let pages = self.book.lock();
            (pages.tokens.len() > MANY, pages.unused() >= UNUSED)
        };
        thread::sleep(Duration::from_millis(if many { 40 } else { 0 }));
        match self.dice.below(10) {
            0..=2 if !enough => self.create(),
            3 | 4 if !enough => self.create_keyed(|caller| Some(caller.fresh_keyed())),
            5 => self.create_keyed(|caller| caller.book.lock().take_keyed(&mut caller.dice)),
            6 | 7 => self.spend(Self::exchange),
            _ => self.spend(Self::redeem),
        }
    }

    /// Sends a request: it is answered in time, and if not as it was asked for, then by 503 and when to try again.
    fn ask(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let began = Instant::now();
        let answer = self.client.try_call("POST", path, headers, body);
        let (took, address) = (began.elapsed(), self.address);
        let answer = answer.unwrap_or_else(|| panic!("{address}: no answer to {path} after {took:?}"));
        assert!(took < PROMISED, "{address}: {path} was answered after {took:?}: {}", answer.status);
        let Answer { status, .. } = answer;
        assert!(status < 500 || status == 503, "{address}: {path} {status} {}", answer.text());
        self.book.lock().note(status, took);
        let wait = if status == 503 {
            let after = answer.header("retry-after").and_then(|after| after.parse::<u64>().ok());
            assert!(after.is_some_and(|after| after > 0), "{address}: {path} without Retry-After");
            assert_shape(path, &answer);
            Duration::from_millis(20)
        } else {
            Duration::from_millis(3)
        };
        thread::sleep(wait);
        answer
    }

    fn create(&mut self) {
        let code = format!("{:03}", self.dice.below(1_000));
        let card = json!({"pan": "4111111111111111", "cvv": code, "expMonth": 12, "expYear": 2035});
        let body = json!({"method": "payment-card", "paymentInstrument": card}).to_string();
        let answer = self.ask("/rebilly/tokens", &[SECRET], body.as_bytes());
        let mut pages = self.book.lock();
        if answer.status == 503 {
            pages.creates_in_doubt += 1;
            return;
        }
        assert_eq!(answer.status, 201, "{}", answer.text());
        let (id, made) = (text(&answer.json(), "id"), Some(request(&answer)));
        pages.tokens.push(Token { id, made, code, ..Token::default() });
        pages.written += 1;
    }

    fn fresh_keyed(&mut self) -> Keyed {
        let code = format!("{:03}", self.dice.below(1_000));
        let mut source = card_of(PAYROC_NUMBER);
        source["cardDetails"]["keyedData"]["cvv"] = code.as_str().into();
        let body = json!({"channel": "web", "operator": "Jane", "source": source});
        Keyed { key: fresh_key(), body, code, told: None }
    }

    /// Makes a token under a key, which may have been sent before.
    fn create_keyed(&mut self, choose: impl FnOnce(&mut Self) -> Option<Keyed>) {
        if let Some(mut keyed) = choose(self) {
            self.send_keyed(&mut keyed);
            self.book.lock().keyed.push(keyed);
        }
    }

    /// Sends it; false when it was answered by 503.
    pub(crate) fn send_keyed(&mut self, keyed: &mut Keyed) -> bool {
        let (path, shown) = (
            format!("{API}/processing-terminals/{TERMINAL}/single-use-tokens"),
            format!("Bearer {}", self.bearer),
        );
        let headers = [
            ("Authorization", shown.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", keyed.key.as_str()),
        ];
        let answer = self.ask(&path, &headers, keyed.body.to_string().as_bytes());
        if answer.status == 503 {
            return false;
        }
        assert_eq!(answer.status, 201, "{}", answer.text());
        let told = keyed.told.get_or_insert_with(|| {
            let id = text(&answer.json(), "token");
            let code = keyed.code.clone();
            let mut pages = self.book.lock();
            pages.tokens.push(Token { id, code, ..Token::default() });
            pages.written += 1;
            answer.text()
        });
        assert_eq!(*told, answer.text(), "two answers to one key");
        true
    }

    /// Uses a token, which may be used already.
    fn spend(&mut self, by: fn(&mut Self, &mut Token)) {
        let taken = self.book.lock().take_token(&mut self.dice);
        if let Some(mut token) = taken {
            let uses = token.uses.len();
            by(self, &mut token);
            let mut pages = self.book.lock();
            pages.written += token.uses.len() - uses;
            pages.tokens.push(token);
        }
    }

    fn exchange(&mut self, token: &mut Token) {
        // A token of another dialect has no such door.
        if token.made.is_none() {
            return self.redeem(token);
        }
        let customer = format!("cus-{}-{}", self.address.port(), self.dice.below(4));
        let body = json!({"token": token.id, "customerId": customer}).to_string();
        let answer = self.ask("/rebilly/payment-instruments", &[SECRET], body.as_bytes());
        match answer.status {
            201 | 303 => token.was_used(request(&answer)),
            422 => token.was_found_used(),
            503 => token.refused_uses += 1,
            status => panic!("{status} {}", answer.text()),
        }
    }

    pub(crate) fn redeem(&mut self, token: &mut Token) {
        let answer = self.ask(&format!("/coffer/v1/tokens/{}/redeem", token.id), &[REDEEM], b"");
        match answer.status {
            200 => {
                let code = &answer.json()["card"]["cvv"];
                assert_eq!(code.as_str(), Some(token.code.as_str()), "token {}: its code", token.id);
                token.was_used(request(&answer));
            }
            404 => token.was_found_used(),
            503 => token.refused_uses += 1,
            status => panic!("{status} {}", answer.text()),
        }
    }
}

/// A refusal in its dialect's own shape. The documents of the dialects are held against every answer besides.
fn assert_shape(path: &str, answer: &Answer) {
    if path.starts_with("/payroc") {
        judge(answer);
    }
    let body = answer.json();
    assert_eq!(body["status"], 503, "{path}: {body}");
    assert!(!text(&body, "title").is_empty(), "{path}: {body}");
}

/// The request's id, as the audit log names it.
fn request(answer: &Answer) -> String {
    answer.header("x-request-id").expect("a request id").to_owned()
}
