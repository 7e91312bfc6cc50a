//! What the caller is told of what the upstream answered: everything but what left in the clear, or that it failed.

use serde_json::json;

use super::{
    bodies::{approval, payment, payment_result, problem, texts_of, transfer, with_token},
    goes_on::{PAYMENTS, TRACKS, TRANSFERS, reader_details, reader_source},
    place::{Place, shop},
    upstream::{Say, http},
};
use crate::{
    calls::{PAN, Shop, ach, assert_names, assert_refused, card, flat, fresh_key, pad, text, with},
    support::Answer,
};

/// Whether a text has these digits, or letters, in it, whatever is between them.
fn holds(text: &str, secret: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    letters.to_ascii_uppercase().contains(&secret.to_ascii_uppercase())
}

/// Whether a text has this code in it as a word.
fn holds_code(text: &str, code: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == code)
}

#[test]
fn what_the_upstream_repeats_comes_back_masked() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let token = shop.token();
    for asked in [with_token(&token), payment(&card())] {
        place.upstream.says(Say::Echo);
        let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &asked);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let body = answer.json();
        assert_eq!(body["card"]["cardNumber"], "453985******7062");
        assert_eq!(body["paymentId"], "M2MJOG6O2Y");
        for text in texts_of(&body) {
            assert!(!holds(&text, PAN) && !holds(&text, &PAN[4..14]), "{text}");
            assert!(!holds_code(&text, "234"), "{text}");
        }
        // What is no secret is still there.
        let said = text(&body["order"], "description");
        assert!(said.starts_with("paid with ") && said.contains("Sarah Hazel Hopper"), "{said}");
        assert!(text(&body["transactionResult"], "responseMessage").contains("OrderRef6543"));
        assert_eq!(body["transactionResult"]["cardSchemeReferenceId"], "319184617192355");
    }
    for (source, number) in [(ach(), "32183159"), (pad(), "1234567890")] {
        let token = text(&shop.single_use(&source), "token");
        for method in [flat(&token), source] {
            place.upstream.says(Say::Echo);
            let answer = shop.keyed("POST", TRANSFERS, &fresh_key(), &transfer(&method));
            assert_eq!(answer.status, 201, "{}", answer.text());
            let body = answer.json();
            let last = &number[number.len() - 4..];
            let masked = format!("{}{last}", "*".repeat(number.len() - 4));
            assert_eq!(body["bankAccount"]["accountNumber"], masked);
            assert!(texts_of(&body).iter().all(|text| !holds(text, number)), "{body}");
        }
    }
}

#[test]
fn what_a_reader_sent_does_not_come_back() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    for details in reader_details() {
        let source = reader_source(&details);
        let asked = with_token(&text(&shop.single_use(&source), "token"));
        place.upstream.says(Say::Echo);
        let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &asked);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let said = answer.text();
        let secrets = [PAN, "C0FFEE", "5A084539", &TRACKS[1..30], "5F2A020840", "FFFF9876543210E00001"];
        for secret in secrets {
            let secret: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
            assert!(!holds(&said, &secret), "{details}: {said}");
        }
        assert!(texts_of(&answer.json()).iter().all(|text| !holds_code(text, "234")), "{said}");
    }
}

/// Pays with a new token and says what the upstream says; the same request again is answered the same, and no second
/// one is sent. Gives the answer, and whether the token was used up.
fn paid(place: &Place, shop: &mut Shop, say: Say) -> (Answer, bool) {
    let before = place.upstream.arrived().len();
    let token = shop.token();
    let (key, asked) = (fresh_key(), with_token(&token));
    place.upstream.says(say);
    let answer = shop.keyed("POST", PAYMENTS, &key, &asked);
    for _ in 0..2 {
        let again = shop.keyed("POST", PAYMENTS, &key, &asked);
        assert_eq!((again.status, again.text()), (answer.status, answer.text()), "the same again");
        assert_eq!(again.header("location"), answer.header("location"));
        assert_eq!(again.header("content-type"), answer.header("content-type"));
    }
    assert_refused(
        &shop.keyed("POST", PAYMENTS, &key, &with(&asked, "/operator", json!("Joe"))),
        409,
        "idempotency-key-in-use",
    );
    assert_eq!(place.upstream.arrived().len(), before + 1, "sent once");
    let kept = shop.post("secure-tokens", &json!({"source": flat(&token)}));
    if kept.status != 201 {
        assert_names(&kept, "source.token");
    }
    (answer, kept.status != 201)
}

#[test]
fn approvals_and_declines_are_the_upstreams() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    for (status, result) in [
        (201, ("A", "ready", "00")),
        (200, ("A", "complete", "00")),
        (201, ("P", "ready", "10")),
        (201, ("D", "declined", "51")),
        (201, ("R", "referral", "01")),
    ] {
        let body = payment_result(result);
        let (answer, used) = paid(&place, &mut shop, Say::Json(status, body.clone()));
        assert_eq!((answer.status, answer.json()), (201, body));
        assert!(used);
    }
}

#[test]
fn refusals_of_the_request_are_passed_on() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    for (status, fragment) in [
        (400, "bad-request"),
        (400, "card-type-not-supported"),
        (409, "cannot-be-modified"),
        (500, "api-error"),
    ] {
        let mut body = problem(status, fragment, "Something");
        body["errors"][0]["message"] = format!("The card {PAN} with 234 is not taken.").into();
        body["instance"] = "https://upstream.example/v1/payments".into();
        let (answer, used) = paid(&place, &mut shop, Say::Json(status, body.clone()));
        assert_eq!(answer.status, status);
        body["errors"][0]["message"] = "The card 453985******7062 with *** is not taken.".into();
        assert_eq!(answer.json(), body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.header("location"), None);
        assert!(used, "what was sent was used up, whatever came back");
    }
}

