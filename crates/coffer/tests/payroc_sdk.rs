//! The calls of Payroc's own libraries, one after the other, as those send them: the API key once and its token for
//! all, header names in small letters, headers of their own, ids percent-encoded, links followed as they are, and
//! what may be retried sent again with the same key. Each answer has what their types ask for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use serde_json::{Value, json};
use support::{Answer, Client, Node, home};

const CARD: &str = "4539858876047062";

/// A library with its token.
struct Library {
    client: Client,
    server: String,
    bearer: String,
    keys: u32,
}

impl Library {
    /// `auth.retrieve_token`, which comes before the first call.
    fn new(node: &Node) -> Self {
        let server = format!("http://{}", node.clients);
        let mut library = Self { client: node.client(), server, bearer: String::new(), keys: 0 };
        let headers = [("x-api-key", "sandbox"), ("accept", "*/*")];
        let answer = library.client.call("POST", "/payroc/authorize", &headers, b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let token = answer.json();
        assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
        library.bearer = format!("Bearer {}", token["access_token"].as_str().expect("a text"));
        library
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("5dc0f3a1-0000-4000-8000-{:012x}", self.keys)
    }

    /// One request. What is read has no key.
    fn send(&mut self, method: &str, path: &str, key: &str, body: Option<&Value>) -> Answer {
        let mut headers = vec![
            ("authorization", self.bearer.as_str()),
            ("accept", "*/*"),
            ("user-agent", "payroc/0.0.1"),
            ("x-fern-language", "Rust"),
            ("x-fern-sdk-name", "payroc"),
        ];
        if !key.is_empty() {
            headers.push(("idempotency-key", key));
        }
        let text = body.map(Value::to_string).unwrap_or_default();
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.client.call(method, &format!("/payroc/v1{path}"), &headers, text.as_bytes())
    }

    /// A call that makes or changes something. Sent once more, it must give the same.
    fn write(&mut self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let key = self.key();
        let answer = self.send(method, path, &key, Some(body));
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{method} {path}");
        let again = self.send(method, path, &key, Some(body));
        assert_eq!((again.status, &again.body), (answer.status, &answer.body), "{method} {path}");
        assert_eq!(again.header("location"), answer.header("location"), "{method} {path}");
        assert_eq!(answer.header("location").is_some(), is_located(path, status), "{method} {path}");
        answer.json()
    }

    /// A call that reads.
    fn read(&mut self, path: &str) -> Value {
        let answer = self.send("GET", path, "", None);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()
    }

    /// A call that fails: the library makes an exception of the problem, and cannot without its four members.
    fn fails(
        &mut self,
        method: &str,
        path: &str,
        key: &str,
        body: Option<&Value>,
        told: (u16, &str),
    ) -> Value {
        let answer = self.send(method, path, key, body);
        let problem = answer.json();
        let named = format!("https://docs.payroc.com/api/errors#{}", told.1);
        assert_eq!((answer.status, &problem["type"]), (told.0, &json!(named)), "{method} {path}: {problem}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!(problem["status"], told.0, "{problem}");
        problem
    }

    /// What a link is to: it is absolute, and within the API.
    fn followed(&mut self, link: &Value) -> Value {
        let base = format!("{}/payroc/v1", self.server);
        let href = link["href"].as_str().expect("a text");
        let path = href.strip_prefix(&base).unwrap_or_else(|| panic!("{href} is not of {base}"));
        self.read(path)
    }
}

fn is_located(path: &str, status: u16) -> bool {
    status == 201 && !path.ends_with("hosted-fields-sessions")
}

fn keyed() -> Value {
    json!({ "type": "card", "cardDetails": { "entryMethod": "keyed", "cardholderName": "Sarah Hazel Hopper",
        "keyedData": { "dataFormat": "plainText", "cardNumber": CARD, "expiryDate": "1235", "cvv": "234" } } })
}

fn ach() -> Value {
    json!({ "type": "ach", "accountType": "checking", "secCode": "web", "nameOnAccount": "Sarah Hazel Hopper",
        "accountNumber": "123456789", "routingNumber": "021000021" })
}

const TERMINAL: &str = "/processing-terminals/1234001";

fn single_use(library: &mut Library, source: &Value) -> Value {
    let body = json!({ "channel": "web", "operator": "Jane", "source": source });
    library.write("POST", &format!("{TERMINAL}/single-use-tokens"), &body, 201)
}

#[test]
fn single_use_tokens_create() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut library = Library::new(&node);
    let token = single_use(&mut library, &keyed());
    assert_eq!(token["source"]["cardNumber"], "453985******7062");
    assert_eq!(token["token"].as_str().map(str::len), Some(128));
    assert!(token.get("paymentMethod").is_none());
    assert_eq!(single_use(&mut library, &ach())["source"]["accountNumber"], "*****6789");

    let path = format!("{TERMINAL}/single-use-tokens");
    let body = json!({ "channel": "web", "source": keyed() });
    let key = library.key();
    assert_eq!(library.send("POST", &path, &key, Some(&body)).status, 201);
    // A 409 is retried with the same key, and must stay one.
    let other = json!({ "channel": "moto", "source": keyed() });
    for _ in 0..3 {
        library.fails("POST", &path, &key, Some(&other), (409, "idempotency-key-in-use"));
    }
    library.fails("POST", &path, "", Some(&body), (400, "idempotency-key-missing"));
    let wrong = json!({ "channel": "fax", "source": { "type": "singleUseToken", "token": token["token"] } });
    let key = library.key();
    let problem = library.fails("POST", &path, &key, Some(&wrong), (400, "bad-request"));
    let named: Vec<&Value> =
        problem["errors"].as_array().unwrap().iter().map(|one| &one["parameter"]).collect();
    assert_eq!(named, ["channel", "source.type"]);
    let (key, foreign) = (library.key(), path.replace("1234001", "9999001"));
    library.fails("POST", &foreign, &key, Some(&body), (403, "forbidden"));
    library.bearer.push('x');
    library.fails("POST", &path, &key, Some(&body), (401, "not-authorized"));
}

#[test]
fn secure_tokens_from_create_to_delete() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut library = Library::new(&node);
    let all = format!("{TERMINAL}/secure-tokens");
    let body = json!({ "secureTokenId": "Sarah/1 a", "mitAgreement": "unscheduled", "source": keyed(),
        "customer": { "firstName": "Sarah", "referenceNumber": "Customer-12" } });
    let made = library.write("POST", &all, &body, 201);
    assert_eq!((&made["secureTokenId"], &made["status"]), (&json!("Sarah/1 a"), &json!("notValidated")));
    let key = library.key();
    library.fails("POST", &all, &key, Some(&body), (409, "resource-already-exists"));

