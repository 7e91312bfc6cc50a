//! Reveal: first the fact, then the data, and without the fact no data.

use coffer_core::{
    Refused, RevealError,
    store::{Lost, Outcome, Position, StoreError},
};
use coffer_types::RecordNumber;
use serde_json::json;

use crate::support::{Step, VISA, World, act, act_of_two, card, clear, details_of, lines_of, run};

/// A world with one instrument of tenant 1.
fn stored() -> (World, RecordNumber) {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    let number = world.vault.locate_instrument(&seen.locator).unwrap().1;
    (world, number)
}

#[test]
fn gives_the_card_and_its_details_as_often_as_asked() {
    let (world, number) = stored();
    for times in 1..=3 {
        let revealed = run(world.vault.reveal(&act(), number, "chargeback 17")).unwrap();
        assert_eq!(clear(&revealed.clear), (VISA.to_owned(), None));
        let details = json!({ "customer": "customer", "details": details_of("Ada") });
        assert_eq!(serde_json::to_value(&revealed.details).unwrap(), details);
        let facts = lines_of(&*world.model, "instrument.reveal");
        assert_eq!(facts.len(), times);
        assert_eq!(facts[times - 1]["reason"], "chargeback 17");
    }
}

#[test]
fn without_the_fact_there_is_no_data() {
    let answers = [
        (Err(StoreError::Full), Refused::Busy),
        (Err(StoreError::Unavailable), Refused::Unavailable),
        (Ok(Outcome::Lost { lost: Lost::Exists, after: Position(1) }), Refused::Contended),
    ];
    for (answer, refused) in answers {
        let (world, number) = stored();
        world.store.on_commit(move |unit| {
            assert_eq!((unit.facts().len(), unit.puts().len()), (1, 0));
            Step::Answer(answer)
        });
        let error = run(world.vault.reveal(&act(), number, "chargeback")).unwrap_err();
        assert_eq!(error, RevealError::Refused(refused));
        assert!(lines_of(&*world.model, "instrument.reveal").is_empty());
    }
}

#[test]
fn the_fact_stays_when_the_record_does_not_open() {
    let (world, number) = stored();
    world.store.on_instrument(|mut row| {
        row.protected = row.details.clone();
        row
    });
    let error = run(world.vault.reveal(&act(), number, "chargeback")).unwrap_err();
    assert_eq!(error, RevealError::Refused(Refused::Unavailable));
    assert_eq!(lines_of(&*world.model, "instrument.reveal").len(), 1, "the attempt was made");
}

#[test]
fn what_is_unknown_or_another_tenants_leaves_no_fact() {
    let (world, number) = stored();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    let next = RecordNumber::from_u64(number.get() + 1).unwrap();
    let cases = [(act_of_two(), number), (act(), next), (act(), world.number(&token))];
    for (act, number) in cases {
        let error = run(world.vault.reveal(&act, number, "chargeback")).unwrap_err();
        assert_eq!(error, RevealError::Unknown);
    }
    assert!(lines_of(&*world.model, "instrument.reveal").is_empty());
    world.store.break_read("instrument", StoreError::Unavailable);
    let error = run(world.vault.reveal(&act(), number, "chargeback")).unwrap_err();
    assert_eq!(
        error,
        RevealError::Refused(Refused::Unavailable),
        "a store that is down is not an unknown id"
    );
}
