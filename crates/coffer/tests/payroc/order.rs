//! The order of checks (section 9): requests that are wrong in two ways at once are refused for the first of the two.

use serde_json::{Value, json};

use super::calls::{
    FOREIGN, Shop, TERMINAL, card, flat, fresh_key, judge, refused, request, secure, text, with,
};
use crate::support::{Answer, Node, home};

/// What is wrong, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Bearer,
    Terminal,
    Media,
    Accept,
    Size,
    NoKey,
    BadKey,
    UsedKey,
    Syntax,
    Member,
    Missing,
    Taken,
}

use Fault::{Accept, BadKey, Bearer, Media, Member, Missing, NoKey, Size, Syntax, Taken, Terminal, UsedKey};

const FAULTS: [Fault; 12] =
    [Bearer, Terminal, Media, Accept, Size, NoKey, BadKey, UsedKey, Syntax, Member, Missing, Taken];

impl Fault {
    /// How it is refused.
    fn told(self) -> (u16, &'static str) {
        match self {
            Bearer => (401, "not-authorized"),
            Terminal => (403, "forbidden"),
            Media => (415, "unsupported-media-type"),
            Accept => (406, "not-acceptable"),
            Size => (413, "payload-too-large"),
            NoKey => (400, "idempotency-key-missing"),
            BadKey | Syntax | Member => (400, "bad-request"),
            UsedKey => (409, "idempotency-key-in-use"),
            Missing => (404, "not-found"),
            Taken => (409, "resource-already-exists"),
        }
    }

    /// The parameter that is named, of those that name one.
    fn parameter(self, call: &Call) -> Option<&'static str> {
        match self {
            BadKey => Some("Idempotency-Key"),
            Syntax => Some("body"),
            Member => Some(call.parameter),
            _ => None,
        }
    }
}

/// An operation that has a body: what succeeds, and what does not.
struct Call {
    method: &'static str,
    /// Below the terminal.
    path: &'static str,
    good: Value,
    wrong: Value,
    /// What is wrong with it.
    parameter: &'static str,
    /// A path where nothing is.
    nowhere: Option<&'static str>,
    /// A body whose name is taken.
    taken: Option<Value>,
    success: u16,
}

fn calls(shop: &mut Shop) -> Vec<Call> {
    shop.secure(&secure("one", &card()));
    let token = shop.token();
    let single = request(&card());
    let session = json!({"libVersion": "1.7.0.261457", "scenario": "payment"});
    let none = |method, path, good: Value, wrong, parameter, success| Call {
        method,
        path,
        good,
        wrong,
        parameter,
        nowhere: None,
        taken: None,
        success,
    };
    let wrong = with(&single, "/channel", json!("x"));
    let kept = json!({"source": card()});
    let unkept = with(&kept, "/mitAgreement", json!("x"));
    let patch = json!([{"op": "add", "path": "/mitAgreement", "value": "recurring"}]);
    let account = flat(&token);
    let no_account = with(&account, "/type", json!("x"));
    vec![
        none("POST", "single-use-tokens", single, wrong, "channel", 201),
        Call {
            taken: Some(secure("one", &card())),
            ..none("POST", "secure-tokens", kept, unkept, "mitAgreement", 201)
        },
        Call {
            nowhere: Some("secure-tokens/nowhere"),
            ..none("PATCH", "secure-tokens/one", patch, json!([{"op": "x"}]), "0.op", 200)
        },
        Call {
            nowhere: Some("secure-tokens/nowhere/update-account"),
            ..none("POST", "secure-tokens/one/update-account", account, no_account, "type", 200)
        },
        none(
            "POST",
            "hosted-fields-sessions",
            session.clone(),
            with(&session, "/scenario", json!("x")),
            "scenario",
            201,
        ),
    ]
}

