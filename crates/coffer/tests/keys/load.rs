//! Callers of all three dialects who never stop, and count what was not a success.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::{
    calls::{self as payroc, fresh_key, secure},
    support::{Client, Node, REDEEM, SECRET, card, create, exchange},
    vault::codeless,
    worldpay_calls::{self as worldpay, TOKENS},
};

/// Callers at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    pub(crate) done: Arc<AtomicU64>,
    failed: Arc<Mutex<Vec<String>>>,
    threads: Vec<JoinHandle<()>>,
}

struct Caller {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    failed: Arc<Mutex<Vec<String>>>,
}

impl Caller {
    fn judge(&self, what: &str, wanted: u16, answer: &crate::support::Answer) {
        if answer.status == wanted {
            self.done.fetch_add(1, Ordering::Relaxed);
        } else {
            let said = format!("{what}: {} {}", answer.status, answer.text());
            self.failed.lock().expect("no panic").push(said);
        }
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

impl Load {
    pub(crate) fn on(node: &Node) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let failed = Arc::new(Mutex::new(Vec::new()));
        let caller =
            || Caller { stop: Arc::clone(&stop), done: Arc::clone(&done), failed: Arc::clone(&failed) };
        let (client, shop, merchant) = (node.client(), worldpay::Shop::of(node), payroc::Shop::of(node));
        let (one, two, three) = (caller(), caller(), caller());
        let threads = vec![
            thread::spawn(move || rebilly(&one, client)),
            thread::spawn(move || worldpay_calls(&two, shop)),
            thread::spawn(move || payroc_calls(&three, merchant)),
        ];
        Self { stop, done, failed, threads }
    }

    /// Waits until so many more calls have been answered.
    pub(crate) fn goes_on(&self) {
        let from = self.done.load(Ordering::Relaxed);
        while self.done.load(Ordering::Relaxed) < from + 30 {
            assert!(self.failed.lock().expect("no panic").is_empty(), "{:?}", self.failed);
            thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Not one call may have failed.
    pub(crate) fn ends(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("no panic");
        }
        let failed = self.failed.lock().expect("no panic");
        assert!(failed.is_empty(), "{} failed, such as {:?}", failed.len(), failed.first());
        assert!(self.done.load(Ordering::Relaxed) > 0);
    }
}

/// A token is made, read, exchanged; the same card updates the instrument; another is redeemed.
fn rebilly(caller: &Caller, mut client: Client) {
    let mut known: Option<String> = None;
    while caller.goes_on() {
        let token = create(&mut client, &card());
        let answer = client.call("GET", &format!("/rebilly/tokens/{token}"), &[SECRET], b"");
        caller.judge("read", 200, &answer);
        let first = exchange(&mut client, &token, "cus_load");
        // The card is known again, by whichever fingerprint.
        caller.judge("exchange", if known.is_some() { 303 } else { 201 }, &first);
        let id = first.json()["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(known.get_or_insert_with(|| id.clone()), &id, "one card, one instrument");
        let third = create(&mut client, &card());
        let answer = client.call("POST", &format!("/coffer/v1/tokens/{third}/redeem"), &[REDEEM], b"");
        caller.judge("redeem", 200, &answer);
    }
}

/// One card comes again and again: it is new once.
fn worldpay_calls(caller: &Caller, mut shop: worldpay::Shop) {
    let body = worldpay::card_in("5555555555554444", "load");
    let first = shop.post(TOKENS, &body);
    caller.judge("first", 201, &first);
    while caller.goes_on() {
        let answer = shop.post(TOKENS, &body);
        caller.judge("the same card again", 200, &answer);
    }
}

fn payroc_calls(caller: &Caller, mut shop: payroc::Shop) {
    while caller.goes_on() {
        let id = fresh_key();
        let made = shop.post("secure-tokens", &secure(&id, &codeless()));
        caller.judge("secure token", 201, &made);
        let path = shop.secure_path(&id);
        let read = shop.get(&path);
        caller.judge("read it", 200, &read);
        let token = shop.post("single-use-tokens", &payroc::request(&codeless()));
        caller.judge("single-use token", 201, &token);
    }
}
