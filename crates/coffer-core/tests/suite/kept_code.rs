//! Kept codes: a code outlives the exchange of its token where its tenant wants it, leaves once, and gets no new time.

use std::{future::Future, pin::Pin, sync::Arc};

use coffer_core::{
    ForwardOpened, ForwardSource, ReferencedError, Refused, RevealError, Revealed, SadPolicy, Swept,
    store::{Outcome, Position, RecordKey, Row, Store, StoreError, TokenKind, TokenRow, TokenState},
};
use coffer_crypto::LocatorBytes;
use coffer_types::RecordNumber;
use zeroize::Zeroizing;

use crate::support::{
    DAY, Draws, LIFE, MASTERCARD, MINUTE, Seen, Setup, Step, VISA, World, act, act_of_two, at, card, clear,
    find, request, run, tenant, together, token_of,
};

const CODE: Option<&str> = Some("917");

fn instrument(world: &World, pan: &str, cvv: Option<&str>) -> Seen {
    let token = world.create(&act(), &card(pan, cvv, "Ada"));
    world.exchange(&act(), &token, "customer").unwrap().0
}

fn reveal(world: &World, id: &LocatorBytes) -> (String, Option<String>) {
    clear(&run(world.vault.reveal(&act(), world.instrument_number(id), "test")).unwrap().clear)
}

fn without_code(pan: &str) -> (String, Option<String>) {
    (pan.to_owned(), None)
}

fn with_code(pan: &str) -> (String, Option<String>) {
    (pan.to_owned(), CODE.map(str::to_owned))
}

/// The row of the code that came with an instrument.
fn code_row(world: &World, seen: &Seen) -> Option<TokenRow> {
    let number = RecordNumber::from_u64(seen.details["kept_code"].as_u64().unwrap()).unwrap();
    run(world.model.token(tenant(1), number)).unwrap()
}

#[test]
fn a_code_leaves_with_the_first_reveal_where_its_tenant_keeps_it_and_nowhere_else() {
    let world = World::keeping();
    let seen = instrument(&world, VISA, CODE);
    let row = code_row(&world, &seen).unwrap();
    assert_eq!((row.kind, row.face, row.expires_at), (TokenKind::KeptCode, None, at(LIFE)));
    assert_eq!(reveal(&world, &seen.locator), with_code(VISA));
    assert_eq!(code_row(&world, &seen), None, "the row is gone with the use");
    assert_eq!(reveal(&world, &seen.locator), without_code(VISA));
    assert!(instrument(&world, MASTERCARD, None).details.get("kept_code").is_none(), "none came");

    let token = world.create(&act_of_two(), &card(VISA, CODE, "Ada"));
    let (theirs, _) = world.exchange(&act_of_two(), &token, "customer").unwrap();
    assert!(theirs.details.get("kept_code").is_none(), "tenant 2 keeps none");
    let number = world.instrument_number(&theirs.locator);
    let revealed = run(world.vault.reveal(&act_of_two(), number, "test")).unwrap();
    assert_eq!(clear(&revealed.clear), without_code(VISA));

    let world = World::new();
    let seen = instrument(&world, VISA, CODE);
    assert!(seen.details.get("kept_code").is_none(), "nobody keeps one unless it is said");
    assert_eq!(reveal(&world, &seen.locator), without_code(VISA));
}

#[test]
fn it_ends_half_an_hour_after_its_token_was_made_whenever_that_was_exchanged() {
    for exchanged_at in [0, MINUTE, LIFE - 1] {
        for (revealed_at, is_there) in [(LIFE - 1, true), (LIFE, false)] {
            let world = World::keeping();
            let token = world.create(&act(), &card(VISA, CODE, "Ada"));
            world.clock.raise_to(at(exchanged_at));
            let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
            world.clock.raise_to(at(revealed_at));
            let expected = if is_there { with_code(VISA) } else { without_code(VISA) };
            assert_eq!(reveal(&world, &seen.locator), expected, "{exchanged_at}, {revealed_at}");
        }
    }
}

#[test]
fn what_was_not_used_in_time_is_blanked_then_and_swept_a_day_later() {
    let world = World::keeping();
    let token = world.create(&act(), &card(VISA, CODE, "Ada"));
    world.clock.raise_to(at(20 * MINUTE));
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    let sweep = |world: &World| while run(world.vault.sweep()).unwrap() == Swept::More {};
    world.clock.raise_to(at(LIFE - 1));
    sweep(&world);
    assert!(matches!(code_row(&world, &seen).unwrap().state, TokenState::Live { .. }));
    world.clock.raise_to(at(LIFE));
    sweep(&world);
    assert_eq!(code_row(&world, &seen).unwrap().state, TokenState::Expired, "its own half hour counts");
    world.clock.raise_to(at(DAY + LIFE));
    sweep(&world);
    assert_eq!(code_row(&world, &seen), None);
}