/// Sends a request with these faults.
fn send(node: &Node, shop: &Shop, call: &Call, used: &str, faults: &[Fault]) -> Answer {
    let has = |fault| faults.contains(&fault);
    let terminal = if has(Terminal) { FOREIGN } else { TERMINAL };
    let below = if has(Missing) { call.nowhere.expect("a path") } else { call.path };
    let path = format!("/payroc/v1/processing-terminals/{terminal}/{below}");
    let mut body = match (has(Member), has(Taken)) {
        (true, true) => with(call.taken.as_ref().expect("a body"), "/mitAgreement", json!("x")),
        (true, false) => call.wrong.clone(),
        (false, true) => call.taken.clone().expect("a body"),
        (false, false) => call.good.clone(),
    }
    .to_string();
    if has(Syntax) {
        body.pop();
    }
    if has(Size) {
        body.push_str(&" ".repeat(70_000));
    }
    let (bearer, fresh) =
        (format!("Bearer {}{}", shop.bearer, if has(Bearer) { "x" } else { "" }), fresh_key());
    let mut headers = vec![("Authorization", bearer.as_str())];
    headers.push(("Content-Type", if has(Media) { "text/plain" } else { "application/json" }));
    headers.push(("Accept", if has(Accept) { "text/html" } else { "*/*" }));
    match (has(NoKey), has(BadKey), has(UsedKey)) {
        (true, ..) => {}
        (_, true, _) => headers.push(("Idempotency-Key", "8e03978e-40d5-13e8-bc93-6894a57f9324")),
        (.., true) => headers.push(("Idempotency-Key", used)),
        _ => headers.push(("Idempotency-Key", fresh.as_str())),
    }
    let answer = node.client().call(call.method, &path, &headers, body.as_bytes());
    judge(&answer);
    answer
}

fn goes_together(one: Fault, other: Fault) -> bool {
    let of_key = |fault| matches!(fault, NoKey | BadKey | UsedKey);
    !(of_key(one) && of_key(other))
}

#[test]
fn the_first_of_two_faults_is_told() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let used = fresh_key();
    let path = shop.path("single-use-tokens");
    assert_eq!(shop.keyed("POST", &path, &used, &request(&super::calls::ach())).status, 201);
    let calls = calls(&mut shop);
    let mut pairs = 0;
    for call in &calls {
        let possible = |fault: &Fault| match fault {
            Missing => call.nowhere.is_some(),
            Taken => call.taken.is_some(),
            _ => true,
        };
        let faults: Vec<Fault> = FAULTS.into_iter().filter(possible).collect();
        for (at, first) in faults.iter().enumerate() {
            for second in &faults[at..] {
                if first != second && !goes_together(*first, *second) {
                    continue;
                }
                let answer = send(&node, &shop, call, &used, &[*first, *second]);
                let what = format!("{} {}: {first:?} and {second:?}", call.method, call.path);
                let (status, kind) = first.told();
                assert_eq!(refused(&answer), (status, kind.to_owned()), "{what}: {}", answer.text());
                if let Some(parameter) = first.parameter(call) {
                    assert_eq!(text(&answer.json()["errors"][0], "parameter"), parameter, "{what}");
                }
                pairs += 1;
            }
        }
    }
    assert!(pairs > 250, "{pairs}");
    // Nothing of all that was done, and without a fault each succeeds.
    let list = shop.path("secure-tokens");
    assert_eq!(shop.get(&list).json()["count"], 1);
    for call in &calls {
        let answer = send(&node, &shop, call, &used, &[]);
        assert_eq!(answer.status, call.success, "{} {}: {}", call.method, call.path, answer.text());
    }
}

/// Reads have fewer checks, in the same order.
#[test]
fn the_first_of_two_faults_of_a_read_is_told() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("one", &card()));
    let bearer = format!("Bearer {}", shop.bearer);
    for (method, terminal, below, accept, credential, status) in [
        ("GET", FOREIGN, "secure-tokens/one", "text/html", "Bearer x", 401),
        ("GET", FOREIGN, "secure-tokens?limit=0", "text/html", bearer.as_str(), 403),
        ("GET", TERMINAL, "secure-tokens?limit=0", "text/html", &bearer, 406),
        ("GET", TERMINAL, "secure-tokens?limit=0", "*/*", &bearer, 400),
        ("GET", FOREIGN, "secure-tokens/two", "text/html", &bearer, 403),
        ("GET", TERMINAL, "secure-tokens/two", "text/html", &bearer, 406),
        ("GET", TERMINAL, "secure-tokens/two", "*/*", &bearer, 404),
        ("DELETE", FOREIGN, "secure-tokens/two", "*/*", "Bearer x", 401),
        ("DELETE", FOREIGN, "secure-tokens/two", "*/*", &bearer, 403),
        ("DELETE", TERMINAL, "secure-tokens/two", "*/*", &bearer, 404),
    ] {
        let path = format!("/payroc/v1/processing-terminals/{terminal}/{below}");
        let headers = [("Authorization", credential), ("Accept", accept)];
        let answer = node.client().call(method, &path, &headers, b"");
        judge(&answer);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    }
}
