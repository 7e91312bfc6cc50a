//! Lists: pages newest first, and walks that show a tenant's instruments and end at a bound.

use coffer_core::{Page, Protected, TokenView, Walk, WalkError, lifecycle::TokenStage, store::StoreError};
use coffer_crypto::LocatorBytes;
use coffer_types::{Pan, RecordNumber, limits};

use crate::support::{
    AMEX, DAY, MASTERCARD, MINUTE, VISA, World, act, act_of_two, at, card, instrument_of, other, run,
    run_in_steps, tenant,
};

fn locators(page: &Page<TokenView>) -> Vec<LocatorBytes> {
    page.items.iter().map(|view| view.locator).collect()
}

/// A page of tokens: how many there are in all, and the locators.
fn tokens(world: &World, number: u32, skip: u32, at_most: u32) -> (u64, Vec<LocatorBytes>) {
    let page = run_in_steps(world.vault.list_tokens(tenant(number), skip, at_most)).unwrap();
    (page.total, locators(&page))
}

fn instruments(world: &World, number: u32, skip: u32, at_most: u32) -> (u64, Vec<LocatorBytes>) {
    let page = run_in_steps(world.vault.list_instruments(tenant(number), skip, at_most)).unwrap();
    (page.total, page.items.iter().map(|view| view.locator).collect())
}

/// Instruments of tenant 1, a minute apart, the newest first; every other one is of the customer "even".
fn stored(world: &World, count: i64) -> Vec<LocatorBytes> {
    let mut made: Vec<_> = (0..count)
        .map(|minute| {
            world.clock.raise_to(at(minute * MINUTE));
            let customer = if minute % 2 == 0 { "even" } else { "odd" };
            let new = instrument_of(other(None, "{}"), "Ada");
            world.keep(&act(), &new, customer).unwrap().0.locator
        })
        .collect();
    made.reverse();
    made
}

#[test]
fn tokens_come_newest_first_with_their_number() {
    let world = World::new();
    assert_eq!(tokens(&world, 1, 0, 10), (0, Vec::new()));
    let mut made: Vec<_> =
        [VISA, MASTERCARD, AMEX].map(|pan| world.create(&act(), &card(pan, Some("123"), "Ada"))).to_vec();
    let theirs = world.create(&act_of_two(), &card(VISA, None, "Ada"));
    world.redeem(&made[1]).unwrap();
    made.reverse();
    assert_eq!(tokens(&world, 1, 0, 10), (3, made.clone()));
    assert_eq!(tokens(&world, 1, 0, 2), (3, made[..2].to_vec()));
    assert_eq!(tokens(&world, 1, 1, 1), (3, made[1..2].to_vec()));
    assert_eq!(tokens(&world, 1, 3, 10), (3, Vec::new()));
    assert_eq!(tokens(&world, 1, 0, 0), (3, Vec::new()), "the number alone");
    assert_eq!(tokens(&world, 2, 0, 10), (1, vec![theirs]), "each tenant sees its own");
    let page = run(world.vault.list_tokens(tenant(1), 0, 10)).unwrap();
    let shown: Vec<_> =
        page.items.iter().map(|view| (view.face.unwrap().last4.as_str().to_owned(), view.stage)).collect();
    assert_eq!(shown[0], ("0005".to_owned(), TokenStage::Live));
    assert_eq!(shown[1], ("4444".to_owned(), TokenStage::Used { at: at(0) }));
}

#[test]
fn tokens_of_yesterday_are_not_shown_though_their_rows_are_there() {
    let world = World::new();
    let old = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(MINUTE));
    let younger = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(DAY));
    assert_eq!(tokens(&world, 1, 0, 10), (2, vec![younger, old]));
    world.clock.raise_to(at(DAY + 1));
    assert!(world.token_row(&old).is_some(), "no sweep has come by");
    assert_eq!(tokens(&world, 1, 0, 10), (1, vec![younger]));
    assert!(run(world.vault.read_token(tenant(1), &old)).unwrap().is_none(), "as a read of it says");
}

#[test]
fn instruments_come_newest_first_with_their_number() {
    let world = World::new();
    let made = stored(&world, 5);
    let theirs =
        world.keep(&act_of_two(), &instrument_of(other(None, "{}"), "Ada"), "even").unwrap().0.locator;
    assert_eq!(instruments(&world, 1, 0, 10), (5, made.clone()));
    assert_eq!(instruments(&world, 1, 2, 2), (5, made[2..4].to_vec()));
    assert_eq!(instruments(&world, 1, 9, 2), (5, Vec::new()));
    assert_eq!(instruments(&world, 1, 0, 0), (5, Vec::new()));
    assert_eq!(instruments(&world, 2, 0, 10), (1, vec![theirs]));
}

