//! The restore epoch: a store that an export was taken into says so, and when.

use coffer_core::{
    moving::{Movable, MovedRow, Table},
    store::CounterKey,
};
use coffer_types::{Timestamp, limits};

use crate::{error::MoveError, reader::Opened};

/// Whether a row says how often, or when, the vault was put back. Those of an export stay behind: the import writes its
/// own.
pub(crate) fn is_epoch(row: &MovedRow) -> bool {
    let MovedRow::Counter { key, .. } = row else { return false };
    [CounterKey::RESTORES, CounterKey::RESTORED_AT].contains(key)
}

/// The rows of the epoch that follows the export's; none where they are in the target already.
pub(crate) async fn next(
    target: &dyn Movable,
    opened: &Opened,
    now: Timestamp,
) -> Result<Vec<MovedRow>, MoveError> {
    let (mut there, mut offset) = (false, 0);
    let mut after = None;
    loop {
        let page = target.page(Table::Counters, after, limits::MOVE_PART_ROWS).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key());
        there = there || page.iter().any(is_epoch);
        offset = page.iter().find_map(|row| value(row, CounterKey::SANDBOX_CLOCK)).unwrap_or(offset);
    }
    if there {
        return Ok(Vec::new());
    }
    let (mut restores, mut restored_at) = (0, 0);
    for part in opened.rows(0, Some(Table::Counters)) {
        for row in part?.1 {
            restores = value(&row, CounterKey::RESTORES).unwrap_or(restores);
            restored_at = value(&row, CounterKey::RESTORED_AT).unwrap_or(restored_at);
        }
    }
    let now = now.plus_seconds(i64::try_from(offset).unwrap_or(0)).millis();
    let now = u64::try_from(now).unwrap_or(0).max(restored_at + 1);
    let row = |key, value| MovedRow::Counter { key, value };
    Ok(vec![row(CounterKey::RESTORES, restores + 1), row(CounterKey::RESTORED_AT, now)])
}

fn value(row: &MovedRow, wanted: CounterKey) -> Option<u64> {
    match row {
        MovedRow::Counter { key, value } if *key == wanted => Some(*value),
        _ => None,
    }
}
