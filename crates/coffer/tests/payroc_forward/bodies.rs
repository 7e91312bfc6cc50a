//! Requests of payments, and the answers that an upstream gives to them.

use serde_json::{Value, json};

use super::upstream::Arrived;
use crate::calls::{TERMINAL, flat};

/// A payment with this method.
pub(crate) fn payment(method: &Value) -> Value {
    json!({
        "channel": "web", "processingTerminalId": TERMINAL, "operator": "Jane",
        "order": {"orderId": "OrderRef6543", "amount": 4999, "currency": "USD", "description": "Large Pizza",
            "breakdown": {"subtotal": 4347, "taxes": [{"name": "Sales Tax", "rate": 5}]}},
        "customer": {"firstName": "Sarah", "lastName": "Hopper"},
        "paymentMethod": method,
        "somethingNew": {"that": ["nobody", 7, null, true]},
    })
}

/// A bank transfer with this method.
pub(crate) fn transfer(method: &Value) -> Value {
    json!({
        "processingTerminalId": TERMINAL,
        "order": {"orderId": "OrderRef6543", "amount": 4999, "currency": "USD"},
        "paymentMethod": method,
    })
}

/// A payment with a single-use token.
pub(crate) fn with_token(token: &str) -> Value {
    payment(&flat(token))
}

/// A secure token as a method of payment.
pub(crate) fn secure_method(digits: &str) -> Value {
    json!({"type": "secureToken", "token": digits})
}

/// What an upstream says of a payment that it approves.
pub(crate) fn approval(request: &Arrived) -> Value {
    result_of(request, ("A", "ready", "00"))
}

/// The same with another result: response code, status and the processor's own code.
pub(crate) fn result_of(request: &Arrived, (code, status, processor): (&str, &str, &str)) -> Value {
    if request.line.ends_with("/bank-transfer-payments") {
        let account = json!({"type": "ach", "secCode": "web", "nameOnAccount": "Shara Hazel Hopper",
            "accountNumber": "****3159", "routingNumber": "123456789"});
        let result = json!({"type": "payment", "status": status, "authorizedAmount": 4999, "currency": "USD",
            "responseCode": code, "responseMessage": "NoError", "processorResponseCode": processor});
        return json!({"paymentId": "E29U8OU8Q4", "processingTerminalId": TERMINAL, "order": order(),
            "bankAccount": account, "transactionResult": result});
    }
    payment_result((code, status, processor))
}

/// A result of a payment by card.
pub(crate) fn payment_result((code, status, processor): (&str, &str, &str)) -> Value {
    json!({
        "paymentId": "M2MJOG6O2Y", "processingTerminalId": TERMINAL, "operator": "Jane", "order": order(),
        "card": {"type": "Visa", "entryMethod": "keyed", "cardholderName": "Sarah Hazel Hopper",
            "cardNumber": "453985******7062", "expiryDate": "1230",
            "securityChecks": {"cvvResult": "M", "avsResult": "Y"}},
        "transactionResult": {"type": "sale", "status": status, "approvalCode": "OK3", "authorizedAmount": 4999,
            "currency": "USD", "responseCode": code, "responseMessage": "OK", "processorResponseCode": processor,
            "cardSchemeReferenceId": "319184617192355"},
    })
}

fn order() -> Value {
    json!({"orderId": "OrderRef6543", "dateTime": "2024-07-02T15:30:00Z", "amount": 4999, "currency": "USD",
        "description": "Large Pizza"})
}

/// An approval that repeats the request wherever a text may stand.
pub(crate) fn echo(request: &Arrived) -> Value {
    let body = request.json();
    let whole = String::from_utf8(request.body.clone()).unwrap();
    let texts = texts_of(&body["paymentMethod"]);
    let mut answer = approval(request);
    answer["order"]["description"] = format!("paid with {}", texts.join(" ; ")).into();
    answer["transactionResult"]["responseMessage"] = format!("asked for {whole}").into();
    let fields: Vec<Value> = texts.iter().map(|text| json!({"name": "echo", "value": text})).collect();
    answer["customFields"] = fields.into();
    let details = &body["paymentMethod"]["cardDetails"];
    for (from, member) in [("cardNumber", "card"), ("accountNumber", "bankAccount")] {
        let found = [&details["keyedData"][from], &body["paymentMethod"][from]];
        let found = found.into_iter().find(|value| value.is_string());
        if let (Some(found), Some(Value::Object(members))) = (found, answer.get_mut(member)) {
            members.insert(from.to_owned(), found.clone());
        }
    }
    answer["paymentMethod"] = body["paymentMethod"].clone();
    answer
}

/// Every text in a value.
pub(crate) fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members.values().flat_map(texts_of).collect(),
        Value::Array(values) => values.iter().flat_map(texts_of).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// A problem as the company writes it.
pub(crate) fn problem(status: u16, fragment: &str, title: &str) -> Value {
    json!({
        "type": format!("https://docs.payroc.com/api/errors#{fragment}"), "title": title, "status": status,
        "detail": "Something about the request",
        "errors": [{"parameter": "order.amount", "detail": "Invalid format", "message": "It is too much."}],
    })
}
