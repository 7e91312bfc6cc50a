//! Out: a store in pages, into parts.

use std::{collections::BTreeMap, path::Path};

use coffer_core::{
    Clock, KekSource,
    moving::{LaneHead, Movable, MovedRow, RowKey, Table},
    store::KeyRow,
};
use coffer_crypto::{Entropy, Environment, ExportFile, ExportKey, sha256};
use coffer_types::limits;
use data_encoding::HEXLOWER;

use crate::{
    Progress,
    digest::TableDigest,
    error::MoveError,
    folder::{Folder, part_name},
    keys,
    manifest::{self, Begun, Lane, Manifest, PartEntry, TableEntry},
    part::{FORMAT, Place, Rows, open_part},
};

/// Tables that follow the records, in this order. Counters come before unique keys and the audit log last: where units
/// are committed meanwhile, a name has its tenant's counter or neither, and no act is there that the log does not tell.
const BEHIND_RECORDS: [Table; 3] = [Table::Counters, Table::UniqueKeys, Table::Audit];

/// What is exported, and where to.
pub struct Export<'a> {
    /// The store.
    pub source: &'a dyn Movable,
    /// Its environment.
    pub environment: Environment,
    /// What opens the KEK of its vault.
    pub root: &'a dyn KekSource,
    /// The folder, which must be missing or empty, or hold an export of the same vault that was begun.
    pub folder: &'a Path,
    /// Time, for the manifest.
    pub clock: &'a Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

/// Carries a vault into a folder. What a call that was cut off has written stays, and the next one goes on behind it.
pub async fn export(plan: &Export<'_>, progress: &mut dyn Progress) -> Result<Manifest, MoveError> {
    let folder = Folder::to_write(plan.folder)?;
    if folder.has(manifest::FILE) {
        return Err(MoveError::Finished);
    }
    let key_rows = key_rows(plan.source).await?;
    let (begun, id) = begin(plan, &folder, &key_rows).await?;
    let key = keys::open_export(&key_rows, begun.export_key, plan.environment, plan.root, &id)?;
    let mut writer = Writer::new(plan, folder, key, id);
    writer.go_on(progress)?;
    writer.write_all(progress).await?;
    writer.end(begun).await
}

/// Writes a vault's wrapped keys alone into a folder, over those that are there: records of keys that are kept apart
/// from the exports that they open. How many there are.
pub async fn export_keys(plan: &Export<'_>) -> Result<usize, MoveError> {
    let folder = Folder::for_keys(plan.folder)?;
    let rows = key_rows(plan.source).await?;
    let version = keys::newest_export(&rows)?;
    let id = new_id(plan.entropy)?;
    let key = keys::open_export(&rows, version, plan.environment, plan.root, &id)?;
    folder.write(keys::FILE, &keys::write(&rows, &key, plan.environment, version, id))?;
    folder.finish()?;
    Ok(rows.len())
}

fn new_id(entropy: &dyn Entropy) -> Result<[u8; 16], MoveError> {
    let mut id = [0; 16];
    entropy.fill(&mut id).map_err(|_| MoveError::Failed)?;
    Ok(id)
}

/// All wrapped keys.
async fn key_rows(source: &dyn Movable) -> Result<Vec<KeyRow>, MoveError> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = source.page(Table::Keys, after, limits::MOVE_PART_ROWS).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after = Some(last.key());
        rows.extend(page.into_iter().filter_map(|row| match row {
            MovedRow::Key(row) => Some(row),
            _ => None,
        }));
    }
}

/// What was known when the export in this folder began; it begins now where there is none.
async fn begin(plan: &Export<'_>, folder: &Folder, rows: &[KeyRow]) -> Result<(Begun, [u8; 16]), MoveError> {
    let key_of = |version, id: &[u8; 16]| keys::open_export(rows, version, plan.environment, plan.root, id);
    if let Some(bytes) = folder.read(manifest::BEGUN)? {
        let named = manifest::named(manifest::BEGUN, &bytes)?;
        let key = key_of(named.export_key, &named.id)?;
        let begun: Option<Begun> = manifest::read(&key, ExportFile::Begun, &bytes);
        return Ok((begun.ok_or(MoveError::BegunElsewhere)?, named.id));
    }
    let export_key = keys::newest_export(rows)?;
    let id = new_id(plan.entropy)?;
    let key = key_of(export_key, &id)?;
    if !folder.is_empty()? {
        return Err(MoveError::Occupied);
    }
    let begun = Begun {
        format: FORMAT.into(),
        export: HEXLOWER.encode(&id),
        export_key,
        at: plan.clock.now().to_rfc3339(),
        lanes: lanes(plan.source.heads().await?),
    };
    folder.write(manifest::BEGUN, &manifest::write(&key, ExportFile::Begun, &begun)?)?;
    Ok((begun, id))
}

fn lanes(heads: Vec<LaneHead>) -> Vec<Lane> {
    heads.into_iter().map(Lane::from).collect()
}

/// How far a table has come.
#[derive(Default)]
struct Walked {
    digest: TableDigest,
    last: Option<RowKey>,
}

/// Writes one part after the other.
struct Writer<'a> {
    plan: &'a Export<'a>,
    folder: Folder,
    key: ExportKey,
    id: [u8; 16],
    previous: [u8; 32],
    parts: Vec<PartEntry>,
    walked: BTreeMap<Table, Walked>,
    /// The table of the newest part.
    newest: Option<Table>,
}

impl<'a> Writer<'a> {
    fn new(plan: &'a Export<'a>, folder: Folder, key: ExportKey, id: [u8; 16]) -> Self {
        let (parts, walked) = (Vec::new(), BTreeMap::new());
        Self { plan, folder, key, id, previous: [0; 32], parts, walked, newest: None }
    }

