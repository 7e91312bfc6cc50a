//! Derived risk metadata (6.2) out of an operator's files: every member true, false and absent.

use serde_json::{Value, json};

use super::{
    calls::seconds,
    world::{GERMANY, KOLKATA, NEW_YORK, NOWHERE, PROXY, SYDNEY, World},
};

/// Asserts several members; null means absent.
fn assert_members(risk: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        let found = risk.get(name);
        match value {
            Value::Null => assert_eq!(found, None, "{name} in {risk}"),
            value => assert_eq!(found, Some(value), "{name} in {risk}"),
        }
    }
}

#[test]
fn the_files_tell_what_they_know_of_an_address_and_nothing_else() {
    let mut world = World::new("");
    let nowhere = json!({
        "isProxy": null, "isVpn": null, "isTor": null, "isHosting": null, "vpnServiceName": null, "isp": null,
        "hostingName": null, "country": null, "region": null, "city": null, "postalCode": null, "timeZone": null,
        "latitude": null, "longitude": null, "accuracyRadius": null, "distance": null,
        "hasMismatchedTimeZone": null, "hasMismatchedBillingAddressCountry": null, "isHighRiskCountry": null,
    });
    let with = |members: Value| {
        let mut all = nowhere.clone();
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        all
    };
    let flags = |proxy: bool, vpn: bool, tor: bool, hosting: bool| {
        let name = if vpn || hosting { json!("Shadow Hosting") } else { Value::Null };
        with(json!({"isProxy": proxy, "isVpn": vpn, "isTor": tor, "isHosting": hosting, "isp": "Shadow Line",
            "vpnServiceName": name, "hostingName": name}))
    };
    let new_york = json!({"country": "US", "region": "NY", "city": "New York", "postalCode": "10001",
        "timeZone": "America/New_York", "latitude": 40.75, "longitude": -74.0, "accuracyRadius": 20,
        "isp": "Hudson Cable", "isHighRiskCountry": false});
    for (ip, expected) in [
        (NOWHERE, nowhere.clone()),
        (NEW_YORK, with(new_york.clone())),
        ("::ffff:203.0.113.7", with(new_york)),
        (GERMANY, with(json!({"country": "DE", "isHighRiskCountry": false}))),
        // Its postal code is longer than the ten characters of the definition.
        (
            KOLKATA,
            with(json!({"country": "IN", "city": "Kolkata", "timeZone": "Asia/Kolkata",
            "latitude": 22.57, "longitude": 88.36, "isHighRiskCountry": false})),
        ),
        (PROXY, flags(true, false, false, false)),
        ("192.0.2.2", flags(false, true, false, false)),
        ("192.0.2.3", flags(false, false, true, false)),
        ("192.0.2.4", flags(false, false, false, true)),
        ("192.0.2.5", flags(false, false, false, false)),
        ("192.0.2.6", with(json!({"isp": "Shadow Line"}))),
    ] {
        let risk = world.risk(ip, &json!({}));
        assert_members(&risk, &expected);
        assert_eq!(risk["ipAddress"], ip);
    }
    // No address, no facts: what a server does not send is not taken from its call.
    let without = world.token(&json!({"method": "cash", "billingAddress": {}}));
    assert_eq!(without["riskMetadata"], json!({"score": 0}));
}

#[test]
fn distance_is_in_kilometres_to_where_the_billing_address_is() {
    let mut world = World::new("");
    for (ip, billing, kilometres) in [
        (NEW_YORK, json!({"country": "US", "postalCode": "10001-1234"}), Some(0)),
        (NEW_YORK, json!({"country": "US", "city": "new york", "region": "NY"}), Some(0)),
        (NEW_YORK, json!({"country": "GB", "postalCode": "WC2N 5NF"}), Some(5_567)),
        (NEW_YORK, json!({"country": "GB", "city": "Nirgendwo"}), Some(5_567)),
        ("198.51.100.70", json!({"country": "US"}), Some(5_567)),
        (NEW_YORK, json!({"country": "IN", "city": "KOLKATA"}), Some(12_741)),
        (NEW_YORK, json!({"country": "AU", "city": "Sydney"}), Some(15_990)),
        // Its own country's middle says nothing; of others no place is known.
        (NEW_YORK, json!({"country": "US"}), None),
        (NEW_YORK, json!({"country": "FR", "city": "London"}), None),
        (NEW_YORK, json!({"country": "DE"}), None),
        (NEW_YORK, json!({"city": "London", "postalCode": "WC2N"}), None),
        (GERMANY, json!({"country": "GB", "city": "London"}), None),
        (NOWHERE, json!({"country": "GB", "city": "London"}), None),
    ] {
        let risk = world.risk(ip, &billing);
        let found = risk.get("distance").map(|distance| distance.as_i64().expect("an integer"));
        // The earth is no sphere and the world's radius a matter of taste: half a percent of it.
        let near = |one: i64, other: i64| (one - other).abs() * 200 <= other;
        let same = match (found, kilometres) {
            (Some(found), Some(expected)) => near(found, expected),
            (found, expected) => found == expected,
        };
        assert!(same, "{ip} to {billing}: {found:?} and not {kilometres:?}");
    }
}

