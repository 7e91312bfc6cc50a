//! Referenced tokens: made, read, changed, replaced, deleted and shown, by their merchant's names.

use coffer_core::{
    Protected, ProtectedKind, ReferencedChange, ReferencedError, ReferencedForms, ReferencedSource,
    ReferencedView, Refused,
    store::{Store, StoreError},
};
use coffer_crypto::LocatorBytes;
use coffer_types::limits;
use serde_json::json;

use crate::support::{
    AMEX, DAY, Draws, LIFE, MASTERCARD, MINUTE, ReferencedSeen, Setup, VISA, World, account, act, act_of_two,
    at, card, details_of, iban, instrument_of, line, new_referenced, other, protected, raw, refer, rename,
    run, seen, tenant, token_of,
};

const TAKEN: ReferencedError = ReferencedError::Taken;
const UNKNOWN: ReferencedError = ReferencedError::Unknown;

/// The numbers of an account in the clear.
fn numbers(protected: &Protected) -> (String, String) {
    let Protected::Account(account) = protected else { panic!("no account: {protected:?}") };
    let routing = account.routing.as_ref().map_or("", |routing| routing.as_str());
    (account.number.expose().to_owned(), routing.to_owned())
}

#[test]
fn what_came_with_the_call_becomes_a_token_with_its_names() {
    let world = World::new();
    world.clock.raise_to(at(5));
    let before = world.lines().len();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    assert_eq!((made.group.as_str(), made.reference.as_str(), made.last4.as_str()), ("g", "r", "1111"));
    assert_eq!((made.created_at, made.updated_at), (at(5), at(5)));
    assert_eq!((made.details.clone(), made.own.as_str()), (details_of("Ada"), r#"{"made":1.50}"#));
    assert_eq!(world.lines_since(before), [line(at(5), "reusable.create", made.number)]);
    assert_eq!(world.referenced(("g", "r")), Some(made.clone()));
    assert_eq!(world.by_digits(&made.digits), Some(made.clone()));
    assert_eq!(world.number_of(&made.digits), VISA);
    // It has no end.
    world.clock.raise_to(at(9_000 * DAY));
    world.sweep_all();
    assert_eq!(world.referenced(("g", "r")), Some(made));
}

#[test]
fn a_single_use_token_is_used_up_by_it() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let before = world.lines().len();
    let made = world.refer_token(&act(), ("g", "r"), &token).unwrap();
    assert_eq!((made.last4.as_str(), made.details.clone()), ("1111", details_of("Ada")));
    let mut exchanged = line(at(0), "token.exchange", world.number(&token));
    exchanged["result"] = json!(made.number.get());
    assert_eq!(world.lines_since(before), [exchanged, line(at(0), "reusable.create", made.number)]);
    assert_eq!(world.number_of(&made.digits), VISA);
    assert_eq!(world.refer_token(&act(), ("g", "s"), &token), Err(ReferencedError::NotUsable));
    world.redeem(&token).unwrap_err();
    assert_eq!(world.referenced(("g", "s")), None);
}

#[test]
fn accounts_and_other_methods_are_kept_as_cards_are() {
    let world = World::new();
    let sources: [fn() -> Protected; 3] =
        [|| account("12345678", "021000021"), || iban("DE89370400440532013000"), || other(None, "{\"w\":1}")];
    for (name, make) in ["a", "b", "c"].into_iter().zip(sources) {
        let given = world.refer(("g", name), make(), "Ada").unwrap();
        assert_eq!(given.last4, "", "only a card has something to show");
        let token = world.create(&act(), &token_of(make(), "Ada"));
        let from_token = world.refer_token(&act(), ("h", name), &token).unwrap();
        for made in [given, from_token] {
            let opened = world.opened(&made.digits).unwrap();
            match make() {
                expected @ Protected::Account(_) => assert_eq!(numbers(&opened), numbers(&expected)),
                _ => assert_eq!(opened.kind(), ProtectedKind::Other),
            }
        }
    }
}

#[test]
fn nothing_to_keep_and_what_cannot_be_used_are_refused_and_use_nothing_up() {
    let world = World::new();
    let nothing = world.create(&act(), &token_of(Protected::Nothing, "Ada"));
    let theirs = world.create(&act_of_two(), &card(VISA, None, "Ada"));
    let over = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(1));
    let used = world.create(&act(), &card(VISA, None, "Ada"));
    world.redeem(&used).unwrap();
    world.refer(("g", "there"), protected(AMEX), "Grace").unwrap();
    let before = world.everything();
    assert_eq!(world.refer(("g", "r"), Protected::Nothing, "Ada"), Err(ReferencedError::Nothing));
    assert_eq!(world.refer_token(&act(), ("g", "r"), &nothing), Err(ReferencedError::Nothing));
    assert_eq!(world.replace(("g", "there"), &nothing), Err(ReferencedError::Nothing));
    for token in [&theirs, &used, &LocatorBytes([9; 28])] {
        assert_eq!(world.refer_token(&act(), ("g", "r"), token), Err(ReferencedError::NotUsable));
        assert_eq!(world.replace(("g", "there"), token), Err(ReferencedError::NotUsable));
    }
    assert_eq!(world.everything(), before, "nothing was written");
    world.clock.raise_to(at(LIFE));
    assert_eq!(world.refer_token(&act(), ("g", "r"), &over), Err(ReferencedError::NotUsable));
    assert_eq!(world.everything(), before);
}

