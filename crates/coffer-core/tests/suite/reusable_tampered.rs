//! Rows of reusable tokens and their unique keys that somebody changed in the store.

use coffer_core::{
    Refused, ReusableError, RevealReusableError, TokenizeError,
    store::{IndexKind, Put, ReusableRow, Row, Store, TokenKind, UniqueKey, Unit},
};
use coffer_crypto::{Blob, LocatorKind, Salt};
use coffer_types::{Generation, RecordNumber};

use crate::support::{
    DAY, MASTERCARD, Offer, ReusableSeen, SHORT, Step, VISA, World, act, at, facts, lines_of, offer_in, pan,
    run, tenant,
};

const SHUT: Refused = Refused::Unavailable;

fn flipped(blob: &Blob, byte: usize) -> Blob {
    let mut bytes = blob.as_bytes().to_vec();
    bytes[byte] ^= 1 << (byte % 8);
    Blob::from_bytes(bytes)
}

/// Two tokens of one namespace; what is read of the first is changed.
struct Case {
    world: World,
    mine: ReusableSeen,
    row: ReusableRow,
    /// The first token as it was before its last update.
    old: ReusableRow,
    other: ReusableRow,
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let mine = world.reusable(&offer_in("a", VISA));
        let old = world.reusable_row(mine.number).unwrap();
        world.change(mine.number, facts("Grace")).unwrap();
        let theirs = world.reusable(&offer_in("a", MASTERCARD));
        let [row, other] = [mine.number, theirs.number].map(|number| world.reusable_row(number).unwrap());
        let mine = world.read(mine.number).unwrap();
        Self { world, mine, row, old, other }
    }

    fn tamper(&self, changed: ReusableRow) {
        let number = self.row.number;
        assert_ne!(changed, self.row, "the change changes something");
        self.world.store.on_reusable(move |row| if row.number == number { changed.clone() } else { row });
    }

    fn offered() -> Offer<'static> {
        Offer { facts: facts("Grace"), ..offer_in("a", VISA) }
    }

    fn refuses_reveal(&self, name: &str) {
        let error = self.world.open_card(self.row.number, SHORT).unwrap_err();
        assert_eq!(error, RevealReusableError::Refused(SHUT), "{name}");
    }

    fn refuses_changes(&self, name: &str) {
        let (world, number) = (&self.world, self.row.number);
        let refused = Err(TokenizeError::Refused(SHUT));
        assert_eq!(world.tokenize(&act(), &Self::offered()), refused, "{name}");
        assert_eq!(world.describe(number, "words"), Err(ReusableError::Refused(SHUT)), "{name}");
        assert_eq!(world.delete(number), Err(ReusableError::Refused(SHUT)), "{name}");
    }

    fn refuses_reads(&self, name: &str) {
        let vault = &self.world.vault;
        assert_eq!(run(vault.read_reusable(tenant(1), self.row.number)).unwrap_err(), SHUT, "{name}");
        // A list leaves it out: the others of the namespace are not troubled.
        let listed = run(vault.read_namespace(tenant(1), "a")).unwrap();
        assert!(listed.iter().all(|view| view.number != self.row.number), "{name}");
    }

    /// Without the change everything is as it was.
    fn is_unharmed(&self) {
        self.world.store.heal();
        assert_eq!(self.world.reusable_row(self.row.number), Some(self.row.clone()));
        assert_eq!(self.world.reusable_row(self.other.number), Some(self.other.clone()));
        let opened = self.world.open_card(self.row.number, SHORT).unwrap();
        assert_eq!(opened, (VISA.to_owned(), self.mine.clone()));
        assert_eq!(self.world.open_card(self.other.number, SHORT).unwrap().0, MASTERCARD);
        assert_eq!(self.world.tokenize(&act(), &Self::offered()).unwrap().matched(), self.mine);
    }
}

