//! Lists of secure tokens (section 6.4): filters, pages in both directions by links that are followed as they are, and
//! cursors.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::calls::{
    FOREIGN, Shop, ach, assert_refused, card, card_of, encoded, names, pad, parameters, secure, text, with,
};
use crate::support::{Node, home};

/// The page that a path or link leads to.
fn page(shop: &mut Shop, to: &str) -> Value {
    let answer = shop.get(to);
    assert_eq!(answer.status, 200, "{to}: {}", answer.text());
    let page = answer.json();
    let expected: &[&str] = match page.get("links") {
        Some(_) => &["count", "data", "hasMore", "limit", "links"],
        None => &["count", "data", "hasMore", "limit"],
    };
    assert_eq!(names(&page), expected);
    assert_eq!(page["count"], ids(&page).len());
    assert_eq!(page["hasMore"], link(&page, "next").is_some(), "some go by this, others by the link: {page}");
    for link in page["links"].as_array().into_iter().flatten() {
        assert_eq!(names(link), ["href", "method", "rel"]);
        assert_eq!(link["method"], "get");
        assert!(text(link, "href").starts_with("http://127.0.0.1:"), "absolute: {link}");
    }
    page
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().expect("a list").iter().map(|token| text(token, "secureTokenId")).collect()
}

fn link(page: &Value, rel: &str) -> Option<String> {
    let links = page["links"].as_array()?;
    links.iter().find(|link| link["rel"] == rel).map(|link| text(link, "href"))
}

/// Tokens named 1 to `count`, the newest the last.
fn filled(shop: &mut Shop, count: usize) -> Vec<String> {
    let ids: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
    for id in &ids {
        shop.secure(&secure(id, &card()));
    }
    ids.into_iter().rev().collect()
}

#[test]
fn pages_lead_through_everything_and_back() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = shop.path("secure-tokens");
    let empty = page(&mut shop, &path);
    assert_eq!(empty, json!({"limit": 10, "count": 0, "hasMore": false, "data": []}));
    let all = filled(&mut shop, 12);
    let first = page(&mut shop, &path);
    assert_eq!((ids(&first), &first["limit"]), (all[..10].to_vec(), &json!(10)), "newest first");
    for limit in [1, 2, 3, 4, 5, 6, 11, 12, 13, 100] {
        let start = format!("{path}?limit={limit}");
        let (mut forward, mut at) = (Vec::new(), page(&mut shop, &start));
        assert!(link(&at, "previous").is_none(), "nothing is before the first page");
        let mut pages = vec![ids(&at)];
        loop {
            assert_eq!(at["limit"], limit);
            assert!(ids(&at).len() <= limit, "{at}");
            forward.extend(ids(&at));
            let Some(next) = link(&at, "next") else { break };
            assert_eq!(ids(&at).len(), limit, "only the last page is shorter: {at}");
            at = page(&mut shop, &next);
            pages.push(ids(&at));
        }
        assert_eq!(forward, all, "{limit}");
        // Back by the other links: the same pages.
        pages.pop();
        while let Some(expected) = pages.pop() {
            let previous = link(&at, "previous").unwrap_or_else(|| panic!("no way back: {at}"));
            at = page(&mut shop, &previous);
            assert_eq!(ids(&at), expected, "{limit}");
            assert!(link(&at, "next").is_some(), "there is a page behind it: {at}");
        }
    }
}

#[test]
fn a_cursor_is_a_token_of_the_terminal() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = shop.path("secure-tokens");
    let all = filled(&mut shop, 6);
    for (query, expected) in [
        ("after=4", vec!["3", "2", "1"]),
        ("after=4&limit=2", vec!["3", "2"]),
        ("after=1", vec![]),
        ("before=3", vec!["6", "5", "4"]),
        ("before=3&limit=2", vec!["5", "4"]),
        ("before=6", vec![]),
        ("limit=2&after=6", vec!["5", "4"]),
    ] {
        assert_eq!(ids(&page(&mut shop, &format!("{path}?{query}"))), expected, "{query}");
    }
    // One that was deleted is still a place.
    assert_eq!(shop.delete("4").status, 204);
    assert_eq!(ids(&page(&mut shop, &format!("{path}?after=4"))), ["3", "2", "1"]);
    assert_eq!(ids(&page(&mut shop, &format!("{path}?before=4"))), ["6", "5"]);
    assert_eq!(ids(&page(&mut shop, &path)).len(), all.len() - 1);
    // A token of another terminal is none.
    let mut second = Shop::by(&node, "sandbox", "1234002");
    second.secure(&secure("elsewhere", &card()));
    for name in ["after", "before"] {
        for id in ["elsewhere", "unknown", "%20", "4%00"] {
            let answer = shop.get(&format!("{path}?{name}={id}"));
            assert_eq!(parameters(&answer), [name], "{id}");
        }
    }
    for query in ["before=3&after=2", "after=2&before=3", "before=3&after=3"] {
        let answer = shop.get(&format!("{path}?{query}"));
        assert_eq!(parameters(&answer).len(), 1, "{}", answer.text());
    }
}

