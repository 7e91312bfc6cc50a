//! The names of reusable tokens: the same for ever, each for one thing, and of use to their tenant alone.

use std::sync::Arc;

use coffer_core::{
    Clock, ReusableChange, ReusableError, RevealReusableError, Vault,
    store::{KeyRow, Model, Store, Unit},
};
use coffer_crypto::{Environment, KeyPurpose, KeyScope, KeyState, KeyVersion, LocatorBytes, LocatorKind};
use coffer_types::Generation;

use crate::support::{
    Became, DAY, Draws, LONG, Offer, ReusableSeen, SHORT, Setup, VISA, World, act, act_of_two, at, facts,
    offer, offer_in, pan, root, run, tenant, tokenizing,
};

const KINDS: [LocatorKind; 6] = [
    LocatorKind::Reusable,
    LocatorKind::ReusableDescription,
    LocatorKind::ReusableHolder,
    LocatorKind::ReusableExpiry,
    LocatorKind::ReusableAddress,
    LocatorKind::ReusableSchemeReference,
];

#[test]
fn each_name_leads_to_its_token_as_what_it_names_and_as_nothing_else() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let conflict = world.conflict(&Offer { facts: facts("Grace"), ..offer(VISA) }).locator;
    let place = Some((tenant(1), made.number));
    for (named, name) in KINDS.iter().zip(&made.names) {
        for kind in KINDS {
            let expected = place.filter(|_| kind == *named);
            assert_eq!(world.vault.locate(kind, name), expected, "{named:?} as {kind:?}");
        }
        for kind in [LocatorKind::Conflict, LocatorKind::CardSession, LocatorKind::CvvSession] {
            assert_eq!(world.vault.locate(kind, name), None);
        }
        assert!(world.vault.locate_token(name).is_none() && world.vault.locate_instrument(name).is_none());
        assert_eq!(world.vault.locate(*named, &conflict), None);
    }
    assert_eq!(world.vault.locate_short(tenant(1), &made.short), Some(made.number));
    for byte in 0..made.short.0.len() {
        let mut forged = made.short;
        forged.0[byte] ^= 1;
        assert_eq!(world.vault.locate_short(tenant(1), &forged), None, "byte {byte}");
    }
}

#[test]
fn another_tenant_sees_nothing() {
    let world = World::new();
    let offered = offer_in("shared", VISA);
    let made = world.reusable(&offered);
    let conflict = world.conflict(&Offer { facts: facts("Grace"), ..offered.clone() }).locator;
    let before = world.everything();
    let (vault, number, two) = (&world.vault, made.number, act_of_two());
    assert!(run(vault.read_reusable(tenant(2), number)).unwrap().is_none());
    assert!(run(vault.read_namespace(tenant(2), "shared")).unwrap().is_empty());
    assert_eq!(vault.locate_short(tenant(2), &made.short), None);
    for change in [ReusableChange::Description("words".to_owned()), ReusableChange::Facts(facts("Grace"))] {
        assert_eq!(run(vault.update_reusable(&two, number, &change)), Err(ReusableError::Unknown));
    }
    assert_eq!(run(vault.delete_reusable(&two, number)), Err(ReusableError::Unknown));
    let revealed = run(vault.reveal_reusable(&two, number, "test", LONG));
    assert_eq!(revealed.unwrap_err(), RevealReusableError::Unknown);
    assert!(run(vault.read_conflict(&two, &conflict)).unwrap().is_none());
    assert_eq!(run(vault.resolve_conflict(&two, &conflict)), Err(ReusableError::Unknown));
    assert_eq!(world.everything(), before, "nothing was written");
    assert!(matches!(world.tokenize(&two, &offered), Ok(Became::Created(_))));
    assert_eq!(world.read(number), Some(made));
    assert!(world.read_conflict(&conflict).is_some());
}

fn restarted(model: &Arc<Model>, millis: i64) -> Vault {
    let setup = Setup::over(Arc::clone(model) as Arc<dyn Store>);
    let setup = Setup { clock: Arc::new(Clock::stopped(at(millis))), draws: Draws::seeded(77), ..setup };
    setup.open().unwrap()
}

