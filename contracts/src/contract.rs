//! A document that answers are held against.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Answer, BadDocument, Body, Dialect,
    document::{escaped, resolve, version},
    routes::Routes,
    validators::Validators,
};

/// Headers that must be there wherever a document speaks of them, although the companies' documents call none of them
/// required: clients rely on each (Rebilly reference 3, 3.2 and 3.3).
const EXPECTED_HEADERS: [&str; 7] = [
    "location",
    "pagination-limit",
    "pagination-offset",
    "pagination-total",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-retry-after",
];

/// An OpenAPI document of a dialect.
pub struct Contract {
    dialect: Dialect,
    document: Value,
    routes: Routes,
    validators: Validators,
}

/// What was found out about an answer.
#[derive(Debug)]
pub struct Verdict {
    /// Where the answer belongs.
    pub found: Found,
    /// Everything that is not as the document says; empty for a good answer.
    pub differences: Vec<Difference>,
}

/// The place of an answer in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// The method and the path template, as in `GET /tokens/{token}`.
    Operation(String),
    /// The document has no such operation. It then has nothing to say about an error; a success is a difference.
    Nothing,
}

/// One thing that is not as the document says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// As in [`Found::Operation`]; of an operation that the document does not have, the method and the path.
    pub operation: String,
    /// The status of the answer.
    pub status: u16,
    /// JSON pointer into the body, places in lists as `*`; the name of a header; or empty for the whole answer.
    pub pointer: String,
    /// The keyword of the schema that refuses (`required`, `type`, `writeOnly`, …), or what is wrong with the whole:
    /// `operation`, `status`, `header`, `content`, `content-type`.
    pub rule: String,
    /// In words, without any value of the answer.
    pub said: String,
}

impl Contract {
    /// Makes a document ready. Fails when a schema of it cannot be used at all; [`Contract::operations`] lists what it
    /// has.
    pub fn new(dialect: Dialect, document: Value) -> Result<Self, BadDocument> {
        let version = version(&document)?;
        let routes =
            Routes::new(document["paths"].as_object().into_iter().flatten().map(|(path, _)| path.as_str()));
        let validators = Validators::new(&document, version)?;
        Ok(Self { dialect, document, routes, validators })
    }

