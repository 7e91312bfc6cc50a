//! `GET /tokens` (3, 3.2): the tokens of the last 24 hours, newest first.

use serde_json::{Value, json};

use super::{
    calls::{TOKENS, get, invalid_fields, names, seconds, seed_request, token},
    families::families,
};
use crate::{
    live::{ALPHA, BETA, Live},
    support::{Answer, Client, Node, PUBLISHABLE, SECRET, card, create, exchange, home},
};

fn list(client: &mut Client, query: &str) -> Answer {
    let answer = get(client, &format!("{TOKENS}{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer
}

fn ids(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    body.as_array().expect("an array").iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// `Pagination-Total`, `-Limit` and `-Offset`.
fn pages(answer: &Answer) -> [u64; 3] {
    ["pagination-total", "pagination-limit", "pagination-offset"]
        .map(|name| answer.header(name).unwrap_or_else(|| panic!("no {name}")).parse().expect("a number"))
}

#[test]
fn nothing_is_an_empty_list() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let answer = list(&mut node.client(), "");
    assert_eq!(answer.json(), json!([]));
    assert_eq!(pages(&answer), [0, 100, 0]);
}

#[test]
fn the_newest_is_first_and_every_page_is_a_part_of_the_whole() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut made: Vec<String> = (0..7).map(|_| create(&mut client, &card())).collect();
    node.advance(3);
    made.extend((0..5).map(|_| create(&mut client, &seed_request())));
    made.reverse();
    let all = list(&mut client, "");
    assert_eq!((ids(&all), pages(&all)), (made.clone(), [12, 100, 0]));
    for limit in [0, 1, 5, 11, 12, 13, 1000] {
        for offset in [0, 1, 6, 11, 12, 1000] {
            let page = list(&mut client, &format!("?limit={limit}&offset={offset}"));
            let expected: Vec<String> = made.iter().skip(offset).take(limit).cloned().collect();
            assert_eq!(ids(&page), expected, "{limit} after {offset}");
            assert_eq!(pages(&page), [12, limit as u64, offset as u64]);
        }
    }
    // Each is as it reads alone, by either path, with links of that path.
    for prefix in ["/rebilly", "/rebilly/organizations/org_sandbox"] {
        let all = get(&mut client, &format!("{prefix}/tokens/?limit=1000")).json();
        for one in all.as_array().unwrap() {
            let path = format!("{prefix}/tokens/{}", one["id"].as_str().unwrap());
            assert_eq!(get(&mut client, &path).json(), *one);
            assert_eq!(one["_links"][0]["href"], format!("http://{}{path}", node.clients));
        }
    }
}

#[test]
fn limit_and_offset_have_bounds() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for bad in ["1001", "-1", "+1", "", "x", "1.0", "1e2", "%20", "%31%30%30%31", "99999999999999999999"] {
        for name in ["limit", "offset"] {
            let answer = get(&mut client, &format!("{TOKENS}?{name}={bad}"));
            assert_eq!(invalid_fields(&answer), names(&[name]), "{name}={bad}");
        }
        let both = get(&mut client, &format!("{TOKENS}?limit={bad}&offset={bad}"));
        assert_eq!(invalid_fields(&both), names(&["limit", "offset"]), "{bad}");
    }
    let twice = get(&mut client, &format!("{TOKENS}?limit=1&limit=2"));
    assert_eq!(invalid_fields(&twice), names(&["limit"]));
    // This collection has no other parameters: what is unknown is ignored.
    for unknown in ["?sort=-id", "?filter=method:x", "?q=x", "?expand=x", "?Limit=5000", "?fields=id&x"] {
        assert_eq!(pages(&list(&mut client, unknown)), [0, 100, 0], "{unknown}");
    }
}

