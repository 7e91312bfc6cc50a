//! Keep: something protected becomes an instrument, and the same of the same customer updates it.

use coffer_core::{
    Details, ExchangeError, InstrumentDetails, Keep, KeepError, Made, Protected, Refused,
    lifecycle::TokenStage,
    store::{Lost, Outcome, Position, Store, StoreError},
};
use coffer_types::{Expiry, Pan, limits};
use serde_json::{json, value::RawValue};

use crate::support::{
    AMEX, MASTERCARD, Seen, VISA, World, account, act, act_of_two, at, counted, details, details_of, iban,
    instrument_of, kept, other, run, tenant, token_of,
};

const ROUTING: &str = "021000021";
const ROUTING_ELSEWHERE: &str = "110000000";
const ACCOUNT: &str = "000123456789";
const IBAN: &str = "DE89370400440532013000";

fn pan(digits: &str) -> Protected {
    Protected::Card(Pan::parse(digits).unwrap())
}

#[test]
fn a_card_is_kept_without_a_token_and_updated_when_it_comes_again() {
    let world = World::new();
    let keep = Keep { customer: "customer", own: &counted };
    let new = instrument_of(pan(VISA), "Ada");
    let (first, updated) = run(world.vault.keep(&act(), &new, keep, kept)).unwrap();
    assert!(!updated);
    assert_eq!((first.generation, first.last4.as_str(), first.created_at), (1, "1111", at(0)));
    assert_eq!(first.details, json!({ "customer": "customer", "details": details_of("Ada"), "own": 1 }));

    world.clock.raise_to(at(60_000));
    let mut again = instrument_of(pan(VISA), "Grace");
    again.details.expiry = Some(Expiry::new(2031, 12).unwrap());
    let (second, updated) = run(world.vault.keep(&act(), &again, keep, kept)).unwrap();
    assert!(updated);
    assert_eq!(second.locator, first.locator, "the number is kept");
    assert_eq!((second.generation, second.created_at, second.updated_at), (2, at(0), at(60_000)));
    assert_eq!(second.fingerprint, first.fingerprint);
    let mut details = details_of("Grace");
    details["expiry"] = json!([2031, 12]);
    let expected = json!({ "customer": "customer", "details": details, "own": 2 });
    assert_eq!(second.details, expected, "own fields are made from those that were there");
    assert_eq!(world.walk(&act(), coffer_core::Walk::default()), [second]);
    assert_eq!(world.pan(&first.locator), VISA);
}

#[test]
fn a_dialect_may_put_an_address_and_its_fields_in_the_place_of_what_came() {
    let world = World::new();
    let made = |came: &Details, before: Option<&InstrumentDetails>| {
        let contact = came.contact.is_none().then(|| details("Edith").contact).flatten();
        let was = before.and_then(|before| before.details.extra.as_ref()).map_or(0, |_| 1);
        let extra = RawValue::from_string(format!("{{\"was\":{was}}}")).ok();
        Made { own: None, contact, extra }
    };
    let keep = Keep { customer: "customer", own: &made };
    let mut new = instrument_of(pan(VISA), "Ada");
    new.details.contact = None;
    let (first, _) = run(world.vault.keep(&act(), &new, keep, kept)).unwrap();
    assert_eq!(first.details["details"]["contact"]["firstName"], "Edith");
    assert_eq!(first.details["details"]["extra"], json!({ "was": 0 }));
    let (second, updated) =
        run(world.vault.keep(&act(), &instrument_of(pan(VISA), "Ada"), keep, kept)).unwrap();
    assert!(updated);
    assert_eq!(second.details["details"]["contact"]["firstName"], "Ada", "what came is the stronger");
    assert_eq!(second.details["details"]["extra"], json!({ "was": 1 }));
    let (third, _) = run(world.vault.keep(&act(), &new, keep, kept)).unwrap();
    assert_eq!(third.details["details"]["contact"]["firstName"], "Ada", "what was there has come");
    let view = run(world.vault.read_instrument(tenant(1), &third.locator)).unwrap().unwrap();
    assert_eq!(Seen::from(&view), third, "what was answered is what is stored");
}

