//! Lists of a group's referenced tokens: page by page, from one of them on, and no further than the work allows.

use coffer_core::{ReferencedView, Side, store::Store};
use coffer_types::{RecordNumber, limits};

use crate::support::{
    MASTERCARD, MINUTE, VISA, World, act, act_of_two, at, instrument_of, protected, refer, run, tenant,
};

/// Tokens "0", "1", … of a group of tenant 1, a minute apart; every other one is a card of Mastercard's.
fn filled(count: usize) -> World {
    let world = World::new();
    for index in 0..count {
        world.clock.raise_to(at(i64::try_from(index).unwrap() * MINUTE));
        let pan = if index % 2 == 0 { VISA } else { MASTERCARD };
        world.refer(("g", &index.to_string()), protected(pan), "Ada").unwrap();
    }
    world
}

fn names(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| number.to_string()).collect()
}

fn listed(world: &World, side: Side, at_most: usize) -> (Vec<String>, Option<String>) {
    world.listed(tenant(1), "g", side, at_most)
}

#[test]
fn pages_come_newest_first_and_say_whether_more_is_behind() {
    let world = filled(5);
    let pages = [
        (1, vec![4], Some("4")),
        (4, vec![4, 3, 2, 1], Some("1")),
        (5, vec![4, 3, 2, 1, 0], None),
        (6, vec![4, 3, 2, 1, 0], None),
    ];
    for (at_most, items, more) in pages {
        let expected = (names(items), more.map(str::to_owned));
        assert_eq!(listed(&world, Side::Beginning, at_most), expected, "{at_most}");
    }
    assert_eq!(world.listed(tenant(1), "h", Side::Beginning, 9), (Vec::new(), None));
}

#[test]
fn pages_go_on_after_and_before_each_token() {
    let world = filled(6);
    for index in 0..6 {
        let place = world.place("g", &index.to_string());
        for at_most in 1..8 {
            let after: Vec<_> = (0..index).rev().take(at_most).collect();
            let more = (index > at_most).then(|| (index - at_most).to_string());
            assert_eq!(
                listed(&world, Side::After(place), at_most),
                (names(after), more),
                "{index}, {at_most}"
            );
            let mut before: Vec<_> = (index + 1..6).take(at_most).collect();
            before.reverse();
            let more = (index + at_most < 5).then(|| (index + at_most).to_string());
            assert_eq!(
                listed(&world, Side::Before(place), at_most),
                (names(before), more),
                "{index}, {at_most}"
            );
        }
    }
}

#[test]
fn every_page_after_the_other_shows_each_token_once_in_both_directions() {
    let world = filled(7);
    for at_most in 1..=8 {
        let (mut shown, mut side) = (Vec::new(), Side::Beginning);
        // Bounded: a list that comes back to where it began fails here, and does not hang.
        for _ in 0..8 {
            let (items, more) = listed(&world, side, at_most);
            shown.extend(items);
            let Some(more) = more else { break };
            side = Side::After(world.place("g", &more));
        }
        assert_eq!(shown, names((0..7).rev()), "{at_most}");
        let (mut shown, mut side) = (Vec::new(), Side::Before(world.place("g", "0")));
        for _ in 0..8 {
            let (items, more) = listed(&world, side, at_most);
            shown.splice(0..0, items);
            let Some(more) = more else { break };
            side = Side::Before(world.place("g", &more));
        }
        assert_eq!(shown, names((1..7).rev()), "{at_most}");
    }
}

#[test]
fn a_deleted_token_still_has_its_place() {
    let world = filled(5);
    let place = world.place("g", "2");
    world.unrefer(("g", "2")).unwrap();
    assert_eq!(world.place("g", "2"), place);
    assert_eq!(listed(&world, Side::After(place), 9), (names([1, 0]), None));
    assert_eq!(listed(&world, Side::Before(place), 9), (names([4, 3]), None));
    assert_eq!(listed(&world, Side::Beginning, 2), (names([4, 3]), Some("3".to_owned())));
    assert_eq!(listed(&world, Side::Beginning, 9), (names([4, 3, 1, 0]), None));
    assert_eq!(run(world.vault.referenced_place(tenant(1), "g", "x")), Ok(None));
    assert_eq!(
        run(world.vault.referenced_place(tenant(1), "h", "2")),
        Ok(None),
        "a place in its group alone"
    );
}

