//! What the nodes of one vault share beside the records: numbers, time, and keys of the ring on their way.

use coffer_core::{
    peers::{Announcement, Beat, LeaseId, Peer, Peers, RingShare},
    store::{Pending, StoreError, cells::Cells},
};
use coffer_types::limits::{NODE_REST_SECONDS, NODES, PEER_LIVE_SECONDS};

use crate::{
    CLOCK, OFFSET, REVISION,
    options::Within,
    rows::{
        Column,
        cells::{RowCells, Unreadable},
        decode_all,
    },
    schema,
    store::PostgresStore,
};

const TABLE: &str = "nodes";

/// How often a number is tried for, each time that others were faster. Every time one of them has one.
const ATTEMPTS: u16 = 2 * NODES;

impl Peers for PostgresStore {
    fn join(&self, lease: LeaseId) -> Pending<'_, Option<u16>> {
        Box::pin(async move {
            for _ in 0..ATTEMPTS {
                if let Some(node) = self.number_of(lease).await? {
                    return Ok(Some(node));
                }
                let Some(node) = self.free_number().await? else { return Ok(None) };
                // Whoever was faster has it: then the next one.
                self.take(node, lease).await?;
            }
            // Or the tables were narrowed, and no node of this version joins any more.
            tracing::error!("no number could be taken");
            Err(StoreError::Unavailable)
        })
    }

    fn beat(&self, node: u16, lease: LeaseId, says: Announcement) -> Pending<'_, Option<Beat>> {
        let renew = format!(
            "UPDATE nodes SET renewed_at = {CLOCK}, exchange = $3, clock_offset = $4, key_revision = $5, \
             root = $6 WHERE node = $1 AND lease = $2 AND NOT gone RETURNING node"
        );
        let look = format!(
            // A node of an older program says nothing of keys, whatever the one before it said under its number.
            "SELECT node, lease, exchange, clock_offset, CASE WHEN schema < 2 THEN 0 ELSE key_revision END, \
             CASE WHEN schema < 2 THEN '' ELSE root END, {CLOCK}, {OFFSET}, {REVISION} FROM nodes \
             WHERE NOT gone AND renewed_at > {CLOCK} - {} ORDER BY node",
            PEER_LIVE_SECONDS * 1000
        );
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let parameters = vec![
            Column::One(node.into()),
            bytes(&lease.0),
            Column::Owned(says.exchange),
            Column::One(number(says.clock_offset)),
            Column::One(number(says.key_revision)),
            Column::Owned(says.root),
        ];
        let renewed = self.ask(TABLE, Within::Call, renew, parameters, |rows| Ok(!rows.is_empty()));
        Box::pin(async move {
            if !renewed.await? {
                return Ok(None);
            }
            let seen = self.ask(TABLE, Within::Call, look, Vec::new(), |rows| {
                let peers = decode_all(rows, peer)?;
                let Some(row) = rows.first() else { return Err(Unreadable) };
                let mut cells = RowCells::at(row, 6);
                let (now, moved): (_, u64) = (cells.time()?, cells.narrow()?);
                Ok(Beat { now, clock_offset: moved / 1000, key_revision: cells.narrow()?, peers })
            });
            seen.await.map(Some)
        })
    }

    fn leave(&self, node: u16, lease: LeaseId) -> Pending<'_, ()> {
        let sql = format!(
            "UPDATE nodes SET gone = true, renewed_at = {CLOCK} WHERE node = $1 AND lease = $2 AND NOT gone"
        );
        self.ask(TABLE, Within::Call, sql, vec![Column::One(node.into()), bytes(&lease.0)], |_| Ok(()))
    }

    fn offer(&self, slot: u32, shares: Vec<RingShare>) -> Pending<'_, bool> {
        let sql = "WITH won AS (INSERT INTO ring_slots (slot) VALUES ($1) ON CONFLICT DO NOTHING RETURNING slot) \
            INSERT INTO ring_shares (slot, lease, sealed) SELECT won.slot, v.lease, v.sealed \
            FROM won, unnest($2::bytea[], $3::bytea[]) AS v (lease, sealed) RETURNING slot";
        self.ask("ring_shares", Within::Call, sql, shared(slot, shares), |rows| Ok(!rows.is_empty()))
    }

    fn share(&self, slot: u32, shares: Vec<RingShare>) -> Pending<'_, ()> {
        let sql = "INSERT INTO ring_shares (slot, lease, sealed) SELECT $1::bigint, v.lease, v.sealed \
            FROM unnest($2::bytea[], $3::bytea[]) AS v (lease, sealed) ON CONFLICT DO NOTHING";
        self.ask("ring_shares", Within::Call, sql, shared(slot, shares), |_| Ok(()))
    }

    fn shares(&self, lease: LeaseId, from: u32) -> Pending<'_, Vec<(u32, Vec<u8>)>> {
        // Slots are few, and each has one share at most for a process.
        let sql = "SELECT slot, sealed FROM ring_shares WHERE slot >= $1 AND lease = $2 ORDER BY slot";
        self.ask("ring_shares", Within::Call, sql, vec![Column::One(from.into()), bytes(&lease.0)], |rows| {
            decode_all(rows, |cells| Ok((cells.narrow()?, cells.bytes()?.to_vec())))
        })
    }

    fn forget(&self, below: u32, at_most: u32) -> Pending<'_, u64> {
        let shares = "DELETE FROM ring_shares WHERE (slot, lease) IN \
            (SELECT slot, lease FROM ring_shares WHERE slot < $1 ORDER BY slot, lease LIMIT $2) RETURNING slot";
        let slots = "DELETE FROM ring_slots WHERE slot IN \
            (SELECT slot FROM ring_slots WHERE slot < $1 ORDER BY slot LIMIT $2) RETURNING slot";
        let bounds = move || vec![Column::One(below.into()), Column::One(at_most.into())];
        let gone = self.ask("ring_shares", Within::Call, shares, bounds(), |rows| Ok(rows.len() as u64));
        Box::pin(async move {
            let gone = gone.await?;
            self.ask("ring_slots", Within::Call, slots, bounds(), |_| Ok(())).await?;
            Ok(gone)
        })
    }
}

