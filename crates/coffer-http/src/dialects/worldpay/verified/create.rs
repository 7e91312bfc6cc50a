//! What both kinds of verified tokens have in common: the card becomes a token, and the answer says what the operator
//! configured of the verification.

use coffer_core::{Conflict, NewReusable, Protected, ReusableView, Source, Tokenized};
use coffer_crypto::{LocatorBytes, LocatorKind, forms};
use coffer_types::Timestamp;
use hyper::StatusCode;

use super::super::{
    Operation, auth,
    convert::{self, OwnFields, Printer, Shown},
    error::{self, Problem},
    media::{Family, Media, Version},
    tokens::create::{check_end, default_description},
    wire::{
        card::CardNumber,
        links::{Curie, Link},
        verified::{
            Embedded, FlatBody, FlatLinks, Instrument, VerificationBody, VerificationLinks, VerifiedBody,
            VerifiedCard, VerifiedFacts, VerifiedRequest,
        },
    },
};
use crate::{app::App, call::Call, json, reply::Reply};

const FAMILY: Family = Family::VerifiedTokens;

/// What is said of a verification that was not made.
const CODE: &str = "106";
const DESCRIPTION: &str = "NOT VERIFIED";

/// Answers both operations.
pub(super) async fn answer(app: &App, call: &mut Call, operation: &Operation) -> Reply {
    let result = try_create(app, call, operation).await;
    error::answer(app, call, FAMILY, result).await
}

async fn try_create(app: &App, call: &mut Call, operation: &Operation) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, operation)?;
    let media = Media::of_write(call, FAMILY)?;
    let body = call.body().await?;
    if body.is_empty() {
        return Err(Problem::Empty);
    }
    let parsed = json::parse(&body)?;
    let now = app.vault.now();
    let VerifiedRequest { instrument, facts, token } = VerifiedRequest::read(&parsed, now)?;
    caller.may_use_entity(token.entity.as_deref())?;
    check_end(token.ends_at, now)?;
    let card;
    let session;
    let source = match instrument {
        Instrument::Plain { number: CardNumber::Known(pan), .. } => {
            card = Protected::Card(pan);
            Source::Card(&card)
        }
        Instrument::Plain { number: CardNumber::Unknown, .. } => return Err(Problem::UnknownBrand),
        Instrument::Checkout { session: href } => {
            session = card_session(href).ok_or(Problem::NoSession)?;
            Source::Session(&session)
        }
    };
    let description = token.description.unwrap_or_else(|| default_description(now));
    let new = NewReusable {
        source,
        namespace: token.namespace.as_deref(),
        description: &description,
        ends_at: token.ends_at,
        facts,
        // What waits is told to nobody where nothing was verified: then nothing waits.
        may_conflict: app.settings.worldpay.verified,
    };
    let bins = app.settings.tables.bins();
    let own = |protected: &Protected| OwnFields::of(protected, &bins);
    let said = Said {
        printer: Printer { base: &caller.base },
        version: media.answer,
        verified: app.settings.worldpay.verified,
        now,
    };
    let render = |tokenized: &Tokenized| said.reply(tokenized);
    Ok(app.vault.tokenize(&caller.act, &new, app.settings.worldpay.lifetime, own, render).await?)
}

/// The card session that a link names, below either path.
fn card_session(href: &str) -> Option<LocatorBytes> {
    let (kind, locator) = convert::parse_link(href)?;
    (kind == LocatorKind::CardSession).then_some(locator)
}

/// How an answer is put together.
#[derive(Clone, Copy)]
struct Said<'a> {
    printer: Printer<'a>,
    version: Version,
    verified: bool,
    now: Timestamp,
}

impl Said<'_> {
    fn reply(self, tokenized: &Tokenized) -> Reply {
        let (view, conflict) = convert::outcome(tokenized);
        let status = match tokenized {
            _ if !self.verified => StatusCode::PARTIAL_CONTENT,
            Tokenized::Created(_) => StatusCode::CREATED,
            Tokenized::Matched(_) => StatusCode::OK,
            Tokenized::Conflicting(..) => StatusCode::CONFLICT,
        };
        let reply = match self.version {
            Version::V3 => Reply::json(status, &self.embedded(&Shown::of(view), view, conflict)),
            Version::V1 | Version::V2 => Reply::json(status, &self.flat(view, conflict)),
        };
        reply.with_type(FAMILY.media_type(self.version)).location(&self.printer.token_href(view))
    }

    fn embedded<'s>(
        self,
        shown: &'s Shown<'_>,
        view: &ReusableView,
        conflict: Option<&'s Conflict>,
    ) -> VerifiedBody<'s> {
        let (brand, funding_type, country_code) = shown.verified();
        let mut token = self.printer.token(shown, conflict);
        if !self.verified {
            token.scheme_transaction_reference = None;
            token.links.scheme_transaction_reference = None;
        }
        let verification = VerificationBody {
            outcome: self.outcome(),
            code: self.code(),
            description: self.description(),
            checked_at: self.now.to_rfc3339(),
            payment_instrument: VerifiedCard {
                r#type: "card/plain",
                card: VerifiedFacts { country_code, brand: brand.into(), funding_type },
            },
            links: VerificationLinks {
                verification: self.verification(view),
                curies: [Curie::of_verifications(self.printer.base, "")],
            },
        };
        VerifiedBody { embedded: Embedded { verification, token } }
    }

    fn flat(self, view: &ReusableView, conflict: Option<&Conflict>) -> FlatBody {
        let explained = self.version == Version::V2;
        FlatBody {
            outcome: self.outcome(),
            code: self.code().filter(|_| explained),
            description: self.description().filter(|_| explained),
            links: FlatLinks {
                verification: self.verification(view),
                token: Link::of(self.printer.token_href(view)),
                conflicts: conflict.map(|conflict| Link::of(self.printer.conflict_href(conflict))),
                curies: [
                    Curie::of_verifications(self.printer.base, ".json"),
                    Curie::of(self.printer.base, "tokens"),
                ],
            },
        }
    }

    /// A link that leads nowhere: the verification is not kept, for there was none.
    fn verification(self, view: &ReusableView) -> Link {
        let name = forms::short(&view.names.short);
        Link::of(format!("{}/verifications/accounts/{name}", self.printer.base))
    }

    fn outcome(self) -> &'static str {
        if self.verified { "verified" } else { "not verified" }
    }

    fn code(self) -> Option<&'static str> {
        (!self.verified).then_some(CODE)
    }

    fn description(self) -> Option<&'static str> {
        (!self.verified).then_some(DESCRIPTION)
    }
}
