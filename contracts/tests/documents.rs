//! Whole answers against a small document of every feature, and the report over them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fs;

use coffer_contracts::{Answer, Contract, Dialect, Difference, Found, Known, Report, read, read_folder};

const DOCUMENT: &str = include_str!("document.yaml");

fn contract() -> Contract {
    Contract::new(Dialect::Rebilly, read(DOCUMENT).unwrap()).unwrap()
}

const JSON: (&str, &str) = ("Content-Type", "application/json; charset=utf-8");
const LOCATION: (&str, &str) = ("Location", "http://127.0.0.1:1/rebilly/things/a");
const LIMIT: (&str, &str) = ("X-RateLimit-Limit", "3000");

fn created(headers: &[(&str, &str)], body: &str) -> Answer {
    Answer::new("POST", "/rebilly/things", 201, headers.iter().copied(), body.as_bytes())
}

/// Pointer and rule of each difference of an answer of an operation.
fn differences(answer: &Answer) -> Vec<(String, String)> {
    let verdict = contract().check(answer).unwrap().expect("an answer of the dialect");
    verdict.differences.into_iter().map(|Difference { pointer, rule, .. }| (pointer, rule)).collect()
}

fn one(pointer: &str, rule: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), rule.to_owned())]
}

#[test]
fn a_good_answer_has_no_difference() {
    assert_eq!(differences(&created(&[JSON, LOCATION, LIMIT], "{\"id\": \"a\"}")), []);
    let json = [("content-type", "application/json")];
    for (method, path, status, body) in [
        ("GET", "/rebilly/organizations/org_x/things/a?expand=b", 200, "{\"id\": \"a\"}"),
        ("HEAD", "/rebilly/things/a", 200, ""),
        ("GET", "/rebilly/things/a", 404, "{\"status\": 404}"),
        ("GET", "/rebilly/things/a", 503, "{\"status\": 503}"),
        ("PUT", "/rebilly/things/a", 204, ""),
    ] {
        assert_eq!(
            differences(&Answer::new(method, path, status, json, body.as_bytes())),
            [],
            "{method} {status}"
        );
    }
}

#[test]
fn headers_are_named_when_they_are_missing_or_wrong() {
    let body = "{\"id\": \"a\"}";
    assert_eq!(differences(&created(&[JSON, LIMIT], body)), one("Location", "header"));
    assert_eq!(
        differences(&created(&[JSON, LIMIT, ("Location", "/things/a")], body)),
        one("Location", "format")
    );
    let text = ("X-RateLimit-Limit", "many");
    assert_eq!(differences(&created(&[JSON, LOCATION, text], body)), one("X-RateLimit-Limit", "type"));
}

#[test]
fn bodies_are_judged_by_the_schema_of_their_status() {
    let good = [JSON, LOCATION, LIMIT];
    assert_eq!(differences(&created(&good, "{}")), one("/id", "required"));
    assert_eq!(differences(&created(&good, "{\"id\": 1}")), one("/id", "type"));
    assert_eq!(
        differences(&created(&good, "{\"id\": \"a\", \"secret\": \"b\"}")),
        one("/secret", "writeOnly")
    );
    assert_eq!(differences(&created(&good, "")), one("", "content"));
    assert_eq!(differences(&created(&good, "<p>")), one("", "content"));
    let html = [("Content-Type", "text/html"), LOCATION, LIMIT];
    assert_eq!(differences(&created(&html, "{\"id\": \"a\"}")), one("", "content-type"));
    assert_eq!(differences(&created(&[LOCATION, LIMIT], "{\"id\": \"a\"}")), one("", "content-type"));
    let put = Answer::new("PUT", "/rebilly/things/a", 204, [JSON], b"{}");
    assert_eq!(differences(&put), one("", "content"));
    let wrong = Answer::new("GET", "/rebilly/things/a", 404, [JSON], b"{\"status\": 403}");
    assert_eq!(differences(&wrong), one("/status", "minimum"));
}

