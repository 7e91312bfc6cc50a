//! Every row in one canonical form (`docs/FORMAT.md` 11.2): equal rows have equal bytes, and others have none of them.

use coffer_core::{
    audit::Frame,
    moving::{MovedReply, MovedRow, Table},
    store::{
        CardFace, CounterKey, CounterKind, CustomerRow, IndexKind, InstrumentRow, KeyRow, Position,
        ReusableRow, UniqueKey,
    },
};
use coffer_crypto::{Blob, Fingerprint, KeyState, Salt, WrappedKey};
use coffer_types::{Bin, Brand, Generation, Last4, RecordNumber, Tenant, Timestamp};

/// Appends the bytes of a row.
pub fn encode(row: &MovedRow, out: &mut Vec<u8>) {
    match row {
        MovedRow::Key(row) => key(row, out),
        MovedRow::Counter { key, value } => {
            out.push(key.kind.code());
            out.extend(key.subject);
            out.extend(value.to_be_bytes());
        }
        MovedRow::UniqueKey { key, holder } => {
            out.extend(key.tenant.get().to_be_bytes());
            out.push(key.kind.code());
            out.extend(key.value);
            out.extend(holder.get().to_be_bytes());
        }
        MovedRow::Customer(row) => {
            place(row.number, row.tenant, row.generation, out);
            time(row.created_at, out);
            time(row.updated_at, out);
            out.extend(row.salt.as_bytes());
            bytes(row.details.as_bytes(), out);
        }
        MovedRow::Instrument(row) => {
            place(row.number, row.tenant, row.generation, out);
            time(row.created_at, out);
            time(row.updated_at, out);
            face(row.face.as_ref(), out);
            fingerprint(row.fingerprint.as_ref(), out);
            out.extend(row.salt.as_bytes());
            bytes(row.protected.as_bytes(), out);
            bytes(row.details.as_bytes(), out);
        }
        MovedRow::Reusable(row) => {
            place(row.number, row.tenant, row.generation, out);
            time(row.created_at, out);
            time(row.updated_at, out);
            time(row.ends_at, out);
            face(row.face.as_ref(), out);
            fingerprint(row.fingerprint.as_ref(), out);
            out.extend(row.salt.as_bytes());
            bytes(row.protected.as_bytes(), out);
            bytes(row.details.as_bytes(), out);
        }
        MovedRow::Reply(row) => {
            place(row.number, row.tenant, row.generation, out);
            out.extend(row.key);
            out.extend(row.salt.as_bytes());
            bytes(row.details.as_bytes(), out);
        }
        MovedRow::Frame(frame) => {
            out.extend(frame.lane.to_be_bytes());
            out.extend(frame.number.to_be_bytes());
            out.extend(frame.last.0.to_be_bytes());
            out.extend(frame.previous);
            out.extend(frame.hash);
            bytes(&frame.records, out);
        }
    }
}

fn key(row: &KeyRow, out: &mut Vec<u8>) {
    out.extend(row.tenant.map_or(0, Tenant::get).to_be_bytes());
    out.push(row.purpose);
    out.extend(row.version.to_be_bytes());
    out.extend(row.generation.get().to_be_bytes());
    out.push(row.state.code());
    out.extend(row.under.to_be_bytes());
    time(row.created_at, out);
    out.push(u8::from(row.active_at.is_some()));
    if let Some(at) = row.active_at {
        time(at, out);
    }
    time(row.changed_at, out);
    bytes(&row.wrapped.0, out);
}

fn place(number: RecordNumber, tenant: Tenant, generation: Generation, out: &mut Vec<u8>) {
    out.extend(number.get().to_be_bytes());
    out.extend(tenant.get().to_be_bytes());
    out.extend(generation.get().to_be_bytes());
}

fn time(at: Timestamp, out: &mut Vec<u8>) {
    out.extend(at.millis().to_be_bytes());
}

/// Bytes behind their length. No row of a store holds four gigabytes: what is longer would not be written whole, and
/// would not read back.
fn bytes(value: &[u8], out: &mut Vec<u8>) {
    out.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(value);
}

/// One byte that says which parts there are; then the parts.
fn face(face: Option<&CardFace>, out: &mut Vec<u8>) {
    let Some(face) = face else { return out.push(0) };
    out.push(1 | u8::from(face.bin.is_some()) << 1 | u8::from(face.brand.is_some()) << 2);
    out.extend(face.last4.as_str().as_bytes());
    if let Some(bin) = &face.bin {
        out.extend(bin.as_str().as_bytes());
    }
    if let Some(brand) = face.brand {
        out.push(brand.code());
    }
}

fn fingerprint(fingerprint: Option<&Fingerprint>, out: &mut Vec<u8>) {
    match fingerprint {
        None => out.push(0),
        Some(fingerprint) => {
            out.push(1);
            out.extend(fingerprint.as_bytes());
        }
    }
}

