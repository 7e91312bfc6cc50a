//! What lies in the store of reusable tokens, conflicts and sessions tells nothing: no number, no code, no name, no
//! namespace, no address, no printed name, in any form.

use std::fmt::Write;

use coffer_core::{
    SessionKind,
    store::{Store, TokenState},
};
use coffer_crypto::{Blob, Fingerprint, LocatorBytes, LocatorKind, forms};
use coffer_types::RecordNumber;

use crate::support::{
    AMEX, DAY, LONG, Offer, World, act, at, card, contact, facts, find, offer_in, run, tenant,
};

const CVV: &str = "9173";
const HOLDER: &str = "Markworthy";
const OTHER: &str = "Noteworthy";
const NAMESPACE: &str = "shopper-of-note@example.com";
const WORDS: &str = "words-of-note";

fn offered(name: &str) -> Offer<'static> {
    let mut facts = facts(name);
    let mut address = contact(name);
    address.address = Some(format!("street of {name}"));
    address.address3 = Some(format!("floor of {name}"));
    facts.contact = Some(address);
    Offer { facts, description: WORDS, lifetime: LONG, ..offer_in(NAMESPACE, AMEX) }
}

/// Everything that the store gives out about these records, as `Debug` shows it and byte by byte.
fn dump(world: &World, reusables: &[RecordNumber], short_lived: &[RecordNumber]) -> Vec<u8> {
    let mut out = format!("{:?}", world.model).into_bytes();
    for number in reusables {
        let row = world.reusable_row(*number).unwrap();
        out.extend(format!("{row:?}").bytes());
        out.extend(row.fingerprint.iter().flat_map(Fingerprint::as_bytes));
        let parts = [row.salt.as_bytes().as_slice(), row.protected.as_bytes(), row.details.as_bytes()];
        out.extend(parts.concat());
    }
    for number in short_lived {
        let row = run(world.model.token(tenant(1), *number)).unwrap().unwrap();
        out.extend(format!("{row:?}").bytes());
        out.extend([row.salt.as_bytes().as_slice(), row.details.as_bytes()].concat());
        if let TokenState::Live { protected, sad } = &row.state {
            out.extend(protected.as_bytes());
            out.extend(sad.iter().flat_map(Blob::as_bytes));
        }
    }
    for frame in run(world.model.frames(None, u32::MAX)).unwrap() {
        out.extend(frame.records);
    }
    out
}

#[test]
fn rows_keys_and_frames_hold_nothing_clear() {
    let world = World::new();
    let made = world.reusable(&offered(HOLDER));
    let resolved = world.conflict(&offered(OTHER)).locator;
    world.resolve(&resolved).unwrap();
    let waiting = world.conflict(&offered(HOLDER)).locator;
    world.describe(made.number, WORDS).unwrap();
    let left = card(AMEX, Some(CVV), HOLDER);
    let [used, unused] = [(); 2].map(|()| world.session(&act(), SessionKind::Card, &left));
    let code = world.session(&act(), SessionKind::Cvv, &left);
    let lone = Offer { namespace: None, ..offered(HOLDER) };
    let lone = world.tokenize_session(&act(), &used, &lone).unwrap().created();
    world.clock.raise_to(at(1_000 * DAY));
    world.open_card(made.number, LONG).unwrap();
    let deleted = world.reusable(&Offer { namespace: Some(OTHER), ..offered(HOLDER) });
    world.delete(deleted.number).unwrap();

    let kinds = [
        (LocatorKind::Conflict, resolved),
        (LocatorKind::Conflict, waiting),
        (LocatorKind::CardSession, used),
        (LocatorKind::CardSession, unused),
        (LocatorKind::CvvSession, code),
    ];
    let short_lived = kinds.map(|(kind, name)| world.vault.locate(kind, &name).unwrap().1);
    let bytes = dump(&world, &[made.number, lone.number], &short_lived);
    let email = format!("{HOLDER}@example.com");
    for mark in [AMEX, CVV, HOLDER, OTHER, NAMESPACE, WORDS, &email, "street of", "floor of", "series of"] {
        assert_eq!(find(&bytes, mark.as_bytes()), None, "{mark}");
    }
    let names = made.names.iter().chain(&lone.names).copied().zip([LocatorKind::Reusable].iter().cycle());
    let names = names.chain(kinds.iter().map(|(kind, name)| (*name, kind)));
    for (LocatorBytes(name), kind) in names {
        assert_eq!(find(&bytes, &name), None, "no printed name");
        let segment = forms::segment(*kind, &LocatorBytes(name));
        assert_eq!(find(&bytes, segment.as_bytes()), None, "no printed name");
    }
    for seen in [&made, &lone] {
        assert_eq!(find(&bytes, forms::short(&seen.short).as_bytes()), None, "no short name");
        assert_eq!(find(&bytes, &seen.short.0), None, "no short name");
    }
    // The search does see what is there.
    let row = world.reusable_row(made.number).unwrap();
    for there in [row.salt.as_bytes().as_slice(), row.details.as_bytes(), b"0005", b"key of one"] {
        assert_eq!(find(&bytes, there), Some("raw"));
    }
}

#[test]
fn nothing_clear_is_printed_by_what_passes_through() {
    let world = World::new();
    let made = world.reusable(&offered(HOLDER));
    let conflict = world.conflict(&offered(OTHER)).locator;
    let view = run(world.vault.read_reusable(tenant(1), made.number)).unwrap();
    let waiting = run(world.vault.read_conflict(&act(), &conflict)).unwrap();
    let revealed = run(world.vault.reveal_reusable(&act(), made.number, "test", LONG)).unwrap();
    let mut shown = format!("{view:?} {waiting:?} {revealed:?}");
    writeln!(shown, "{:?} {:?}", facts(HOLDER), world.reusable_row(made.number)).unwrap();
    for mark in [AMEX, HOLDER, OTHER, NAMESPACE, WORDS] {
        assert_eq!(find(shown.as_bytes(), mark.as_bytes()), None, "{mark} in {shown}");
    }
    for there in ["ReusableView", "Conflict", "RevealedReusable", "CardFacts", "ReusableRow", "0005"] {
        assert!(shown.contains(there), "{there} was looked at");
    }
}

#[test]
fn equal_cards_of_two_namespaces_look_different() {
    let world = World::new();
    let made =
        ["a", "b"].map(|namespace| world.reusable(&Offer { namespace: Some(namespace), ..offered(HOLDER) }));
    let [one, two] = made.map(|seen| world.reusable_row(seen.number).unwrap());
    assert_ne!(one.salt, two.salt);
    assert_ne!(one.protected, two.protected);
    assert_ne!(one.details, two.details);
    assert_eq!(one.protected.as_bytes().len(), two.protected.as_bytes().len());
}