#[test]
fn a_row_that_is_not_wholly_its_own_is_refused_at_every_door() {
    type Change = fn(&Case) -> ReusableRow;
    let changes: [(&str, Change); 10] = [
        ("details of another", |case| ReusableRow {
            details: case.other.details.clone(),
            ..case.row.clone()
        }),
        ("salt of another", |case| ReusableRow { salt: case.other.salt.clone(), ..case.row.clone() }),
        ("everything of another", |case| ReusableRow { number: case.row.number, ..case.other.clone() }),
        ("another's number", |case| ReusableRow { number: case.other.number, ..case.row.clone() }),
        ("an unknown number", |case| ReusableRow { number: RecordNumber::MAX, ..case.row.clone() }),
        ("another tenant", |case| ReusableRow { tenant: tenant(2), ..case.row.clone() }),
        ("a tenant without keys", |case| ReusableRow { tenant: tenant(77), ..case.row.clone() }),
        ("an older generation's number", |case| ReusableRow {
            generation: Generation::FIRST,
            ..case.row.clone()
        }),
        ("an older generation's content", |case| ReusableRow {
            generation: case.row.generation,
            ..case.old.clone()
        }),
        ("an older generation's details", |case| ReusableRow {
            details: case.old.details.clone(),
            ..case.row.clone()
        }),
    ];
    for (name, change) in changes {
        let case = Case::new();
        case.tamper(change(&case));
        case.refuses_reads(name);
        case.refuses_reveal(name);
        case.refuses_changes(name);
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
        case.tamper(ReusableRow { protected: card, ..case.row.clone() });
        assert_eq!(case.world.read(case.row.number).as_ref(), Some(&case.mine), "details are still its own");
        case.refuses_reveal("another card");
        case.refuses_changes("another card");
    }
    case.is_unharmed();
}

#[test]
fn every_flipped_bit_is_noticed() {
    let case = Case::new();
    for byte in 0..case.row.protected.as_bytes().len() {
        case.tamper(ReusableRow { protected: flipped(&case.row.protected, byte), ..case.row.clone() });
        case.refuses_reveal("protected");
        case.refuses_changes("protected");
    }
    for byte in 0..case.row.details.as_bytes().len() {
        case.tamper(ReusableRow { details: flipped(&case.row.details, byte), ..case.row.clone() });
        case.refuses_reads("details");
        case.refuses_reveal("details");
        case.refuses_changes("details");
    }
    for byte in 0..32 {
        let mut salt = *case.row.salt.as_bytes();
        salt[byte] ^= 1 << (byte % 8);
        case.tamper(ReusableRow { salt: Salt::from_bytes(salt), ..case.row.clone() });
        case.refuses_reads("salt");
        case.refuses_reveal("salt");
        case.refuses_changes("salt");
    }
    case.is_unharmed();
}

#[test]
fn the_clear_face_and_fingerprint_decide_nothing() {
    let case = Case::new();
    let (face, fingerprint) = (case.other.face, case.other.fingerprint);
    case.tamper(ReusableRow { face, fingerprint, ..case.row.clone() });
    assert_eq!(case.world.open_card(case.row.number, SHORT).unwrap().0, VISA);
    case.world.delete(case.row.number).unwrap();
    case.world.store.heal();
    assert_eq!(case.world.in_namespace("a"), [case.other.number], "its own keys were freed");
    case.world.reusable(&Case::offered());
    assert_eq!(case.world.open_card(case.other.number, SHORT).unwrap().0, MASTERCARD);
}

/// Changes the row in the store itself.
fn bend(world: &World, number: RecordNumber, change: impl FnOnce(ReusableRow) -> ReusableRow) {
    let before = world.reusable_row(number).unwrap();
    let key = before.key();
    let (generation, row) = (before.generation, change(before));
    let erased = Unit::build(number, at(0)).erase(key, generation).finish();
    world.model.apply(&erased).unwrap();
    world.model.apply(&Unit::build(number, at(0)).insert(row).finish()).unwrap();
}

#[test]
fn an_end_that_was_brought_forward_ends_nothing_and_is_put_right() {
    let case = Case::new();
    let (world, number) = (&case.world, case.row.number);
    bend(world, number, |row| ReusableRow { ends_at: at(5), ..row });
    world.clock.raise_to(at(DAY));
    assert_eq!(world.read(number).as_ref(), Some(&case.mine));
    let lines = world.lines();
    world.sweep_all();
    assert_eq!(world.read(number).as_ref(), Some(&case.mine));
    let row = world.reusable_row(number).unwrap();
    assert_eq!((row.ends_at, row.generation.get()), (case.mine.ends_at, 3));
    assert_eq!(world.lines(), lines, "nothing ended");
    assert_eq!(world.open_card(number, SHORT), Ok((VISA.to_owned(), case.mine.clone())));
    assert_eq!(world.tokenize(&act(), &Case::offered()).unwrap().matched(), case.mine);
}

