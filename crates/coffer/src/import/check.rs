//! The first reading: everything is looked at, and nothing is written.

use coffer_core::Refused;
use coffer_http::import::{Column, ForeignCard, Importer, NotKept, Wrong};

use super::{
    Options,
    map::Map,
    report::{Progress, Report, TWICE},
    row::{Row, fits},
    seen::Seen,
    source::{Source, SourceError},
};
use crate::node::NodeError;

/// What is said of a card for whose token its namespace has no place.
const NO_PLACE: &str = "Namespace has as many tokens as it may, with the rows above";

/// Reads the whole file, to its authenticated end.
pub(super) async fn run(
    source: &mut Source,
    importer: &Importer,
    options: &Options,
    map: &Map,
) -> Result<Report, NodeError> {
    let (mut report, mut seen, mut progress) = (Report::default(), Seen::default(), Progress::of("checked"));
    let mut rows = source.rows()?;
    if let Some(header) = rows.header() {
        header.check(options.into).map_err(|fault| SourceError::Header { line: 1, fault })?;
    }
    while let Some((line, row)) = rows.next()? {
        progress.row();
        report.rows += 1;
        let row = match row {
            Ok(row) => row,
            Err(fault) => {
                report.problem(line, None, &fault.to_string());
                report.refused += 1;
                continue;
            }
        };
        for column in row.columns() {
            fits(column, options.into).map_err(|fault| SourceError::Header { line, fault })?;
        }
        match card(importer, &row, options, map, &mut seen).await {
            Ok(Fate::Made) => report.made += 1,
            Ok(Fate::Matched) => report.matched += 1,
            Ok(Fate::Skipped) => report.skipped += 1,
            Err(NotKept::Wrong(wrong)) => report.refuse(line, &wrong),
            Err(NotKept::Refused(refused)) => return Err(refused.into()),
        }
    }
    Ok(report)
}

/// What would become of a row.
enum Fate {
    Made,
    Matched,
    Skipped,
}

async fn card(
    importer: &Importer,
    row: &Row,
    options: &Options,
    map: &Map,
    seen: &mut Seen,
) -> Result<Fate, NotKept> {
    let card = row.card(options.namespace.as_deref());
    let twice = row.get(Column::Reference).is_some_and(|reference| {
        let hash = seen.hasher.hash(&[reference]);
        !seen.references.insert(hash)
    });
    let mut wrong = if twice { vec![told(Column::Reference, TWICE)] } else { Vec::new() };
    let card = match card {
        Ok(card) => card,
        Err(more) => {
            wrong.extend(more);
            return Err(NotKept::Wrong(wrong));
        }
    };
    let is_new = match importer.look(&card).await {
        Ok(is_new) => is_new,
        Err(NotKept::Wrong(more)) => {
            wrong.extend(more);
            false
        }
        Err(refused @ NotKept::Refused(_)) => return Err(refused),
    };
    if !wrong.is_empty() {
        return Err(NotKept::Wrong(wrong));
    }
    if map.has(card.reference) {
        return Ok(Fate::Skipped);
    }
    if !is_new || !is_first(importer, &card, seen) {
        return Ok(Fate::Matched);
    }
    if takes_place(importer, &card, seen).await? {
        return Ok(Fate::Made);
    }
    Err(NotKept::Wrong(vec![told(Column::Namespace, NO_PLACE)]))
}

/// Whether no row above has the card within what it is matched by.
fn is_first(importer: &Importer, card: &ForeignCard<'_>, seen: &mut Seen) -> bool {
    let Some(group) = importer.group(card) else { return true };
    let hash = seen.hasher.hash(&[group, card.pan]);
    seen.cards.insert(hash)
}

/// Takes a place of the card's namespace; false where none is left.
async fn takes_place(importer: &Importer, card: &ForeignCard<'_>, seen: &mut Seen) -> Result<bool, Refused> {
    let namespace = card.namespace.unwrap_or_default();
    let hash = seen.hasher.hash(&[namespace]);
    let left = match seen.places.get(&hash) {
        Some(left) => *left,
        None => match importer.places_left(namespace).await? {
            Some(left) => left,
            None => return Ok(true),
        },
    };
    seen.places.insert(hash, left.saturating_sub(1));
    Ok(left > 0)
}

fn told(column: Column, message: &str) -> Wrong {
    Wrong { column, message: message.to_owned() }
}