impl PostgresStore {
    fn number_of(&self, lease: LeaseId) -> Pending<'static, Option<u16>> {
        let sql = "SELECT node FROM nodes WHERE lease = $1 AND NOT gone";
        self.ask(TABLE, Within::Call, sql, vec![bytes(&lease.0)], |rows| {
            rows.first().map(|row| RowCells::of(row).narrow()).transpose()
        })
    }

    /// The lowest number that nobody has, or has had for its rest.
    fn free_number(&self) -> Pending<'static, Option<u16>> {
        let sql = format!(
            "SELECT node, CAST(renewed_at <= {CLOCK} - {} AS int)::bigint FROM nodes ORDER BY node",
            NODE_REST_SECONDS * 1000
        );
        self.ask(TABLE, Within::Call, sql, Vec::new(), |rows| {
            let known = decode_all(rows, |cells| Ok((cells.narrow::<u16>()?, cells.integer()? == 1)))?;
            let taken = |node: &u16| known.iter().any(|(known, rested)| known == node && !rested);
            Ok((0..NODES).find(|node| !taken(node)))
        })
    }

    /// Takes a number if it is still free.
    fn take(&self, node: u16, lease: LeaseId) -> Pending<'static, ()> {
        let sql = format!(
            "INSERT INTO nodes (node, lease, taken_at, renewed_at, gone, exchange, clock_offset, schema, key_revision, \
             root) SELECT $1::bigint, $2::bytea, {CLOCK}, {CLOCK}, false, $3::bytea, 0, $4::bigint, 0, '' \
             WHERE (SELECT CAST(value AS bigint) FROM meta WHERE name = 'oldest') <= $4::bigint \
             ON CONFLICT (node) DO UPDATE SET \
             lease = excluded.lease, taken_at = excluded.taken_at, renewed_at = excluded.renewed_at, gone = false, \
             exchange = excluded.exchange, clock_offset = 0, schema = excluded.schema, key_revision = 0, root = '' \
             WHERE nodes.renewed_at <= excluded.renewed_at - {}",
            NODE_REST_SECONDS * 1000
        );
        let version = schema::known(schema::STEPS);
        let parameters =
            vec![Column::One(node.into()), bytes(&lease.0), Column::Owned(Vec::new()), Column::One(version)];
        self.ask(TABLE, Within::Call, sql, parameters, |_| Ok(()))
    }
}

fn peer(cells: &mut RowCells<'_>) -> Result<Peer, Unreadable> {
    Ok(Peer {
        node: cells.narrow()?,
        lease: LeaseId(cells.array()?),
        says: Announcement {
            exchange: cells.bytes()?.to_vec(),
            clock_offset: cells.narrow()?,
            key_revision: cells.narrow()?,
            root: cells.bytes()?.to_vec(),
        },
    })
}

fn bytes(bytes: &[u8]) -> Column<'static> {
    Column::Owned(bytes.to_vec())
}

/// A slot, and its shares as two columns.
fn shared(slot: u32, shares: Vec<RingShare>) -> Vec<Column<'static>> {
    let (leases, sealed): (Vec<_>, Vec<_>) =
        shares.into_iter().map(|share| (share.lease.0.to_vec(), share.sealed)).unzip();
    vec![Column::One(slot.into()), Column::OwnedBytes(leases), Column::OwnedBytes(sealed)]
}
