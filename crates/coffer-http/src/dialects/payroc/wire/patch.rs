//! A JSON Patch (RFC 6902) of a secure token (6.5), and what of a token it may change.

use coffer_types::limits;
use json_patch::{PatchErrorKind, PatchOperation, jsonptr::Pointer};
use serde_json::{Value, json};

use super::{
    super::error::{InvalidField, Problem},
    facts::SourceFacts,
};
use crate::{detector::text_holds_card, json::Node};

/// Operations of one patch.
const OPERATIONS: usize = 100;
/// Bytes of a resource while it is patched, as [`weight`] counts them: each copy may double it.
const BYTES: usize = 262_144;
/// A JSON Pointer (RFC 6901) as a regular expression of ECMA-262.
const POINTER: &str = "^(/([^~/]|~[01])*)*$";
/// Characters of a path that an error repeats.
const SHOWN_CHARS: usize = 200;

/// A patch, in the order of its operations.
#[derive(Debug)]
pub(crate) struct PatchRequest(Vec<PatchOperation>);

impl PatchRequest {
    /// The schema of what [`PatchRequest::read`] takes: a list, which no reader of a form describes.
    pub(crate) fn schema() -> Value {
        let pointer = json!({ "type": "string", "format": "json-pointer", "pattern": POINTER });
        let one = |kinds: &[&str], more: &[(&str, Value)]| {
            let mut properties = json!({ "op": { "type": "string", "enum": kinds }, "path": pointer });
            let mut required = vec!["op", "path"];
            for (name, schema) in more {
                properties[*name] = schema.clone();
                required.push(*name);
            }
            json!({ "type": "object", "properties": properties, "required": required })
        };
        let forms = [
            one(&["add", "replace", "test"], &[("value", json!({}))]),
            one(&["remove"], &[]),
            one(&["move", "copy"], &[("from", pointer.clone())]),
        ];
        json!({ "type": "array", "maxItems": OPERATIONS, "items": { "oneOf": forms } })
    }

    /// Reads a patch, or names every operation that is wrong.
    pub(crate) fn read(body: &Node<'_>) -> Result<Self, Problem> {
        let Node::List(nodes) = body else {
            return Err(Problem::invalid("body", "The body must be an array of operations (RFC 6902)."));
        };
        if nodes.len() > OPERATIONS {
            return Err(Problem::invalid("body", "Must have at most 100 operations."));
        }
        let (mut operations, mut problems) = (Vec::with_capacity(nodes.len()), Vec::new());
        for (index, node) in nodes.iter().enumerate() {
            match operation(index, node) {
                Ok(operation) => operations.push(operation),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self(operations)) } else { Err(Problem::Invalid(problems)) }
    }

    /// The resource after all operations. Every path that may not be changed is named at once; then the first operation
    /// that cannot be carried out.
    pub(crate) fn apply(&self, mut resource: Value, facts: &SourceFacts) -> Result<Value, Problem> {
        let forbidden: Vec<InvalidField> =
            self.0.iter().enumerate().filter_map(|(index, one)| forbidden(index, one, facts)).collect();
        if !forbidden.is_empty() {
            return Err(Problem::Invalid(forbidden));
        }
        for (index, operation) in self.0.iter().enumerate() {
            let parameter = || shown(index, operation.path());
            // Asked before it is carried out: a copy of something into itself doubles its depth.
            if depth_after(operation, &resource) > limits::JSON_DEPTH {
                return Err(Problem::invalid(&parameter(), "The resource becomes too deep."));
            }
            if let Err(error) = json_patch::patch(&mut resource, std::slice::from_ref(operation)) {
                return Err(match (error.kind, operation) {
                    // What is not there has no value, and so another.
                    (PatchErrorKind::TestFailed, _) | (_, PatchOperation::Test(_)) => {
                        Problem::TestFailed(InvalidField::new(parameter(), "The value is another."))
                    }
                    _ => Problem::invalid(&parameter(), "The operation cannot be carried out here."),
                });
            }
            if weight(&resource) > BYTES {
                return Err(Problem::invalid(&parameter(), "The resource becomes too large."));
            }
        }
        Ok(resource)
    }
}

