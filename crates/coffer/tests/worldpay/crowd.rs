//! Many at once, each on a connection of its own: one card is one token, and a namespace never has a seventeenth.

use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
    thread,
};

use serde_json::{Value, json};

use super::{
    calls::{
        CARD_ON_FILE, CARD_SESSIONS, SESSIONS, Shop, TOKENS, both, card, card_in, card_of, checkout, link,
        refused, session, with,
    },
    cards::CARDS,
};
use crate::support::{Answer, Node, home};

type Call = Box<dyn FnOnce(&mut Shop) -> Answer + Send>;

/// Makes all of these calls at the same moment.
fn calls_at_once(node: &Node, calls: Vec<Call>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let run = |call: Call| {
        let (barrier, mut shop) = (Arc::clone(&barrier), Shop::of(node));
        thread::spawn(move || {
            // The connection is open and known to a worker before the race begins.
            assert_eq!(shop.get("/worldpay/").status, 200);
            barrier.wait();
            call(&mut shop)
        })
    };
    let threads: Vec<_> = calls.into_iter().map(run).collect();
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
}

/// Posts all of these at the same moment.
fn all_at_once(node: &Node, bodies: Vec<Value>) -> Vec<Answer> {
    let call = |body: Value| -> Call { Box::new(move |shop| shop.post(TOKENS, &body)) };
    calls_at_once(node, bodies.into_iter().map(call).collect())
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[test]
fn of_64_parallel_creates_of_one_card_one_is_new_and_all_have_its_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for (number, _) in &CARDS[..6] {
        for body in [card_of(number), card_in(number, "crowd")] {
            let answers = all_at_once(&node, vec![body; 64]);
            assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 63));
            let texts: BTreeSet<String> = answers.iter().map(Answer::text).collect();
            assert_eq!(texts.len(), 1, "all read the same: {texts:?}");
        }
    }
}

#[test]
fn of_17_parallel_cards_of_a_namespace_exactly_one_is_refused() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for round in 0..6 {
        let namespace = format!("round-{round}");
        let bodies = CARDS[..17].iter().map(|(number, _)| card_in(number, &namespace)).collect();
        let answers = all_at_once(&node, bodies);
        assert_eq!((count(&answers, 201), count(&answers, 403)), (16, 1));
        let answer = answers.iter().find(|answer| answer.status == 403).unwrap();
        assert_eq!(refused(answer).1, "tooManyTokensForNamespace");
        let found = Shop::of(&node).get(&format!("{TOKENS}?namespace={namespace}"));
        assert_eq!(found.json()["_embedded"]["tokens"].as_array().map(Vec::len), Some(16));
    }
}

/// Each who brings another name gets a conflict of its own, and the token stays as it was.
#[test]
fn parallel_conflicts_wait_beside_each_other() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let stored = Shop::of(&node).create(&card());
    let named = |at: usize| with(&card(), "/paymentInstrument/cardHolderName", json!(format!("Holder {at}")));
    let answers = all_at_once(&node, (0..16).map(named).collect());
    assert_eq!(count(&answers, 409), 16);
    let links: BTreeSet<String> = answers.iter().map(|answer| link(&answer.json(), "conflicts")).collect();
    assert_eq!(links.len(), 16);
    let mut shop = Shop::of(&node);
    assert_eq!(shop.read(&link(&stored, "token")), stored);
    for (at, answer) in answers.iter().enumerate() {
        assert_eq!(shop.resolve(&link(&answer.json(), "conflicts")).status, 204);
        let token = shop.read(&link(&stored, "token"));
        assert_eq!(token["paymentInstrument"]["cardHolderName"], format!("Holder {at}"));
    }
}

#[test]
fn a_session_and_what_waits_are_used_once_by_however_many() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for (number, _) in &CARDS[..6] {
        let body = session(number).to_string();
        let left = node.client().call("POST", CARD_SESSIONS, &both(SESSIONS), body.as_bytes());
        let body = checkout(left.header("location").expect("a location"));
        let call = |_| -> Call {
            let body = body.clone();
            Box::new(move |shop| shop.post(CARD_ON_FILE, &body))
        };
        let answers = calls_at_once(&node, (0..32).map(call).collect());
        assert_eq!((count(&answers, 201), count(&answers, 400)), (1, 31));
        assert!(
            answers
                .iter()
                .filter(|answer| answer.status == 400)
                .all(|one| refused(one).1 == "sessionNotFound")
        );

        let mut shop = Shop::of(&node);
        let stored = shop.create(&card_in(number, "waits"));
        let other = with(&card_in(number, "waits"), "/paymentInstrument/cardHolderName", json!("Other"));
        let href = link(&shop.post(TOKENS, &other).json(), "conflicts");
        let call = |_| -> Call {
            let href = href.clone();
            Box::new(move |shop| shop.resolve(&href))
        };
        let answers = calls_at_once(&node, (0..32).map(call).collect());
        assert_eq!((count(&answers, 204), count(&answers, 404)), (1, 31));
        assert_eq!(shop.read(&link(&stored, "token"))["paymentInstrument"]["cardHolderName"], "Other");
    }
}

/// Creates, updates and deletes of one card, all mixed: each is done or finds nothing, and at the end there is one
/// token or none.
#[test]
fn whatever_happens_to_a_card_at_once_is_one_thing_after_the_other() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for _ in 0..10 {
        let mut shop = Shop::of(&node);
        let token = shop.create(&card_in(CARDS[0].0, "mixed"));
        let (href, part) = (link(&token, "token"), link(&token, "description"));
        let call = |at: usize| -> Call {
            let (href, part) = (href.clone(), part.clone());
            match at % 4 {
                0 => Box::new(move |shop| shop.delete(&href)),
                1 => Box::new(move |shop| shop.put(&part, &json!(format!("Change {at}")))),
                2 => Box::new(move |shop| shop.get(&href)),
                _ => Box::new(|shop| shop.post(TOKENS, &card_in(CARDS[0].0, "mixed"))),
            }
        };
        let answers = calls_at_once(&node, (0..32).map(call).collect());
        let of = |kind: usize| answers.iter().skip(kind).step_by(4).map(|answer| answer.status);
        assert_eq!(of(0).filter(|status| *status == 204).count(), 1, "deleted once");
        assert!(of(0).all(|status| [204, 404].contains(&status)));
        assert!(of(1).all(|status| [204, 404].contains(&status)));
        assert!(of(2).all(|status| [200, 404].contains(&status)));
        assert!(of(3).all(|status| [200, 201].contains(&status)));
        assert!(of(3).filter(|status| *status == 201).count() <= 1, "made once");
        let found = shop.get(&format!("{TOKENS}?namespace=mixed")).json();
        let left = found["_embedded"]["tokens"].as_array().expect("a list").clone();
        assert!(left.len() <= 1);
        for token in &left {
            assert_ne!(link(token, "token"), href);
            assert_eq!(shop.delete(&link(token, "token")).status, 204);
        }
    }
}