/// Whether the answer says that nobody knows what became of the payment.
fn is_unknown(answer: &Answer) -> bool {
    assert_refused(answer, 500, "api-error");
    let body = answer.json();
    assert_eq!(body["title"], "Api error");
    assert_eq!(body["detail"], "We are unable to process your request at this time");
    let said = text(&body["errors"][0], "message");
    assert!(said.ends_with("not sent again."), "{said}");
    said.contains("not known")
}

#[test]
fn what_is_no_answer_to_the_caller_is_an_api_error_and_never_sent_again() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let whole = |status: u16| Say::Json(status, problem(status, "something", "Something"));
    let redirect = |status: u16| {
        let head = format!(
            "HTTP/1.1 {status} X\r\nLocation: https://localhost:{}/base/v1/payments\r\n",
            place.upstream.address.port()
        );
        Say::Bytes(format!("{head}Content-Length: 0\r\n\r\n").into_bytes())
    };
    let bare = |status: u16, body: &str| Say::Bytes(http(status, body));
    let long = json!({"paymentId": "M2MJOG6O2Y", "transactionResult": {}, "x": "y".repeat(1 << 20)});
    let longer = json!({"paymentId": "M2MJOG6O2Y", "transactionResult": {}, "x": "y".repeat(300_000)});
    let half = http(201, &payment_result(("A", "ready", "00")).to_string());
    let half = half[..half.len() - 5].to_vec();
    for (say, unknown) in [
        (whole(401), false),
        (whole(403), false),
        (whole(404), false),
        (whole(415), false),
        (whole(418), false),
        (whole(429), false),
        (whole(502), true),
        (whole(503), true),
        (redirect(301), false),
        (redirect(302), true),
        (redirect(307), false),
        (redirect(308), false),
        (bare(201, ""), true),
        (bare(201, "<html>paid</html>"), true),
        (bare(201, "[]"), true),
        (bare(201, "{}"), true),
        (bare(201, r#"{"paymentId":"M2MJOG6O2Y"}"#), true),
        (bare(400, "no"), false),
        (bare(400, r#"{"error":"no"}"#), false),
        (Say::Json(201, long), true),
        (Say::Json(201, longer), true),
        (Say::Bytes(half), true),
        (Say::Bytes(Vec::new()), true),
        (Say::Bytes(b"SSH-2.0-nonsense\r\n".to_vec()), true),
    ] {
        let (answer, used) = paid(&place, &mut shop, say);
        assert_eq!(is_unknown(&answer), unknown, "{}", place.upstream.arrived().len());
        assert!(used, "a failure does not give the token back");
    }
    let said = node.said();
    assert!(said.contains("an answer of the upstream is not passed on"), "the operator is told why");
    assert!(!said.contains(PAN) && !said.contains("\"234\""));
}

#[test]
fn a_slow_upstream_is_not_waited_for() {
    let place = Place::new();
    let port = place.upstream.address.port();
    let node = place.start_with(&place.forwarding(port, 1));
    let mut shop = shop(&node);
    let (gate, approved) = (super::upstream::Gate::default(), payment_result(("A", "ready", "00")));
    let (answer, used) =
        paid(&place, &mut shop, Say::After(gate.clone(), Box::new(Say::Json(201, approved))));
    assert!(is_unknown(&answer) && used);
    let (said, id) = (node.said(), answer.header("x-request-id").expect("an id").to_owned());
    let line = said.lines().find(|line| line.contains("the upstream did not answer")).expect("a line");
    assert!(line.contains(&id), "the operator finds the request: {line}");
    gate.open();
    let (answer, _) = paid(&place, &mut shop, Say::Json(201, payment_result(("A", "ready", "00"))));
    assert_eq!(answer.status, 201, "the next one is not slow");
}

#[test]
fn an_upstream_that_is_not_there_costs_the_token_and_is_known_to_have_got_nothing() {
    let place = Place::new();
    let nobody = crate::support::free_address().port();
    let node = place.start_with(&(place.forwarding(nobody, 5) + &place.identity()));
    let mut shop = shop(&node);
    let token = shop.token();
    let (key, asked) = (fresh_key(), with_token(&token));
    let answer = shop.keyed("POST", PAYMENTS, &key, &asked);
    assert!(!is_unknown(&answer), "{}", answer.text());
    let again = shop.keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!((again.status, again.text()), (500, answer.text()));
    assert_names(&shop.keyed("POST", PAYMENTS, &fresh_key(), &asked), "paymentMethod.token");
    assert!(place.upstream.arrived().is_empty());
    // Whoever answers there with another certificate is told nothing.
    node.kill();
    let stranger = super::upstream::Upstream::start();
    let node = place.start_with(&(place.forwarding(stranger.address.port(), 5) + &place.identity()));
    let mut shop = super::place::shop(&node);
    let asked = with_token(&shop.token());
    assert!(!is_unknown(&shop.keyed("POST", PAYMENTS, &fresh_key(), &asked)));
    assert!(stranger.arrived().is_empty());
}

#[test]
fn a_payment_is_found_again_after_a_restart() {
    let place = Place::new();
    let node = place.start();
    let mut one = shop(&node);
    let (key, asked) = (fresh_key(), with_token(&one.token()));
    let answer = one.keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!((answer.status, answer.json()), (201, approval(&place.upstream.only())));
    node.kill();
    let node = place.start();
    let mut one = shop(&node);
    let again = one.keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!((again.status, again.text()), (201, answer.text()));
    assert_eq!(again.header("location"), answer.header("location"));
    place.upstream.only();
}