#[test]
fn a_plain_card_and_a_token_of_it_meet_in_one_instrument() {
    let world = World::new();
    let (first, _) = world.keep(&act(), &instrument_of(pan(VISA), "Ada"), "customer").unwrap();
    let token = world.create(&act(), &token_of(pan(VISA), "Grace"));
    let (second, updated) = world.exchange(&act(), &token, "customer").unwrap();
    assert!(updated && second.locator == first.locator);
    let (third, updated) = world.keep(&act(), &instrument_of(pan(VISA), "Edith"), "customer").unwrap();
    assert!(updated && third.locator == first.locator && third.generation == 3);
}

#[test]
fn another_card_customer_or_tenant_is_another_instrument() {
    let world = World::new();
    let cases =
        [(act(), VISA, "one"), (act(), VISA, "One"), (act(), AMEX, "one"), (act_of_two(), VISA, "one")];
    let mut seen = Vec::new();
    for (act, digits, customer) in cases {
        let (one, updated) = world.keep(&act, &instrument_of(pan(digits), "Ada"), customer).unwrap();
        assert!(!updated);
        seen.push(one);
    }
    let fingerprints: Vec<_> = seen.iter().map(|one| one.fingerprint.unwrap()).collect();
    assert_eq!(fingerprints[0], fingerprints[1], "one card within one tenant");
    assert!(fingerprints[0] != fingerprints[2] && fingerprints[0] != fingerprints[3]);
    assert_eq!(run(world.model.count_instruments(tenant(1))), Ok(3));
    assert_eq!(run(world.model.count_instruments(tenant(2))), Ok(1));
}

#[test]
fn bank_accounts_match_on_number_and_bank() {
    let world = World::new();
    let distinct: [fn() -> Protected; 4] = [
        || account(ACCOUNT, ROUTING),
        || account(ACCOUNT, ROUTING_ELSEWHERE),
        || account("1234567890", ROUTING),
        || iban(IBAN),
    ];
    let keep = |protected| world.keep(&act(), &instrument_of(protected, "Ada"), "customer").unwrap();
    let first: Vec<_> = distinct.iter().map(|make| keep(make())).collect();
    for (index, (one, updated)) in first.iter().enumerate() {
        assert!(!updated, "{index}");
        assert_eq!(one.last4, "", "an account has no face");
        assert!(one.fingerprint.is_some());
        assert!(first[..index].iter().all(|(other, _)| other.fingerprint != one.fingerprint), "{index}");
    }
    for (make, (before, _)) in distinct.iter().zip(&first) {
        let (after, updated) = keep(make());
        assert!(updated && after.locator == before.locator && after.fingerprint == before.fingerprint);
    }
    let token = world.create(&act(), &token_of(iban("de89 3704 0044 0532 0130 00"), "Grace"));
    let (after, updated) = world.exchange(&act(), &token, "customer").unwrap();
    assert!(updated && after.locator == first[3].0.locator, "however it was written");
    let Protected::Account(held) = world.revealed(&first[0].0.locator) else { panic!("an account") };
    assert_eq!((held.number.expose(), held.routing.unwrap().as_str()), (ACCOUNT, ROUTING));
}

#[test]
fn other_methods_match_on_their_identity_alone() {
    let world = World::new();
    let keep = |protected| world.keep(&act(), &instrument_of(protected, "Ada"), "customer").unwrap();
    let (first, _) = keep(other(Some("payer-1"), "{\"secret\":1}"));
    let (same, updated) = keep(other(Some("payer-1"), "{\"secret\":2}"));
    assert!(updated && same.locator == first.locator);
    let Protected::Other(held) = world.revealed(&first.locator) else { panic!("another method") };
    assert_eq!(held.json.as_str(), "{\"secret\":2}", "what came last is kept");
    let (_, updated) = keep(other(Some("payer-2"), "{\"secret\":2}"));
    assert!(!updated);
}

#[test]
fn a_method_without_identity_is_always_new() {
    let world = World::new();
    let mut made = Vec::new();
    for _ in 0..3 {
        let new = instrument_of(other(None, "{\"secret\":1}"), "Ada");
        let (one, updated) = world.keep(&act(), &new, "customer").unwrap();
        assert!(!updated && one.fingerprint.is_none());
        assert!(!made.contains(&one.locator));
        made.push(one.locator);
    }
    made.reverse();
    let walk = coffer_core::Walk { customers: &["customer"], ..coffer_core::Walk::default() };
    let walked: Vec<_> = world.walk(&act(), walk).iter().map(|one| one.locator).collect();
    assert_eq!(walked, made, "each is found among its customer's");
}

