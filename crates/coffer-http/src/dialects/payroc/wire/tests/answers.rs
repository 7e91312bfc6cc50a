//! Answers are as the reference shows them, and as their schemas say.

use coffer_types::Expiry;
use serde_json::{Value, json};

use super::{
    super::{
        facts::SourceFacts,
        kept::KeptOwn,
        resource::{
            LinkBody, ListBody, Named, SecureTokenBody, SessionBody, SingleUseTokenBody, SourceBody, Status,
        },
        words::{AccountType, ContactKind, Language, MitAgreement, SecCode, Word},
    },
    bodies::{ach, all_single_use, cards, customer, of_card, pad, single_use as request, token},
    single_use,
};
use crate::openapi::Document;

fn named() -> Named<'static> {
    Named {
        processing_terminal_id: "1234001",
        secure_token_id: "MREF_1",
        token: "2967530000000000001".into(),
    }
}

fn own() -> KeptOwn<'static> {
    let own = json!({ "mitAgreement": "unscheduled", "customer": customer(),
        "customFields": [{ "name": "yourCustomField", "value": "abc123" }] });
    serde_json::from_str(Box::leak(own.to_string().into_boxed_str())).unwrap()
}

/// A source as most endpoints show it, and as two of them do.
fn shown(body: &Value) -> [Value; 2] {
    let given = single_use(body).unwrap();
    [SourceBody::of(&given.facts, given.expiry), SourceBody::with_account_type(&given.facts, given.expiry)]
        .map(|body| serde_json::to_value(body).unwrap())
}

/// 3.2 and 5.
#[test]
fn sources_are_masked_as_published() {
    let (_, details) = cards().swap_remove(0);
    let given = single_use(&of_card(&details)).unwrap();
    let SourceFacts::Card(mut card) = given.facts else { panic!("a card") };
    card.card_type = Some("Visa Credit".to_owned());
    card.currency = Some("USD".to_owned());
    card.debit = Some(false);
    let facts = SourceFacts::Card(card);
    let expected = json!({ "type": "card", "cardNumber": "453985******7062", "cardholderName": "Sarah Hazel Hopper",
        "cardType": "Visa Credit", "currency": "USD", "debit": false, "expiryDate": "1230" });
    for body in [SourceBody::of(&facts, given.expiry), SourceBody::with_account_type(&facts, given.expiry)] {
        assert_eq!(serde_json::to_value(body).unwrap(), expected, "a card never has an account type");
    }
    let expected = json!({ "type": "ach", "nameOnAccount": "Sarah Hazel Hopper", "accountNumber": "****3159",
        "routingNumber": "123456789" });
    let [plain, typed] = shown(&request(&ach()));
    assert_eq!(plain, expected);
    assert_eq!(typed, super::changed(&expected, "/accountType", json!("checking")));
    let expected = json!({ "type": "pad", "nameOnAccount": "Sarah Hazel Hopper", "accountNumber": "******7890",
        "transitNumber": "76543", "institutionNumber": "543" });
    let [plain, typed] = shown(&request(&pad()));
    assert_eq!(plain, expected);
    assert_eq!(typed, super::changed(&expected, "/accountType", json!("savings")));
}

#[test]
fn what_is_not_known_of_a_card_is_left_out() {
    let (_, icc) = cards().swap_remove(6);
    let [plain, typed] = shown(&of_card(&icc));
    assert_eq!(plain, json!({ "type": "card", "cardholderName": "", "cardNumber": "3***************" }));
    assert_eq!(plain, typed);
}

#[test]
fn expiries_have_four_digits() {
    let facts = single_use(&all_single_use()[0]).unwrap().facts;
    for (year, month, text) in [(2030, 1, "0130"), (2005, 12, "1205"), (2100, 9, "0900")] {
        let body = serde_json::to_value(SourceBody::of(&facts, Expiry::new(year, month).ok())).unwrap();
        assert_eq!(body["expiryDate"], text);
    }
}

/// A validator of one answer, out of a document that has them all.
struct Schemas(Value);

impl Schemas {
    fn new() -> Self {
        let mut document = Document::new("Payroc", "1", "");
        document.answer_schema::<SingleUseTokenBody<'_>>();
        document.answer_schema::<ListBody<'_>>();
        document.answer_schema::<SessionBody<'_>>();
        assert_eq!(document.problems(), Vec::<String>::new());
        Self(document.into_value())
    }

    fn says(&self, name: &str, body: &Value) -> bool {
        let mut schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        schema["components"] = self.0["components"].clone();
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap().is_valid(body)
    }
}

#[test]
fn schemas_have_the_names_of_things() {
    let schemas = Schemas::new();
    let names: Vec<&str> =
        schemas.0["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "AccountType",
        "Address",
        "ContactKind",
        "ContactMethod",
        "CustomField",
        "Customer",
        "HostedFieldsSession",
        "Language",
        "Link",
        "MaskedSource",
        "MitAgreement",
        "SecureToken",
        "SecureTokenStatus",
        "SecureTokens",
        "ShippingAddress",
        "SingleUseToken",
    ];
    assert_eq!(names, expected);
}

