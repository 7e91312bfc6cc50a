//! Marked card numbers, codes, names and keys go through every flow and every error, and are then looked for in
//! everything that the process wrote: log at `debug`, files of the store with its write-ahead log, ring, metrics,
//! answers. Found outside the answers that are made to show them: none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[allow(dead_code, reason = "the bodies of the tests of payments, of which this needs a part")]
#[path = "payroc_forward/bodies.rs"]
mod bodies;
#[allow(dead_code, reason = "the words of the dialect's own tests, of which this needs a part")]
#[path = "payroc/calls.rs"]
mod calls;
#[path = "leak/evidence.rs"]
mod evidence;
#[path = "leak/flows.rs"]
mod flows;
#[path = "leak/methods.rs"]
mod methods;
#[path = "leak/payroc.rs"]
mod payroc;
#[path = "leak/search.rs"]
mod search;
mod support;
#[allow(dead_code, reason = "what plays the upstream in the tests of payments, of which this needs a part")]
#[path = "payroc_forward/upstream.rs"]
mod upstream;
#[path = "leak/vault.rs"]
mod vault;
#[path = "leak/worldpay.rs"]
mod worldpay;

use std::{fs, path::PathBuf};

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use evidence::Evidence;
use search::{Hit, Kind, Search};
use support::{Node, log::Log, store::is_postgres};
use vault::{Place, wait_for_log};

#[test]
fn marked_values_are_found_in_nothing_that_was_written() {
    let place = Place::new();
    let mut evidence = Evidence::default();

    let mut node = place.serve();
    let kept = flows::right(&node, &mut evidence, "Qzxmarkedcustomer");
    methods::every_method(&node, &mut evidence, "Qzxmarkedcustomer");
    methods::people(&place, &node, &mut evidence, vault::CUSTOMER);
    methods::lists(&node, &mut evidence);
    worldpay::right(&node, &mut evidence, "Qzxmarkednamespace");
    worldpay::wrong(&node, &mut evidence);
    payroc::right(&node, &mut evidence, &place.upstream, "Qzxmarkedid");
    payroc::wrong(&node, &mut evidence);
    flows::texts(&node, &mut evidence);
    flows::wrong_bodies(&node, &mut evidence);
    flows::wrong_requests(&node, &mut evidence);
    flows::half_requests(&node, &mut evidence);
    methods::wrong_methods(&node, &mut evidence);
    let search = marked(&place, &evidence.tokens);
    evidence.judge(&search);
    assert!(is_much_written(&place), "what was written is there to be searched");
    assert_clean(&place, &node, &search, "while it runs");

    assert!(node.stop());
    wait_for_log(&node, "\"stopped\"");
    assert_clean_files(&place, &search, "after it stopped");
    assert_clean_text("the whole log", node.said().as_bytes(), &search);

    // What was sealed before the restart opens after it: it was there, and nobody found it.
    let node = place.serve();
    let answer = node.client().call(
        "GET",
        &format!("/rebilly/tokens/{kept}"),
        &[("REB-APIKEY", vault::SECRET_KEY)],
        b"",
    );
    evidence.keep("read after a restart", evidence::Shows::Personal, 200, &answer);
    flows::right(&node, &mut evidence, "Qzxmarkedother");
    methods::every_method(&node, &mut evidence, "Qzxmarkedother");
    worldpay::right(&node, &mut evidence, "Qzxmarkedsecond");
    payroc::right(&node, &mut evidence, &place.upstream, "Qzxmarkedagain");
    let search = marked(&place, &evidence.tokens);
    evidence.judge(&search);
    assert_clean(&place, &node, &search, "before it is killed");
    let output = std::sync::Arc::clone(&node.output);
    node.kill();
    assert_clean_files(&place, &search, "after it was killed");
    assert_clean_text("the log up to the end", &output.lock().unwrap(), &search);

    // The audit log once more, whole: in the file a record may be cut in two by the end of a page.
    let log = Log::of_live(&place.data());
    let records: Vec<u8> = log.frames.iter().flat_map(|frame| frame.records.clone()).collect();
    assert!(log.of_action("token.create").len() > 15 && log.of_action("access.refused").len() > 2);
    assert!(log.of_action("forward.end").len() > 10);
    assert!(log.of_action("reusable.create").len() > 2 && log.of_action("session.create").len() > 2);
    assert_clean_text("the audit log", &records, &search);
}

