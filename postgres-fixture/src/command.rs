//! Commands and conditions that are waited for, and not forever.

use std::{
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// Runs a command to its end. The error says what it said, or that it was killed after this time.
pub(crate) fn run(command: &mut Command, longest: Duration) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = piped.spawn().map_err(|error| format!("{name} does not start: {error}"))?;
    let id = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(longest) else {
        let _ = kill_process(id, Signal::KILL);
        return Err(format!("{name} has not ended after {longest:?}"));
    };
    let Output { status, stdout, stderr } = output.map_err(|error| format!("{name}: {error}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.success() {
        Ok(stdout.into_owned())
    } else {
        Err(format!("{name}: {status}: {stdout}{stderr}"))
    }
}

/// Asks again and again; false when it is not so after this time.
pub(crate) fn wait_until(longest: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + longest;
    loop {
        if is_so() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn what_a_command_says_is_given_and_a_failure_is_told() {
        assert_eq!(run(Command::new("sh").args(["-c", "echo a"]), LONG).unwrap(), "a\n");
        let said = run(Command::new("sh").args(["-c", "echo b >&2; exit 3"]), LONG).unwrap_err();
        assert!(said.contains("exit status: 3") && said.contains('b'), "{said}");
        assert!(run(&mut Command::new("no-such-program-anywhere"), LONG).unwrap_err().contains("not start"));
    }

    #[test]
    fn a_command_that_hangs_is_killed() {
        let began = Instant::now();
        let said = run(Command::new("sleep").arg("50"), Duration::from_millis(50)).unwrap_err();
        assert!(said.contains("has not ended") && began.elapsed() < Duration::from_secs(40), "{said}");
    }

    #[test]
    fn a_condition_is_asked_until_it_holds_or_the_time_is_over() {
        let mut asked = 0;
        assert!(wait_until(LONG, || {
            asked += 1;
            asked == 3
        }));
        assert!(!wait_until(Duration::from_millis(20), || false));
    }
}
