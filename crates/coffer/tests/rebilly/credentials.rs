//! Who may do what (2.2): every operation, every way to show who one is, every organization, in every form of its
//! path, as one product of tables. What is refused changes nothing and uses no token up.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    calls::token,
    jwts::{CUSTOMER, Issuers},
    operations::{Header, Kind, OPERATIONS, Operation, Org, World},
};
use crate::{
    live::{ALPHA, BETA, Live},
    support::{Answer, Node, card, log::Log},
};

pub(crate) const SK: &str = "sk_live_alpha_0001";
pub(crate) const PK: &str = "pk_live_alpha_0001";
pub(crate) const FOREIGN_SK: &str = "sk_live_beta_0001";
const FOREIGN_PK: &str = "pk_live_beta_0001";
const WRONG: &str = "sk_live_alpha_0002";

/// A node with keys and issuers of two organizations. Card testing is another test's.
pub(crate) fn config(live: &Live, issuers: &Issuers) -> String {
    live.write("beta-publishable", FOREIGN_PK, 0o600);
    let file = live.path("beta-publishable");
    format!(
        "{}[[credentials]]\nname = \"beta-publishable\"\nkind = \"rebilly-publishable\"\n\
         organizations = [\"{BETA}\"]\nsecret = {{ file = \"{}\" }}\n{}[card_testing]\nenabled = false\n",
        live.config(),
        file.display(),
        issuers.config(live)
    )
}

/// Whom a caller's headers show: a kind of credential, and whether it is of the organization whose world it is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    Own(Kind),
    Nobody,
}

/// Every way to show a credential, and whom it shows: a secret key in `REB-APIKEY`, a publishable key in
/// `Authorization`, a JWT there as `Bearer`, `REB-APIKEY` first, and nothing else.
fn callers(issuers: &Issuers) -> Vec<(String, Vec<Header>, Shown)> {
    let header = |name: &'static str, value: &str| (name, value.to_owned());
    let mut table = vec![
        ("no header".to_owned(), vec![], Shown::Nobody),
        ("an empty REB-APIKEY".to_owned(), vec![header("REB-APIKEY", "")], Shown::Nobody),
        ("an empty Authorization".to_owned(), vec![header("Authorization", "")], Shown::Nobody),
        ("a bare Bearer".to_owned(), vec![header("Authorization", "Bearer ")], Shown::Nobody),
        ("basic".to_owned(), vec![header("Authorization", &format!("Basic {PK}"))], Shown::Nobody),
        (
            "two secrets".to_owned(),
            vec![header("REB-APIKEY", SK), header("REB-APIKEY", WRONG)],
            Shown::Nobody,
        ),
        (
            "two publishable keys".to_owned(),
            vec![header("Authorization", PK), header("Authorization", PK)],
            Shown::Nobody,
        ),
    ];
    let (merchant, customer) = (issuers.merchant.token(&json!({})), issuers.customer_token());
    let shown = [
        ("secret", SK, Some(Kind::Secret)),
        ("publishable", PK, Some(Kind::Publishable)),
        ("merchant JWT", &merchant, Some(Kind::Merchant)),
        ("customer JWT", &customer, Some(Kind::Customer)),
        ("redeem", "ck_live_alpha_redeem_0001", None),
        ("admin", "ck_live_admin_0001", None),
        ("wrong", WRONG, None),
        ("cut", &SK[..SK.len() - 1], None),
        ("upper-case", "SK_LIVE_ALPHA_0001", None),
    ];
    for (name, text, kind) in shown {
        let only =
            |kinds: &[Kind]| kind.filter(|kind| kinds.contains(kind)).map_or(Shown::Nobody, Shown::Own);
        table.push((
            format!("{name} in REB-APIKEY"),
            vec![header("REB-APIKEY", text)],
            only(&[Kind::Secret]),
        ));
        let bearer = [Kind::Publishable, Kind::Merchant, Kind::Customer];
        for (form, text, kinds) in [
            ("bare", text.to_owned(), &bearer[..1]),
            ("Bearer", format!("Bearer {text}"), &bearer[..]),
            ("bearer", format!("bearer  {text}"), &bearer[..]),
        ] {
            let authorization = ("Authorization", text);
            table.push((format!("{name} {form}"), vec![authorization.clone()], only(kinds)));
            // With both headers, REB-APIKEY decides alone.
            for (secret, expected) in
                [(SK, Shown::Own(Kind::Secret)), (WRONG, Shown::Nobody), ("", Shown::Nobody)]
            {
                if form == "Bearer" {
                    let both = vec![header("REB-APIKEY", secret), authorization.clone()];
                    table.push((format!("{name} {form} beside REB-APIKEY {secret:?}"), both, expected));
                }
            }
        }
    }
    table
}

/// The table of 2.2, and the organization before it.
fn expected(operation: &Operation, shown: Shown, org: Org) -> u16 {
    match shown {
        Shown::Nobody => 401,
        Shown::Own(kind) if !operation.may.contains(&kind) => 403,
        Shown::Own(_) if matches!(org, Org::Foreign | Org::Unknown) => 403,
        Shown::Own(_) => operation.success,
    }
}

