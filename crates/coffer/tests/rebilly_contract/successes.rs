//! What works, once for each operation, each family of methods and each kind of caller.

use serde_json::{Value, json};

use super::{
    bodies::{address, card, families, partial, plain},
    drive::{By, CUSTOMER, Drive},
};
use crate::support::Answer;

const TOKENS: &str = "POST /tokens";
const EXCHANGE: &str = "POST /payment-instruments";
const INSTRUMENT: &str = "GET /payment-instruments/{id}";
const PATCH: &str = "PATCH /payment-instruments/{id}";
const DEACTIVATE: &str = "POST /payment-instruments/{id}/deactivation";
const CUSTOMERS: &str = "POST /customers";
const PUT: &str = "PUT /customers/{id}";
const OWN: &str = "POST /storefront/payment-instruments";
const OWN_PATCH: &str = "PATCH /storefront/payment-instruments/{id}";
const OWN_READ: &str = "GET /storefront/payment-instruments/{id}";
const OWN_DEACTIVATE: &str = "POST /storefront/payment-instruments/{id}/deactivation";

/// The id of what was made, which must have gone well.
fn id(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let id = answer.json()["id"].as_str().expect("an id").to_owned();
    if matches!(status, 201 | 303) {
        let location = answer.header("location").expect("a location");
        assert!(location.ends_with(&id), "{location}");
    }
    id
}

fn token(drive: &mut Drive, by: By, body: &Value) -> String {
    id(&drive.send(by, TOKENS, "", body), 201)
}

fn exchange(drive: &mut Drive, token: &str, customer: &str) -> Answer {
    drive.send(By::Secret, EXCHANGE, "", &json!({ "token": token, "customerId": customer }))
}

/// Tokens of all families, before and after their use; their instruments, new and updated; plain ones.
pub(crate) fn tokens_and_instruments(drive: &mut Drive) {
    for (body, method, is_found) in families() {
        let customer = format!("of {}", body["method"].as_str().unwrap());
        let first = token(drive, By::Publishable, &body);
        let second = token(drive, By::Jwt, &body);
        let unused = drive.call(By::Publishable, "GET /tokens/{token}", &first, b"");
        assert_eq!((unused.status, &unused.json()["isUsed"]), (200, &json!(false)));
        let made = exchange(drive, &first, &customer);
        let made_id = id(&made, 201);
        assert_eq!(made.json()["method"], method);
        let again = exchange(drive, &second, &customer);
        let again_id = id(&again, if is_found { 303 } else { 201 });
        assert_eq!(again_id == made_id, is_found, "{body}");
        let used = drive.call(By::Secret, "GET /tokens/{token}", &first, b"");
        assert_eq!((used.status, &used.json()["isUsed"]), (200, &json!(true)));
        let read = drive.call(By::Jwt, INSTRUMENT, &made_id, b"");
        assert_eq!((read.status, &read.json()["customerId"]), (200, &json!(customer)));
    }
    for (status, body) in
        plain().into_iter().map(|body| (201, body)).chain(plain().into_iter().map(|body| (303, body)))
    {
        let answer = drive.send(By::Secret, EXCHANGE, "", &body);
        id(&answer, status);
        assert_eq!(answer.json()["customFields"], body["customFields"]);
    }
}

/// Pages of both lists, filtered, sorted, searched and expanded.
pub(crate) fn lists(drive: &mut Drive) {
    let mut rows = |operation: &str, query: &str| {
        let answer = drive.ask(By::Secret, operation, "", query, b"");
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json().as_array().expect("a list").len()
    };
    assert!(rows("GET /tokens", "") > 10);
    assert_eq!((rows("GET /tokens", "?limit=2&offset=1"), rows("GET /tokens", "?limit=0")), (2, 0));
    let list = "GET /payment-instruments";
    let all = rows(list, "?expand=customer");
    assert!(all > 10, "{all}");
    assert_eq!(rows(list, "?limit=3&offset=1&sort=-createdTime,method"), 3);
    assert_eq!(rows(list, "?filter=customerId:plain_0;brand:mastercard"), 1);
    assert_eq!(rows(list, "?filter=expYear:..2034"), 0);
    assert!(rows(list, "?q=crav") > 10 && rows(list, "?q=nowhere") == 0, "a part of an address is enough");
}

