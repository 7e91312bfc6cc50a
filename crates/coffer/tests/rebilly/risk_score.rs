//! The score (6.3) by default and configured weights, and files that are replaced while the node serves.

use std::fs;

use serde_json::json;

use super::world::{ALPHA_KEY, NEW_YORK, NOWHERE, PROXY, World, anonymous_file, asn_file, city_file};
use crate::live::Live;

/// An address in every file, with every flag, a billing address far away, and a name that is none.
const ALL_FLAGS: &str = "203.0.113.8";

fn loud() -> serde_json::Value {
    json!({"country": "IN", "city": "Kolkata", "firstName": "Test"})
}

fn scores(world: &mut World) -> Vec<i64> {
    let quiet = json!({"country": "US", "firstName": "Ada", "lastName": "Lovelace"});
    [
        (NOWHERE, json!({})),
        (NEW_YORK, quiet),
        (PROXY, json!({})),
        ("192.0.2.2", json!({})),
        ("192.0.2.3", json!({})),
        ("192.0.2.4", json!({})),
        ("192.0.2.5", json!({})),
        (NEW_YORK, json!({"country": "GB"})),
        (ALL_FLAGS, loud()),
    ]
    .into_iter()
    .map(|(ip, billing)| world.risk(ip, &billing)["score"].as_i64().expect("an integer"))
    .collect()
}

#[test]
fn the_score_is_the_sum_of_the_default_weights_of_what_is_so() {
    let mut world = World::new("");
    // Proxy 20, VPN 15, Tor 30, hosting 10, another country 15, more than 1,000 km 10, fake name 20.
    assert_eq!(scores(&mut world), [0, 0, 20, 15, 30, 10, 0, 25, 20 + 15 + 30 + 10 + 15 + 10 + 20]);
}

#[test]
fn an_operator_sets_weights_and_the_list() {
    let more = "[risk]\nhigh_risk_countries = [\"IN\"]\n[risk.weights]\nisProxy = 1\nisVpn = 0\nisTor = -7\n\
                hasFakeName = 100\nisHighRiskCountry = 3";
    let mut world = World::new(more);
    assert_eq!(scores(&mut world), [0, 0, 1, 0, -7, 10, 0, 25, 1 - 7 + 10 + 15 + 10 + 100 + 3]);
}

#[test]
fn a_file_that_is_replaced_is_used_and_a_broken_one_is_not() {
    let mut world = World::new("");
    let city = |world: &mut World| world.risk(NEW_YORK, &json!({}))["city"].clone();
    assert_eq!(city(&mut world), "New York");
    world.replace("city.mmdb", &city_file("Gotham"));
    world.wait_for("another city", |world| city(world) == "Gotham");
    // With its index of places: the old name is gone from it, the new one is there.
    for (name, known) in [("Gotham", true), ("New York", false)] {
        let billing = json!({"country": "US", "city": name});
        assert_eq!(world.risk(NEW_YORK, &billing).get("distance").is_some(), known, "{name}");
    }

    let said = "a table was not replaced";
    let refusals = |world: &World| world.node.said().matches(said).count();
    let half = city_file("Metropolis");
    let broken: [(&str, Vec<u8>); 5] = [
        ("city.mmdb", b"not a database".to_vec()),
        ("city.mmdb", half[..half.len() / 2].to_vec()),
        ("city.mmdb", asn_file()),
        ("anonymous.mmdb", Vec::new()),
        ("bins.csv", b"low,high\n5,x\n".to_vec()),
    ];
    for (turn, (name, content)) in broken.iter().enumerate() {
        world.replace(name, content);
        world.wait_for("the refusal in the log", |world| refusals(world) > turn);
        assert_eq!(city(&mut world), "Gotham", "{name}");
        assert_eq!(world.risk(PROXY, &json!({}))["isProxy"], true, "{name}");
    }
    fs::remove_file(world.live.path("asn.mmdb")).expect("a file");
    world.wait_for("the refusal in the log", |world| refusals(world) > broken.len());
    assert_eq!(world.risk(NEW_YORK, &json!({}))["isp"], "Hudson Cable", "what went away stays in use");

    // And a good one after a broken one is taken again.
    world.replace("city.mmdb", &city_file("Metropolis"));
    world.wait_for("the next city", |world| city(world) == "Metropolis");
    world.replace("anonymous.mmdb", &anonymous_file());
    world.replace("bins.csv", b"low,high,country,bank\n411111,411111,FR,Another Bank\n");
    let body = json!({"method": "payment-card", "riskMetadata": {"ipAddress": NEW_YORK},
        "paymentInstrument": {"pan": "4111111111111111", "expMonth": 12, "expYear": 2035}});
    world.wait_for("another range", |world| {
        world.token(&body)["riskMetadata"]["hasMismatchedBankCountry"] == true
    });
    assert_eq!(refusals(&world), broken.len() + 1);
}

#[test]
fn a_node_does_not_start_with_a_file_that_does_not_read() {
    let live = Live::new();
    live.write("city.mmdb", "not a database", 0o644);
    for (name, file) in [("city", "city.mmdb"), ("bins", "nothing.csv"), ("asn", "city.mmdb")] {
        let path = live.path(file).display().to_string();
        let said = live.refusal(&format!("{}\n[tables]\n{name} = {path:?}\n", live.config()));
        assert!(said.contains(&path), "{said}");
    }
}

#[test]
fn without_files_only_what_was_said_is_told() {
    let live = Live::new();
    let node = live.start();
    let body = json!({"method": "cash", "riskMetadata": {"ipAddress": NEW_YORK, "city": "Rome"},
        "billingAddress": {"country": "GB", "firstName": "Ada"}});
    let answer = node.client().call("POST", super::calls::TOKENS, &[ALPHA_KEY], body.to_string().as_bytes());
    let expected = json!({"ipAddress": NEW_YORK, "hasFakeName": false, "isHighRiskCountry": false,
        "ipVelocity": 1, "score": 0});
    assert_eq!(answer.json()["riskMetadata"], expected);
}
