//! The card numbers of an import are in its tokens, sealed, and nowhere else: not in what it says, not in the map, not
//! in a file that it made, not in the audit log.

use std::fs;

use crate::{
    place::{PAYROC, Place, REBILLY, WORLDPAY, numbers},
    support::{self, log::Log, store},
};

#[test]
fn the_numbers_of_an_import_are_found_nowhere() {
    let place = Place::new();
    let pans: Vec<String> = numbers(40).collect();
    let good = |pan: &String| format!("{pan},ref-{},12/2035,Ada Marked\n", &pan[9..15]);
    let good: String = pans[..30].iter().map(good).collect();
    let bad: String = pans[30..]
        .iter()
        .enumerate()
        .map(|(row, pan)| match row % 4 {
            0 => format!("{pan},{pan},12/2035,Ada\n"),
            1 => format!("{pan},x{row},12/2035,{pan}\n"),
            2 => format!("\"{pan},x{row},12/2035,Ada\n"),
            _ => format!("{pan},x{row},{pan},Ada\n"),
        })
        .collect();
    let text = format!("pan,reference,expiry,name\n{good}{bad}");
    for (name, dialect) in [("w.age", &WORLDPAY[..]), ("p.age", &PAYROC), ("r.age", &REBILLY)] {
        let file = place.file(name, &text);
        for more in [&["--dry-run"][..], &[], &["--skip-bad"]] {
            let said = place.run(dialect, more, &file);
            assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
            assert_clean(&pans, name, format!("{}{}", said.out, said.err).as_bytes());
        }
        assert_eq!(Place::map(&file).len(), 30);
    }
    let headless = place.file("headless.age", &text[text.find('\n').unwrap() + 1..]);
    let said = place.run(&WORLDPAY, &[], &headless);
    assert_clean(&pans, "a file without a header", said.err.as_bytes());

    let names: Vec<String> = fs::read_dir(place.work.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".map") || !(name.contains(".key") || name.contains(".age")))
        .collect();
    assert_eq!(names.len(), 3, "the maps, and no file of the import's own: {names:?}");
    for file in support::files(place.work.path()).iter().chain(&support::files(place.home.path())) {
        assert_clean(&pans, &file.display().to_string(), &support::bytes(file));
    }
    assert_clean(&pans, "rows", &store::rows(place.home.path()).unwrap_or_default());
    let log = Log::of(place.home.path());
    let records: Vec<u8> = log.frames.iter().flat_map(|frame| frame.records.clone()).collect();
    assert!(log.of_action("reusable.create").len() == 60 && log.of_action("instrument.keep").len() == 30);
    assert_clean(&pans, "the audit log", &records);
}

fn assert_clean(pans: &[String], place: &str, bytes: &[u8]) {
    for pan in pans {
        let found = bytes.windows(pan.len()).any(|window| window == pan.as_bytes());
        assert!(!found, "{}... in {place}", &pan[..6]);
    }
}
