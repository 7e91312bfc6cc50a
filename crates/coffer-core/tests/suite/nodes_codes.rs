//! Kept and dropped codes where several nodes share a store.

use coffer_core::{Keep, SadPolicy};
use coffer_types::RecordNumber;

use crate::support::{Company, Node, Setup, VISA, act, clear, no_own, tenant, wait};

async fn keeping(company: &Company, seed: u64) -> Node {
    let sad = SadPolicy::Stored { kept_by: [tenant(1)].into() };
    Node::of(Setup { sad, ..company.setup(seed) }).await
}

/// An instrument of a new token with this code.
async fn instrument(node: &Node, customer: &str, code: &str) -> RecordNumber {
    let token = node.create(code).await;
    let keep = Keep { customer, own: &no_own };
    node.vault.exchange(&act(), &token, keep, |kept| kept.instrument.number).await.unwrap()
}

async fn revealed(node: &Node, number: RecordNumber) -> Option<String> {
    let revealed = node.vault.reveal(&act(), number, "test").await.unwrap();
    let (pan, code) = clear(&revealed.clear);
    assert_eq!(pan, VISA);
    code
}

#[test]
fn a_code_that_one_node_kept_leaves_once_whichever_node_is_asked() {
    wait(async {
        let company = Company::new();
        let (one, two) = (keeping(&company, 1).await, keeping(&company, 2).await);
        one.vault.beat().await.unwrap();
        let number = instrument(&one, "first", "123").await;
        assert_eq!(revealed(&two, number).await.as_deref(), Some("123"));
        assert_eq!((revealed(&one, number).await, revealed(&two, number).await), (None, None));
        // The token of one node, exchanged at the other.
        let token = one.create("456").await;
        let keep = Keep { customer: "second", own: &no_own };
        let number = two.vault.exchange(&act(), &token, keep, |kept| kept.instrument.number).await.unwrap();
        assert_eq!(revealed(&one, number).await.as_deref(), Some("456"));
        assert_eq!(revealed(&two, number).await, None);
    });
}

#[test]
fn a_node_that_stores_no_codes_takes_no_key_and_holds_up_nobody() {
    wait(async {
        let company = Company::new();
        let one = keeping(&company, 1).await;
        let before = instrument(&one, "before", "123").await;
        let none = Node::of(Setup { sad: SadPolicy::Dropped, ..company.setup(2) }).await;
        one.vault.beat().await.unwrap();
        none.vault.beat().await.unwrap();
        let token = one.create("456").await;
        none.set_time(10_000);
        assert_eq!(
            none.code(&token).await,
            Ok(String::new()),
            "a token of another node is used without its code"
        );
        assert_eq!(none.vault.ring_age_seconds(), 0, "its ring holds no key");
        let shares = company.peers.all_shares().len();
        let own = none.create("789").await;
        assert_eq!(company.peers.all_shares().len(), shares, "and it offers none");
        assert_eq!(one.code(&own).await, Ok(String::new()));
        assert_eq!(revealed(&one, before).await.as_deref(), Some("123"), "what the others keep is theirs");
    });
}