#[test]
fn a_filter_leaves_out_and_says_exactly_whether_one_more_is_wanted() {
    let world = filled(6);
    let is_visa = |view: &ReferencedView| view.face.is_some_and(|face| face.last4.as_str() == "1111");
    let visa = |side, at_most| world.listed_of(tenant(1), "g", side, at_most, is_visa);
    assert_eq!(visa(Side::Beginning, 9), (names([4, 2, 0]), None));
    assert_eq!(visa(Side::Beginning, 3), (names([4, 2, 0]), None));
    // It goes on behind the last that was looked at, wanted or not.
    assert_eq!(visa(Side::Beginning, 2), (names([4, 2]), Some("1".to_owned())));
    assert_eq!(visa(Side::After(world.place("g", "1")), 2), (names([0]), None));
    assert_eq!(visa(Side::Before(world.place("g", "0")), 1), (names([2]), Some("3".to_owned())));
    assert_eq!(visa(Side::Before(world.place("g", "3")), 1), (names([4]), None));
    assert_eq!(world.listed_of(tenant(1), "g", Side::Beginning, 2, |_| false), (Vec::new(), None));
    let mut looked = Vec::new();
    world.listed_of(tenant(1), "g", Side::Beginning, 1, |view| {
        looked.push(view.details.reference.clone());
        true
    });
    assert_eq!(looked, names([5, 4]), "one more than is shown, and no further");
}

#[test]
fn groups_and_tenants_have_lists_of_their_own() {
    let world = filled(3);
    world.refer(("h", "0"), protected(VISA), "Ada").unwrap();
    let given = instrument_of(protected(VISA), "Ada");
    run(refer(&world.vault, &act_of_two(), ("g", "theirs"), &given)).unwrap();
    assert_eq!(listed(&world, Side::Beginning, 9), (names([2, 1, 0]), None));
    assert_eq!(world.listed(tenant(1), "h", Side::Beginning, 9), (names([0]), None));
    assert_eq!(world.listed(tenant(2), "g", Side::Beginning, 9).0, ["theirs"]);
    assert_eq!(world.listed(tenant(1), "", Side::Beginning, 9), (Vec::new(), None));
    assert_eq!(world.listed(tenant(2), "g", Side::After(world.place("g", "2")), 9), (Vec::new(), None));
}

#[test]
fn a_page_goes_on_over_the_stores_steps() {
    let step = usize::try_from(limits::LIST_STEP_ROWS).unwrap();
    for count in [step - 1, step, step + 1, 2 * step, 2 * step + 3] {
        let world = World::new();
        for index in 0..count {
            world.refer(("g", &index.to_string()), protected(VISA), "Ada").unwrap();
        }
        assert_eq!(listed(&world, Side::Beginning, count), (names((0..count).rev()), None), "{count}");
        let before = Side::Before(RecordNumber::MIN);
        assert_eq!(listed(&world, before, count), (names((0..count).rev()), None), "{count}");
        let (items, more) = listed(&world, Side::Beginning, count - 1);
        assert_eq!((items.len(), more), (count - 1, Some("1".to_owned())));
    }
}

/// Rows are large: the work of some dozens is the whole of a page's.
#[test]
fn a_page_ends_when_it_has_had_its_share_of_work() {
    const ROWS: usize = 600;
    let bytes = 200_000;
    let world = World::new();
    let text = "x".repeat(bytes);
    for index in 0..ROWS {
        let name = index.to_string();
        let mut given = instrument_of(protected(VISA), "Ada");
        given.details.extra = Some(crate::support::raw(&format!("\"{text}\"")));
        run(refer(&world.vault, &act(), ("g", &name), &given)).unwrap();
    }
    let row = world.place("g", "0");
    let sealed = run(world.model.reusable(tenant(1), row)).unwrap().unwrap().details.as_bytes().len() as u64;
    let each = limits::LIST_ROW_WORK + limits::LIST_BYTE_WORK * sealed;
    let fit = usize::try_from(limits::LIST_PAGE_WORK / each).unwrap();
    assert!((400..ROWS).contains(&fit), "{fit}: a page has not all of them");
    let mut looked = 0;
    let (items, more) = world.listed_of(tenant(1), "g", Side::Beginning, ROWS, |_| {
        looked += 1;
        false
    });
    // The one that was too much is still looked at, so that every page goes on.
    assert!(items.is_empty());
    let last = (ROWS - fit - 1).to_string();
    assert_eq!((looked, more.as_ref()), (fit + 1, Some(&last)));
    let (items, more) = listed(&world, Side::After(world.place("g", &last)), ROWS);
    assert_eq!((items, more), (names((0..ROWS - fit - 1).rev()), None));
    let (items, more) = listed(&world, Side::Before(row), ROWS);
    assert_eq!(items, names((1..fit + 2).rev()));
    assert_eq!(more, Some((fit + 1).to_string()), "in the direction of the page");
}
