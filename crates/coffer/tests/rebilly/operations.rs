//! Every operation of the dialect as a table: how it is called, who may (2.2), and what a success is. And a small
//! world in which each of them can succeed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::jwts::CUSTOMER;
use crate::{
    live::{ALPHA, BETA},
    support::{Answer, Client, Node, card},
};

/// Kinds of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Secret,
    Publishable,
    Merchant,
    Customer,
}

/// One operation. In its path `{token}`, `{instrument}` and `{customer}` are what the world has.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) success: u16,
    pub(crate) may: &'static [Kind],
}

use Kind::{Customer, Merchant, Publishable, Secret};

/// 2.2 and section 3, line by line.
pub(crate) const OPERATIONS: [Operation; 16] = [
    one("PostToken", "POST", "/tokens", 201, &[Secret, Publishable, Merchant]),
    one("GetTokenCollection", "GET", "/tokens", 200, &[Secret, Merchant]),
    one("GetToken", "GET", "/tokens/{token}", 200, &[Secret, Publishable, Merchant]),
    one("PostPaymentInstrument", "POST", "/payment-instruments", 201, &[Secret, Merchant]),
    one("GetPaymentInstrumentCollection", "GET", "/payment-instruments", 200, &[Secret, Merchant]),
    one("GetPaymentInstrument", "GET", "/payment-instruments/{instrument}", 200, &[Secret, Merchant]),
    one("PatchPaymentInstrument", "PATCH", "/payment-instruments/{instrument}", 200, &[Secret, Merchant]),
    one(
        "PostPaymentInstrumentDeactivation",
        "POST",
        "/payment-instruments/{instrument}/deactivation",
        201,
        &[Secret, Merchant],
    ),
    one("PostCustomer", "POST", "/customers", 201, &[Secret, Merchant]),
    one("GetCustomer", "GET", "/customers/{customer}", 200, &[Secret, Merchant]),
    one("PutCustomer", "PUT", "/customers/{customer}", 200, &[Secret, Merchant]),
    one(
        "StorefrontPostPaymentInstrument",
        "POST",
        "/storefront/payment-instruments",
        201,
        &[Publishable, Customer],
    ),
    one(
        "StorefrontGetPaymentInstrumentCollection",
        "GET",
        "/storefront/payment-instruments",
        200,
        &[Customer],
    ),
    one(
        "StorefrontGetPaymentInstrument",
        "GET",
        "/storefront/payment-instruments/{instrument}",
        200,
        &[Customer],
    ),
    one(
        "StorefrontPatchPaymentInstrument",
        "PATCH",
        "/storefront/payment-instruments/{instrument}",
        200,
        &[Customer],
    ),
    one(
        "StorefrontPostPaymentInstrumentDeactivation",
        "POST",
        "/storefront/payment-instruments/{instrument}/deactivation",
        201,
        &[Customer],
    ),
];

const fn one(
    id: &'static str,
    method: &'static str,
    path: &'static str,
    success: u16,
    may: &'static [Kind],
) -> Operation {
    Operation { id, method, path, success, may }
}

impl Operation {
    pub(crate) fn named(id: &str) -> &'static Self {
        OPERATIONS.iter().find(|operation| operation.id == id).expect("an operation of the table")
    }

    pub(crate) fn changes(&self) -> bool {
        self.method != "GET"
    }

    /// Every form of its path for an organization (2.1): none, before everything, or behind `/storefront`.
    pub(crate) fn forms(&self, org: Org) -> Vec<String> {
        let Some(name) = org.name() else { return vec![format!("/rebilly{}", self.path)] };
        let mut forms = vec![format!("/rebilly/organizations/{name}{}", self.path)];
        if let Some(rest) = self.path.strip_prefix("/storefront") {
            forms.push(format!("/rebilly/storefront/organizations/{name}{rest}"));
        }
        forms
    }
}

/// Which organization a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Org {
    None,
    Own,
    Foreign,
    Unknown,
}

impl Org {
    pub(crate) const ALL: [Self; 4] = [Self::None, Self::Own, Self::Foreign, Self::Unknown];

    fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Own => Some(ALPHA),
            Self::Foreign => Some(BETA),
            Self::Unknown => Some("org_nowhere"),
        }
    }
}

