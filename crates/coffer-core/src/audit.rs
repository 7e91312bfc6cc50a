//! The audit log: who did what to which record, durable in the same commit as the act (PCI DSS 10.2).
//!
//! A [`Fact`] goes with its unit; the store's writer puts all facts of one commit into one [`Frame`]. Frames of one
//! lane are chained by hash; a lane belongs to one writer of one process start. Facts name credentials and record
//! numbers, never a secret, a token or a personal detail.

use std::{net::IpAddr, sync::Arc};

use coffer_crypto::Sha256;
use coffer_types::{RecordNumber, Tenant, Timestamp};
use serde::Serialize;

use crate::{store::Position, vault::RequestId};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Action {
    /// A process opened the store.
    #[serde(rename = "vault.start")]
    Start,
    /// The vault was put back from an earlier time.
    #[serde(rename = "vault.restore")]
    Restore,
    /// A key of the hierarchy was made.
    #[serde(rename = "key.create")]
    KeyCreate,
    /// A key of the hierarchy came into another state.
    #[serde(rename = "key.change")]
    KeyChange,
    /// Keys were wrapped by another KEK.
    #[serde(rename = "key.rewrap")]
    KeyRewrap,
    /// An operator asked for something to be done with keys.
    #[serde(rename = "key.order")]
    KeyOrder,
    /// Custodians opened the vault with their shares.
    #[serde(rename = "vault.unseal")]
    Unseal,
    /// Who may call was changed: credentials, or issuers of JWTs.
    #[serde(rename = "callers.change")]
    CallersChange,
    /// A single-use token was made.
    #[serde(rename = "token.create")]
    Create,
    /// A single-use token became an instrument.
    #[serde(rename = "token.exchange")]
    Exchange,
    /// A single-use token gave out its clear details.
    #[serde(rename = "token.redeem")]
    Redeem,
    /// An instrument was made, or updated, from details that came with the call.
    #[serde(rename = "instrument.keep")]
    Keep,
    /// An instrument was changed, with a token or without.
    #[serde(rename = "instrument.update")]
    Update,
    /// An instrument was taken out of use.
    #[serde(rename = "instrument.deactivate")]
    Deactivate,
    /// A customer was made.
    #[serde(rename = "customer.create")]
    CustomerCreate,
    /// A customer was changed.
    #[serde(rename = "customer.update")]
    CustomerUpdate,
    /// An instrument showed its clear details.
    #[serde(rename = "instrument.reveal")]
    Reveal,
    /// A reusable token was made.
    #[serde(rename = "reusable.create")]
    ReusableCreate,
    /// A card came again, and its reusable token got new time, or the card came in a session that was used up.
    #[serde(rename = "reusable.match")]
    ReusableMatch,
    /// A card came again with other details; they wait beside its reusable token.
    #[serde(rename = "reusable.conflict")]
    ReusableConflict,
    /// What waited was written into a reusable token.
    #[serde(rename = "reusable.resolve")]
    ReusableResolve,
    /// A part of a reusable token was changed.
    #[serde(rename = "reusable.update")]
    ReusableUpdate,
    /// A reusable token was deleted.
    #[serde(rename = "reusable.delete")]
    ReusableDelete,
    /// A reusable token was erased because its time was over.
    #[serde(rename = "reusable.expire")]
    ReusableExpire,
    /// A reusable token showed its clear details.
    #[serde(rename = "reusable.reveal")]
    ReusableReveal,
    /// A browser left a card or a code in a session.
    #[serde(rename = "session.create")]
    SessionCreate,
    /// A session was used up.
    #[serde(rename = "session.use")]
    SessionUse,
    /// Clear details are about to be sent to an upstream in place of a token, or as they came.
    #[serde(rename = "forward.begin")]
    Forward,
    /// What was sent was answered, or it is known that it never will be.
    #[serde(rename = "forward.end")]
    ForwardEnd,
    /// A caller was refused: unknown credential, or one that may not do this.
    #[serde(rename = "access.refused")]
    AccessRefused,
    /// The sandbox's clock was moved.
    #[serde(rename = "sandbox.clock")]
    SandboxClock,
}

/// One line of the audit log, before the commit adds its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What was done.
    pub action: Action,
    /// Whose data it concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<u32>,
    /// The credential's name in the configuration; `system` for the process itself.
    pub actor: Arc<str>,
    /// The caller's address; of shoppers and of refused callers the network alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<IpAddr>,
    /// The request, as its answer's `X-Request-Id` shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Whom the JWT was for: a keyed hash of its `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Arc<str>>,
    /// The name of the JWT, its `jti`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Arc<str>>,
    /// The record that was acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<u64>,
    /// A second record that the act made or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<u64>,
    /// Why, in the caller's words (reveal) or ours (refusals).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// How many times, where the events of one minute (or of several that could not be written) are counted together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl Fact {
    /// A fact of the process itself.
    pub fn system(action: Action) -> Self {
        Self {
            action,
            tenant: None,
            actor: Arc::from("system"),
            origin: None,
            request: None,
            subject: None,
            token: None,
            object: None,
            result: None,
            reason: None,
            count: None,
        }
    }

    /// Names the tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: Tenant) -> Self {
        self.tenant = Some(tenant.get());
        self
    }

    /// Names the record acted on.
    #[must_use]
    pub fn object(mut self, number: RecordNumber) -> Self {
        self.object = Some(number.get());
        self
    }

    /// Names the record that came of it.
    #[must_use]
    pub fn result(mut self, number: RecordNumber) -> Self {
        self.result = Some(number.get());
        self
    }

    /// Gives the reason.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<Arc<str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Appends the finished line: position, time, outcome and the fact, as one JSON object and a line feed.
    pub fn write_line(&self, position: Position, at: Timestamp, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct Line<'a> {
            position: u64,
            at: i64,
            outcome: &'static str,
            #[serde(flatten)]
            fact: &'a Fact,
        }
        let outcome = if self.action == Action::AccessRefused { "refused" } else { "done" };
        let line = Line { position: position.0, at: at.millis(), outcome, fact: self };
        // Writing to a vector fails only for a type that cannot be JSON, and this one can.
        if serde_json::to_writer(&mut *out, &line).is_ok() {
            out.push(b'\n');
        }
    }
}