#[test]
fn kinds_never_match_each_other() {
    let world = World::new();
    for protected in [pan(VISA), account(VISA, ROUTING), other(Some(VISA), "{}")] {
        let (_, updated) = world.keep(&act(), &instrument_of(protected, "Ada"), "customer").unwrap();
        assert!(!updated);
    }
}

#[test]
fn nothing_cannot_be_kept_and_its_token_lives_on() {
    let world = World::new();
    let token = world.create(&act(), &token_of(Protected::Nothing, "Ada"));
    let before = world.everything();
    let new = instrument_of(Protected::Nothing, "Ada");
    assert_eq!(world.keep(&act(), &new, "customer"), Err(KeepError::Nothing));
    assert_eq!(world.exchange(&act(), &token, "customer"), Err(ExchangeError::Partial));
    assert_eq!(world.everything(), before, "nothing was written");
    assert_eq!(world.stage(&token), Some(TokenStage::Live));
}

#[test]
fn what_is_refused_writes_nothing() {
    let world = World::new();
    let new = instrument_of(pan(VISA), "Ada");
    world.keep(&act(), &new, "customer").unwrap();
    let before = world.everything();
    let keep = || world.keep(&act(), &new, "customer");
    for (error, refused) in
        [(StoreError::Full, Refused::Busy), (StoreError::Unavailable, Refused::Unavailable)]
    {
        world.store.answer(1, Err(error));
        assert_eq!(keep(), Err(KeepError::Refused(refused)), "at the commit");
        for read in ["holder", "instrument"] {
            world.store.break_read(read, error);
            assert_eq!(keep(), Err(KeepError::Refused(refused)), "{read}");
        }
        world.store.heal();
    }
    world.draws.leave(0);
    assert_eq!(keep(), Err(KeepError::Refused(Refused::Unavailable)), "no randomness");
    world.draws.leave(u64::MAX);
    let lost = Lost::NotLive(world.instrument_row(&keep().unwrap().0.locator).key());
    let before_contention = world.everything();
    assert_ne!(before_contention, before);
    world.store.answer(limits::PLAN_ATTEMPTS, Ok(Outcome::Lost { lost, after: Position(1) }));
    assert_eq!(keep(), Err(KeepError::Refused(Refused::Contended)));
    assert_eq!(world.everything(), before_contention);
    assert!(keep().unwrap().1);
}

/// A card that comes while its instrument is being deactivated, or gets another number: between the look for its
/// holder and the look at the holder.
#[test]
fn a_match_that_ends_between_two_reads_is_looked_for_anew() {
    for deactivate in [true, false] {
        let world = World::new();
        let (first, _) = world.keep(&act(), &instrument_of(pan(VISA), "Ada"), "customer").unwrap();
        let token = world.create(&act(), &token_of(pan(MASTERCARD), "Ada"));
        let neighbour = world.neighbour();
        let mut left = Some(first.locator);
        world.store.on_holder(move |holder| {
            if let Some(id) = left.take() {
                if deactivate {
                    run(neighbour.deactivate_instrument(&act(), &id, |_| ())).unwrap();
                } else {
                    let decide = |_: &coffer_core::InstrumentView, _: Option<&coffer_core::Details>| {
                        let details = crate::support::details("Grace");
                        Ok::<_, std::convert::Infallible>(coffer_core::Change { details, own: None })
                    };
                    run(neighbour.update_instrument(&act(), &id, Some(&token), &decide, |_| ())).unwrap();
                }
            }
            holder
        });
        let (second, updated) = world.keep(&act(), &instrument_of(pan(VISA), "Edith"), "customer").unwrap();
        assert!(!updated && second.locator != first.locator);
        assert_eq!(second.generation, 1);
        assert_eq!(world.instrument_row(&first.locator).generation.get(), 2, "nothing of it was overwritten");
    }
}
