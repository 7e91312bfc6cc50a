//! What was imported is used over HTTP, by the names in the map.

use std::fs;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::{
    place::{PAYROC, Place, REBILLY, WORLDPAY},
    support::{Answer, Node, REDEEM, SECRET, log::Log},
};

const HEADER: &str = "pan,reference,expiry,name,line1,city,region,postalCode,country\n";
const CARDS: [(&str, &str); 3] =
    [("4111111111111111", "old-1"), ("5555555555554444", "old 2"), ("378282246310005", "\"old,3\"")];

fn cards() -> String {
    let row = |(pan, reference): &(&str, &str)| {
        format!("{pan},{reference},07/31,Ada King Lovelace,1 Main Street,London,London,W1 1AA,GB\n")
    };
    HEADER.to_owned() + &CARDS.iter().map(row).collect::<String>()
}

fn worldpay(node: &Node, user: &str, accept: &str, href: &str) -> Answer {
    let basic = format!("Basic {}", BASE64.encode(format!("{user}:{user}").as_bytes()));
    let path = &href[href.find("/worldpay").unwrap()..];
    node.client().call("GET", path, &[("Authorization", &basic), ("Accept", accept)], b"")
}

fn reveal(node: &Node, path: &str) -> Value {
    let answer = node.client().call("POST", path, &[REDEEM], br#"{"reason":"a test"}"#);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn imported_worldpay_tokens_reveal_their_cards_and_are_matched() {
    const MEDIA: &str = "application/vnd.worldpay.tokens-v3.hal+json";
    let place = Place::new();
    let file = place.file("cards.csv.age", &cards());
    let said = place.run(&WORLDPAY, &["--namespace", "moved"], &file);
    assert_eq!((said.code, said.counts()), (Some(0), [3, 0, 0, 0]), "{}{}", said.out, said.err);
    let head = fs::read_to_string(crate::place::map_of(&file)).unwrap();
    assert!(head.starts_with("reference,outcome,tokenId,href,import\nold-1,made,"), "{head}");
    let map = Place::map(&file);
    let node = Node::sandbox(place.home.path());
    for ((pan, _), line) in CARDS.iter().zip(&map) {
        let (id, href) = (&line[line.len() - 3], &line[line.len() - 2]);
        let masked = worldpay(&node, "sandbox", MEDIA, href);
        assert_eq!((masked.status, &masked.json()["tokenId"]), (200, &json!(id)));
        assert_eq!(masked.json()["namespace"], "moved");
        assert_eq!(masked.json()["paymentInstrument"]["billingAddress"]["address1"], "1 Main Street");
        let clear = worldpay(&node, "sandbox-reveal", &format!("{MEDIA}; masked=false"), href);
        assert_eq!(clear.json()["paymentInstrument"]["cardNumber"], *pan);
        assert_eq!(clear.json()["paymentInstrument"]["cardExpiryDate"], json!({"month": 7, "year": 2031}));
    }
    // Whoever brings the card over HTTP finds the token that was imported.
    let body = json!({
        "namespace": "moved", "merchant": {"entity": "default"},
        "paymentInstrument": {"type": "card/front", "cardNumber": CARDS[0].0,
            "cardHolderName": "Ada King Lovelace", "cardExpiryDate": {"month": 7, "year": 2031}},
    });
    let basic = format!("Basic {}", BASE64.encode(b"sandbox:sandbox"));
    let headers = [("Authorization", basic.as_str()), ("Content-Type", MEDIA), ("Accept", MEDIA)];
    let answer = node.client().call("POST", "/worldpay/tokens", &headers, body.to_string().as_bytes());
    assert_eq!((answer.status, &answer.json()["tokenId"]), (200, &json!(map[0][2])), "{}", answer.text());
    node.kill();
    assert_eq!(place.objects("reusable.create").len(), 3);
}

#[test]
fn imported_payroc_tokens_have_their_references_and_reveal_their_cards() {
    let place = Place::new();
    let rows: Vec<Value> = CARDS
        .iter()
        .map(|(pan, reference)| {
            json!({"pan": pan, "reference": reference.trim_matches('"'), "expMonth": 7,
            "expYear": "2031", "name": "Ada", "line1": "1 Main", "city": "London", "country": "GB"})
        })
        .collect();
    let file = place.file("cards.json.age", &json!(rows).to_string());
    let said = place.run(&PAYROC, &[], &file);
    assert_eq!((said.code, said.counts()), (Some(0), [3, 0, 0, 0]), "{}{}", said.out, said.err);
    let map = Place::map(&file);
    assert_eq!((map[1][0].as_str(), map[1][2].as_str()), ("old 2", "old 2"));
    let mut node = Node::sandbox(place.home.path());
    for ((pan, _), line) in CARDS.iter().zip(&map) {
        let digits = &line[line.len() - 2];
        let shown = reveal(&node, &format!("/coffer/v1/referenced-tokens/{digits}/reveal"));
        assert_eq!(shown["card"]["pan"], *pan, "{shown}");
    }
    let key = node.client().call("POST", "/payroc/authorize", &[("x-api-key", "sandbox")], b"").json();
    let bearer = format!("Bearer {}", key["access_token"].as_str().unwrap());
    let path = "/payroc/v1/processing-terminals/1234001/secure-tokens/old-1";
    let read = node.client().call("GET", path, &[("Authorization", &bearer)], b"").json();
    assert_eq!(
        (&read["token"], &read["source"]["expiryDate"]),
        (&json!(map[0][3]), &json!("0731")),
        "{read}"
    );
    assert_eq!(read["customer"]["billingAddress"]["city"], "London");
    assert!(node.stop());
    assert_eq!(place.objects("reusable.create").len(), 3);
}

#[test]
fn imported_rebilly_instruments_belong_to_their_customers_and_reveal_their_cards() {
    let place = Place::new();
    // One object a line; the third row names no customer.
    let rows = CARDS.iter().enumerate().map(|(place, (pan, reference))| {
        let customer = if place < 2 { json!("cus-1") } else { Value::Null };
        let reference = reference.trim_matches('"').replace(',', "-");
        json!({"pan": pan, "reference": reference, "expiry": "2031-07", "name": "Ada King Lovelace",
            "customer": customer, "country": "GB"})
        .to_string()
    });
    let file = place.file("cards.jsonl.age", &rows.collect::<Vec<_>>().join("\n"));
    let said = place.run(&REBILLY, &[], &file);
    assert_eq!((said.code, said.counts()), (Some(0), [3, 0, 0, 0]), "{}{}", said.out, said.err);
    let map = Place::map(&file);
    let customers: Vec<&str> = map.iter().map(|line| line[3].as_str()).collect();
    assert_eq!(customers, ["cus-1", "cus-1", "old-3"]);
    let mut node = Node::sandbox(place.home.path());
    for ((pan, _), line) in CARDS.iter().zip(&map) {
        let shown = reveal(&node, &format!("/coffer/v1/instruments/{}/reveal", line[2]));
        assert_eq!(shown["card"]["pan"], *pan, "{shown}");
        let path = format!("/rebilly/payment-instruments/{}", line[2]);
        let read = node.client().call("GET", &path, &[SECRET], b"").json();
        assert_eq!((&read["customerId"], &read["expYear"]), (&json!(line[3]), &json!(2031)), "{read}");
        assert_eq!(read["billingAddress"]["lastName"], "Lovelace");
        assert_eq!(read["billingAddress"]["firstName"], "Ada King");
    }
    assert!(node.stop());
    let log = Log::of(place.home.path());
    let kept = log.of_action("instrument.keep");
    assert!(kept.iter().all(|fact| fact["actor"] == "import-cards") && kept.len() == 3, "{kept:?}");
}
