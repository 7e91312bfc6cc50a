//! Many at once: of all who want the one use of a token, exactly one gets it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
    thread,
};

use super::calls::{TOKENS, get, token};
use crate::support::{Answer, Client, Node, card, exchange, home, redeem};

type Call = Box<dyn FnOnce(&mut Client) -> Answer + Send>;

/// Makes each call on a connection of its own; a barrier lets all go at the same moment.
fn all_at_once(node: &Node, calls: Vec<Call>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let run = |call: Call| {
        let (barrier, mut client) = (Arc::clone(&barrier), node.client());
        thread::spawn(move || {
            // The connection is open and known to a worker before the race begins.
            assert_eq!(client.call("GET", "/livez", &[], b"").status, 200);
            barrier.wait();
            call(&mut client)
        })
    };
    let threads: Vec<_> = calls.into_iter().map(run).collect();
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
}

fn tokens(client: &mut Client, count: usize) -> Vec<String> {
    (0..count).map(|_| token(client, &card())["id"].as_str().expect("an id").to_owned()).collect()
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[test]
fn of_64_parallel_exchanges_of_one_token_exactly_one_wins() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for (round, token) in tokens(&mut node.client(), 10).into_iter().enumerate() {
        let call = |index: usize| -> Call {
            let (token, customer) = (token.clone(), format!("cus_{round}_{}", index % 4));
            Box::new(move |client| exchange(client, &token, &customer))
        };
        let answers = all_at_once(&node, (0..64).map(call).collect());
        assert_eq!((count(&answers, 201), count(&answers, 422)), (1, 63), "{:?}", statuses(&answers));
        let losers: BTreeSet<String> =
            answers.iter().filter(|answer| answer.status == 422).map(Answer::text).collect();
        assert_eq!(losers.len(), 1, "every loser reads the same: {losers:?}");
        let read = get(&mut node.client(), &format!("{TOKENS}/{token}")).json();
        assert_eq!(read["isUsed"], true);
    }
}

#[test]
fn an_exchange_and_a_redeem_of_one_token_do_not_both_win() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut exchanged = 0;
    for (round, token) in tokens(&mut node.client(), 10).into_iter().enumerate() {
        let call = |index: usize| -> Call {
            let (token, customer) = (token.clone(), format!("cus_{round}"));
            if (index + round).is_multiple_of(2) {
                Box::new(move |client| exchange(client, &token, &customer))
            } else {
                Box::new(move |client| redeem(client, &token))
            }
        };
        let answers = all_at_once(&node, (0..64).map(call).collect());
        let (won, redeemed) = (count(&answers, 201), count(&answers, 200));
        assert_eq!(won + redeemed, 1, "round {round}: {:?}", statuses(&answers));
        assert_eq!((count(&answers, 422), count(&answers, 404)), (32 - won, 32 - redeemed));
        exchanged += won;
    }
    assert!(exchanged <= 10);
}

#[test]
fn tokens_of_one_card_meet_in_one_instrument() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for round in 0..5 {
        let customer = format!("cus_{round}");
        let call = |token: String| -> Call {
            let customer = customer.clone();
            Box::new(move |client| exchange(client, &token, &customer))
        };
        let calls = tokens(&mut node.client(), 32).into_iter().map(call).collect();
        let answers = all_at_once(&node, calls);
        let seen = (count(&answers, 201), count(&answers, 303));
        assert_eq!(seen, (1, 31), "round {round}: {:?}", statuses(&answers));
        let ids: BTreeSet<String> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
        let locations: BTreeSet<&str> =
            answers.iter().filter_map(|answer| answer.header("location")).collect();
        assert_eq!(locations.len(), 1, "{locations:?}");
        // Every one of them changed it once: no two saw the same state before them.
        let revisions: BTreeSet<u64> =
            answers.iter().map(|answer| answer.json()["revision"].as_u64().expect("a revision")).collect();
        assert_eq!(revisions.len(), 32, "{revisions:?}");
        let span = revisions.last().zip(revisions.first()).map(|(last, first)| last - first);
        assert_eq!(span, Some(31), "a refused exchange changed nothing: {revisions:?}");
    }
}