#[test]
fn what_is_made_or_deleted_meanwhile_does_not_move_a_page() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = shop.path("secure-tokens");
    filled(&mut shop, 6);
    let first = page(&mut shop, &format!("{path}?limit=2"));
    assert_eq!(ids(&first), ["6", "5"]);
    shop.secure(&secure("7", &card()));
    assert_eq!(shop.delete("5").status, 204, "the cursor itself");
    let second = page(&mut shop, &link(&first, "next").expect("a link"));
    assert_eq!(ids(&second), ["4", "3"]);
    let back = page(&mut shop, &link(&second, "previous").expect("a link"));
    assert_eq!(ids(&back), ["7", "6"]);
}

#[test]
fn queries_have_their_limits() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = shop.path("secure-tokens");
    let x = |count: usize| "x".repeat(count);
    for (name, good, bad) in [
        (
            "limit",
            vec!["1".to_owned(), "100".to_owned()],
            ["0", "101", "-1", "x", "", "1.5"].map(str::to_owned).to_vec(),
        ),
        ("secureTokenId", vec![x(1), x(200), "%C3%A4".repeat(200)], vec![String::new(), x(201)]),
        ("customerName", vec![x(1), x(50), "a+b".to_owned()], vec![String::new(), x(51)]),
        ("phone", vec![x(1), x(15)], vec![String::new(), x(16)]),
        ("email", vec![x(1), x(100)], vec![String::new(), x(101)]),
        ("token", vec![x(12), x(19)], vec![x(11), x(20), String::new()]),
        ("first6", vec!["453985".to_owned()], ["45398", "4539858", "45398x", ""].map(str::to_owned).to_vec()),
        (
            "last4",
            vec!["7062".to_owned()],
            ["706", "70625", "706x", "%D9%A1%D9%A1%D9%A1%D9%A1"].map(str::to_owned).to_vec(),
        ),
    ] {
        for value in good {
            let answer = shop.get(&format!("{path}?{name}={value}"));
            assert_eq!(answer.status, 200, "{name}={value}: {}", answer.text());
        }
        for value in bad {
            let answer = shop.get(&format!("{path}?{name}={value}"));
            assert_eq!(parameters(&answer), [name], "{name}={value}: {}", answer.text());
        }
    }
    let answer = shop.get(&format!("{path}?limit=0&first6=1&last4=x&token=1&before=a&after=b"));
    let mut found = parameters(&answer);
    found.sort_unstable();
    assert_eq!(found, ["before", "first6", "last4", "limit", "token"], "all at once");
    let broken = shop.get(&format!("{path}?email=%4"));
    assert_eq!(parameters(&broken), ["email"]);
    // Unknown parameters are passed over.
    assert_eq!(shop.get(&format!("{path}?page=2&Limit=0&&=")).status, 200);
}

/// A merchant's customers, and the ids of those that a query finds.
fn customers(shop: &mut Shop) {
    let person = |id: &str, source: &Value, first: &str, last: &str, contacts: Value| {
        let customer = json!({"firstName": first, "lastName": last, "contactMethods": contacts});
        with(&secure(id, source), "/customer", customer)
    };
    let named = |number: &str, name: &str| with(&card_of(number), "/cardDetails/cardholderName", json!(name));
    let contacts = |email: &str, phone: &str, mobile: &str| {
        json!([{"type": "email", "value": email}, {"type": "phone", "value": phone},
            {"type": "mobile", "value": mobile}, {"type": "fax", "value": "2025550199"}])
    };
    let ada = contacts("ada@example.com", "202-555-0100", "+1 202 555 0101");
    let bob = contacts("Bob.Byron@example.com", "2025550102", "2025550103");
    for body in [
        person("ada", &named("4539858876047062", "A. Lovelace"), "Ada", "Lovelace", ada),
        person("bob", &named("4000060000000006", "Robert Byron"), "Bob", "Byron", bob),
        secure("card", &named("5100270000000007", "Ada Lovelace")),
        secure("ach", &with(&ach(), "/accountNumber", json!("11107062"))),
        secure("pad", &pad()),
        person(
            "words",
            &named("4539858876047062", "x"),
            "X",
            "Y",
            json!([{"type": "phone", "value": "none"}]),
        ),
    ] {
        shop.secure(&body);
    }
}