/// Where a frame lies: frames are ordered by lane, and in a lane by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FramePlace {
    /// See [`Frame::lane`].
    pub lane: u64,
    /// See [`Frame::number`].
    pub number: u64,
}

/// All facts of one commit, chained to the frame before it in the lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The lane: the position that the store had reached when its writer started.
    pub lane: u64,
    /// Counts the frames of the lane, from 0.
    pub number: u64,
    /// Position of the last unit in the frame.
    pub last: Position,
    /// Hash of the frame before; zeros in the first frame of a lane.
    pub previous: [u8; 32],
    /// The facts, one JSON object a line.
    pub records: Vec<u8>,
    /// SHA-256 over everything above.
    pub hash: [u8; 32],
}

impl Frame {
    /// Closes a frame: computes the hash that the next one carries.
    pub fn seal(lane: u64, number: u64, last: Position, previous: [u8; 32], records: Vec<u8>) -> Self {
        let hash = Self::digest(lane, number, last, &previous, &records);
        Self { lane, number, last, previous, records, hash }
    }

    /// Where it lies.
    pub fn place(&self) -> FramePlace {
        FramePlace { lane: self.lane, number: self.number }
    }

    /// Whether the stored hash is the hash of the stored content.
    pub fn is_intact(&self) -> bool {
        self.hash == Self::digest(self.lane, self.number, self.last, &self.previous, &self.records)
    }

    fn digest(lane: u64, number: u64, last: Position, previous: &[u8; 32], records: &[u8]) -> [u8; 32] {
        const LABEL: &[u8; 16] = b"coffer frame v1\0";
        let mut head = [0_u8; 80];
        head[..16].copy_from_slice(LABEL);
        head[16..24].copy_from_slice(&lane.to_be_bytes());
        head[24..32].copy_from_slice(&number.to_be_bytes());
        head[32..40].copy_from_slice(&last.0.to_be_bytes());
        head[40..72].copy_from_slice(previous);
        head[72..].copy_from_slice(&(records.len() as u64).to_be_bytes());
        let mut hash = Sha256::new();
        hash.update(&head);
        hash.update(records);
        hash.finish()
    }
}

/// The lane that one writer appends to.
#[derive(Debug)]
pub struct Lane {
    id: u64,
    next: u64,
    head: [u8; 32],
}

impl Lane {
    /// A new lane for a writer that found the store at this position.
    pub fn start(found: Position) -> Self {
        Self { id: found.0, next: 0, head: [0; 32] }
    }

    /// The next frame. It counts only after [`Lane::advance`], so that a batch that was rolled back leaves no gap.
    pub fn frame(&self, last: Position, records: Vec<u8>) -> Frame {
        Frame::seal(self.id, self.next, last, self.head, records)
    }

    /// The frame with this hash is durable.
    pub fn advance(&mut self, hash: [u8; 32]) {
        self.next += 1;
        self.head = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each action stands in this file by the name that it has in the log, and on the operator's page too.
    #[test]
    fn every_action_stands_on_the_operators_page() {
        let (own, page) = (include_str!("audit.rs"), include_str!("../../../docs/OPERATING.md"));
        let marked = own.split("#[serde(rename = \"").skip(1).filter_map(|rest| rest.split_once('"'));
        let names: Vec<&str> = marked.map(|(name, _)| name).filter(|name| name.contains('.')).collect();
        assert!(names.len() >= 13, "{names:?}");
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "docs/OPERATING.md has no `{name}`");
        }
    }

    #[test]
    fn a_frame_notices_every_change() {
        let frame = Frame::seal(1, 2, Position(3), [4; 32], b"{}\n".to_vec());
        assert!(frame.is_intact());
        let changed = [
            Frame { lane: 9, ..frame.clone() },
            Frame { number: 9, ..frame.clone() },
            Frame { last: Position(9), ..frame.clone() },
            Frame { previous: [9; 32], ..frame.clone() },
            Frame { records: b"{ }\n".to_vec(), ..frame.clone() },
            Frame { hash: [9; 32], ..frame.clone() },
        ];
        assert!(changed.iter().all(|frame| !frame.is_intact()));
    }

    #[test]
    fn a_lane_chains_only_what_was_committed() {
        let mut lane = Lane::start(Position(7));
        let first = lane.frame(Position(8), Vec::new());
        let again = lane.frame(Position(9), b"x".to_vec());
        assert_eq!((first.number, again.number), (0, 0), "a frame that was rolled back leaves no gap");
        lane.advance(again.hash);
        let second = lane.frame(Position(10), Vec::new());
        assert_eq!((second.lane, second.number, second.previous), (7, 1, again.hash));
    }

    #[test]
    fn a_line_is_one_json_object() {
        let mut out = Vec::new();
        let fact = Fact::system(Action::Reveal).reason("line\nbreak \"quoted\"");
        fact.write_line(Position(5), Timestamp::from_millis(6), &mut out);
        assert_eq!(out.split_inclusive(|byte| *byte == b'\n').count(), 1);
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(line["position"], 5);
        assert_eq!(line["action"], "instrument.reveal");
        assert_eq!(line["outcome"], "done");
        assert_eq!(line["reason"], "line\nbreak \"quoted\"");
    }
}
