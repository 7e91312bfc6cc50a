//! Instructions that a server spends, counted by the machine. Steadier than any rate.

use crate::Failure;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Instructions in the server's own code and in the kernel on its behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instructions {
    pub(crate) user: u64,
    pub(crate) kernel: u64,
}

/// A count that is running.
pub(crate) struct Counter(Child);

/// Whether `perf` is here and this machine lets it count.
pub(crate) fn available() -> bool {
    let output = perf().arg("true").output();
    output.is_ok_and(|output| parse(&String::from_utf8_lossy(&output.stderr)).is_some())
}

impl Counter {
    /// Counts for a process and all its threads until `time` is over.
    pub(crate) fn start(process: u32, time: Duration) -> Result<Self, Failure> {
        let mut command = perf();
        command.args(["-p", &process.to_string(), "sleep", &time.as_secs_f64().to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        child.map(Self).map_err(Failure::while_doing("starting perf"))
    }

    /// Waits for the end of the time. Nothing when the machine did not count after all.
    pub(crate) fn finish(self) -> Result<Option<Instructions>, Failure> {
        let output = self.0.wait_with_output().map_err(Failure::while_doing("waiting for perf"))?;
        Ok(parse(&String::from_utf8_lossy(&output.stderr)))
    }
}

fn perf() -> Command {
    let mut command = Command::new("perf");
    command.args(["stat", "-x", ",", "-e", "instructions:u,instructions:k"]);
    command
}

/// Reads lines such as `13577,,instructions:u,…`.
fn parse(output: &str) -> Option<Instructions> {
    let count = |event: &str| {
        let line = output.lines().find(|line| line.split(',').nth(2) == Some(event))?;
        line.split(',').next()?.trim().parse().ok()
    };
    Some(Instructions { user: count("instructions:u")?, kernel: count("instructions:k")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_counts_are_read() {
        let output = "# started\n13577,,instructions:u,1,100.00,,\n 8,,instructions:k,1,100.00,,\n";
        assert_eq!(parse(output), Some(Instructions { user: 13577, kernel: 8 }));
    }

    #[test]
    fn a_machine_that_does_not_count_gives_nothing() {
        assert_eq!(parse("<not supported>,,instructions:u,0,\n8,,instructions:k,1,\n"), None);
        assert_eq!(parse("8,,instructions:u,1,\n"), None);
        assert_eq!(parse("Error: no permission\n"), None);
    }
}
