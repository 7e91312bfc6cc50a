//! What is over is gone: the code after a use and after 31 minutes, the token after 30, its row after a day. Judged
//! by what the node answers, by what lies in the files, and by what copies of the files still give.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use coffer_core::store::{TokenRow, TokenState};
use serde_json::{Value, json};
use support::{Answer, Client, Node, REDEEM, SECRET, log, log::Log};
use tempfile::TempDir;

/// docs/FORMAT.md, section 5.
const SECTOR: usize = 512;
const SLOTS: usize = 64;
const SLOT_SECONDS: u64 = 30;

const HALF_HOUR: u64 = 1_800;
const DAY: u64 = 86_400;

#[test]
fn a_use_takes_card_and_code_out_of_the_row_and_of_every_answer() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut client = node.client();
    let tokens: Vec<String> = (0..2).map(|_| support::create(&mut client, &support::card())).collect();
    node.kill();

    let numbers = created(home.path());
    let sealed: Vec<Vec<u8>> = numbers
        .iter()
        .flat_map(|number| {
            let row = log::token_row(home.path(), *number).expect("a live row");
            let TokenState::Live { protected, sad: Some(sad) } = &row.state else {
                panic!("no code in {row:?}")
            };
            [protected.as_bytes().to_vec(), sad.as_bytes().to_vec()]
        })
        .collect();
    for blob in &sealed {
        assert!(lies_in(home.path(), blob), "the search finds what is there");
    }

    let mut node = Node::sandbox(home.path());
    let mut client = node.client();
    assert_eq!(support::redeem(&mut client, &tokens[0]).json()["card"]["cvv"], "123");
    let instrument = support::exchange(&mut client, &tokens[1], "cus");
    assert_eq!(instrument.status, 201);
    let instrument = instrument.json()["id"].as_str().unwrap().to_owned();
    for token in &tokens {
        assert_eq!(support::redeem(&mut client, token).status, 404);
        assert_eq!(support::exchange(&mut client, token, "cus").status, 422);
        assert_no_code(&get(&mut client, &format!("/rebilly/tokens/{token}")));
    }
    assert_no_code(&get(&mut client, &format!("/rebilly/payment-instruments/{instrument}")));
    let path = format!("/coffer/v1/instruments/{instrument}/reveal");
    let revealed = client.call("POST", &path, &[REDEEM], br#"{"reason":"to see that there is no code"}"#);
    assert_eq!(revealed.json()["card"]["pan"], "4111111111111111");
    assert_no_code(&revealed);
    assert!(node.stop());

    for blob in &sealed {
        assert!(
            !lies_in(home.path(), blob),
            "a sealed card or code is still in the files of a node that has ended"
        );
    }
    for number in numbers {
        let row: TokenRow = log::token_row(home.path(), number).expect("a masked row");
        assert!(matches!(row.state, TokenState::Used { .. }), "{row:?}");
    }
}

#[test]
fn a_code_opens_nowhere_once_its_key_is_gone_from_the_ring() {
    let (home, token) = killed_with_a_token();
    let before = copy_of(home.path());
    assert_eq!(slots(home.path()).len(), 1, "one half minute, one key: {:?}", slots(home.path()));
    let made_in = slots(home.path())[0];

    // The control: as long as the key lies in the ring, copies of ring and data give the code.
    let control = copy_of(before.path());
    let answer = support::redeem(&mut Node::sandbox(control.path()).client(), &token);
    assert_eq!((answer.status, &answer.json()["card"]["cvv"]), (200, &json!("123")));

    // A new code 31 minutes later gets a key of its own; that of the old one is overwritten.
    let node = Node::sandbox(home.path());
    node.advance(31 * 60);
    assert!(slots(home.path()).is_empty(), "erased before the clock's call returned");
    support::create(&mut node.client(), &support::card());
    assert_eq!(support::redeem(&mut node.client(), &token).status, 404);
    node.kill();
    let after = slots(home.path());
    assert_eq!(after.len(), 1);
    assert!(after[0] >= made_in + 31 * 60 / SLOT_SECONDS, "{made_in} then, {} now", after[0]);

    // Whoever kept the data of then, and has the root key and the ring of now, has a card and no code.
    let thief = copy_of(before.path());
    fs::copy(home.path().join("ring"), thief.path().join("ring")).unwrap();
    let answer = support::redeem(&mut Node::sandbox(thief.path()).client(), &token);
    assert_eq!(answer.status, 200, "to the data of then, the token is young: {}", answer.text());
    assert_eq!(answer.json()["card"]["pan"], "4111111111111111");
    assert_no_code(&answer);

    // The same with the ring as it was when nothing was in it.
    let thief = copy_of(before.path());
    let mut ring = fs::read(thief.path().join("ring")).unwrap();
    ring[SECTOR..].fill(0);
    fs::write(thief.path().join("ring"), ring).unwrap();
    let answer = support::redeem(&mut Node::sandbox(thief.path()).client(), &token);
    assert_eq!(answer.status, 200);
    assert_no_code(&answer);
}

