//! The printed form of a single-use token: 128 hexadecimal digits to the letter, for its own merchant, once, for 30
//! minutes.

use serde_json::json;

use super::calls::{SECOND, Shop, TERMINAL, assert_names, card, flat, parameters, redeem, secure, text};
use crate::support::{Node, home};

#[test]
fn a_token_is_used_once_on_any_terminal_of_its_merchant() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let (first, second) = (shop.token(), shop.token());
    assert_ne!(first, second, "the same card twice is two tokens");
    for (terminal, token) in [(SECOND, &first), (TERMINAL, &second)] {
        terminal.clone_into(&mut shop.terminal);
        let made = shop.secure(&json!({"source": flat(token)}));
        assert_eq!(made["processingTerminalId"], terminal);
        for terminal in [TERMINAL, SECOND] {
            terminal.clone_into(&mut shop.terminal);
            let answer = shop.post("secure-tokens", &json!({"source": flat(token)}));
            assert_names(&answer, "source.token");
        }
        assert_eq!(redeem(&node, token).status, 404);
    }
}

#[test]
fn another_merchant_cannot_use_it_and_does_not_use_it_up() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut other) = (Shop::of(&node), Shop::other(&node));
    let token = shop.token();
    let refused = other.post("secure-tokens", &json!({"source": flat(&token)}));
    assert_names(&refused, "source.token");
    let own = other.secure(&secure("own", &card()));
    assert_names(&other.update_account("own", &token), "token");
    assert_eq!(other.read("own"), own);
    // What is said is what is said of a token that there never was.
    let unknown = other.post("secure-tokens", &json!({"source": flat(&"0".repeat(128))}));
    assert_eq!(refused.text(), unknown.text());
    assert_eq!(shop.post("secure-tokens", &json!({"source": flat(&token)})).status, 201);
}

#[test]
fn no_other_text_is_the_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.token();
    for at in 0..token.len() {
        let mut letters = token.clone().into_bytes();
        letters[at] = if letters[at] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(letters).expect("letters");
        let answer = shop.post("secure-tokens", &json!({"source": flat(&other)}));
        assert_eq!(parameters(&answer), ["source.token"], "{at}");
        if at % 16 == 0 {
            assert_eq!(redeem(&node, &other).status, 404, "{at}");
        }
    }
    let letter = token.find(|letter: char| letter.is_ascii_alphabetic()).expect("a letter");
    let mut one_capital = token.clone();
    one_capital.replace_range(letter..=letter, &token[letter..=letter].to_uppercase());
    let rotated = format!("{}{}", &token[1..], &token[..1]);
    for other in [
        token.to_uppercase(),
        one_capital,
        rotated,
        token[1..].to_owned(),
        token[..127].to_owned(),
        format!("{token}0"),
        format!(" {}", &token[1..]),
        format!("{}\n", &token[..127]),
        "g".repeat(128),
        "é".repeat(128),
        "0".repeat(128),
        "f".repeat(128),
        String::new(),
    ] {
        let answer = shop.post("secure-tokens", &json!({"source": flat(&other)}));
        assert_names(&answer, "source.token");
    }
    assert_eq!(redeem(&node, &token.to_uppercase()).status, 404);
    assert_eq!(
        shop.post("secure-tokens", &json!({"source": flat(&token)})).status,
        201,
        "it was not used up"
    );
}

#[test]
fn a_token_lives_thirty_minutes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let (used, over) = (shop.token(), shop.token());
    shop.secure(&secure("kept", &card()));
    node.advance(1_790);
    assert_eq!(shop.post("secure-tokens", &json!({"source": flat(&used)})).status, 201);
    node.advance(11);
    assert_names(&shop.post("secure-tokens", &json!({"source": flat(&over)})), "source.token");
    assert_names(&shop.update_account("kept", &over), "token");
    assert_eq!(redeem(&node, &over).status, 404);
    assert_eq!(shop.read("kept")["secureTokenId"], "kept");
}

#[test]
fn a_token_outlives_its_process() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let token = Shop::of(&node).token();
    node.kill();
    let node = Node::sandbox(folder.path());
    let clear = redeem(&node, &token);
    assert_eq!(clear.status, 200, "{}", clear.text());
    assert_eq!(text(&clear.json()["card"], "cvv"), "234");
}
