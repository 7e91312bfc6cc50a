//! Any query of `GET /payment-instruments` gives the page that the rules of 3.2 give, over a stock of all kinds of
//! instruments: by the second opinion of `listing.rs`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, invalid_fields, names, post},
    instruments_list::PANS,
    kinds::{deactivate, exchanged, id, kept, kinds, of_customer, patch, plain_account, plain_card},
    listing::{
        FIELDS, Of, Term, UNSORTED, Wanted, finds, ids, list, list_unseen, listed, pagination, print, sorted,
        takes, values,
    },
};
use crate::{
    dice::Dice,
    support::{Client, Node, home},
};

/// One of some things.
fn one<T: Clone>(dice: &mut Dice, of: &[T]) -> T {
    of[dice.below(of.len())].clone()
}

/// An address with some of its members.
fn address(dice: &mut Dice) -> Value {
    let mut address = json!({});
    let choices: [(&str, &[&str]); 9] = [
        ("firstName", &["Ada", "ada", "Émile", "Zoë"]),
        ("lastName", &["Lovelace", "O'Brien", "van der Berg", "true love"]),
        ("organization", &["Acme & Sons", "ACME & SONS", "Łódź sp. z o.o."]),
        ("address", &["1 Main St.", "36 Craven St"]),
        ("address2", &["Apt #2", "c/o Ms. B"]),
        ("city", &["Paris", "PARIS", "London", "Łódź", "ŁÓDŹ"]),
        ("region", &["New York", "IDF", "10"]),
        ("country", &["GB", "FR", "PL", "US"]),
        ("postalCode", &["75001", "WC2N 5NF", "1-2"]),
    ];
    for (name, values) in choices {
        if dice.below(3) > 0 {
            address[name] = json!(one(dice, values));
        }
    }
    let point = |value: &str| json!({"label": "main", "value": value});
    if dice.below(2) == 0 {
        let mail = one(dice, &["a@example.com", "b@example.com", "C@Example.com"]);
        address["emails"] = json!([point(mail), point("all@example.com")]);
    }
    if dice.below(2) == 0 {
        address["phoneNumbers"] = json!([point(one(dice, &["512-710-1640", "+44 20 7946 0001"]))]);
    }
    address
}

/// A body for `POST /payment-instruments`.
fn random_body(dice: &mut Dice, year: u16) -> Value {
    let mut body = match dice.below(6) {
        0..=2 => plain_card(one(dice, &PANS)),
        3 => plain_account(&format!("77{}", dice.below(9))),
        4 => json!({"method": one(dice, &["paypal", "Interac", "Skrill"])}),
        _ => json!({"method": "ach", "accountNumberType": "IBAN", "accountNumber": "DE89370400440532013000"}),
    };
    if body["method"] == "payment-card" {
        body["expYear"] = json!(year + 1 + u16::try_from(dice.below(4)).unwrap());
        body["expMonth"] = json!(12 - dice.below(3));
    }
    if body["method"] == "ach" {
        body["bankName"] = json!(one(dice, &["First Bank", "first bank", "Second Bank"]));
    }
    body["billingAddress"] = address(dice);
    let tier =
        [json!("Gold"), json!("gold"), json!(7), json!(1.5), json!(["Gold", "x", 7]), json!(null), json!({})];
    body["customFields"] = json!({"tier": one(dice, &tier), "a b.c": one(dice, &["x", "ü"])});
    body["useAsBackup"] = json!(dice.below(3) == 0);
    of_customer(&body, &format!("cus_{}", dice.below(6)))
}

/// Many instruments, made and changed at times of their own; in the order in which they were made.
fn stock(node: &Node, dice: &mut Dice) -> Vec<Value> {
    let mut client = node.client();
    let now = kept(&mut client, &plain_card(PANS[0]), "cus_0");
    let year = now["createdTime"].as_str().unwrap()[..4].parse().unwrap();
    let mut rows: Vec<Value> = vec![now];
    for (number, kind) in kinds().into_iter().enumerate() {
        node.advance(2);
        rows.push(exchanged(&mut client, &kind.token, &format!("cus_of_token_{number}")));
    }
    for _ in 0..150 {
        node.advance(2);
        let answer = post(&mut client, INSTRUMENTS, &random_body(dice, year));
        assert!([201, 303].contains(&answer.status), "{}", answer.text());
        let made = answer.json();
        match rows.iter_mut().find(|row| row["id"] == made["id"]) {
            Some(row) => *row = made,
            None => rows.push(made),
        }
        let at = dice.below(rows.len());
        node.advance(2);
        let changed = match dice.below(8) {
            0 => deactivate(&mut client, id(&rows[at])),
            1 | 2 => {
                let body = json!({"stickyGatewayAccountId": format!("gw_acc_{}", dice.below(3))});
                patch(&mut client, id(&rows[at]), &body)
            }
            _ => continue,
        };
        if changed.status < 300 {
            rows[at] = changed.json();
        }
    }
    // Two years later some cards are past their expiry.
    node.advance(740 * 86_400);
    let all = list(&mut client, &[("limit", "1000")]);
    let mut now: Vec<Value> = all.json().as_array().unwrap().clone();
    now.reverse();
    assert_eq!(now.len(), rows.len());
    for (row, now) in rows.iter().zip(&now) {
        let expired = row["status"] == "inactive" && now["status"] == "expired";
        let mut row = row.clone();
        if expired {
            row["status"] = json!("expired");
        }
        assert_eq!(row, *now);
    }
    let statuses: BTreeSet<&str> = now.iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, BTreeSet::from(["active", "deactivated", "expired", "inactive"]));
    now
}

