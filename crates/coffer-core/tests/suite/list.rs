//! Lists: pages in steps, and walks that show a tenant's instruments and end at a bound.

use coffer_core::{
    InstrumentView, Page, Protected, TokenView, Walk, WalkError,
    lifecycle::TokenStage,
    store::{Order, StoreError},
};
use coffer_crypto::LocatorBytes;
use coffer_types::{Pan, RecordNumber, limits};

use crate::support::{
    AMEX, DAY, MASTERCARD, MINUTE, VISA, Visitor, World, act, act_of_two, at, card, instrument_of, other,
    run, run_in_steps, tenant,
};

/// A page of tokens: how many there are in all, and the locators.
fn tokens(world: &World, number: u32, skip: u32, at_most: u32) -> (u64, Vec<LocatorBytes>) {
    run_in_steps(async {
        let (mut page, mut shown) = (world.vault.list_tokens(tenant(number), skip, at_most), Vec::new());
        while let Some(views) = page.next().await.unwrap() {
            shown.extend(views.iter().map(|view: &TokenView| view.locator));
        }
        (page.total().await.unwrap(), shown)
    })
}

/// The same of instruments.
fn page_of(mut page: Page<'_, InstrumentView>) -> (u64, Vec<LocatorBytes>) {
    run_in_steps(async move {
        let mut shown = Vec::new();
        while let Some(views) = page.next().await.unwrap() {
            assert!(views.len() <= usize::try_from(limits::LIST_STEP_ROWS).unwrap(), "a step is bounded");
            shown.extend(views.iter().map(|view| view.locator));
        }
        (page.total().await.unwrap(), shown)
    })
}

fn instruments(world: &World, number: u32, skip: u32, at_most: u32) -> (u64, Vec<LocatorBytes>) {
    page_of(world.vault.list_instruments(tenant(number), skip, at_most, Order::NewestFirst))
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
    let views = run(world.vault.list_tokens(tenant(1), 0, 10).next()).unwrap().unwrap();
    let shown: Vec<_> =
        views.iter().map(|view| (view.face.unwrap().last4.as_str().to_owned(), view.stage)).collect();
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
    let oldest =
        |skip, at_most| page_of(world.vault.list_instruments(tenant(1), skip, at_most, Order::OldestFirst));
    let reversed: Vec<_> = made.iter().rev().copied().collect();
    assert_eq!(oldest(0, 10), (5, reversed.clone()));
    assert_eq!(oldest(1, 3), (5, reversed[1..4].to_vec()));
}

#[test]
fn a_page_goes_on_over_its_steps_whatever_comes_meanwhile() {
    let world = World::new();
    let step = limits::LIST_STEP_ROWS;
    let made = stored(&world, i64::from(2 * step + 3));
    for (skip, at_most) in [(0, 2 * step + 9), (0, 2 * step), (2, step + 1), (step + 1, 2 * step)] {
        let (first, end) = (usize::try_from(skip).unwrap(), usize::try_from(skip + at_most).unwrap());
        let expected = made[first..end.min(made.len())].to_vec();
        assert_eq!(instruments(&world, 1, skip, at_most), (made.len() as u64, expected), "{skip}, {at_most}");
        let page = world.vault.list_instruments(tenant(1), skip, at_most, Order::OldestFirst);
        let reversed: Vec<_> = made.iter().rev().skip(first).take(end - first).copied().collect();
        assert_eq!(page_of(page), (made.len() as u64, reversed), "{skip}, {at_most}");
    }
    let mut page = world.vault.list_instruments(tenant(1), 0, 2 * step, Order::NewestFirst);
    let first = run_in_steps(page.next()).unwrap().unwrap();
    let newer = stored(&world, 2);
    let second = run_in_steps(page.next()).unwrap().unwrap();
    let shown: Vec<_> = first.iter().chain(&second).map(|view| view.locator).collect();
    assert_eq!(shown, made[..shown.len()], "none comes twice");
    assert_eq!(run(page.total()), Ok((made.len() + newer.len()) as u64));
}

/// What was counted goes before what was shown is sent: a number smaller than the page would be a lie.
#[test]
fn a_total_is_never_smaller_than_what_was_shown() {
    let world = World::new();
    for _ in 0..3 {
        world.create(&act(), &card(VISA, None, "Ada"));
    }
    let mut page = world.vault.list_tokens(tenant(1), 1, 10);
    assert_eq!(run(page.next()).unwrap().unwrap().len(), 2);
    world.clock.raise_to(at(2 * DAY));
    while run(world.vault.sweep()) == Ok(coffer_core::Swept::More) {}
    assert_eq!(tokens(&world, 1, 0, 10), (0, Vec::new()), "they are gone");
    assert_eq!(run(page.total()), Ok(3));
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
        (Walk { customers: &["even"], ..Walk::default() }, &[1, 3, 5, 7]),
        (Walk { customers: &["even"], from: minute(2), before: minute(6), ..Walk::default() }, &[3, 5]),
        (Walk { customers: &["nobody"], ..Walk::default() }, &[]),
    ];
    for (walk, expected) in cases {
        let shown: Vec<_> = world.walk(&act(), walk).iter().map(|seen| seen.locator).collect();
        let expected: Vec<_> = expected.iter().map(|index| made[*index]).collect();
        assert_eq!(shown, expected, "{walk:?}");
    }
}

