//! What the audit log says of each act of this dialect: one fact for each, and none for what was not done. The process
//! is killed as soon as the last answer is there.

use serde_json::{Value, json};

use super::calls::{PAN, SECOND, Shop, authorize, card, flat, fresh_key, redeem, reveal, secure, text, with};
use crate::support::{
    Node, home,
    log::{Act, Log, act},
};

const KEY: &str = "sandbox payroc key";
const OTHER: &str = "sandbox other payroc key";
const NATIVE: &str = "sandbox redeem key";

#[test]
fn every_act_is_one_fact_and_what_was_not_done_is_none() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut acts: Vec<Act> = Vec::new();

    let (path, key) = (shop.path("single-use-tokens"), fresh_key());
    let single = shop.keyed("POST", &path, &key, &super::calls::request(&card()));
    acts.push(act("token.create", KEY, &single));
    let single = text(&single.json(), "token");
    // The same again is an answer and no act.
    assert_eq!(shop.keyed("POST", &path, &key, &super::calls::request(&card())).status, 201);
    assert_eq!(shop.post("single-use-tokens", &json!({})).status, 400);

    let given = shop.post("secure-tokens", &secure("given", &card()));
    acts.push(act("reusable.create", KEY, &given));
    let digits = text(&given.json(), "token");
    let carried = shop.post("secure-tokens", &secure("carried", &flat(&single)));
    assert_eq!(carried.status, 201, "{}", carried.text());
    acts.extend([act("token.exchange", KEY, &carried), act("reusable.create", KEY, &carried)]);
    assert_eq!(shop.post("secure-tokens", &secure("given", &card())).status, 409);
    assert_eq!(shop.post("secure-tokens", &json!({"source": flat(&single)})).status, 400);

    // What is only looked at.
    shop.read("given");
    let list = shop.path("secure-tokens?customerName=Sarah+Hazel+Hopper");
    assert_eq!(shop.get(&list).status, 200);

    let name = json!([{"op": "replace", "path": "/source/cardholderName", "value": "Ada Lovelace"}]);
    acts.push(act("reusable.update", KEY, &shop.patch("given", &name)));
    let forbidden = json!([{"op": "remove", "path": "/token"}]);
    assert_eq!(shop.patch("given", &forbidden).status, 400);
    let test = json!([{"op": "test", "path": "/token", "value": "x"}]);
    assert_eq!(shop.patch("given", &test).status, 409);

    let made = shop.post("single-use-tokens", &super::calls::request(&card()));
    acts.push(act("token.create", KEY, &made));
    let account = shop.update_account("given", &text(&made.json(), "token"));
    assert_eq!(account.status, 200, "{}", account.text());
    acts.push(act("reusable.update", KEY, &account));

    let shown = reveal(&node, &digits);
    assert_eq!(shown.status, 200, "{}", shown.text());
    acts.push(act("reusable.reveal", NATIVE, &shown));
    let made = shop.post("single-use-tokens", &super::calls::request(&card()));
    acts.push(act("token.create", KEY, &made));
    let redeemed = redeem(&node, &text(&made.json(), "token"));
    assert_eq!(redeemed.status, 200, "{}", redeemed.text());
    acts.push(act("token.redeem", NATIVE, &redeemed));

    acts.extend(in_a_session(&mut shop));
    acts.extend(refusals(&node, &mut shop));
    acts.push(act("reusable.delete", KEY, &shop.delete("given")));
    assert_eq!(shop.delete("given").status, 404);
    node.kill();
    assert_log(folder.path(), &acts);
}

/// A session from its beginning to its end: what is filled in is no act.
fn in_a_session(shop: &mut Shop) -> Vec<Act> {
    let opened =
        shop.post("hosted-fields-sessions", &json!({"libVersion": "1.7.0.261457", "scenario": "payment"}));
    let path = format!("/payroc/v1/hosted-fields-sessions/{}", text(&opened.json(), "token"));
    for (name, value) in [("cardNumber", PAN), ("cvv", "234")] {
        let to = format!("{path}/fields");
        let filled = shop.keyed("POST", &to, &fresh_key(), &json!({"type": name, name: value}));
        assert_eq!(filled.status, 200, "{}", filled.text());
    }
    let finished = shop.keyed("POST", &format!("{path}/single-use-tokens"), &fresh_key(), &Value::Null);
    assert_eq!(finished.status, 201, "{}", finished.text());
    vec![
        act("session.create", KEY, &opened),
        act("session.use", KEY, &finished),
        act("token.create", KEY, &finished),
    ]
}