/// Reads what [`encode`] wrote of a row of this table; none for any other bytes.
pub fn decode(table: Table, row: &[u8]) -> Option<MovedRow> {
    let mut fields = Fields(row);
    let row = match table {
        Table::Keys => MovedRow::Key(fields.key()?),
        Table::Counters => {
            let kind = CounterKind::from_code(fields.byte()?)?;
            MovedRow::Counter { key: CounterKey { kind, subject: fields.array()? }, value: fields.u64()? }
        }
        Table::UniqueKeys => {
            let (tenant, kind) = (fields.tenant()?, IndexKind::from_code(fields.byte()?)?);
            let key = UniqueKey { tenant, kind, value: fields.array()? };
            MovedRow::UniqueKey { key, holder: fields.number()? }
        }
        Table::Customers => MovedRow::Customer(fields.customer()?),
        Table::Instruments => MovedRow::Instrument(fields.instrument()?),
        Table::Reusables => MovedRow::Reusable(fields.reusable()?),
        Table::Replies => MovedRow::Reply(fields.reply()?),
        Table::Audit => MovedRow::Frame(fields.frame()?),
    };
    fields.0.is_empty().then_some(row)
}

/// Something that may be missing is neither there nor missing.
struct Malformed;

/// What is left of a row.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let count = usize::try_from(self.u32()?).ok()?;
        self.take(count).map(<[u8]>::to_vec)
    }

    fn blob(&mut self) -> Option<Blob> {
        self.bytes().map(Blob::from_bytes)
    }

    fn salt(&mut self) -> Option<Salt> {
        self.array().map(Salt::from_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.array().map(i64::from_be_bytes).map(Timestamp::from_millis)
    }

    fn maybe_time(&mut self) -> Result<Option<Timestamp>, Malformed> {
        match self.byte() {
            Some(0) => Ok(None),
            Some(1) => self.time().map(Some).ok_or(Malformed),
            _ => Err(Malformed),
        }
    }

    fn number(&mut self) -> Option<RecordNumber> {
        RecordNumber::from_u64(self.u64()?).ok()
    }

    fn tenant(&mut self) -> Option<Tenant> {
        Tenant::new(self.u32()?).ok()
    }

    fn generation(&mut self) -> Option<Generation> {
        Generation::new(self.u32()?).ok()
    }

    fn face(&mut self) -> Result<Option<CardFace>, Malformed> {
        let parts = self.byte().ok_or(Malformed)?;
        match parts {
            0 => Ok(None),
            1 | 3 | 5 | 7 => self.seen(parts).map(Some).ok_or(Malformed),
            _ => Err(Malformed),
        }
    }

    fn seen(&mut self, parts: u8) -> Option<CardFace> {
        let last4 = Last4::from_bytes(self.take(4)?).ok()?;
        let bin = if parts & 2 == 0 { None } else { Some(Bin::from_bytes(self.take(6)?).ok()?) };
        let brand = if parts & 4 == 0 { None } else { Some(Brand::from_code(self.byte()?)?) };
        Some(CardFace { bin, last4, brand })
    }

    fn fingerprint(&mut self) -> Result<Option<Fingerprint>, Malformed> {
        match self.byte() {
            Some(0) => Ok(None),
            Some(1) => self.array().map(Fingerprint::from_bytes).map(Some).ok_or(Malformed),
            _ => Err(Malformed),
        }
    }

    fn key(&mut self) -> Option<KeyRow> {
        let tenant = match self.u32()? {
            0 => None,
            number => Some(Tenant::new(number).ok()?),
        };
        Some(KeyRow {
            tenant,
            purpose: self.byte()?,
            version: self.u32()?,
            generation: self.generation()?,
            state: KeyState::from_code(self.byte()?)?,
            under: self.u32()?,
            created_at: self.time()?,
            active_at: self.maybe_time().ok()?,
            changed_at: self.time()?,
            wrapped: WrappedKey(self.bytes()?),
        })
    }

    fn customer(&mut self) -> Option<CustomerRow> {
        Some(CustomerRow {
            number: self.number()?,
            tenant: self.tenant()?,
            generation: self.generation()?,
            created_at: self.time()?,
            updated_at: self.time()?,
            salt: self.salt()?,
            details: self.blob()?,
        })
    }

    fn instrument(&mut self) -> Option<InstrumentRow> {
        Some(InstrumentRow {
            number: self.number()?,
            tenant: self.tenant()?,
            generation: self.generation()?,
            created_at: self.time()?,
            updated_at: self.time()?,
            face: self.face().ok()?,
            fingerprint: self.fingerprint().ok()?,
            salt: self.salt()?,
            protected: self.blob()?,
            details: self.blob()?,
        })
    }

    fn reusable(&mut self) -> Option<ReusableRow> {
        Some(ReusableRow {
            number: self.number()?,
            tenant: self.tenant()?,
            generation: self.generation()?,
            created_at: self.time()?,
            updated_at: self.time()?,
            ends_at: self.time()?,
            face: self.face().ok()?,
            fingerprint: self.fingerprint().ok()?,
            salt: self.salt()?,
            protected: self.blob()?,
            details: self.blob()?,
        })
    }

    fn reply(&mut self) -> Option<MovedReply> {
        let (number, tenant, generation) = (self.number()?, self.tenant()?, self.generation()?);
        let (key, salt) = (self.array()?, self.salt()?);
        Some(MovedReply { number, tenant, key, generation, salt, details: self.blob()? })
    }

    fn frame(&mut self) -> Option<Frame> {
        let (lane, number, last) = (self.u64()?, self.u64()?, Position(self.u64()?));
        let (previous, hash) = (self.array()?, self.array()?);
        Some(Frame { lane, number, last, previous, records: self.bytes()?, hash })
    }
}