/// One operation. The library reads it after its members were looked at, so that a problem can be told in words.
fn operation(index: usize, node: &Node<'_>) -> Result<PatchOperation, InvalidField> {
    let wrong = |name: &str, message: &str| Err(InvalidField::new(format!("{index}.{name}"), message));
    let text = |name: &str| match node.member(name) {
        Some(Node::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    if !matches!(node, Node::Object(_)) {
        return Err(InvalidField::new(index.to_string(), "Must be an object."));
    }
    let kind = text("op").unwrap_or_default();
    if !["add", "remove", "replace", "move", "copy", "test"].contains(&kind) {
        return wrong("op", "Must be one of add, remove, replace, move, copy, test.");
    }
    let is_pointer = |name: &str| text(name).is_some_and(|text| Pointer::parse(text).is_ok());
    if !is_pointer("path") {
        let named = text("path").map_or_else(|| format!("{index}.path"), |path| shown_text(index, path));
        return Err(InvalidField::new(
            named,
            "Must be a JSON Pointer (RFC 6901), such as /customer/firstName.",
        ));
    }
    if matches!(kind, "move" | "copy") && !is_pointer("from") {
        return wrong("from", "Must be a JSON Pointer (RFC 6901).");
    }
    if matches!(kind, "add" | "replace" | "test") && node.member("value").is_none() {
        return wrong("value", "Is required.");
    }
    let read = serde_json::to_value(node).and_then(serde_json::from_value);
    read.map_err(|_| InvalidField::new(index.to_string(), "Is not an operation of RFC 6902."))
}

/// The problem of an operation that changes what may not be changed. Looking at something changes nothing.
fn forbidden(index: usize, operation: &PatchOperation, facts: &SourceFacts) -> Option<InvalidField> {
    let refused = |pointer: &Pointer| InvalidField::new(shown(index, pointer), "Must not be changed.");
    let barred = |pointer: &Pointer| (!may_change(pointer, facts)).then(|| refused(pointer));
    match operation {
        PatchOperation::Test(_) => None,
        PatchOperation::Move(moved) => barred(&moved.path).or_else(|| barred(&moved.from)),
        other => barred(other.path()),
    }
}

/// What Payroc lists as changeable.
fn may_change(pointer: &Pointer, facts: &SourceFacts) -> bool {
    let mut parts = pointer.tokens().map(|token| token.decoded().into_owned());
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    match (first.as_deref(), second.as_deref()) {
        (Some("customer" | "customFields"), _) | (Some("mitAgreement"), None) => true,
        (Some("source"), Some(member)) if third.is_none() => match facts {
            SourceFacts::Card(_) => ["cardholderName", "expiryDate"].contains(&member),
            SourceFacts::Ach(_) => ["nameOnAccount", "accountType"].contains(&member),
            SourceFacts::Pad(_) => ["nameOnAccount", "institutionNumber", "accountType"].contains(&member),
        },
        _ => false,
    }
}

/// A path as an error names it.
fn shown(index: usize, pointer: &Pointer) -> String {
    shown_text(index, pointer.as_str())
}

/// The same of any text: what could be a secret is not repeated.
fn shown_text(index: usize, path: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/~_-.".contains(letter);
    let is_shown = path.chars().count() <= SHOWN_CHARS
        && path.chars().all(is_plain)
        && !text_holds_card(path)
        && path.bytes().filter(u8::is_ascii_digit).count() <= 4;
    if is_shown && !path.is_empty() { path.to_owned() } else { format!("{index}.path") }
}

/// How deep the place is that an operation writes to, with what it writes there.
fn depth_after(operation: &PatchOperation, resource: &Value) -> usize {
    let (path, value) = match operation {
        PatchOperation::Add(add) => (&add.path, Some(&add.value)),
        PatchOperation::Replace(replace) => (&replace.path, Some(&replace.value)),
        PatchOperation::Copy(copy) => (&copy.path, resource.pointer(copy.from.as_str())),
        PatchOperation::Move(moved) => (&moved.path, resource.pointer(moved.from.as_str())),
        PatchOperation::Remove(_) | PatchOperation::Test(_) => return 0,
    };
    path.tokens().count() + value.map_or(0, depth)
}

/// Levels of objects and lists. No deeper than [`limits::JSON_DEPTH`]: neither is a request, nor the resource.
fn depth(value: &Value) -> usize {
    let inside = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + inside.unwrap_or(0)
}

/// Some bytes for each value, and those of texts and names.
fn weight(value: &Value) -> usize {
    const EACH: usize = 16;
    match value {
        Value::Array(values) => EACH + values.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            EACH + members.iter().map(|(name, value)| name.len() + weight(value)).sum::<usize>()
        }
        Value::String(text) => EACH + text.len(),
        _ => EACH,
    }
}