#[test]
fn used_and_expired_tokens_are_listed_as_they_read() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let used = token(&mut client, &seed_request());
    let unused = token(&mut client, &seed_request());
    node.advance(60);
    assert_eq!(exchange(&mut client, used["id"].as_str().unwrap(), "cus_1").status, 201);
    node.advance(2_000);
    let fresh = token(&mut client, &card());
    let all = list(&mut client, "").json();
    let [newest, expired, spent] = [0, 1, 2].map(|place| all[place].clone());
    assert_eq!(newest, fresh);
    assert_eq!((&expired["id"], &spent["id"]), (&unused["id"], &used["id"]));
    assert_eq!((&expired["isUsed"], &expired["usageTime"]), (&json!(false), &Value::Null));
    assert_eq!(seconds(&expired["expirationTime"]), seconds(&unused["createdTime"]) + 1_800);
    assert_eq!(expired["updatedTime"], expired["expirationTime"]);
    assert_eq!((&spent["isUsed"], &spent["expirationTime"]), (&json!(true), &Value::Null));
    assert_eq!(spent["updatedTime"], spent["usageTime"]);
    let after = seconds(&spent["usageTime"]) - seconds(&used["createdTime"]);
    assert!((60..2_000).contains(&after), "used {after} seconds after its creation");
}

#[test]
fn a_token_of_every_method_is_listed() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut made: Vec<Value> = families().iter().map(|family| token(&mut client, &family.body)).collect();
    made.reverse();
    assert_eq!(list(&mut client, "").json(), json!(made));
}

#[test]
fn what_is_older_than_a_day_is_gone_from_list_and_count() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let old = create(&mut client, &card());
    node.advance(43_200);
    let younger = create(&mut client, &card());
    node.advance(42_000);
    let both = list(&mut client, "");
    assert_eq!((ids(&both), pages(&both)[0]), (vec![younger.clone(), old], 2));
    // At once: it does not wait for the sweep.
    node.advance(1_200);
    let one = list(&mut client, "");
    assert_eq!((ids(&one), pages(&one)[0]), (vec![younger], 1));
    assert_eq!(pages(&list(&mut client, "?limit=0"))[0], 1);
    node.advance(43_200);
    let none = list(&mut client, "");
    assert_eq!((none.json(), pages(&none)[0]), (json!([]), 0));
}

#[test]
fn a_list_is_for_secret_keys_of_the_own_organization() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    create(&mut node.client(), &card());
    for (headers, path, status) in [
        (vec![PUBLISHABLE], TOKENS, 403),
        (vec![("Authorization", "Bearer pk_sandbox_coffer")], TOKENS, 403),
        (vec![], TOKENS, 401),
        (vec![("REB-APIKEY", "sk_sandbox_other")], TOKENS, 401),
        (vec![SECRET], "/rebilly/organizations/org_other/tokens", 403),
        (vec![SECRET], TOKENS, 200),
    ] {
        let answer = node.client().call("GET", path, &headers, b"");
        assert_eq!(answer.status, status, "{headers:?} {path}: {}", answer.text());
        assert_eq!(answer.header("pagination-total").is_some(), status == 200, "{headers:?}");
    }
}

#[test]
fn no_organization_sees_or_counts_anothers_tokens() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let (alpha, beta) = (("REB-APIKEY", "sk_live_alpha_0001"), ("REB-APIKEY", "sk_live_beta_0001"));
    let both = ("REB-APIKEY", "sk_live_both_0001");
    let body = card().to_string();
    // One after the other, so that neither's numbers lie side by side.
    let mut made = [Vec::new(), Vec::new()];
    for turn in 0..10 {
        let (key, of) = if turn % 3 == 0 { (beta, 1) } else { (alpha, 0) };
        let answer = client.call("POST", TOKENS, &[key], body.as_bytes());
        made[of].insert(0, answer.json()["id"].as_str().unwrap().to_owned());
    }
    let mut seen = |key: (&str, &str), path: &str| {
        let answer = client.call("GET", path, &[key], b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        (ids(&answer), pages(&answer)[0])
    };
    let [of_alpha, of_beta] = made;
    assert_eq!(seen(alpha, TOKENS), (of_alpha.clone(), 6));
    assert_eq!(seen(beta, TOKENS), (of_beta.clone(), 4));
    let of = |org: &str| format!("/rebilly/organizations/{org}/tokens");
    assert_eq!(seen(both, &of(ALPHA)), (of_alpha, 6));
    assert_eq!(seen(both, &of(BETA)), (of_beta.clone(), 4));
    assert_eq!(seen(both, &format!("{}?limit=2&offset=3", of(BETA))).0, of_beta[3..].to_vec());
}