/// Every way to change an instrument, and its end.
pub(crate) fn updates(drive: &mut Drive) {
    let first = token(drive, By::Secret, &card("378282246310005"));
    let made = id(&exchange(drive, &first, "updates"), 201);
    let patch = |drive: &mut Drive, body: &Value| {
        let answer = drive.send(By::Secret, PATCH, &made, body);
        id(&answer, 200);
        answer.json()
    };
    let plain = json!({ "cvv": "1234", "expMonth": 1, "expYear": 2037, "billingAddress": address(),
        "stickyGatewayAccountId": "gw_acc_1", "customFields": { "a": [1] }, "useAsBackup": true });
    let body = patch(drive, &plain);
    assert_eq!((&body["expYear"], &body["stickyGatewayAccountId"]), (&json!(2037), &json!("gw_acc_1")));
    assert_eq!(
        patch(drive, &json!({ "stickyGatewayAccountId": null }))["stickyGatewayAccountId"],
        json!(null)
    );
    let fresh = token(drive, By::Secret, &partial());
    let body = patch(drive, &json!({ "token": fresh }));
    assert_eq!((&body["last4"], &body["expYear"]), (&json!("0005"), &json!(2036)));
    let other = token(drive, By::Secret, &card("371449635398431"));
    assert_eq!(patch(drive, &json!({ "token": other }))["last4"], "8431");
    let ended = drive.call(By::Secret, DEACTIVATE, &made, b"");
    assert_eq!((id(&ended, 201), &ended.json()["status"]), (made.clone(), &json!("deactivated")));
    assert_eq!(drive.call(By::Secret, DEACTIVATE, &made, b"").status, 409);
    assert_eq!(drive.call(By::Secret, INSTRUMENT, &made, b"").json()["status"], "deactivated");
}

/// Customers with and without what they may have.
pub(crate) fn customers(drive: &mut Drive) {
    let paid = token(drive, By::Secret, &card("6011111111111117"));
    let whole = json!({ "paymentToken": paid, "primaryAddress": address(), "websiteId": "web_1", "locale": "en",
        "customFields": { "a": "b" }, "personId": "p", "notificationEmails": ["rebilly@example.com"] });
    let answer = drive.send(By::Secret, CUSTOMERS, "", &whole);
    let made = id(&answer, 201);
    assert_eq!(answer.json()["defaultPaymentInstrument"]["method"], "payment-card");
    id(&drive.send(By::Jwt, CUSTOMERS, "", &json!({})), 201);
    id(&drive.send(By::Secret, PUT, CUSTOMER, &json!({ "primaryAddress": address() })), 201);
    let replaced = json!({ "primaryAddress": address(), "defaultPaymentInstrumentId": null });
    id(&drive.send(By::Secret, PUT, &made, &replaced), 200);
    let mut read = |query: &str| {
        let answer = drive.ask(By::Secret, "GET /customers/{id}", &made, query, b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json().as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    assert!(read("?expand=defaultPaymentInstrument").len() > 10);
    assert_eq!(read("?fields=email,revision"), ["email", "id", "revision"]);
}

/// What a customer does with the own instruments, and a browser with a publishable key.
pub(crate) fn storefront(drive: &mut Drive) {
    let first = token(drive, By::Publishable, &card("3530111333300000"));
    let own = drive.send(By::Customer, OWN, "", &json!({ "token": first, "customFields": { "a": 1 } }));
    let own_id = id(&own, 201);
    assert_eq!(own.json().get("customerId"), None);
    let second = token(drive, By::Publishable, &card("30569309025904"));
    let others = id(&drive.send(By::Publishable, OWN, "", &json!({ "token": second })), 201);
    let list = drive.call(By::Customer, "GET /storefront/payment-instruments", "", b"");
    assert_eq!((list.status, list.json().as_array().map(Vec::len)), (200, Some(1)));
    let fresh = token(drive, By::Publishable, &partial());
    let changed = json!({ "token": fresh, "billingAddress": address(), "customFields": {} });
    let answer = drive.send(By::Customer, OWN_PATCH, &own_id, &changed);
    assert_eq!((id(&answer, 200), &answer.json()["expMonth"]), (own_id.clone(), &json!(11)));
    let read = drive.call(By::Customer, OWN_READ, &own_id, b"");
    assert_eq!((id(&read, 200), read.json()), (own_id.clone(), answer.json()));
    let ended = drive.call(By::Customer, OWN_DEACTIVATE, &own_id, b"");
    assert_eq!((id(&ended, 201), &ended.json()["status"]), (own_id.clone(), &json!("deactivated")));
    assert_eq!(drive.call(By::Customer, OWN_DEACTIVATE, &own_id, b"").status, 409);
    assert_eq!(drive.send(By::Customer, OWN_PATCH, &others, &json!({})).status, 404, "another's");
}
