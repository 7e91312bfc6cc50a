//! Many calls at once on one instrument or one customer: none is lost, and what is single stays so.

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, with},
    crowd::{Call, at_once, count},
    instruments_tokens::plain_token_of_bank,
    instruments_update::assert_changed,
    kinds::{
        deactivate, exchanged, id, instrument, keep, kept, kinds, patch, plain_account, plain_card, token_id,
    },
};
use crate::support::{Answer, Node, SECRET, home};

#[test]
fn of_32_parallel_changes_none_is_lost() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = exchanged(&mut client, &kinds()[1].token, "cus_1");
    let path = format!("{INSTRUMENTS}/{}", id(&made));
    let change = |round: u64, number: usize| match number % 3 {
        0 => ("bankName", json!(format!("Bank {round} {number}"))),
        1 => ("stickyGatewayAccountId", json!(format!("gw_acc_{round}_{number}"))),
        _ => ("customFields", json!({"round": round, "number": number})),
    };
    for round in 0..3_u64 {
        let mut before = instrument(&mut client, id(&made));
        let call = |number: usize| -> Call {
            let (name, value) = change(round, number);
            let (path, body) = (path.clone(), json!({name: value}).to_string());
            Box::new(move |client| client.call("PATCH", &path, &[SECRET], body.as_bytes()))
        };
        let answers = at_once(&node, (0..32).map(call).collect());
        let statuses: Vec<u16> = answers.iter().map(|one| one.status).collect();
        assert_eq!(statuses, [200; 32]);
        let mut after: Vec<(Value, usize)> = answers.iter().map(Answer::json).zip(0..).collect();
        after.sort_by_key(|(body, _)| body["revision"].as_u64());
        // Every one was written over the one before it, and shows what that one left.
        for (body, number) in after {
            let (name, value) = change(round, number);
            assert_changed(&before, &body, &[name]);
            assert_eq!(body[name], value);
            before = body;
        }
        assert_eq!(instrument(&mut client, id(&made)), before);
        assert_eq!(before["revision"], 33 + 32 * round);
    }
    // And of many with one token exactly one.
    let token = token_id(&mut client, &plain_token_of_bank());
    let body = json!({"token": token}).to_string();
    let call = |_| -> Call {
        let (path, body) = (path.clone(), body.clone());
        Box::new(move |client| client.call("PATCH", &path, &[SECRET], body.as_bytes()))
    };
    let answers = at_once(&node, (0..32).map(call).collect());
    assert_eq!((count(&answers, 200), count(&answers, 422)), (1, 31));
    assert_eq!(instrument(&mut client, id(&made))["revision"], 98);
}

#[test]
fn one_number_is_taken_by_one_instrument() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    // Eight instruments of one customer, and a token of one more number for each.
    let made: Vec<Value> =
        (0..8).map(|number| kept(&mut client, &plain_account(&format!("100{number}")), "cus_1")).collect();
    let calls = made.iter().map(|made| -> Call {
        let (id, token) = (id(made).to_owned(), token_id(&mut client, &plain_token_of_bank()));
        Box::new(move |client| patch(client, &id, &json!({"token": token})))
    });
    let calls = calls.collect();
    let answers = at_once(&node, calls);
    assert_eq!((count(&answers, 200), count(&answers, 422)), (1, 7));
    let winner = answers.iter().find(|answer| answer.status == 200).expect("one").json();
    let answer =
        keep(&mut client, &with(&plain_account("9991111"), "routingNumber", json!("011000015")), "cus_1");
    assert_eq!((answer.status, id(&answer.json())), (303, id(&winner)));
}

#[test]
fn of_many_deactivations_one_succeeds() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card("4111111111111111"), "cus_of_many");
    let call = |_| -> Call {
        let id = id(&made).to_owned();
        Box::new(move |client| deactivate(client, &id))
    };
    let answers = at_once(&node, (0..32).map(call).collect());
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 31));
    assert_eq!(instrument(&mut client, id(&made))["revision"], 2);
}
