//! What a sandbox says when it has started: what it is, where it listens, and calls that are ready to paste.

use std::{io::Write, path::Path};

use crate::node::Addresses;

/// Prints to standard output. When nobody listens there, the sandbox serves all the same.
pub(crate) fn print(addresses: &Addresses, home: &Path) {
    let (host, operator) = (addresses.clients, addresses.operator);
    let home = home.display();
    let text = format!(
        "\
Coffer sandbox: a payment-token vault to try things with. NOT for real cards: its credentials are
known to everybody, and its key lies beside its data (only a sandbox does that).

  clients   http://{host}   (loopback only)
  metrics   http://{operator}/metrics
  folder    {home}   data/ (the store)  key (mode 0600)  ring (short-lived keys)

A first token in three calls:

  TOKEN=$(curl -s http://{host}/rebilly/tokens -H 'REB-APIKEY: sk_sandbox_coffer' \\
    -H 'Content-Type: application/json' -d '{{\"method\":\"payment-card\",\"paymentInstrument\":{{\
\"pan\":\"4111111111111111\",\"cvv\":\"123\",\"expMonth\":12,\"expYear\":2035}}}}' \\
    | sed -n 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/p'); echo \"$TOKEN\"

  curl -s http://{host}/rebilly/tokens/$TOKEN -H 'Authorization: pk_sandbox_coffer'; echo

  curl -s http://{host}/rebilly/payment-instruments -H 'REB-APIKEY: sk_sandbox_coffer' \\
    -H 'Content-Type: application/json' -d \"{{\\\"token\\\":\\\"$TOKEN\\\",\\\"customerId\\\":\\\"cus_1\\\"}}\"; echo

Clear details leave by two doors only, and the audit log has it first. A token of its own, redeemed:

  TOKEN=$(curl -s http://{host}/rebilly/tokens -H 'Authorization: pk_sandbox_coffer' \\
    -H 'Content-Type: application/json' -d '{{\"method\":\"payment-card\",\"paymentInstrument\":{{\
\"pan\":\"5555555555554444\",\"cvv\":\"123\",\"expMonth\":12,\"expYear\":2035}}}}' \\
    | sed -n 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/p'); echo \"$TOKEN\"

  curl -s -X POST http://{host}/coffer/v1/tokens/$TOKEN/redeem -H 'Authorization: Bearer ck_sandbox_redeem'; echo

Move the clock past the 30 minutes of every token there is:

  curl -s http://{host}/sandbox/clock -d '{{\"advanceSeconds\":1800}}'; echo

Stop with Ctrl-C.
"
    );
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
