//! What callers have made while keys changed: all of it opens afterwards, and once what is for a single use.

use crate::{
    callers::name,
    calls::{self as payroc, PAN},
    patient::{answered, patiently},
    support::{Node, REDEEM, SECRET, redeem},
    vault::codeless,
    worldpay_calls::{self as worldpay, CLEAR, TOKENS},
};

/// The card of a token of Rebilly.
pub(crate) const CARD: &str = "4111111111111111";
pub(crate) const WORLDPAY_CARD: &str = "5555555555554444";

/// So many of each kind are looked at, evenly among all that a caller made: the first and the last are among them.
const LOOKED_AT: usize = 30;

/// What one caller has made, by the names that it was told.
#[derive(Default)]
pub(crate) struct Made {
    /// Tokens of Rebilly that nobody has used.
    pub(crate) unused: Vec<String>,
    /// And those that were exchanged or redeemed.
    pub(crate) used: Vec<String>,
    pub(crate) is_exchanged: bool,
    pub(crate) instrument: Option<String>,
    /// Namespaces with one card each, and links to its token.
    pub(crate) reusables: Vec<(String, String)>,
    /// Ids and digits of secure tokens.
    pub(crate) secure: Vec<(String, String)>,
    /// Single-use tokens of Payroc that nobody has used.
    pub(crate) single: Vec<String>,
    /// The keys under which they were asked for, and the answers.
    pub(crate) kept: Vec<(String, String)>,
}

fn some<T>(all: &[T]) -> impl Iterator<Item = &T> {
    let last = all.len().saturating_sub(1);
    let places: std::collections::BTreeSet<usize> =
        (0..LOOKED_AT).map(|at| at * last / (LOOKED_AT - 1)).collect();
    places.into_iter().filter_map(|at| all.get(at))
}

/// Everything of all callers at these nodes in turn.
pub(crate) fn opens(made: &[Made], nodes: &[&Node]) {
    std::thread::scope(|scope| {
        for (at, made) in made.iter().enumerate() {
            // Another one than it was made at, where there is another.
            let node = nodes[(at / 3 + 1) % nodes.len()];
            scope.spawn(move || made.opens(node));
        }
    });
}

impl Made {
    fn opens(&self, node: &Node) {
        for (token, number) in
            some(&self.unused).map(|token| (token, CARD)).chain(some(&self.single).map(|token| (token, PAN)))
        {
            redeems_once(node, token, number);
        }
        for token in some(&self.used) {
            let again = answered(|| redeem(&mut node.client(), token));
            assert_eq!(again.status, 404, "it was used: {}", again.text());
        }
        if let Some(instrument) = &self.instrument {
            let read = format!("/rebilly/payment-instruments/{instrument}");
            let read = answered(|| node.client().call("GET", &read, &[SECRET], b""));
            assert_eq!(read.status, 200, "{}", read.text());
            let path = format!("/coffer/v1/instruments/{instrument}/reveal");
            let reason = br#"{"reason":"a test"}"#;
            shows(&answered(|| node.client().call("POST", &path, &[REDEEM], reason)), CARD);
        }
        self.worldpay(node);
        self.payroc(node);
    }

    fn worldpay(&self, node: &Node) {
        let mut shop = worldpay::Shop::of(node);
        let mut auditor = worldpay::Shop::by(node, "sandbox-reveal", "sandbox-reveal");
        for (namespace, href) in some(&self.reusables) {
            let clear = answered(|| auditor.send("GET", href, &[("Accept", CLEAR)], b""));
            shows(&clear, WORLDPAY_CARD);
            let same = worldpay::card_in(WORLDPAY_CARD, namespace);
            let same = answered(|| shop.post(TOKENS, &same));
            assert_eq!(same.status, 200, "the same card is the same token: {}", same.text());
            assert_eq!(name(&same.json()), name(&clear.json()));
        }
    }

    fn payroc(&self, node: &Node) {
        let mut shop = payroc::Shop::of(node);
        for (id, digits) in some(&self.secure) {
            let path = shop.secure_path(id);
            let read = answered(|| shop.get(&path));
            assert_eq!((read.status, read.json()["token"].as_str()), (200, Some(digits.as_str())));
            shows(&answered(|| payroc::reveal(node, digits)), PAN);
        }
        let (path, body) = (shop.path("single-use-tokens"), payroc::request(&codeless()));
        for (key, told) in some(&self.kept) {
            let again = answered(|| shop.keyed("POST", &path, key, &body));
            assert_eq!((again.status, &again.text()), (201, told), "the answer that was kept");
        }
    }
}

/// A token gives out its card, and never again.
pub(crate) fn redeems_once(node: &Node, token: &str, number: &str) {
    let (opened, put_off) = patiently(|| redeem(&mut node.client(), token));
    // Whoever was put off may have been served without being told.
    if put_off == 0 || opened.status != 404 {
        shows(&opened, number);
    }
    let again = answered(|| redeem(&mut node.client(), token));
    assert_eq!(again.status, 404, "once and never again: {}", again.text());
}

fn shows(answer: &crate::support::Answer, number: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains(number), "the card comes out");
}
