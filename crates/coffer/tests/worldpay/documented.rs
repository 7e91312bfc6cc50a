//! Every refusal that the served document lists is one that its operation gives, and each gives all of them: two lists
//! that are made apart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    calls::{basic, judge},
    place::{self, CHECKOUT, REVEAL, SHOP, USER},
};
use crate::{
    live::Live,
    support::{Answer, Node},
};

/// Statuses that take a broken disk, a slow caller or a broken connection.
const ELSEWHERE: [u16; 2] = [408, 503];

/// An operation as the document has it.
struct Operation {
    id: String,
    method: String,
    path: String,
    media: String,
    secured: bool,
    refusals: BTreeSet<u16>,
}

fn operations(node: &Node) -> Vec<Operation> {
    let document = node.client().call("GET", "/worldpay/openapi.json", &[], b"").json();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let responses = operation["responses"].as_object().expect("responses");
            let statuses = responses.keys().map(|status| status.parse::<u16>().expect("a status"));
            let media = |responses: &serde_json::Map<String, Value>| {
                let contents = responses.values().filter_map(|response| response["content"].as_object());
                // The newest version: the older ones are the same but for their names.
                contents.flat_map(|content| content.keys()).max().cloned()
            };
            found.push(Operation {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: format!("/worldpay{}", path.trim_end_matches('/')),
                media: media(responses).expect("a media type"),
                secured: operation["security"].as_array().is_some_and(|list| !list.is_empty()),
                refusals: statuses.filter(|status| *status >= 400 && *status != 409).collect(),
            });
        }
    }
    found
}

/// A caller of one node, and every status that was seen.
struct Drive<'n> {
    node: &'n Node,
    seen: BTreeMap<String, BTreeSet<u16>>,
}

impl Drive<'_> {
    fn keep(&mut self, operation: &Operation, answer: &Answer) {
        judge(answer);
        self.seen.entry(operation.id.clone()).or_default().insert(answer.status);
    }

    fn call(
        &mut self,
        operation: &Operation,
        by: Option<(&str, &str)>,
        accept: &str,
        content: &str,
        body: &[u8],
    ) {
        let authorization = by.map(|(user, password)| basic(user, password));
        let mut headers = vec![("Accept", accept), ("Content-Type", content)];
        headers.extend(authorization.as_deref().map(|shown| ("Authorization", shown)));
        let path = operation.path.replace("{token}", "unknown").replace("{reference}", "unknown");
        let answer = self.node.client().call(&operation.method, &path, &headers, body);
        self.keep(operation, &answer);
    }

    /// By who may, with everything as it should be but the body and what is named.
    fn good(&mut self, operation: &Operation, body: &str) {
        let by = operation.secured.then_some(USER);
        self.call(operation, by, &operation.media, &operation.media, body.as_bytes());
    }

    fn announce(&mut self, operation: &Operation) {
        let authorization = basic(USER.0, USER.1);
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", &operation.media)];
        let path = operation.path.replace("{token}", "unknown");
        let answer = self.node.client().announce(&operation.method, &path, &headers, 65_537);
        self.keep(operation, &answer.expect("an answer"));
    }
}

/// A card of a scheme that has no name here, for whatever takes a card.
fn unnamed(operation: &Operation) -> String {
    let card = "\"cardNumber\":\"6200000000000005\",\"cardExpiryDate\":{\"month\":1,\"year\":2035}";
    let kind = if operation.id == "createToken" { "card/front" } else { "card/plain" };
    format!(
        "{{{card},\"identity\":\"{CHECKOUT}\",\"merchant\":{{\"entity\":\"default\"}},\"verificationCurrency\":\"GBP\",\
         \"paymentInstrument\":{{\"type\":\"{kind}\",\"cardHolderName\":\"x\",{card}}}}}"
    )
}

/// Of every operation everything that one call can bring about.
fn refuse(drive: &mut Drive<'_>, operation: &Operation) {
    drive.call(operation, None, &operation.media, &operation.media, b"{}");
    let page = format!("{{\"cvc\":\"123\",\"identity\":\"{}\"}}", place::ELSEWHERE_CHECKOUT);
    drive.call(operation, Some(REVEAL), &operation.media, &operation.media, page.as_bytes());
    let by = operation.secured.then_some(USER);
    drive.call(operation, by, "text/html", &operation.media, b"{}");
    if operation.method == "POST" || operation.method == "PUT" {
        drive.call(operation, by, &operation.media, "text/plain", b"{}");
        let other = operation.media.replace("-v3", "-v2");
        drive.call(operation, by, &other, &operation.media, b"{}");
        drive.announce(operation);
    }
    drive.good(operation, "{");
    drive.good(operation, &unnamed(operation));
}

#[test]
fn what_the_document_lists_is_what_is_answered() {
    let (live, closed, counted) = (Live::new(), Live::new(), Live::new());
    let open = live.try_start(&place::config(&live, "")).expect("the node starts");
    let config = place::config(&closed, "");
    let account = format!("organization = \"{SHOP}\"");
    let without = config.replace(&account, &format!("{account}\ntokenization = false"));
    let disabled = closed.try_start(&without).expect("the node starts");
    let limit = "[rate_limit]\nrequests = 1\nseconds = 3600\n";
    let limited = counted.try_start(&place::config(&counted, limit)).expect("the node starts");

    let operations = operations(&open);
    let mut drive = Drive { node: &open, seen: BTreeMap::new() };
    for operation in &operations {
        refuse(&mut drive, operation);
    }
    for node in [&disabled, &limited] {
        drive.node = node;
        for operation in &operations {
            let page = format!("{{\"cvc\":\"123\",\"identity\":\"{CHECKOUT}\"}}");
            for _ in 0..2 {
                drive.good(operation, &page);
                let clear = format!("{}; masked=false", operation.media);
                drive.call(operation, Some(REVEAL), &clear, &operation.media, b"");
            }
        }
    }
    for operation in &operations {
        let seen = drive.seen.get(&operation.id).cloned().unwrap_or_default();
        let seen: BTreeSet<u16> = seen.into_iter().filter(|status| *status >= 400).collect();
        let mut listed = operation.refusals.clone();
        listed.retain(|status| !ELSEWHERE.contains(status));
        assert!(seen.is_subset(&listed), "{}: {seen:?} is more than {listed:?}", operation.id);
        // Links of parts and broken queries are other tests'.
        let others: &[u16] = match operation.id.as_str() {
            "getToken" => &[400, 405],
            "deleteToken" => &[405],
            "queryTokens" => &[400],
            _ => &[],
        };
        let missing: BTreeSet<u16> = listed.difference(&seen).copied().collect();
        let unexpected: Vec<&u16> = missing.iter().filter(|status| !others.contains(status)).collect();
        assert!(unexpected.is_empty(), "{}: {unexpected:?} is listed and never answered", operation.id);
    }
}
