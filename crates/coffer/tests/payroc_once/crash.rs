//! `kill -9` between requests and their answers: whoever asks again under the same key is told what was told before, or
//! is told for the first time; and of everything there is one.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Seed,
    asked::{Asked, FIRST, Kind},
    calls::{self, KEY, Shop, redeem, text},
    dice::Dice,
    load, number_from,
    support::{self, Client, Node, log::Log},
};

const CYCLES: u64 = 30;
const CLIENTS: usize = 6;
const THREADS: usize = 4;
/// The load runs this long before the kill, in milliseconds.
const LOAD_MILLIS: std::ops::Range<usize> = 5..81;
/// Seconds after which a payment that began is over, one way or the other.
const UNDERWAY: u64 = 180;

#[test]
fn a_retry_after_a_crash_makes_no_second_one() {
    let seed = Seed::choose();
    let cycles = number_from("COFFER_ONCE_CYCLES").unwrap_or(CYCLES);
    let home = support::home();
    let mut node = Node::sandbox(home.path());
    // It outlives every restart.
    let bearer = calls::bearer(&node, KEY);
    let mut all: Vec<Asked> = Vec::new();
    for cycle in 0..cycles {
        let mut last = load_and_kill(node, &bearer, seed.0, usize::try_from(cycle).unwrap());
        node = Node::sandbox(home.path());
        settle(&node, &bearer, &mut last);
        all.append(&mut last);
    }
    let in_doubt = unknown(&node, &mut all);
    holds(&node, &bearer, &all);
    node.kill();
    audit(&Log::of(home.path()), &all, in_doubt);
    let kinds: BTreeSet<Kind> = all.iter().map(|asked| asked.kind).collect();
    assert_eq!(kinds.len(), 7, "this was no load: {kinds:?}");
}

/// Clients work until the process is killed under their hands.
fn load_and_kill(node: Node, bearer: &str, seed: u64, cycle: usize) -> Vec<Asked> {
    let address = node.clients;
    let moment = LOAD_MILLIS.start + Dice::of(seed, cycle, CLIENTS).below(LOAD_MILLIS.len());
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let dice = Dice::of(seed, cycle, client);
                scope.spawn(move || load::run(address, bearer, dice, format!("{cycle}-{client}")))
            })
            .collect();
        thread::sleep(Duration::from_millis(moment as u64));
        node.kill();
        clients.into_iter().flat_map(|client| client.join().expect("a client was surprised")).collect()
    })
}

/// Asks for everything again, several times at once.
fn settle(node: &Node, bearer: &str, asked: &mut [Asked]) {
    let share = asked.len().div_ceil(THREADS).max(1);
    thread::scope(|scope| {
        for chunk in asked.chunks_mut(share) {
            scope.spawn(|| {
                let mut client = node.client();
                for asked in chunk {
                    settle_one(&mut client, bearer, asked);
                }
            });
        }
    });
}

fn settle_one(client: &mut Client, bearer: &str, asked: &mut Asked) {
    let again = asked.send(client, bearer).expect("an answer");
    match &asked.told {
        Some(told) => assert_eq!(again, *told, "{:?}", asked.kind),
        None if again.is_underway() => assert_eq!(asked.kind, Kind::Payment, "{}", again.text),
        None => {
            assert_eq!(again.status, asked.success(), "{:?}: {}", asked.kind, again.text);
            let third = asked.send(client, bearer).expect("an answer");
            assert_eq!(third, again, "{:?}", asked.kind);
            asked.told = Some(again);
        }
    }
    // Another body under the key is told apart, by its clear part and by its code.
    let mut other = asked.body.clone();
    match asked.kind {
        Kind::SingleUse => other["source"]["cardDetails"]["keyedData"]["cvv"] = json!("9999"),
        Kind::Patch => other[0]["value"]["value"] = json!("another"),
        _ => other["another"] = json!("member"),
    }
    let told = asked.send_body(client, bearer, &other).expect("an answer");
    assert!(told.status == 409 && told.text.contains("#idempotency-key-in-use"), "{}", told.text);
}

/// What became of payments that had begun and were not answered is not known, when it is too late for an answer. Gives
/// how many there are.
fn unknown(node: &Node, all: &mut [Asked]) -> usize {
    node.advance(UNDERWAY);
    let bearer = calls::bearer(node, KEY);
    let mut client = node.client();
    let open: Vec<_> = all.iter_mut().filter(|asked| asked.told.is_none()).collect();
    let count = open.len();
    for asked in open {
        let told = asked.ask(&mut client, &bearer);
        assert_eq!(told.status, 500, "{}", told.text);
        assert!(told.text.contains("not known"), "{}", told.text);
        let again = asked.send(&mut client, &bearer).expect("an answer");
        assert_eq!(again, told);
        let token = text(&asked.body["paymentMethod"], "token");
        assert_eq!(redeem(node, &token).status, 404, "its token was used up with its beginning");
    }
    count
}