/// A process that does not remember what another one kept blanks it half an hour after the exchange; its key died
/// before.
#[test]
fn what_another_process_kept_is_blanked_too() {
    let world = World::keeping();
    let token = world.create(&act(), &card(VISA, CODE, "Ada"));
    world.clock.raise_to(at(20 * MINUTE));
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    let neighbour = world.neighbour();
    world.clock.raise_to(at(50 * MINUTE + 1));
    while run(neighbour.sweep()).unwrap() == Swept::More {}
    assert_eq!(code_row(&world, &seen).unwrap().state, TokenState::Expired);
}

#[test]
fn of_16_readers_at_once_one_gets_the_code_and_all_the_card() {
    type Going<'a> = Pin<Box<dyn Future<Output = Result<Revealed, RevealError>> + 'a>>;
    for backwards in [false, true] {
        let world = World::keeping();
        let seen = instrument(&world, VISA, CODE);
        let (act, number) = (act(), world.instrument_number(&seen.locator));
        if backwards {
            world.store.commit_backwards(16);
        } else {
            world.store.commit_late();
        }
        let going = (0..16).map(|_| Box::pin(world.vault.reveal(&act, number, "test")) as Going<'_>);
        let given: Vec<_> =
            together(going.collect()).into_iter().map(|given| clear(&given.unwrap().clear)).collect();
        assert_eq!(given.iter().filter(|given| **given == with_code(VISA)).count(), 1);
        assert_eq!(given.iter().filter(|given| **given == without_code(VISA)).count(), 15);
    }
}

#[test]
fn of_readers_and_forwards_at_once_one_gets_the_code() {
    type Going<'a> = Pin<Box<dyn Future<Output = (String, Option<String>)> + 'a>>;
    for backwards in [false, true] {
        let world = World::keeping();
        let token = world.create(&act(), &card(VISA, CODE, "Ada"));
        let digits = world.refer_token(&act(), ("g", "r"), &token).unwrap().digits;
        let keys: Vec<String> = (0..4).map(|key| format!("k{key}")).collect();
        let attempts: Vec<_> = keys.iter().map(|key| world.attempt(request(key))).collect();
        if backwards {
            world.store.commit_backwards(8);
        } else {
            world.store.commit_late();
        }
        let (vault, act, digits) = (&world.vault, act(), digits.as_str());
        let act = &act;
        let reveals = (0..4).map(|_| {
            Box::pin(async move { clear(&vault.reveal_referenced(act, digits, "test").await.unwrap().clear) })
                as Going<'_>
        });
        let forwards = attempts.iter().map(|attempt| {
            Box::pin(async move {
                let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
                let source = ForwardSource::Digits(digits);
                let forward = vault.begin_forward(act, attempt, source, sends).await.unwrap();
                clear(&forward.opened.unwrap().clear)
            }) as Going<'_>
        });
        let given = together(forwards.chain(reveals).collect());
        assert_eq!(given.iter().filter(|given| **given == with_code(VISA)).count(), 1);
        assert_eq!(given.iter().filter(|given| **given == without_code(VISA)).count(), 7);
    }
}

#[test]
fn a_code_never_leaves_with_another_card() {
    let world = World::keeping();
    let seen = instrument(&world, VISA, CODE);
    let (neighbour, id) = (world.neighbour(), seen.locator);
    let other = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    let mut is_first = true;
    world.store.on_commit(move |_| {
        if std::mem::take(&mut is_first) {
            let decide = |before: &coffer_core::InstrumentView, _: Option<&coffer_core::Details>| {
                let own = before.details.own.clone();
                Ok::<_, std::convert::Infallible>(coffer_core::Change {
                    details: crate::support::details("x"),
                    own,
                })
            };
            run(neighbour.update_instrument(&act(), &id, Some(&other), &decide, |_| ())).unwrap();
        }
        Step::Pass
    });
    assert_eq!(reveal(&world, &id), without_code(MASTERCARD));
    assert_eq!(code_row(&world, &seen), None);
}

#[test]
fn a_partial_token_brings_a_new_code_to_the_card_that_is_there() {
    let world = World::keeping();
    let seen = instrument(&world, VISA, Some("111"));
    let partial =
        coffer_core::NewToken { protected: coffer_core::Protected::Nothing, ..card(VISA, CODE, "Ada") };
    let token = world.create(&act(), &partial);
    world.update(&act(), &seen.locator, Some(&token), "Ada").unwrap();
    assert_eq!(reveal(&world, &seen.locator), with_code(VISA));
    assert_eq!(code_row(&world, &seen), None, "the first one's row went");
}

#[test]
fn a_refused_act_leaves_the_code_and_one_whose_answer_was_lost_has_taken_it() {
    let world = World::keeping();
    let seen = instrument(&world, VISA, CODE);
    let number = world.instrument_number(&seen.locator);
    let unavailable = Err(RevealError::Refused(Refused::Unavailable));
    for answer in [Err(StoreError::Unavailable), Ok(lost(number))] {
        world.store.answer(coffer_types::limits::PLAN_ATTEMPTS, answer);
        assert!(run(world.vault.reveal(&act(), number, "test")).is_err());
        world.store.heal();
        assert!(code_row(&world, &seen).is_some());
    }
    world.store.on_commit(|_| Step::WriteAndAnswer(Err(StoreError::Unavailable)));
    assert_eq!(run(world.vault.reveal(&act(), number, "test")).map(drop), unavailable);
    world.store.heal();
    assert_eq!(reveal(&world, &seen.locator), without_code(VISA), "at most once");
}

fn lost(number: RecordNumber) -> Outcome {
    Outcome::Lost {
        lost: coffer_core::store::Lost::NotLive(RecordKey::Instrument(tenant(1), number)),
        after: Position(1),
    }
}

#[test]
fn a_forward_that_is_refused_leaves_the_code() {
    let world = World::keeping();
    let token = world.create(&act(), &card(VISA, CODE, "Ada"));
    let digits = world.refer_token(&act(), ("g", "r"), &token).unwrap().digits;
    let attempt = world.attempt(request("k"));
    let source = ForwardSource::Digits(&digits);
    let refuses = |opened: &ForwardOpened| {
        assert_eq!(clear(&opened.clear), with_code(VISA));
        Err(ReferencedError::Nothing)
    };
    run(world.vault.begin_forward(&act(), &attempt, source, refuses)).unwrap_err();
    let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
    let forward = run(world.vault.begin_forward(&act(), &attempt, source, sends)).unwrap();
    assert_eq!(clear(&forward.opened.unwrap().clear), with_code(VISA));
    let revealed = run(world.vault.reveal_referenced(&act(), &digits, "test")).unwrap();
    assert_eq!(clear(&revealed.clear), without_code(VISA));
}

#[test]
fn what_a_reader_sent_and_what_is_no_card_s_code_is_not_kept() {
    let world = World::keeping();
    let reader = coffer_core::NewToken {
        reader: Some(Zeroizing::new("{\"track\":1}".to_owned())),
        ..card(VISA, None, "Ada")
    };
    let token = world.create(&act(), &reader);
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    assert!(seen.details.get("kept_code").is_none());
    let token = world.create(&act(), &token_of(crate::support::account("000918273645", "021000021"), "Ada"));
    assert!(world.exchange(&act(), &token, "customer").unwrap().0.details.get("kept_code").is_none());
}

#[test]
fn a_tenant_that_keeps_codes_no_more_gets_none_of_before() {
    let world = World::keeping();
    let seen = instrument(&world, VISA, CODE);
    let neighbour = world.neighbour();
    let number = world.instrument_number(&seen.locator);
    let revealed = run(neighbour.reveal(&act(), number, "test")).unwrap();
    assert_eq!(clear(&revealed.clear), without_code(VISA));
    assert_eq!(code_row(&world, &seen), None, "and it is gone");
}

#[test]
fn bent_rows_give_no_time_and_no_other_code() {
    let world = World::keeping();
    let token = world.create(&act(), &card(VISA, CODE, "Ada"));
    world.clock.raise_to(at(20 * MINUTE));
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    // A clear time that never ends, while the key of the ring still lives: the sealed time counts.
    world.store.on_token(|row| TokenRow { expires_at: at(1_000 * LIFE), ..row });
    world.clock.raise_to(at(LIFE));
    assert_eq!(reveal(&world, &seen.locator), without_code(VISA));
    world.store.heal();

    let world = World::keeping();
    let (seen, other) = (instrument(&world, VISA, CODE), instrument(&world, MASTERCARD, Some("222")));
    let number = world.instrument_number(&seen.locator);
    // The row of another instrument's code under this one's number, and a session's that says it is a code.
    let theirs = code_row(&world, &other).unwrap();
    let mine = code_row(&world, &seen).unwrap();
    let bent = TokenRow { number: mine.number, ..theirs };
    world.store.on_token(move |_| bent.clone());
    let refused = run(world.vault.reveal(&act(), number, "test")).map(drop);
    assert_eq!(refused, Err(RevealError::Refused(Refused::Unavailable)));
    world.store.on_token(|row| TokenRow { kind: TokenKind::SingleUse, ..row });
    assert_eq!(reveal(&world, &seen.locator), without_code(VISA), "a row of another kind is none");
    world.store.heal();
    assert_eq!(reveal(&world, &other.locator), (MASTERCARD.to_owned(), Some("222".to_owned())));
}

/// As after an import, where the number of a short-lived row comes again. Two worlds that begin alike have the same
/// keys: the row opens, and belongs to another instrument.
#[test]
fn a_code_that_belongs_to_another_holder_is_not_given_out() {
    let world = World::keeping();
    for _ in 0..10 {
        world.create(&act(), &card(VISA, None, "Ada"));
    }
    let seen = instrument(&world, VISA, CODE);
    let mine = code_row(&world, &seen).unwrap();
    let theirs = (0..40).find_map(|fillers| {
        let other = World::keeping();
        let first = instrument(&other, VISA, None);
        for _ in 0..fillers {
            reveal(&other, &first.locator);
        }
        let second = instrument(&other, VISA, Some("222"));
        assert_eq!(second.locator, first.locator);
        assert_ne!(second.locator, seen.locator);
        code_row(&other, &second).filter(|row| row.number == mine.number)
    });
    let theirs = theirs.expect("a row of the same number");
    world.store.on_token(move |_| theirs.clone());
    assert_eq!(reveal(&world, &seen.locator), without_code(VISA), "it opens, and is not this one's");
}

#[test]
fn a_kept_code_is_in_no_list_and_no_count() {
    let world = World::keeping();
    for _ in 0..3 {
        instrument(&world, VISA, CODE);
    }
    let window = coffer_core::store::Window {
        from: RecordNumber::MIN,
        below: RecordNumber::MAX,
        skip: 0,
        at_most: 100,
        order: coffer_core::store::Order::NewestFirst,
    };
    let rows = run(world.model.tokens(tenant(1), window)).unwrap();
    assert_eq!(rows.len(), 3, "the tokens, and no codes");
    assert!(rows.iter().all(|row| row.kind == TokenKind::SingleUse));
}

#[test]
fn it_is_sealed_under_the_key_of_the_half_minute_in_which_it_came_in() {
    let world = World::keeping();
    let token = world.create(&act(), &card(VISA, CODE, "Ada"));
    let version = |row: &TokenRow| match &row.state {
        TokenState::Live { sad: Some(sad), .. } => sad.key_version().unwrap(),
        other => panic!("{other:?}"),
    };
    let before = world.token_row(&token).unwrap();
    world.clock.raise_to(at(10 * MINUTE));
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    let after = code_row(&world, &seen).unwrap();
    assert_eq!(version(&after), version(&before));
    assert_eq!((after.created_at, after.expires_at), (before.created_at, before.expires_at));
    // Nothing of the code lies in the durable row or in the row that names it.
    let row = world.instrument_row(&seen.locator);
    let TokenState::Live { sad: Some(sad), .. } = &after.state else { panic!("live") };
    for bytes in [row.protected.as_bytes(), row.details.as_bytes()] {
        assert_eq!(find(bytes, sad.as_bytes()), None);
    }
    assert_eq!(find(world.everything().as_bytes(), b"917"), None);
}

#[test]
fn a_restart_keeps_it_with_its_ring_and_loses_it_without() {
    let folder = tempfile::tempdir().unwrap();
    for lose_ring in [false, true] {
        let path = folder.path().join(format!("ring-{lose_ring}"));
        let policy = SadPolicy::Stored { kept_by: [tenant(1)].into() };
        let world = World::with_sad(Some(path.clone()), policy.clone());
        let seen = instrument(&world, VISA, CODE);
        let number = world.instrument_number(&seen.locator);
        let World { vault, model, clock, .. } = world;
        drop(vault);
        if lose_ring {
            std::fs::remove_file(&path).unwrap();
        }
        let setup = Setup::over(Arc::clone(&model) as Arc<dyn Store>);
        let draws = Draws::seeded(7);
        let vault = Setup { ring: Some(path), clock, draws, sad: policy, ..setup }.open().unwrap();
        let revealed = run(vault.reveal(&act(), number, "test")).unwrap();
        let expected = if lose_ring { without_code(VISA) } else { with_code(VISA) };
        assert_eq!(clear(&revealed.clear), expected);
    }
}

#[test]
fn no_unit_writes_a_code_and_a_durable_row_into_one_place() {
    let world = World::keeping();
    let token = world.create(&act(), &card(VISA, CODE, "Ada"));
    world.store.on_commit(|unit| {
        let rows: Vec<&Row> = unit
            .puts()
            .iter()
            .filter_map(|put| match put {
                coffer_core::store::Put::Insert(row) | coffer_core::store::Put::Replace(row) => Some(row),
                _ => None,
            })
            .collect();
        // The token that is used up, the code's row, the instrument and its unique key: one unit.
        assert_eq!(rows.len(), 4, "{rows:?}");
        Step::Pass
    });
    world.exchange(&act(), &token, "customer").unwrap();
}
