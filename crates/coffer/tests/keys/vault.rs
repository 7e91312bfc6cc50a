//! What a sandbox holds in its three dialects before keys change, and that it is the same afterwards.

use serde_json::{Value, json};

use crate::{
    callers::name,
    calls::{self as payroc, fresh_key, secure, without},
    made::{CARD, redeems_once},
    patient::{answered, patiently},
    support::{Answer, Client, Node, SECRET, card, exchange},
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
    let path = format!("/rebilly/payment-instruments/{id}");
    answered(|| client.call("GET", &path, &[SECRET], b""))
}

/// Makes a token and gives its id.
pub(crate) fn create(client: &mut Client) -> String {
    let body = card().to_string();
    let made = answered(|| client.call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes()));
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().expect("an id").to_owned()
}

/// A token as it is read.
pub(crate) fn read(client: &mut Client, token: &str) -> Answer {
    let path = format!("/rebilly/tokens/{token}");
    answered(|| client.call("GET", &path, &[SECRET], b""))
}

/// Another token each time: whoever was put off does not know what became of the one before.
fn kept(client: &mut Client, customer: &str) -> String {
    let (kept, put_off) = patiently(|| {
        let token = create(client);
        exchange(client, &token, customer)
    });
    assert!(kept.status == 201 || (put_off > 0 && kept.status == 303), "{}", kept.text());
    kept.json()["id"].as_str().expect("an id").to_owned()
}

fn read_secure(node: &Node, id: &str) -> Value {
    let mut shop = payroc::Shop::of(node);
    let path = shop.secure_path(id);
    answered(|| shop.get(&path)).json()
}

impl Held {
    /// One of each.
    pub(crate) fn new(node: &Node, name: &str) -> Self {
        let mut client = node.client();
        let id = kept(&mut client, &format!("cus_{name}"));
        let instrument = instrument(&mut client, &id).json();
        let mut shop = worldpay::Shop::of(node);
        let reusable = worldpay::card_in("4444333322221111", name);
        let reusable = answered(|| shop.post(worldpay::TOKENS, &reusable));
        assert!(matches!(reusable.status, 200 | 201), "{}", reusable.text());
        let mut shop = payroc::Shop::of(node);
        let (path, key, body) = (shop.path("secure-tokens"), fresh_key(), secure(name, &codeless()));
        let made = answered(|| shop.keyed("POST", &path, &key, &body));
        assert_eq!(made.status, 201, "{}", made.text());
        let secure_body = read_secure(node, name);
        Self {
            token: create(&mut client),
            instrument,
            reusable: reusable.json(),
            secure: name.to_owned(),
            secure_body,
        }
    }

    /// All of it is there, under the same names, and the same card is the same token.
    pub(crate) fn is_there(&self, node: &Node) {
        let mut client = node.client();
        let answer = read(&mut client, &self.token);
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!(self.token)), "{}", answer.text());
        let id = self.instrument["id"].as_str().expect("an id");
        let read = instrument(&mut client, id).json();
        for part in ["id", "customerId", "last4", "bin", "expYear", "createdTime", "billingAddress"] {
            assert_eq!(read[part], self.instrument[part], "{part}");
        }
        let mut shop = worldpay::Shop::of(node);
        let same = worldpay::card_in("4444333322221111", &self.secure);
        let again = answered(|| shop.post(worldpay::TOKENS, &same));
        assert_eq!(again.status, 200, "the same card is the same token: {}", again.text());
        assert_eq!(name(&again.json()), name(&self.reusable));
        let href = link(&self.reusable, "token");
        let read = answered(|| shop.get(&href));
        assert_eq!(name(&read.json()), name(&self.reusable));
        assert_eq!(read_secure(node, &self.secure), self.secure_body);
    }

    /// And opens: the token that was not used gives out the card, once.
    pub(crate) fn opens(self, node: &Node) {
        self.is_there(node);
        redeems_once(node, &self.token, CARD);
    }
}
