//! Gets the SDK from npm as the lock file says, once for each lock file, into the target folder.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

const PACKAGE: &str = include_str!("package.json");
const LOCK: &str = include_str!("package-lock.json");

/// A folder with the scripts, beside the modules that they import.
pub(crate) fn shop() -> TempDir {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    let modules = MODULES.get_or_init(modules);
    let folder = crate::home();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a script");
    write("drive.mjs", include_str!("drive.mjs"));
    write("steps.mjs", include_str!("steps.mjs"));
    symlink(modules, folder.path().join("node_modules")).expect("a link");
    folder
}

/// The folder `node_modules` of this lock file. Complete when it is there: it gets its name when npm has succeeded.
fn modules() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    (PACKAGE, LOCK).hash(&mut hasher);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let installed = target.join(format!("rebilly-sdk-{:016x}", hasher.finish()));
    if !installed.exists() {
        let fresh = TempDir::new_in(target).expect("a folder");
        fs::write(fresh.path().join("package.json"), PACKAGE).expect("a file");
        fs::write(fresh.path().join("package-lock.json"), LOCK).expect("a file");
        install(fresh.path());
        // Another process may have been faster; what it installed is the same.
        if let Err(error) = fs::rename(fresh.path(), &installed) {
            assert!(installed.exists(), "{error}");
        }
    }
    installed.join("node_modules")
}

/// `npm ci` checks every package against the hash of the lock file. Scripts of packages do not run.
fn install(folder: &Path) {
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]);
    let output = npm.current_dir(folder).output().expect("npm runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "npm cannot install the pinned SDK, which needs its package registry:\n{said}"
    );
}
