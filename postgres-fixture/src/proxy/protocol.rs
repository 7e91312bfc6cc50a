//! What a proxy must know of PostgreSQL's protocol, version 3: where a message ends, and which statement it runs.

use std::collections::HashMap;

/// Codes of a first message that is answered by one byte: may TLS begin, may GSSAPI's encryption begin.
const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];
/// The code of a connection that only cancels a statement of another.
const CANCEL_REQUEST: u32 = 80_877_102;

/// The client's side of a connection: reads its messages in order.
#[derive(Default)]
pub(super) struct Client {
    started: bool,
    /// Statements by their names, and portals by theirs; the empty name is one too.
    statements: HashMap<Vec<u8>, String>,
    portals: HashMap<Vec<u8>, String>,
}

/// What a message of a client does.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Meaning {
    /// The text that it runs.
    pub(super) runs: Option<String>,
    /// Whether the server says that it is ready after it.
    pub(super) awaits_ready: bool,
    /// Whether the server answers it by a single byte.
    pub(super) awaits_byte: bool,
}

impl Client {
    /// The length of the first message of these bytes; none when it is not whole.
    pub(super) fn length(&self, bytes: &[u8]) -> Option<usize> {
        let type_length = usize::from(self.started);
        whole(bytes, type_length)
    }

    /// What a whole message means.
    pub(super) fn read(&mut self, message: &[u8]) -> Meaning {
        if !self.started {
            return self.read_first(message);
        }
        let (kind, body) = (message[0], &message[5..]);
        match kind {
            b'Q' => Meaning { runs: Some(text(body)), awaits_ready: true, awaits_byte: false },
            b'S' | b'F' => Meaning { awaits_ready: true, ..Meaning::default() },
            b'P' => {
                let (name, rest) = name(body);
                self.statements.insert(name.to_vec(), text(rest));
                Meaning::default()
            }
            b'B' => {
                let (portal, rest) = name(body);
                let statement = self.statements.get(name(rest).0).cloned().unwrap_or_default();
                self.portals.insert(portal.to_vec(), statement);
                Meaning::default()
            }
            b'E' => Meaning { runs: self.portals.get(name(body).0).cloned(), ..Meaning::default() },
            b'C' => {
                match body.split_first() {
                    Some((b'S', rest)) => self.statements.remove(name(rest).0),
                    Some((b'P', rest)) => self.portals.remove(name(rest).0),
                    _ => None,
                };
                Meaning::default()
            }
            _ => Meaning::default(),
        }
    }

    fn read_first(&mut self, message: &[u8]) -> Meaning {
        let code = number(message.get(4..8).unwrap_or_default());
        if ENCRYPTION_REQUESTS.contains(&code) {
            return Meaning { awaits_byte: true, ..Meaning::default() };
        }
        self.started = true;
        Meaning { awaits_ready: code != CANCEL_REQUEST, ..Meaning::default() }
    }
}

/// The length of the first message of a server's bytes; none when it is not whole.
pub(super) fn server_length(bytes: &[u8]) -> Option<usize> {
    whole(bytes, 1)
}

/// Whether a server's message says that it is ready for the next statement.
pub(super) fn is_ready(message: &[u8]) -> bool {
    message.first() == Some(&b'Z')
}

/// Whether the last statement of a text is a commit.
pub(super) fn is_commit(statements: &str) -> bool {
    let ends = |c: char| c == ';' || c.is_whitespace();
    let last = statements.trim_end_matches(ends).rsplit(';').next().unwrap_or_default();
    last.trim().eq_ignore_ascii_case("COMMIT")
}

/// A length of four bytes stands behind the type, and counts itself.
fn whole(bytes: &[u8], type_length: usize) -> Option<usize> {
    let length = bytes.get(type_length..type_length + 4)?;
    let length = type_length + usize::try_from(number(length)).expect("a length").max(4);
    (bytes.len() >= length).then_some(length)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// The bytes before the first zero, and those behind it.
fn name(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(name(bytes).0).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    fn first(code: u32) -> Vec<u8> {
        message(0, &code.to_be_bytes())[1..].to_vec()
    }

    fn started() -> Client {
        let mut client = Client::default();
        let begun = client.read(&first(196_608));
        assert_eq!(begun, Meaning { awaits_ready: true, ..Meaning::default() });
        client
    }

    #[test]
    fn a_commit_is_the_last_statement_however_it_is_written() {
        for text in ["COMMIT", "commit;", " Commit ; \n", "BEGIN; INSERT INTO a VALUES (1); COMMIT;"] {
            assert!(is_commit(text), "{text}");
        }
        for text in
            ["", ";", "COMMIT PREPARED 'a'", "COMMIT; BEGIN", "SELECT 'COMMIT'", "ROLLBACK", "COMMITTED"]
        {
            assert!(!is_commit(text), "{text}");
        }
    }

    #[test]
    fn messages_are_told_apart_by_their_lengths() {
        let client = started();
        let two = [message(b'Q', b"COMMIT\0"), message(b'S', b"")].concat();
        assert_eq!(client.length(&two), Some(12));
        assert_eq!(client.length(&two[12..]), Some(5));
        for short in 0..12 {
            assert_eq!(client.length(&two[..short]), None, "{short}");
        }
        assert_eq!(Client::default().length(&first(196_608)), Some(8));
    }

    #[test]
    fn a_prepared_commit_runs_when_its_portal_is_executed() {
        let mut client = started();
        assert_eq!(client.read(&message(b'P', b"s1\0COMMIT\0\0\0")), Meaning::default());
        assert_eq!(client.read(&message(b'B', b"\0s1\0\0\0\0\0\0\0")), Meaning::default());
        assert_eq!(client.read(&message(b'E', b"\0\0\0\0\0")).runs.as_deref(), Some("COMMIT"));
        client.read(&message(b'P', b"s2\0SELECT 1\0\0\0"));
        client.read(&message(b'B', b"p\0s2\0\0\0\0\0\0\0"));
        assert_eq!(client.read(&message(b'E', b"p\0\0\0\0\0")).runs.as_deref(), Some("SELECT 1"));
        client.read(&message(b'C', b"Pp\0"));
        assert_eq!(client.read(&message(b'E', b"p\0\0\0\0\0")).runs, None);
        assert!(client.read(&message(b'S', b"")).awaits_ready);
    }

    #[test]
    fn a_connection_may_ask_for_encryption_first_or_only_cancel() {
        let mut client = Client::default();
        assert!(client.read(&first(80_877_104)).awaits_byte && client.read(&first(80_877_103)).awaits_byte);
        assert!(client.read(&first(196_608)).awaits_ready);
        assert_eq!(client.read(&message(b'Q', b"COMMIT\0")).runs.as_deref(), Some("COMMIT"));
        assert_eq!(Client::default().read(&first(CANCEL_REQUEST)), Meaning::default());
    }
}