#[test]
fn every_route_by_every_key_for_every_organization() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let mut node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut world = World::new(&node, SK);
    let mut calls = 0;
    for (name, headers, shown) in callers(&issuers) {
        for operation in &OPERATIONS {
            for org in Org::ALL {
                for path in operation.forms(org) {
                    let answer = world.call(operation, &path, &headers);
                    let what = format!("{name}: {} {path}", operation.method);
                    assert_eq!(answer.status, expected(operation, shown, org), "{what}: {}", answer.text());
                    if answer.status >= 400 {
                        assert_refusal(&answer);
                        world.assert_unchanged(&what);
                    }
                    calls += 1;
                }
            }
        }
    }
    // Eleven operations in four forms, five below the storefront in seven.
    assert_eq!(calls, callers(&issuers).len() * (11 * 4 + 5 * 7));
    assert!(node.stop());
    assert_acts(&live, world.acts);
}

/// The log has an act for every call that succeeded, and not one more. A call may be two facts: a customer that is
/// made with a token.
fn assert_acts(live: &Live, acts: usize) {
    let log = Log::of_live(&live.path("data"));
    let done = log.facts.iter().filter(|fact| {
        let action = fact["action"].as_str().expect("an action");
        action.starts_with("token.") || action.starts_with("instrument.") || action.starts_with("customer.")
    });
    let requests: BTreeSet<&str> = done.map(|fact| fact["request"].as_str().expect("a request")).collect();
    assert_eq!(requests.len(), acts);
}

fn assert_refusal(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!(body["status"], answer.status);
    let text = answer.text();
    for (secret, name) in [
        (SK, "secret"),
        (PK, "publishable"),
        ("ck_live", "native"),
        ("eyJ", "JWT"),
        (ALPHA, "own"),
        (BETA, "foreign"),
        (CUSTOMER, "customer"),
    ] {
        assert!(!text.contains(secret), "the {name} value is in the answer: {text}");
    }
}

/// Credentials of the other organization have their own organization, and none of ours.
#[test]
fn credentials_of_another_organization_open_nothing_here() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let mut node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut world = World::new(&node, SK);
    let merchant = format!("Bearer {}", issuers.foreign.token(&json!({})));
    let customer = format!("Bearer {}", issuers.foreign_customer.token(&json!({"customerId": CUSTOMER})));
    let strangers: [(Kind, Header); 4] = [
        (Kind::Secret, ("REB-APIKEY", FOREIGN_SK.to_owned())),
        (Kind::Publishable, ("Authorization", FOREIGN_PK.to_owned())),
        (Kind::Merchant, ("Authorization", merchant)),
        (Kind::Customer, ("Authorization", customer)),
    ];
    let mut made = 0;
    for (kind, header) in strangers {
        for operation in &OPERATIONS {
            let headers = std::slice::from_ref(&header);
            for path in operation.forms(Org::Own).into_iter().chain(operation.forms(Org::Unknown)) {
                let answer = world.call(operation, &path, headers);
                assert_eq!(answer.status, 403, "{kind:?} {} {path}: {}", operation.method, answer.text());
                world.assert_unchanged(&path);
            }
            // In their own organization our ids are unknown: by the path 404, in a body 422.
            for path in operation.forms(Org::None).into_iter().chain(operation.forms(Org::Foreign)) {
                let (token, instrument) = (world.token.clone(), world.instrument.clone());
                let answer = world.call_with(operation, &path, headers, (&token, &instrument, CUSTOMER));
                let status = match operation.id {
                    _ if !operation.may.contains(&kind) => 403,
                    "PostToken" => 201,
                    "GetTokenCollection"
                    | "GetPaymentInstrumentCollection"
                    | "StorefrontGetPaymentInstrumentCollection" => 200,
                    "PostPaymentInstrument"
                    | "PostCustomer"
                    | "PutCustomer"
                    | "StorefrontPostPaymentInstrument" => 422,
                    _ => 404,
                };
                assert_eq!(answer.status, status, "{kind:?} {} {path}: {}", operation.method, answer.text());
                made += usize::from(status == 201);
                if operation.id.ends_with("Collection") && status == 200 && kind != Kind::Secret {
                    let instruments = !operation.path.ends_with("/tokens");
                    assert!(!instruments || answer.json() == json!([]), "{}", answer.text());
                }
                world.assert_unchanged(&path);
            }
        }
    }
    assert_eq!(made, 6, "three kinds make tokens of their own, by two paths");
    assert!(node.stop());
    assert_acts(&live, world.acts + made);
}

#[test]
fn a_foreign_organization_is_as_unknown_as_one_that_does_not_exist() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut world = World::new(&node, SK);
    let headers = [
        ("REB-APIKEY", SK.to_owned()),
        ("Authorization", PK.to_owned()),
        ("Authorization", format!("Bearer {}", issuers.merchant.token(&json!({})))),
        ("Authorization", format!("Bearer {}", issuers.customer_token())),
    ];
    for header in &headers {
        for operation in &OPERATIONS {
            let mut shown = |org: Org| {
                let paths = operation.forms(org);
                let answers =
                    paths.iter().map(|path| world.call(operation, path, std::slice::from_ref(header)));
                answers.map(|answer| seen(&answer)).collect::<Vec<_>>()
            };
            assert_eq!(shown(Org::Foreign), shown(Org::Unknown), "{}", operation.id);
        }
    }
}

/// An answer as its caller sees it, without what names the request.
pub(crate) fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "x-request-id" && name != "date");
    (answer.status, headers, answer.text())
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
    for (org, key) in [(ALPHA, SK), (BETA, FOREIGN_SK)] {
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
