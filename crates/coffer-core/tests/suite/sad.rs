//! The two promises for sensitive authentication data: gone from the row at its use, and opened by nothing on any
//! disk 31 minutes after it came in.

use std::{fs, path::Path, sync::Arc};

use coffer_core::{
    Clock, RedeemError,
    store::{InstrumentRow, Outcome, Position, Store, TokenRow, TokenState},
};
use coffer_crypto::{Blob, LocatorBytes};

use crate::support::{Double, LIFE, MINUTE, Setup, Step, VISA, World, act, at, card, clear, find, run};

type Given = Result<(String, Option<String>), RedeemError>;

fn with_code() -> (String, Option<String>) {
    (VISA.to_owned(), Some("123".to_owned()))
}

fn blobs(world: &World, token: &LocatorBytes) -> (Blob, Option<Blob>) {
    match world.token_row(token).unwrap().state {
        TokenState::Live { protected, sad } => (protected, sad),
        TokenState::Used { .. } | TokenState::Expired => panic!("the token is live"),
    }
}

#[test]
fn after_its_use_a_row_has_neither_card_nor_code() {
    type Use = fn(&World, &LocatorBytes);
    let uses: [Use; 2] = [
        |world, token| drop(world.redeem(token).unwrap()),
        |world, token| drop(world.exchange(&act(), token, "customer").unwrap()),
    ];
    for use_up in uses {
        let world = World::new();
        let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
        let (card, sad) = blobs(&world, &token);
        let before = world.token_row(&token).unwrap();
        use_up(&world, &token);
        let after = world.token_row(&token).unwrap();
        assert_eq!(after.state, TokenState::Used { at: at(0) });
        assert_eq!(after.generation.get(), 2);
        assert_ne!(after.salt, before.salt, "every write has a salt of its own");
        assert_ne!(after.details, before.details);
        let everything = format!("{after:?}").into_bytes();
        let everything =
            [everything, after.salt.as_bytes().to_vec(), after.details.as_bytes().to_vec()].concat();
        for blob in [card, sad.unwrap()] {
            assert_eq!(find(&everything, blob.as_bytes()), None);
        }
    }
}

#[test]
fn an_instrument_has_no_place_for_a_code() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let (card_blob, sad) = blobs(&world, &token);
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    // Named one by one: a new field makes somebody look here.
    let InstrumentRow {
        number: _,
        tenant: _,
        generation: _,
        created_at: _,
        updated_at: _,
        face: _,
        fingerprint: _,
        salt: _,
        protected,
        details,
    } = world.instrument_row(&seen.locator);
    for blob in [protected, details] {
        assert_eq!(find(blob.as_bytes(), sad.as_ref().unwrap().as_bytes()), None);
        assert_eq!(find(blob.as_bytes(), card_blob.as_bytes()), None);
    }
    let number = world.vault.locate_instrument(&seen.locator).unwrap().1;
    let revealed = run(world.vault.reveal(&act(), number, "chargeback")).unwrap();
    assert_eq!(clear(&revealed.clear), (VISA.to_owned(), None));
}

/// What somebody gets who holds the store with a copy of the row from before the sweep, the root key and a ring file,
/// and sets the clock as he likes. The store stays as it is.
fn attack(world: &World, row: &TokenRow, ring: &Path, minutes: i64) -> Given {
    let store = Double::over(&world.model);
    store.on_commit(|_| Step::Answer(Ok(Outcome::Done(Position(0)))));
    let clock = Arc::new(Clock::stopped(at(minutes * MINUTE)));
    let setup = Setup::over(Arc::clone(&store) as Arc<dyn Store>);
    let vault = Setup { ring: Some(ring.to_owned()), clock, ..setup }.open().unwrap();
    // A tamperer can also write that the token never ends.
    let bent = TokenRow { expires_at: at(1_000 * LIFE), ..row.clone() };
    store.on_token(move |_| bent.clone());
    run(vault.redeem(&act(), row.number, |redeemed| clear(&redeemed.clear)))
}

#[test]
fn nothing_opens_a_code_31_minutes_after_it_came_in() {
    let folder = tempfile::tempdir().unwrap();
    let [path, before, after] = ["ring", "before", "after"].map(|name| folder.path().join(name));
    let world = World::with_ring(Some(path.clone()));
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let copied = world.token_row(&token).unwrap();
    fs::copy(&path, &before).unwrap();
    world.clock.raise_to(at(31 * MINUTE));
    run(world.vault.sweep()).unwrap();
    fs::copy(&path, &after).unwrap();
    assert_eq!(world.redeem(&token), Err(RedeemError::NotUsable));
    assert_eq!(world.token_row(&token).unwrap().state, TokenState::Expired, "the row holds no code either");
    assert!(matches!(copied.state, TokenState::Live { sad: Some(_), .. }), "an older copy of it does");

    let (_, slots) = fs::read(&after).map(|bytes| (bytes[..512].to_vec(), bytes[512..].to_vec())).unwrap();
    assert!(slots.iter().all(|byte| *byte == 0), "no slot holds a key");
    for minutes in [0, 10, 29] {
        let given = attack(&world, &copied, &after, minutes).unwrap();
        assert_eq!(given, (VISA.to_owned(), None), "with the clock at {minutes} minutes");
    }
    // The attack does work while the key lives; and an opening at 31 minutes wipes even the copy.
    assert_eq!(attack(&world, &copied, &before, 10).unwrap(), with_code());
    assert_eq!(attack(&world, &copied, &before, 31), Err(RedeemError::NotUsable));
    assert_eq!(attack(&world, &copied, &before, 10).unwrap(), (VISA.to_owned(), None));
}

#[test]
fn a_bent_row_does_not_lengthen_a_life() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    world.store.on_token(|mut row| {
        row.expires_at = at(1_000 * LIFE);
        row
    });
    world.store.on_commit(|_| Step::Answer(Ok(Outcome::Done(Position(0)))));
    world.clock.raise_to(at(LIFE - 1));
    assert_eq!(
        world.redeem(&token),
        Ok(with_code()),
        "the row says that it never ends, and it has not ended yet"
    );
    world.clock.raise_to(at(LIFE));
    assert_eq!(world.redeem(&token), Err(RedeemError::NotUsable), "the time in its number cannot be bent");
}

#[test]
fn a_code_outlives_a_restart_only_through_the_ring() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let world = World::with_ring(Some(path.clone()));
    let [kept, lost] = [(); 2].map(|()| world.create(&act(), &card(VISA, Some("123"), "Ada")));
    let (model, numbers) = (Arc::clone(&world.model), [kept, lost].map(|token| world.number(&token)));
    drop(world);
    let redeem = |ring, number| {
        let setup = Setup::over(Arc::clone(&model) as Arc<dyn Store>);
        let vault = Setup { ring, ..setup }.open().unwrap();
        run(vault.redeem(&act(), number, |redeemed| clear(&redeemed.clear))).unwrap()
    };
    assert_eq!(redeem(Some(path), numbers[0]), with_code());
    assert_eq!(redeem(None, numbers[1]), (VISA.to_owned(), None));
}
