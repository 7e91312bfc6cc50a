//! What both calls have in common: the token is opened and used up, the request goes to whoever processes payments,
//! once, and the answer comes back (section 7).
//!
//! In this order: nothing that can be refused is left when the key and the use of the token are written down; nothing
//! is sent before that is durable; and what was sent is never sent again, whatever becomes of the answer.

use std::sync::Arc;

use coffer_core::{Attempt, Forward, ForwardOpened, ForwardSource, Protected, ReferencedError, Refused};
use coffer_crypto::LocatorBytes;
use coffer_types::Expiry;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    super::{
        auth::{At, Caller},
        convert::{self, secure_href},
        error::{InvalidField, Problem},
        settings::Processor,
        wire::{
            customer::Customer,
            facts::{SecCode, SourceFacts},
            kept::KeptOwn,
            payment::{OnFile, PaymentMethod},
            payment_answer::SecureTokenSummary,
        },
    },
    end::{Job, Keeping, failed, summary},
    incoming::Sent,
    outgoing::{Beside, ClearMethod, outgoing},
    processor::{Randomness, wallet_facts},
    upstream::Line,
};
use crate::{
    app::App,
    json::{self, Node},
    reply::Reply,
};

/// The member that names what is paid with.
const TOKEN: &str = "paymentMethod.token";

/// Which of the two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Card,
    BankTransfer,
}

impl Kind {
    /// Below the upstream's address.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Card => "/payments",
            Self::BankTransfer => "/bank-transfer-payments",
        }
    }

    /// The member of the answer that shows what was paid with.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::BankTransfer => "bankAccount",
        }
    }
}

/// A payment that was read.
pub(super) struct Payment<'p> {
    pub(super) kind: Kind,
    pub(super) at: At<'p>,
    pub(super) node: &'p Node<'p>,
    pub(super) method: &'p PaymentMethod<'p>,
    pub(super) on_file: &'p OnFile<'p>,
    pub(super) customer: Option<&'p Customer<'p>>,
    /// The caller's idempotency key: the upstream is given the same.
    pub(super) key: &'p str,
    /// The processor of the sandbox.
    pub(super) process: &'p Process<'p>,
}

/// What the sandbox's processor says of a payment: a body.
pub(super) type Process<'p> = dyn Fn(Used<'_>, &Randomness) -> Result<Vec<u8>, Refused> + Sync + 'p;

/// What is paid with, masked.
pub(super) struct Used<'u> {
    pub(super) facts: &'u SourceFacts,
    pub(super) expiry: Option<Expiry>,
    pub(super) has_cvv: bool,
    pub(super) sec_code: Option<SecCode>,
    pub(super) secure_token: Option<SecureTokenSummary<'u>>,
}

/// Why no payment was begun: a problem, or the token's.
enum NotBegun {
    Problem(Problem),
    Token(ReferencedError),
}

impl From<ReferencedError> for NotBegun {
    fn from(error: ReferencedError) -> Self {
        Self::Token(error)
    }
}

impl From<NotBegun> for Problem {
    fn from(error: NotBegun) -> Self {
        match error {
            NotBegun::Problem(problem) => problem,
            NotBegun::Token(ReferencedError::Unknown) => {
                Self::invalid(TOKEN, "There is no such secure token.")
            }
            NotBegun::Token(ReferencedError::NotUsable | ReferencedError::Nothing) => Self::not_usable(TOKEN),
            NotBegun::Token(ReferencedError::Taken) => Self::Exists { href: String::new() },
            NotBegun::Token(ReferencedError::Refused(refused)) => Self::Refused(refused),
        }
    }
}