/// A list by a filter is what the second opinion says.
fn assert_filter(client: &mut Client, rows: &[Value], terms: &[Term]) -> usize {
    let text = print(terms);
    let expected: Vec<&Value> = rows.iter().filter(|row| takes(terms, row)).collect();
    let answer = list_unseen(client, &[("filter", &text), ("limit", "1000")]);
    assert_eq!(answer.status, 200, "{text}: {}", answer.text());
    assert_eq!(listed(&answer), ids(&sorted(expected.clone(), &[])), "{text}");
    assert_eq!(pagination(&answer), [expected.len(), 1000, 0], "{text}");
    expected.len()
}

fn term(field: &str, of: Of, negated: bool, values: Vec<Wanted>) -> Term {
    Term { field: field.to_owned(), of, negated, each: false, values }
}

fn exact(text: &str) -> Wanted {
    Wanted::Exact(text.to_owned())
}

#[test]
fn every_field_filters_by_each_of_its_values() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let rows = stock(&node, &mut Dice::of(1, 0, 0));
    let own = [("customFields.tier", Of::Text), ("customFields.a b.c", Of::Text)];
    for (field, of) in FIELDS.iter().chain(&own) {
        let all: BTreeSet<String> = rows.iter().flat_map(|row| values(row, field)).collect();
        // Only a card table knows the country of a bank, and a sandbox has none; a vault sees no payment.
        assert_eq!(all.is_empty(), ["bankCountry", "lastPaymentTime"].contains(field), "{field}");
        for value in &all {
            let one = assert_filter(&mut client, &rows, &[term(field, *of, false, vec![exact(value)])]);
            let others = assert_filter(&mut client, &rows, &[term(field, *of, true, vec![exact(value)])]);
            assert!(one > 0 && one + others == rows.len(), "{field}:{value}");
        }
        if *of == Of::Text {
            let (mut upper, mut lower) = (Vec::new(), Vec::new());
            for value in all.iter().take(3) {
                upper.push(exact(&value.to_uppercase()));
                lower.push(exact(&value.to_lowercase()));
            }
            if !upper.is_empty() {
                let [upper, lower] = [upper, lower]
                    .map(|values| assert_filter(&mut client, &rows, &[term(field, *of, false, values)]));
                assert_eq!(upper, lower, "{field}");
            }
        }
        let nothing = match of {
            Of::Text | Of::Id => "nothing of the kind",
            Of::Integer => "-1",
            Of::Time => "1999-01-01",
            Of::Bool => continue,
        };
        assert_eq!(assert_filter(&mut client, &rows, &[term(field, *of, false, vec![exact(nothing)])]), 0);
        let all = assert_filter(&mut client, &rows, &[term(field, *of, true, vec![exact(nothing)])]);
        assert_eq!(all, rows.len(), "{field}: absent is not that either");
    }
}

/// A term at random: mostly of values that some row has.
fn random_term(dice: &mut Dice, rows: &[Value]) -> Term {
    let own = [("customFields.tier", Of::Text), ("customFields.none", Of::Text)];
    let (field, of) = match dice.below(8) {
        0 => one(dice, &own),
        _ => one(dice, &FIELDS),
    };
    let value = |dice: &mut Dice| -> String {
        let row = &rows[dice.below(rows.len())];
        let found = values(row, field).into_iter().next();
        let value = found.unwrap_or_else(|| match of {
            Of::Text | Of::Id => "GB".to_owned(),
            Of::Integer => "2".to_owned(),
            Of::Time => "2031-05-06T07:08:09Z".to_owned(),
            Of::Bool => "false".to_owned(),
        });
        match (of, dice.below(3)) {
            (Of::Text, 0) => value.to_uppercase(),
            (Of::Time, 0) => value[..10].to_owned(),
            _ => value,
        }
    };
    let wanted = |dice: &mut Dice| {
        if !matches!(of, Of::Integer | Of::Time) || dice.below(2) == 0 {
            return Wanted::Exact(value(dice));
        }
        let (from, to) = (value(dice), value(dice));
        let before = match of {
            Of::Integer => from.parse::<i64>().unwrap() <= to.parse().unwrap(),
            _ => {
                from[..10] < to[..10]
                    || (from.len(), &from) == (to.len(), &to)
                    || (from.len() == to.len() && from < to)
            }
        };
        match dice.below(3) {
            0 => Wanted::Range(Some(from), None),
            1 => Wanted::Range(None, Some(to)),
            _ if before => Wanted::Range(Some(from), Some(to)),
            _ => Wanted::Range(None, Some(from)),
        }
    };
    let values = (0..=dice.below(3)).map(|_| wanted(dice)).collect();
    Term { field: field.to_owned(), of, negated: dice.below(3) == 0, each: dice.below(2) == 0, values }
}

