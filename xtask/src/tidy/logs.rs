//! Log messages are fixed texts. What varies goes into fields, because an allow-list filters the fields and
//! nothing filters a message.

use super::{Problem, Tree};
use crate::source::{Kind, Source, line_of, words};
use std::ops::Range;

/// The macros of `tracing` that write an event.
const MACROS: &[&str] = &["error", "warn", "info", "debug", "trace", "event"];

/// Every event has a message without placeholders as its last argument.
pub(crate) fn messages(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let source = Source::new(&file.text);
        let code = source.only(Kind::Code);
        for name in MACROS {
            for at in words(&code, name).filter(|at| code[at + name.len()..].starts_with("!(")) {
                let arguments = arguments(&source, &code, at + name.len() + 2);
                if let Some(what) = complaint(&source, &arguments) {
                    problems.push(file.problem(line_of(&code, at), format!("{name}!: {what}")));
                }
            }
        }
    }
    problems
}

/// What is wrong with the arguments of an event, if anything is.
fn complaint(source: &Source<'_>, arguments: &[Range<usize>]) -> Option<&'static str> {
    let is_message = |range: &Range<usize>| source.is_all(range.clone(), Kind::Literal);
    let Some(place) = arguments.iter().position(is_message) else {
        return Some("no message");
    };
    if source.text[arguments[place].clone()].contains('{') {
        return Some("the message has a placeholder: use a field");
    }
    (place + 1 < arguments.len()).then_some("something follows the message: fields come first")
}

/// The ranges of the arguments that begin at `inside`, the byte after the parenthesis. `code` has its strings
/// blanked, so that their commas and brackets do not count.
fn arguments(source: &Source<'_>, code: &str, inside: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut depth = 0_i32;
    let mut start = inside;
    for (at, byte) in code.bytes().enumerate().skip(inside) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth < 0 || (depth == 0 && byte == b',') {
            found.push(trimmed(source.text, start..at));
            start = at + 1;
        }
        if depth < 0 {
            break;
        }
    }
    // A comma behind the last argument begins no other.
    found.retain(|range| !range.is_empty());
    found
}

/// The range without the white space at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::lines_of;

    fn refused(event: &str) -> bool {
        !lines_of(messages, "crates/coffer/src/a.rs", &format!("fn a() {{\n    {event}\n}}\n")).is_empty()
    }

    #[test]
    fn fixed_messages_behind_fields_pass() {
        for event in [
            "info!(\"ready\");",
            "tracing::warn!(status = 1, route = \"/a\", \"request, refused\");",
            "error!(target: \"audit\", %error, \"closed\",);",
            "debug!(a = ?f(\"{}\", 1), r#\"done\"#);",
            "event!(Level::INFO, { a = 1 }, \"done\");",
            "trace!(\n        bytes,\n        \"read\"\n    );",
        ] {
            assert!(!refused(event), "{event}");
        }
    }

    #[test]
    fn placeholders_missing_messages_and_trailing_values_are_refused() {
        for event in [
            "info!(\"card {pan}\");",
            "tracing::error!(\"failed: {}\", error);",
            "warn!(a = 1, \"b {a:?}\");",
            "info!(error = %error);",
            "debug!(message);",
            "info!();",
            "info!(\"a\", b = 1);",
        ] {
            assert!(refused(event), "{event}");
        }
    }

    #[test]
    fn other_macros_comments_and_strings_are_none_of_our_business() {
        assert!(!refused("// info!(x)\n    let a = \"info!(x)\"; compile_error!(x); println!(x); info(x);"));
    }
}