    // As encodeURIComponent writes it.
    let one = format!("{all}/Sarah%2F1%20a");
    assert_eq!(library.read(&one), made);
    let changes = json!([
        { "op": "test", "path": "/mitAgreement", "value": "unscheduled" },
        { "op": "replace", "path": "/source/expiryDate", "value": "1136" },
        { "op": "move", "from": "/customer/referenceNumber", "path": "/customer/lastName" },
    ]);
    let changed = library.write("PATCH", &one, &changes, 200);
    assert_eq!(
        (&changed["source"]["expiryDate"], &changed["customer"]["lastName"]),
        (&json!("1136"), &json!("Customer-12"))
    );
    let key = library.key();
    let forbidden = json!([{ "op": "replace", "path": "/token", "value": "1" }]);
    library.fails("PATCH", &one, &key, Some(&forbidden), (400, "bad-request"));
    let key = library.key();
    let untrue = json!([{ "op": "test", "path": "/mitAgreement", "value": "recurring" }]);
    library.fails("PATCH", &one, &key, Some(&untrue), (409, "cannot-be-modified"));

    let token = single_use(&mut library, &ach())["token"].clone();
    let update = json!({ "type": "singleUseToken", "token": token });
    let updated = library.write("POST", &format!("{one}/update-account"), &update, 200);
    assert_eq!((&updated["source"]["type"], &updated["token"]), (&json!("ach"), &made["token"]));
    let key = library.key();
    let body = json!({ "source": { "type": "singleUseToken", "token": token } });
    library.fails("POST", &all, &key, Some(&body), (400, "bad-request"));