#[test]
fn any_query_gives_the_page_that_the_rules_give() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut dice = Dice::of(2, 0, 0);
    let rows = stock(&node, &mut dice);
    let sortable: Vec<&str> =
        FIELDS.iter().map(|(name, _)| *name).filter(|name| !UNSORTED.contains(name)).collect();
    // Pairs of digits and letters stand in ids and fingerprints: in those that are shown.
    let searches = [
        "",
        "",
        "",
        "",
        "",
        "",
        "ACME",
        "łódź",
        "ex",
        "cus_1",
        "41",
        "e",
        "MAIN ST",
        "no such text",
        "a@EXAMPLE",
        "0a",
        "b1",
        "2c",
        "d3",
        "4e",
        "f5",
    ];
    let (mut some, mut none) = (0, 0);
    for round in 0..500 {
        let terms: Vec<Term> = (0..dice.below(4)).map(|_| random_term(&mut dice, &rows)).collect();
        let mut sort: Vec<(&str, bool)> = Vec::new();
        for _ in 0..dice.below(4) {
            let field = one(&mut dice, &sortable);
            if sort.iter().all(|(known, _)| *known != field) {
                sort.push((field, dice.below(2) == 0));
            }
        }
        let (q, limit, offset) = (one(&mut dice, &searches), dice.below(40), dice.below(30));
        let text: Vec<String> = sort
            .iter()
            .map(|(name, descending)| format!("{}{name}", if *descending { "-" } else { "" }))
            .collect();
        let (filter, text) = (print(&terms), text.join(","));
        let found = rows.iter().filter(|row| takes(&terms, row) && (q.is_empty() || finds(q, row))).collect();
        let expected = sorted(found, &sort);
        let (limit_text, offset_text) = (limit.to_string(), offset.to_string());
        let mut parameters =
            vec![("filter", filter.as_str()), ("sort", &text), ("limit", &limit_text), ("q", q)];
        if offset > 0 {
            parameters.push(("offset", &offset_text));
        }
        let answer = match round % 50 {
            0 => list(&mut client, &parameters),
            _ => list_unseen(&mut client, &parameters),
        };
        let page: Vec<&Value> = expected.iter().skip(offset).take(limit).copied().collect();
        assert_eq!(listed(&answer), ids(&page), "round {round}: {parameters:?}");
        assert_eq!(pagination(&answer), [expected.len(), limit, offset], "round {round}: {parameters:?}");
        assert_eq!(answer.json(), json!(page), "a list shows what a read shows");
        if expected.is_empty() { none += 1 } else { some += 1 }
    }
    assert!(some > 150 && none > 50, "{some} {none}: the choices are neither too wide nor too narrow");
}

#[test]
fn every_sort_has_an_end_for_equal_rows() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let rows = stock(&node, &mut Dice::of(3, 0, 0));
    let all: Vec<&Value> = rows.iter().collect();
    for (field, _) in FIELDS {
        for (mark, descending) in [("", false), ("-", true)] {
            let sort = format!("{mark}{field}");
            let answer = list_unseen(&mut client, &[("sort", &sort), ("limit", "1000")]);
            if UNSORTED.contains(&field) {
                assert_eq!(invalid_fields(&answer), names(&["sort"]), "{sort}");
                continue;
            }
            let expected = ids(&sorted(all.clone(), &[(field, descending)]));
            assert_eq!(listed(&answer), expected, "{sort}");
            // Page after page it is the same list.
            let mut paged = Vec::new();
            while paged.len() < rows.len() {
                let offset = paged.len().to_string();
                let page = list_unseen(&mut client, &[("sort", &sort), ("limit", "17"), ("offset", &offset)]);
                assert_eq!(pagination(&page), [rows.len(), 17, paged.len()]);
                paged.extend(listed(&page));
            }
            assert_eq!(paged, expected, "{sort}");
        }
    }
}