#[test]
fn a_ring_that_comes_back_over_age_is_erased_at_the_start() {
    let (home, token) = killed_with_a_token();
    let ring = fs::read(home.path().join("ring")).unwrap();
    let node = Node::sandbox(home.path());
    node.advance(31 * 60);
    node.kill();
    assert!(slots(home.path()).is_empty());
    fs::write(home.path().join("ring"), &ring).unwrap();
    assert_eq!(slots(home.path()).len(), 1, "the old key is back");

    let node = Node::sandbox(home.path());
    assert!(slots(home.path()).is_empty(), "and is erased before the node is ready");
    assert_eq!(support::redeem(&mut node.client(), &token).status, 404);
}

#[test]
fn a_key_stays_for_its_thirty_minutes_and_no_longer() {
    let (home, token) = killed_with_a_token();
    let node = Node::sandbox(home.path());
    node.advance(29 * 60);
    assert_eq!(slots(home.path()).len(), 1);
    assert_eq!(support::redeem(&mut node.client(), &token).json()["card"]["cvv"], "123");
    node.advance(2 * 60);
    assert!(slots(home.path()).is_empty());
}

#[test]
fn a_token_ends_after_thirty_minutes() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut client = node.client();
    let tokens: Vec<String> = (0..2).map(|_| support::create(&mut client, &support::card())).collect();
    let made = get(&mut client, &format!("/rebilly/tokens/{}", tokens[0])).json();
    assert_eq!(made["expirationTime"], Value::Null);
    node.advance(HALF_HOUR - 60);
    assert_eq!(support::exchange(&mut client, &tokens[1], "cus").status, 201, "a minute before its end");
    node.advance(60);
    assert_eq!(support::exchange(&mut client, &tokens[0], "cus").status, 422);
    assert_eq!(support::redeem(&mut client, &tokens[0]).status, 404);
    let expired = get(&mut client, &format!("/rebilly/tokens/{}", tokens[0])).json();
    assert_eq!((&expired["isUsed"], &expired["usageTime"]), (&json!(false), &Value::Null));
    assert_eq!(seconds_between(&made["createdTime"], &expired["expirationTime"]), HALF_HOUR);
    assert_eq!(expired["updatedTime"], expired["expirationTime"]);
    // What was used in time says so for good.
    let used = get(&mut client, &format!("/rebilly/tokens/{}", tokens[1])).json();
    assert_eq!((&used["isUsed"], &used["expirationTime"]), (&json!(true), &Value::Null));
}

#[test]
fn nobody_can_tell_why_a_token_cannot_be_used() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut client = node.client();
    let swept = support::create(&mut client, &support::card());
    node.advance(DAY + HALF_HOUR);
    wait_until_gone(&mut client, &swept);
    let expired = support::create(&mut client, &support::card());
    node.advance(HALF_HOUR);
    let used = support::create(&mut client, &support::card());
    assert_eq!(support::exchange(&mut client, &used, "cus").status, 201);
    let redeemed = support::create(&mut client, &support::card());
    assert_eq!(support::redeem(&mut client, &redeemed).status, 200);
    let live = support::create(&mut client, &support::card());
    let forged = with_another_letter(&live);
    let elsewhere = support::home();
    let other = Node::sandbox(elsewhere.path());
    let of_another_vault = support::create(&mut other.client(), &support::card());

    let tokens =
        [&swept, &expired, &used, &redeemed, &forged, &of_another_vault, "malformed", &live.to_uppercase()];
    let answers = |call: fn(&mut Client, &str) -> Answer, client: &mut Client| -> Vec<(u16, Vec<u8>)> {
        tokens.iter().map(|token| call(client, token)).map(|answer| (answer.status, answer.body)).collect()
    };
    for (status, call) in [
        (422, (|client, token| support::exchange(client, token, "cus")) as fn(&mut Client, &str) -> Answer),
        (404, support::redeem),
    ] {
        let answers = answers(call, &mut client);
        for (token, answer) in tokens.iter().zip(&answers) {
            assert_eq!(answer.0, status, "{token}");
            assert_eq!(answer.1, answers[0].1, "{token} is told apart");
        }
    }
    assert_eq!(support::redeem(&mut client, &live).status, 200, "asking with forgeries used nothing up");
}

