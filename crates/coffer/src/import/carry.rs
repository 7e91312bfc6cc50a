//! The second reading: cards are kept in batches, and the map gets a batch when it is durable.

use std::{collections::HashSet, sync::Arc, time::Duration};

use coffer_core::Refused;
use coffer_http::import::{Column, Importer, NotKept, Taken};
use coffer_types::limits;

use super::{
    Options,
    map::Map,
    report::{Progress, Report, TWICE},
    row::Row,
    seen::Hasher,
    source::Source,
};
use crate::node::NodeError;

/// How often a card is tried when the vault cannot serve.
const ATTEMPTS: u32 = 6;
/// The pause before the second time; each one after that is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// Cards that are kept at the same time.
struct Batch {
    rows: Vec<(u64, Row)>,
    /// What they are matched by: cards that meet are kept one after the other, in the order of the file.
    cards: HashSet<u128>,
}

/// Keeps every card that is good and not in the map yet.
pub(super) async fn run(
    source: &mut Source,
    importer: Arc<Importer>,
    options: &Options,
    map: &mut Map,
    report: &mut Report,
) -> Result<(), NodeError> {
    let (hasher, mut references, mut progress) =
        (Hasher::default(), HashSet::new(), Progress::of("imported"));
    let mut batch = Batch { rows: Vec::with_capacity(limits::IMPORT_BATCH), cards: HashSet::new() };
    let namespace: Option<Arc<str>> = options.namespace.as_deref().map(Arc::from);
    let mut rows = source.rows()?;
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
        let card = match row.card(namespace.as_deref()) {
            Ok(card) => card,
            Err(wrong) => {
                report.refuse(line, &wrong);
                continue;
            }
        };
        if !references.insert(hasher.hash(&[card.reference])) {
            report.problem(line, Some(Column::Reference), TWICE);
            report.refused += 1;
            continue;
        }
        if map.has(card.reference) {
            report.skipped += 1;
            continue;
        }
        let meets = importer.group(&card).map(|group| hasher.hash(&[group, card.pan]));
        if batch.rows.len() == limits::IMPORT_BATCH || meets.is_some_and(|one| batch.cards.contains(&one)) {
            keep(&importer, namespace.as_ref(), &mut batch, map, report).await?;
        }
        batch.cards.extend(meets);
        batch.rows.push((line, row));
    }
    keep(&importer, namespace.as_ref(), &mut batch, map, report).await
}

/// Keeps a batch, all at once, and writes down what became of it.
async fn keep(
    importer: &Arc<Importer>,
    namespace: Option<&Arc<str>>,
    batch: &mut Batch,
    map: &mut Map,
    report: &mut Report,
) -> Result<(), NodeError> {
    batch.cards.clear();
    let begun = batch.rows.drain(..).map(|(line, row)| {
        let (importer, namespace) = (Arc::clone(importer), namespace.cloned());
        (line, tokio::spawn(one(importer, namespace, line, row)))
    });
    let (begun, mut stopped): (Vec<_>, Option<NodeError>) = (begun.collect(), None);
    for (line, kept) in begun {
        match kept.await? {
            Ok((reference, taken)) => {
                map.add(&reference, &taken);
                report.took(&taken);
            }
            Err(NotKept::Wrong(wrong)) => report.refuse(line, &wrong),
            Err(NotKept::Refused(refused)) => {
                stopped = stopped.or(Some(format!("line {line}: {refused}").into()));
            }
        }
    }
    map.write()?;
    stopped.map_or(Ok(()), Err)
}

async fn one(
    importer: Arc<Importer>,
    namespace: Option<Arc<str>>,
    line: u64,
    row: Row,
) -> Result<(String, Taken), NotKept> {
    let card = row.card(namespace.as_deref()).map_err(NotKept::Wrong)?;
    let mut pause = PAUSE;
    for attempt in 1.. {
        match importer.keep(&card, line).await {
            Ok(taken) => return Ok((card.reference.to_owned(), taken)),
            Err(NotKept::Refused(refused)) if refused != Refused::TooLarge && attempt < ATTEMPTS => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Err(error) => return Err(error),
        }
    }
    Err(NotKept::Refused(Refused::Unavailable))
}
