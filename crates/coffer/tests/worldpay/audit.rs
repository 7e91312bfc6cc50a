//! What the audit log says of each act of this dialect: one fact for each, and none for what was not done. The process
//! is killed as soon as the last answer is there.

use serde_json::{Value, json};

use super::calls::{
    CARD_ON_FILE, CARD_SESSIONS, CLEAR, PAN, SESSIONS, Shop, TOKENS, V3, both, card, checkout, link, refused,
    session, with,
};
use crate::support::{
    Node, home,
    log::{Act, Log, act},
};

const USER: &str = "sandbox user";
const REVEAL: &str = "sandbox reveal user";
const CHECKOUT: &str = "sandbox checkout";

#[test]
fn every_act_is_one_fact_and_what_was_not_done_is_none() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut acts: Vec<Act> = Vec::new();

    let made = shop.post(TOKENS, &card());
    acts.push(act("reusable.create", USER, &made));
    let token = made.json();
    let href = link(&token, "token");
    // A match that changes nothing, and what is only looked at.
    assert_eq!(shop.post(TOKENS, &card()).status, 200);
    assert_eq!(shop.get(&href).status, 200);
    assert_eq!(shop.get(&format!("{TOKENS}?namespace=x")).status, 200);
    let other = with(&card(), "/paymentInstrument/cardHolderName", json!("John Watson"));
    let differs = shop.post(TOKENS, &other);
    acts.push(act("reusable.conflict", USER, &differs));
    let waiting = link(&differs.json(), "conflicts");
    assert_eq!(shop.get(&waiting).status, 200);
    acts.push(act("reusable.resolve", USER, &shop.resolve(&waiting)));
    assert_eq!(shop.resolve(&waiting).status, 404);
    acts.push(act("reusable.update", USER, &shop.put(&link(&token, "description"), &json!("New"))));
    assert_eq!(shop.put(&link(&token, "description"), &json!("")).status, 400);
    let mut auditor = Shop::by(&node, "sandbox-reveal", "sandbox-reveal");
    acts.push(act("reusable.reveal", REVEAL, &auditor.send("GET", &href, &[("Accept", CLEAR)], b"")));

    let body = session(PAN).to_string();
    let left = node.client().call("POST", CARD_SESSIONS, &both(SESSIONS), body.as_bytes());
    acts.push(act("session.create", CHECKOUT, &left));
    let body = with(
        &checkout(left.header("location").unwrap()),
        "/namespace",
        json!("of a session".replace(' ', "-")),
    );
    let used = shop.post(CARD_ON_FILE, &body);
    assert_eq!(used.status, 201, "{}", used.text());
    acts.extend([act("session.use", USER, &used), act("reusable.create", USER, &used)]);
    assert_eq!(refused(&shop.post(CARD_ON_FILE, &body)).1, "sessionNotFound");

    let denied = auditor.get(&href);
    assert_eq!(denied.status, 403);
    acts.push(act("access.refused", REVEAL, &denied));
    let unknown = node.client().call("GET", TOKENS, &[("Accept", V3)], b"");
    acts.push(act("access.refused", "unknown", &unknown));
    acts.push(act("reusable.delete", USER, &shop.delete(&href)));
    node.kill();
    assert_log(folder.path(), &acts);
}

fn assert_log(folder: &std::path::Path, acts: &[Act]) {
    let log = Log::of(folder);
    let own = |fact: &&Value| {
        let action = fact["action"].as_str().expect("an action");
        ["reusable.", "session.", "access."].iter().any(|kind| action.starts_with(kind))
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
    let of = |action: &str| facts.iter().find(|fact| fact["action"] == action).expect("the fact");
    let object = &of("reusable.create")["object"];
    for action in
        ["reusable.conflict", "reusable.resolve", "reusable.update", "reusable.reveal", "reusable.delete"]
    {
        assert_eq!((&of(action)["object"], &of(action)["tenant"]), (object, &json!(2)), "{action}");
    }
    assert_eq!(of("session.use")["object"], of("session.create")["object"]);
    // A checkout's caller is a shopper: of that address, only the network.
    assert_eq!(of("session.create")["origin"], "127.0.0.0");
    assert_eq!(of("reusable.create")["origin"], "127.0.0.1");
    let text = json!(log.facts).to_string();
    for secret in [PAN, "Sherlock", "Watson", "Baker", "of-a-session"] {
        assert!(!text.contains(secret), "{secret} is in the audit log");
    }
}
