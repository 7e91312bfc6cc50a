//! Many that ask at once under one key: one of it is made, and all are told the same.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    asked::{Asked, FIRST, Told, named},
    calls::{self, KEY, Shop, card, flat, fresh_key, redeem, text},
    support::{self, Node, log::Log},
};

const CALLERS: usize = 32;

/// Sends all of these at the same time, each by a connection of its own; the answers are in their order.
fn together(node: &Node, bearer: &str, asked: &[Asked]) -> Vec<Told> {
    let barrier = Barrier::new(asked.len());
    thread::scope(|scope| {
        let callers: Vec<_> = asked
            .iter()
            .map(|asked| {
                let (mut client, barrier) = (node.client(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    asked.send(&mut client, bearer).expect("an answer")
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

/// Sends one request many times at once. All are told the same, which is this.
#[track_caller]
fn told_to_all(node: &Node, bearer: &str, asked: &Asked, status: u16) -> Told {
    let told = together(node, bearer, &vec![asked.clone(); CALLERS]);
    let strange: Vec<_> = told.iter().filter(|other| **other != told[0]).collect();
    assert!(strange.is_empty(), "{:?}: {:?} and {strange:?}", asked.kind, told[0]);
    assert_eq!(told[0].status, status, "{}", told[0].text);
    told[0].clone()
}

#[test]
fn one_key_is_one_of_everything() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let (mut shop, bearer) = (Shop::of(&node), calls::bearer(&node, KEY));
    shop.secure(&named("mine"));
    let made = |asked: Asked| told_to_all(&node, &bearer, &asked, asked.success()).json();
    let token = text(&made(Asked::single_use(7, "Jane")), "token");
    let of_token = text(&made(Asked::secure_of(&token, "Jane")), "secureTokenId");
    assert_eq!(redeem(&node, &token).status, 404, "used up once");
    made(Asked::secure("Jane"));
    let patched = made(Asked::patch(&of_token));
    assert_eq!(patched["customFields"].as_array().map(Vec::len), Some(2));
    let other = shop.token();
    made(Asked::update_account("mine", &other));
    made(Asked::session());
    assert_eq!(redeem(&node, &other).status, 404);
    let path = shop.path("secure-tokens");
    assert_eq!(shop.get(&path).json()["count"], 3);
    node.kill();
    let log = Log::of(home.path());
    for (action, count) in
        [("token.create", 2), ("reusable.create", 3), ("reusable.update", 2), ("session.create", 1)]
    {
        assert_eq!(log.of_action(action).len(), count, "{action}");
    }
}

#[test]
fn one_key_is_one_refusal() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let (mut shop, bearer) = (Shop::of(&node), calls::bearer(&node, KEY));
    shop.secure(&named("taken"));
    let mut wrong = Asked::single_use(1, "Jane");
    wrong.body["channel"] = json!("mail");
    told_to_all(&node, &bearer, &wrong, 400);
    let mut taken = Asked::secure("Jane");
    taken.body["secureTokenId"] = json!("taken");
    told_to_all(&node, &bearer, &taken, 409);
    told_to_all(&node, &bearer, &Asked::patch("unknown"), 404);
    told_to_all(&node, &bearer, &Asked::secure_of(&"ab".repeat(64), "Jane"), 400);
}

/// Of a payment the others may be told that it is under way; whoever asks later is told what became of it.
#[test]
fn one_key_is_one_payment() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let (mut shop, bearer) = (Shop::of(&node), calls::bearer(&node, KEY));
    let digits = text(&shop.secure(&named("mine")), "token");
    for method in [flat(&shop.token()), json!({"type": "secureToken", "token": digits}), card()] {
        let asked = Asked::payment(&method, "one");
        let told = together(&node, &bearer, &vec![asked.clone(); CALLERS]);
        let deadline = Instant::now() + Duration::from_secs(20);
        let last = loop {
            let last = asked.send(&mut shop.client, &bearer).unwrap();
            if !last.is_underway() {
                break last;
            }
            assert!(Instant::now() < deadline, "it does not end");
        };
        assert_eq!(last.status, 201, "{}", last.text);
        let other: Vec<_> = told.iter().filter(|told| !told.is_underway() && **told != last).collect();
        assert!(other.is_empty(), "{other:?}");
        assert!(told.contains(&last), "whoever paid is told so");
    }
    node.kill();
    let log = Log::of(home.path());
    assert_eq!((log.of_action("forward.begin").len(), log.of_action("forward.end").len()), (3, 3));
}

#[test]
fn many_keys_change_one_secure_token_each_once() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let (mut shop, bearer) = (Shop::of(&node), calls::bearer(&node, KEY));
    shop.secure(&named("mine"));
    let asked: Vec<Asked> = (0..CALLERS).map(|_| Asked::patch("mine")).collect();
    let told = together(&node, &bearer, &asked);
    for (asked, told) in asked.iter().zip(told) {
        // Too many at once: nothing was done, and it may be asked for again.
        let mut told = told;
        while told.status == 503 {
            told = asked.send(&mut shop.client, &bearer).unwrap();
        }
        assert_eq!(told.status, 200, "{}", told.text);
        assert!(told.text.contains(&asked.key), "each sees its own field");
    }
    let mut found: Vec<String> = shop.read("mine")["customFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| text(field, "name"))
        .collect();
    let mut expected: Vec<String> = asked.into_iter().map(|asked| asked.key).collect();
    expected.push(FIRST.to_owned());
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn many_keys_use_one_token_once() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let (mut shop, bearer) = (Shop::of(&node), calls::bearer(&node, KEY));
    shop.secure(&named("mine"));
    for _ in 0..5 {
        let token = shop.token();
        let uses = |at: usize| match at % 3 {
            0 => Asked::secure_of(&token, "Jane"),
            1 => Asked::update_account("mine", &token),
            _ => Asked::payment(&flat(&token), "one"),
        };
        let asked: Vec<Asked> = (0..CALLERS).map(uses).collect();
        let mut won = 0;
        for (asked, told) in asked.iter().zip(together(&node, &bearer, &asked)) {
            let mut told = told;
            while told.status == 503 {
                told = asked.send(&mut shop.client, &bearer).unwrap();
            }
            if told.status == asked.success() {
                won += 1;
            } else {
                assert_eq!(told.status, 400, "{}", told.text);
                assert!(told.text.contains("unknown, used or expired"), "{}", told.text);
            }
        }
        assert_eq!(won, 1);
    }
}

#[test]
fn many_keys_make_one_of_a_name() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let (mut shop, bearer) = (Shop::of(&node), calls::bearer(&node, KEY));
    let name = format!("name-{}", fresh_key());
    let asked: Vec<Asked> = (0..CALLERS)
        .map(|at| {
            let mut asked = Asked::secure(&format!("operator {at}"));
            asked.body["secureTokenId"] = Value::from(name.as_str());
            asked
        })
        .collect();
    let mut won = 0;
    for (asked, told) in asked.iter().zip(together(&node, &bearer, &asked)) {
        let mut told = told;
        while told.status == 503 {
            told = asked.send(&mut shop.client, &bearer).unwrap();
        }
        won += usize::from(told.status == 201);
        assert!(told.status == 201 || told.text.contains("#resource-already-exists"), "{}", told.text);
        let again = asked.send(&mut shop.client, &bearer).unwrap();
        assert_eq!(again, told, "whoever lost is told so again");
    }
    assert_eq!(won, 1);
}