    /// The dialect that the document belongs to.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Every operation of the document, as in `GET /tokens/{token}`.
    pub fn operations(&self) -> Vec<String> {
        const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(path, _)| {
            let item = &resolve(&self.document, &format!("/paths/{}", escaped(path))).1;
            let methods = METHODS.into_iter().filter(|method| item[*method].is_object());
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        });
        operations.collect()
    }

    /// Holds an answer against the document. None when it belongs to another dialect. An error is the document's fault.
    pub fn check(&self, answer: &Answer) -> Result<Option<Verdict>, BadDocument> {
        let Some(candidates) = self.dialect.candidates(&answer.path) else { return Ok(None) };
        let Some((template, pointer)) =
            candidates.iter().find_map(|path| self.operation(&answer.method, path))
        else {
            return Ok(Some(outside(answer, candidates.last().map_or("", String::as_str))));
        };
        let operation = format!("{} {template}", answer.method);
        let mut seen =
            Seen { operation: operation.clone(), status: answer.status, differences: BTreeSet::new() };
        match self.response(&pointer, answer.status) {
            None => seen.add("", "status", "the document does not list this status".to_owned()),
            Some(response) => {
                self.headers(&response, answer, &mut seen)?;
                // A HEAD answer has the headers of the body that it does not carry.
                if answer.method != "HEAD" {
                    self.body(&response, answer, &mut seen)?;
                }
            }
        }
        let differences = seen.differences.into_iter().collect();
        Ok(Some(Verdict { found: Found::Operation(operation), differences }))
    }

    /// The template and the JSON pointer of an operation. `HEAD` is answered where `GET` is.
    fn operation(&self, method: &str, path: &str) -> Option<(&str, String)> {
        let template = self.routes.find(path)?;
        let (item, _) = resolve(&self.document, &format!("/paths/{}", escaped(template)));
        let method = method.to_lowercase();
        let has = |method: &str| self.document.pointer(&format!("{item}/{method}")).is_some();
        let method = if method == "head" && !has("head") { "get".to_owned() } else { method };
        has(&method).then(|| (template, format!("{item}/{method}")))
    }

    /// The JSON pointer of the response of a status: its own, that of its hundred (`4XX`), or `default`.
    fn response(&self, operation: &str, status: u16) -> Option<String> {
        let names = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
        names.into_iter().find_map(|name| {
            let (pointer, response) = resolve(&self.document, &format!("{operation}/responses/{name}"));
            response.is_object().then_some(pointer)
        })
    }

    fn headers(&self, response: &str, answer: &Answer, seen: &mut Seen) -> Result<(), BadDocument> {
        let headers = &self.document.pointer(response).unwrap_or(&Value::Null)["headers"];
        for (name, _) in headers.as_object().into_iter().flatten() {
            let small = name.to_lowercase();
            let (pointer, header) = resolve(&self.document, &format!("{response}/headers/{}", escaped(name)));
            // The document is to say nothing of it here (OpenAPI 3.1, Response Object).
            if small == "content-type" {
                continue;
            }
            let Some(text) = answer.headers.get(&small) else {
                if header["required"] == true || EXPECTED_HEADERS.contains(&small.as_str()) {
                    seen.add(name, "header", "the header is missing".to_owned());
                }
                continue;
            };
            let schema = format!("{pointer}/schema");
            if header["schema"].is_object() {
                for refusal in self.validators.refusals(&schema, &self.header_value(&schema, text))? {
                    seen.add(name, &refusal.rule, refusal.said);
                }
            }
        }
        Ok(())
    }

    /// The value of a header in the type that its schema asks for.
    fn header_value(&self, schema: &str, text: &str) -> Value {
        let (_, schema) = resolve(&self.document, schema);
        let parsed = match schema["type"].as_str() {
            Some("integer" | "number" | "boolean") => serde_json::from_str(text).ok(),
            _ => None,
        };
        parsed.unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn body(&self, response: &str, answer: &Answer, seen: &mut Seen) -> Result<(), BadDocument> {
        match self.expected(response, answer) {
            Err((rule, said)) => seen.add("", rule, said.to_owned()),
            Ok(None) => {}
            Ok(Some((schema, value))) => {
                for refusal in self.validators.refusals(&schema, value)? {
                    seen.add(&refusal.pointer, &refusal.rule, refusal.said);
                }
            }
        }
        Ok(())
    }

    /// The JSON pointer of the schema for the body of an answer, and what it is to judge; or what is wrong with the
    /// whole: rule and words.
    fn expected<'a>(&self, response: &str, answer: &'a Answer) -> Result<Option<(String, &'a Value)>, Wrong> {
        let content = &self.document.pointer(response).unwrap_or(&Value::Null)["content"];
        let Some(media) = content.as_object().filter(|media| !media.is_empty()) else {
            let empty = answer.body == Body::Empty;
            return if empty { Ok(None) } else { Err(("content", "a body where the document has none")) };
        };
        if answer.body == Body::Empty {
            return Err(("content", "no body"));
        }
        let sent = answer.headers.get("content-type").map_or("", |text| essence(text));
        let fits = |name: &&String| {
            let name = essence(name);
            let family = name.strip_suffix("/*").is_some_and(|family| sent.split('/').next() == Some(family));
            name.eq_ignore_ascii_case(sent) || family || name == "*/*"
        };
        let name =
            media.keys().find(fits).ok_or(("content-type", "the document has no such Content-Type"))?;
        let schema = format!("{response}/content/{}/schema", escaped(name));
        match (&answer.body, self.document.pointer(&schema)) {
            (_, None) => Ok(None),
            (Body::Json(value), Some(_)) => Ok(Some((schema, value))),
            (_, Some(_)) => Err(("content", "the body is not JSON")),
        }
    }
}

/// Rule and words of a [`Difference`] of the whole answer.
type Wrong = (&'static str, &'static str);

struct Seen {
    operation: String,
    status: u16,
    differences: BTreeSet<Difference>,
}

impl Seen {
    fn add(&mut self, pointer: &str, rule: &str, said: String) {
        self.differences.insert(Difference {
            operation: self.operation.clone(),
            status: self.status,
            pointer: pointer.to_owned(),
            rule: rule.to_owned(),
            said,
        });
    }
}

/// The verdict on an answer of an operation that the document does not have. `OPTIONS` is asked by browsers, and no
/// document lists it.
fn outside(answer: &Answer, path: &str) -> Verdict {
    let operation = format!("{} {path}", answer.method);
    let mut seen = Seen { operation, status: answer.status, differences: BTreeSet::new() };
    if answer.status < 400 && answer.method != "OPTIONS" {
        seen.add("", "operation", "a success of an operation that the document does not have".to_owned());
    }
    Verdict { found: Found::Nothing, differences: seen.differences.into_iter().collect() }
}

/// A media type without its parameters.
fn essence(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}
