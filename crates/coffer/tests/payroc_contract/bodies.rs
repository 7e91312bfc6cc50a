//! Bodies made of schemas: the least that a request may have, and the most, in every form that the schema lists.

use serde_json::{Map, Value, json};

/// How much a body has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Size {
    /// What is required.
    Least,
    /// Every member, and every word of each list, but no PIN.
    Most,
    /// As that, of what has a PIN.
    WithPin,
}

/// The member that PINs come in.
pub(crate) const PIN: &str = "pinDetails";

/// Words that are tried of a list: some lists have every currency.
const WORDS: usize = 10;

/// A document whose schemas are walked.
pub(crate) struct Walk<'d> {
    pub(crate) document: &'d Value,
}

impl Walk<'_> {
    /// Every body of this size.
    pub(crate) fn bodies(&self, schema: &Value, size: Size) -> Vec<Value> {
        let mut bodies = self.values("", schema, size);
        bodies.iter_mut().for_each(fit);
        if size == Size::WithPin {
            bodies.retain(|body| has(body, PIN));
        }
        bodies
    }

    /// The values of a member of this name.
    fn values(&self, name: &str, schema: &Value, size: Size) -> Vec<Value> {
        let schema = self.resolved(schema);
        for word in ["oneOf", "anyOf"] {
            if let Some(forms) = schema[word].as_array() {
                let forms = forms.iter().map(|form| self.resolved(form)).filter(|form| !is_nothing(form));
                return forms
                    .flat_map(|form| self.values(name, &together(&schema, word, &form), size))
                    .collect();
            }
        }
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<Value> = words.iter().filter(|word| !word.is_null()).cloned().collect();
            let first = words.len() - words.len().min(if size == Size::Least { 1 } else { WORDS });
            return if size == Size::Least { words[..1].to_vec() } else { words[first..].to_vec() };
        }
        match kind(&schema) {
            "object" => self.objects(&schema, size),
            "array" if size == Size::Least => vec![json!([])],
            "array" => vec![Value::Array(self.values(name, &schema["items"], size))],
            "boolean" => vec![json!(true), json!(false)],
            "integer" | "number" => vec![json!(4999)],
            _ => vec![json!(text(name))],
        }
    }

    /// One object with the first value of each member, and one for each further value of a member.
    fn objects(&self, schema: &Value, size: Size) -> Vec<Value> {
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name))
        };
        let mut first = Map::new();
        let mut others = Vec::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let is_left_out = (size == Size::Least && !required(name))
                || (size != Size::WithPin && name == PIN)
                || is_nothing(&self.resolved(member));
            if is_left_out {
                continue;
            }
            let mut values = self.values(name, member, size).into_iter();
            first.insert(name.clone(), values.next().expect("a value"));
            others.extend(values.map(|value| (name.clone(), value)));
        }
        let other = |(name, value)| {
            let mut object = first.clone();
            object.insert(name, value);
            Value::Object(object)
        };
        let others: Vec<Value> = others.into_iter().map(other).collect();
        [Value::Object(first)].into_iter().chain(others).collect()
    }

    fn resolved(&self, schema: &Value) -> Value {
        match schema["$ref"].as_str() {
            Some(name) => {
                let place = name.strip_prefix('#').expect("a reference within the document");
                self.resolved(self.document.pointer(place).expect("what is referred to"))
            }
            None => schema.clone(),
        }
    }
}

/// What all forms have together with one of them. What the form says goes before.
fn together(schema: &Value, word: &str, form: &Value) -> Value {
    let mut whole = schema.clone();
    whole.as_object_mut().expect("an object").remove(word);
    for (key, value) in form.as_object().expect("an object") {
        match (key.as_str(), whole.get_mut(key)) {
            ("properties", Some(Value::Object(known))) => known.extend(value.as_object().unwrap().clone()),
            ("required", Some(Value::Array(known))) => known.extend(value.as_array().unwrap().clone()),
            _ => whole[key] = value.clone(),
        }
    }
    whole
}

