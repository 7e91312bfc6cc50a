//! Afterwards: what was acknowledged is there, what was refused is one or the other, and nothing is there twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    thread,
};

use crate::{
    book::{Book, Pages, Token},
    load::Caller,
    support::{Client, SECRET, log::Log},
};

const THREADS: usize = 4;

/// Sends every request under a key once more, and uses every token up, at all nodes in turn.
pub(crate) fn settle(nodes: &[SocketAddr], bearer: &str, pages: &mut Pages) {
    let book = Book::default();
    each(&mut pages.keyed, |at, chunk| {
        let mut caller = Caller::new(nodes[at % nodes.len()], bearer, &book, at);
        for keyed in chunk {
            assert!(caller.send_keyed(keyed), "the database is there");
        }
    });
    pages.tokens.append(&mut book.lock().tokens);
    let ids: BTreeSet<&str> = pages.tokens.iter().map(|token| token.id.as_str()).collect();
    assert_eq!(ids.len(), pages.tokens.len(), "one token for each key and for each create");
    each(&mut pages.tokens, |at, chunk| {
        let place = at % nodes.len();
        let mut caller = Caller::new(nodes[place], bearer, &book, at);
        let mut other = Caller::new(nodes[(place + 1) % nodes.len()], bearer, &book, at);
        let mut client = Client::new(nodes[place]);
        for token in chunk {
            let was_used = !token.uses.is_empty() || token.is_gone;
            holds(&mut client, token, was_used);
            caller.redeem(token);
            other.redeem(token);
            assert!(token.is_gone != (token.uses.len() == 1), "token {} was used once", token.id);
        }
    });
}

/// A token of Rebilly's dialect is there and says whether it was used; one in doubt may be both.
fn holds(client: &mut Client, token: &Token, was_used: bool) {
    if token.made.is_none() {
        return;
    }
    let read = client.call("GET", &format!("/rebilly/tokens/{}", token.id), &[SECRET], b"");
    assert_eq!(read.status, 200, "token {} is lost", token.id);
    if was_used || token.refused_uses == 0 {
        assert_eq!(read.json()["isUsed"], was_used, "token {}", token.id);
    }
}

fn each<T: Send>(items: &mut [T], work: impl Fn(usize, &mut [T]) + Sync) {
    let share = items.len().div_ceil(THREADS).max(1);
    thread::scope(|scope| {
        for (at, chunk) in items.chunks_mut(share).enumerate() {
            let work = &work;
            scope.spawn(move || work(at, chunk));
        }
    });
}

/// The log has every acknowledged act once, no token with two uses, and nothing that nobody asked for.
pub(crate) fn audit(log: &Log, pages: &Pages) {
    let creates = log.of_action("token.create");
    let requests = counted(creates.iter().filter_map(|fact| fact["request"].as_str()));
    for request in pages.tokens.iter().filter_map(|token| token.made.as_deref()) {
        assert_eq!(requests.get(request), Some(&1), "{request} made a token");
    }
    let unknown = creates.len() - pages.tokens.len();
    assert!(unknown <= pages.creates_in_doubt, "{unknown} tokens that nobody asked for");

    let uses: Vec<_> =
        ["token.redeem", "token.exchange"].iter().flat_map(|action| log.of_action(action)).collect();
    let objects = counted(uses.iter().filter_map(|fact| fact["object"].as_u64()));
    assert!(objects.values().all(|count| *count == 1), "a token with two uses");
    assert_eq!(objects.len(), pages.tokens.len(), "all are used up");
    let requests = counted(uses.iter().filter_map(|fact| fact["request"].as_str()));
    for request in pages.tokens.iter().flat_map(|token| &token.uses) {
        assert_eq!(requests.get(request.as_str()), Some(&1), "{request} used a token");
    }
}

fn counted<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}
