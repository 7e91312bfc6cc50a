//! What lies in the store tells nothing: no number, no code, no name, no token, in any form.

use std::fmt::Write;

use coffer_core::store::{Position, Store, TokenState};
use coffer_crypto::{Blob, LocatorBytes};

use crate::support::{AMEX, World, act, card, find, run};

const CVV: &str = "9173";
const NAME: &str = "Markworthy";
const CUSTOMER: &str = "customer-of-note";

/// Everything that the store gives out about these records, as `Debug` shows it and byte by byte.
fn dump(world: &World, tokens: &[LocatorBytes], instruments: &[LocatorBytes]) -> Vec<u8> {
    let mut out = Vec::new();
    for token in tokens {
        let row = world.token_row(token).unwrap();
        out.extend(format!("{row:?}").bytes());
        out.extend(row.salt.as_bytes());
        out.extend(row.details.as_bytes());
        if let TokenState::Live { card, sad } = &row.state {
            out.extend(card.as_bytes());
            out.extend(sad.iter().flat_map(Blob::as_bytes));
        }
    }
    for id in instruments {
        let row = world.instrument_row(id);
        out.extend(format!("{row:?}").bytes());
        out.extend(row.fingerprint.as_bytes());
        out.extend([row.salt.as_bytes().as_slice(), row.card.as_bytes(), row.details.as_bytes()].concat());
    }
    for row in run(world.model.keys()).unwrap() {
        out.extend(format!("{row:?}").bytes());
        out.extend(row.wrapped.0);
    }
    for frame in run(world.model.frames(Position(0), u32::MAX)).unwrap() {
        out.extend(format!("{frame:?}").bytes());
        out.extend(frame.records);
    }
    // The whole store once more, as its own `Debug` sees it: unique keys and counters too.
    out.extend(format!("{:?}", world.model).bytes());
    out
}

#[test]
fn rows_keys_and_frames_hold_nothing_clear() {
    let world = World::new();
    let live = world.create(&act(), &card(AMEX, Some(CVV), NAME));
    let redeemed = world.create(&act(), &card(AMEX, Some(CVV), NAME));
    world.redeem(&redeemed).unwrap();
    let exchanged = world.create(&act(), &card(AMEX, Some(CVV), NAME));
    let (instrument, _) = world.exchange(&act(), &exchanged, CUSTOMER).unwrap();
    let number = world.vault.locate_instrument(&instrument.locator).unwrap().1;
    run(world.vault.reveal(&act(), number, "chargeback")).unwrap();
    let tokens = [live, redeemed, exchanged];
    let bytes = dump(&world, &tokens, &[instrument.locator]);
    let email = format!("{NAME}@example.com");
    for mark in [AMEX, CVV, NAME, &email, CUSTOMER] {
        assert_eq!(find(&bytes, mark.as_bytes()), None, "{mark}");
    }
    for locator in tokens.iter().chain([&instrument.locator]) {
        assert_eq!(find(&bytes, &locator.0), None, "no printed token");
        assert_eq!(find(&bytes, coffer_crypto::forms::grouped(locator).as_bytes()), None, "no printed token");
    }
    // The search does see what is there.
    let row = world.token_row(&live).unwrap();
    for there in
        [row.salt.as_bytes().as_slice(), row.details.as_bytes(), b"0005", b"chargeback", b"key of one"]
    {
        assert_eq!(find(&bytes, there), Some("raw"));
    }
}

#[test]
fn nothing_clear_is_printed_by_what_passes_through() {
    let world = World::new();
    let new = card(AMEX, Some(CVV), NAME);
    let token = world.create(&act(), &new);
    let redeemed = run(world.vault.redeem(&act(), world.number(&token), |redeemed| format!("{redeemed:?}")));
    let mut shown = format!("{new:?} {:?} {token:?} {}", world.vault, redeemed.unwrap());
    let token = world.create(&act(), &new);
    let view = run(world.vault.read_token(act().tenant, &token)).unwrap();
    writeln!(shown, "{view:?}").unwrap();
    let (seen, _) = world.exchange(&act(), &token, CUSTOMER).unwrap();
    let view = run(world.vault.read_instrument(act().tenant, &seen.locator)).unwrap();
    writeln!(shown, "{view:?}").unwrap();
    let number = world.vault.locate_instrument(&seen.locator).unwrap().1;
    let revealed = run(world.vault.reveal(&act(), number, "chargeback")).unwrap();
    writeln!(shown, "{revealed:?}").unwrap();
    for mark in [AMEX, CVV, NAME, CUSTOMER] {
        assert_eq!(find(shown.as_bytes(), mark.as_bytes()), None, "{mark} in {shown}");
    }
    for there in ["NewToken", "TokenView", "InstrumentView", "Revealed", "0005"] {
        assert!(shown.contains(there), "{there} was looked at");
    }
}

#[test]
fn equal_cards_look_different() {
    let world = World::new();
    let rows =
        [(); 2].map(|()| world.token_row(&world.create(&act(), &card(AMEX, Some(CVV), NAME))).unwrap());
    let [one, two] = &rows;
    assert_ne!(one.salt, two.salt);
    assert_ne!(one.details, two.details);
    let TokenState::Live { card: first, sad: first_sad } = &one.state else { panic!("live") };
    let TokenState::Live { card: second, sad: second_sad } = &two.state else { panic!("live") };
    assert_ne!(first, second);
    assert_ne!(first_sad, second_sad);
}

#[test]
fn every_card_and_code_is_equally_long() {
    let world = World::new();
    let lengths = |pan: &str, cvv: &str| {
        let row = world.token_row(&world.create(&act(), &card(pan, Some(cvv), NAME))).unwrap();
        let TokenState::Live { card, sad: Some(sad) } = row.state else { panic!("live, with a code") };
        (card.as_bytes().len(), sad.as_bytes().len())
    };
    assert_eq!(lengths(AMEX, "9173"), lengths("4222222222222", "917"));
}
