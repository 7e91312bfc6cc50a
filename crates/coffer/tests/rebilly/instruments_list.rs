//! `GET /payment-instruments` (3.2): what is refused, what a moment means, `expand`, and who sees what. Queries at
//! random are in `instruments_query.rs`.

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, invalid_fields, names, with},
    kinds::{id, keep, kept, of_customer, patched, plain_card},
    listing::{encoded, ids, list, listed, pagination},
};
use crate::{
    live::{ALPHA, BETA, Live},
    support::{Node, SECRET, card, home},
};

pub(super) const PANS: [&str; 6] = [
    "4111111111111111",
    "5555555555554444",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    "6253111111111114",
];

/// Filters that are wrong, each in its own way.
const BAD_FILTERS: [&str; 34] = [
    "x",
    ":x",
    "last4",
    "last4:",
    "last4:,1111",
    "last4:1111,",
    "last4:!",
    "last4:..",
    "last4:@list",
    "last4:1111;",
    ";",
    "pan:4111",
    "cvv:123",
    "Last4:1111",
    "billingAddress:x",
    "billingAddress.dob:2000-01-01",
    "customFields:x",
    "customFields.:x",
    "last4:1000..2000",
    "last4:true",
    "customFields.tier:a..b",
    "customerId:false",
    "customerId:a..b",
    "useAsBackup:yes",
    "useAsBackup:TRUE",
    "expYear:x",
    "expYear:2035.5",
    "expYear:+2035",
    "expYear:2036..2035",
    "createdTime:yesterday",
    "createdTime:yesterday..",
    "createdTime:2026-02-30",
    "createdTime:2026-01-02..2026-01-01",
    "last4:1111,!2222",
];

#[test]
fn bad_queries_are_refused_by_parameter() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card(PANS[0]), "cus_1");
    let many = vec!["last4:1111"; 33].join(";");
    let values = format!("last4:{}", vec!["1111"; 129].join(","));
    for filter in BAD_FILTERS.into_iter().chain([many.as_str(), &values]) {
        let answer = list(&mut client, &[("filter", filter)]);
        assert_eq!(invalid_fields(&answer), names(&["filter"]), "{filter}");
    }
    let long = "x".repeat(256);
    for (parameter, wrong) in [
        ("limit", "1001"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", ""),
        ("offset", "1001"),
        ("offset", "-1"),
        ("sort", "pan"),
        ("sort", "-"),
        ("sort", "id,id"),
        ("sort", "customFields.a"),
        ("q", &long),
        ("sort", "id,method,status,bin,last4,brand"),
    ] {
        let answer = list(&mut client, &[(parameter, wrong)]);
        assert_eq!(invalid_fields(&answer), names(&[parameter]), "{parameter}={wrong}");
    }
    let all = [("filter", "x"), ("sort", "x"), ("limit", "x"), ("offset", "x"), ("q", &long)];
    assert_eq!(invalid_fields(&list(&mut client, &all)), names(&["filter", "sort", "limit", "offset", "q"]));
    let two = list(&mut client, &[("filter", "x;last4:1111;pan:1"), ("limit", "2")]);
    assert_eq!(two.json()["invalidFields"].as_array().unwrap().len(), 2, "each term: {}", two.text());
    for query in ["filter=%zz", "filter=last4:1111&filter=last4:1111"] {
        let answer = client.call("GET", &format!("{INSTRUMENTS}?{query}"), &[SECRET], b"");
        assert_eq!(invalid_fields(&answer), names(&["filter"]), "{query}");
    }
    // What nobody knows is left alone; sort may be said twice.
    for query in
        ["filter=", "sort=", "q=", "colour=red", "expand=nothing,customer", "sort=last4&sort=-id", "&&", ""]
    {
        let answer = client.call("GET", &format!("{INSTRUMENTS}?{query}"), &[SECRET], b"");
        assert_eq!(listed(&answer), [id(&made)], "{query}");
        assert_eq!(pagination(&answer), [1, 100, 0]);
    }
}