/// What a vault shows of a token, and of its conflict.
fn shown(vault: &Vault, seen: &ReusableSeen, conflict: &LocatorBytes) -> (ReusableSeen, bool) {
    let number = vault.locate(LocatorKind::Reusable, &seen.names[0]).unwrap().1;
    assert_eq!(vault.locate_short(tenant(1), &seen.short), Some(number));
    let view = run(vault.read_reusable(tenant(1), number)).unwrap().unwrap();
    ((&view).into(), run(vault.read_conflict(&act(), conflict)).unwrap().is_some())
}

/// A second locator key, as a rotation makes it.
fn rotate(model: &Model) {
    let rows = run(model.keys()).unwrap();
    let kek = rows.iter().find(|row| row.purpose == KeyPurpose::Kek.code()).unwrap();
    let kek = root().unwrap_kek(Environment::Sandbox, KeyVersion::new(kek.version), &kek.wrapped).unwrap();
    let version = KeyVersion::new(2);
    let draws = Draws::seeded(3);
    let wrapped = kek.wrap_new(KeyPurpose::Locator, KeyScope::Deployment, version, &*draws).unwrap();
    let purpose = KeyPurpose::Locator.code();
    let row = KeyRow {
        tenant: None,
        purpose,
        version: 2,
        generation: Generation::FIRST,
        state: KeyState::Active,
        under: 1,
        created_at: at(0),
        active_at: Some(at(1_500)),
        changed_at: at(0),
        wrapped,
    };
    let number = run(model.newest_number()).unwrap().unwrap();
    model.apply(&Unit::build(number, at(0)).insert(row).finish()).unwrap();
}

#[test]
fn names_stay_over_restarts_and_new_locator_keys() {
    let world = World::new();
    let made = world.reusable(&offer_in("a", VISA));
    let conflict = world.conflict(&Offer { facts: facts("Grace"), ..offer_in("a", VISA) }).locator;
    assert_eq!(shown(&world.vault, &made, &conflict), (made.clone(), true));
    let model = Arc::clone(&world.model);
    drop(world);
    let vault = restarted(&model, 1_000);
    assert_eq!(shown(&vault, &made, &conflict), (made.clone(), true));
    drop(vault);

    rotate(&model);
    let vault = restarted(&model, 2_000);
    assert_eq!(shown(&vault, &made, &conflict), (made.clone(), true), "the names of the first key");
    let act = act();
    let again = run(tokenizing(&vault, &act, offer_in("a", VISA))).unwrap().matched();
    assert_eq!(again, made);
    let change = ReusableChange::Description("words".to_owned());
    run(vault.update_reusable(&act, made.number, &change)).unwrap();
    let changed = ReusableSeen { description: "words".to_owned(), ..made.clone() };
    assert_eq!(shown(&vault, &made, &conflict), (changed, true), "sealed anew, named as before");
    let other = pan(1);
    let new = run(tokenizing(&vault, &act, offer_in("a", &other))).unwrap().created();
    assert_eq!((made.names[0].0[0], made.short.0[0]), (1, 1));
    assert_eq!((new.names[0].0[0], new.short.0[0]), (2, 2), "a new token is named by the new key");
    drop(vault);
    let vault = restarted(&model, 3_000);
    assert_eq!(shown(&vault, &new, &conflict).0, new);
    let read = run(vault.read_namespace(tenant(1), "a")).unwrap();
    assert_eq!(read.iter().map(|view| view.number).collect::<Vec<_>>(), [new.number, made.number]);
}

#[test]
fn everything_is_found_after_a_restart() {
    let world = World::new();
    let full: Vec<_> = (0..16).map(|index| world.reusable(&offer_in("full", &pan(index)))).collect();
    let lone = world.reusable(&offer(VISA));
    let model = Arc::clone(&world.model);
    drop(world);
    let vault = restarted(&model, 30 * DAY);
    let act = act();
    for (index, seen) in (0..).zip(&full) {
        let pan = pan(index);
        assert_eq!(run(tokenizing(&vault, &act, offer_in("full", &pan))).unwrap().matched(), *seen);
    }
    let more = pan(16);
    assert!(run(tokenizing(&vault, &act, offer_in("full", &more))).is_err());
    assert_eq!(run(tokenizing(&vault, &act, offer(VISA))).unwrap().matched(), lone);
    run(vault.delete_reusable(&act, full[5].number)).unwrap();
    let new = run(tokenizing(&vault, &act, offer_in("full", &more))).unwrap().created();
    assert!(new.number > lone.number);
    assert_eq!(SHORT.seconds, 90 * DAY / 1_000);
}