#[test]
fn an_end_that_was_put_off_gives_no_time() {
    let case = Case::new();
    let (world, number) = (&case.world, case.row.number);
    bend(world, number, |row| ReusableRow { ends_at: at(9_000 * DAY), ..row });
    world.clock.raise_to(at(90 * DAY - 1));
    assert!(world.read(number).is_some());
    world.clock.raise_to(at(90 * DAY));
    world.sweep_all();
    assert!(world.reusable_row(number).is_some(), "the sweep does not know");
    assert_eq!(world.read(number), None);
    assert_eq!(world.in_namespace("a"), []);
    assert_eq!(world.open_card(number, SHORT), Err(RevealReusableError::Unknown));
    assert_eq!(world.describe(number, "words"), Err(ReusableError::Unknown));
    let again = world.reusable(&Case::offered());
    assert_ne!(again.number, number);
    assert_eq!(world.reusable_row(number), None, "it made way");
    assert_eq!(lines_of(&*world.model, "reusable.expire").len(), 2);
}

#[test]
fn a_row_that_does_not_open_holds_up_no_other() {
    let world = World::new();
    let lone = |index| {
        let pan = pan(index);
        world.reusable(&Offer { ends_at: Some(at(DAY + i64::from(index))), ..offer_in("a", &pan) }).number
    };
    let numbers: Vec<_> = (0..5).map(|index| lone(index * 1_000)).collect();
    let blob = world.reusable_row(numbers[1]).unwrap().details;
    bend(&world, numbers[0], |row| ReusableRow { details: blob, ..row });
    world.clock.raise_to(at(2 * DAY));
    for _ in 0..2 {
        world.sweep_all();
        let left: Vec<_> = numbers.iter().filter(|number| world.reusable_row(**number).is_some()).collect();
        assert_eq!(left, [&numbers[0]]);
    }
}

/// The unique keys of a kind that a token took when it was made.
fn keys_of(kind: IndexKind, make: impl FnOnce(&World)) -> (World, Vec<UniqueKey>) {
    let world = World::new();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = std::sync::Arc::clone(&seen);
    world.store.on_commit(move |unit| {
        for put in unit.puts() {
            if let Put::Insert(Row::Index { key, .. }) = put
                && key.kind == kind
            {
                sink.lock().unwrap().push(*key);
            }
        }
        Step::Pass
    });
    make(&world);
    world.store.heal();
    let keys = seen.lock().unwrap().clone();
    (world, keys)
}

/// Lets the first key lead where the second leads.
fn point(world: &World, key: UniqueKey, holder: RecordNumber) {
    let unit = Unit::build(holder, at(0)).free_key(key).finish();
    world.model.apply(&unit).unwrap();
    world.model.apply(&Unit::build(holder, at(0)).insert(Row::Index { key, holder }).finish()).unwrap();
}

#[test]
fn a_card_whose_key_was_bent_to_another_token_is_refused_and_neither_changes() {
    for namespace in ["a", "b"] {
        let (world, keys) = keys_of(IndexKind::ReusableCard, |world| {
            world.reusable(&offer_in("a", VISA));
            world.reusable(&offer_in(namespace, if namespace == "a" { MASTERCARD } else { VISA }));
        });
        let holders: Vec<_> =
            keys.iter().map(|key| run(world.model.holder(*key)).unwrap().unwrap()).collect();
        let rows: Vec<_> = holders.iter().map(|number| world.reusable_row(*number)).collect();
        point(&world, keys[0], holders[1]);
        for facts in [facts("Ada"), facts("Grace")] {
            let refused = world.tokenize(&act(), &Offer { facts, ..offer_in("a", VISA) });
            assert_eq!(refused, Err(TokenizeError::Refused(SHUT)));
        }
        assert_eq!(holders.iter().map(|number| world.reusable_row(*number)).collect::<Vec<_>>(), rows);
        assert_eq!(world.open_card(holders[0], SHORT).unwrap().0, VISA);
    }
}

