//! `POST /payment-instruments/{id}/deactivation` (4.2, section 8).

use serde_json::json;

use super::{
    calls::{INSTRUMENTS, get, path_of},
    instruments_update::assert_changed,
    kinds::{assert_has, deactivate, exchanged, id, kept, kinds, patched, plain_card, revealed},
};
use crate::support::{Node, SECRET, home};

#[test]
fn deactivation_is_for_good() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (number, kind) in kinds().into_iter().enumerate() {
        let customer = format!("cus_{number}");
        let made = exchanged(&mut client, &kind.token, &customer);
        let answer = deactivate(&mut client, id(&made));
        assert_eq!(answer.status, 201, "{}: {}", kind.name, answer.text());
        let location = format!("http://{}{INSTRUMENTS}/{}", node.clients, id(&made));
        assert_eq!(answer.header("location"), Some(location.as_str()));
        let after = answer.json();
        assert_changed(&made, &after, &["status"]);
        assert_eq!(after["status"], "deactivated");
        let again = deactivate(&mut client, id(&made));
        assert_eq!(again.status, 409, "{}", again.text());
        assert_has(&again.json(), &json!({"status": 409, "title": "Conflict", "type": "about:blank"}));
        // It can still be read, listed and revealed; it is matched no more.
        assert_eq!(get(&mut client, path_of(&location)).json(), after);
        let listed = get(&mut client, &format!("{INSTRUMENTS}?filter=customerId:{customer}"));
        assert_eq!(listed.json(), json!([after]), "{}", kind.name);
        assert_eq!(revealed(&mut client, id(&made)), kind.clear);
        let anew = exchanged(&mut client, &kind.token, &customer);
        assert_ne!(id(&anew), id(&made), "{}", kind.name);
        assert_ne!(anew["status"], "deactivated");
        assert_eq!(get(&mut client, path_of(&location)).json(), after, "{}", kind.name);
        assert_eq!(deactivate(&mut client, id(&anew)).status, 201, "the second of a kind too");
        let third = exchanged(&mut client, &kind.token, &customer);
        assert!(![id(&made), id(&anew)].contains(&id(&third)));
        let changed = patched(&mut client, id(&made), &json!({"useAsBackup": true}));
        assert_has(&changed, &json!({"status": "deactivated", "useAsBackup": true}));
        assert_eq!(deactivate(&mut client, id(&made)).status, 409, "a change does not bring it back");
    }
}

/// A prefix, headers and a body.
type Sent<'s> = (&'s str, &'s [(&'s str, &'s str)], &'s [u8]);

#[test]
fn deactivation_takes_what_clients_send() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let form: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
    let json: (&str, &str) = ("Content-Type", "application/json");
    let cases: [Sent<'_>; 5] = [
        ("/rebilly", &[SECRET, form], b""),
        ("/rebilly/organizations/org_sandbox", &[SECRET, form], b""),
        ("/rebilly", &[SECRET], b""),
        ("/rebilly", &[SECRET, json], b"{}"),
        ("/rebilly/organizations/org_sandbox", &[SECRET, json], b"null"),
    ];
    for (number, (prefix, headers, body)) in cases.into_iter().enumerate() {
        let made = kept(&mut client, &plain_card("4111111111111111"), &format!("cus_{number}"));
        for end in ["", "/"] {
            let path = format!("{prefix}/payment-instruments/{}/deactivation{end}", id(&made));
            let answer = client.call("POST", &path, headers, body);
            assert_eq!(answer.status, if end.is_empty() { 201 } else { 409 }, "{path}: {}", answer.text());
            let location = format!("http://{}{prefix}/payment-instruments/{}", node.clients, id(&made));
            assert_eq!(answer.header("location"), end.is_empty().then_some(location.as_str()));
        }
    }
}
