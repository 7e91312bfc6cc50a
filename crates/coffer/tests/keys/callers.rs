//! What the callers of each dialect do in a round.

use std::thread::{self, JoinHandle};

use serde_json::Value;

use crate::{
    calls::{self as payroc, fresh_key, secure},
    load::Caller,
    made::{CARD, Made, WORLDPAY_CARD},
    support::{Client, Node, REDEEM, SECRET, card},
    vault::codeless,
    worldpay_calls::{self as worldpay, TOKENS, link},
};

/// Most calls read: what was made is asked for so often.
const READS: usize = 16;

/// A caller of each dialect, who makes at the first node what it reads at the second: what lies under a key that a node
/// does not have yet is found by that. `named` makes one with its name.
pub(crate) fn of(makes: &Node, reads: &Node, named: impl Fn(&str) -> Caller) -> Vec<JoinHandle<Made>> {
    let clients = [makes.client(), reads.client()];
    let shops = [worldpay::Shop::of(makes), worldpay::Shop::of(reads)];
    let merchants = [payroc::Shop::of(makes), payroc::Shop::of(reads)];
    let (one, two, three) = (named("rebilly"), named("worldpay"), named("payroc"));
    vec![
        thread::spawn(move || rebilly(one, clients)),
        thread::spawn(move || worldpay(two, shops)),
        thread::spawn(move || payroc(three, merchants)),
    ]
}

fn id(answer: &crate::support::Answer) -> String {
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// A token is made, read, exchanged; the same card updates the instrument; another is redeemed, and one is kept.
fn rebilly(mut caller: Caller, mut clients: [Client; 2]) -> Made {
    while caller.goes_on() {
        let _ = rebilly_round(&mut caller, &mut clients);
    }
    caller.made
}

fn rebilly_round(caller: &mut Caller, [client, reader]: &mut [Client; 2]) -> Option<()> {
    let body = card().to_string();
    let mut create = |caller: &mut Caller| {
        let made = caller.call("create", &[201], None, || {
            client.call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes())
        });
        made.as_ref().map(id)
    };
    let (token, third, kept) = (create(caller)?, create(caller)?, create(caller)?);
    let path = format!("/rebilly/tokens/{token}");
    for _ in 0..READS {
        caller.call("read", &[200], None, || reader.call("GET", &path, &[SECRET], b""))?;
    }
    // One card, one customer: the card is known again, by whichever fingerprint.
    let wanted: &[u16] = if caller.made.is_exchanged { &[303] } else { &[201] };
    let body = serde_json::json!({"token": token, "customerId": format!("cus_{}", caller.name)}).to_string();
    let answer = caller.call("exchange", wanted, Some(422), || {
        client.call("POST", "/rebilly/payment-instruments", &[SECRET], body.as_bytes())
    })?;
    caller.made.is_exchanged = true;
    if answer.status != 422 {
        let instrument = id(&answer);
        if *caller.made.instrument.get_or_insert_with(|| instrument.clone()) != instrument {
            caller.misses("one card, one instrument");
        }
    }
    let path = format!("/coffer/v1/tokens/{third}/redeem");
    let answer = caller.call("redeem", &[200], Some(404), || client.call("POST", &path, &[REDEEM], b""))?;
    if answer.status == 200 && !answer.text().contains(CARD) {
        caller.misses("the card of a token that is redeemed");
    }
    caller.made.used.extend([token, third]);
    caller.made.unused.push(kept);
    Some(())
}

/// A card is new in a namespace once; then it comes again and again, and is read.
fn worldpay(mut caller: Caller, mut shops: [worldpay::Shop; 2]) -> Made {
    for round in 0.. {
        if !caller.goes_on() {
            break;
        }
        let _ = worldpay_round(&mut caller, &mut shops, round);
    }
    caller.made
}

fn worldpay_round(caller: &mut Caller, [shop, reader]: &mut [worldpay::Shop; 2], round: u32) -> Option<()> {
    let namespace = format!("{}-{round}", caller.name);
    let body = worldpay::card_in(WORLDPAY_CARD, &namespace);
    let first = caller.call("the card", &[201], Some(200), || shop.post(TOKENS, &body))?;
    let href = link(&first.json(), "token");
    for turn in 0..READS {
        let answer = if turn % 2 == 0 {
            caller.call("the same card again", &[200], None, || reader.post(TOKENS, &body))?
        } else {
            caller.call("read the token", &[200], None, || reader.get(worldpay::path_of(&href)))?
        };
        if name(&answer.json()) != name(&first.json()) {
            caller.misses("the same card, the same token");
        }
    }
    // One of long ago, whose key may have retired.
    if let Some((_, old)) = caller.made.reusables.get(caller.made.reusables.len() / 2) {
        let old = old.clone();
        caller.call("read an old token", &[200], None, || reader.get(worldpay::path_of(&old)))?;
    }
    caller.made.reusables.push((namespace, href));
    Some(())
}

/// What a token is called in requests. Links name the node that printed them.
pub(crate) fn name(token: &Value) -> String {
    let href = token["tokenPaymentInstrument"]["href"].as_str().expect("a link");
    worldpay::path_of(href).to_owned()
}

/// A secure token is made and read, and a single-use token is made.
fn payroc(mut caller: Caller, mut shops: [payroc::Shop; 2]) -> Made {
    while caller.goes_on() {
        let _ = payroc_round(&mut caller, &mut shops);
    }
    caller.made
}

fn payroc_round(caller: &mut Caller, [shop, reader]: &mut [payroc::Shop; 2]) -> Option<()> {
    let (id, key) = (fresh_key(), fresh_key());
    let (path, body) = (shop.path("secure-tokens"), secure(&id, &codeless()));
    let made = caller.call("secure token", &[201], None, || shop.keyed("POST", &path, &key, &body))?;
    let read = shop.secure_path(&id);
    for _ in 0..READS {
        let read = caller.call("read it", &[200], None, || reader.get(&read))?;
        if read.json()["token"] != made.json()["token"] {
            caller.misses("the secure token that was made");
        }
    }
    caller.made.secure.push((id, payroc::text(&made.json(), "token")));
    let (path, key) = (shop.path("single-use-tokens"), fresh_key());
    let body = payroc::request(&codeless());
    let token = caller.call("single-use token", &[201], None, || shop.keyed("POST", &path, &key, &body))?;
    caller.made.single.push(payroc::text(&token.json(), "token"));
    caller.made.kept.push((key, token.text()));
    Some(())
}
