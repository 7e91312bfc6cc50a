//! What does not work, once for each operation and each status.

use serde_json::Value;

use super::drive::{By, Drive, Operation};
use crate::support::Answer;

/// One byte more than a body may have.
const TOO_LARGE: usize = 65_537;

/// Every refusal that a call alone can bring about.
pub(crate) fn of_every_operation(drive: &mut Drive, operations: &[Operation]) {
    for operation in operations {
        let name = operation.name();
        let refused = |answer: &Answer, status: u16| {
            assert_eq!(answer.status, status, "{name}: {}", answer.text());
            let body = answer.json();
            assert_eq!((&body["status"], &body["type"]), (&status.into(), &"about:blank".into()), "{name}");
            assert_eq!(body["invalidFields"].is_array(), status == 422, "{name}: {body}");
        };
        let id = "inst_UNKNOWN";
        refused(&drive.call(By::Nobody, &name, id, b"{}"), 401);
        refused(&drive.call(who_may_not(operation), &name, id, b"{}"), 403);
        if operation.method != "GET" {
            refused(&drive.announce(operation.by(), &name, id, TOO_LARGE), 413);
        }
        if operation.has_body {
            refused(&drive.by_whom_it_may(operation, id, b"{\"a\":1,\"a\":2}"), 400);
            refused(
                &drive.by_whom_it_may(operation, id, b"{\"token\":7,\"primaryAddress\":7,\"method\":7}"),
                422,
            );
        }
        if operation.statuses.contains(&404) {
            refused(&drive.by_whom_it_may(operation, id, b"{}"), 404);
        }
        if operation.statuses.contains(&422) && operation.method == "GET" {
            let answer = drive.ask(operation.by(), &name, id, "?limit=1001&offset=x", b"");
            refused(&answer, 422);
            let fields = answer.json()["invalidFields"].as_array().map(Vec::len);
            assert_eq!(fields, Some(2), "{}", Value::from(answer.text()));
        }
    }
}

/// A caller who is known and whose kind may not.
fn who_may_not(operation: &Operation) -> By {
    let kinds = [
        ("SecretApiKey", By::Secret),
        ("PublishableApiKey", By::Publishable),
        ("JWT", By::Jwt),
        ("CustomerJWT", By::Customer),
    ];
    let other = kinds.iter().find(|(name, _)| !operation.may.iter().any(|may| may == name));
    other.expect("no operation is for all").1
}