/// The day of a month on which the n-th Sunday falls; `first` is the first day that can be it.
fn sunday_from(year: i64, month: i64, first: i64) -> i64 {
    let text = |day: i64| json!(format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
    // 1970 began on a Thursday.
    (first..first + 7).find(|day| (seconds(&text(*day)) / 86_400 + 4) % 7 == 0).expect("a Sunday")
}

fn moment(year: i64, month: i64, day: i64, hour: i64) -> i64 {
    seconds(&json!(format!("{year:04}-{month:02}-{day:02}T{hour:02}:00:00Z")))
}

/// Minutes behind UTC in New York (daylight saving time from the second Sunday of March, 7:00 UTC, to the first of
/// November, 6:00 UTC) and in Sydney (from the first Sunday of October to the first of April, both 16:00 UTC the day
/// before).
fn minutes_behind(time: &Value) -> (i64, i64) {
    let (now, year) = (seconds(time), time.as_str().unwrap()[..4].parse().unwrap());
    let (march, november) = (sunday_from(year, 3, 8), sunday_from(year, 11, 1));
    let (april, october) = (sunday_from(year, 4, 1), sunday_from(year, 10, 1));
    let summer_in_new_york = (moment(year, 3, march, 7)..moment(year, 11, november, 6)).contains(&now);
    let winter_in_sydney =
        (moment(year, 4, april, 16) - 86_400..moment(year, 10, october, 16) - 86_400).contains(&now);
    (if summer_in_new_york { 240 } else { 300 }, if winter_in_sydney { -600 } else { -660 })
}

#[test]
fn the_rules_of_daylight_saving_time_are_right() {
    for (time, expected) in [
        ("2026-03-08T06:59:59Z", (300, -660)),
        ("2026-03-08T07:00:00Z", (240, -660)),
        ("2026-04-04T15:59:59Z", (240, -660)),
        ("2026-04-04T16:00:00Z", (240, -600)),
        ("2026-10-03T15:59:59Z", (240, -600)),
        ("2026-10-03T16:00:00Z", (240, -660)),
        ("2026-11-01T05:59:59Z", (240, -660)),
        ("2026-11-01T06:00:00Z", (300, -660)),
        ("2027-07-01T00:00:00Z", (240, -600)),
    ] {
        assert_eq!(minutes_behind(&json!(time)), expected, "{time}");
    }
}

#[test]
fn the_browsers_time_zone_is_held_against_that_of_its_address() {
    let mut world = World::new("");
    let mut mismatch = |ip: &str, offset: i64| {
        let browser = json!({"colorDepth": 24, "isJavaEnabled": false, "language": "en", "screenWidth": 1,
            "screenHeight": 1, "timeZoneOffset": offset});
        let body = json!({"method": "cash", "billingAddress": {},
            "riskMetadata": {"ipAddress": ip, "browserData": browser}});
        let made = world.token(&body);
        (made["riskMetadata"].get("hasMismatchedTimeZone").cloned(), made["createdTime"].clone())
    };
    let (_, now) = mismatch(NEW_YORK, 0);
    // One of the two has daylight saving time, whatever the season.
    let (new_york, sydney) = minutes_behind(&now);
    assert!(new_york == 240 || sydney == -660);
    for (ip, right) in [(NEW_YORK, new_york), (SYDNEY, sydney), (KOLKATA, -330), ("198.51.100.70", 0)] {
        for offset in [right, -right, right + 60, right - 60, right + 1] {
            let (found, time) = mismatch(ip, offset);
            // London has no rule here: only what is wrong in every season is asked of it.
            if minutes_behind(&time) != (new_york, sydney) || ip == "198.51.100.70" && offset != 1 {
                continue;
            }
            assert_eq!(found, Some(json!(offset != right)), "{ip}: {offset}, {right} is right");
        }
    }
    for ip in [GERMANY, NOWHERE, PROXY] {
        assert_eq!(mismatch(ip, 0).0, None, "{ip} has no time zone");
    }
    let body = json!({"method": "cash", "billingAddress": {}, "riskMetadata": {"ipAddress": KOLKATA}});
    assert!(world.token(&body)["riskMetadata"].get("hasMismatchedTimeZone").is_none());
}

#[test]
fn countries_are_held_against_each_other_and_against_the_list() {
    let mut world = World::new("[risk]\nhigh_risk_countries = [\"KP\", \"IN\"]");
    let (billing, bank, high) =
        ("hasMismatchedBillingAddressCountry", "hasMismatchedBankCountry", "isHighRiskCountry");
    for (ip, country, expected) in [
        (Some(NEW_YORK), Some("US"), json!({billing: false, high: false})),
        (Some(NEW_YORK), Some("GB"), json!({billing: true, high: false})),
        (Some(NEW_YORK), Some("KP"), json!({billing: true, high: true})),
        (Some(KOLKATA), Some("IN"), json!({billing: false, high: true})),
        (Some(KOLKATA), None, json!({billing: null, high: true})),
        (Some(GERMANY), Some("DE"), json!({billing: false, high: false})),
        (Some(NEW_YORK), None, json!({billing: null, high: false})),
        (Some(NOWHERE), Some("KP"), json!({billing: null, high: true})),
        (Some(NOWHERE), None, json!({billing: null, high: null})),
        (None, Some("GB"), json!({billing: null, high: false})),
        (None, None, json!({billing: null, high: null})),
    ] {
        let body = json!({"method": "cash", "billingAddress": {"country": country},
            "riskMetadata": {"ipAddress": ip}});
        let risk = world.token(&body)["riskMetadata"].clone();
        assert_members(&risk, &expected);
        assert!(risk.get(bank).is_none(), "no card, no bank: {risk}");
    }
    // The bank's country comes from the card ranges; it is not on trial for its risk.
    for (pan, ip, expected) in [
        ("4111111111111111", Some(NEW_YORK), json!(false)),
        ("4111111111111111", Some(GERMANY), json!(true)),
        ("5555555555554444", Some(GERMANY), json!(false)),
        ("5555555555554444", Some(NEW_YORK), json!(true)),
        ("378282246310005", Some(NEW_YORK), Value::Null),
        ("4000000000000002", Some(NEW_YORK), Value::Null),
        ("4111111111111111", Some(NOWHERE), Value::Null),
        ("4111111111111111", None, Value::Null),
    ] {
        let body = json!({"method": "payment-card", "riskMetadata": {"ipAddress": ip},
            "paymentInstrument": {"pan": pan, "expMonth": 12, "expYear": 2035}});
        assert_members(&world.token(&body)["riskMetadata"], &json!({bank: expected, billing: null}));
    }
}

#[test]
fn a_fake_name_is_told() {
    let mut world = World::new("");
    for (names, expected) in [
        (json!({"firstName": "Test", "lastName": "Test"}), json!(true)),
        (json!({"firstName": "John", "lastName": "Doe"}), json!(true)),
        (json!({"firstName": "asdf"}), json!(true)),
        (json!({"lastName": "12345"}), json!(true)),
        (json!({"firstName": "Ada", "lastName": "Lovelace"}), json!(false)),
        (json!({"firstName": "玲"}), json!(false)),
        (json!({"lastName": "O'Brien-Ñandú"}), json!(false)),
        (json!({"organization": "Test"}), Value::Null),
        (json!({"firstName": null, "lastName": " "}), Value::Null),
        (json!({}), Value::Null),
    ] {
        assert_members(&world.risk(NOWHERE, &names), &json!({"hasFakeName": expected}));
    }
}
