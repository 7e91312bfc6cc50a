//! Dependencies: few, explained, and their versions in one place.

use super::{File, Problem, Tree};

/// How many direct external dependencies a vault can live with.
pub(crate) const EXTERNAL_MAX: usize = 45;

/// One entry of a dependency table.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) table: String,
    /// The crate's name, without a `.workspace` behind it.
    pub(crate) name: String,
    /// What is to the right of the first `=`, without the comment; lists over several lines are joined.
    value: String,
    inherited: bool,
    commented: bool,
    line: usize,
}

/// The names of the external crates of `[workspace.dependencies]`.
pub(crate) fn external(root_manifest: &str) -> Vec<String> {
    let entries = entries(root_manifest).into_iter();
    let ours = |entry: &Entry| entry.table != "workspace.dependencies" || entry.value.contains("path =");
    entries.filter(|entry| !ours(entry)).map(|entry| entry.name).collect()
}

/// Every external dependency says on its line, or on the line above, what it is for.
pub(crate) fn comments(tree: &Tree) -> Vec<Problem> {
    let Some(file) = tree.file("Cargo.toml") else { return Vec::new() };
    let external = external(&file.text);
    let silent = entries(&file.text).into_iter().filter(|entry| !entry.commented);
    let silent = silent.filter(|entry| external.contains(&entry.name));
    silent.map(|entry| file.problem(entry.line, format!("what is {} for?", entry.name))).collect()
}

/// There are at most [`EXTERNAL_MAX`] direct external dependencies.
pub(crate) fn count(tree: &Tree) -> Vec<Problem> {
    let Some(file) = tree.file("Cargo.toml") else { return Vec::new() };
    let count = external(&file.text).len();
    if count <= EXTERNAL_MAX {
        return Vec::new();
    }
    vec![file.problem(0, format!("{count} direct external dependencies, at most {EXTERNAL_MAX}"))]
}

/// Member crates take every dependency from the workspace.
pub(crate) fn inherited(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in members(tree) {
        for entry in entries(&file.text).into_iter().filter(|entry| !entry.inherited) {
            problems.push(file.problem(entry.line, format!("{}: write `.workspace = true`", entry.name)));
        }
    }
    problems
}

/// The manifests of the member crates.
pub(crate) fn members(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.with_suffix("/Cargo.toml")
}

/// The entries of all dependency tables of a manifest. Not a TOML parser: it knows the way we write manifests.
pub(crate) fn entries(manifest: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut table = String::new();
    let mut above_is_comment = false;
    let mut open = false;
    for (line, text) in (1..).zip(manifest.lines()) {
        let (value, comment) = split_comment(text);
        let value = value.trim();
        if let (true, Some(last)) = (open, found.last_mut()) {
            last.value += value;
            last.commented |= comment;
            open = unclosed(&last.value);
        } else if let Some(name) = value.strip_prefix('[') {
            table = String::from(name.trim_matches(['[', ']']));
        } else if let (true, Some((name, value))) = (is_dependencies(&table), value.split_once('=')) {
            let (name, value) = (name.trim(), value.trim());
            let short = name.strip_suffix(".workspace");
            found.push(Entry {
                table: table.clone(),
                name: short.unwrap_or(name).trim_matches('"').to_owned(),
                value: value.to_owned(),
                inherited: short.is_some() || value.replace(' ', "").contains("workspace=true"),
                commented: comment || above_is_comment,
                line,
            });
            open = unclosed(value);
        }
        above_is_comment = comment && value.is_empty();
    }
    found
}

/// `dependencies`, `dev-dependencies`, `build-dependencies`, also of the workspace, of a target or of one crate.
fn is_dependencies(table: &str) -> bool {
    table.split('.').any(|part| part.ends_with("dependencies"))
}

/// The part before a comment, and whether there is a comment with words in it.
fn split_comment(line: &str) -> (&str, bool) {
    let mut quoted = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'#' if !quoted => return (&line[..at], !line[at + 1..].trim().is_empty()),
            _ => {}
        }
    }
    (line, false)
}

fn unclosed(value: &str) -> bool {
    let count = |wanted: [char; 2]| value.matches(wanted).count();
    count(['[', '{']) > count([']', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::lines_of;

    const ROOT: &str = "[workspace.dependencies]\nours = { path = \"x\" }\na = \"1\" # for a\nb = \"1 # 2\"\n\
        # for c\nc = { version = \"1\", features = [\n  \"d\",\n] }\nd = \"1\" #\n\n[profile.dev]\ndebug = false\n";

    #[test]
    fn dependencies_without_a_purpose_are_found() {
        assert_eq!(lines_of(comments, "Cargo.toml", ROOT), [4, 9]);
        assert_eq!(external(ROOT), ["a", "b", "c", "d"]);
    }

    #[test]
    fn the_count_has_a_limit() {
        let manifest =
            |count: usize| "[workspace.dependencies]\n".to_owned() + &"a = \"1\" # x\n".repeat(count);
        assert!(lines_of(count, "Cargo.toml", &manifest(EXTERNAL_MAX)).is_empty());
        assert_eq!(lines_of(count, "Cargo.toml", &manifest(EXTERNAL_MAX + 1)), [0]);
    }

    #[test]
    fn members_inherit_everything() {
        let good = "[package]\nversion = \"1\"\n[dependencies]\na.workspace = true\n\
                    b = { workspace = true, features = [\"c\"] }\n[features]\nx = []\n";
        assert!(lines_of(inherited, "crates/x/Cargo.toml", good).is_empty());
        let bad = "[dependencies]\na = \"1\"\n[dev-dependencies]\nb = { path = \"../b\" }\n\
                   [target.'cfg(unix)'.dependencies]\nc = \"1\"\n[dependencies.d]\nversion = \"1\"\n";
        assert_eq!(lines_of(inherited, "crates/x/Cargo.toml", bad), [2, 4, 6, 8]);
    }
}