#[test]
fn moments_mean_as_much_as_they_say() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card(PANS[0]), "cus_1");
    node.advance(3 * 86_400);
    let later = kept(&mut client, &plain_card(PANS[1]), "cus_1");
    let time = made["createdTime"].as_str().unwrap().to_owned();
    let (day, hour): (&str, u32) = (&time[..10], time[11..13].parse().unwrap());
    let (one, two) = (vec![id(&made).to_owned()], vec![id(&later).to_owned(), id(&made).to_owned()]);
    let mut found = |filter: &str, raw: bool| {
        let filter = if raw { filter.to_owned() } else { encoded(filter) };
        listed(&client.call("GET", &format!("{INSTRUMENTS}?filter={filter}"), &[SECRET], b""))
    };
    assert_eq!(found(&format!("createdTime:{time}"), false), one);
    assert_eq!(found(&format!("createdTime:{day}"), false), one);
    assert_eq!(found(&format!("createdTime:..{day}"), false), one);
    assert_eq!(found(&format!("createdTime:{day}.."), false), two);
    assert_eq!(found(&format!("createdTime:..{time}"), false), one, "the second is in it whole");
    assert_eq!(found(&format!("createdTime:{time}..{time},2001-01-01"), false), one);
    assert_eq!(found(&format!("createdTime:!..{day}"), false), [id(&later)]);
    // The same moment by another clock on the same day, with its plus sign encoded or not.
    let shifted = match hour {
        0..22 => format!("{day}T{:02}{}+02:00", hour + 2, &time[13..19]),
        _ => format!("{day}T{:02}{}-02:00", hour - 2, &time[13..19]),
    };
    assert_eq!(found(&format!("createdTime:{shifted}"), false), one);
    assert_eq!(found(&format!("createdTime:{shifted}"), true), one);
}

#[test]
fn fields_of_the_callers_own_are_compared_as_what_they_are() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let own = json!({
        "vip": true, "num": 7.5, "big": [1, "x", 12], "since": "2026-01-02T03:04:05+01:00", "a.b": "dotted",
        "nest": {"x": "Y", "deep": {"er": 4}, "list": [{"id": "one"}, {"id": "two"}]},
    });
    let body = with(&plain_card(PANS[0]), "customFields", own);
    let made = kept(&mut client, &body, "cus_1");
    kept(&mut client, &plain_card(PANS[1]), "cus_1");
    for (filter, found) in [
        ("customFields.vip:true", true),
        ("customFields.vip:TRUE", true),
        ("customFields.vip:false", false),
        ("customFields.num:5..10", true),
        ("customFields.num:7.5..7.5", true),
        ("customFields.num:8..", false),
        ("customFields.num:..7,8..", false),
        ("customFields.big:10..", true),
        ("customFields.big:2..11", false),
        ("customFields.since:2026-01-02T02:04:05Z..2026-01-02T02:04:05Z", true),
        ("customFields.since:2026-01-03..", false),
        ("customFields.num:2026-01-01..", false),
        ("customFields.nest.x:y", true),
        ("customFields.nest.x:z", false),
        ("customFields.nest.deep.er:1..4", true),
        ("customFields.nest.list.id:two", true),
        ("customFields.nest.list.id:three", false),
        ("customFields.nest:y", false),
        ("customFields.a.b:dotted", true),
    ] {
        let expected = if found { vec![id(&made).to_owned()] } else { Vec::new() };
        assert_eq!(listed(&list(&mut client, &[("filter", filter)])), expected, "{filter}");
    }
    // No id and no fingerprint has a dot.
    for (text, found) in [("dott", true), ("TWO", true), ("7.5", false), ("a.b", false)] {
        let rows = listed(&list(&mut client, &[("q", text), ("filter", "customFields.vip:true")]));
        assert_eq!(rows.len(), usize::from(found), "{text}");
    }
    for wrong in ["customFields.num:a..b", "customFields.num:10..5", "customFields.num:1..2026-01-01"] {
        let answer = list(&mut client, &[("filter", wrong)]);
        assert_eq!(invalid_fields(&answer), names(&["filter"]), "{wrong}");
    }
}

#[test]
fn what_a_vault_never_has_is_absent_and_no_error() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = [PANS[0], PANS[1]].map(|pan| kept(&mut client, &plain_card(pan), "cus_1"));
    let ids = |rows: &[&Value]| rows.iter().map(|row| id(row).to_owned()).collect::<Vec<_>>();
    let (newest, oldest) = (ids(&[&made[1], &made[0]]), ids(&[&made[0], &made[1]]));
    for (parameter, value, expected) in [
        ("filter", "lastPaymentTime:2001-01-01..", vec![]),
        ("filter", "lastPaymentTime:!2001-01-01..", newest.clone()),
        ("sort", "lastPaymentTime", oldest.clone()),
        ("sort", "-lastPaymentTime", newest.clone()),
        ("sort", "createdTime", oldest.clone()),
        ("filter", "createdTime:..9999-12-31T23:59:59Z", newest.clone()),
        ("filter", "createdTime:2001-01-01..9999-12-31", newest.clone()),
        ("filter", "createdTime:9999-12-31T00:00:00Z..", vec![]),
    ] {
        assert_eq!(listed(&list(&mut client, &[(parameter, value)])), expected, "{parameter}={value}");
    }
}