/// Carries out a payment, in a task that its caller cannot end.
pub(super) async fn out(
    app: &App,
    caller: &Caller,
    payment: Payment<'_>,
    attempt: Arc<Attempt>,
) -> Result<Reply, Problem> {
    let located: Option<LocatorBytes> = match payment.method {
        PaymentMethod::SingleUse { token, .. } => {
            let found = app.vault.parse_long_form(token.token);
            Some(found.ok_or_else(|| Problem::not_usable(TOKEN))?)
        }
        _ => None,
    };
    let source = match (payment.method, &located) {
        (_, Some(locator)) => ForwardSource::Token(locator),
        (PaymentMethod::Secure { digits, .. }, None) => ForwardSource::Digits(digits),
        _ => ForwardSource::Given,
    };
    payment.check_given()?;
    payment.check_name(app, caller).await?;
    let mut line = Line::open(&app.settings.payroc.processor).await?;
    let random: Randomness = app.vault.random()?;
    let check = |opened: &ForwardOpened| payment.check(opened).map_err(NotBegun::Problem);
    let begun = app.vault.begin_forward(&caller.act, &attempt, source, check).await;
    let mut forward = begun.map_err(|error: NotBegun| Problem::from(error))?;
    let prepared = payment.prepare(app, caller, &forward, &random);
    // What came out of a token waits for no answer.
    forward.opened = None;
    let job = Job {
        vault: Arc::clone(&app.vault),
        act: caller.act.clone(),
        attempt,
        forward,
        base: caller.base.clone(),
        kind: payment.kind,
    };
    let Ok(prepared) = prepared else { return Ok(job.end(app, None, failed(&Problem::Upstream)).await) };
    let Prepared { body, sent, processed, keeping } = prepared;
    if let Some(processed) = processed {
        let reply = job.answered(201, processed);
        return Ok(job.end(app, keeping, reply).await);
    }
    let reply = match line.send(caller.act.request, payment.kind.path(), payment.key, body, &sent).await {
        Ok((status, body)) => job.answered(status, body),
        Err(problem) => failed(&problem),
    };
    Ok(job.end(app, keeping, reply).await)
}