/// The type; of several the first that is not null.
fn kind(schema: &Value) -> &str {
    let several = || schema["type"].as_array()?.iter().filter_map(Value::as_str).find(|kind| *kind != "null");
    let guessed = if schema["properties"].is_object() { "object" } else { "string" };
    schema["type"].as_str().or_else(several).unwrap_or(guessed)
}

/// Whether only null is taken.
fn is_nothing(schema: &Value) -> bool {
    schema["type"] == "null"
}

/// Whether a member of this name is anywhere in a value, and is not null.
pub(crate) fn has(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(one, inner)| (one == name && !inner.is_null()) || has(inner, name))
        }
        Value::Array(elements) => elements.iter().any(|inner| has(inner, name)),
        _ => false,
    }
}

/// A text that makes sense for a member of this name.
fn text(name: &str) -> &'static str {
    match name {
        "accountNumber" | "achAccountNumber" | "padAccountNumber" => "1234567890",
        "accountType" | "padAccountType" => "checking",
        "appleValidationUrl" => "https://apple-pay-gateway.apple.com/paymentservices/startSession",
        "cardNumber" => "4539858876047062",
        "country" => "US",
        "cvv" => "234",
        "cvvEncrypted" | "dataKsn" | "encryptedData" | "encryptedPan" | "iccData" | "pin" | "pinKsn" => {
            "00FFaa"
        }
        "dateOfBirth" => "1990-07-15",
        "dateTime" => "2026-11-01T10:00:00Z",
        "expiryDate" => "1235",
        "firstDigitOfPan" => "4",
        "institutionNumber" => "543",
        "issueNumber" => "1",
        "libVersion" => "1.7.0.261457",
        "maskedPan" => "453985******7062",
        "processingTerminalId" => "1234001",
        // A template with the number, an expiry and a name.
        "rawData" => "701F5A0845398588760470625F24033512315F200C484F505045522F5341524148",
        "routingNumber" => "021000021",
        "secCode" => "web",
        "trackData" => ";4539858876047062=3512101123456789?",
        "transitNumber" => "76543",
        _ => "Text",
    }
}

/// Puts in what depends on another member of the same object.
fn fit(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(op) = members.get("op").and_then(Value::as_str).map(str::to_owned) {
                fit_operation(members, &op);
                return;
            }
            let fitting = match members.get("type").and_then(Value::as_str) {
                Some("email") => Some("sarah@example.com"),
                Some("phone" | "mobile" | "fax") => Some("2025550164"),
                Some("ipv4") => Some("104.18.24.203"),
                Some("ipv6") => Some("2001:db8::1"),
                _ => None,
            };
            if let (Some(fitting), Some(value)) = (fitting, members.get_mut("value")) {
                *value = json!(fitting);
            }
            members.values_mut().for_each(fit);
        }
        Value::Array(elements) => elements.iter_mut().for_each(fit),
        _ => {}
    }
}

/// An operation of a patch that can be carried out on `Drive::secure`, with the members that it has.
fn fit_operation(members: &mut Map<String, Value>, op: &str) {
    let (path, from, value) = match op {
        "add" => ("/customFields/-", "", json!({ "name": "second", "value": "2" })),
        "remove" => ("/customer/dateOfBirth", "", json!(null)),
        "replace" => ("/source/cardholderName", "", json!("Ada Tester")),
        "move" => ("/customer/lastName", "/customer/referenceNumber", json!(null)),
        "copy" => ("/customer/shippingAddress", "", json!(null)),
        _ => ("/mitAgreement", "", json!("unscheduled")),
    };
    let from = if op == "copy" { "/customer/shippingAddress" } else { from };
    for (name, fitting) in [("path", json!(path)), ("from", json!(from)), ("value", value)] {
        if let Some(member) = members.get_mut(name) {
            *member = fitting;
        }
    }
}
