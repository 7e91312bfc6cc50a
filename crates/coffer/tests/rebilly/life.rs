//! The life of a token as `GET /tokens/{id}` shows it (4.4), by the sandbox's clock.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::calls::{TOKENS, assert_masked, get, seconds, seed_request, token};
use crate::support::{Client, Node, exchange, home, redeem};

fn read(client: &mut Client, id: &str) -> Value {
    let answer = get(client, &format!("{TOKENS}/{id}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_masked(&answer, "4111111111111111");
    answer.json()
}

/// What never changes in the life of a token.
fn assert_same_token(now: &Value, made: &Value) {
    for name in
        ["id", "method", "paymentInstrument", "billingAddress", "riskMetadata", "createdTime", "_links"]
    {
        assert_eq!(now[name], made[name], "{name}");
    }
}

/// One use of a token, and the status of its answer.
type Use = fn(&mut Client, &str) -> u16;

#[test]
fn a_token_that_was_used_says_when() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let uses: [Use; 2] =
        [|client, id| exchange(client, id, "cus_life").status, |client, id| redeem(client, id).status];
    for use_it in uses {
        let made = token(&mut client, &seed_request());
        let id = made["id"].as_str().unwrap();
        node.advance(90);
        assert_eq!(read(&mut client, id), made, "unused, it reads as on its first day");
        let status = use_it(&mut client, id);
        assert!((200..=201).contains(&status) || status == 303, "{status}");
        node.advance(2_000);
        let used = read(&mut client, id);
        assert_same_token(&used, &made);
        assert_eq!(used["isUsed"], true);
        assert_eq!(used["updatedTime"], used["usageTime"]);
        let after = seconds(&used["usageTime"]) - seconds(&made["createdTime"]);
        assert!((90..2_000).contains(&after), "used {after} seconds after its creation");
    }
}

#[test]
fn a_token_lives_thirty_minutes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = [token(&mut client, &seed_request()), token(&mut client, &seed_request())];
    let ids = [made[0]["id"].as_str().unwrap(), made[1]["id"].as_str().unwrap()];
    // Two minutes before the end it is as good as new.
    node.advance(1_680);
    assert_eq!(exchange(&mut client, ids[0], "cus_1").status, 201);
    node.advance(120);
    let expired = read(&mut client, ids[1]);
    assert_same_token(&expired, &made[1]);
    assert_eq!(expired["isUsed"], false);
    assert!(expired["usageTime"].is_null(), "{expired}");
    assert_eq!(seconds(&expired["expirationTime"]), seconds(&made[1]["createdTime"]) + 1_800);
    assert_eq!(expired["updatedTime"], expired["expirationTime"]);
    assert_eq!(exchange(&mut client, ids[1], "cus_1").status, 422);
    assert_eq!(redeem(&mut client, ids[1]).status, 404);
    assert_eq!(read(&mut client, ids[1]), expired, "trying changes nothing");
}

#[test]
fn the_moved_clock_survives_a_restart() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let made = token(&mut node.client(), &seed_request());
    node.advance(1_800);
    node.kill();
    let node = Node::sandbox(folder.path());
    let expired = read(&mut node.client(), made["id"].as_str().unwrap());
    assert_eq!(seconds(&expired["expirationTime"]), seconds(&made["createdTime"]) + 1_800);
    assert_eq!(exchange(&mut node.client(), made["id"].as_str().unwrap(), "cus_1").status, 422);
}

#[test]
fn a_day_later_a_token_is_as_if_it_had_never_been() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = [token(&mut client, &seed_request()), token(&mut client, &seed_request())];
    let ids = [made[0]["id"].as_str().unwrap(), made[1]["id"].as_str().unwrap()];
    assert_eq!(exchange(&mut client, ids[0], "cus_1").status, 201);
    node.advance(86_000);
    for id in ids {
        read(&mut client, id);
    }
    node.advance(86_400);
    let unknown = get(&mut client, &format!("{TOKENS}/none"));
    assert_eq!(unknown.status, 404);
    // The sweep comes by itself; until then the row may still be there.
    let deadline = Instant::now() + Duration::from_secs(20);
    for id in ids {
        let gone = loop {
            let answer = get(&mut client, &format!("{TOKENS}/{id}"));
            if answer.status != 200 {
                break answer;
            }
            assert!(Instant::now() < deadline, "not swept after 20 s");
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!((gone.status, gone.text()), (404, unknown.text()));
        assert_eq!(exchange(&mut client, id, "cus_1").status, 422);
    }
}
