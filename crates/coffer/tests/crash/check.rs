//! After a restart: everything that was acknowledged holds, and what was in doubt is one or the other.

use std::{collections::HashMap, net::SocketAddr, thread};

use serde_json::Value;

use super::{
    book::{Book, Fate, Token},
    load::request,
};
use crate::support::{Client, SECRET, exchange, log::Log, redeem};

const THREADS: usize = 4;

/// Unused tokens of the last cycle that are redeemed, to see that card and code came through.
const REDEEMED: usize = 6;

/// Holds each token against the running node; tokens in doubt are decided on the way.
pub(crate) fn settle(address: SocketAddr, tokens: &mut [Token]) {
    for token in tokens.iter_mut().filter(|token| token.is_usable()).take(REDEEMED) {
        token.fate = use_once(&mut Client::new(address), token);
    }
    each(tokens, |chunk| {
        let mut client = Client::new(address);
        for token in chunk {
            if matches!(token.fate, Fate::InDoubt) {
                token.fate = decide(&mut client, token);
            }
            holds(&mut client, token);
        }
    });
}

/// Holds tokens of earlier cycles against the running node.
pub(crate) fn still_hold(address: SocketAddr, mut tokens: Vec<&Token>) {
    each(&mut tokens, |chunk| {
        let mut client = Client::new(address);
        for token in chunk.iter() {
            holds(&mut client, token);
        }
    });
}

fn each<T: Send>(items: &mut [T], check: impl Fn(&mut [T]) + Sync) {
    let share = items.len().div_ceil(THREADS).max(1);
    thread::scope(|scope| {
        for chunk in items.chunks_mut(share) {
            scope.spawn(|| check(chunk));
        }
    });
}

/// A use in doubt either happened or did not: in the second case the token can still be used once.
fn decide(client: &mut Client, token: &Token) -> Fate {
    let used = read(client, token)["isUsed"] == true;
    if used || !token.is_young() { Fate::UsedUnanswered } else { use_once(client, token) }
}

fn use_once(client: &mut Client, token: &Token) -> Fate {
    let answer = redeem(client, &token.id);
    token.assert_redeemed(&answer);
    Fate::Redeemed { request: request(&answer) }
}

fn holds(client: &mut Client, token: &Token) {
    let used = !matches!(token.fate, Fate::Unused);
    let body = read(client, token);
    assert_eq!(body["isUsed"], used, "token {}: {body}", token.id);
    assert_eq!(body["paymentInstrument"]["last4"], token.last4, "token {}", token.id);
    if used {
        assert_eq!(exchange(client, &token.id, "late").status, 422, "token {} was exchanged again", token.id);
        assert_eq!(redeem(client, &token.id).status, 404, "token {} was redeemed again", token.id);
    }
    if let Fate::Exchanged { instrument, customer, .. } = &token.fate {
        let answer =
            client.call("GET", &format!("/rebilly/payment-instruments/{instrument}"), &[SECRET], b"");
        assert_eq!(answer.status, 200, "instrument {instrument} is lost");
        let body = answer.json();
        assert_eq!(body["customerId"], customer.as_str(), "instrument {instrument}");
        assert_eq!(body["last4"], token.last4, "instrument {instrument}");
    }
}

fn read(client: &mut Client, token: &Token) -> Value {
    let answer = client.call("GET", &format!("/rebilly/tokens/{}", token.id), &[SECRET], b"");
    assert_eq!(answer.status, 200, "token {} is lost", token.id);
    answer.json()
}

/// The audit log has one fact for each acknowledged act, none without an act, and no token with two uses.
pub(crate) fn audit(log: &Log, book: &Book) {
    if book.tokens.iter().all(Token::is_young) {
        // Later on the sweep takes the cards of expired tokens away, which is not an act of anybody.
        let silent = log.silent();
        // A sandbox has four tenants.
        assert!(silent <= 4, "{silent} units without a fact; only those that keep a tenant's name have none");
    }
    let starts = log.of_action("vault.start").len() as u64;
    assert!((book.starts..=book.starts + book.false_starts).contains(&starts), "{starts} starts");

    let creates = by(&log.of_action("token.create"), "request");
    let mut uses = by(&log.of_action("token.exchange"), "object");
    for (object, facts) in by(&log.of_action("token.redeem"), "object") {
        uses.entry(object).or_default().extend(facts);
    }
    assert!(uses.values().all(|uses| uses.len() == 1), "a token with two uses");

    let mut instruments = HashMap::new();
    for token in &book.tokens {
        let made = creates.get(&token.request).map_or(&[][..], Vec::as_slice);
        let [made] = made else { panic!("token {}: {} facts of its creation", token.id, made.len()) };
        let r#use = uses.remove(&made["object"].to_string()).map(|uses| uses[0]);
        let found = r#use
            .map(|fact| (fact["action"].as_str().expect("text"), fact["request"].as_str().expect("text")));
        match &token.fate {
            Fate::Unused => assert_eq!(found, None, "token {}", token.id),
            Fate::Redeemed { request } => assert_eq!(found, Some(("token.redeem", request.as_str()))),
            Fate::Exchanged { request, instrument, .. } => {
                assert_eq!(found, Some(("token.exchange", request.as_str())));
                let result = r#use.and_then(|fact| fact["result"].as_u64()).expect("a result");
                assert_eq!(
                    *instruments.entry(instrument).or_insert(result),
                    result,
                    "{instrument} has one number"
                );
            }
            Fate::UsedUnanswered => assert!(found.is_some(), "token {} was used without a fact", token.id),
            Fate::InDoubt => panic!("token {} was never decided", token.id),
        }
    }
    assert!(uses.is_empty(), "uses of tokens that nobody was given: {uses:?}");
    let unanswered = creates.values().map(Vec::len).sum::<usize>() - book.tokens.len();
    assert!(unanswered as u64 <= book.creates_in_doubt, "{unanswered} creates that nobody sent");
}

/// Facts by the text of one of their fields.
fn by<'l>(facts: &[&'l Value], field: &str) -> HashMap<String, Vec<&'l Value>> {
    let mut sorted = HashMap::<String, Vec<&Value>>::new();
    for fact in facts {
        let key = fact[field].as_str().map_or_else(|| fact[field].to_string(), str::to_owned);
        sorted.entry(key).or_default().push(fact);
    }
    sorted
}
