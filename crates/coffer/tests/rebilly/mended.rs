//! What a careful reader once found: each of these was wrong.

use serde_json::{Value, json};

use super::calls::INSTRUMENTS;
use crate::support::{Client, Node, PUBLISHABLE, SECRET, card, create, exchange, home};

fn instrument(client: &mut Client, id: &str) -> Value {
    let answer = client.call("GET", &format!("{INSTRUMENTS}/{id}"), &[SECRET], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_card_that_comes_again_without_an_address_keeps_the_one_it_had() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let first = create(&mut client, &card());
    let made = exchange(&mut client, &first, "cus_1").json();
    let mut bare = card();
    bare.as_object_mut().unwrap().remove("billingAddress");
    bare["paymentInstrument"]["expYear"] = json!(2036);
    let again = create(&mut client, &bare);
    let updated = exchange(&mut client, &again, "cus_1");
    assert_eq!(updated.status, 303, "{}", updated.text());
    assert_eq!(updated.json()["billingAddress"], made["billingAddress"]);
    let read = instrument(&mut client, made["id"].as_str().unwrap());
    assert_eq!(read["billingAddress"], made["billingAddress"]);
    assert_eq!((&read["expYear"], &read["revision"]), (&json!(2036), &json!(2)));
}

#[test]
fn custom_fields_take_no_card_number_and_no_code() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = create(&mut client, &card());
    let large = json!({"text": "x".repeat(8_192)});
    for fields in [
        json!({"note": "4111 1111 1111 1111"}),
        json!({"deep": [{"CVV": "123"}]}),
        json!({"number": 4_111_111_111_111_111_u64}),
        large,
    ] {
        let body = json!({"token": token, "customerId": "cus_1", "customFields": fields}).to_string();
        let answer = client.call("POST", INSTRUMENTS, &[SECRET], body.as_bytes());
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json()["invalidFields"][0]["field"], "customFields");
        assert!(!answer.text().contains("4111"), "{}", answer.text());
        let customer = json!({"customFields": fields}).to_string();
        let answer = client.call("PUT", "/rebilly/customers/cus_1", &[SECRET], customer.as_bytes());
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    assert_eq!(exchange(&mut client, &token, "cus_1").status, 201, "nothing was used up");
}

#[test]
fn a_browser_that_is_held_back_uses_up_no_quota_of_its_organization() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    let mut refused = 0;
    for _ in 0..200 {
        let answer = client.call("POST", "/rebilly/tokens", &[PUBLISHABLE], b"{}");
        assert!([422, 429].contains(&answer.status), "{}", answer.text());
        if answer.status == 429 {
            refused += 1;
            assert_eq!(
                answer.header("x-ratelimit-remaining"),
                Some("0"),
                "what holds it back leaves nothing"
            );
        }
    }
    assert_eq!(refused, 150, "fifty a minute");
    let body = card().to_string();
    let answer = client.call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("2949"), "fifty were counted, and this one");
    let log = node.said();
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_last_day_of_the_calendar_is_no_end() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = create(&mut client, &card());
    assert_eq!(exchange(&mut client, &token, "cus_1").status, 201);
    let path = format!("{INSTRUMENTS}?filter=createdTime:2020-01-01..9999-12-31");
    let answer = client.call("GET", &path, &[SECRET], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json().as_array().unwrap().len(), 1);
}

#[test]
fn a_connection_outlives_refusals_whenever_the_body_comes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for late in 0..200 {
        let head =
            "POST /rebilly/tokens HTTP/1.1\r\nHost: x\r\nREB-APIKEY: nobody\r\nContent-Length: 2\r\n\r\n";
        client.send(head.as_bytes()).expect("the connection is open");
        if late % 2 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        client.send(b"{}").expect("the connection is open");
        let answer = client.answer().expect("an answer");
        assert_eq!(answer.status, 401, "{late}");
        assert_eq!(answer.header("connection"), None, "{late}");
    }
    // A body that does not come ends the connection, and the answer says so.
    let head = "POST /rebilly/tokens HTTP/1.1\r\nHost: x\r\nREB-APIKEY: nobody\r\nContent-Length: 2\r\n\r\n";
    client.send(head.as_bytes()).expect("the connection is open");
    let answer = client.answer().expect("an answer");
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
}
