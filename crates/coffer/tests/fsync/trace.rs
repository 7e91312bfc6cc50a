//! What strace(1) wrote with `-f`, read back: system calls with the lines on which they began and ended.
//!
//! Only numbers are looked at, never buffers: strace may not read the memory of a process that refuses core dumps,
//! unless root runs it.

/// A system call of one thread.
#[derive(Debug, PartialEq)]
pub(crate) struct Syscall {
    pub(crate) thread: u32,
    pub(crate) name: String,
    /// The first argument of every call that is traced here.
    pub(crate) descriptor: u32,
    /// None: it never came back, or the system was to repeat it.
    pub(crate) result: Option<i64>,
    /// Lines of the log. They are the same unless another thread's line came between.
    pub(crate) began: usize,
    pub(crate) ended: usize,
}

/// What a call does to the store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// It writes, if only a fact of the audit log: its answer must wait for a flush.
    Change,
    Read,
}

/// The calls of a log, in the order in which they began. Panics at a line that it does not understand.
pub(crate) fn read(log: &str) -> Vec<Syscall> {
    let mut calls: Vec<Syscall> = Vec::new();
    for (line, text) in log.lines().enumerate() {
        let (thread, said) = text.split_once(' ').unwrap_or_else(|| panic!("no thread id: {text}"));
        let thread = thread.parse().unwrap_or_else(|_| panic!("no thread id: {text}"));
        let said = said.trim_start();
        if said.starts_with("+++ ") || said.starts_with("--- ") {
            continue;
        }
        if let Some(resumed) = said.strip_prefix("<... ") {
            let (name, rest) = resumed.split_once(" resumed>").unwrap_or_else(|| panic!("unknown: {text}"));
            let open = calls.iter_mut().rfind(|call| call.thread == thread && call.ended == usize::MAX);
            let open = open.filter(|call| call.name == name).unwrap_or_else(|| panic!("unbegun: {text}"));
            (open.result, open.ended) = (result(rest), line);
            continue;
        }
        let (name, rest) = said.split_once('(').unwrap_or_else(|| panic!("unknown: {text}"));
        let digits = rest.split(|next: char| !next.is_ascii_digit()).next().unwrap_or_default();
        let descriptor = digits.parse().unwrap_or_else(|_| panic!("no descriptor: {text}"));
        let (result, ended) =
            if rest.ends_with("<unfinished ...>") { (None, usize::MAX) } else { (result(rest), line) };
        calls.push(Syscall { thread, name: name.to_owned(), descriptor, result, began: line, ended });
    }
    calls
}

/// The number after the last equals sign; the words after an error's number have none.
fn result(rest: &str) -> Option<i64> {
    let (_, result) = rest.rsplit_once("= ").unwrap_or_else(|| panic!("no result: {rest}"));
    result.split(' ').next().and_then(|number| number.parse().ok())
}

/// The answers on the connection that was accepted last: what the serving threads wrote to it.
pub(crate) fn answers<'a>(calls: &'a [Syscall], serving: &[u32]) -> Vec<&'a Syscall> {
    let accepted = calls.iter().rfind(|call| call.name == "accept4" && call.result >= Some(0));
    let accepted = accepted.expect("an accepted connection");
    let is_answer = |call: &&Syscall| {
        call.began > accepted.began
            && serving.contains(&call.thread)
            && ["write", "writev", "sendto"].contains(&call.name.as_str())
            && Some(i64::from(call.descriptor)) == accepted.result
            && call.result > Some(0)
    };
    calls.iter().filter(is_answer).collect()
}