#[test]
fn rows_go_after_a_day_and_instruments_stay() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut client = node.client();
    let tokens: Vec<String> = (0..20).map(|_| support::create(&mut client, &support::card())).collect();
    let instrument =
        support::exchange(&mut client, &tokens[0], "cus").json()["id"].as_str().unwrap().to_owned();
    node.kill();
    let numbers = created(home.path());
    assert_eq!(numbers.len(), tokens.len());
    let cards: Vec<Vec<u8>> = numbers[1..]
        .iter()
        .map(|number| match log::token_row(home.path(), *number).expect("a row").state {
            TokenState::Live { protected, .. } => protected.as_bytes().to_vec(),
            TokenState::Used { .. } | TokenState::Expired => panic!("it is live"),
        })
        .collect();
    assert!(cards.iter().all(|card| lies_in(home.path(), card)), "the search finds what is there");

    let mut node = Node::sandbox(home.path());
    let mut client = node.client();
    node.advance(DAY - 60);
    for token in &tokens {
        assert_eq!(client.call("GET", &format!("/rebilly/tokens/{token}"), &[SECRET], b"").status, 200);
    }
    let young = support::create(&mut client, &support::card());
    node.advance(120);
    for token in &tokens {
        wait_until_gone(&mut client, token);
    }
    assert_eq!(support::exchange(&mut client, &young, "cus").status, 303, "younger rows stay");
    get(&mut client, &format!("/rebilly/payment-instruments/{instrument}"));
    // What is read is over at once; the rows themselves go with the sweep a moment later, in this process or the next.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        assert!(node.stop());
        if numbers.iter().all(|number| log::token_row(home.path(), *number).is_none()) {
            break;
        }
        assert!(Instant::now() < deadline, "the rows are still there");
        node = Node::sandbox(home.path());
    }
    assert!(!cards.iter().any(|card| lies_in(home.path(), card)), "the sealed cards are gone");
}

/// A home whose node was killed after it made one token with a code.
fn killed_with_a_token() -> (TempDir, String) {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let token = support::create(&mut node.client(), &support::card());
    node.kill();
    (home, token)
}

/// A byte copy of a home whose node has ended.
fn copy_of(home: &Path) -> TempDir {
    let copy = support::home();
    for file in support::files(home) {
        let place = copy.path().join(file.strip_prefix(home).unwrap());
        support::own_folder(place.parent().unwrap());
        if file.extension().is_none_or(|extension| extension != "sock") {
            fs::copy(&file, &place).unwrap();
        }
    }
    copy
}

/// The slot numbers of the keys in the ring's file. What is not a key, byte for byte as docs/FORMAT.md draws it, must
/// be zeros.
fn slots(home: &Path) -> Vec<u64> {
    let ring = fs::read(home.join("ring")).unwrap();
    assert_eq!(ring.len(), (1 + SLOTS) * SECTOR);
    assert_eq!(&ring[..8], b"CofferRn");
    let mut found = Vec::new();
    for (index, sector) in ring[SECTOR..].chunks(SECTOR).enumerate() {
        if sector.iter().all(|byte| *byte == 0) {
            continue;
        }
        assert_eq!(&sector[..8], b"CfSl\x01\x01\0\0", "slot {index}");
        assert!(sector[76..].iter().all(|byte| *byte == 0), "slot {index}: more than a key");
        let number = u64::from_be_bytes(sector[8..16].try_into().unwrap());
        assert_eq!(number % SLOTS as u64, index as u64, "slot {index}: in another's place");
        found.push(number);
    }
    found
}

/// The numbers of all tokens that were made, in order.
fn created(home: &Path) -> Vec<u64> {
    let log = Log::of(home);
    log.of_action("token.create").iter().map(|fact| fact["object"].as_u64().unwrap()).collect()
}

/// Whether these bytes lie in any file of a home.
fn lies_in(home: &Path, wanted: &[u8]) -> bool {
    assert!(wanted.len() >= 16, "a few bytes may lie anywhere by chance");
    let files = support::files(home);
    files.iter().any(|file| support::bytes(file).windows(wanted.len()).any(|window| window == wanted))
}

fn get(client: &mut Client, path: &str) -> Answer {
    let answer = client.call("GET", path, &[SECRET], b"");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

/// No member of that name anywhere, and no text that is the code. (An id is random letters, and may spell anything.)
fn assert_no_code(answer: &Answer) {
    fn has_code(value: &Value) -> bool {
        match value {
            Value::Object(members) => {
                members.iter().any(|(name, value)| name.to_lowercase().contains("cvv") || has_code(value))
            }
            Value::Array(values) => values.iter().any(has_code),
            value => *value == "123",
        }
    }
    assert!(!has_code(&answer.json()), "{}", answer.text());
}

/// Another letter in the middle: still the right shape, no longer ours.
fn with_another_letter(token: &str) -> String {
    let other = if &token[24..25] == "a" { "b" } else { "a" };
    let forged = format!("{}{other}{}", &token[..24], &token[25..]);
    assert_ne!(forged, token);
    forged
}

/// The sweep runs beside; it has some seconds.
fn wait_until_gone(client: &mut Client, token: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match client.call("GET", &format!("/rebilly/tokens/{token}"), &[SECRET], b"").status {
            404 => return,
            status => assert_eq!(status, 200),
        }
        assert!(Instant::now() < deadline, "not swept in time");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Between two times of one day or two days that follow each other.
fn seconds_between(from: &Value, to: &Value) -> u64 {
    let seconds = |time: &Value| {
        let time = time.as_str().expect("a time");
        let part = |range: std::ops::Range<usize>| time[range].parse::<u64>().expect("a number");
        part(11..13) * 3_600 + part(14..16) * 60 + part(17..19)
    };
    (seconds(to) + DAY - seconds(from)) % DAY
}
