//! Sees to it that a server does not outlive its test.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::command::wait_until;

const SCRIPT: &str = include_str!("watcher.sh");

/// How long it may take until everything is gone.
const LONGEST: Duration = Duration::from_secs(30);

/// A process that waits for the end of this one, or of this value, and then removes every trace of a server: what works
/// in a folder below this one is killed, and the folder removed.
///
/// It waits at a pipe. The system closes the other end when this process ends, whatever ends it, and no program that
/// this process starts inherits it.
pub(crate) struct Watcher {
    child: Child,
    folder: PathBuf,
}

impl Watcher {
    pub(crate) fn of(folder: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "watcher"]).arg(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A Ctrl-C at the terminal goes to the tests, and must not reach whoever cleans up after them.
        let child = command.process_group(0).current_dir("/").spawn().expect("a watcher");
        Self { child, folder: folder.to_owned() }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let ended = wait_until(LONGEST, || self.child.try_wait().is_ok_and(|status| status.is_some()));
        let gone = ended && !self.folder.exists();
        assert!(gone || std::thread::panicking(), "the server of {} is not gone", self.folder.display());
    }
}
