//! `GET /processing-terminals/{processingTerminalId}/secure-tokens` (6.4): newest first, in pages that go on from one
//! token to the next.

use coffer_core::{ReferencedPage, ReferencedView, Side};
use coffer_types::Tenant;
use hyper::StatusCode;

use super::super::{
    Operation,
    auth::{self, At},
    convert::Shown,
    error::{self, Problem},
    media, operation,
    wire::{
        filter::{Cursor, ListQuery},
        resource::{LinkBody, ListBody},
    },
};
use crate::{app::App, call::Call, query::path_segment, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "listSecureTokens",
    GET "/v1/processing-terminals/{processingTerminalId}/secure-tokens",
    Bearer
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_list(app, call).await;
    error::answer(app, call, result).await
}

async fn try_list(app: &App, call: &Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call)?;
    let at = caller.terminal(app, call)?;
    media::of_read(call)?;
    let query = ListQuery::read(call.query())?;
    let (place, page) = page(app, caller.act.tenant, at, &query).await?;
    let base = format!("{}/processing-terminals/{}/secure-tokens", caller.base, path_segment(at.id));
    let shown = page.items.iter().map(Shown::of).collect::<Result<Vec<_>, _>>()?;
    let links = links(&base, &query, &page);
    let body = ListBody {
        limit: query.limit,
        count: shown.len(),
        // Some clients go by this, others by the link.
        has_more: links.iter().any(|link| link.rel == NEXT),
        links,
        data: shown.iter().map(Shown::body_with_account_type).collect(),
    };
    let written = serde_json::to_vec(&body).map_err(|_| coffer_core::Refused::Unavailable)?;
    Ok(Reply::held_json(StatusCode::OK, written, place))
}

/// The page, and the place that its work took.
async fn page(
    app: &App,
    tenant: Tenant,
    at: At<'_>,
    query: &ListQuery,
) -> Result<(crate::lists::Place, ReferencedPage), Problem> {
    let place = app.lists.walk(tenant).await?;
    // Those who name one token are given it without a look at the others.
    let one = match (&query.secure_token_id, &query.token) {
        (Some(id), _) => Some(app.vault.read_referenced(tenant, at.id, id).await?),
        (None, Some(digits)) => Some(app.vault.read_referenced_digits(tenant, digits).await?),
        (None, None) => None,
    };
    let wanted = |view: &ReferencedView| {
        view.details.group == at.id
            && Shown::of(view).is_ok_and(|shown| query.takes(view, shown.facts(), shown.own()))
    };
    if let Some(found) = one {
        // A page before or after a token has other tokens.
        let is_plain = matches!(query.cursor, Cursor::None);
        let items = found.into_iter().filter(|view| is_plain && wanted(view)).collect();
        return Ok((place, ReferencedPage { items, more: None }));
    }
    let side = match &query.cursor {
        Cursor::None => Side::Beginning,
        Cursor::After(id) => Side::After(place_of(app, tenant, at, ("after", id)).await?),
        Cursor::Before(id) => Side::Before(place_of(app, tenant, at, ("before", id)).await?),
    };
    let page = app.vault.list_referenced(tenant, at.id, side, query.limit, wanted).await?;
    Ok((place, page))
}

async fn place_of(
    app: &App,
    tenant: Tenant,
    at: At<'_>,
    (name, id): (&str, &str),
) -> Result<coffer_types::RecordNumber, Problem> {
    let found = app.vault.referenced_place(tenant, at.id, id).await?;
    found.ok_or_else(|| Problem::invalid(name, "Must be the secureTokenId of a token of this terminal."))
}

const NEXT: &str = "next";

/// `next` where there is more, `previous` where something came before.
fn links(base: &str, query: &ListQuery, page: &ReferencedPage) -> Vec<LinkBody> {
    let (first, last) = (page.items.first(), page.items.last());
    let reference = |view: Option<&ReferencedView>| view.map(|view| view.details.reference.clone());
    let (next, previous) = match &query.cursor {
        Cursor::None => (page.more.clone(), None),
        Cursor::After(_) => (page.more.clone(), reference(first)),
        // The token that the page is before comes after it.
        Cursor::Before(_) => {
            (reference(last), page.more.clone().map(|last| reference(first).unwrap_or(last)))
        }
    };
    let link = |rel, parameter, id: Option<String>| {
        let href = format!("{base}?{}", query.with_cursor(parameter, &id?));
        Some(LinkBody { rel, method: "get", href })
    };
    [link(NEXT, "after", next), link("previous", "before", previous)].into_iter().flatten().collect()
}
