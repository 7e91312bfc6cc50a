//! `GET /tokens`: without a query where tokens are made, with one the tokens of a namespace or one by its `tokenId`
//! (sections 2 and 5.2).

use coffer_core::ReusableView;
use hyper::StatusCode;

use super::super::{
    Operation,
    auth::{self, Caller},
    convert::{self, Printer, Shown},
    error::{self, Problem},
    media::{Family, Media},
    operation,
    wire::{
        fields::{self, Words},
        links::{Curie, RootBody},
        token::{EmbeddedTokens, TokensBody},
    },
};
use crate::{
    app::App,
    call::Call,
    form::{Length, Rule},
    query::strict_parameter,
    reply::Reply,
};

pub(crate) const OPERATION: Operation = operation!("queryTokens", GET "/tokens", [User]);

/// Letters of a namespace, and of a `tokenId`.
const NAMESPACE: Length = Length { min: 1, max: 64 };
const TOKEN_ID: Length = Length { min: 15, max: 21 };

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_list(app, call).await;
    error::answer(app, call, Family::Tokens, result).await
}

async fn try_list(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let media = Media::of_read(call, Family::Tokens)?;
    if media.reveal {
        return Err(caller.forbidden("masked=false is for one token"));
    }
    let media_type = Family::Tokens.media_type(media.answer);
    let (token_id, namespace) = (asked(call, "tokenId")?, asked(call, "namespace")?);
    let views = match (token_id, namespace) {
        (None, None) => return Ok(Reply::json(StatusCode::OK, &root(&caller.base)).with_type(media_type)),
        (None, Some(namespace)) => {
            check("namespace", &namespace, NAMESPACE)?;
            app.vault.read_namespace(caller.act.tenant, &namespace).await?
        }
        (Some(token_id), namespace) => {
            check("tokenId", &token_id, TOKEN_ID)?;
            by_id(app, &caller, &token_id, namespace.as_deref()).await?.into_iter().collect()
        }
    };
    let printer = Printer { base: &caller.base };
    let shown: Vec<_> = views.iter().map(Shown::of).collect();
    let tokens = shown.iter().map(|shown| printer.token(shown, None)).collect();
    let body = TokensBody { embedded: EmbeddedTokens { tokens } };
    Ok(Reply::json(StatusCode::OK, &body).with_type(media_type))
}

/// The token with this id, if the namespace that is named is its own: one with a namespace needs both.
async fn by_id(
    app: &App,
    caller: &Caller,
    token_id: &str,
    namespace: Option<&str>,
) -> Result<Option<ReusableView>, Problem> {
    let name = convert::parse_token_id(token_id);
    let number = name.and_then(|name| app.vault.locate_short(caller.act.tenant, &name));
    let Some(number) = number else { return Ok(None) };
    let view = app.vault.read_reusable(caller.act.tenant, number).await?;
    Ok(view.filter(|view| view.details.namespace.as_deref() == namespace))
}

fn root(base: &str) -> RootBody {
    let links = [
        ("tokens:tokens", format!("{base}/tokens")),
        ("resourceTree", format!("{base}/rels/tokens/resourceTree.json")),
    ];
    RootBody::of(links, Curie::of(base, "tokens"))
}

/// A parameter of the query; 400 where it is no text.
pub(super) fn asked(call: &Call, name: &str) -> Result<Option<String>, Problem> {
    let broken = |_| Problem::Invalid(vec![fields::one(name, Rule::Shape, Words::Tokens)]);
    strict_parameter(call.query(), name).map_err(broken)
}

fn check(name: &str, text: &str, length: Length) -> Result<(), Problem> {
    let count = text.chars().count();
    if (length.min..=length.max).contains(&count) {
        return Ok(());
    }
    let rule = Rule::Length { length, short: count < length.min };
    Err(Problem::Invalid(vec![fields::one(name, rule, Words::Tokens)]))
}