#[test]
fn a_reference_is_one_tokens_within_its_group() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    let before = world.everything();
    assert_eq!(world.refer(("g", "r"), protected(MASTERCARD), "Grace"), Err(TAKEN));
    assert_eq!(world.refer_token(&act(), ("g", "r"), &token), Err(TAKEN));
    assert_eq!(world.everything(), before, "nothing was written, and the token is not used up");
    // Elsewhere, or in other letters, it is another.
    let others = [("h", "r"), ("g", "R"), ("gr", ""), ("", "gr"), ("g", "r ")];
    let mut digits = vec![made.digits.clone()];
    for names in others {
        let again = world.refer(names, protected(VISA), "Ada").unwrap();
        assert!(!digits.contains(&again.digits), "digits are one token's within the tenant");
        digits.push(again.digits);
    }
    let given = instrument_of(protected(VISA), "Ada");
    let theirs = run(refer(&world.vault, &act_of_two(), ("g", "r"), &given)).unwrap();
    assert_eq!(world.referenced(("g", "r")), Some(made.clone()));
    let view = run(world.vault.read_referenced(tenant(2), "g", "r")).unwrap().unwrap();
    assert_eq!((seen(&view), theirs.number == made.number), (theirs, false));
}

#[test]
fn a_reference_is_used_once_for_ever() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    world.unrefer(("g", "r")).unwrap();
    assert_eq!((world.referenced(("g", "r")), world.by_digits(&made.digits)), (None, None));
    assert_eq!(world.opened(&made.digits).unwrap_err(), UNKNOWN);
    assert_eq!(world.refer(("g", "r"), protected(VISA), "Ada"), Err(TAKEN));
    world.clock.raise_to(at(9_000 * DAY));
    world.sweep_all();
    assert_eq!(world.refer(("g", "r"), protected(VISA), "Ada"), Err(TAKEN));
    assert_eq!(world.unrefer(("g", "r")), Err(UNKNOWN));
    assert_eq!(world.rename(("g", "r"), "Grace"), Err(UNKNOWN));
}

/// After a new start on a clock that was set back, a record number whose row is gone may be drawn again.
#[test]
fn names_of_the_gone_do_not_lead_to_whoever_has_their_number() {
    let world = World::new();
    let gone: Vec<_> = (0..40)
        .map(|name| {
            let made = world.refer(("g", &name.to_string()), protected(VISA), "Ada").unwrap();
            world.unrefer(("g", &made.reference)).unwrap();
            made
        })
        .collect();
    let again = Setup::over(std::sync::Arc::clone(&world.model) as std::sync::Arc<dyn Store>);
    let vault = Setup { draws: Draws::seeded(2), ..again }.open().unwrap();
    let given = instrument_of(protected(AMEX), "Grace");
    let (gone, twin) = (0..100)
        .map(|_| run(refer(&vault, &act(), ("g", ""), &given)).unwrap())
        .find_map(|made| Some((gone.iter().find(|gone| gone.number == made.number)?, made)))
        .expect("a number comes again");
    let names = ("g", gone.reference.as_str());
    assert_eq!((world.referenced(names), world.by_digits(&gone.digits)), (None, None));
    assert_eq!(world.opened(&gone.digits).unwrap_err(), UNKNOWN);
    assert_eq!(world.rename(names, "Eve"), Err(UNKNOWN));
    assert_eq!(world.unrefer(names), Err(UNKNOWN));
    assert_eq!(world.refer(names, protected(VISA), "Ada"), Err(TAKEN));
    assert_eq!(world.referenced(("g", &twin.reference)), Some(twin));
}