/// The search finds what it is made to find, wherever it stands and whatever stands beside it.
#[test]
fn the_search_finds_planted_values() {
    let place = Place::new();
    let search = marked(&place, &["planted-token".to_owned()]);
    let root = HEXLOWER.decode(place.root.as_bytes()).unwrap();
    let values: [(Kind, &[u8]); 15] = [
        (Kind::Card, flows::CREATED.0.as_bytes()),
        (Kind::Card, flows::MISPLACED.as_bytes()),
        (Kind::Card, flows::PUBLISHED_KEY.0.as_bytes()),
        (Kind::Personal, b"Qzxmarkedname"),
        (Kind::Nobody, vault::SECRET_KEY.as_bytes()),
        (Kind::Nobody, flows::WRONG_KEY.as_bytes()),
        (Kind::Nobody, &root),
        (Kind::Token, b"planted-token"),
        (Kind::Protected, methods::ACCOUNT.as_bytes()),
        (Kind::Protected, methods::IBAN.as_bytes()),
        (Kind::Protected, b"Kwymarkedpayload"),
        (Kind::Protected, payroc::CRYPTOGRAM.as_bytes()),
        (Kind::Protected, payroc::STRIPE.as_bytes()),
        (Kind::Nobody, payroc::UPSTREAM_BEARER.as_bytes()),
        (Kind::Personal, methods::BROWSER.as_bytes()),
    ];
    for (kind, value) in values {
        for (form, bytes) in planted(value) {
            assert_found(&search, kind, form, &bytes);
        }
    }
    for text in ["6011 0009 9013 9424", "6011-0009-9013-9424", "6 0 1 1 0 0 0 9 9 0 1 3 9 4 2 4"] {
        assert_found(&search, Kind::Card, "separated", text.as_bytes());
    }
    assert_found(&search, Kind::Card, "in part", b"digits 1000990139 of it");
    assert_found(&search, Kind::Card, "packed", &[0x60, 0x11, 0x00, 0x09, 0x90, 0x13, 0x94, 0x24]);
    for text in
        ["{\"cvv\":\"987\"}", "{\"cvc\":\"987\"}", "{\\\"cvv\\\":\\\"987\\\"}", "pan=1&cvv=987", "\u{3}987\0"]
    {
        assert_found(&search, Kind::Code, "code", text.as_bytes());
    }
    for innocent in ["601100", "9424", "\"cvv\":\"986\"", "marked", "request 987 took 8642 us"] {
        assert!(search.hits(innocent.as_bytes()).is_empty(), "{innocent}");
    }
}

/// A value as others would write it: made by means that the search does not share.
fn planted(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![
        ("raw", value.to_vec()),
        ("hex", HEXLOWER.encode(value).into_bytes()),
        ("HEX", HEXUPPER.encode(value).into_bytes()),
        ("reversed", value.iter().rev().copied().collect()),
        ("list", format!("{value:?}").into_bytes()),
        ("JSON list", serde_json::to_vec(value).unwrap()),
    ];
    for before in ["", "x", "xy", "xyz"] {
        for after in ["", "\"", "},"] {
            let text = [before.as_bytes(), value, after.as_bytes()].concat();
            forms.push(("base64", BASE64.encode(&text).into_bytes()));
            forms.push(("base64url", BASE64URL.encode(&text).into_bytes()));
        }
    }
    forms
}

/// Plants bytes in the middle of a file, and looks for them as the test looks for everything.
fn assert_found(search: &Search, kind: Kind, form: &str, bytes: &[u8]) {
    let folder = support::home();
    let file = folder.path().join("planted");
    fs::write(&file, [&[b'.'; 4_000], bytes, &[b'.'; 4_000]].concat()).unwrap();
    let hits = hits_in(&support::files(folder.path()), search);
    assert!(hits.iter().any(|(_, hit)| hit.kind == kind), "{kind:?} {form} was planted and not found");
}