#[test]
fn instruments_are_found_by_their_ids_in_any_order() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made: Vec<Value> = PANS[..4].iter().map(|pan| kept(&mut client, &plain_card(pan), "cus_1")).collect();
    let (first, last) = (id(&made[0]).to_owned(), id(&made[3]).to_owned());
    let lower = first.to_lowercase();
    for (filter, expected) in [
        (format!("id:{first}"), vec![first.clone()]),
        (format!("id:{first},{last},{first}"), vec![last.clone(), first.clone()]),
        (format!("id:{first},{last};last4:1111"), vec![first.clone()]),
        (format!("id:{first};id:{last}"), vec![]),
        (format!("id:{first};customerId:cus_2"), vec![]),
        (format!("id:{lower},x,inst_,{last},{first}"), vec![last.clone(), first.clone()]),
        (format!("id:!{first};id:{first},{last}"), vec![last.clone()]),
        (format!("customerId:cus_2,cus_1;id:{last}"), vec![last.clone()]),
    ] {
        let answer = list(&mut client, &[("filter", &filter)]);
        assert_eq!(listed(&answer), expected, "{filter}");
        assert_eq!(pagination(&answer)[0], expected.len(), "{filter}");
    }
    let both = list(&mut client, &[("filter", "customerId:cus_2,cus_1"), ("limit", "2")]);
    assert_eq!((listed(&both), pagination(&both)), (vec![last, id(&made[2]).to_owned()], [4, 2, 0]));
}

#[test]
fn expand_embeds_the_customers_that_are_there() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let body = json!({"primaryAddress": {"firstName": "Ada"}}).to_string();
    let customer = client.call("PUT", "/rebilly/customers/cus_1", &[SECRET], body.as_bytes());
    assert_eq!(customer.status, 201);
    let named = kept(&mut client, &plain_card(PANS[0]), "cus_1");
    kept(&mut client, &plain_card(PANS[1]), "cus_1");
    kept(&mut client, &plain_card(PANS[0]), "nobody");
    for expand in ["customer", "other,customer", " customer ,x"] {
        let rows = list(&mut client, &[("expand", expand)]).json();
        assert_eq!(rows.as_array().unwrap().len(), 3);
        for row in rows.as_array().unwrap() {
            let embedded = row.get("_embedded");
            let expected = (row["customerId"] == "cus_1").then(|| json!({"customer": customer.json()}));
            assert_eq!(embedded, expected.as_ref(), "{expand}: {row}");
        }
    }
    for expand in ["", "customers", "Customer"] {
        let rows = list(&mut client, &[("expand", expand), ("filter", "customerId:cus_1")]).json();
        assert!(rows.as_array().unwrap().iter().all(|row| row.get("_embedded").is_none()), "{rows}");
        assert_eq!(rows[1], named);
    }
}

#[test]
fn the_bank_of_a_card_table_stays_with_the_number() {
    let live = Live::new();
    let table = "low,high,country,bank\n411111,411111,GB,First Bank\n555555,555555,FR,Deuxième Banque\n";
    live.write("bins.csv", table, 0o644);
    let config = format!("{}[tables]\nbins = \"{}\"\n", live.config(), live.path("bins.csv").display());
    let node = live.try_start(&config).expect("the node starts");
    let mut client = node.client();
    let key = ("REB-APIKEY", "sk_live_alpha_0001");
    let mut call = |method: &str, path: &str, body: &Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = client.call(method, path, &[key], body.as_bytes());
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        answer.json()
    };
    let known = |made: &Value| (made["bankCountry"].clone(), made["bankName"].clone());
    let first = call("POST", INSTRUMENTS, &of_customer(&plain_card(PANS[0]), "cus_1"));
    assert_eq!(known(&first), (json!("GB"), json!("First Bank")));
    let other = call("POST", INSTRUMENTS, &of_customer(&plain_card(PANS[2]), "cus_1"));
    assert!(other.get("bankCountry").is_none() && other.get("bankName").is_none(), "{other}");
    let path = format!("{INSTRUMENTS}/{}", id(&first));
    // A token without a number knows no bank; one with another number brings its own.
    let partial = json!({"method": "payment-card", "paymentInstrument": {"expMonth": 3, "expYear": 2041}});
    let token = call("POST", "/rebilly/tokens", &partial);
    assert_eq!(known(&call("PATCH", &path, &json!({"token": token["id"]}))), known(&first));
    assert_eq!(known(&call("PATCH", &path, &json!({"expMonth": 4, "expYear": 2041}))), known(&first));
    let mut found =
        |query: &str| call("GET", &format!("{INSTRUMENTS}?{query}"), &Value::Null).as_array().unwrap().len();
    assert_eq!((found("filter=bankCountry:gb"), found("filter=bankName:first%20bank;last4:1111")), (1, 1));
    assert_eq!(
        (found("filter=bankCountry:!GB"), found("q=First"), found("filter=bankCountry:FR")),
        (1, 1, 0)
    );
    let whole = with(&card(), "paymentInstrument.pan", json!(PANS[1]));
    let token = call("POST", "/rebilly/tokens", &whole);
    let after = call("PATCH", &path, &json!({"token": token["id"]}));
    assert_eq!(known(&after), (json!("FR"), json!("Deuxième Banque")));
}

