//! The processes of a server: the postmaster and its children, which are in sessions of their own, so that no process
//! group holds them. All of them work in the data folder, and nobody else does.

use std::{fs, path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process};

use crate::command::wait_until;

/// How long a signal may take until all have it.
const LONGEST: Duration = Duration::from_secs(20);

/// The processes that work in this folder, or in one below it.
pub(crate) fn of(folder: &Path) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let works_there =
        |id: &i32| fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    ids.filter(works_there).filter_map(Pid::from_raw).collect()
}

/// Stops all of them, those included that were being born. False when that takes too long.
pub(crate) fn freeze(folder: &Path) -> bool {
    wait_until(LONGEST, || {
        let running: Vec<Pid> = of(folder).into_iter().filter(|id| !is_stopped(*id)).collect();
        signal(&running, Signal::STOP);
        running.is_empty()
    })
}

/// Lets all of them go on.
pub(crate) fn thaw(folder: &Path) {
    signal(&of(folder), Signal::CONT);
}

/// Kills all of them as at one moment: none acts on the end of another. False when that takes too long.
pub(crate) fn kill(folder: &Path) -> bool {
    freeze(folder)
        && wait_until(LONGEST, || {
            let left = of(folder);
            signal(&left, Signal::KILL);
            left.is_empty()
        })
}

/// Who is gone already needs no signal.
fn signal(processes: &[Pid], signal: Signal) {
    for id in processes {
        let _ = kill_process(*id, signal);
    }
}

/// Whether a process is stopped (proc(5): the letter behind the name, which may hold anything).
fn is_stopped(id: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
    // One that is gone does nothing any more either.
    stat.map_or(true, |stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['T', 'Z', 'X'])))
}
