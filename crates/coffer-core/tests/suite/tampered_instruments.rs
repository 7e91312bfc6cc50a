//! Instrument rows and unique keys that somebody changed in the store.

use coffer_core::{ExchangeError, Refused, RevealError, store::InstrumentRow};
use coffer_crypto::{Blob, LocatorBytes, Salt};
use coffer_types::{Generation, RecordNumber};
use serde_json::Value;

use crate::support::{MASTERCARD, VISA, World, act, card, clear, run, tenant};

fn flipped(blob: &Blob, byte: usize) -> Blob {
    let mut bytes = blob.as_bytes().to_vec();
    bytes[byte] ^= 1 << (byte % 8);
    Blob::from_bytes(bytes)
}

/// Two instruments of two customers and a token of the first card; reads of the first instrument are changed.
struct Case {
    world: World,
    mine: LocatorBytes,
    token: LocatorBytes,
    row: InstrumentRow,
    /// The first instrument as it was before its last update.
    old: InstrumentRow,
    other: InstrumentRow,
    details: Value,
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let store = |pan: &str, name: &str, customer: &str| {
            let token = world.create(&act(), &card(pan, None, name));
            world.exchange(&act(), &token, customer).unwrap().0
        };
        let mine = store(VISA, "Grace", "first");
        let old = world.instrument_row(&mine.locator);
        let details = store(VISA, "Ada", "first").details;
        let theirs = store(MASTERCARD, "Edith", "second");
        let [row, other] = [mine.locator, theirs.locator].map(|id| world.instrument_row(&id));
        let token = world.create(&act(), &card(VISA, None, "Ada"));
        Self { world, mine: mine.locator, token, row, old, other, details }
    }

    fn tamper(&self, changed: InstrumentRow) {
        let number = self.row.number;
        assert_ne!(changed, self.row, "the change changes something");
        self.world.store.on_instrument(move |row| if row.number == number { changed.clone() } else { row });
    }

    fn read_refuses(&self) -> bool {
        match run(self.world.vault.read_instrument(tenant(1), &self.mine)) {
            Ok(view) => {
                assert_eq!(serde_json::to_value(&view.unwrap().details).unwrap(), self.details);
                false
            }
            Err(refused) => refused == Refused::Unavailable,
        }
    }

    fn refuses_reveal(&self) {
        let error = run(self.world.vault.reveal(&act(), self.row.number, "test")).unwrap_err();
        assert_eq!(error, RevealError::Refused(Refused::Unavailable));
    }

    fn refuses_exchange(&self) {
        let refused = Err(ExchangeError::Refused(Refused::Unavailable));
        assert_eq!(self.world.exchange(&act(), &self.token, "first"), refused);
    }

    /// Without the change everything is as it was, and the token was not used up.
    fn is_unharmed(&self) {
        self.world.store.heal();
        assert_eq!(self.world.instrument_row(&self.mine), self.row);
        let revealed = run(self.world.vault.reveal(&act(), self.row.number, "test")).unwrap();
        assert_eq!(clear(&revealed.clear).0, VISA);
        let theirs = run(self.world.vault.reveal(&act(), self.other.number, "test")).unwrap();
        assert_eq!(clear(&theirs.clear).0, MASTERCARD);
        let (seen, updated) = self.world.exchange(&act(), &self.token, "first").unwrap();
        assert!(updated && seen.locator == self.mine);
    }
}

