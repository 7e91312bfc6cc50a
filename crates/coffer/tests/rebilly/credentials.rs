//! Who may do what (2.2): every route, every way to show a key, every organization, as one product of tables.

use serde_json::json;

use super::calls::token;
use crate::{
    live::{ALPHA, BETA, Live},
    support::{Answer, Client, Node, card},
};

const SK: &str = "sk_live_alpha_0001";
const PK: &str = "pk_live_alpha_0001";
const WRONG: &str = "sk_live_alpha_0002";

/// Whom the headers show.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    Secret,
    Publishable,
    Nobody,
}

/// Which organization the path names.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Org {
    None,
    Own,
    Foreign,
    Unknown,
}

/// What is asked for, with the status of a success.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    CreateToken,
    ReadToken,
    Exchange,
    ReadInstrument,
}

type Header = (&'static str, String);

/// Every way to show a key, and whom it shows: a secret key in `REB-APIKEY`, a publishable key in `Authorization`,
/// `REB-APIKEY` first, and nothing else.
fn callers() -> Vec<(String, Vec<Header>, Shown)> {
    let mut table: Vec<(String, Vec<Header>, Shown)> = vec![
        ("no header".to_owned(), vec![], Shown::Nobody),
        ("an empty REB-APIKEY".to_owned(), vec![("REB-APIKEY", String::new())], Shown::Nobody),
        ("an empty Authorization".to_owned(), vec![("Authorization", String::new())], Shown::Nobody),
        ("a bare Bearer".to_owned(), vec![("Authorization", "Bearer ".to_owned())], Shown::Nobody),
        ("basic".to_owned(), vec![("Authorization", format!("Basic {PK}"))], Shown::Nobody),
        (
            "two secrets".to_owned(),
            vec![("REB-APIKEY", SK.to_owned()), ("REB-APIKEY", WRONG.to_owned())],
            Shown::Nobody,
        ),
    ];
    let keys = [
        ("secret", SK, Shown::Secret),
        ("publishable", PK, Shown::Publishable),
        ("redeem", "ck_live_alpha_redeem_0001", Shown::Nobody),
        ("admin", "ck_live_admin_0001", Shown::Nobody),
        ("wrong", WRONG, Shown::Nobody),
        ("cut", &SK[..SK.len() - 1], Shown::Nobody),
        ("upper-case", "SK_LIVE_ALPHA_0001", Shown::Nobody),
    ];
    for (name, key, kind) in keys {
        let only = |wanted: Shown| if kind == wanted { kind } else { Shown::Nobody };
        table.push((
            format!("{name} in REB-APIKEY"),
            vec![("REB-APIKEY", key.to_owned())],
            only(Shown::Secret),
        ));
        for (form, text) in [("bare", key.to_owned()), ("Bearer", format!("Bearer {key}"))] {
            let header = ("Authorization", text);
            table.push((format!("{name} {form}"), vec![header.clone()], only(Shown::Publishable)));
            // With both headers, REB-APIKEY decides alone.
            for (secret, expected) in [(SK, Shown::Secret), (WRONG, Shown::Nobody), ("", Shown::Nobody)] {
                let both = vec![("REB-APIKEY", secret.to_owned()), header.clone()];
                table.push((format!("{name} {form} beside REB-APIKEY {secret:?}"), both, expected));
            }
        }
    }
    table
}

/// The table of 2.2, and the organization before it.
fn expected(operation: Operation, shown: Shown, org: Org) -> u16 {
    let may = match shown {
        Shown::Nobody => return 401,
        Shown::Secret => true,
        Shown::Publishable => matches!(operation, Operation::CreateToken | Operation::ReadToken),
    };
    if !may || matches!(org, Org::Foreign | Org::Unknown) {
        return 403;
    }
    match operation {
        Operation::CreateToken | Operation::Exchange => 201,
        Operation::ReadToken | Operation::ReadInstrument => 200,
    }
}

struct World {
    client: Client,
    token: String,
    instrument: String,
    turn: u32,
}

impl World {
    fn new(node: &Node) -> Self {
        let mut client = node.client();
        let (token, spent) = (fresh(&mut client), fresh(&mut client));
        let body = json!({"token": spent, "customerId": "cus_0"}).to_string();
        let path = "/rebilly/payment-instruments";
        let made = client.call("POST", path, &[("REB-APIKEY", SK)], body.as_bytes());
        assert_eq!(made.status, 201, "{}", made.text());
        let instrument = made.json()["id"].as_str().unwrap().to_owned();
        Self { client, token, instrument, turn: 0 }
    }

    fn call(&mut self, operation: Operation, headers: &[Header], org: Org) -> Answer {
        let prefix = match org {
            Org::None => "/rebilly".to_owned(),
            Org::Own => format!("/rebilly/organizations/{ALPHA}"),
            Org::Foreign => format!("/rebilly/organizations/{BETA}"),
            Org::Unknown => "/rebilly/organizations/org_nowhere".to_owned(),
        };
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.turn += 1;
        let (method, path, body) = match operation {
            Operation::CreateToken => ("POST", format!("{prefix}/tokens"), card().to_string()),
            Operation::ReadToken => ("GET", format!("{prefix}/tokens/{}", self.token), String::new()),
            Operation::ReadInstrument => {
                ("GET", format!("{prefix}/payment-instruments/{}", self.instrument), String::new())
            }
            Operation::Exchange => {
                let body = json!({"token": self.token, "customerId": format!("cus_{}", self.turn)});
                ("POST", format!("{prefix}/payment-instruments"), body.to_string())
            }
        };
        let answer = self.client.call(method, &path, &headers, body.as_bytes());
        if operation == Operation::Exchange && answer.status == 201 {
            self.token = fresh(&mut self.client);
        }
        answer
    }
}

fn fresh(client: &mut Client) -> String {
    let answer = client.call("POST", "/rebilly/tokens", &[("REB-APIKEY", SK)], card().to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

#[test]
fn every_route_by_every_key_for_every_organization() {
    let live = Live::new();
    let node = live.start();
    let mut world = World::new(&node);
    let operations =
        [Operation::CreateToken, Operation::ReadToken, Operation::Exchange, Operation::ReadInstrument];
    let mut calls = 0;
    for (name, headers, shown) in callers() {
        for operation in operations {
            for org in [Org::None, Org::Own, Org::Foreign, Org::Unknown] {
                let answer = world.call(operation, &headers, org);
                let status = expected(operation, shown, org);
                assert_eq!(answer.status, status, "{name}, {operation:?}, {org:?}: {}", answer.text());
                if status >= 400 {
                    assert_refusal(&answer);
                }
                calls += 1;
            }
        }
    }
    assert_eq!(calls, callers().len() * 16);
    // 401 and 403 consumed nothing: the token of the last exchange is still there to be used.
    assert_eq!(world.call(Operation::Exchange, &[("REB-APIKEY", SK.to_owned())], Org::None).status, 201);
}

fn assert_refusal(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!(body["status"], answer.status);
    let text = answer.text();
    for (secret, name) in
        [(SK, "secret"), (PK, "publishable"), ("ck_live", "native"), (ALPHA, "own"), (BETA, "foreign")]
    {
        assert!(!text.contains(secret), "the {name} value is in the answer: {text}");
    }
}

#[test]
fn a_foreign_organization_is_as_unknown_as_one_that_does_not_exist() {
    let live = Live::new();
    let node = live.start();
    let mut world = World::new(&node);
    for key in [("REB-APIKEY", SK.to_owned()), ("Authorization", PK.to_owned())] {
        for operation in
            [Operation::CreateToken, Operation::ReadToken, Operation::Exchange, Operation::ReadInstrument]
        {
            let mut shown = |org: Org| {
                let answer = world.call(operation, std::slice::from_ref(&key), org);
                let mut headers = answer.headers.clone();
                headers.retain(|(name, _)| name != "x-request-id" && name != "date");
                (answer.status, headers, answer.text())
            };
            assert_eq!(shown(Org::Foreign), shown(Org::Unknown), "{operation:?}");
        }
    }
}

#[test]
fn a_key_of_two_organizations_works_for_both_and_first_for_its_first() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let both = [("REB-APIKEY", "sk_live_both_0001")];
    let body = card().to_string();
    let by_default = client.call("POST", "/rebilly/tokens", &both, body.as_bytes());
    assert_eq!(by_default.status, 201);
    let id = by_default.json()["id"].as_str().unwrap().to_owned();
    for (org, status) in [(BETA, 200), (ALPHA, 404)] {
        let path = format!("/rebilly/organizations/{org}/tokens/{id}");
        assert_eq!(
            client.call("GET", &path, &both, b"").status,
            status,
            "the key's first organization is {BETA}"
        );
    }
    for (org, key) in [(ALPHA, SK), (BETA, "sk_live_beta_0001")] {
        let made =
            client.call("POST", &format!("/rebilly/organizations/{org}/tokens"), &both, body.as_bytes());
        assert_eq!(made.status, 201, "{}", made.text());
        let path = format!("/rebilly/tokens/{}", made.json()["id"].as_str().unwrap());
        assert_eq!(client.call("GET", &path, &[("REB-APIKEY", key)], b"").status, 200, "{org}");
    }
}

#[test]
fn the_sandbox_takes_its_fixed_keys_and_no_others() {
    let folder = crate::support::home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = token(&mut client, &card());
    let path = format!("/rebilly/tokens/{}", made["id"].as_str().unwrap());
    for (header, status) in [
        (("REB-APIKEY", "sk_sandbox_coffer"), 200),
        (("Authorization", "pk_sandbox_coffer"), 200),
        (("Authorization", "Bearer pk_sandbox_coffer"), 200),
        (("REB-APIKEY", "pk_sandbox_coffer"), 401),
        (("Authorization", "sk_sandbox_coffer"), 401),
        (("Authorization", "Bearer sk_sandbox_coffer"), 401),
        (("Authorization", "Bearer ck_sandbox_redeem"), 401),
        (("Authorization", "Bearer ck_sandbox_admin"), 401),
        (("REB-APIKEY", SK), 401),
    ] {
        assert_eq!(client.call("GET", &path, &[header], b"").status, status, "{header:?}");
    }
}
