//! What a sandbox says when it has started: what it is, where it listens, and calls that are ready to paste.

use std::{borrow::Cow, io::Write, net::SocketAddr, path::Path};

use crate::node::Addresses;

/// Prints to standard output. When nobody listens there, the sandbox serves all the same.
pub(crate) fn print(addresses: &Addresses, home: &Path, store: Option<&str>) {
    let (host, operator) = (addresses.clients, addresses.operator);
    let whole = std::path::absolute(home);
    let whole = quoted(whole.as_deref().unwrap_or(home));
    let program = std::env::current_exe();
    let program = quoted(program.as_deref().unwrap_or(Path::new("coffer")));
    let (home, payroc) = (home.display(), payroc(host));
    let (shared, kept) = kept(store);
    let text = format!(
        r#"Coffer sandbox: a payment-token vault to try things with. NOT for real cards: its credentials are
known to everybody, and its key lies beside its data (only a sandbox does that).

  clients   http://{host}   (loopback only)
  metrics   http://{operator}/metrics
  folder    {home}   {kept}
  keys      sk_sandbox_coffer (secret)  pk_sandbox_coffer (publishable)  ck_sandbox_redeem, ck_sandbox_admin (native)
  users     sandbox:sandbox and sandbox-reveal:sandbox-reveal (Worldpay, Basic)  sandbox-checkout (a page's identity)
  API keys  sandbox with the terminals 1234001 and 1234002, sandbox-other with 9999001 (Payroc, x-api-key)
  JWTs      {program} sandbox-jwt --data {whole}{shared}
            a merchant's, good for an hour; with --customer cus_1 one of that customer

A first token in three calls; each shows its answer and, after it, the status:

  ANSWER=$(curl -sS -w '\n%{{http_code}}' http://{host}/rebilly/tokens -H 'REB-APIKEY: sk_sandbox_coffer' \
    -H 'Content-Type: application/json' -d '{{"method":"payment-card","paymentInstrument":{{"pan":"4111111111111111",
    "cvv":"123","expMonth":12,"expYear":2035}}}}'); echo "$ANSWER"
  TOKEN=$(echo "$ANSWER" | sed -n 's/.*"id":"\([^"]*\)".*/\1/p')

  curl -sS -w '\n%{{http_code}}\n' http://{host}/rebilly/tokens/$TOKEN -H 'Authorization: pk_sandbox_coffer'

  curl -sS -w '\n%{{http_code}}\n' http://{host}/rebilly/payment-instruments -H 'REB-APIKEY: sk_sandbox_coffer' \
    -H 'Content-Type: application/json' -d "{{\"token\":\"$TOKEN\",\"customerId\":\"cus_1\"}}"

What the customer sees of it at the storefront, by a JWT of the customer:

  JWT=$({program} sandbox-jwt --data {whole}{shared} --customer cus_1)
  curl -sS -w '\n%{{http_code}}\n' http://{host}/rebilly/storefront/payment-instruments -H "Authorization: Bearer $JWT"

Clear details leave by few doors only (redeem, reveal, Worldpay's masked=false, and on a live node payments that are
sent on), and the audit log has it first. A token of its own, redeemed:

  ANSWER=$(curl -sS -w '\n%{{http_code}}' http://{host}/rebilly/tokens -H 'Authorization: pk_sandbox_coffer' \
    -H 'Content-Type: application/json' -d '{{"method":"payment-card","paymentInstrument":{{"pan":"5555555555554444",
    "cvv":"123","expMonth":12,"expYear":2035}}}}'); echo "$ANSWER"
  TOKEN=$(echo "$ANSWER" | sed -n 's/.*"id":"\([^"]*\)".*/\1/p')

  curl -sS -w '\n%{{http_code}}\n' -X POST http://{host}/coffer/v1/tokens/$TOKEN/redeem \
    -H 'Authorization: Bearer ck_sandbox_redeem'

A reusable token, in Worldpay's words; the same again is the same token, another name is a conflict:

  curl -sS -w '\n%{{http_code}}\n' -u sandbox:sandbox http://{host}/worldpay/tokens \
    -H 'Content-Type: application/vnd.worldpay.tokens-v3.hal+json' -d '{{"merchant":{{"entity":"default"}},
    "namespace":"cus_1","paymentInstrument":{{"type":"card/front","cardNumber":"4111111111111111",
    "cardHolderName":"Sherlock Holmes","cardExpiryDate":{{"month":5,"year":2035}}}}}}'

{payroc}

Move the clock past the 30 minutes of every single-use token there is:

  curl -sS -w '\n%{{http_code}}\n' http://{host}/sandbox/clock -d '{{"advanceSeconds":1800}}'

Stop with Ctrl-C.
"#
    );
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What names the database in a command, and what is where.
fn kept(store: Option<&str>) -> (String, &'static str) {
    match store {
        Some(url) => (
            format!(" --store {}", quoted(Path::new(url))),
            "key (mode 0600)  ring, ring-1, … (short-lived keys); all else is in the database",
        ),
        None => (String::new(), "data/ (the store)  key (mode 0600)  ring (short-lived keys)"),
    }
}

/// Calls in Payroc's words.
fn payroc(host: SocketAddr) -> String {
    format!(
        r#"Payroc's words: a bearer token, a single-use token, and a payment with it, which moves no money here:

  BEARER=$(curl -sS -X POST http://{host}/payroc/authorize -H 'x-api-key: sandbox' \
    | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
  payroc() {{ curl -sS -w '\n%{{http_code}}\n' http://{host}/payroc/v1/$1 -H "Authorization: Bearer $BEARER" \
    -H 'Content-Type: application/json' -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" -d "$2"; }}

  ANSWER=$(payroc processing-terminals/1234001/single-use-tokens '{{"channel":"web","source":{{"type":"card",
    "cardDetails":{{"entryMethod":"keyed","keyedData":{{"dataFormat":"plainText","cardNumber":"4539858876047062",
    "expiryDate":"1235","cvv":"234"}}}}}}}}'); echo "$ANSWER"
  TOKEN=$(echo "$ANSWER" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')

  payroc payments '{{"channel":"web","processingTerminalId":"1234001","order":{{"orderId":"1","amount":4999,
    "currency":"USD"}},"paymentMethod":{{"type":"singleUseToken","token":"'$TOKEN'"}}}}'"#
    )
}

/// A path as a shell reads it back.
fn quoted(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@".contains(&byte);
    if text.bytes().all(plain) { text } else { Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("/srv/coffer-sandbox/a.b_c")), "/srv/coffer-sandbox/a.b_c");
        assert_eq!(quoted(Path::new("/my shop/it's $HOME")), r"'/my shop/it'\''s $HOME'");
    }
}
