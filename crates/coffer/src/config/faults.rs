//! What is said of a configuration that cannot be read: where and why, and never a value, for a secret could stand
//! there by mistake.

/// The lines of the file's top, above its first `[table]`.
pub(super) const TOP: [&str; 12] = [
    "listen",
    "admin_listen",
    "admin_socket",
    "behind_tls_proxy",
    "plaintext",
    "public_url",
    "data",
    "ring",
    "node",
    "log",
    "trusted_proxies",
    "root_key",
];

/// The keys whose values are one of a few words.
const WORDS: [&str; 3] = ["kind", "log", "plaintext"];

/// A message of the reader for the operator; `at` is the byte where the fault begins.
pub(super) fn told(message: &str, text: &str, at: usize) -> String {
    if let Some((_, rest)) = quoted(message, "unknown variant `") {
        let key = key_of(text, at).map(|key| format!("{key}: ")).unwrap_or_default();
        return format!("{key}unknown value{rest}");
    }
    for fault in ["invalid type", "invalid value"] {
        if let Some((_, wanted)) =
            message.strip_prefix(fault).and_then(|rest| rest.rsplit_once(", expected "))
        {
            return format!("{fault}: expected {wanted}");
        }
    }
    match quoted(message, "unknown field `") {
        Some((field, _)) if TOP.contains(&field) && is_in_table(text, at) => format!(
            "{field} belongs to the top of the file, above the first line in [brackets]: below that, a line is part of \
             what the brackets name"
        ),
        _ => message.to_owned(),
    }
}

/// The line of a byte of the text, counted from one.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// What a message quotes behind these words, and what follows it.
fn quoted<'m>(message: &'m str, words: &str) -> Option<(&'m str, &'m str)> {
    message.strip_prefix(words)?.split_once('`')
}

/// The key of the value that begins here, if it is one of those that take words.
fn key_of(text: &str, at: usize) -> Option<&'static str> {
    let (before, _) = text.get(..at)?.rsplit_once('=')?;
    WORDS.into_iter().find(|key| before.trim_end().ends_with(key))
}

/// Whether a table was begun above this byte.
fn is_in_table(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|above| above.lines().any(|line| line.trim_start().starts_with('[')))
}
