//! Links lead back to the server as it was asked (section 3.1), and to nobody else.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::{
    live::Live,
    support::{Client, Node, SECRET, card, home},
};

/// Makes a token by this `Host`, or these, and gives where its `Location` leads.
fn location(address: SocketAddr, hosts: &[&str], key: (&str, &str)) -> Option<String> {
    let (body, (name, value)) = (card().to_string(), key);
    let hosts: Vec<String> = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
    let request = format!(
        "POST /rebilly/tokens HTTP/1.1\r\n{}{name}: {value}\r\nContent-Length: {}\r\n\r\n{body}",
        hosts.concat(),
        body.len()
    );
    let mut client = Client::new(address);
    client.send(request.as_bytes()).expect("it is sent");
    let answer = client.answer().expect("an answer");
    if answer.status != 201 {
        assert_eq!(answer.status, 400, "{}", answer.text());
        return None;
    }
    let (location, made): (_, Value) = (answer.header("location").expect("a link"), answer.json());
    assert_eq!(made["_links"][0]["href"], location);
    let rest = format!("/rebilly/tokens/{}", made["id"].as_str().expect("an id"));
    Some(location.strip_suffix(&rest).expect("the way to the token").to_owned())
}

#[test]
fn a_sandbox_is_linked_by_the_name_of_this_machine_that_the_request_has() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (own, port) = (format!("http://{}", node.clients), node.clients.port());
    for (host, expected) in [
        (format!("localhost:{port}"), format!("http://localhost:{port}")),
        (format!("LOCALHOST:{port}"), format!("http://localhost:{port}")),
        (format!("[::1]:{port}"), format!("http://[::1]:{port}")),
        // By a port that is forwarded to this one.
        ("localhost:9000".to_owned(), "http://localhost:9000".to_owned()),
        ("localhost".to_owned(), "http://localhost".to_owned()),
        (node.clients.to_string(), own.clone()),
        // What is not this machine is not believed.
        ("vault.example".to_owned(), own.clone()),
        (format!("localhost.example:{port}"), own.clone()),
        ("192.0.2.1:80".to_owned(), own.clone()),
        ("localhost:99999".to_owned(), own.clone()),
        ("localhost:80:80".to_owned(), own.clone()),
    ] {
        assert_eq!(location(node.clients, &[&host], SECRET), Some(expected), "{host}");
    }
    assert_eq!(location(node.clients, &["localhost", "localhost"], SECRET), None, "two hosts are none");
}

#[test]
fn a_redirect_stays_with_the_host_that_was_asked() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let host = format!("localhost:{}", node.clients.port());
    let exchange = || {
        let mut client = node.client();
        let token = crate::support::create(&mut client, &card());
        let body = json!({"token": token, "customerId": "cus_1"}).to_string();
        let request = format!(
            "POST /rebilly/organizations/org_sandbox/payment-instruments HTTP/1.1\r\nHost: {host}\r\n\
             REB-APIKEY: sk_sandbox_coffer\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        client.send(request.as_bytes()).expect("it is sent");
        client.answer().expect("an answer")
    };
    assert_eq!(exchange().status, 201);
    let again = exchange();
    let id = again.json()["id"].as_str().expect("an id").to_owned();
    let expected = format!("http://{host}/rebilly/organizations/org_sandbox/payment-instruments/{id}");
    assert_eq!((again.status, again.header("location")), (303, Some(expected.as_str())));
}

#[test]
fn a_public_url_decides_whatever_the_request_says() {
    let live = Live::new();
    let config = format!("public_url = \"https://vault.example\"\n{}", live.config());
    let node = live.try_start(&config).expect("the node starts");
    let key = ("REB-APIKEY", "sk_live_alpha_0001");
    for host in ["localhost", "127.0.0.1:8080", "elsewhere.example"] {
        assert_eq!(location(node.clients, &[host], key).as_deref(), Some("https://vault.example"), "{host}");
    }
}