#[test]
fn filters_find_what_they_say() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    customers(&mut shop);
    let path = shop.path("secure-tokens");
    let digits = text(&shop.read("ada"), "token");
    for (query, expected) in [
        ("secureTokenId=ada", vec!["ada"]),
        ("secureTokenId=Ada", vec![]),
        ("secureTokenId=ad", vec![]),
        ("customerName=Ada+Lovelace", vec!["card", "ada"]),
        ("customerName=ada%20LOVELACE", vec!["card", "ada"]),
        ("customerName=A.%20Lovelace", vec!["ada"]),
        ("customerName=Ada", vec![]),
        ("customerName=Lovelace", vec![]),
        ("customerName=Sarah%20Hazel%20Hopper", vec!["pad"]),
        ("customerName=shara+hazel+hopper", vec!["ach"]),
        ("phone=2025550100", vec!["ada"]),
        ("phone=202-555-0100", vec!["ada"]),
        ("phone=12025550101", vec!["ada"]),
        ("phone=2025550199", vec![]),
        ("phone=2025550103", vec!["bob"]),
        ("phone=other", vec![]),
        ("email=ada@example.com", vec!["ada"]),
        ("email=bob.byron%40EXAMPLE.com", vec!["bob"]),
        ("email=byron@example.com", vec![]),
        ("email=2025550199", vec![]),
        (&format!("token={digits}"), vec!["ada"]),
        ("token=2967530000000000000", vec![]),
        ("token=4539858876047062", vec![]),
        ("first6=453985", vec!["words", "ada"]),
        ("first6=000000", vec![]),
        ("first6=111070", vec![]),
        ("last4=7062", vec!["words", "ach", "ada"]),
        ("last4=7890", vec!["pad"]),
        ("last4=0000", vec![]),
        ("first6=453985&last4=7062", vec!["words", "ada"]),
        ("first6=453985&last4=0006", vec![]),
        ("last4=7062&customerName=ada+lovelace", vec!["ada"]),
        ("secureTokenId=ada&last4=7062", vec!["ada"]),
        ("secureTokenId=ada&last4=0006", vec![]),
        (&format!("secureTokenId=bob&token={digits}"), vec![]),
        (&format!("secureTokenId=ada&token={digits}"), vec!["ada"]),
        (&format!("token={digits}&email=ada@example.com"), vec!["ada"]),
        (&format!("token={digits}&email=bob.byron@example.com"), vec![]),
    ] {
        assert_eq!(ids(&page(&mut shop, &format!("{path}?{query}"))), expected, "{query}");
    }
    // Bank accounts have their type here, as when one is read.
    let found = page(&mut shop, &format!("{path}?secureTokenId=ach"));
    assert_eq!(found["data"][0], shop.read("ach"));
    assert_eq!(found["data"][0]["source"]["accountType"], "checking");
    // Another terminal has none of them, whatever names them.
    let mut second = Shop::by(&node, "sandbox", "1234002");
    let elsewhere = second.path("secure-tokens");
    for query in ["secureTokenId=ada", &format!("token={digits}"), "last4=7062", "limit=100"] {
        assert_eq!(ids(&page(&mut second, &format!("{elsewhere}?{query}"))), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn links_keep_the_filters() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut expected = Vec::new();
    for number in 1..=9 {
        let source = if number % 2 == 1 { card() } else { card_of("4000060000000006") };
        let id = format!("number {number} & more=%");
        let named =
            with(&secure(&id, &source), "/customer", json!({"firstName": "Ann & Bob", "lastName": "O=O"}));
        shop.secure(&named);
        if number % 2 == 1 {
            expected.push(id);
        }
    }
    expected.reverse();
    let name = encoded("ann & bob o=o");
    let start =
        format!("{}?limit=2&customerName={name}&last4=7062&first6=453985", shop.path("secure-tokens"));
    let (mut seen, mut at) = (Vec::new(), page(&mut shop, &start));
    loop {
        seen.extend(ids(&at));
        let Some(next) = link(&at, "next") else { break };
        assert!(next.contains("first6=453985") && next.contains("last4=7062"), "{next}");
        at = page(&mut shop, &next);
    }
    assert_eq!(seen, expected);
    let back = page(&mut shop, &link(&at, "previous").expect("a way back"));
    assert_eq!(ids(&back), expected[2..4]);
}

#[test]
fn a_foreign_terminal_shows_nothing() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut other) = (Shop::of(&node), Shop::other(&node));
    let all: BTreeSet<String> = filled(&mut shop, 3).into_iter().collect();
    let theirs = other.path("secure-tokens");
    assert_eq!(ids(&page(&mut other, &theirs)), Vec::<String>::new());
    assert_refused(&other.get(&shop.path("secure-tokens")), 403, "forbidden");
    FOREIGN.clone_into(&mut shop.terminal);
    let path = shop.path("secure-tokens");
    assert_refused(&shop.get(&path), 403, "forbidden");
    assert_eq!(all.len(), 3);
}