#[test]
fn single_use_tokens_are_as_their_schema_says() {
    let (schemas, token) = (Schemas::new(), token());
    for request in all_single_use() {
        let given = single_use(&request).unwrap();
        let body = SingleUseTokenBody {
            processing_terminal_id: "1234001",
            operator: Some("Jane"),
            token: &token,
            expires_at: "2024-08-05T19:50:05.723+02:00".to_owned(),
            source: SourceBody::of(&given.facts, given.expiry),
        };
        let mut body = serde_json::to_value(body).unwrap();
        assert!(schemas.says("SingleUseToken", &body), "{body}");
        assert!(body.get("paymentMethod").is_none() && body["source"].get("cardDetails").is_none());
        for name in ["processingTerminalId", "token", "expiresAt", "source"] {
            let kept = body.as_object_mut().unwrap().remove(name).unwrap();
            assert!(!schemas.says("SingleUseToken", &body), "{name} is always there");
            body[name] = kept;
        }
        body["source"]["type"] = json!("cash");
        assert!(!schemas.says("SingleUseToken", &body));
    }
}

#[test]
fn secure_tokens_are_as_published() {
    let schemas = Schemas::new();
    let given = single_use(&request(&ach())).unwrap();
    let (own, none) = (own(), KeptOwn::default());
    let body = |own, source| serde_json::to_value(SecureTokenBody::of(named(), own, source)).unwrap();
    let full = body(&own, SourceBody::with_account_type(&given.facts, None));
    let expected = json!({ "secureTokenId": "MREF_1", "processingTerminalId": "1234001",
        "mitAgreement": "unscheduled", "customer": customer(),
        "source": { "type": "ach", "nameOnAccount": "Sarah Hazel Hopper", "accountNumber": "****3159",
            "routingNumber": "123456789", "accountType": "checking" },
        "token": "2967530000000000001", "status": "notValidated",
        "customFields": [{ "name": "yourCustomField", "value": "abc123" }] });
    assert_eq!(full, expected);
    let least = body(&none, SourceBody::of(&given.facts, None));
    let names: Vec<&str> = least.as_object().unwrap().keys().map(String::as_str).collect();
    let always = ["processingTerminalId", "secureTokenId", "source", "status", "token"];
    assert!(always.iter().all(|name| names.contains(name)) && names.len() == always.len(), "{names:?}");
    for body in [full, least] {
        assert!(schemas.says("SecureToken", &body), "{body}");
    }
}

#[test]
fn lists_and_sessions_are_as_published() {
    let schemas = Schemas::new();
    let (given, own) = (single_use(&request(&pad())).unwrap(), own());
    let token = || SecureTokenBody::of(named(), &own, SourceBody::with_account_type(&given.facts, None));
    let link =
        LinkBody { rel: "next", method: "get", href: "https://vault.example/?after=MREF_1".to_owned() };
    let page = ListBody { limit: 2, count: 1, has_more: true, links: vec![link], data: vec![token()] };
    let page = serde_json::to_value(page).unwrap();
    assert_eq!((&page["limit"], &page["count"], &page["hasMore"]), (&json!(2), &json!(1), &json!(true)));
    let link = json!([{ "rel": "next", "method": "get", "href": "https://vault.example/?after=MREF_1" }]);
    assert_eq!(page["links"], link);
    let empty = ListBody { limit: 10, count: 0, has_more: false, links: Vec::new(), data: Vec::new() };
    let empty = serde_json::to_value(empty).unwrap();
    assert_eq!(empty, json!({ "limit": 10, "count": 0, "hasMore": false, "data": [] }));
    let session = SessionBody {
        processing_terminal_id: "1234001",
        token: "0123456789abcdef0123456789abcdef0123456789abcdef01234567",
        expires_at: "2025-07-02T15:30:00.000+02:00".to_owned(),
    };
    let session = serde_json::to_value(session).unwrap();
    assert!(schemas.says("SecureTokens", &page) && schemas.says("SecureTokens", &empty));
    assert!(schemas.says("HostedFieldsSession", &session));
    assert_eq!(session["processingTerminalId"], "1234001");
    assert_eq!(session["expiresAt"], "2025-07-02T15:30:00.000+02:00");
}

/// The readers' lists and the serialized words are two lists of one thing.
#[test]
fn words_go_out_as_they_come_in() {
    fn check<T: Word + serde::Serialize>() {
        for (spelling, word) in T::ALL {
            assert_eq!(serde_json::to_value(word).unwrap(), *spelling);
        }
    }
    check::<AccountType>();
    check::<SecCode>();
    check::<MitAgreement>();
    check::<Language>();
    check::<ContactKind>();
    let statuses = [
        (Status::NotValidated, "notValidated"),
        (Status::CvvValidated, "cvvValidated"),
        (Status::ValidationFailed, "validationFailed"),
        (Status::IssueNumberValidated, "issueNumberValidated"),
        (Status::CardNumberValidated, "cardNumberValidated"),
        (Status::BankAccountValidated, "bankAccountValidated"),
    ];
    for (status, spelling) in statuses {
        assert_eq!(serde_json::to_value(status).unwrap(), spelling);
    }
}