    fn next_number(&self) -> Result<u32, MoveError> {
        u32::try_from(self.parts.len() + 1).map_err(|_| MoveError::Failed)
    }

    /// Reads the parts that are there, of an export that was cut off: what they hold is behind us.
    fn go_on(&mut self, progress: &mut dyn Progress) -> Result<(), MoveError> {
        let mut told = false;
        loop {
            let number = self.next_number()?;
            let name = part_name(number);
            let Some(file) = self.folder.read(&name)? else { return Ok(()) };
            if !told {
                progress.stage("reading what is there", 0);
                told = true;
            }
            let (header, rows) = open_part(&self.key, &file).ok_or_else(|| MoveError::changed(&name))?;
            if (header.number, header.previous) != (number, self.previous) {
                return Err(MoveError::changed(&name));
            }
            let walked = self.walked.entry(header.table).or_default();
            let mut room = Vec::new();
            for row in &rows {
                walked.digest.add(row, &mut room);
            }
            walked.last = rows.last().map(MovedRow::key).or(walked.last);
            self.note(header.table, header.rows, &file);
            progress.add(header.rows.into());
        }
    }

    fn note(&mut self, table: Table, rows: u32, file: &[u8]) {
        self.previous = sha256(file);
        let sha256 = HEXLOWER.encode(&self.previous);
        self.parts.push(PartEntry { table: table.name().to_owned(), rows, sha256 });
        self.newest = Some(table);
    }

    async fn write_all(&mut self, progress: &mut dyn Progress) -> Result<(), MoveError> {
        let mut total = 0;
        for table in Table::RECORDS.into_iter().chain(BEHIND_RECORDS) {
            total += self.plan.source.count(table).await?;
        }
        progress.stage("exporting", total);
        progress.add(self.walked.values().map(|walked| walked.digest.rows).sum());
        let reached = self.newest.and_then(|table| BEHIND_RECORDS.iter().position(|other| *other == table));
        if reached.is_none() {
            // Records that were made meanwhile have higher numbers: once more around, until there are none.
            for _ in 0..limits::MOVE_ROUNDS {
                let mut more = false;
                for table in Table::RECORDS {
                    more |= self.write_table(table, progress).await?;
                }
                if !more {
                    break;
                }
            }
        }
        for table in BEHIND_RECORDS.into_iter().skip(reached.unwrap_or(0)) {
            self.write_table(table, progress).await?;
        }
        Ok(())
    }

    /// Writes the rows of a table behind the last one; whether there were any.
    async fn write_table(&mut self, table: Table, progress: &mut dyn Progress) -> Result<bool, MoveError> {
        let mut any = false;
        loop {
            let rows = self.collect(table).await?;
            if rows.count == 0 {
                return Ok(any);
            }
            any = true;
            let (environment, export) = (self.plan.environment, self.id);
            let (number, previous) = (self.next_number()?, self.previous);
            let place = Place { environment, export, number, previous };
            let file = rows.seal(&self.key, &place, self.plan.entropy)?;
            self.folder.write(&part_name(number), &file)?;
            self.note(table, rows.count, &file);
            progress.add(rows.count.into());
        }
    }

    /// The rows of the next part: pages until they are enough, or until there is none.
    async fn collect(&mut self, table: Table) -> Result<Rows, MoveError> {
        let mut rows = Rows::of(table);
        let walked = self.walked.entry(table).or_default();
        while rows.count < limits::MOVE_PART_ROWS && rows.bytes.len() < limits::MOVE_PART_BYTES {
            let room = limits::MOVE_PART_ROWS - rows.count;
            let page = self.plan.source.page(table, walked.last, room).await?;
            let Some(last) = page.last() else { break };
            walked.last = Some(last.key());
            for row in &page {
                rows.push(row, &mut walked.digest);
            }
        }
        Ok(rows)
    }

    /// Writes the keys and the manifest: the export is finished.
    async fn end(mut self, begun: Begun) -> Result<Manifest, MoveError> {
        // Keys are read last, for a row may be sealed under one that was made meanwhile.
        let rows = key_rows(self.plan.source).await?;
        let digest = &mut self.walked.entry(Table::Keys).or_default().digest;
        let mut room = Vec::new();
        for row in &rows {
            digest.add(&MovedRow::Key(row.clone()), &mut room);
        }
        let file = keys::write(&rows, &self.key, self.plan.environment, begun.export_key, self.id);
        self.folder.write(keys::FILE, &file)?;
        let at_end = lanes(self.plan.source.heads().await?);
        let tables = Table::ALL.into_iter().map(|table| {
            let walked = self.walked.get(&table).map(|walked| walked.digest).unwrap_or_default();
            TableEntry::new(table, &walked)
        });
        let manifest = Manifest {
            format: FORMAT.into(),
            environment: self.plan.environment.as_str().to_owned(),
            export: begun.export,
            export_key: begun.export_key,
            begun: begun.at,
            ended: self.plan.clock.now().to_rfc3339(),
            quiet: begun.lanes == at_end,
            commits_meanwhile: frames(&at_end).saturating_sub(frames(&begun.lanes)),
            lanes_at_begin: begun.lanes,
            lanes_at_end: at_end,
            keys_sha256: HEXLOWER.encode(&sha256(&file)),
            tables: tables.collect(),
            parts: self.parts,
        };
        self.folder.write(manifest::FILE, &manifest::write(&self.key, ExportFile::Manifest, &manifest)?)?;
        self.folder.remove(manifest::BEGUN)?;
        self.folder.finish()?;
        Ok(manifest)
    }
}

/// How many frames there are up to these heads.
fn frames(lanes: &[Lane]) -> u64 {
    lanes.iter().map(|lane| lane.frame.saturating_add(1)).sum()
}