impl Payment<'_> {
    /// Whether the terminal takes what the request itself has.
    fn check_given(&self) -> Result<(), Problem> {
        match self.method {
            PaymentMethod::Given(given) => {
                self.can_keep(&given.protected)?;
                self.accepts(&given.facts)
            }
            PaymentMethod::Wallet { .. } => {
                self.can_keep(&Protected::Nothing)?;
                self.accepts(&SourceFacts::Card(wallet_facts(None)))
            }
            _ => Ok(()),
        }
    }

    /// Whether a secure token can be made of what is paid with, where one is asked for.
    fn can_keep(&self, protected: &Protected) -> Result<(), Problem> {
        match protected {
            Protected::Nothing if self.on_file.tokenize => {
                Err(Problem::not_opened("credentialOnFile.tokenize"))
            }
            _ => Ok(()),
        }
    }

    fn accepts(&self, facts: &SourceFacts) -> Result<(), Problem> {
        convert::accepts(self.at.terminal, facts).map_err(|problem| match problem {
            Problem::NoCapability(field) => {
                Problem::NoCapability(InvalidField { parameter: "paymentMethod.type".to_owned(), ..field })
            }
            other => other,
        })
    }

    /// Whether the secure token that the payment is to make may have its name.
    async fn check_name(&self, app: &App, caller: &Caller) -> Result<(), Problem> {
        let Some(id) = self.on_file.secure_token_id.filter(|_| self.on_file.tokenize) else { return Ok(()) };
        match app.vault.referenced_place(caller.act.tenant, self.at.id, id).await? {
            Some(_) => Err(Problem::Exists { href: secure_href(&caller.base, self.at, id) }),
            None => Ok(()),
        }
    }

    /// Whether what a token opened to may be paid with.
    fn check(&self, opened: &ForwardOpened) -> Result<(), Problem> {
        let facts = convert::facts_of(&opened.details)?;
        match (self.kind, &facts) {
            (Kind::Card, SourceFacts::Card(_))
            | (Kind::BankTransfer, SourceFacts::Ach(_) | SourceFacts::Pad(_)) => {}
            (Kind::Card, _) => {
                return Err(Problem::invalid(TOKEN, "The token stands for a bank account, not for a card."));
            }
            (Kind::BankTransfer, _) => {
                return Err(Problem::invalid(TOKEN, "The token stands for a card, not for a bank account."));
            }
        }
        self.accepts(&facts)?;
        self.can_keep(&opened.clear.protected)?;
        if matches!(opened.clear.protected, Protected::Nothing) && opened.clear.reader.is_none() {
            return Err(Problem::invalid(TOKEN, "What the card reader sent is no longer there."));
        }
        if let SourceFacts::Ach(ach) = &facts
            && self.beside().sec_code.or(ach.sec_code).is_none()
        {
            return Err(Problem::invalid("paymentMethod.secCode", "Is required for an account of ACH."));
        }
        Ok(())
    }

    /// What is said beside a token.
    fn beside(&self) -> Beside<'_> {
        match self.method {
            PaymentMethod::SingleUse { token, benefits } => {
                Beside { account_type: token.account_type, sec_code: token.sec_code, benefits: *benefits }
            }
            PaymentMethod::Secure { account_type, sec_code, .. } => {
                Beside { account_type: *account_type, sec_code: *sec_code, benefits: None }
            }
            _ => Beside::default(),
        }
    }

    /// Everything that is sent, or what the sandbox's processor says of it.
    fn prepare(
        &self,
        app: &App,
        caller: &Caller,
        forward: &Forward,
        random: &Randomness,
    ) -> Result<Prepared, Refused> {
        let reader = forward.opened.as_ref().and_then(|opened| opened.clear.reader.as_ref());
        let reader = match reader {
            Some(json) => Some(json::parse(json.as_bytes()).map_err(|_| Refused::Unavailable)?),
            None => None,
        };
        let mut facts = self.facts(forward)?;
        let (protected, expiry, has_cvv) = self.parts(forward);
        if let Some(protected) = protected {
            convert::complete(&mut facts, protected, &app.settings.tables.bins());
        }
        let method = match &forward.opened {
            Some(opened) => ClearMethod::of(&opened.clear, &facts, expiry, reader.as_ref())
                .ok_or(Refused::Unavailable)?
                .beside(self.beside()),
            None => ClearMethod::AsItCame {
                pan: match protected {
                    Some(Protected::Card(pan)) => Some(pan),
                    _ => None,
                },
            },
        };
        let keeping = self.keeping(caller, forward, protected, expiry, &facts)?;
        if let Processor::Sandbox = app.settings.payroc.processor {
            let secure_token = forward.opened.as_ref().and_then(|opened| opened.referenced.as_ref());
            let secure_token = secure_token.map(|view| summary(view, &caller.base)).transpose()?;
            let sec_code = match &facts {
                SourceFacts::Ach(ach) => self.beside().sec_code.or(ach.sec_code),
                _ => None,
            };
            let used = Used { facts: &facts, expiry, has_cvv, sec_code, secure_token };
            let processed = Some((self.process)(used, random)?);
            return Ok(Prepared { body: Zeroizing::default(), sent: Sent::default(), processed, keeping });
        }
        let sent = Sent::of(self.node, &method);
        let body = outgoing(self.node, &method, self.on_file.tokenize)?;
        Ok(Prepared { body, sent, processed: None, keeping })
    }

    fn facts(&self, forward: &Forward) -> Result<SourceFacts, Refused> {
        match (&forward.opened, self.method) {
            (Some(opened), _) => convert::facts_of(&opened.details),
            (None, PaymentMethod::Given(given)) => Ok(given.facts.clone()),
            (None, PaymentMethod::Wallet { cardholder_name }) => {
                Ok(SourceFacts::Card(wallet_facts(*cardholder_name)))
            }
            (None, _) => Err(Refused::Unavailable),
        }
    }

    /// What is protected, until when a card is valid, and whether a code came.
    fn parts<'f>(&'f self, forward: &'f Forward) -> (Option<&'f Protected>, Option<Expiry>, bool) {
        match (&forward.opened, self.method) {
            (Some(opened), _) => {
                (Some(&opened.clear.protected), opened.details.expiry, opened.clear.cvv.is_some())
            }
            (None, PaymentMethod::Given(given)) => {
                (Some(&given.protected), given.expiry, given.cvv.is_some())
            }
            _ => (None, None, false),
        }
    }

    /// The secure token that an approved payment makes, where one is asked for: none of what is one already.
    fn keeping(
        &self,
        caller: &Caller,
        forward: &Forward,
        protected: Option<&Protected>,
        expiry: Option<Expiry>,
        facts: &SourceFacts,
    ) -> Result<Option<Keeping>, Refused> {
        let is_one = forward.opened.as_ref().is_some_and(|opened| opened.referenced.is_some());
        let Some(protected) = protected.filter(|_| self.on_file.tokenize && !is_one) else { return Ok(None) };
        let own = KeptOwn {
            mit_agreement: self.on_file.mit_agreement,
            customer: self.customer.cloned(),
            custom_fields: None,
        };
        Ok(Some(Keeping {
            group: self.at.id.to_owned(),
            reference: self.on_file.secure_token_id.map(str::to_owned),
            instrument: convert::instrument(protected.duplicate()?, expiry, facts)?,
            own: convert::raw(&own)?,
            base: caller.base.clone(),
        }))
    }
}

/// A payment that only has to be sent.
struct Prepared {
    body: Zeroizing<Vec<u8>>,
    sent: Sent,
    /// What the sandbox's processor says; then nothing is sent.
    processed: Option<Vec<u8>>,
    keeping: Option<Keeping>,
}

/// JSON of what the sandbox's processor says.
pub(super) fn written<T: Serialize>(body: &T) -> Result<Vec<u8>, Refused> {
    serde_json::to_vec(body).map_err(|_| Refused::Unavailable)
}