#[test]
fn references_and_digits_that_were_made_are_made_again_where_they_are_taken() {
    // Two vaults that draw the same: what the first took, the second draws first.
    let world = World::new();
    let few = ReferencedForms {
        reference: |random| format!("made-{}", random[0] % 4),
        digits: |number| format!("{}", number % 4),
    };
    let given = instrument_of(protected(VISA), "Ada");
    let (mut made, mut contended): (Vec<ReferencedSeen>, _) = (Vec::new(), 0);
    for _ in 0..60 {
        let new = coffer_core::NewReferenced {
            forms: few,
            ..new_referenced("g", "", ReferencedSource::Given(&given))
        };
        match run(world.vault.create_referenced(&act(), &new, None, seen)) {
            Ok(seen) => made.push(seen),
            Err(ReferencedError::Refused(Refused::Contended)) => contended += 1,
            Err(other) => panic!("{other}"),
        }
    }
    let mut names: Vec<_> = made.iter().map(|seen| seen.reference.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["made-0", "made-1", "made-2", "made-3"], "each once, and then none is left");
    let mut digits: Vec<_> = made.iter().map(|seen| seen.digits.as_str()).collect();
    digits.sort_unstable();
    assert_eq!(digits, ["0", "1", "2", "3"]);
    assert_eq!(made.len() + contended, 60);
    // Digits that are taken do not make a reference of the merchant's taken.
    let own = coffer_core::NewReferenced {
        forms: few,
        ..new_referenced("g", "mine", ReferencedSource::Given(&given))
    };
    let refused = run(world.vault.create_referenced(&act(), &own, None, seen));
    assert_eq!(refused, Err(ReferencedError::Refused(Refused::Contended)));
    assert_eq!(world.listed(tenant(1), "g", coffer_core::Side::Beginning, 100).0.len(), 4);
    world.refer(("g", "mine"), protected(VISA), "Ada").unwrap();
}

#[test]
fn what_is_made_is_drawn_and_does_not_repeat() {
    let world = World::new();
    let made: Vec<_> = (0..200).map(|_| world.refer(("g", ""), protected(VISA), "Ada").unwrap()).collect();
    let mut names: Vec<_> = made.iter().map(|seen| (&seen.reference, &seen.digits)).collect();
    names.sort_unstable();
    names.dedup_by(|one, other| one.0 == other.0 || one.1 == other.1);
    assert_eq!(names.len(), 200);
    assert!(made.iter().all(|seen| seen.reference.len() == 34 && seen.digits.len() == 12));
    // Every place of the digits takes every value: nothing is always the same.
    for place in 0..12 {
        let mut at: Vec<_> = made.iter().map(|seen| seen.digits.as_bytes()[place]).collect();
        at.sort_unstable();
        at.dedup();
        assert_eq!(at.len(), 10, "place {place}");
    }
    world.draws.leave(0);
    let refused = world.refer(("g", ""), protected(VISA), "Ada");
    assert_eq!(refused, Err(ReferencedError::Refused(Refused::Unavailable)));
}

