//! A small disk that can be filled.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Room for the tables and some more, in bytes: a new database needs eight million.
const SIZE: u64 = 24 << 20;

/// Waits for the end of the test, however it comes, and takes the disk away.
const WATCHER: &str = "cat >/dev/null; umount -l \"$1\"; rmdir \"$1\"";

/// The disk. Dropping it takes it away.
pub(crate) struct SmallDisk {
    folder: PathBuf,
    watcher: Child,
}

impl SmallDisk {
    /// Mounts a disk that belongs to whoever owns this folder.
    pub(crate) fn mount(like: &Path) -> Self {
        let made = tempfile::Builder::new().prefix("coffer-disk-").tempdir().expect("a folder").keep();
        fs::set_permissions(&made, fs::Permissions::from_mode(0o711)).expect("a mode");
        let owner = fs::metadata(like).expect("a folder");
        let (user, group) = (owner.uid(), owner.gid());
        let options = format!("size={SIZE},mode=0700,uid={user},gid={group}");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &options, "coffer-test"]).arg(&made).output();
        let mounted = mounted.expect("the program mount");
        let said = String::from_utf8_lossy(&mounted.stderr).into_owned();
        assert!(mounted.status.success(), "this test mounts a small disk, and only root may: {said}");
        let mut watcher = Command::new("sh");
        watcher.args(["-c", WATCHER, "watcher"]).arg(&made).stdin(Stdio::piped()).process_group(0);
        let watcher = watcher.current_dir("/").spawn().expect("a watcher");
        Self { folder: made, watcher }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes all room that is left.
    pub(crate) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        for size in [1 << 16, 1 << 12] {
            let block = vec![7; size];
            let error = loop {
                if let Err(error) = ballast.write_all(&block) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
        }
    }

    /// Gives it back.
    pub(crate) fn make_room(&self) {
        fs::remove_file(self.ballast()).expect("a file");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
        assert!(!self.folder.exists() || std::thread::panicking(), "{} is not gone", self.folder.display());
    }
}
