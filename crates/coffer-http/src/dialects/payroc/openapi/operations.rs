//! What each operation is for, what it takes and what it gives.

use coffer_types::Timestamp;
use serde_json::{Value, json};

use super::super::{
    authorize::TokenBody,
    sessions::{configuration::ConfigurationBody, fill::FilledBody, finish::FinishedBody},
    wire::{
        create::{ApplePayRequest, SecureRequest, SessionRequest, SingleUseRequest, UpdateAccountRequest},
        filter::LIMIT_MAX,
        form_fields::Field,
        patch::PatchRequest,
        payment::{BankTransferRequest, PaymentRequest},
        payment_answer::{BankTransferBody, PaymentBody},
        resource::{ListBody, SecureTokenBody, SessionBody, SingleUseTokenBody},
        source::Taking,
    },
};
use crate::{
    form,
    openapi::{Document, Parameter},
};

/// What an operation is, beside its line in the table.
pub(super) struct Described {
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: Vec<Parameter>,
    pub(super) request: Option<Value>,
    /// The status of success, and what it means; none of what never succeeds.
    pub(super) success: Option<(u16, &'static str)>,
    /// The body of that; none where there is none.
    pub(super) answer: Option<Value>,
    /// Whether it says in a header where what was made is.
    pub(super) located: bool,
    /// Refusals of its own, beside those that its method brings.
    pub(super) refusals: &'static [u16],
}

/// The schema of a request does not depend on it.
const TAKING: Taking = Taking { now: Timestamp::from_millis(0), allow_expired: false };

/// The description of an operation; none of one that nobody described.
pub(super) fn described(document: &mut Document, id: &str) -> Option<Described> {
    let groups: [fn(&mut Document, &str) -> Option<Described>; 3] = [of_tokens, of_sessions, of_payments];
    groups.into_iter().find_map(|group| group(document, id))
}

fn of_tokens(document: &mut Document, id: &str) -> Option<Described> {
    Some(match id {
        "authorize" => Described {
            answer: Some(document.answer_schema::<TokenBody>()),
            ..plain("Get a bearer token", "There is no body.", (200, "The token."))
        },
        "createSingleUseToken" => single_use(document),
        "listSecureTokens" => list(document),
        "createSecureToken" => {
            let schema = form::describe(|body| SecureRequest::fields(body, TAKING));
            Described {
                request: Some(document.component("SecureTokenRequest", schema)),
                located: true,
                refusals: &[409],
                ..secure(
                    document,
                    "Create a secure token",
                    "From details, or from a single-use token, which is used up.",
                    (201, "The token."),
                )
            }
        }
        "retrieveSecureToken" => {
            secure(document, "Read a secure token", "With the type of a bank account.", (200, "The token."))
        }
        "partiallyUpdateSecureToken" => patch(document),
        "deleteSecureToken" => Described {
            refusals: &[404],
            ..plain(
                "Delete a secure token",
                "Its details go at once; its id is never given again.",
                (204, "It is gone."),
            )
        },
        "updateSecureTokenAccount" => {
            let schema = form::describe(UpdateAccountRequest::fields);
            Described {
                request: Some(document.component("AccountUpdate", schema)),
                ..secure(
                    document,
                    "Put other details behind a secure token",
                    "Those of a single-use token, which is used up.",
                    (200, "The token with the new details."),
                )
            }
        }
        _ => return None,
    })
}

fn of_sessions(document: &mut Document, id: &str) -> Option<Described> {
    Some(match id {
        "createHostedFieldsSession" => {
            let schema = form::describe(SessionRequest::fields);
            Described {
                request: Some(document.component("HostedFieldsSessionRequest", schema)),
                answer: Some(document.answer_schema::<SessionBody<'_>>()),
                ..plain("Open a session for a form", "It is over after ten minutes.", (201, "The session."))
            }
        }
        "readHostedFields" => Described {
            answer: Some(document.answer_schema::<ConfigurationBody>()),
            ..plain(
                "Read what a form must ask for",
                "For a browser: the session is the credential.",
                (200, "The configuration."),
            )
        },
        "fillHostedField" => {
            let schema = form::describe(Field::fields);
            Described {
                request: Some(document.component("FilledFieldRequest", schema)),
                answer: Some(document.answer_schema::<FilledBody>()),
                ..plain(
                    "Fill in one field",
                    "For a browser: the session is the credential.",
                    (200, "It is filled in."),
                )
            }
        }
        "finishHostedFields" => Described {
            answer: Some(document.answer_schema::<FinishedBody<'_>>()),
            ..plain(
                "Make a single-use token of the form",
                "There is no body. The session is over then.",
                (201, "The token."),
            )
        },
        "createApplePaySession" => {
            let schema = form::describe(ApplePayRequest::fields);
            Described {
                request: Some(document.component("ApplePaySessionRequest", schema)),
                success: None,
                ..plain("Start a session of Apple Pay", "Not to be had here: always refused.", (200, ""))
            }
        }
        _ => return None,
    })
}

fn of_payments(document: &mut Document, id: &str) -> Option<Described> {
    Some(match id {
        "createPayment" => {
            let schema = form::describe(|body| PaymentRequest::fields(body, TAKING));
            Described {
                request: Some(document.component("PaymentRequest", schema)),
                answer: Some(document.answer_schema::<PaymentBody<'_>>()),
                ..payment("Pay with a card or a token")
            }
        }
        "createBankTransferPayment" => {
            let schema = form::describe(BankTransferRequest::fields);
            Described {
                request: Some(document.component("BankTransferPaymentRequest", schema)),
                answer: Some(document.answer_schema::<BankTransferBody<'_>>()),
                ..payment("Pay from a bank account or with a token")
            }
        }
        _ => return None,
    })
}

fn plain(summary: &'static str, description: &'static str, success: (u16, &'static str)) -> Described {
    Described {
        summary,
        description,
        parameters: Vec::new(),
        request: None,
        success: Some(success),
        answer: None,
        located: false,
        refusals: &[],
    }
}

fn single_use(document: &mut Document) -> Described {
    let schema = form::describe(|body| SingleUseRequest::fields(body, TAKING));
    Described {
        request: Some(document.component("SingleUseTokenRequest", schema)),
        answer: Some(document.answer_schema::<SingleUseTokenBody<'_>>()),
        located: true,
        ..plain(
            "Create a single-use token",
            "It ends at its first use or after 30 minutes, and can be used at every terminal of the account.",
            (201, "The token."),
        )
    }
}

fn secure(
    document: &mut Document,
    summary: &'static str,
    description: &'static str,
    success: (u16, &'static str),
) -> Described {
    let answer = Some(document.answer_schema::<SecureTokenBody<'_>>());
    Described { answer, refusals: &[404], ..plain(summary, description, success) }
}

fn patch(document: &mut Document) -> Described {
    Described {
        request: Some(document.component("PatchRequest", PatchRequest::schema())),
        refusals: &[404, 409],
        ..secure(
            document,
            "Change a secure token",
            "A JSON Patch (RFC 6902): all of it or nothing. Customer, agreement and custom fields may change, of a \
             card holder and expiry, of an account owner and type, of a Canadian one the institution.",
            (200, "The token as it is now."),
        )
    }
}

fn list(document: &mut Document) -> Described {
    let text = |min: usize, max: usize| json!({ "type": "string", "minLength": min, "maxLength": max });
    let digits = |count: usize| json!({ "type": "string", "pattern": format!("^[0-9]{{{count}}}$") });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": 10 });
    Described {
        parameters: vec![
            Parameter::query("secureTokenId", "The token with this id.", text(1, 200)),
            Parameter::query(
                "customerName",
                "First and last name, or the holder's; in any case.",
                text(1, 50),
            ),
            Parameter::query("phone", "A telephone number of the customer.", text(1, 15)),
            Parameter::query("email", "An e-mail address of the customer; in any case.", text(1, 100)),
            Parameter::query("token", "The token with these digits.", text(12, 19)),
            Parameter::query("first6", "The first six digits of a card.", digits(6)),
            Parameter::query("last4", "The last four digits of a card or an account.", digits(4)),
            Parameter::query("before", "Tokens made after the one with this id.", text(1, 200)),
            Parameter::query("after", "Tokens made before the one with this id.", text(1, 200)),
            Parameter::query("limit", "Tokens of a page.", limit),
        ],
        answer: Some(document.answer_schema::<ListBody<'_>>()),
        refusals: &[400],
        ..plain("List secure tokens", "Newest first. Filters must all hold; links go on.", (200, "A page."))
    }
}

fn payment(summary: &'static str) -> Described {
    Described {
        located: true,
        refusals: &[500],
        ..plain(
            summary,
            "Sent to the upstream of the vault, once, with the details in place of the token. A decline is 201 as \
             well.",
            (201, "What the upstream answered."),
        )
    }
}