#[test]
fn names_are_read_exactly_and_by_their_tenant_alone() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    for names in [("g", ""), ("", "r"), ("G", "r"), ("g", "R"), ("h", "r"), ("r", "g"), ("gr", "")] {
        assert_eq!(world.referenced(names), None, "{names:?}");
    }
    for digits in ["", "0", made.reference.as_str(), &made.digits[1..]] {
        assert_eq!(world.by_digits(digits), None, "{digits}");
    }
    let theirs = (act_of_two(), tenant(2));
    let vault = &world.vault;
    assert!(run(vault.read_referenced(theirs.1, "g", "r")).unwrap().is_none());
    assert!(run(vault.read_referenced_digits(theirs.1, &made.digits)).unwrap().is_none());
    assert_eq!(run(rename(vault, &theirs.0, ("g", "r"), "Eve", None)), Err(UNKNOWN));
    assert_eq!(run(vault.delete_referenced(&theirs.0, "g", "r")), Err(UNKNOWN));
    assert_eq!(run(vault.reveal_referenced(&theirs.0, &made.digits, "test")).unwrap_err(), UNKNOWN);
    assert_eq!(run(vault.referenced_place(theirs.1, "g", "r")), Ok(None));
    assert_eq!(world.referenced(("g", "r")), Some(made));
}

#[test]
fn an_update_changes_what_it_changes_and_nothing_else() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let protected_before = world.reusable_row(made.number).unwrap();
    world.clock.raise_to(at(MINUTE));
    let before = world.lines().len();
    let changed = world.rename(("g", "r"), "Grace").unwrap();
    let expected = ReferencedSeen {
        updated_at: at(MINUTE),
        details: details_of("Grace"),
        own: r#"{"of":"Grace"}"#.to_owned(),
        ..made.clone()
    };
    assert_eq!(changed, expected, "number, names, card and creation stay");
    assert_eq!(world.lines_since(before), [line(at(MINUTE), "reusable.update", made.number)]);
    assert_eq!(world.referenced(("g", "r")), Some(expected.clone()));
    assert_eq!(
        (world.by_digits(&made.digits), world.number_of(&made.digits)),
        (Some(expected), VISA.to_owned())
    );
    let row = world.reusable_row(made.number).unwrap();
    assert_eq!(row.generation.get(), 2);
    assert!(row.salt != protected_before.salt && row.protected != protected_before.protected, "sealed anew");
    assert_eq!((row.fingerprint, row.ends_at), (protected_before.fingerprint, protected_before.ends_at));
}

#[test]
fn the_bank_of_an_account_can_change_and_of_nothing_else() {
    let world = World::new();
    let made = world.refer(("g", "a"), account("12345678", "021000021"), "Ada").unwrap();
    let banked = |names, routing| run(rename(&world.vault, &act(), names, "Ada", routing)).unwrap();
    banked(("g", "a"), Some("011401533"));
    let opened = world.opened(&made.digits).unwrap();
    assert_eq!(numbers(&opened), ("12345678".to_owned(), "011401533".to_owned()));
    banked(("g", "a"), None);
    assert_eq!(numbers(&world.opened(&made.digits).unwrap()).1, "011401533", "without another it stays");
    let card = world.refer(("g", "c"), protected(VISA), "Ada").unwrap();
    banked(("g", "c"), Some("011401533"));
    assert_eq!(world.number_of(&card.digits), VISA);
}

#[test]
fn a_refused_change_writes_nothing() {
    #[derive(Debug, PartialEq)]
    enum Error {
        No(String),
        Core(ReferencedError),
    }
    impl From<ReferencedError> for Error {
        fn from(error: ReferencedError) -> Self {
            Self::Core(error)
        }
    }
    let world = World::new();
    world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let before = world.everything();
    let refuse = |view: &ReferencedView| -> Result<ReferencedChange, Error> {
        Err(Error::No(view.details.reference.clone()))
    };
    let refused = run(world.vault.update_referenced(&act(), ("g", "r"), None, refuse, seen));
    assert_eq!(refused, Err(Error::No("r".to_owned())), "it was asked about the token as it is");
    let refused = run(world.vault.update_referenced(&act(), ("g", "s"), None, refuse, seen));
    assert_eq!(refused, Err(Error::Core(UNKNOWN)));
    let large = |view: &ReferencedView| -> Result<ReferencedChange, Error> {
        let text = "x".repeat(limits::SEALED_BYTES);
        let details = serde_json::from_value(serde_json::to_value(&view.details.details).unwrap()).unwrap();
        Ok(ReferencedChange { details, own: raw(&format!("\"{text}\"")), routing: None })
    };
    let refused = run(world.vault.update_referenced(&act(), ("g", "r"), None, large, seen));
    assert_eq!(refused, Err(Error::Core(ReferencedError::Refused(Refused::TooLarge))));
    assert_eq!(world.everything(), before);
}