/// The answers of this kind that were sent too early, by their number. An answer to a change is in time when, since the
/// answer before it, the writer wrote to a file and then flushed that file with success, and only then it began.
pub(crate) fn too_early(
    calls: &[Syscall],
    writer: u32,
    answers: &[&Syscall],
    kinds: &[Kind],
    kind: Kind,
) -> Vec<usize> {
    assert_eq!(answers.len(), kinds.len(), "one write for each answer, and nothing else on the connection");
    let mut early = Vec::new();
    for (number, answer) in answers.iter().enumerate().filter(|(number, _)| kinds[*number] == kind) {
        // The next request may come before the log says that sending this answer ended.
        let since = number.checked_sub(1).map_or(0, |before| answers[before].began);
        let of_writer = |call: &&Syscall| call.thread == writer && call.began >= since;
        let flushed = calls.iter().filter(of_writer).any(|flush| {
            ["fsync", "fdatasync"].contains(&flush.name.as_str())
                && flush.result == Some(0)
                && flush.ended < answer.began
                && calls.iter().filter(of_writer).any(|write| {
                    write.name == "pwrite64"
                        && write.result > Some(0)
                        && write.descriptor == flush.descriptor
                        && write.ended < flush.began
                })
        });
        if !flushed {
            early.push(number);
        }
    }
    early
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVE: u32 = 11;
    const WRITER: u32 = 12;
    const ACCEPT: &str = "10 accept4(9, {sa_family=AF_INET}, [16], SOCK_CLOEXEC) = 30\n";
    const WRITE: &str = "12 pwrite64(20, \"= 7) = -1\"..., 4096, 32) = 4096\n";
    const FLUSH: &str = "12 fsync(20)     = 0\n";
    const ANSWER: &str = "11 writev(30, 0x7f3dab2002d8, 2) = 772\n";

    /// Whether a log of one change after the connection is found in order.
    fn in_time(lines: &[&str]) -> bool {
        early(lines, &[Kind::Change], Kind::Change).is_empty()
    }

    fn early(lines: &[&str], kinds: &[Kind], kind: Kind) -> Vec<usize> {
        let calls = read(&[&[ACCEPT], lines].concat().concat());
        too_early(&calls, WRITER, &answers(&calls, &[SERVE]), kinds, kind)
    }

    #[test]
    fn an_answer_after_its_flush_is_in_time() {
        assert!(in_time(&[WRITE, FLUSH, ANSWER]));
        assert!(in_time(&[WRITE, "12 fdatasync(20) = 0\n", ANSWER]));
    }

    #[test]
    fn a_log_without_flushes_is_found_out() {
        assert!(!in_time(&[WRITE, ANSWER]));
        assert!(!in_time(&[ANSWER]));
        let kinds = [Kind::Change, Kind::Read, Kind::Change];
        assert_eq!(early(&[WRITE, ANSWER, ANSWER, WRITE, ANSWER], &kinds, Kind::Change), [0, 2]);
        assert_eq!(early(&[WRITE, ANSWER, ANSWER, WRITE, ANSWER], &kinds, Kind::Read), [1]);
    }

    #[test]
    fn a_flush_counts_only_between_the_write_and_the_answer() {
        assert!(!in_time(&[FLUSH, WRITE, ANSWER]));
        assert!(!in_time(&[WRITE, ANSWER, FLUSH]));
    }

    #[test]
    fn a_flush_serves_one_answer_only() {
        let kinds = [Kind::Change, Kind::Change];
        assert_eq!(early(&[WRITE, FLUSH, ANSWER, ANSWER], &kinds, Kind::Change), [1]);
        assert_eq!(early(&[WRITE, FLUSH, ANSWER, FLUSH, ANSWER], &kinds, Kind::Change), [1]);
        assert_eq!(early(&[WRITE, FLUSH, ANSWER, WRITE, FLUSH, ANSWER], &kinds, Kind::Change), [0; 0]);
    }

    #[test]
    fn only_the_writers_flush_of_the_same_file_that_succeeds_counts() {
        assert!(!in_time(&[WRITE, "13 fsync(20) = 0\n", ANSWER]));
        assert!(!in_time(&[WRITE, "12 fsync(21) = 0\n", ANSWER]));
        assert!(!in_time(&[WRITE, "12 fsync(20) = -1 EIO (Input/output error)\n", ANSWER]));
        assert!(!in_time(&[WRITE, "12 fsync(20) = ?\n", ANSWER]));
    }

    #[test]
    fn a_flush_that_is_under_way_is_no_flush() {
        let (begun, done) = ("12 fsync(20 <unfinished ...>\n", "12 <... fsync resumed>) = 0\n");
        assert!(in_time(&[WRITE, begun, done, ANSWER]));
        assert!(!in_time(&[WRITE, begun, ANSWER, done]));
        assert!(!in_time(&[WRITE, begun, "12 <... fsync resumed>) = -1 EIO (Input/output error)\n", ANSWER]));
        assert!(!in_time(&[WRITE, begun, ANSWER]));
    }

    #[test]
    fn an_answer_counts_from_where_it_begins() {
        let (begun, done) =
            ("11 writev(30, 0x7f3d, 2 <unfinished ...>\n", "11 <... writev resumed>) = 772\n");
        assert!(in_time(&[WRITE, FLUSH, begun, done]));
        assert!(!in_time(&[WRITE, begun, FLUSH, done]));
    }

    #[test]
    fn other_connections_threads_and_failed_writes_are_no_answers() {
        let others = [
            "11 write(11, \"\\1\\0\", 8) = 8\n",
            "13 write(30, 0x7f3d, 8) = 8\n",
            "11 writev(30, 0x7f3d, 2) = -1 EAGAIN (Resource temporarily unavailable)\n",
            "10 accept4(9, 0x7f, 0x7f, SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)\n",
            "10 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER} ---\n",
            "10 +++ exited with 0 +++\n",
        ];
        assert_eq!(early(&others, &[], Kind::Change), [0; 0]);
    }

    #[test]
    #[should_panic(expected = "one write for each answer")]
    fn a_log_that_lacks_an_answer_is_not_judged() {
        in_time(&[WRITE, FLUSH]);
    }

    #[test]
    #[should_panic(expected = "unknown")]
    fn a_line_that_is_not_understood_is_not_passed_over() {
        read("11 something else\n");
    }
}
