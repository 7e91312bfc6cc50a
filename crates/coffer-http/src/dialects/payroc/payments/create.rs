//! `POST /payments`: a card, a wallet or a token (section 7).

use std::sync::Arc;

use coffer_core::Attempt;

use super::{
    super::{
        Operation,
        auth::Caller,
        error::{self, Problem},
        operation,
        wire::{facts::SourceFacts, payment::PaymentRequest},
    },
    carry::{self, Kind, Payment, Used},
    once_in_a_task,
    processor::{self, Randomness, UsedCard, wallet_facts},
    terminal_of,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("createPayment", POST "/v1/payments", Bearer);

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
    let (at, taking) = terminal_of(app, caller, &node)?;
    let request = PaymentRequest::read(&node, taking)?;
    let at = at.ok_or_else(|| Problem::invalid("processingTerminalId", "Is required."))?;
    let now = app.vault.now();
    let process = |used: Used<'_>, random: &Randomness| {
        let nothing = wallet_facts(None);
        let facts = if let SourceFacts::Card(card) = used.facts { card } else { &nothing };
        let Used { expiry, has_cvv, secure_token, .. } = used;
        let card = UsedCard { facts, expiry, has_cvv, secure_token };
        carry::written(&processor::payment(&request, card, random, now))
    };
    let payment = Payment {
        kind: Kind::Card,
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
