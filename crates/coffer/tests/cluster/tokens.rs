//! Single-use tokens of one node at the others.

use serde_json::Value;

use crate::{
    nodes::{Cluster, NODES, together},
    support::{SECRET, card, create, exchange, redeem},
};

/// How many try to use one token.
const CALLERS: usize = 24;

#[test]
fn a_token_of_one_node_is_used_once_at_another_with_its_code() {
    let cluster = Cluster::start();
    let mut clients = cluster.clients();
    for maker in 0..NODES {
        let user = (maker + 1) % NODES;
        let token = create(&mut clients[maker], &card());
        let answer = redeem(&mut clients[user], &token);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["card"]["pan"], "4111111111111111");
        assert_eq!(answer.json()["card"]["cvv"], "123");
        for client in &mut clients {
            assert_eq!(redeem(client, &token).status, 404, "used up everywhere");
            assert_eq!(exchange(client, &token, "late").status, 422, "by every door");
            let read = client.call("GET", &format!("/rebilly/tokens/{token}"), &[SECRET], b"").json();
            assert_eq!(read["isUsed"], true);
        }
    }
}

/// The winner's answer, of many that try to use one token by two doors and on all nodes.
fn contended(cluster: &Cluster, token: &str, by_door: fn(usize) -> bool) -> Option<Value> {
    let answers = together(cluster, CALLERS, |caller, node| {
        let mut client = node.client();
        if by_door(caller) {
            (redeem(&mut client, token), [200, 404])
        } else {
            (exchange(&mut client, token, &format!("cus-{caller}")), [201, 422])
        }
    });
    let mut winner = None;
    for (answer, [won, lost]) in answers {
        if answer.status == won {
            assert!(winner.replace(answer.json()).is_none(), "two won");
        } else {
            assert_eq!(answer.status, lost, "{}", answer.text());
        }
    }
    winner
}

#[test]
fn of_many_uses_of_one_token_on_three_nodes_one_wins() {
    let cluster = Cluster::start();
    let doors: [fn(usize) -> bool; 3] = [|_| true, |_| false, |caller| caller % 2 == 0];
    for (round, door) in doors.into_iter().cycle().take(9).enumerate() {
        let token = create(&mut cluster.nodes[round % NODES].client(), &card());
        let winner = contended(&cluster, &token, door).expect("one wins");
        if winner.get("card").is_none() {
            let path = format!("/rebilly/payment-instruments/{}", winner["id"].as_str().expect("an id"));
            for client in &mut cluster.clients() {
                assert_eq!(client.call("GET", &path, &[SECRET], b"").status, 200, "made once, seen by all");
            }
        }
    }
    let log = cluster.log();
    let uses = log.of_action("token.redeem").len() + log.of_action("token.exchange").len();
    assert_eq!((log.of_action("token.create").len(), uses), (9, 9), "the log agrees");
}