#[test]
fn a_key_that_leads_nowhere_is_refused() {
    let case = Case::new();
    case.world.store.on_holder(|_| RecordNumber::MAX);
    let refused = case.world.tokenize(&act(), &Case::offered());
    assert_eq!(refused, Err(TokenizeError::Refused(SHUT)));
    case.is_unharmed();
}

#[test]
fn a_place_that_was_bent_to_a_token_of_another_namespace_shows_nothing() {
    let (world, keys) = keys_of(IndexKind::NamespacePlace, |world| {
        for index in 0..16 {
            world.reusable(&offer_in("full", &pan(index)));
        }
        world.reusable(&offer_in("other", VISA));
    });
    let other = run(world.model.holder(keys[16])).unwrap().unwrap();
    let second = run(world.model.holder(keys[1])).unwrap().unwrap();
    let own = run(world.model.holder(keys[0])).unwrap().unwrap();
    // Of another namespace, and of another place of the same.
    for holder in [other, second] {
        point(&world, keys[0], holder);
        assert_eq!(world.in_namespace("full").len(), 15, "the place is taken, and shows nothing");
        let refused = world.tokenize(&act(), &offer_in("full", MASTERCARD));
        assert_eq!(refused, Err(TokenizeError::NamespaceFull));
        assert_eq!(world.in_namespace("other"), [other], "the others are not troubled");
    }
    point(&world, keys[0], own);
    assert_eq!(world.in_namespace("full").len(), 16);
    assert_eq!(world.tokenize(&act(), &offer_in("full", MASTERCARD)), Err(TokenizeError::NamespaceFull));
}

#[test]
fn a_conflict_that_was_bent_is_refused_and_writes_nothing() {
    let case = Case::new();
    let world = &case.world;
    let mine = world.conflict(&Offer { facts: facts("Edith"), ..offer_in("a", VISA) }).locator;
    let theirs = world.conflict(&Offer { facts: facts("Joan"), ..offer_in("a", MASTERCARD) }).locator;
    let [mine_at, theirs_at] =
        [mine, theirs].map(|name| world.vault.locate(LocatorKind::Conflict, &name).unwrap().1);
    let other = run(world.model.token(tenant(1), theirs_at)).unwrap().unwrap();
    for whole in [false, true] {
        let (other, mine_at) = (other.clone(), mine_at);
        world.store.on_token(move |mut row| {
            if row.number == mine_at {
                row.details.clone_from(&other.details);
                if whole {
                    (row.salt, row.state) = (other.salt.clone(), other.state.clone());
                }
            }
            row
        });
        assert_eq!(run(world.vault.read_conflict(&act(), &mine)).unwrap_err(), SHUT);
        assert_eq!(world.resolve(&mine), Err(ReusableError::Refused(SHUT)));
    }
    world.store.heal();
    world.store.on_token(|mut row| {
        row.kind = TokenKind::SingleUse;
        row
    });
    assert_eq!(world.resolve(&mine), Err(ReusableError::Unknown));
    world.store.heal();
    assert_eq!(world.reusable_row(case.row.number), Some(case.row.clone()));
    assert_eq!(world.resolve(&mine), Ok(()));
    assert_eq!(world.resolve(&theirs), Ok(()));
}

/// Times are clear, and what bounds a conflict whose end was put off is the time in its number.
#[test]
fn a_conflict_whose_end_was_put_off_ends_all_the_same() {
    let case = Case::new();
    let conflict = case.world.conflict(&Offer { facts: facts("Edith"), ..offer_in("a", VISA) }).locator;
    case.world.store.on_token(|mut row| {
        row.expires_at = at(9 * DAY);
        row
    });
    case.world.clock.raise_to(at(30 * 60_000));
    assert_eq!(case.world.resolve(&conflict), Err(ReusableError::Unknown));
    assert_eq!(case.world.read_conflict(&conflict), None);
}
