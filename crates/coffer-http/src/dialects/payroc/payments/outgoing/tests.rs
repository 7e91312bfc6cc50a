use coffer_core::Account;
use coffer_types::RoutingNumber;

use super::*;
use crate::{
    dialects::payroc::wire::facts::{AchSource, CardSource, EntryMethod, PadSource},
    json::parse,
};

/// A request with members that nobody here knows, in an order of its own.
const REQUEST: &str = concat!(
    r#"{"zeta":[1,2.5,-3,null,true,{"ä":"\"q\"\n"}],"processingTerminalId":"1234001","#,
    r#""paymentMethod":{"type":"singleUseToken","token":"t"},"order":{"orderId":"OrderRef6543","#,
    r#""amount":4999,"currency":"USD","paymentMethod":"a name"}}"#
);

fn sent_on(method: &ClearMethod<'_>) -> String {
    let request = parse(REQUEST.as_bytes()).unwrap();
    let body = outgoing(&request, method, false).unwrap();
    assert_eq!(body.capacity(), body.len(), "sized once: a buffer that grows leaves copies behind");
    String::from_utf8(body.to_vec()).unwrap()
}

/// The request with another payment method.
fn expected(method: &str) -> String {
    let body = REQUEST.replace(r#"{"type":"singleUseToken","token":"t"}"#, method);
    assert_ne!(body, REQUEST);
    body
}

fn card_facts(holder: &str, account_type: Option<AccountType>) -> SourceFacts {
    SourceFacts::Card(CardSource {
        cardholder_name: holder.to_owned(),
        number: "453985******7062".to_owned(),
        account_type,
        card_type: None,
        currency: None,
        debit: None,
        entry_method: EntryMethod::Keyed,
    })
}

fn ach_facts(sec_code: Option<SecCode>) -> SourceFacts {
    SourceFacts::Ach(AchSource {
        name_on_account: "Sarah \"Hazel\" Hopper".to_owned(),
        number: "******7890".to_owned(),
        routing_number: "021000021".to_owned(),
        aba_checksum: true,
        account_type: Some(AccountType::Checking),
        sec_code,
    })
}

fn pad_facts(account_type: Option<AccountType>) -> SourceFacts {
    SourceFacts::Pad(PadSource {
        name_on_account: "Sarah Hopper".to_owned(),
        number: "******7890".to_owned(),
        transit_number: "76543".to_owned(),
        institution_number: "543".to_owned(),
        account_type,
    })
}

fn card(cvv: Option<&str>) -> Clear {
    let pan = Pan::parse("4539858876047062").unwrap();
    Clear { protected: Protected::Card(pan), cvv: cvv.map(|cvv| Cvv::parse(cvv).unwrap()), reader: None }
}

fn account(routing: &str) -> Clear {
    let number = AccountNumber::parse_bban("0034567890").unwrap();
    let routing = Some(RoutingNumber::parse(routing).unwrap());
    Clear { protected: Protected::Account(Account { number, routing }), cvv: None, reader: None }
}

#[test]
fn a_card_goes_on_as_one_that_was_typed() {
    let (clear, facts) = (card(Some("234")), card_facts("Sarah Hazel Hopper", Some(AccountType::Savings)));
    let expiry = Some(Expiry::new(2030, 2).unwrap());
    let method = ClearMethod::of(&clear, &facts, expiry, None).unwrap();
    assert_eq!(
        sent_on(&method),
        expected(concat!(
            r#"{"type":"card","accountType":"savings","cardDetails":{"entryMethod":"keyed","#,
            r#""keyedData":{"dataFormat":"plainText","cardNumber":"4539858876047062","#,
            r#""expiryDate":"0230","cvv":"234"},"cardholderName":"Sarah Hazel Hopper"}}"#
        ))
    );
}

#[test]
fn what_a_card_has_not_is_not_written() {
    let (clear, facts) = (card(None), card_facts("", None));
    let method = ClearMethod::of(&clear, &facts, None, None).unwrap();
    assert_eq!(
        sent_on(&method),
        expected(concat!(
            r#"{"type":"card","cardDetails":{"entryMethod":"keyed","#,
            r#""keyedData":{"dataFormat":"plainText","cardNumber":"4539858876047062"}}}"#
        ))
    );
}

#[test]
fn what_a_reader_sent_goes_on_as_it_was_sent() {
    let details = concat!(
        r#"{"entryMethod":"icc","device":{"model":"paxA920","serialNumber":"1850010868","#,
        r#""dataKsn":"FF01"},"iccData":"9F36020001","ebtDetails":{"benefitCategory":"cash"},"#,
        r#""unknown":[1]}"#
    );
    let (node, facts) = (parse(details.as_bytes()).unwrap(), card_facts("", Some(AccountType::Checking)));
    let clear = Clear { protected: Protected::Nothing, cvv: None, reader: None };
    let method = ClearMethod::of(&clear, &facts, None, Some(&node)).unwrap();
    let whole = format!(r#"{{"type":"card","accountType":"checking","cardDetails":{details}}}"#);
    assert_eq!(sent_on(&method), expected(&whole));
    // Benefits beside the token stand in place of the reader's.
    let other = parse(br#"{"benefitCategory":"foodStamp"}"#).unwrap();
    let method = method.beside(Beside { benefits: Some(&other), ..Beside::default() });
    let kept = concat!(
        r#"{"entryMethod":"icc","device":{"model":"paxA920","serialNumber":"1850010868","#,
        r#""dataKsn":"FF01"},"iccData":"9F36020001","unknown":[1],"#,
        r#""ebtDetails":{"benefitCategory":"foodStamp"}}"#
    );
    let whole = format!(r#"{{"type":"card","accountType":"checking","cardDetails":{kept}}}"#);
    assert_eq!(sent_on(&method), expected(&whole));
}

#[test]
fn accounts_go_on_whole() {
    let (clear, facts) = (account("021000021"), ach_facts(Some(SecCode::Web)));
    let method = ClearMethod::of(&clear, &facts, None, None).unwrap();
    assert_eq!(
        sent_on(&method),
        expected(concat!(
            r#"{"type":"ach","accountType":"checking","secCode":"web","#,
            r#""nameOnAccount":"Sarah \"Hazel\" Hopper","accountNumber":"0034567890","#,
            r#""routingNumber":"021000021"}"#
        ))
    );
    let (clear, facts) = (account("76543543"), pad_facts(None));
    let method = ClearMethod::of(&clear, &facts, None, None).unwrap();
    assert_eq!(
        sent_on(&method),
        expected(concat!(
            r#"{"type":"pad","nameOnAccount":"Sarah Hopper","accountNumber":"0034567890","#,
            r#""transitNumber":"76543","institutionNumber":"543"}"#
        ))
    );
}

#[test]
fn what_is_said_beside_a_token_goes_before_what_was_kept() {
    let benefits = parse(br#"{"benefitCategory":"cash","withdrawal":true}"#).unwrap();
    let beside = Beside {
        account_type: Some(AccountType::Savings),
        sec_code: Some(SecCode::Tel),
        benefits: Some(&benefits),
    };
    let (clear, facts) = (account("021000021"), ach_facts(Some(SecCode::Web)));
    let body = sent_on(&ClearMethod::of(&clear, &facts, None, None).unwrap().beside(beside));
    assert!(body.contains(r#""accountType":"savings","secCode":"tel","nameOnAccount""#), "{body}");
    assert!(!body.contains("ebtDetails"), "{body}");
    let (clear, facts) = (account("76543543"), pad_facts(Some(AccountType::Checking)));
    let body = sent_on(&ClearMethod::of(&clear, &facts, None, None).unwrap().beside(beside));
    assert!(body.contains(r#""type":"pad","accountType":"savings","nameOnAccount""#), "{body}");
    let (clear, facts) = (card(None), card_facts("", Some(AccountType::Checking)));
    let body = sent_on(&ClearMethod::of(&clear, &facts, None, None).unwrap().beside(beside));
    assert!(body.contains(r#""type":"card","accountType":"savings","cardDetails""#), "{body}");
    assert!(body.contains(r#""ebtDetails":{"benefitCategory":"cash","withdrawal":true}}"#), "{body}");
    assert!(!body.contains("secCode"), "{body}");
    // And nothing beside it changes nothing.
    let (clear, facts) = (account("021000021"), ach_facts(Some(SecCode::Web)));
    let kept = ClearMethod::of(&clear, &facts, None, None).unwrap().beside(Beside::default());
    assert!(sent_on(&kept).contains(r#""accountType":"checking","secCode":"web""#));
}

/// What the upstream is told where the payment makes a secure token here.
#[test]
fn a_token_that_is_made_here_is_not_asked_for_there() {
    let on_file =
        r#"{"tokenize":true,"secureTokenId":"ours","externalVault":false,"mitAgreement":"recurring","x":1}"#;
    let request = format!(r#"{{"credentialOnFile":{on_file},"paymentMethod":{{}}}}"#);
    let node = parse(request.as_bytes()).unwrap();
    let method = ClearMethod::AsItCame { pan: None };
    let sent = |is_kept| String::from_utf8(outgoing(&node, &method, is_kept).unwrap().to_vec()).unwrap();
    assert_eq!(sent(false), request);
    assert_eq!(
        sent(true),
        r#"{"credentialOnFile":{"mitAgreement":"recurring","x":1,"externalVault":true},"paymentMethod":{}}"#
    );
}

#[test]
fn what_is_in_the_clear_already_goes_on_as_it_came() {
    assert_eq!(sent_on(&ClearMethod::AsItCame { pan: None }), REQUEST);
}

#[test]
fn there_is_no_payment_with_nothing() {
    let nothing = Clear { protected: Protected::Nothing, cvv: None, reader: None };
    assert!(ClearMethod::of(&nothing, &card_facts("", None), None, None).is_none());
    assert!(ClearMethod::of(&nothing, &ach_facts(None), None, None).is_none());
    assert!(ClearMethod::of(&account("021000021"), &card_facts("", None), None, None).is_none());
    assert!(ClearMethod::of(&card(None), &pad_facts(None), None, None).is_none());
}