#[test]
fn nobody_sees_another_organizations_instruments() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let keys = [(ALPHA, "sk_live_alpha_0001"), (BETA, "sk_live_beta_0001")];
    let mut made: Vec<Vec<Value>> = Vec::new();
    for (_, key) in keys {
        let mut own = Vec::new();
        for number in 0..8 {
            let body = of_customer(&plain_card(PANS[number % 4]), &format!("cus_{}", number / 4)).to_string();
            let answer = client.call("POST", INSTRUMENTS, &[("REB-APIKEY", key)], body.as_bytes());
            assert_eq!(answer.status, 201, "{}", answer.text());
            own.push(answer.json());
        }
        own.reverse();
        made.push(own);
    }
    assert_ne!(
        made[0][0]["fingerprint"], made[1][0]["fingerprint"],
        "a fingerprint is the organization's own"
    );
    for (place, (organization, key)) in keys.into_iter().enumerate() {
        let (own, foreign) = (&made[place], &made[1 - place]);
        for prefix in ["/rebilly".to_owned(), format!("/rebilly/organizations/{organization}")] {
            let mut found = |query: &str| {
                let path = format!("{prefix}/payment-instruments?{query}");
                let answer = client.call("GET", &path, &[("REB-APIKEY", key)], b"");
                let total = pagination(&answer)[0];
                let ids = listed(&answer);
                assert_eq!(ids.len(), total, "{query}");
                ids
            };
            let all: Vec<&Value> = own.iter().collect();
            for query in [
                "",
                "sort=-createdTime",
                "sort=-id,-createdTime",
                "q=inst_",
                "filter=last4:!9999",
                "filter=method:payment-card",
                "filter=createdTime:2001-01-01..",
            ] {
                let (mut one, mut other) = (found(query), ids(&all));
                one.sort();
                other.sort();
                assert_eq!(one, other, "{query}");
            }
            let of_customer: Vec<&Value> = own.iter().filter(|row| row["customerId"] == "cus_1").collect();
            assert_eq!(found("filter=customerId:cus_1"), ids(&of_customer));
            for foreign in foreign {
                assert!(found(&format!("filter=id:{}", id(foreign))).is_empty());
                assert!(found(&format!("q={}", id(foreign))).is_empty());
                assert!(
                    found(&format!("filter=fingerprint:{}", foreign["fingerprint"].as_str().unwrap()))
                        .is_empty()
                );
            }
        }
    }
}

#[test]
fn a_list_shows_what_was_last_written() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card(PANS[0]), "cus_1");
    let city = |city: &str| json!({"billingAddress": {"city": city}});
    for (change, yes, no) in [
        (city("Paris"), "billingAddress.city:Paris", "billingAddress.city:London"),
        (city("Łódź"), "billingAddress.city:łódź", "billingAddress.city:Paris"),
        (json!({"useAsBackup": true}), "useAsBackup:true;revision:4", "useAsBackup:false"),
        (json!({"expMonth": 1, "expYear": 2051}), "expYear:2051;expMonth:..1", "expYear:..2050"),
    ] {
        let now = patched(&mut client, id(&made), &change);
        assert_eq!(list(&mut client, &[("filter", yes)]).json(), json!([now]), "{yes}");
        assert_eq!(list(&mut client, &[("filter", no)]).json(), json!([]), "{no}");
    }
    // One instrument, however often it was written.
    let mut other = plain_card(PANS[0]);
    other["billingAddress"] = json!({"country": "PL"});
    let updated = keep(&mut client, &other, "cus_1");
    assert_eq!(updated.status, 303);
    assert_eq!(list(&mut client, &[]).json(), json!([updated.json()]));
}

#[test]
fn a_last_day_of_the_calendar_is_no_end() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    kept(&mut client, &plain_card(PANS[0]), "cus_1");
    let path = format!("{INSTRUMENTS}?filter=createdTime:2020-01-01..9999-12-31");
    let answer = client.call("GET", &path, &[SECRET], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json().as_array().unwrap().len(), 1);
}