fn refusals(node: &Node, shop: &mut Shop) -> Vec<Act> {
    let mut other = Shop::other(node);
    SECOND.clone_into(&mut other.terminal);
    let path = other.path("secure-tokens");
    let foreign = other.get(&path);
    assert_eq!(foreign.status, 403);
    let bearer = std::mem::replace(&mut shop.bearer, "wrong".to_owned());
    let path = shop.path("secure-tokens");
    let unknown = shop.get(&path);
    shop.bearer = bearer;
    // The next of a kind within a minute is counted and told later: noise may not cause a flush.
    assert_eq!(authorize(node, &[("x-api-key", "wrong")]).status, 401);
    vec![act("access.refused", OTHER, &foreign), act("access.refused", "unknown", &unknown)]
}

fn assert_log(folder: &std::path::Path, acts: &[Act]) {
    let log = Log::of(folder);
    let own = |fact: &&Value| {
        let action = fact["action"].as_str().expect("an action");
        ["token.", "reusable.", "session.", "access."].iter().any(|kind| action.starts_with(kind))
    };
    let facts: Vec<&Value> = log.facts.iter().filter(own).collect();
    let told: Vec<_> = facts
        .iter()
        .map(|fact| {
            ["action", "actor", "request"].map(|name| fact[name].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let expected: Vec<_> = acts
        .iter()
        .map(|(action, actor, request)| [(*action).into(), (*actor).into(), request.clone()])
        .collect();
    assert_eq!(told, expected);
    let all = |action: &str| facts.iter().filter(|fact| fact["action"] == action).collect::<Vec<_>>();
    let of = |action: &str| all(action)[0];
    // What is named is what was made, and by which merchant.
    let given = &of("reusable.create")["object"];
    assert!(given.is_u64());
    assert_eq!((&of("reusable.reveal")["object"], &of("reusable.delete")["object"]), (given, given));
    assert_eq!(of("reusable.reveal")["reason"], "a test");
    let [patched, replaced] = all("reusable.update")[..] else { panic!("two updates") };
    assert_eq!(&patched["object"], given);
    assert_eq!((&replaced["object"], &replaced["result"]), (&all("token.create")[1]["object"], given));
    let exchange = of("token.exchange");
    assert_eq!(exchange["object"], of("token.create")["object"]);
    assert_eq!(exchange["result"], all("reusable.create")[1]["object"]);
    assert_eq!(of("token.redeem")["object"], all("token.create")[2]["object"]);
    let used = of("session.use");
    assert_eq!(used["object"], of("session.create")["object"]);
    assert_eq!(used["result"], all("token.create")[3]["object"]);
    assert!(facts.iter().all(|fact| fact["action"] == "access.refused" || fact["tenant"] == 3), "{facts:?}");
    // In a session the caller is a shopper: of that address, only the network.
    assert_eq!(
        (&used["origin"], &of("session.create")["origin"]),
        (&json!("127.0.0.0"), &json!("127.0.0.1"))
    );
    let text = json!(log.facts).to_string();
    for secret in [PAN, "Sarah", "Lovelace", "\"given\"", "carried", "296753"] {
        assert!(!text.contains(secret), "{secret} is in the audit log");
    }
}

/// What was made of a request that was sent again is told once.
#[test]
fn a_request_that_is_sent_again_is_no_second_act() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let body = with(&secure("one", &card()), "/mitAgreement", json!("recurring"));
    let (path, key) = (shop.path("secure-tokens"), fresh_key());
    let first = shop.keyed("POST", &path, &key, &body);
    for _ in 0..3 {
        assert_eq!(shop.keyed("POST", &path, &key, &body).text(), first.text());
    }
    let patch = json!([{"op": "remove", "path": "/mitAgreement"}]);
    let (path, key) = (shop.secure_path("one"), fresh_key());
    for _ in 0..3 {
        assert_eq!(shop.keyed("PATCH", &path, &key, &patch).status, 200);
    }
    node.kill();
    let log = Log::of(folder.path());
    assert_eq!(log.of_action("reusable.create").len(), 1);
    assert_eq!(log.of_action("reusable.update").len(), 1);
}
