//! Where PostgreSQL's own programs are.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest server that the tests run on.
const MAJOR_MIN: u32 = 15;

/// Where Debian's packages put them, a folder for each major version.
const PACKAGES: &str = "/usr/lib/postgresql";

/// The folder with the programs of the newest version on this machine.
pub(crate) fn folder() -> PathBuf {
    let packaged =
        fs::read_dir(PACKAGES).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let on_path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&on_path).filter_map(|folder| real(&folder)).collect();
    let known = packaged.chain(on_path).filter_map(|folder| Some((major(&folder)?, folder)));
    let newest = known.filter(|(_, folder)| is_whole(folder)).max_by_key(|(major, _)| *major);
    match newest {
        Some((major, folder)) if major >= MAJOR_MIN => folder,
        Some((major, folder)) => {
            panic!("{} is PostgreSQL {major}, and the tests need {MAJOR_MIN} or later", folder.display())
        }
        None => panic!("the tests need a PostgreSQL server (Debian's package `postgresql`)"),
    }
}

/// The folder of the `postgres` that a folder of the search path leads to.
fn real(folder: &Path) -> Option<PathBuf> {
    Some(fs::canonicalize(folder.join("postgres")).ok()?.parent()?.to_owned())
}

fn is_whole(folder: &Path) -> bool {
    ["postgres", "initdb", "psql", "pg_dump"].iter().all(|program| folder.join(program).exists())
}

fn major(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    major_of(&String::from_utf8_lossy(&output.stdout))
}

/// The 15 of `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`; also of `16devel`.
fn major_of(version: &str) -> Option<u32> {
    let number = version.strip_prefix("postgres (PostgreSQL) ")?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18devel\n"), Some(18));
        assert_eq!(major_of("psql (PostgreSQL) 15.13"), None);
        assert_eq!(major_of("postgres (PostgreSQL) x"), None);
    }

    #[test]
    fn this_machine_has_them_all() {
        assert!(is_whole(&folder()));
    }
}
