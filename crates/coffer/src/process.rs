//! What the process refuses to leave behind (`reference/security.md` section 8).

use std::io::Write;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Open files that a node may need: its connections and some more.
const FILES: u64 = 16_384;

/// No core dump, no tracing by others, no panic text, and enough file descriptors. What the system refuses is not
/// fatal: the limits of the service manager hold as well.
pub(crate) fn harden() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let files = getrlimit(Resource::Nofile);
    let most = files.maximum.unwrap_or(FILES).min(FILES);
    if files.current.is_some_and(|current| current < most) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: files.maximum });
    }
    // A panic message can carry data; where it happened cannot.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "coffer: stopped by a fault of its own at {place}");
    }));
}