pub(crate) type Header = (&'static str, String);

/// Resources of one organization: a token that is live, an instrument and a customer of [`CUSTOMER`].
pub(crate) struct World {
    pub(crate) client: Client,
    /// A secret key of the organization.
    key: Header,
    pub(crate) token: String,
    pub(crate) instrument: String,
    turn: u32,
    seen: Vec<(u16, Value, Option<String>)>,
    /// Acts that succeeded and changed something, those that made the world included.
    pub(crate) acts: usize,
}

impl World {
    pub(crate) fn new(node: &Node, key: &str) -> Self {
        let mut world = Self {
            client: node.client(),
            key: ("REB-APIKEY", key.to_owned()),
            token: String::new(),
            instrument: String::new(),
            turn: 0,
            seen: Vec::new(),
            acts: 0,
        };
        let put = json!({"primaryAddress": {"firstName": "Benjamin", "lastName": "Franklin"}});
        let answer = world.act("PUT", &format!("/rebilly/customers/{CUSTOMER}"), &put);
        assert_eq!(answer.status, 201, "{}", answer.text());
        world.renew();
        world
    }

    fn act(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let key = self.key.clone();
        let answer = self.client.call(method, path, &[(key.0, &key.1)], body.to_string().as_bytes());
        self.acts += usize::from(answer.status < 400);
        answer
    }

    /// A token that nobody has used.
    pub(crate) fn fresh_token(&mut self) -> String {
        let answer = self.act("POST", "/rebilly/tokens", &card());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Makes what an act has used up, and looks at everything as it is now.
    fn renew(&mut self) {
        if self.token.is_empty() || self.read(&format!("/rebilly/tokens/{}", self.token)).1["isUsed"] == true
        {
            self.token = self.fresh_token();
        }
        let path = format!("/rebilly/payment-instruments/{}", self.instrument);
        if self.instrument.is_empty() || self.read(&path).1["status"] == "deactivated" {
            let token = self.fresh_token();
            let body = json!({"token": token, "customerId": CUSTOMER});
            let made = self.act("POST", "/rebilly/payment-instruments", &body);
            assert_eq!(made.status, 201, "{}", made.text());
            made.json()["id"].as_str().expect("an id").clone_into(&mut self.instrument);
        }
        self.seen = self.look();
    }

    fn read(&mut self, path: &str) -> (u16, Value, Option<String>) {
        let key = self.key.clone();
        let answer = self.client.call("GET", path, &[(key.0, &key.1)], b"");
        (answer.status, answer.json(), answer.header("pagination-total").map(str::to_owned))
    }

    /// The token, the instrument and the customer, and how many there are of the first two.
    fn look(&mut self) -> Vec<(u16, Value, Option<String>)> {
        let paths = [
            format!("/rebilly/tokens/{}", self.token),
            format!("/rebilly/payment-instruments/{}", self.instrument),
            format!("/rebilly/customers/{CUSTOMER}"),
            "/rebilly/tokens?limit=1".to_owned(),
            "/rebilly/payment-instruments?limit=1".to_owned(),
        ];
        let seen: Vec<_> = paths.iter().map(|path| self.read(path)).collect();
        assert!(seen.iter().all(|(status, ..)| *status == 200), "{seen:?}");
        seen
    }

    /// Fails unless everything is as it was after the last success.
    pub(crate) fn assert_unchanged(&mut self, what: &str) {
        let now = self.look();
        assert_eq!(now, self.seen, "{what} changed something");
        assert_eq!(now[0].1["isUsed"], false, "{what} used the token up");
    }

    /// Calls an operation by a path of it with what the world has. After a success the world is whole again.
    pub(crate) fn call(&mut self, operation: &Operation, path: &str, headers: &[Header]) -> Answer {
        let (token, instrument) = (self.token.clone(), self.instrument.clone());
        let answer = self.call_with(operation, path, headers, (&token, &instrument, CUSTOMER));
        if answer.status < 400 && operation.changes() {
            self.acts += 1;
            self.renew();
        }
        answer
    }

    /// Calls an operation with a token, an instrument and a customer of somebody's.
    pub(crate) fn call_with(
        &mut self,
        operation: &Operation,
        path: &str,
        headers: &[Header],
        (token, instrument, customer): (&str, &str, &str),
    ) -> Answer {
        self.turn += 1;
        let path = path.replace("{token}", token).replace("{instrument}", instrument);
        let path = path.replace("{customer}", customer);
        let body = match operation.id {
            "PostToken" => card(),
            "PostPaymentInstrument" => json!({"token": token, "customerId": format!("cus_{}", self.turn)}),
            "PatchPaymentInstrument" => json!({"token": token, "customFields": {"turn": self.turn}}),
            "PostCustomer" | "PutCustomer" => {
                json!({"paymentToken": token, "primaryAddress": {"firstName": "Benjamin"}})
            }
            "StorefrontPostPaymentInstrument" | "StorefrontPatchPaymentInstrument" => json!({"token": token}),
            _ => Value::Null,
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.client.call(operation.method, &path, &headers, body.as_bytes())
    }
}

/// The table has every operation that there is: those that a list of permissions may name, and those of the document
/// that a node serves.
#[test]
fn the_table_is_complete() {
    let table: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
    assert_eq!(table.len(), OPERATIONS.len(), "a name stands twice");
    assert_eq!(table, coffer_http::rebilly_operations().collect());

    let folder = crate::support::home();
    let node = Node::sandbox(folder.path());
    let document = node.client().call("GET", "/rebilly/openapi.json", &[], b"");
    assert_eq!(document.status, 200);
    let document = document.json();
    // A node that writes no document yet serves an empty one.
    let Some(paths) = document["paths"].as_object() else { return assert_eq!(document, json!({})) };
    let mut served = BTreeSet::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("the methods of a path") {
            if let Some(id) = operation["operationId"].as_str()
                && !path.ends_with("/openapi.json")
            {
                served.insert((id.to_owned(), method.to_uppercase(), shape(path), schemes(operation)));
            }
        }
    }
    let expected = OPERATIONS.iter().map(|operation| {
        let schemes = operation.may.iter().map(|kind| scheme(*kind).to_owned()).collect();
        (operation.id.to_owned(), operation.method.to_owned(), shape(operation.path), schemes)
    });
    assert_eq!(served, expected.collect());
}

/// A path without the organization and without the names of its parts.
fn shape(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != "rebilly").collect::<Vec<_>>();
    let organization = parts.iter().position(|part| *part == "organizations");
    let kept = (0..parts.len()).filter(|at| organization.is_none_or(|from| !(from..from + 2).contains(at)));
    let kept = kept.map(|at| if parts[at].starts_with('{') { "{}" } else { parts[at] });
    kept.collect::<Vec<_>>().join("/")
}

/// The ways of an operation to show who one is, by the definition's names.
fn schemes(operation: &Value) -> BTreeSet<String> {
    let security = operation["security"].as_array().cloned().unwrap_or_default();
    security.iter().flat_map(|one| one.as_object().expect("a scheme").keys().cloned()).collect()
}

fn scheme(kind: Kind) -> &'static str {
    match kind {
        Secret => "SecretApiKey",
        Publishable => "PublishableApiKey",
        Merchant => "JWT",
        Customer => "CustomerJWT",
    }
}
