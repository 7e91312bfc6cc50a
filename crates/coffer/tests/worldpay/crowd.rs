//! Many at once, each on a connection of its own: one card is one token, and a namespace never has a seventeenth.

use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
    thread,
};

use serde_json::{Value, json};

use super::{
    calls::{Shop, TOKENS, card, card_in, card_of, link, refused, with},
    cards::CARDS,
};
use crate::support::{Answer, Node, home};

/// Posts all of these at the same moment.
fn all_at_once(node: &Node, bodies: Vec<Value>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(bodies.len()));
    let run = |body: Value| {
        let (barrier, mut shop) = (Arc::clone(&barrier), Shop::of(node));
        thread::spawn(move || {
            // The connection is open and known to a worker before the race begins.
            assert_eq!(shop.get("/worldpay/").status, 200);
            barrier.wait();
            shop.post(TOKENS, &body)
        })
    };
    let threads: Vec<_> = bodies.into_iter().map(run).collect();
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
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