    let answer = library.send("DELETE", &one, "", None);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    library.fails("GET", &one, "", None, (404, "not-found"));
}

#[test]
fn secure_tokens_list_goes_on_by_links() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut library = Library::new(&node);
    let all = format!("{TERMINAL}/secure-tokens");
    for number in 0..5 {
        let name = if number == 4 { "Other" } else { "Page" };
        let body = json!({ "secureTokenId": format!("id/{number}"), "source": keyed(),
            "customer": { "firstName": name, "lastName": "& Co" } });
        library.write("POST", &all, &body, 201);
    }
    let link = |page: &Value, rel: &str| {
        let mut links = page["links"].as_array().into_iter().flatten();
        links.find(|link| link["rel"] == rel).cloned()
    };
    let ids = |page: &Value| -> Vec<String> {
        let items = page["data"].as_array().expect("a list").iter();
        items.map(|one| one["secureTokenId"].as_str().expect("a text").to_owned()).collect()
    };
    let first = library.read(&format!("{all}?limit=3&customerName=page%20%26%20co"));
    assert_eq!(
        (ids(&first), &first["hasMore"]),
        (vec!["id/3".into(), "id/2".into(), "id/1".into()], &json!(true))
    );
    assert_eq!(link(&first, "previous"), None);
    let second = library.followed(&link(&first, "next").expect("a link"));
    assert_eq!(
        (ids(&second), &second["hasMore"], link(&second, "next")),
        (vec!["id/0".into()], &json!(false), None)
    );
    let back = library.followed(&link(&second, "previous").expect("a link"));
    assert_eq!(ids(&back), ids(&first));
    library.fails("GET", &format!("{all}?before=2571&after=8516"), "", None, (400, "bad-request"));
}

#[test]
fn sessions_and_payments() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut library = Library::new(&node);
    let body = json!({ "libVersion": "1.7.0.261457", "scenario": "payment" });
    let session = library.write("POST", &format!("{TERMINAL}/hosted-fields-sessions"), &body, 201);
    assert!(session["token"].is_string() && session["expiresAt"].is_string());
    let apple = json!({ "appleDomainId": "DUHDZJHGYY", "appleValidationUrl": "https://apple.example" });
    let path = format!("{TERMINAL}/apple-pay-sessions");
    library.fails("POST", &path, "", Some(&apple), (400, "capabilities-missing"));

    let order = json!({ "orderId": "OrderRef6543", "amount": 4999, "currency": "USD" });
    let card = single_use(&mut library, &keyed())["token"].clone();
    let payment = json!({ "channel": "web", "processingTerminalId": "1234001", "order": order,
        "paymentMethod": { "type": "singleUseToken", "token": card },
        "credentialOnFile": { "tokenize": true } });
    let paid = library.write("POST", "/payments", &payment, 201);
    assert_eq!((&paid["transactionResult"]["responseCode"], paid.get("paymentMethod")), (&json!("A"), None));
    let kept = paid["card"]["secureToken"].clone();
    assert_eq!(library.followed(&kept["link"])["token"], kept["token"]);
    let key = library.key();
    library.fails("POST", "/payments", &key, Some(&payment), (400, "bad-request"));

    let account = single_use(&mut library, &ach())["token"].clone();
    let transfer = json!({ "processingTerminalId": "1234001", "order": order,
        "paymentMethod": { "type": "singleUseToken", "token": account, "secCode": "web" } });
    let sent = library.write("POST", "/bank-transfer-payments", &transfer, 201);
    assert_eq!(sent["bankAccount"]["accountNumber"], "*****6789");
    let again = json!({ "channel": "moto", "processingTerminalId": "1234001", "order": order,
        "paymentMethod": { "type": "secureToken", "token": kept["token"] } });
    assert_eq!(library.write("POST", "/payments", &again, 201)["card"]["cardNumber"], "453985******7062");
}
