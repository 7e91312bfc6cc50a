//! A socket, and what comes back on it.

use std::{
    fmt::Write as _,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    time::{Duration, Instant},
};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::support::card;

/// A connection on which a test decides every byte.
pub(crate) struct Raw(TcpStream);

/// Everything that came back until the peer closed or the time was over.
#[derive(Debug)]
pub(crate) struct Received {
    /// Status and body of each answer, in order; interim ones (1xx) left out.
    pub(crate) answers: Vec<(u16, String)>,
    /// How many interim answers there were.
    pub(crate) interim: usize,
    /// Bytes after the last whole answer.
    pub(crate) rest: usize,
    /// Whether the peer closed.
    pub(crate) closed: bool,
}

impl Raw {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self(stream)
    }

    /// A connection from an address of the machine's own choosing: all of 127.0.0.0/8 is loopback.
    pub(crate) fn open_from(source: Ipv4Addr, address: SocketAddr) -> Self {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&socket, &SocketAddrV4::new(source, 0)).expect("a source address");
        connect(&socket, &address).expect("a connection");
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true).expect("no delay");
        Self(stream)
    }

    /// Sends what the peer still takes.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok()
    }

    /// A request on a connection that stays open, and the status of its answer.
    pub(crate) fn status(&mut self, request: &str) -> Option<u16> {
        if !self.send(request) {
            return None;
        }
        let received = self.receive(Instant::now() + Duration::from_secs(20), 1);
        received.answers.first().map(|(status, _)| *status)
    }

    /// Reads until the peer closes, at most until then.
    pub(crate) fn until_closed(&mut self, deadline: Instant) -> Received {
        self.receive(deadline, usize::MAX)
    }

    fn receive(&mut self, deadline: Instant, enough: usize) -> Received {
        let mut bytes = Vec::new();
        let mut closed = false;
        loop {
            let received = parse(&bytes, closed);
            let left = deadline.saturating_duration_since(Instant::now());
            if closed || left.is_zero() || received.answers.len() >= enough {
                return received;
            }
            self.0.set_read_timeout(Some(left)).expect("a timeout");
            let mut chunk = [0; 16_384];
            match self.0.read(&mut chunk) {
                Ok(0) => closed = true,
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(_) => closed = true,
            }
        }
    }
}

/// Takes whole answers off the front, as a strict client would.
fn parse(mut bytes: &[u8], closed: bool) -> Received {
    let mut received = Received { answers: Vec::new(), interim: 0, rest: 0, closed };
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(start)) = response.parse(bytes) else { break };
        let status = response.code.expect("a status");
        if status < 200 {
            received.interim += 1;
            bytes = &bytes[start..];
            continue;
        }
        let length =
            response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length =
            length.map_or(0, |header| std::str::from_utf8(header.value).unwrap().parse::<usize>().unwrap());
        let Some(body) = bytes.get(start..start + length) else { break };
        received.answers.push((status, String::from_utf8_lossy(body).into_owned()));
        bytes = &bytes[start + length..];
    }
    received.rest = bytes.len();
    received
}

/// The head of an authorized create, without the lines that frame its body and without the empty line.
pub(crate) fn create_head() -> String {
    "POST /rebilly/tokens HTTP/1.1\r\nHost: vault\r\nREB-APIKEY: sk_sandbox_coffer\r\n".to_owned()
}

/// A whole authorized create with this body.
pub(crate) fn create_request(body: &str) -> String {
    format!("{}Content-Length: {}\r\n\r\n{body}", create_head(), body.len())
}

/// A body in chunks of this size.
pub(crate) fn chunked(body: &str, size: usize) -> String {
    let mut text = String::new();
    for chunk in body.as_bytes().chunks(size) {
        let _ = write!(text, "{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk));
    }
    text + "0\r\n\r\n"
}

/// A valid create's body, padded with white space to so many bytes.
pub(crate) fn padded(bytes: usize) -> String {
    let body = card().to_string();
    format!("{body}{}", " ".repeat(bytes - body.len()))
}