#[test]
fn a_status_or_an_operation_of_its_own_is_a_difference() {
    assert_eq!(differences(&Answer::new("PUT", "/rebilly/things/a", 200, [], b"")), one("", "status"));
    let check = |method: &str, path: &str, status: u16| {
        let answer = Answer::new(method, path, status, [], b"");
        contract().check(&answer).unwrap().map(|verdict| (verdict.found, verdict.differences.len()))
    };
    assert_eq!(check("DELETE", "/rebilly/things/a", 405), Some((Found::Nothing, 0)));
    assert_eq!(check("DELETE", "/rebilly/things/a", 200), Some((Found::Nothing, 1)));
    assert_eq!(check("GET", "/rebilly/nothing", 303), Some((Found::Nothing, 1)));
    assert_eq!(check("OPTIONS", "/rebilly/things", 204), Some((Found::Nothing, 0)));
    assert_eq!(check("GET", "/coffer/v1/things", 200), None);
    assert_eq!(check("GET", "/worldpay/things", 200), None);
}

#[test]
fn every_operation_is_listed() {
    let mut operations = contract().operations();
    operations.sort();
    assert_eq!(operations, ["GET /things/{id}", "POST /things", "PUT /things/{id}"]);
}

const KNOWN: &str = "[[difference]]\noperation = 'POST /things'\nstatus = 201\npointer = '/id'\nrule = 'required'\n\
                     reason = 'ids are slow'\n";

#[test]
fn a_report_is_good_when_all_that_differs_is_known_and_all_that_is_known_differs() {
    let report = |answers: &[Answer], known: &str| {
        Report::of(&contract(), answers, Known::read(known).unwrap()).unwrap()
    };
    let good = created(&[JSON, LOCATION, LIMIT], "{\"id\": \"a\"}");
    let bad = created(&[JSON, LOCATION, LIMIT], "{}");
    let other = Answer::new("GET", "/worldpay/a", 200, [], b"");

    let fine = report(&[good.clone(), other.clone()], "");
    assert!(fine.is_good() && fine.checked() == 1);
    assert!(fine.text("rebilly").contains("POST /things 201: 1\n  GET /things/{id}: no answer recorded\n"));

    let unknown = report(&[bad.clone(), good.clone(), bad.clone()], "");
    assert!(!unknown.is_good());
    assert!(unknown.text("rebilly").contains("DIFFERENT, 2 times: POST /things 201, /id, required"));

    let known = report(&[bad], KNOWN);
    assert!(
        known.is_good()
            && known.text("rebilly").contains("known: POST /things 201, /id, required: ids are slow")
    );
    let unmet = report(&[good], KNOWN);
    assert!(!unmet.is_good() && unmet.text("rebilly").contains("NO LONGER SO"));

    let none = report(&[other], "");
    assert!(none.is_good() && none.checked() == 0);
    assert_eq!(none.text("x"), "x: no answers recorded, 3 operations in the document\n");
}

#[test]
fn a_folder_gives_each_answer_once_and_refuses_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    assert!(read_folder(&folder.path().join("none")).unwrap().is_empty());
    let (one, two) = (created(&[JSON], "{}"), created(&[LIMIT], "{}"));
    let lines = |answers: &[&Answer]| answers.iter().map(|answer| answer.line() + "\n").collect::<String>();
    fs::write(folder.path().join("a.jsonl"), lines(&[&one, &two])).unwrap();
    fs::write(folder.path().join("b.jsonl"), lines(&[&two])).unwrap();
    fs::write(folder.path().join("c.txt"), "no answers").unwrap();
    let mut expected = vec![one, two];
    expected.sort_by_key(Answer::line);
    assert_eq!(read_folder(folder.path()).unwrap(), expected);
    fs::write(folder.path().join("d.jsonl"), "{}\n").unwrap();
    assert!(
        read_folder(folder.path()).unwrap_err().to_string().ends_with("d.jsonl:1: not a recorded answer")
    );
}
