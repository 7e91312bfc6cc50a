//! Links between pages lead somewhere.

use super::{File, Problem, Tree};

/// Every relative link of a Markdown page names a file or folder of the repository.
pub(crate) fn relative_links(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.with_suffix(".md") {
        for (line, target) in links(file) {
            if !exists(tree, &file.path, target) {
                problems.push(file.problem(line, format!("the link leads nowhere: {target}")));
            }
        }
    }
    problems
}

/// The relative targets of a page: `[text](target)` and `[name]: target`, outside code.
fn links(file: &File) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        // Every second piece between backticks is code.
        for prose in line.split('`').step_by(2) {
            let inline = prose.match_indices("](").map(|(at, open)| &prose[at + open.len()..]);
            let targets = inline.filter_map(|rest| rest.split([')', ' ']).next());
            found.extend(targets.map(|target| (number, target)));
        }
        let definition = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let target = definition.and_then(|(_, rest)| rest.split_whitespace().next());
        found.extend(target.map(|target| (number, target)));
    }
    found.retain(|(_, target)| {
        !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
    });
    found
}

/// Whether a link on the page at `page` leads to something; a link within the page always does.
fn exists(tree: &Tree, page: &str, target: &str) -> bool {
    let path = target.trim_matches(['<', '>']).split('#').next().unwrap_or_default();
    if path.is_empty() {
        return true;
    }
    let mut parts: Vec<&str> = Vec::new();
    if !path.starts_with('/') {
        parts.extend(page.split('/'));
        parts.pop();
    }
    for part in path.split('/') {
        match part {
            ".." if parts.pop().is_none() => return false,
            "" | "." | ".." => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let folder = format!("{path}/");
    path.is_empty() || tree.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(text: &str) -> Vec<usize> {
        let page = ("docs/page.md", text);
        let tree = Tree::of(&[page, ("docs/a.md", ""), ("README.md", ""), ("crates/x/src/lib.rs", "")]);
        relative_links(&tree).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn links_to_files_folders_sections_and_the_world_pass() {
        let text = "[a](a.md) [b](../README.md#part) [c](../crates/x) [c](../crates/x/)\n[d](#here) \
                    [e](https://example.com/x) [f](mailto:a@example.com) [g](/docs/a.md \"title\")\n[h]: a.md\n";
        assert_eq!(targets(text), []);
    }

    #[test]
    fn links_to_nothing_are_found() {
        let text =
            "[a](b.md)\n[a](a.md) and [b](../docs)\n[c](../../README.md)\n[d]: x.md\n[e](../crates/xy)\n";
        assert_eq!(targets(text), [1, 3, 4, 5]);
    }

    #[test]
    fn code_holds_no_links() {
        assert_eq!(targets("`[a](b.md)`\n```\n[a](b.md)\n```\n[a](b.md)\n"), [5]);
    }
}
