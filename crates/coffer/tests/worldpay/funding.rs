//! What the operator's card ranges say of a card, in the company's words (4.3).

use serde_json::{Value, json};

use super::{
    calls::{CARD_ON_FILE, Shop, TOKENS, card_of, link, plain},
    place::{self, USER},
};
use crate::live::Live;

const RANGES: &str = "low,high,brand,country,funding,bank\n\
    444433,444433,visa,GB,credit,\n\
    424242,424242,visa,US,debit,\n\
    411111,411111,visa,FR,prepaid,\n\
    400000,400000,visa,DE,deferred-debit,\n\
    555555,555555,mastercard,NL,charge,\n\
    545454,545454,mastercard,,,A Bank\n";

#[test]
fn funding_and_country_are_what_the_ranges_say_and_stay_with_the_token() {
    let live = Live::new();
    live.write("bins.csv", RANGES, 0o644);
    let table = format!("[tables]\nbins = \"{}\"\n", live.path("bins.csv").display());
    let tokens: Vec<(&str, String, Value)> = {
        let node = live.try_start(&place::config(&live, &table)).expect("the node starts");
        let mut shop = Shop::by(&node, USER.0, USER.1);
        let verified = shop.post(CARD_ON_FILE, &plain("2221000000000009"));
        let shown = &verified.json()["_embedded"]["verification"]["paymentInstrument"]["card"];
        assert_eq!(shown, &json!({"brand": "mastercard"}), "what no range knows");
        [
            ("4444333322221111", json!(["credit", "GB"])),
            ("4242424242424242", json!(["debit", "US"])),
            ("4111111111111111", json!(["unknown", "FR"])),
            ("4000000000002701", json!(["debit", "DE"])),
            ("5555555555554444", json!(["credit", "NL"])),
            ("5454545454545454", json!([null, null])),
            ("378282246310005", json!([null, null])),
        ]
        .map(|(number, expected)| {
            let token = shop.create(&card_of(number));
            assert_eq!(said(&token), expected, "{number}");
            (number, link(&token, "token"), expected)
        })
        .into()
    };
    // The ranges go: a token keeps what it was made with.
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let mut shop = Shop::by(&node, USER.0, USER.1);
    for (number, href, expected) in tokens {
        assert_eq!(said(&shop.read(&href)), expected, "{number}");
        assert_eq!(said(&shop.post(TOKENS, &card_of(number)).json()), expected, "{number}");
    }
}

/// Funding and country of a token.
fn said(token: &Value) -> Value {
    let card = &token["paymentInstrument"];
    json!([card["fundingType"], card["countryCode"]])
}