/// The node as it is now is what the answers say.
fn holds(node: &Node, bearer: &str, all: &[Asked]) {
    let of = |kinds: &[Kind]| all.iter().filter(|asked| kinds.contains(&asked.kind)).collect::<Vec<_>>();
    for (kinds, member) in [
        (&[Kind::SingleUse][..], "token"),
        (&[Kind::Secure, Kind::SecureOfToken], "secureTokenId"),
        (&[Kind::Secure, Kind::SecureOfToken], "token"),
        (&[Kind::Session], "token"),
    ] {
        let made: BTreeSet<String> = of(kinds).iter().map(|asked| asked.made(member)).collect();
        assert_eq!(made.len(), of(kinds).len(), "two keys, two of them: {kinds:?}");
    }
    let paid = of(&[Kind::Payment]);
    let paid: Vec<_> = paid.iter().filter(|asked| asked.told.as_ref().unwrap().status == 201).collect();
    let ids: BTreeSet<String> = paid.iter().map(|asked| asked.made("paymentId")).collect();
    assert_eq!(ids.len(), paid.len(), "one payment for each key");

    let mut shop = Shop::of(node);
    bearer.clone_into(&mut shop.bearer);
    let expected: BTreeSet<String> =
        of(&[Kind::Secure, Kind::SecureOfToken]).iter().map(|asked| asked.made("secureTokenId")).collect();
    let listed = listed(&mut shop);
    assert_eq!(
        listed.keys().cloned().collect::<BTreeSet<_>>(),
        expected,
        "a secure token that nobody was told of"
    );
    // Each patch was applied once.
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for asked in of(&[Kind::Patch]) {
        fields.entry(asked.made("secureTokenId")).or_default().push(asked.key.clone());
    }
    for (id, resource) in &listed {
        let mut found: Vec<String> = resource["customFields"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|field| text(field, "name"))
            .collect();
        let mut expected = fields.remove(id).unwrap_or_default();
        expected.push(FIRST.to_owned());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{id}");
    }
    // A token is used up by what used it, and by nothing else.
    let used: BTreeSet<String> = all.iter().filter_map(used_token).collect();
    for asked in of(&[Kind::SingleUse]).into_iter().rev().take(200) {
        let token = asked.made("token");
        let expected = if used.contains(&token) { 404 } else { 200 };
        assert_eq!(redeem(node, &token).status, expected, "{token}");
    }
}

/// The single-use token that a request names.
fn used_token(asked: &Asked) -> Option<String> {
    let place = match asked.kind {
        Kind::SecureOfToken => &asked.body["source"],
        Kind::UpdateAccount => &asked.body,
        Kind::Payment => &asked.body["paymentMethod"],
        _ => return None,
    };
    Some(text(place, "token"))
}

/// All secure tokens, by their ids.
fn listed(shop: &mut Shop) -> BTreeMap<String, Value> {
    let (mut found, mut next) = (BTreeMap::new(), Some(shop.path("secure-tokens?limit=100")));
    while let Some(path) = next {
        let page = shop.get(&path);
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        for resource in page["data"].as_array().unwrap() {
            let before = found.insert(text(resource, "secureTokenId"), resource.clone());
            assert!(before.is_none(), "listed twice");
        }
        let links = page["links"].as_array().cloned().unwrap_or_default();
        next = links.iter().find(|link| link["rel"] == "next").map(|link| text(link, "href"));
    }
    found
}

/// The audit log has one fact for each act, however often it was asked for.
fn audit(log: &Log, all: &[Asked], in_doubt: usize) {
    let count = |kind: Kind| all.iter().filter(|asked| asked.kind == kind).count();
    for (action, expected) in [
        ("token.create", count(Kind::SingleUse)),
        ("token.exchange", count(Kind::SecureOfToken)),
        ("reusable.create", count(Kind::Secure) + count(Kind::SecureOfToken)),
        ("reusable.update", count(Kind::Patch) + count(Kind::UpdateAccount)),
        ("session.create", count(Kind::Session)),
        ("forward.begin", count(Kind::Payment)),
        ("forward.end", count(Kind::Payment) - in_doubt),
    ] {
        assert_eq!(log.of_action(action).len(), expected, "{action}");
    }
}
