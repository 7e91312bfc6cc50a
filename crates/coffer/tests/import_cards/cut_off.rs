//! `kill -9` in the middle: the same command goes on, every reference is in the map once, and no card has two tokens.

use std::{
    collections::BTreeSet,
    fs, thread,
    time::{Duration, Instant},
};

use crate::place::{PAYROC, Place, REBILLY, WORLDPAY, csv, map_of};

const ROWS: usize = 4_000;

fn cut_off_and_resumed(dialect: &[&str], action: &str) {
    let place = Place::new();
    let file = place.file("cards.age", &csv(ROWS));
    let mut child = place.command(dialect, &[], &file).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let lines = || fs::read_to_string(map_of(&file)).unwrap_or_default().matches('\n').count();
    while lines() < 300 {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "it ended by itself");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let written = lines() - 1;
    assert!(written < ROWS, "it was cut off");

    // As if the map had lost its last lines, one of them by half: their cards are durable and not in it.
    let text = fs::read_to_string(map_of(&file)).unwrap();
    let kept: Vec<&str> = text.split_inclusive('\n').collect();
    let (whole, rest) = kept.split_at(kept.len().min(written + 1) - 20);
    fs::write(map_of(&file), whole.concat() + &rest[0][..7]).unwrap();
    let lost: BTreeSet<&str> = rest.iter().map(|line| line.trim_end()).collect();
    let skipped = u64::try_from(whole.len() - 1).unwrap();

    let dry = place.run(dialect, &["--dry-run"], &file);
    let said = place.run(dialect, &[], &file);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let [made, matched, left, refused] = said.counts();
    assert_eq!((left, refused, made + matched + left), (skipped, 0, 4_000), "{}", said.out);
    assert!(matched >= 20, "what was durable and not in the map is found again: {matched}");
    assert_eq!(dry.counts(), said.counts(), "and the dry run knew");

    let map = Place::map(&file);
    let (mut references, mut tokens) = (BTreeSet::new(), BTreeSet::new());
    for line in &map {
        assert!(references.insert(&line[0]) && tokens.insert(&line[2..4]), "{line:?}");
    }
    assert_eq!(references.len(), ROWS);
    let again = fs::read_to_string(map_of(&file)).unwrap();
    for line in lost {
        assert!(again.contains(&line.replace(",made,", ",matched,")), "the same token as before: {line}");
    }
    assert_eq!(place.objects(action).len(), ROWS, "as many records as cards");
    let said = place.run(dialect, &[], &file);
    assert_eq!((said.code, said.counts()), (Some(0), [0, 0, 4_000, 0]));
}

#[test]
fn an_import_into_worldpay_that_was_killed_goes_on() {
    cut_off_and_resumed(&WORLDPAY, "reusable.create");
}

#[test]
fn an_import_into_payroc_that_was_killed_goes_on() {
    cut_off_and_resumed(&PAYROC, "reusable.create");
}

#[test]
fn an_import_into_rebilly_that_was_killed_goes_on() {
    cut_off_and_resumed(&REBILLY, "instrument.keep");
}
