//! What does not work, once for each operation and each status.

use serde_json::json;

use super::drive::{Drive, Operation, Seen, operations};
use crate::support::{Answer, Client, Node, home};

/// One byte more than a body may have.
const TOO_LARGE: usize = 65_537;

/// Every refusal that a call alone can bring about.
pub(crate) fn of_every_operation(drive: &mut Drive, operations: &[Operation]) {
    for operation in operations {
        let name = operation.name();
        let id = drive.id_for(&name);
        for status in &operation.statuses {
            let answer = match status {
                400 => Some(bad(drive, operation)),
                401 => {
                    let nobody = [("Authorization", ""), ("x-api-key", "")];
                    Some(drive.call_with(&name, &id, &nobody, b"{}"))
                }
                403 if name != "POST /authorize" => Some(elsewhere(drive, operation, &id)),
                404 => Some(drive.call(&name, "MREF_unknown", body_of(operation))),
                406 => {
                    let key = drive.key();
                    let headers = [("Accept", "text/html, image/*"), ("Idempotency-Key", &key)];
                    Some(drive.call_with(&name, &id, &headers, b"{}"))
                }
                409 => {
                    let key = drive.key();
                    let headers = [("Idempotency-Key", key.as_str())];
                    let first = drive.call_with(&name, &id, &headers, b"{");
                    assert_eq!(first.status, 400, "{name}: {}", first.text());
                    Some(drive.call_with(&name, &id, &headers, b"{\"a\":1}"))
                }
                413 => Some(drive.announce(&name, &id, TOO_LARGE)),
                415 => {
                    let key = drive.key();
                    let headers = [("Content-Type", "text/plain"), ("Idempotency-Key", &key)];
                    Some(drive.call_with(&name, &id, &headers, b"{}"))
                }
                _ => None,
            };
            if let Some(answer) = answer {
                refused(&name, &answer, *status);
            }
        }
    }
}

/// What is right as far as an unknown token lets it be looked at.
fn body_of(operation: &Operation) -> &'static [u8] {
    const UPDATE: &str = concat!(
        r#"{"type":"singleUseToken","token":"00000000000000000000000000000000000000000000000000000000000000"#,
        r#"000000000000000000000000000000000000000000000000000000000000000000"}"#
    );
    match operation.method.as_str() {
        "PATCH" => b"[]",
        "POST" => UPDATE.as_bytes(),
        _ => b"",
    }
}

/// 400 in the way that the operation has.
fn bad(drive: &mut Drive, operation: &Operation) -> Answer {
    let name = operation.name();
    if operation.method == "GET" && operation.by.is_some() {
        return drive.call(&format!("{name}?limit=0"), "", b"");
    }
    if operation.by.is_none() {
        return drive.call(&name, &"0".repeat(56), b"{}");
    }
    let id = drive.id_for(&name);
    if operation.has_key {
        let answer = drive.call_with(&name, &id, &[("Idempotency-Key", "")], b"{}");
        assert!(answer.text().contains("#idempotency-key-missing"), "{name}: {}", answer.text());
        refused(&name, &answer, 400);
    }
    let answer = drive.call(&name, &id, b"{\"a\":1,\"a\":2}");
    assert!(answer.json()["errors"][0]["parameter"].is_string(), "{name}: {}", answer.text());
    answer
}

/// 403: a terminal of somebody else.
fn elsewhere(drive: &mut Drive, operation: &Operation, id: &str) -> Answer {
    let name = operation.name();
    if name.contains("{processingTerminalId}") {
        return drive.call(&name.replace("{processingTerminalId}", "9999001"), id, b"{}");
    }
    let method = if name == "POST /payments" {
        json!({ "type": "secureToken", "token": "1" })
    } else {
        json!({ "type": "secureToken", "token": "1", "secCode": "web" })
    };
    let body = json!({ "channel": "web", "processingTerminalId": "9999001", "paymentMethod": method,
        "order": { "orderId": "1", "amount": 1, "currency": "USD" } });
    drive.send(&name, id, &body)
}

/// Every error has what clients read it by.
fn refused(name: &str, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{name}: {}", answer.text());
    let body = answer.json();
    assert_eq!(body["status"], status, "{name}");
    assert!(
        body["type"].as_str().is_some_and(|text| text.starts_with("https://docs.payroc.com/api/errors#"))
    );
    for member in ["title", "detail"] {
        assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{name}: {body}");
    }
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
}

/// Every operation that is counted, once the account or its browsers have done too much.
pub(crate) fn limited() -> Seen {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut drive = Drive::new(&node);
    let session = drive.session();
    let bearer = drive.bearer();
    let clients = node.clients;
    let head = |path: &str, caller: &str| {
        format!(
            "POST /payroc/v1{path} HTTP/1.1\r\nHost: {clients}\r\n{caller}Content-Type: application/json\r\n"
        )
    };
    use_up(&mut node.client(), &head("/payments", &format!("Authorization: {bearer}\r\n")));
    use_up(&mut node.client(), &head(&format!("/hosted-fields-sessions/{session}/fields"), ""));
    for operation in operations(&node) {
        let id = if operation.by.is_none() { &session } else { "x" };
        if operation.statuses.contains(&429) {
            let answer = drive.call(&operation.name(), id, b"");
            let answer = if answer.status == 415 { drive.call(&operation.name(), id, b"{}") } else { answer };
            refused(&operation.name(), &answer, 429);
            let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=600).contains(&seconds), "{seconds}");
        }
    }
    drive.seen.into_iter().filter(|(_, status)| *status == 429).collect()
}

/// Spends all requests of the window. These answers are looked at by nobody: none has a key.
fn use_up(client: &mut Client, head: &str) {
    let request = format!("{head}Content-Length: 0\r\n\r\n");
    for _ in 0..10_000 {
        client.send(request.as_bytes()).expect("a request");
        match client.answer().expect("an answer").status {
            400 => {}
            429 => return,
            other => panic!("{other}"),
        }
    }
    panic!("there is no limit");
}
