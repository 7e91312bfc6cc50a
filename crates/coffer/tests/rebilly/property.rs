//! Generated requests of every form: right ones, broken in one place, broken in many. A right one succeeds; of a wrong
//! one exactly the broken place is named, nothing is done and no token is used up; and no secret is in an answer, in a
//! header or in the log.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use super::{
    calls::invalid_fields,
    operations::{Header, Kind},
    property_forms::{Form, Need, PAN, Wrong, break_at, forms},
    property_target::{Target, check},
};

/// Who calls a form: whom the operation is for first of all.
fn caller<'t>(target: &'t Target, form: &Form) -> &'t [Header] {
    let may = form.operation.may;
    let kind = if may.contains(&Kind::Secret) { Kind::Secret } else { Kind::Customer };
    assert!(may.contains(&kind));
    target.headers(kind)
}

#[test]
fn right_requests_succeed_with_any_of_their_optional_members() {
    let target = Target::new();
    let forms = forms(&target.world);
    check(&(any::<Index>(), vec(any::<bool>(), 80)), |(which, kept)| {
        let form = which.get(&forms);
        let mut body = form.body.clone();
        for (field, kept) in form.fields.iter().zip(kept) {
            if field.need == Need::Optional && !kept {
                break_at(&mut body, &field.path, &Wrong::Absent);
            }
        }
        if !body["token"].is_null() {
            let card = json!({"pan": PAN, "expMonth": 1, "expYear": 2_040});
            let card = json!({"method": "payment-card", "paymentInstrument": card});
            let made = target.call(
                "POST",
                "/rebilly/tokens",
                target.headers(Kind::Secret),
                card.to_string().as_bytes(),
            );
            body["token"] = made.json()["id"].clone();
        }
        let answer = target.call(
            form.operation.method,
            &form.path,
            caller(&target, form),
            body.to_string().as_bytes(),
        );
        let updated = form.operation.id == "PostPaymentInstrument" && answer.status == 303;
        assert!(
            answer.status == form.operation.success || updated,
            "{} {body}: {}",
            form.name,
            answer.text()
        );
        target.judge(&answer);
    });
    target.finish();
}

#[test]
fn one_broken_place_is_named_and_nothing_else() {
    let mut target = Target::new();
    let forms = forms(&target.world);
    let strategy = (any::<Index>(), any::<Index>(), any::<Index>());
    check(&strategy, |(which, field, wrong)| {
        let form = which.get(&forms);
        let field = field.get(&form.fields);
        assert_one_broken(&target, form, &field.path, wrong.get(&field.wrongs()));
    });
    // A refused request uses no token up.
    target.world.assert_unchanged("a request that was refused");
    target.finish();
}

fn assert_one_broken(target: &Target, form: &Form, path: &str, wrong: &Wrong) {
    let mut body = form.body.clone();
    assert!(break_at(&mut body, path, wrong), "{} has {path}", form.name);
    let answer =
        target.call(form.operation.method, &form.path, caller(target, form), body.to_string().as_bytes());
    target.judge(&answer);
    let what = format!("{} {}: {path} {wrong:?}", form.operation.id, form.name);
    assert_eq!(answer.status, 422, "{what}: {}", answer.text());
    // Without a token the call is for a plain instrument, which has a method.
    let no_token = form.operation.id == "PostPaymentInstrument" && path == "token" && *wrong == Wrong::Absent;
    let expected = if no_token { "method" } else { path };
    assert_eq!(invalid_fields(&answer), BTreeSet::from([expected.to_owned()]), "{what}");
}

/// Every way to break every field of every form, once.
#[test]
fn every_rule_is_enforced_by_its_own_name() {
    let mut target = Target::new();
    let mut broken = 0;
    for form in &forms(&target.world) {
        for field in &form.fields {
            for wrong in &field.wrongs() {
                assert_one_broken(&target, form, &field.path, wrong);
                broken += 1;
            }
        }
    }
    assert!(broken > 4_000, "{broken} ways to break a request");
    target.world.assert_unchanged("a request that was refused");
    target.finish();
}

#[test]
fn many_broken_places_are_all_that_is_named() {
    let mut target = Target::new();
    let forms = forms(&target.world);
    let strategy = (any::<Index>(), vec((any::<Index>(), any::<Index>()), 2..15));
    check(&strategy, |(which, places)| {
        let form = which.get(&forms);
        let (mut body, mut broken) = (form.body.clone(), BTreeSet::new());
        for (field, wrong) in places {
            let field = field.get(&form.fields);
            let wrong = wrong.get(&field.wrongs()).clone();
            if break_at(&mut body, &field.path, &wrong) {
                broken.insert(field.path.clone());
            }
        }
        let answer = target.call(
            form.operation.method,
            &form.path,
            caller(&target, form),
            body.to_string().as_bytes(),
        );
        target.judge(&answer);
        if broken.is_empty() {
            return;
        }
        assert_eq!(answer.status, 422, "{} {body}: {}", form.name, answer.text());
        let mut named = invalid_fields(&answer);
        if broken.contains("token") && form.operation.id == "PostPaymentInstrument" {
            named.remove("method");
        }
        // What lies in a broken member is not looked at.
        let inside = |path: &&String| {
            !broken
                .iter()
                .any(|outer| path.strip_prefix(&**outer).is_some_and(|rest| rest.starts_with(['.', '['])))
        };
        let expected: BTreeSet<String> = broken.iter().filter(inside).cloned().collect();
        assert!(named.is_subset(&expected), "{named:?} are more than {expected:?}: {body}");
        // A method that is none has no members, and neither has an account of no type; another call has others.
        let decided = ["method", "token"].iter().any(|name| expected.contains(*name));
        let excused = |path: &&String| {
            let section = path.rfind('.').map_or("", |at| &path[..=at]);
            let text = body.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_str);
            // How long a code has to be, the card tells, and what a reference names, the store: when all else is right.
            let later = text.is_some_and(|text| match path.as_str() {
                "defaultPaymentInstrumentId" | "paymentToken" => true,
                _ => path.ends_with("cvv") && [3, 4].contains(&text.len()) && text.parse::<u16>().is_ok(),
            });
            decided || later || expected.contains(&format!("{section}accountNumberType"))
        };
        let silent: Vec<&String> = expected.difference(&named).filter(|path| !excused(path)).collect();
        assert!(silent.is_empty(), "{silent:?} are not named: {} {body}", form.name);
    });
    target.world.assert_unchanged("a request that was refused");
    target.finish();
}