#[test]
fn several_customers_are_walked_through_one_after_the_other() {
    let world = World::new();
    let made = stored(&world, 4);
    let walk = Walk { customers: &["odd", "nobody", "even"], ..Walk::default() };
    let shown: Vec<_> = world.walk(&act(), walk).iter().map(|seen| seen.locator).collect();
    assert_eq!(shown, [made[0], made[2], made[1], made[3]]);
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

#[test]
fn a_glance_decides_what_is_opened() {
    let world = World::new();
    let step = i64::from(limits::LIST_STEP_ROWS);
    let made = stored(&world, 2 * step + 5);
    let numbers: Vec<RecordNumber> = made.iter().map(|id| world.instrument_number(id)).collect();
    let wants: [fn(&coffer_core::store::InstrumentOutline) -> bool; 4] = [
        |_| true,
        |_| false,
        |outline| outline.created_at.millis() / MINUTE % 2 == 0,
        |outline| outline.created_at.millis() / MINUTE % 40 == 7,
    ];
    for (case, wants) in wants.into_iter().enumerate() {
        let mut visitor = Visitor { wants, ..Visitor::default() };
        let walk = Walk { glance: true, ..Walk::default() };
        run_in_steps(world.vault.walk_instruments(tenant(1), walk, &mut visitor)).unwrap();
        assert_eq!(visitor.glanced, numbers, "{case}: each once, newest first");
        let wanted = |id: &&LocatorBytes| wants(&world.instrument_row(id).outline());
        let expected: Vec<_> = made.iter().filter(wanted).copied().collect();
        let shown: Vec<_> = visitor.seen.iter().map(|seen| seen.locator).collect();
        assert_eq!(shown, expected, "{case}");
    }
    let mut visitor = Visitor::default();
    let walk =
        Walk { glance: true, from: Some(at(3 * MINUTE)), before: Some(at(9 * MINUTE)), ..Walk::default() };
    run_in_steps(world.vault.walk_instruments(tenant(1), walk, &mut visitor)).unwrap();
    assert_eq!(visitor.seen.len(), 6);
}

#[test]
fn a_walk_does_so_much_work_and_no_more() {
    let world = World::new();
    let made = stored(&world, 5);
    let opened = |id: &LocatorBytes| {
        let bytes = world.instrument_row(id).details.as_bytes().len() as u64;
        limits::LIST_ROW_WORK + limits::LIST_BYTE_WORK * bytes
    };
    let all: u64 = made.iter().map(opened).sum();
    let even: u64 = made.iter().step_by(2).map(opened).sum();
    let (look, visit) = (limits::LIST_OUTLINE_WORK, 7);
    let passing: fn(&coffer_core::store::InstrumentOutline) -> bool = |_| false;
    for (glance, customers, wants, work) in [
        (false, &[][..], None, all + 5 * visit),
        (false, &["even"][..], None, even + 3 * visit),
        (true, &[][..], None, all + 5 * (look + 2 * visit)),
        (true, &[][..], Some(passing), 5 * (look + visit)),
    ] {
        for (less, expected) in [(0, Ok(())), (1, Err(WalkError::TooMany))] {
            let mut visitor = Visitor { work: visit, ..Visitor::default() };
            visitor.wants = wants.unwrap_or(visitor.wants);
            let walk = Walk { glance, customers, work: work - less, ..Walk::default() };
            let walked = run_in_steps(world.vault.walk_instruments(tenant(1), walk, &mut visitor));
            assert_eq!(walked, expected, "{walk:?}");
        }
    }
    assert_eq!(Walk::default().work, limits::LIST_WORK);
}

#[test]
fn a_customer_with_more_is_refused_and_not_cut_short() {
    for (held, expected) in
        [(limits::LIST_CUSTOMER_ROWS, Ok(())), (limits::LIST_CUSTOMER_ROWS + 1, Err(WalkError::TooMany))]
    {
        let world = World::new();
        stored(&world, 1);
        world.store.on_holders(move |_| vec![RecordNumber::MIN; usize::try_from(held).unwrap()]);
        let walk = Walk { customers: &["even"], ..Walk::default() };
        let mut visitor = Visitor::default();
        let walked = run_in_steps(world.vault.walk_instruments(tenant(1), walk, &mut visitor));
        assert_eq!((walked, visitor.seen.len()), (expected, 0));
    }
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
    let walk = |walk| {
        let mut visitor = Visitor::default();
        run_in_steps(world.vault.walk_instruments(tenant(1), walk, &mut visitor)).err()
    };
    let page = || world.vault.list_instruments(tenant(1), 0, 9, Order::NewestFirst);
    full("instruments");
    assert_eq!(run(page().next()).err(), Some(busy));
    assert_eq!(walk(Walk::default()), Some(WalkError::Refused(busy)));
    assert_eq!(walk(Walk { glance: true, ..Walk::default() }), Some(WalkError::Refused(busy)));
    full("count_instruments");
    assert_eq!(run(page().total()).err(), Some(busy));
    full("tokens");
    assert_eq!(run(world.vault.list_tokens(tenant(1), 0, 9).next()).err(), Some(busy));
    full("count_tokens");
    assert_eq!(run(world.vault.list_tokens(tenant(1), 0, 9).total()).err(), Some(busy));
    full("outlines");
    assert_eq!(walk(Walk { glance: true, ..Walk::default() }), Some(WalkError::Refused(busy)));
    for read in ["holders", "instrument"] {
        full(read);
        let of_customer = Walk { customers: &["even"], ..Walk::default() };
        assert_eq!(walk(of_customer), Some(WalkError::Refused(busy)));
    }
}
