//! What is sealed reads back, and what a patch has changed is read as a request is.

use coffer_types::Expiry;
use serde_json::{Value, json};

use super::{
    super::{
        create::SecureRequest,
        facts::{AccountType, CardSource, EntryMethod, SourceFacts},
        kept::{KeptOwn, Patched, PatchedSource, read_patched},
        resource::{Named, SecureTokenBody, SourceBody},
        source::{AnySource, Taking},
        words::MitAgreement,
    },
    TAKING,
    bodies::{all_secure, all_single_use},
    changed, single_use, with,
};

/// Every request for a secure token as the resource that it makes.
fn resources() -> Vec<Value> {
    let read = |body: &Value| {
        with(body, |node| {
            SecureRequest::read(node, TAKING).map(|request| {
                let AnySource::Given(given) = request.source else { return None };
                let source = SourceBody::with_account_type(&given.facts, given.expiry);
                let named = Named {
                    processing_terminal_id: "1234001",
                    secure_token_id: "MREF_1",
                    token: "296753123456".into(),
                };
                Some(serde_json::to_value(SecureTokenBody::of(named, &request.own, source)).unwrap())
            })
        })
        .unwrap()
    };
    all_secure().iter().filter_map(read).collect()
}

fn patched<T>(
    resource: &Value,
    before: Option<Expiry>,
    look: impl FnOnce(&Patched<'_>) -> T,
) -> Result<T, Vec<String>> {
    with(resource, |node| read_patched(node, before, TAKING).map(|patched| look(&patched)))
}

#[test]
fn facts_read_back_as_they_were_sealed() {
    let mut kinds = Vec::new();
    for body in all_single_use() {
        let facts = single_use(&body).unwrap().facts;
        let sealed = serde_json::to_string(&facts).unwrap();
        assert!(serde_json::from_str::<SourceFacts>(&sealed).unwrap() == facts, "{sealed}");
        kinds.push(serde_json::from_str::<Value>(&sealed).unwrap()["type"].clone());
    }
    kinds.dedup();
    assert_eq!(kinds, ["card", "ach", "pad"]);
    let told = CardSource {
        cardholder_name: String::new(),
        number: "****************".to_owned(),
        account_type: None,
        card_type: Some("Visa Credit".to_owned()),
        currency: Some("USD".to_owned()),
        debit: Some(false),
        entry_method: EntryMethod::Icc,
    };
    let facts = SourceFacts::Card(told);
    let sealed = json!({ "type": "card", "cardholderName": "", "number": "****************",
        "cardType": "Visa Credit", "currency": "USD", "debit": false, "entryMethod": "icc" });
    assert_eq!(serde_json::to_value(&facts).unwrap(), sealed);
    assert!(serde_json::from_value::<SourceFacts>(sealed).unwrap() == facts);
}

#[test]
fn what_a_token_keeps_of_its_own_reads_back() {
    for body in all_secure() {
        with(&body, |node| {
            SecureRequest::read(node, TAKING).map(|request| {
                let sealed = serde_json::to_string(&request.own).unwrap();
                assert!(serde_json::from_str::<KeptOwn<'_>>(&sealed).unwrap() == request.own);
                assert!(!sealed.contains("null") && !sealed.contains("104.18") && !sealed.contains("cavv"));
            })
        })
        .unwrap();
    }
    assert_eq!(serde_json::to_string(&KeptOwn::default()).unwrap(), "{}");
    assert!(serde_json::from_str::<KeptOwn<'_>>("{}").unwrap() == KeptOwn::default());
    let escaped = r#"{"customer":{"firstName":"\u00e9"}}"#;
    let own: KeptOwn<'_> = serde_json::from_str(escaped).unwrap();
    assert_eq!(own.customer.unwrap().first_name.as_deref(), Some("é"), "also what cannot be borrowed");
}

#[test]
fn a_resource_that_no_patch_has_changed_is_what_it_was() {
    let resources = resources();
    assert_eq!(resources.len(), 3);
    for resource in resources {
        patched(&resource, None, |patched| {
            let own = serde_json::to_value(&patched.own).unwrap();
            for name in ["mitAgreement", "customer", "customFields"] {
                assert_eq!(own[name], resource[name], "{name}");
            }
            let source = &resource["source"];
            match &patched.source {
                PatchedSource::Card { cardholder_name, expiry } => {
                    assert_eq!(source["cardholderName"], *cardholder_name);
                    assert_eq!(*expiry, Expiry::new(2030, 12).ok());
                }
                PatchedSource::Ach { name_on_account, account_type } => {
                    assert_eq!(source["nameOnAccount"], *name_on_account);
                    assert_eq!(*account_type, Some(AccountType::Checking));
                }
                PatchedSource::Pad { name_on_account, institution_number, account_type } => {
                    assert_eq!(source["nameOnAccount"], *name_on_account);
                    assert_eq!(*institution_number, "543");
                    assert_eq!(*account_type, Some(AccountType::Savings));
                }
            }
        })
        .unwrap();
    }
}

#[test]
fn what_a_patch_may_change_is_read_again() {
    let [card, pad, ach] = <[Value; 3]>::try_from(resources()).unwrap();
    let body = changed(&card, "/source/cardholderName", json!(""));
    let body = changed(&body, "/source/expiryDate", json!("0131"));
    let body = changed(&changed(&body, "/mitAgreement", json!("recurring")), "/customer", Value::Null);
    patched(&body, None, |patched| {
        assert_eq!(patched.own.mit_agreement, Some(MitAgreement::Recurring));
        assert!(patched.own.customer.is_none() && patched.own.custom_fields.is_some());
        let PatchedSource::Card { cardholder_name, expiry } = patched.source else { panic!("a card") };
        assert_eq!((cardholder_name, expiry), ("", Expiry::new(2031, 1).ok()));
    })
    .unwrap();
    let body =
        changed(&changed(&ach, "/source/nameOnAccount", json!("Ada")), "/source/accountType", Value::Null);
    patched(&body, None, |patched| {
        let PatchedSource::Ach { name_on_account, account_type } = patched.source else { panic!("ach") };
        assert_eq!((name_on_account, account_type), ("Ada", None));
    })
    .unwrap();
    let body = changed(&pad, "/source/institutionNumber", json!("001"));
    patched(&body, None, |patched| {
        let PatchedSource::Pad { institution_number, .. } = patched.source else { panic!("pad") };
        assert_eq!(institution_number, "001");
    })
    .unwrap();
}

#[test]
fn what_a_patch_makes_wrong_is_told_at_its_field() {
    let [card, pad, ach] = <[Value; 3]>::try_from(resources()).unwrap();
    let wrong = [
        (&card, "source.cardholderName", Value::Null, "Is required."),
        (&card, "source.cardholderName", json!("n".repeat(51)), "Must have at most 50 characters."),
        (
            &card,
            "source.expiryDate",
            json!("1330"),
            "Must be a month from 01 to 12 and two digits of a year, MMYY.",
        ),
        (&card, "source.expiryDate", json!("0230"), "The card has expired."),
        (&card, "source.type", json!("cash"), "Must be one of card, ach, pad."),
        (&card, "source", json!([]), "Must be an object."),
        (&ach, "source.nameOnAccount", json!(""), "Must not be empty."),
        (&ach, "source.accountType", json!("other"), "Must be one of checking, savings."),
        (&pad, "source.institutionNumber", json!("54"), "Must have at least 3 characters."),
        (&pad, "mitAgreement", json!("x"), "Must be one of unscheduled, recurring, installment."),
        (&pad, "customer.billingAddress.city", Value::Null, "Is required."),
        (&pad, "customer.contactMethods.0.type", json!("x"), "Must be one of email, phone, mobile, fax."),
        (&pad, "customFields.0", json!(1), "Must be an object."),
    ];
    for (resource, field, value, message) in wrong {
        let mut resource = resource.clone();
        *resource.pointer_mut(&format!("/{}", field.replace('.', "/"))).unwrap() = value;
        assert_eq!(patched(&resource, None, |_| ()), Err(vec![format!("{field}: {message}")]));
    }
    assert_eq!(patched(&json!([]), None, |_| ()), Err(vec![": The body must be a JSON object.".to_owned()]));
}

#[test]
fn an_expired_card_may_stay_so() {
    let card = changed(&resources()[0], "/source/expiryDate", json!("0220"));
    let (own, other) = (Expiry::new(2020, 2).ok(), Expiry::new(2020, 3).ok());
    let expiry = |patched: &Patched<'_>| match patched.source {
        PatchedSource::Card { expiry, .. } => expiry,
        _ => panic!("a card"),
    };
    assert_eq!(patched(&card, own, expiry), Ok(own));
    let expired = Err(vec!["source.expiryDate: The card has expired.".to_owned()]);
    assert_eq!(patched(&card, other, expiry), expired);
    assert_eq!(patched(&card, None, expiry), expired);
    let allowing = Taking { allow_expired: true, ..TAKING };
    let read = with(&card, |node| read_patched(node, None, allowing).map(|patched| expiry(&patched)));
    assert_eq!(read, Ok(own));
    let without = changed(&card, "/source/expiryDate", Value::Null);
    assert_eq!(patched(&without, own, expiry), Ok(None), "it may be taken away");
}