#[test]
fn a_row_that_is_not_wholly_its_own_is_refused_at_every_door() {
    type Change = fn(&Case) -> InstrumentRow;
    let changes: [(&str, Change); 10] = [
        ("details of another", |case| InstrumentRow {
            details: case.other.details.clone(),
            ..case.row.clone()
        }),
        ("salt of another", |case| InstrumentRow { salt: case.other.salt.clone(), ..case.row.clone() }),
        ("everything of another", |case| InstrumentRow { number: case.row.number, ..case.other.clone() }),
        ("another's number", |case| InstrumentRow { number: case.other.number, ..case.row.clone() }),
        ("an unknown number", |case| InstrumentRow { number: RecordNumber::MAX, ..case.row.clone() }),
        ("another tenant", |case| InstrumentRow { tenant: tenant(2), ..case.row.clone() }),
        ("a tenant without keys", |case| InstrumentRow { tenant: tenant(77), ..case.row.clone() }),
        ("an older generation's number", |case| InstrumentRow {
            generation: Generation::FIRST,
            ..case.row.clone()
        }),
        ("an older generation's content", |case| InstrumentRow {
            generation: case.row.generation,
            ..case.old.clone()
        }),
        ("an older generation's details", |case| InstrumentRow {
            details: case.old.details.clone(),
            ..case.row.clone()
        }),
    ];
    for (name, change) in changes {
        let case = Case::new();
        case.tamper(change(&case));
        assert!(case.read_refuses(), "{name}");
        case.refuses_reveal();
        case.refuses_exchange();
        case.is_unharmed();
    }
}

#[test]
fn another_card_is_never_given_out() {
    let case = Case::new();
    let cards =
        [&case.other.protected, &case.old.protected, &case.row.details, &Blob::from_bytes(Vec::new())]
            .map(Blob::clone);
    for card in cards {
        case.tamper(InstrumentRow { protected: card, ..case.row.clone() });
        assert!(!case.read_refuses(), "the details are still its own");
        case.refuses_reveal();
        case.refuses_exchange();
    }
    case.is_unharmed();
}

#[test]
fn every_flipped_bit_is_noticed() {
    let case = Case::new();
    for byte in 0..case.row.protected.as_bytes().len() {
        case.tamper(InstrumentRow { protected: flipped(&case.row.protected, byte), ..case.row.clone() });
        case.refuses_reveal();
        case.refuses_exchange();
    }
    for byte in 0..case.row.details.as_bytes().len() {
        case.tamper(InstrumentRow { details: flipped(&case.row.details, byte), ..case.row.clone() });
        assert!(case.read_refuses());
        case.refuses_reveal();
        case.refuses_exchange();
    }
    for byte in 0..32 {
        let mut salt = *case.row.salt.as_bytes();
        salt[byte] ^= 1 << (byte % 8);
        case.tamper(InstrumentRow { salt: Salt::from_bytes(salt), ..case.row.clone() });
        assert!(case.read_refuses());
        case.refuses_reveal();
        case.refuses_exchange();
    }
    case.is_unharmed();
}

#[test]
fn a_whole_old_row_does_not_overwrite_a_newer_one() {
    let case = Case::new();
    case.tamper(case.old.clone());
    let result = case.world.exchange(&act(), &case.token, "first");
    assert_eq!(result, Err(ExchangeError::Refused(Refused::Contended)), "the commit knows the generation");
    case.is_unharmed();
}

#[test]
fn a_unique_key_that_was_bent_to_another_instrument_changes_neither() {
    let case = Case::new();
    let other = case.other.number;
    case.world.store.on_holder(move |_| other);
    case.refuses_exchange();
    case.world.store.heal();
    let theirs = run(coffer_core::store::Store::instrument(&*case.world.model, tenant(1), other)).unwrap();
    assert_eq!(theirs, Some(case.other.clone()));
    case.is_unharmed();
}

#[test]
fn a_unique_key_that_was_bent_to_the_same_card_of_another_customer_changes_neither() {
    let case = Case::new();
    let token = case.world.create(&act(), &card(VISA, None, "Edith"));
    let (theirs, updated) = case.world.exchange(&act(), &token, "second").unwrap();
    assert!(!updated);
    let number = case.world.vault.locate_instrument(&theirs.locator).unwrap().1;
    case.world.store.on_holder(move |_| number);
    case.refuses_exchange();
    case.is_unharmed();
}

#[test]
fn a_unique_key_that_leads_nowhere_is_refused() {
    let case = Case::new();
    case.world.store.on_holder(|_| RecordNumber::MAX);
    case.refuses_exchange();
    case.is_unharmed();
}
