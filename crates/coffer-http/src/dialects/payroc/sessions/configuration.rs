//! `GET /hosted-fields-sessions/{session}/configuration`: what a form must ask for (section 11).

use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    super::{
        Operation,
        auth::Shopper,
        error::{self, Problem},
        media, operation,
    },
    shopper,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("readHostedFields", GET "/v1/hosted-fields-sessions/{session}/configuration", Session);

/// What a form must ask for, in the company's members.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HostedFieldsConfiguration")]
pub(crate) struct ConfigurationBody {
    configuration: Configuration,
}

/// What the terminal takes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FormConfiguration")]
struct Configuration {
    card_holder_name_mandatory: bool,
    /// Whether a card may be over.
    allow_expired_cards: bool,
    /// Where details are kept.
    tokenization: Verification,
    /// Where they are paid with.
    fraud_detection: Verification,
    bank_transfer: BankTransfer,
}

/// Whether a card's code must be there.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CodeVerification")]
struct Verification {
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    cvv_verification: bool,
}

/// Whether bank accounts are taken, and of which networks.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BankTransfers")]
struct BankTransfer {
    enabled: bool,
    providers: Vec<Provider>,
}

/// A network of bank accounts.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BankTransferProvider")]
struct Provider {
    #[schemars(regex(pattern = "^(ach|pad)$"))]
    network: &'static str,
}

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, result).await
}

async fn try_read(app: &App, call: &Call) -> Result<Reply, Problem> {
    media::of_read(call)?;
    let (_, at) = shopper(app, call, Shopper::located(app, call)?).await?;
    let networks = [(at.terminal.accepts.ach, "ach"), (at.terminal.accepts.pad, "pad")];
    let networks = networks.into_iter().filter(|(taken, _)| *taken);
    let providers: Vec<Provider> = networks.map(|(_, network)| Provider { network }).collect();
    let configuration = Configuration {
        card_holder_name_mandatory: false,
        allow_expired_cards: at.terminal.expired_cards,
        // A vault verifies no code: the form asks for it and need not have it.
        tokenization: Verification { enabled: Some(true), cvv_verification: false },
        fraud_detection: Verification { enabled: None, cvv_verification: false },
        bank_transfer: BankTransfer { enabled: !providers.is_empty(), providers },
    };
    Ok(Reply::json(StatusCode::OK, &ConfigurationBody { configuration }))
}
