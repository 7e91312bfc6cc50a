//! Rows with problems: every one is told by its line and column, nothing is imported unless that is asked for, and a
//! dry run writes nothing at all.

use std::{fmt::Write, fs};

use serde_json::{Value, json};

use crate::{
    place::{PAYROC, Place, REBILLY, WORLDPAY, csv, map_of, numbers},
    support::store,
};

const ROWS: &str = "pan,reference,expiry,name,postalCode\n\
    4111111111111111,a,12/2035,Ada,\n\
    4111111111111112,b,12/2035,Ada,\n\
    4242424242424242,c,13/2035,Ada,\n\
    5555555555554444,a,12/2035,Ada,\n\
    5105105105105100,,12/2035,Ada,\n\
    ,d,,Ada,\n\
    \"4000000000000002,e,12/2035,Ada,\n\
    4000000000000002,f,12/2035\n\
    \n\
    2223003122003222,4222222222222,12/2035,Ada,\n\
    2221000000000009,g,12/2035,,W1\n\
    378282246310005,h,01/2020,Ada,\n";

/// Line and column of every problem that is told one by one.
fn places(report: &Value) -> Vec<(u64, String)> {
    let first = report["first"].as_array().unwrap().iter();
    first.map(|one| (one["line"].as_u64().unwrap(), one["column"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn every_problem_is_told_by_its_line_and_column_and_a_dry_run_writes_nothing() {
    let place = Place::new();
    let file = place.file("cards.age", ROWS);
    let before = place.kept();
    let said = place.run(&WORLDPAY, &["--dry-run"], &file);
    assert!(place.kept() == before && !map_of(&file).exists());
    assert_eq!((said.code, said.counts()), (Some(3), [2, 0, 0, 9]), "{}{}", said.out, said.err);
    let report = said.json();
    assert_eq!(
        (&report["state"], &report["rows"], &report["good"]),
        (&json!("checked"), &json!(11), &json!(2))
    );
    let expected = [
        (3, "pan"),
        (4, "expiry"),
        (5, "reference"),
        (6, "reference"),
        (7, "pan"),
        (8, "row"),
        (9, "row"),
        (11, "reference"),
        (12, "name"),
        (12, "line1"),
    ];
    let found = places(&report);
    for (line, column) in expected {
        assert!(found.contains(&(line, column.to_owned())), "{line} {column}: {found:?}");
    }
    assert!(!said.out.contains("4111") && !said.out.contains("4222"), "{}", said.out);

    // Rebilly and Payroc take no card that has expired.
    let said = place.run(&REBILLY, &["--dry-run"], &file);
    assert!(places(&said.json()).contains(&(13, "expiry".to_owned())), "{}", said.out);
    let said = place.run(&PAYROC, &["--dry-run"], &file);
    assert!(places(&said.json()).contains(&(13, "expiry".to_owned())), "{}", said.out);
    assert!(place.kept() == before, "and none of them wrote anything");
}

#[test]
fn rows_with_problems_stop_the_import_unless_they_are_left_out() {
    let place = Place::new();
    let file = place.file("cards.age", ROWS);
    let said = place.run(&WORLDPAY, &[], &file);
    assert_eq!((said.code, &said.json()["state"]), (Some(3), &json!("checked")), "{}", said.err);
    assert!(!map_of(&file).exists() && place.objects("reusable.create").is_empty());
    let said = place.run(&WORLDPAY, &["--skip-bad"], &file);
    assert_eq!((said.code, said.counts()), (Some(3), [2, 0, 0, 9]), "{}{}", said.out, said.err);
    assert_eq!(said.json()["state"], "imported");
    assert_eq!(Place::map(&file).len(), 2);
    assert_eq!(place.objects("reusable.create").len(), 2);
    // Once more: what is in the map is left alone.
    let said = place.run(&WORLDPAY, &["--skip-bad"], &file);
    assert_eq!((said.code, said.counts()), (Some(3), [0, 0, 2, 9]));
}

#[test]
fn a_dry_run_says_what_the_import_does() {
    let place = Place::new();
    let pans: Vec<String> = numbers(20).collect();
    let mut text = "pan,reference,expiry,name,namespace\n".to_owned();
    for (row, pan) in pans.iter().enumerate() {
        write!(text, "{pan},r{row},12/2035,Ada,full\n{pan},s{row},11/2035,Ada,\n{pan},t{row},12/2035,Ada,\n")
            .unwrap();
    }
    let file = place.file("cards.age", &text);
    let dry = place.run(&WORLDPAY, &["--dry-run"], &file);
    // 16 places of a namespace; without one there is no bound, and each card is there twice.
    assert_eq!((dry.code, dry.counts()), (Some(3), [36, 20, 0, 4]), "{}", dry.out);
    let real = place.run(&WORLDPAY, &["--skip-bad"], &file);
    assert_eq!((real.counts(), &real.json()["differing"]), (dry.counts(), &json!(20)), "{}", real.out);
    fs::remove_file(map_of(&file)).unwrap();
    let dry = place.run(&WORLDPAY, &["--dry-run"], &file);
    assert_eq!(dry.counts(), [0, 56, 0, 4]);
}

#[test]
fn a_reference_of_another_card_is_refused_by_payroc() {
    let place = Place::new();
    let first = place.file("first.age", "pan,reference\n4111111111111111,a\n");
    let second = place.file("second.age", "pan,reference\n5555555555554444,a\n4111111111111111,b\n");
    assert_eq!(place.run(&PAYROC, &[], &first).counts(), [1, 0, 0, 0]);
    let said = place.run(&PAYROC, &["--dry-run"], &second);
    assert_eq!((said.counts(), places(&said.json())), ([1, 0, 0, 1], vec![(2, "reference".to_owned())]));
    let again = place.file("again.age", "pan,reference\n4111111111111111,a\n");
    assert_eq!(place.run(&PAYROC, &[], &again).counts(), [0, 1, 0, 0], "the same card is found");
    assert_eq!(Place::map(&first)[0][3], Place::map(&again)[0][3]);
}

#[test]
fn a_map_of_another_import_is_not_written_on() {
    let place = Place::new();
    let (one, other) = (place.file("one.age", &csv(2)), place.file("other.age", &csv(3)));
    assert_eq!(place.run(&WORLDPAY, &["--map", "map.csv"], &one).code, Some(0));
    let before = fs::read(place.path("map.csv")).unwrap();
    for (dialect, more, file) in [
        (&WORLDPAY[..], &["--map", "map.csv"][..], &other),
        (&WORLDPAY, &["--map", "map.csv", "--namespace", "n"], &one),
        (&REBILLY, &["--map", "map.csv"], &one),
        (&WORLDPAY, &["--map", "map.csv", "--dry-run"], &other),
    ] {
        let said = place.run(dialect, more, file);
        assert!(said.code == Some(1) && said.err.contains("not made by this import"), "{}", said.err);
    }
    assert_eq!(fs::read(place.path("map.csv")).unwrap(), before);
    assert!(store::is_postgres() || place.objects("reusable.create").len() == 2);
}
