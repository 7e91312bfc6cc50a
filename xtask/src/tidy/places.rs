//! Nothing in the repository knows the machine it was written on.

use super::{Problem, Tree};

/// The folders in which people and build machines keep checkouts.
fn machine_folders() -> [String; 4] {
    // Put together here, so that this file does not accuse itself.
    ["work", "root", "home", "Users"].map(|name| format!("/{name}"))
}

/// No absolute path into somebody's home or workplace.
pub(crate) fn paths(tree: &Tree) -> Vec<Problem> {
    let folders = machine_folders();
    let mut problems = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            for folder in folders.iter().filter(|folder| names_path(line, folder)) {
                problems.push(file.problem(number, format!("a path of one machine, below {folder}")));
            }
        }
    }
    problems
}

/// Whether `folder` stands in the line as the beginning of an absolute path with something below it.
fn names_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + folder.len()..];
        let begins = before.is_none_or(|c| !c.is_alphanumeric() && !"_-.~/}>".contains(c));
        let below = after.strip_prefix('/').and_then(|rest| rest.chars().next());
        begins && below.is_some_and(|c| c.is_alphanumeric() || "._-".contains(c))
    })
}

/// Cargo's public index, the only source in the lock file.
const PUBLIC_INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// No package mirror, neither as a setting nor as a host name.
pub(crate) fn registries(tree: &Tree) -> Vec<Problem> {
    let settings = [["replace", "-with"].concat(), ["sparse", "+http"].concat(), ["index", "-url"].concat()];
    let mut problems = Vec::new();
    for file in &tree.files {
        let lock = file.path == "Cargo.lock" || file.path.ends_with("/Cargo.lock");
        for (number, line) in file.lines() {
            let foreign = lock && line.starts_with("source = ") && !line.contains(PUBLIC_INDEX);
            let setting = settings.iter().any(|setting| line.contains(setting.as_str()));
            if foreign || setting || hosts(line).any(is_mirror) {
                problems.push(file.problem(number, "packages come from the public registries"));
            }
        }
    }
    problems
}

/// The host names of the URLs in a line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).filter_map(|rest| {
        let authority = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-._~:@%".contains(c))).next()?;
        let host = authority.rsplit('@').next()?;
        host.split(':').next()
    })
}

/// Whether a host is a private one or a package mirror by its name.
fn is_mirror(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let private = ["internal", "corp", "lan"].iter().any(|end| host.ends_with(&format!(".{end}")));
    let mirror = ["artifactory", "nexus", "mirror", "registry", "proxy"];
    private || host.split(['.', '-']).any(|part| mirror.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::lines_of;

    #[test]
    fn paths_of_a_machine_are_found() {
        for folder in machine_folders() {
            for text in [format!("cd {folder}/me/x"), format!("\"{folder}/.cargo\""), format!("{folder}/a")] {
                assert_eq!(lines_of(paths, "a.sh", &text), [1], "{text}");
            }
        }
    }

    #[test]
    fn routes_and_relative_paths_pass() {
        let [work, root, home, _] = machine_folders();
        for text in [format!("src{work}/x"), home.clone(), format!("https://example.com{home}/x"), root + " "]
        {
            assert!(lines_of(paths, "a.sh", &text).is_empty(), "{text}");
        }
    }

    #[test]
    fn mirrors_are_found() {
        let url = |host: &str| format!("https{}{host}/simple", "://");
        for host in
            ["registry.example.com", "nexus.example.com", "cargo-mirror.example.com", "user@packages.corp:80"]
        {
            assert_eq!(lines_of(registries, "a.md", &url(host)), [1], "{host}");
        }
        for host in ["docs.rs", "crates.io", "github.com", "example.com", "127.0.0.1:8080"] {
            assert!(lines_of(registries, "a.md", &url(host)).is_empty(), "{host}");
        }
        assert_eq!(lines_of(registries, ".cargo/config.toml", &["replace", "-with = \"x\""].concat()), [1]);
    }

    #[test]
    fn the_lock_file_names_one_source() {
        let good = format!("name = \"a\"\nsource = \"{PUBLIC_INDEX}\"\n");
        assert!(lines_of(registries, "Cargo.lock", &good).is_empty());
        let bad = "source = \"git+https://github.com/a/b#c\"\n";
        assert_eq!(lines_of(registries, "Cargo.lock", bad), [1]);
    }
}
