//! `POST /bank-transfer-payments`: an account or a token (section 7).

use std::sync::Arc;

use coffer_core::{Attempt, Refused};

use super::{
    super::{
        Operation,
        auth::Caller,
        error::{self, Problem},
        operation,
        wire::{facts::SourceFacts, payment::BankTransferRequest},
    },
    carry::{self, Kind, Payment, Used},
    once_in_a_task,
    processor::{self, AccountFacts, Randomness, UsedAccount},
    terminal_of,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("createBankTransferPayment", POST "/v1/bank-transfer-payments", Bearer);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = once_in_a_task(app, call, |app, caller, asked, attempt| {
        Box::pin(create(app, caller, asked, attempt))
    })
    .await;
    error::answer(app, call, result).await
}

async fn create(
    app: &App,
    caller: &Caller,
    (body, key): (&[u8], &str),
    attempt: Arc<Attempt>,
) -> Result<Reply, Problem> {
    let node = json::parse(body)?;
    let (at, _) = terminal_of(app, caller, &node)?;
    let request = BankTransferRequest::read(&node)?;
    let at = at.ok_or_else(|| Problem::invalid("processingTerminalId", "Is required."))?;
    let now = app.vault.now();
    let process = |used: Used<'_>, random: &Randomness| {
        let facts = match used.facts {
            SourceFacts::Ach(ach) => AccountFacts::Ach(ach, used.sec_code),
            SourceFacts::Pad(pad) => AccountFacts::Pad(pad),
            SourceFacts::Card(_) => return Err(Refused::Unavailable),
        };
        let account = UsedAccount { facts, secure_token: used.secure_token };
        carry::written(&processor::transfer(&request, account, random, now))
    };
    let payment = Payment {
        kind: Kind::BankTransfer,
        at,
        node: &node,
        method: &request.method,
        on_file: &request.on_file,
        customer: request.customer.as_ref(),
        key,
        process: &process,
    };
    carry::out(app, caller, payment, attempt).await
}
