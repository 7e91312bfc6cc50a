//! What a sandbox holds in its three dialects before keys change, and that it is the same afterwards.

use serde_json::{Value, json};

use crate::{
    calls::{self as payroc, secure, without},
    support::{Answer, Client, Node, SECRET, card, create, exchange, redeem},
    worldpay_calls::{self as worldpay, link},
};

/// Tokens and ids, as they were printed.
pub(crate) struct Held {
    /// A single-use token of Rebilly that nobody has used.
    token: String,
    /// An instrument, as it is read.
    instrument: Value,
    /// A reusable token of Worldpay, as it was made.
    reusable: Value,
    /// A secure token of Payroc.
    secure: String,
    secure_body: Value,
}

/// A card without a code: the saved answer to one with a code is renewed when the code is dead, half an hour later.
pub(crate) fn codeless() -> Value {
    without(&payroc::card(), "/cardDetails/keyedData/cvv")
}

fn instrument(client: &mut Client, id: &str) -> Answer {
    client.call("GET", &format!("/rebilly/payment-instruments/{id}"), &[SECRET], b"")
}

impl Held {
    /// One of each.
    pub(crate) fn new(node: &Node, name: &str) -> Self {
        let mut client = node.client();
        let used = create(&mut client, &card());
        let kept = exchange(&mut client, &used, &format!("cus_{name}"));
        assert_eq!(kept.status, 201, "{}", kept.text());
        let id = kept.json()["id"].as_str().expect("an id").to_owned();
        let instrument = instrument(&mut client, &id).json();
        let reusable = worldpay::Shop::of(node).create(&worldpay::card_in("4444333322221111", name));
        let mut shop = payroc::Shop::of(node);
        shop.secure(&secure(name, &codeless()));
        let secure_body = shop.read(name);
        Self {
            token: create(&mut client, &card()),
            instrument,
            reusable,
            secure: name.to_owned(),
            secure_body,
        }
    }

    /// All of it is there, under the same names, and the same card is the same token.
    pub(crate) fn is_there(&self, node: &Node) {
        let mut client = node.client();
        let answer = client.call("GET", &format!("/rebilly/tokens/{}", self.token), &[SECRET], b"");
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!(self.token)), "{}", answer.text());
        let id = self.instrument["id"].as_str().expect("an id");
        let read = instrument(&mut client, id).json();
        for part in ["id", "customerId", "last4", "bin", "expYear", "createdTime", "billingAddress"] {
            assert_eq!(read[part], self.instrument[part], "{part}");
        }
        let mut shop = worldpay::Shop::of(node);
        // Links name the node that printed them.
        let name = |token: &Value| {
            let href = token["tokenPaymentInstrument"]["href"].as_str().unwrap_or_default();
            worldpay::path_of(href).to_owned()
        };
        let again = shop.post(worldpay::TOKENS, &worldpay::card_in("4444333322221111", &self.secure));
        assert_eq!(again.status, 200, "the same card is the same token: {}", again.text());
        assert_eq!(name(&again.json()), name(&self.reusable));
        let read = shop.read(&link(&self.reusable, "token"));
        assert_eq!(name(&read), name(&self.reusable));
        assert_eq!(payroc::Shop::of(node).read(&self.secure), self.secure_body);
    }

    /// And opens: the token that was not used gives out the card.
    pub(crate) fn opens(self, node: &Node) {
        self.is_there(node);
        let opened = redeem(&mut node.client(), &self.token);
        assert_eq!(opened.status, 200, "{}", opened.text());
        assert!(opened.text().contains("4111111111111111"), "the card comes out");
    }
}