#[test]
fn a_replacement_uses_the_single_use_token_up_and_keeps_the_names() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    world.rename(("g", "r"), "Ada").unwrap();
    let token = world.create(&act(), &card(AMEX, Some("1234"), "Grace"));
    world.clock.raise_to(at(MINUTE));
    let before = world.lines().len();
    let replaced = world.replace(("g", "r"), &token).unwrap();
    let expected = ReferencedSeen {
        updated_at: at(MINUTE),
        last4: "0005".to_owned(),
        details: details_of("Grace"),
        own: r#"{"of":"Ada"}"#.to_owned(),
        ..made.clone()
    };
    assert_eq!(replaced, expected, "the fields of the token itself stay");
    let mut fact = line(at(MINUTE), "reusable.update", world.number(&token));
    fact["result"] = json!(made.number.get());
    assert_eq!(world.lines_since(before), [fact]);
    assert_eq!(
        (world.number_of(&made.digits), world.referenced(("g", "r"))),
        (AMEX.to_owned(), Some(expected))
    );
    assert_eq!(world.replace(("g", "r"), &token), Err(ReferencedError::NotUsable));
    world.redeem(&token).unwrap_err();
    let fresh = world.create(&act(), &card(VISA, None, "Ada"));
    assert_eq!(world.replace(("g", "unknown"), &fresh), Err(UNKNOWN));
    world.redeem(&fresh).unwrap();
}

#[test]
fn a_deleted_token_is_gone_with_what_it_protects() {
    let world = World::new();
    let [made, stays] = ["r", "s"].map(|name| world.refer(("g", name), protected(VISA), "Ada").unwrap());
    assert_eq!(world.unrefer(("h", "r")), Err(UNKNOWN));
    assert_eq!(world.unrefer(("g", "x")), Err(UNKNOWN));
    let before = world.lines().len();
    world.unrefer(("g", "r")).unwrap();
    assert_eq!(world.lines_since(before), [line(at(0), "reusable.delete", made.number)]);
    assert_eq!(world.reusable_row(made.number), None);
    assert_eq!(world.unrefer(("g", "r")), Err(UNKNOWN));
    assert_eq!(world.listed(tenant(1), "g", coffer_core::Side::Beginning, 9), (vec!["s".to_owned()], None));
    assert_eq!(world.referenced(("g", "s")), Some(stays));
}

#[test]
fn a_reveal_is_in_the_log_with_its_reason_or_does_not_happen() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let before = world.lines().len();
    let revealed = run(world.vault.reveal_referenced(&act(), &made.digits, "case 7")).unwrap();
    assert_eq!(seen(&revealed.view), made);
    assert!(revealed.clear.cvv.is_none() && revealed.clear.reader.is_none());
    let mut fact = line(at(0), "reusable.reveal", made.number);
    fact["reason"] = json!("case 7");
    assert_eq!(world.lines_since(before), [fact]);
    world.store.answer(1, Err(StoreError::Unavailable));
    let refused = ReferencedError::Refused(Refused::Unavailable);
    assert_eq!(world.opened(&made.digits).unwrap_err(), refused, "without the fact there is no number");
    assert_eq!(world.lines_since(before).len(), 1);
    let act = act();
    world.store.on_commit(|_| crate::support::Step::Silence { write: true });
    crate::support::leave(world.vault.reveal_referenced(&act, &made.digits, "case 8"));
    assert_eq!(world.lines_since(before).len(), 2, "the fact is there before the number");
}

#[test]
fn the_same_card_twice_is_two_tokens() {
    let world = World::new();
    let [one, two] = ["r", "s"].map(|name| world.refer(("g", name), protected(VISA), "Ada").unwrap());
    assert_ne!((one.number, &one.digits), (two.number, &two.digits));
    let worldpays = world.reusable(&crate::support::offer_in("g", VISA));
    assert!(worldpays.number != one.number && worldpays.number != two.number, "nothing matches them");
    world.delete(worldpays.number).unwrap();
    world.unrefer(("g", "r")).unwrap();
    assert_eq!(world.number_of(&two.digits), VISA);
}
