//! Whether a PostgreSQL server is here. The tests start one of their own, `postgres-fixture` says how.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The oldest server that the tests run on.
const MAJOR_MIN: u32 = 15;

/// Where Debian's packages put the programs, a folder for each major version.
const PACKAGES: &str = "/usr/lib/postgresql";

/// What the tests start. All of them lie in one folder.
const PROGRAMS: [&str; 4] = ["postgres", "initdb", "psql", "pg_dump"];

/// A server that is late enough, with its own programs, among Debian's folders or on the search path.
pub(super) fn server() -> bool {
    let packaged =
        fs::read_dir(PACKAGES).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&path).filter_map(|folder| real(&folder)).collect();
    packaged.chain(on_path).any(|folder| {
        PROGRAMS.iter().all(|program| folder.join(program).exists()) && says_its_version(&folder)
    })
}

/// The folder of the `postgres` that a folder of the search path leads to.
fn real(folder: &Path) -> Option<PathBuf> {
    Some(fs::canonicalize(folder.join("postgres")).ok()?.parent()?.to_owned())
}

fn says_its_version(folder: &Path) -> bool {
    let output = Command::new(folder.join("postgres")).arg("--version").stderr(Stdio::null()).output();
    output.is_ok_and(|output| is_late_enough(&String::from_utf8_lossy(&output.stdout)))
}

/// Whether this is what a server of at least [`MAJOR_MIN`] says of itself, as in `postgres (PostgreSQL) 15.13`.
fn is_late_enough(version: &str) -> bool {
    let number = version.strip_prefix("postgres (PostgreSQL) ");
    let major = number.and_then(|number| number.split(|c: char| !c.is_ascii_digit()).next());
    major.and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= MAJOR_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_a_version_that_is_late_enough() {
        for version in ["15.13 (Debian 15.13-0+deb12u1)\n", "15.0", "16devel", "100.1"] {
            assert!(is_late_enough(&format!("postgres (PostgreSQL) {version}")), "{version}");
        }
        for version in
            ["postgres (PostgreSQL) 14.9", "postgres (PostgreSQL) 9.6.1", "psql (PostgreSQL) 15.1", ""]
        {
            assert!(!is_late_enough(version), "{version}");
        }
    }

    #[test]
    fn a_folder_without_a_server_leads_nowhere() {
        assert_eq!(real(Path::new("/proc")), None);
        assert!(!says_its_version(Path::new("/proc")));
    }
}