#[test]
fn a_walk_shows_what_its_bounds_leave() {
    let world = World::new();
    let made = stored(&world, 8);
    let card = Protected::Card(Pan::parse(VISA).unwrap());
    world.keep(&act_of_two(), &instrument_of(card, "Ada"), "even").unwrap();
    let minute = |count: i64| Some(at(count * MINUTE));
    let just_after = Some(at(4 * MINUTE + 1));
    // `made` lies newest first: the one of minute m is at 7 - m.
    let cases: [(Walk<'_>, &[usize]); 10] = [
        (Walk::default(), &[0, 1, 2, 3, 4, 5, 6, 7]),
        (Walk { from: minute(4), ..Walk::default() }, &[0, 1, 2, 3]),
        (Walk { from: just_after, ..Walk::default() }, &[0, 1, 2]),
        (Walk { before: minute(4), ..Walk::default() }, &[4, 5, 6, 7]),
        (Walk { before: just_after, ..Walk::default() }, &[3, 4, 5, 6, 7]),
        (Walk { from: minute(2), before: minute(4), ..Walk::default() }, &[4, 5]),
        (Walk { from: minute(4), before: minute(2), ..Walk::default() }, &[]),
        (Walk { customer: Some("even"), ..Walk::default() }, &[1, 3, 5, 7]),
        (Walk { customer: Some("even"), from: minute(2), before: minute(6) }, &[3, 5]),
        (Walk { customer: Some("nobody"), ..Walk::default() }, &[]),
    ];
    for (walk, expected) in cases {
        let shown: Vec<_> = world.walk(&act(), walk).iter().map(|seen| seen.locator).collect();
        let expected: Vec<_> = expected.iter().map(|index| made[*index]).collect();
        assert_eq!(shown, expected, "{walk:?}");
    }
}

#[test]
fn a_walk_goes_on_over_its_steps() {
    let world = World::new();
    let step = i64::from(limits::LIST_STEP_ROWS);
    for extra in [0, 1] {
        let made = stored(&world, step + extra);
        let shown = world.walk(&act(), Walk::default());
        let newest: Vec<_> = shown[..made.len()].iter().map(|seen| seen.locator).collect();
        assert_eq!(newest, made);
        let expected = usize::try_from((1 + extra) * step + extra).unwrap();
        assert_eq!(shown.len(), expected, "none is left out and none comes twice");
    }
}

/// A store that seems to hold as many instruments as wanted: one row, over and over.
fn many(world: &World, count: u32) -> RecordNumber {
    let id = stored(world, 1)[0];
    let row = world.instrument_row(&id);
    let (number, mut left) = (row.number, count);
    world.store.on_instruments(move |_| {
        let now = left.min(limits::LIST_STEP_ROWS);
        left -= now;
        vec![row.clone(); usize::try_from(now).unwrap()]
    });
    let held = usize::try_from(count).unwrap();
    world.store.on_holders(move |_| vec![number; held]);
    number
}

#[test]
fn a_walk_opens_so_many_and_no_more() {
    for (count, expected) in [(limits::LIST_ROWS, Ok(())), (limits::LIST_ROWS + 1, Err(WalkError::TooMany))] {
        let world = World::new();
        many(&world, count);
        let mut shown = 0;
        let walk = world.vault.walk_instruments(tenant(1), Walk::default(), |_| shown += 1);
        assert_eq!(run_in_steps(walk), expected);
        assert_eq!(shown, limits::LIST_ROWS);
    }
}

#[test]
fn a_customer_with_more_is_refused_and_not_cut_short() {
    let world = World::new();
    many(&world, limits::LIST_ROWS + 1);
    let walk = Walk { customer: Some("even"), ..Walk::default() };
    let walk = world.vault.walk_instruments(tenant(1), walk, |_| panic!("nothing is shown"));
    assert_eq!(run_in_steps(walk), Err(WalkError::TooMany));
}

#[test]
fn a_list_that_cannot_be_read_is_no_empty_list() {
    let world = World::new();
    stored(&world, 2);
    let busy = coffer_core::Refused::Busy;
    let full = |read| {
        world.store.heal();
        world.store.break_read(read, StoreError::Full);
    };
    let walk = |walk| run_in_steps(world.vault.walk_instruments(tenant(1), walk, |_| ())).err();
    for read in ["instruments", "count_instruments"] {
        full(read);
        assert_eq!(run(world.vault.list_instruments(tenant(1), 0, 9)).err(), Some(busy));
    }
    for read in ["tokens", "count_tokens"] {
        full(read);
        assert_eq!(run(world.vault.list_tokens(tenant(1), 0, 9)).err(), Some(busy));
    }
    full("instruments");
    assert_eq!(walk(Walk::default()), Some(WalkError::Refused(busy)));
    for read in ["holders", "instrument"] {
        full(read);
        let of_customer = Walk { customer: Some("even"), ..Walk::default() };
        assert_eq!(walk(of_customer), Some(WalkError::Refused(busy)));
    }
}
