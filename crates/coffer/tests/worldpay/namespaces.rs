//! Namespaces (section 4.2) and the query of tokens (5.2).

use serde_json::{Value, json};

use super::{
    calls::{Shop, TOKENS, V3, card, card_in, card_of, link, one_field, refused, with},
    cards::CARDS,
};
use crate::support::{Answer, Node, home};

fn query(shop: &mut Shop, query: &str) -> Answer {
    shop.get(&format!("{TOKENS}?{query}"))
}

/// The tokens that a query finds.
fn found(shop: &mut Shop, text: &str) -> Vec<Value> {
    let answer = query(shop, text);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(V3)), "{text}: {}", answer.text());
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["_embedded"]["tokens"].as_array().expect("an array, also of none").clone()
}

fn id(token: &Value) -> &str {
    token["tokenId"].as_str().expect("an id")
}

#[test]
fn a_namespace_has_sixteen_places() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut tokens: Vec<Value> =
        CARDS[..16].iter().map(|(number, _)| shop.create(&card_in(number, "full"))).collect();
    let seventeenth = card_in(CARDS[16].0, "full");
    for _ in 0..2 {
        let answer = shop.post(TOKENS, &seventeenth);
        assert_eq!(refused(&answer), (403, "tooManyTokensForNamespace".to_owned()));
        assert_eq!(answer.json()["message"], "Too many tokens created for this namespace");
    }
    for (token, (number, _)) in tokens.iter().zip(CARDS) {
        let answer = shop.post(TOKENS, &card_in(number, "full"));
        assert_eq!((answer.status, &answer.json()), (200, token), "what is there is matched");
    }
    let other = with(&card_in(CARDS[0].0, "full"), "/paymentInstrument/cardHolderName", json!("Other"));
    assert_eq!(shop.post(TOKENS, &other).status, 409, "and conflicts");
    assert_eq!(shop.create(&card_in(CARDS[16].0, "empty"))["namespace"], "empty");

    tokens.reverse();
    assert_eq!(found(&mut shop, "namespace=full"), tokens, "the newest first");
    let gone = tokens.remove(5);
    assert_eq!(shop.delete(&link(&gone, "token")).status, 204);
    assert_eq!(found(&mut shop, "namespace=full"), tokens);
    let last = shop.create(&seventeenth);
    tokens.insert(0, last);
    assert_eq!(found(&mut shop, "namespace=full"), tokens);
    assert_eq!(refused(&shop.post(TOKENS, &card_in(CARDS[10].0, "full"))).0, 403);
}

/// A card is once in each namespace, and once outside of all.
#[test]
fn each_namespace_has_its_own_token_of_a_card() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let number = CARDS[0].0;
    let alone = shop.create(&card());
    let first = shop.create(&card_in(number, "first"));
    let second = shop.create(&card_in(number, "second"));
    assert_eq!((&first["namespace"], &second["namespace"]), (&json!("first"), &json!("second")));
    assert_eq!(alone.get("namespace"), None);
    for (body, token) in
        [(card(), &alone), (card_in(number, "first"), &first), (card_in(number, "second"), &second)]
    {
        assert_eq!(shop.post(TOKENS, &body).json(), *token);
    }
    assert_eq!(found(&mut shop, "namespace=first"), std::slice::from_ref(&first));
    assert_eq!(found(&mut shop, "namespace=First"), Vec::<Value>::new(), "exactly");
    assert_eq!(found(&mut shop, "namespace=third"), Vec::<Value>::new());

    // A `tokenId` alone finds what has no namespace; with one, what is in it.
    assert_eq!(found(&mut shop, &format!("tokenId={}", id(&alone))), std::slice::from_ref(&alone));
    let both = format!("tokenId={}&namespace=first", id(&first));
    assert_eq!(found(&mut shop, &both), std::slice::from_ref(&first));
    for nothing in [
        format!("tokenId={}", id(&first)),
        format!("tokenId={}&namespace=second", id(&first)),
        format!("tokenId={}&namespace=first", id(&alone)),
        "tokenId=9902480679618049604".to_owned(),
        "tokenId=0123456789ABCDEFGHJKL".to_owned(),
    ] {
        assert_eq!(found(&mut shop, &nothing), Vec::<Value>::new(), "{nothing}");
    }
}

