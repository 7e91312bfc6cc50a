//! Whatever becomes of the caller or of the node while the upstream works: a payment is sent once, and who asks again
//! is told what is known of it.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    bodies::{approval, payment, with_token},
    goes_on::PAYMENTS,
    place::{Place, shop},
    upstream::{Gate, Say},
};
use crate::{
    calls::{Shop, assert_names, assert_refused, card, flat, fresh_key, with},
    support::{Answer, Node},
};

/// Sends a payment and does not wait for its answer.
fn sent(node: &Node, shop: &Shop, key: &str, asked: &Value) -> crate::support::Client {
    let mut client = node.client();
    let (bearer, body, host) = (&shop.bearer, asked.to_string(), node.clients);
    let request = format!(
        "POST {PAYMENTS} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {bearer}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.send(request.as_bytes()).unwrap();
    client
}

/// Asks again until the payment is no longer under way.
fn ended(shop: &mut Shop, key: &str, asked: &Value) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = shop.keyed("POST", PAYMENTS, key, asked);
        if answer.status != 409 {
            return answer;
        }
        assert_refused(&answer, 409, "idempotency-key-in-use");
        assert!(Instant::now() < deadline, "it does not end");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The approval of whatever is asked for, held back.
fn held() -> (Gate, Say) {
    let gate = Gate::default();
    let approved = super::bodies::payment_result(("A", "ready", "00"));
    (gate.clone(), Say::After(gate, Box::new(Say::Json(201, approved))))
}

#[test]
fn a_payment_outlives_its_caller() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    for asked in [with_token(&shop.token()), payment(&card())] {
        let before = place.upstream.arrived().len();
        let (gate, say) = held();
        place.upstream.says(say);
        let key = fresh_key();
        let client = sent(&node, &shop, &key, &asked);
        place.upstream.wait_for(before + 1);
        drop(client);
        for _ in 0..3 {
            let answer = shop.keyed("POST", PAYMENTS, &key, &asked);
            assert_refused(&answer, 409, "idempotency-key-in-use");
            assert!(answer.header("retry-after").is_some(), "it may be asked for again in a moment");
            let other = shop.keyed("POST", PAYMENTS, &key, &with(&asked, "/operator", json!("Joe")));
            assert_refused(&other, 409, "idempotency-key-in-use");
        }
        gate.open();
        let answer = ended(&mut shop, &key, &asked);
        let arrived = place.upstream.arrived();
        assert_eq!((answer.status, answer.json()), (201, approval(&arrived[before])));
        assert_eq!(arrived.len(), before + 1, "sent once");
    }
}

#[test]
fn many_that_ask_at_once_are_one_payment() {
    let place = Place::new();
    let node = place.start();
    let shop = shop(&node);
    for asked in [with_token(&super::place::shop(&node).token()), payment(&card())] {
        let before = place.upstream.arrived().len();
        let (gate, say) = held();
        place.upstream.says(say);
        let key = fresh_key();
        let answers: Vec<Answer> = thread::scope(|scope| {
            let callers: Vec<_> = (0..16)
                .map(|_| {
                    let mut client = sent(&node, &shop, &key, &asked);
                    scope.spawn(move || client.answer().expect("an answer"))
                })
                .collect();
            place.upstream.wait_for(before + 1);
            let mut callers: Vec<_> = callers.into_iter().collect();
            // All but the one that waits are told that it is under way.
            let deadline = Instant::now() + Duration::from_secs(20);
            while callers.iter().filter(|caller| caller.is_finished()).count() < 15 {
                assert!(Instant::now() < deadline, "they wait for each other");
                thread::sleep(Duration::from_millis(2));
            }
            gate.open();
            callers.drain(..).map(|caller| caller.join().unwrap()).collect()
        });
        let (paid, told): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!((paid.len(), told.len()), (1, 15));
        for answer in &told {
            assert_refused(answer, 409, "idempotency-key-in-use");
        }
        assert_eq!(place.upstream.arrived().len(), before + 1, "sent once");
    }
}

#[test]
fn many_payments_with_one_token_are_one() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let asked = with_token(&shop.token());
    let answers: Vec<Answer> = thread::scope(|scope| {
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let mut client = sent(&node, &shop, &fresh_key(), &asked);
                scope.spawn(move || client.answer().expect("an answer"))
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let (paid, told): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((paid.len(), told.len()), (1, 15));
    for answer in &told {
        assert_names(answer, "paymentMethod.token");
    }
    place.upstream.only();
}

#[test]
fn a_payment_whose_node_was_killed_is_never_sent_again() {
    let place = Place::new();
    for asked in [None, Some(payment(&card()))] {
        let before = place.upstream.arrived().len();
        let node = place.start();
        let mut shop = shop(&node);
        let token = shop.token();
        let asked = asked.unwrap_or_else(|| with_token(&token));
        let (gate, say) = held();
        place.upstream.says(say);
        let key = fresh_key();
        let client = sent(&node, &shop, &key, &asked);
        place.upstream.wait_for(before + 1);
        node.kill();
        drop(client);
        gate.open();

        let node = place.start();
        let mut shop = super::place::shop(&node);
        for _ in 0..5 {
            let answer = shop.keyed("POST", PAYMENTS, &key, &asked);
            assert_refused(&answer, 409, "idempotency-key-in-use");
            assert!(answer.header("retry-after").is_some(), "{}", answer.text());
        }
        let other = shop.keyed("POST", PAYMENTS, &key, &with(&asked, "/operator", json!("Joe")));
        assert_refused(&other, 409, "idempotency-key-in-use");
        if asked["paymentMethod"]["type"] == "singleUseToken" {
            let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &asked);
            assert_names(&answer, "paymentMethod.token");
            assert_names(&shop.post("secure-tokens", &json!({"source": flat(&token)})), "source.token");
        }
        node.kill();
        assert_eq!(place.upstream.arrived().len(), before + 1, "sent once");
    }
}

#[test]
fn a_node_that_is_told_to_stop_ends_its_payment() {
    let place = Place::new();
    let mut node = place.start();
    let mut one = shop(&node);
    let (key, asked) = (fresh_key(), with_token(&one.token()));
    let (gate, say) = held();
    place.upstream.says(say);
    let mut client = sent(&node, &one, &key, &asked);
    place.upstream.wait_for(1);
    node.signal(Signal::TERM);
    node.wait_until_said(&["stopping"]);
    gate.open();
    let answer = client.answer().expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(node.stop());
    drop(node);
    let node = place.start();
    let again = shop(&node).keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!((again.status, again.text()), (201, answer.text()));
    place.upstream.only();
}

#[test]
fn a_node_that_is_told_to_stop_ends_also_the_payment_of_a_caller_who_went() {
    let place = Place::new();
    let mut node = place.start();
    let mut one = shop(&node);
    let (key, asked) = (fresh_key(), with_token(&one.token()));
    let (gate, say) = held();
    place.upstream.says(say);
    let client = sent(&node, &one, &key, &asked);
    place.upstream.wait_for(1);
    drop(client);
    node.signal(Signal::TERM);
    node.wait_until_said(&["stopping"]);
    gate.open();
    assert!(node.stop());
    drop(node);
    let node = place.start();
    let again = shop(&node).keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!((again.status, again.json()), (201, approval(&place.upstream.only())));
}
