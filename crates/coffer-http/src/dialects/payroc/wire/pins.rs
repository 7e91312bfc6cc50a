//! PIN blocks: refused wherever in a payment method they stand, also in members that nobody documents (PCI DSS 3.3.1).

use super::reader::PIN_REFUSED;
use crate::{form::Section, json::Node};

/// Names of PINs, without case and separators.
const NAMES: [&str; 10] = [
    "pin",
    "pindetails",
    "pinblock",
    "pinnumber",
    "pindata",
    "encryptedpin",
    "encryptedpinblock",
    "cardpin",
    "cardpinblock",
    "debitpin",
];

/// Reports every PIN in an object but the one at `known`, which the reader of that member reports itself.
pub(super) fn refuse_pins(section: Section<'_, '_>, known: &str) {
    let mut found = Vec::new();
    if let Some(node) = section.node() {
        find(node, "", &mut found);
    }
    for path in found.iter().filter(|path| *path != known) {
        // Names are the caller's own: what could be a secret is not repeated.
        let is_plain = path.bytes().filter(u8::is_ascii_digit).count() <= 4;
        section.invalid::<()>(if is_plain { path } else { "pinDetails" }, PIN_REFUSED);
    }
}

/// The paths of all PINs. What is in one is not looked into.
fn find(node: &Node<'_>, path: &str, found: &mut Vec<String>) {
    let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match node {
        Node::Object(members) => {
            for (name, value) in members {
                match value {
                    Node::Null => {}
                    _ if is_pin(name.as_str()) => found.push(inside(name.as_str())),
                    value => find(value, &inside(name.as_str()), found),
                }
            }
        }
        Node::List(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                find(node, &inside(&index.to_string()), found);
            }
        }
        _ => {}
    }
}

fn is_pin(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    NAMES.contains(&plain.as_str())
}
