//! `kill -9` in the middle of either command: run again, it goes on.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{
    commands::{Where, coffer, ended, json_of, text, with_key_of},
    fill::{everything, filled},
};
use crate::support::home;

/// Rows: some twenty parts.
const ROWS: u64 = 100_000;

/// What a command says that finds its work done.
const DONE: [&str; 2] = ["the folder holds a finished export", "the target is not empty"];

/// Runs a command again and again, killed a little later each time, until it ends by itself. How often it was killed.
fn killed_until_it_ends(command: impl Fn() -> Command) -> u32 {
    let mut kills = 0;
    let mut after = Duration::from_millis(30);
    loop {
        let mut child =
            command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        thread::sleep(after);
        if child.try_wait().expect("a child").is_none() {
            kills += 1;
        }
        child.kill().expect("a kill");
        let said = ended(&child.wait_with_output().expect("output"));
        match said.code {
            Some(0) => return kills,
            // The kill before came between the last write and the end: what comes now finds it done.
            Some(1) if DONE.iter().any(|done| said.stderr.contains(done)) => return kills,
            Some(code) => panic!("{code}: {}", said.stderr),
            None => after += Duration::from_millis(15),
        }
    }
}

fn parts(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(".cfx")).count()
}

#[test]
fn an_export_and_an_import_that_are_killed_again_and_again_end_with_every_record() {
    let first = filled(ROWS);
    let (second, out) = (home(), home());
    let to = out.path().join("vault");
    let kills = killed_until_it_ends(|| coffer(&["export", "--data", text(first.path()), "--to", text(&to)]));
    assert!(kills >= 2, "it was killed in the middle: {kills}");
    assert!(parts(&to) > 10);
    with_key_of(first.path(), second.path());
    let import = || coffer(&["import", "--data", text(second.path()), "--from", text(&to)]);
    let kills = killed_until_it_ends(import);
    assert!(kills >= 2, "it was killed in the middle: {kills}");
    assert!(everything(first.path()) == everything(second.path()), "every record arrived");
    let again = ended(&import().output().expect("the binary runs"));
    assert_eq!(again.code, Some(1), "and it is over");
    assert!(again.stderr.contains("not empty"), "{}", again.stderr);
}

#[test]
fn a_move_into_a_database_and_back_that_is_killed_again_and_again_ends_with_every_record() {
    let first = Where { home: filled(ROWS), store: None };
    let (second, third, out) = (Where::database(), Where::folder(), home());
    let (one, two) = (out.path().join("one"), out.path().join("two"));
    json_of(first.export(&one));
    with_key_of(first.home.path(), second.home.path());
    let kills = killed_until_it_ends(|| second.import(&one));
    assert!(kills >= 2, "it was killed in the middle: {kills}");
    let kills = killed_until_it_ends(|| second.export(&two));
    assert!(kills >= 2, "it was killed in the middle: {kills}");
    with_key_of(first.home.path(), third.home.path());
    json_of(third.import(&two));
    assert!(everything(first.home.path()) == everything(third.home.path()), "every record came back");
}