/// Everything that was sent, in every form.
fn marked(place: &Place, tokens: &[String]) -> Search {
    let mut search = Search::default();
    for (name, pan, code) in [
        ("number created", flows::CREATED.0, flows::CREATED.1),
        ("number by publishable key", flows::PUBLISHED_KEY.0, flows::PUBLISHED_KEY.1),
        ("number exchanged", flows::EXCHANGED.0, flows::EXCHANGED.1),
        ("number redeemed", flows::REDEEMED.0, flows::REDEEMED.1),
        ("number misplaced", flows::MISPLACED, "954"),
        ("number in a text", flows::IN_A_TEXT, "954"),
        ("number tokenized", worldpay::TOKENIZED.0, "954"),
        ("number verified", worldpay::VERIFIED.0, worldpay::VERIFIED.1),
        ("number left in a session", worldpay::LEFT.0, worldpay::LEFT.1),
        ("number of Payroc's", payroc::CARD, payroc::CODES[0]),
    ] {
        search.add_card(name, pan);
        search.add_code(code);
    }
    search.add_number(Kind::Protected, "account number", methods::ACCOUNT);
    search.add_number(Kind::Protected, "account number of an echeck", methods::ROUTED);
    search.add(Kind::Protected, "IBAN", methods::IBAN);
    search.add_number(Kind::Protected, "Khelocard", methods::KHELOCARD.0);
    search.add_code(methods::KHELOCARD.1);
    search.add(Kind::Protected, "link token or payload", methods::PROTECTED);
    for code in payroc::CODES {
        search.add_code(code);
    }
    search.add_number(Kind::Protected, "account of ACH", payroc::ACH);
    search.add_number(Kind::Protected, "account of PAD", payroc::PAD);
    search.add(Kind::Protected, "stripe", payroc::STRIPE);
    for reader in [payroc::CRYPTOGRAM, payroc::ENCRYPTED, payroc::SERIAL] {
        search.add(Kind::Protected, "what a reader sent", reader);
        search.add(Kind::Protected, "what a reader sent", HEXUPPER.decode(reader.as_bytes()).unwrap());
    }
    for jwt in [&place.merchant, &place.customer] {
        jwt.split('.').skip(1).for_each(|part| search.add(Kind::Nobody, "JWT", part));
    }
    search.add(Kind::Personal, "address behind a proxy", methods::BROWSER);
    search.add(Kind::Personal, "personal data", flows::PERSONAL);
    search.add(Kind::Personal, "date of birth", "1977-07-17");
    search.add(Kind::Personal, "address of a browser", "203.0.113.77");
    search.add(Kind::Nobody, "lead source", flows::DROPPED);
    search.add(Kind::Nobody, "API key", "Wvkmarked");
    search.add(Kind::Nobody, "root key", HEXLOWER.decode(place.root.as_bytes()).unwrap());
    for token in tokens {
        search.add(Kind::Token, "token", token);
    }
    search
}

/// Nothing in the files, the log and the metrics of a node that runs.
fn assert_clean(place: &Place, node: &Node, search: &Search, when: &str) {
    assert_clean_files(place, search, when);
    let metrics = node.metrics();
    assert!(metrics.contains("/rebilly/tokens/{token}"), "{metrics}");
    assert_clean_text("metrics", metrics.as_bytes(), search);
    let last = node.client().call("GET", "/livez", &[], b"");
    wait_for_log(node, last.header("x-request-id").unwrap());
    let said = node.said();
    for part in [
        "\"level\":\"DEBUG\"",
        "/rebilly/tokens/{token}",
        "/rebilly/payment-instruments/{id}/deactivation",
        "/coffer/v1/tokens/{token}/redeem",
        "/worldpay/tokens/{token}",
        "/payroc/v1/processing-terminals/{processingTerminalId}/secure-tokens/{secureTokenId}",
        "/payroc/v1/hosted-fields-sessions/{session}/fields",
        "an answer of the upstream is not passed on",
    ] {
        assert!(said.contains(part), "the log says what happens, by templates: {part}");
    }
    assert_clean_text("log", said.as_bytes(), search);
}

fn assert_clean_files(place: &Place, search: &Search, when: &str) {
    let files = place.written();
    let store = if is_postgres() { [vault::ROWS, "log"] } else { ["coffer.db", "coffer.db-wal"] };
    for name in store.into_iter().chain(["ring", "coffer.toml"]) {
        assert!(files.iter().any(|file| file.ends_with(name)), "{name} is searched");
    }
    let hits = hits_in(&files, search);
    assert!(hits.is_empty(), "{when}: {hits:?}");
}

fn assert_clean_text(what: &str, text: &[u8], search: &Search) {
    assert!(!text.is_empty(), "{what} is empty");
    let hits = search.hits(text);
    assert!(hits.is_empty(), "{what}: {hits:?}");
}

fn hits_in(files: &[PathBuf], search: &Search) -> Vec<(PathBuf, Hit)> {
    let of = |file: &PathBuf| {
        search.hits(&support::bytes(file)).into_iter().map(|hit| (file.clone(), hit)).collect::<Vec<_>>()
    };
    files.iter().flat_map(of).collect()
}

/// What was written ahead, or on a server the rows: enough of it to be searched.
fn is_much_written(place: &Place) -> bool {
    let path = if is_postgres() { place.path(vault::ROWS) } else { place.data().join("coffer.db-wal") };
    place.written().contains(&path) && path.metadata().unwrap().len() > 100_000
}