#[test]
fn an_address_is_a_namespace_and_is_percent_encoded_in_a_query() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (namespace, encoded) in [
        ("benjamin+shop@example.com", "benjamin%2Bshop%40example.com"),
        ("k\u{f6}ln/7?#%", "k%C3%B6ln%2F7%3F%23%25"),
        ("a=b", "a=b"),
    ] {
        let token = shop.create(&card_in(CARDS[0].0, namespace));
        assert_eq!(token["namespace"], namespace);
        assert_eq!(found(&mut shop, &format!("namespace={encoded}")), [token], "{namespace}");
    }
    assert_eq!(found(&mut shop, "namespace=benjamin+shop%40example.com"), Vec::<Value>::new(), "a blank");
}

#[test]
fn a_query_asks_for_something_that_can_be() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    one_field(&query(&mut shop, "namespace="), "stringIsTooShort", "$.namespace");
    one_field(&query(&mut shop, &format!("namespace={}", "n".repeat(65))), "stringIsTooLong", "$.namespace");
    one_field(&query(&mut shop, "tokenId=123"), "stringIsTooShort", "$.tokenId");
    one_field(&query(&mut shop, "tokenId=1234567890123456789012"), "stringIsTooLong", "$.tokenId");
    for broken in ["namespace=%zz", "tokenId=%ff", "namespace=%"] {
        let name = broken.split('=').next().unwrap();
        one_field(&query(&mut shop, broken), "stringFailedRegexCheck", &format!("$.{name}"));
    }
    // Without a query: where tokens are made.
    let base = format!("http://{}/worldpay", node.clients);
    for path in [TOKENS.to_owned(), format!("{TOKENS}/"), format!("{TOKENS}?other=1")] {
        let root = shop.get(&path);
        assert_eq!((root.status, root.header("content-type")), (200, Some(V3)));
        assert_eq!(
            root.json(),
            json!({"_links": {
                "tokens:tokens": {"href": format!("{base}/tokens")},
                "resourceTree": {"href": format!("{base}/rels/tokens/resourceTree.json")},
                "curies": [{"href": format!("{base}/rels/tokens/{{rel}}.json"), "name": "tokens", "templated": true}],
            }})
        );
    }
}

#[test]
fn what_may_be_a_namespace() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = "$.namespace";
    for (namespace, name) in [
        ("", "stringIsTooShort"),
        ("_a", "stringFailedRegexCheck"),
        ("a b", "stringFailedRegexCheck"),
        ("a&b", "stringFailedRegexCheck"),
        ("a<b", "stringFailedRegexCheck"),
        (&"n".repeat(65), "stringIsTooLong"),
        ("4444-3333-2222-1111", "fieldHasInvalidValue"),
    ] {
        one_field(&shop.post(TOKENS, &card_in(CARDS[0].0, namespace)), name, path);
    }
    for namespace in ["a_b", "n", &"n".repeat(64)] {
        assert_eq!(shop.create(&card_in(CARDS[0].0, namespace))["namespace"], namespace);
    }
    // A first-party plugin sends the time of a guest as a number.
    let token = shop.create(&with(&card_of(CARDS[1].0), "/namespace", json!(1_783_000_000)));
    assert_eq!(token["namespace"], "1783000000");
    // Another sends it in milliseconds: every tenth of these passes the check digit of a card.
    for time in 1_783_000_000_000_u64..1_783_000_000_020 {
        let answer = shop.post(TOKENS, &card_in(CARDS[2].0, &time.to_string()));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    one_field(&shop.post(TOKENS, &with(&card(), "/namespace", json!(true))), "fieldMustBeString", path);
}
