//! Why a known caller may not do this: one answer for all, and the reason in the log, in words of ours alone.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    calls::{CARD_SESSIONS, CLEAR, PAN, SESSIONS, Shop, TOKENS, both, card, link, session, with},
    place::{self, CHECKOUT, ELSEWHERE, REVEAL, USER},
};
use crate::live::Live;

#[test]
fn one_answer_for_all_and_the_reason_in_the_log() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let [mut shop, mut auditor, mut elsewhere] =
        [USER, REVEAL, ELSEWHERE].map(|(user, password)| Shop::by(&node, user, password));
    let href = link(&shop.create(&card()), "token");
    let page = with(&session(PAN), "/identity", json!(CHECKOUT)).to_string();
    let by_another_page = [both(SESSIONS).as_slice(), &[("Origin", "https://intruder.example")]].concat();
    let answers = [
        (auditor.post(TOKENS, &card()), "not for this kind of user"),
        (elsewhere.get(&href), "an address that is not among allowed_ips"),
        (shop.send("GET", &href, &[("Origin", place::PAGE)], b""), "a password shown by a page"),
        (
            shop.send("GET", &href, &[("Accept", CLEAR)], b""),
            "masked=false is for reveal users, and they may nothing else",
        ),
        (
            shop.post(TOKENS, &with(&card(), "/merchant/entity", json!("intruder"))),
            "not an entity of this user",
        ),
        (
            node.client().call("POST", CARD_SESSIONS, &by_another_page, page.as_bytes()),
            "a page of another origin",
        ),
    ];
    let bodies: BTreeSet<String> = answers.iter().map(|(answer, _)| answer.text()).collect();
    assert_eq!(bodies.len(), 1, "nobody is told why: {bodies:?}");
    assert!(answers.iter().all(|(answer, _)| answer.status == 403));

    node.wait_until_said(&answers.iter().map(|(_, reason)| *reason).collect::<Vec<_>>());
    let said = node.said();
    for (answer, reason) in &answers {
        let request = answer.header("x-request-id").expect("X-Request-Id");
        let line = said.lines().find(|line| line.contains(request)).expect("a line of this request");
        assert!(line.contains(reason) && line.contains("a caller may not do this"), "{line}");
    }
    for text in ["intruder", USER.1, REVEAL.1, CHECKOUT, PAN] {
        assert!(!said.contains(text), "{text} is in the log");
    }
}
