//! What is no file of cards that this identity opens, or that may be imported, is refused before anything is written.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::{
    place::{Place, REBILLY, WORLDPAY, csv, map_of},
    support::{Node, store},
};

/// The place with nothing written to it: after `refused`.
fn refused(place: &Place, more: &[&str], file: &str, said: &str) {
    let before = place.kept();
    let answer = place.run(&WORLDPAY, more, &place.path(file));
    assert_eq!(answer.code, Some(1), "{file}: {}{}", answer.out, answer.err);
    assert!(answer.err.contains(said), "{file}: {} / {said}", answer.err);
    assert!(answer.out.is_empty() && !map_of(&place.path(file)).exists(), "{file}");
    // A run that writes tells of its start in the audit log, and nothing else.
    if more.contains(&"--dry-run") {
        assert!(place.kept() == before, "{file}");
    }
    assert!(place.objects("reusable.create").is_empty());
}

#[test]
fn a_file_that_is_not_encrypted_or_for_somebody_else_is_refused_with_what_to_do() {
    let place = Place::new();
    fs::write(place.path("plain.csv"), csv(1)).unwrap();
    refused(&place, &[], "plain.csv", "age -r RECIPIENT -o cards.csv.age cards.csv");
    fs::write(place.path("armored.age"), "-----BEGIN AGE ENCRYPTED FILE-----\n").unwrap();
    refused(&place, &[], "armored.age", "without -a");
    place.file("cards.age", &csv(1));
    refused(&place, &["--identity", "other.key"], "cards.age", "not encrypted to any of the identities");
    refused(&place, &["--identity", "none.key"], "cards.age", "none.key");
    fs::write(place.path("open.key"), crate::place::IDENTITY).unwrap();
    fs::set_permissions(place.path("open.key"), fs::Permissions::from_mode(0o644)).unwrap();
    refused(&place, &["--identity", "open.key"], "cards.age", "0600");
}

/// Everything is read to its authenticated end before the first card: wherever a file is damaged or cut off, nothing of
/// it is imported.
#[test]
fn a_damaged_or_cut_off_file_imports_nothing() {
    let place = Place::new();
    let whole = fs::read(place.file("whole.age", &csv(4_000))).unwrap();
    assert!(whole.len() > 2 * 65_536, "three pieces");
    let piece = 65_536 + 16;
    let header = whole.len() - (csv(4_000).len() + 3 * 16);
    for (name, cut) in [
        ("without-the-last-piece.age", header + 2 * piece),
        ("within-the-last-piece.age", whole.len() - 1),
        ("within-the-first-piece.age", header + 100),
        ("within-the-header.age", 60),
    ] {
        fs::write(place.path(name), &whole[..cut]).unwrap();
        refused(&place, &[], name, "age");
        refused(&place, &["--skip-bad"], name, "");
    }
    for (name, at) in
        [("bent-first.age", header + 5), ("bent-last.age", whole.len() - 20), ("bent-header.age", 100)]
    {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        fs::write(place.path(name), bent).unwrap();
        refused(&place, &[], name, "");
        refused(&place, &["--dry-run"], name, "");
    }
    refused(&place, &[], "without-the-last-piece.age", "damaged or cut off");
}

#[test]
fn codes_unknown_columns_and_missing_ones_are_refused_without_being_repeated() {
    let place = Place::new();
    let pan = "4111111111111111";
    for (name, content, said) in [
        ("cvv.age", format!("pan,reference,cvv\n{pan},a,123\n"), "column 3 is one of verification codes"),
        (
            "cvc.age",
            format!("{{\"pan\":\"{pan}\",\"reference\":\"a\",\"cardCvc\":\"123\"}}"),
            "PCI DSS 3.3.1",
        ),
        ("track.age", format!("pan,track2,reference\n{pan},x,a\n"), "column 2 is one of verification codes"),
        ("headless.age", format!("{pan},a\n"), "column 1 has no name that is known"),
        ("short.age", format!("pan,expiry\n{pan},0731\n"), "there is no column reference"),
        (
            "customer.age",
            format!("pan,reference,customer\n{pan},a,b\n"),
            "column customer is for --into rebilly",
        ),
        (
            "long.age",
            format!("pan,reference\n{pan},{}\n", "x".repeat(17_000)),
            "line 2 has more than 16384 bytes",
        ),
        ("array.age", format!("[{{\"pan\":\"{pan}\"}} {{}}]"), "line 1: this is neither CSV"),
        ("open.age", format!("[{{\"pan\":\"{pan}\"}}"), "line 1: this is neither CSV"),
        ("empty.age", String::new(), "column 1 has no name"),
    ] {
        place.file(name, &content);
        refused(&place, &[], name, said);
        let answer = place.run(&WORLDPAY, &[], &place.path(name));
        assert!(!answer.err.contains(pan), "{name}: {}", answer.err);
    }
}

#[test]
fn a_folder_that_a_node_has_and_an_organization_of_another_dialect_are_refused() {
    let place = Place::new();
    let file = place.file("cards.age", &csv(1));
    for (dialect, said) in [
        (&["--into", "worldpay", "--organization", "org_sandbox"][..], "is for Rebilly, not for Worldpay"),
        (&["--into", "worldpay", "--organization", "nobody"], "there is no organization nobody"),
        (&["--into", "payroc", "--organization", "payroc_sandbox"], "needs --terminal"),
        (
            &["--into", "payroc", "--organization", "payroc_sandbox", "--terminal", "9999001"],
            "has no terminal",
        ),
        (
            &["--into", "rebilly", "--organization", "org_sandbox", "--namespace", "x"],
            "is for --into worldpay",
        ),
    ] {
        let answer = place.run(dialect, &[], &file);
        assert!(answer.code == Some(1) && answer.err.contains(said), "{}", answer.err);
    }
    let node = Node::sandbox(place.home.path());
    let answer = place.run(&REBILLY, &[], &file);
    // With a database it is one more node.
    if store::is_postgres() {
        assert_eq!((answer.code, answer.counts()), (Some(0), [1, 0, 0, 0]), "{}", answer.err);
    } else {
        assert_eq!(answer.code, Some(1));
        assert!(answer.err.contains("another process"), "{}", answer.err);
    }
    drop(node);
}
