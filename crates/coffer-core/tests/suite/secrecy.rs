//! What lies in the store tells nothing: no number, no code, no name, no token, in any form.

use std::fmt::Write;

use coffer_core::{
    CustomerPut, DefaultInstrument, Kept, PutCustomer, Who,
    store::{Store, TokenState},
};
use coffer_crypto::{Blob, Fingerprint, LocatorBytes};

use coffer_types::RecordNumber;
use serde_json::value::RawValue;

use crate::support::{
    AMEX, World, account, act, card, find, iban, instrument_of, lines_of, no_own, other, run, token_of,
};

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
        if let TokenState::Live { protected, sad } = &row.state {
            out.extend(protected.as_bytes());
            out.extend(sad.iter().flat_map(Blob::as_bytes));
        }
    }
    for id in instruments {
        let row = world.instrument_row(id);
        out.extend(format!("{row:?}").bytes());
        out.extend(row.fingerprint.iter().flat_map(Fingerprint::as_bytes));
        out.extend(
            [row.salt.as_bytes().as_slice(), row.protected.as_bytes(), row.details.as_bytes()].concat(),
        );
    }
    for row in run(world.model.keys()).unwrap() {
        out.extend(format!("{row:?}").bytes());
        out.extend(row.wrapped.0);
    }
    for frame in run(world.model.frames(None, u32::MAX)).unwrap() {
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
fn accounts_other_methods_and_customers_lie_sealed_too() {
    const ACCOUNT: &str = "000918273645";
    const ROUTING: &str = "021000021";
    const SECRET: &str = "mandate-of-note";
    const PAYER: &str = "payer-of-note";
    const OWN: &str = "own-of-note";
    let world = World::new();
    let secrets = [
        || account(ACCOUNT, ROUTING),
        || iban("GB82WEST12345698765432"),
        || other(Some(PAYER), "{\"mandate\":\"mandate-of-note\"}"),
    ];
    let mut tokens = Vec::new();
    let mut instruments = Vec::new();
    for protected in secrets {
        tokens.push(world.create(&act(), &token_of(protected(), NAME)));
        instruments.push(world.keep(&act(), &instrument_of(protected(), NAME), CUSTOMER).unwrap().0.locator);
        let updating = world.create(&act(), &token_of(protected(), NAME));
        world.update(&act(), instruments.last().unwrap(), Some(&updating), NAME).unwrap();
        tokens.push(updating);
    }
    world.deactivate(&act(), &instruments[0]).unwrap();
    let exchanged = world.create(&act(), &token_of(other(None, "{\"mandate\":\"mandate-of-note\"}"), NAME));
    let own = RawValue::from_string(format!("{{\"field\":\"{OWN}\"}}")).unwrap();
    let put = PutCustomer {
        id: Some(CUSTOMER),
        name: &|_| unreachable!("the id is given"),
        contact: Who::OfToken,
        own: Some(&own),
        default: DefaultInstrument::Token { token: &exchanged, own: &no_own },
    };
    let shown =
        |put: &CustomerPut, kept: Option<&Kept>| (format!("{put:?} {kept:?}"), put.customer.created_at);
    let (shown, _) = run(world.vault.put_customer(&act(), &put, shown)).unwrap();
    let told = lines_of(&*world.model, "customer.create")[0]["object"].as_u64().unwrap();
    let customer = RecordNumber::from_u64(told).unwrap();
    let row = run(world.model.customer(act().tenant, customer)).unwrap().unwrap();
    tokens.push(exchanged);
    let mut bytes = dump(&world, &tokens, &instruments);
    bytes.extend(format!("{row:?} {shown} {:?}", world.revealed(&instruments[2])).bytes());
    bytes.extend([row.salt.as_bytes().as_slice(), row.details.as_bytes()].concat());
    let email = format!("{NAME}@example.com");
    for mark in [ACCOUNT, ROUTING, "WEST12345698765432", SECRET, PAYER, OWN, NAME, &email, CUSTOMER] {
        assert_eq!(find(&bytes, mark.as_bytes()), None, "{mark}");
    }
    assert_eq!(find(&bytes, row.details.as_bytes()), Some("raw"), "the search sees what is there");
    assert!(shown.contains("CustomerView") && shown.contains("Kept"), "{shown}");
}

/// A number of any length is sealed to one length.
#[test]
fn every_account_is_equally_long() {
    let world = World::new();
    let lengths = |protected| {
        let row = world.token_row(&world.create(&act(), &token_of(protected, NAME))).unwrap();
        let TokenState::Live { protected, .. } = row.state else { panic!("live") };
        protected.as_bytes().len()
    };
    assert_eq!(lengths(account("1", "021000021")), lengths(account("00091827364500091", "021000021")));
    assert_eq!(lengths(iban("NO9386011117947")), lengths(iban("GB82WEST12345698765432")));
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
    let TokenState::Live { protected: first, sad: first_sad } = &one.state else { panic!("live") };
    let TokenState::Live { protected: second, sad: second_sad } = &two.state else { panic!("live") };
    assert_ne!(first, second);
    assert_ne!(first_sad, second_sad);
}

#[test]
fn every_card_and_code_is_equally_long() {
    let world = World::new();
    let lengths = |pan: &str, cvv: &str| {
        let row = world.token_row(&world.create(&act(), &card(pan, Some(cvv), NAME))).unwrap();
        let TokenState::Live { protected, sad: Some(sad) } = row.state else { panic!("live, with a code") };
        (protected.as_bytes().len(), sad.as_bytes().len())
    };
    assert_eq!(lengths(AMEX, "9173"), lengths("4222222222222", "917"));
}
