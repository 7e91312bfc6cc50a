//! One HTTP/1.1 connection, by hand: a test decides every byte that is sent.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::contract;

/// A connection that is used for one call after the other.
pub struct Client {
    stream: TcpStream,
    address: SocketAddr,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self::try_new(address).expect("a connection")
    }

    pub fn try_new(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        Some(Self { stream, address })
    }

    /// Sends a request and reads the answer, which must be as the node's own document says.
    pub fn call(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_call(method, path, headers, body).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// The same; none when the connection fails before the answer is whole.
    pub fn try_call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address).into_bytes();
        for (name, value) in headers {
            request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if !body.is_empty() || method == "POST" {
            request.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body);
        self.send(&request)?;
        let answer = self.answer()?;
        contract::observe(self.address, method, path, &answer);
        Some(answer)
    }

    /// Announces a body of so many bytes and sends none of it. The connection is of no use after that.
    pub fn announce(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        bytes: usize,
    ) -> Option<Answer> {
        let headers: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (host, headers) = (self.address, headers.concat());
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {bytes}\r\n\r\n");
        self.send(request.as_bytes())?;
        let answer = self.answer()?;
        contract::observe(self.address, method, path, &answer);
        Some(answer)
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).ok()
    }

    /// Reads one answer; none when the peer closes first.
    pub fn answer(&mut self) -> Option<Answer> {
        let mut received = Vec::new();
        loop {
            if let Some(answer) = parse(&received) {
                return Some(answer);
            }
            let mut chunk = [0; 16_384];
            match self.stream.read(&mut chunk) {
                Ok(count) if count > 0 => received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return None,
            }
        }
    }

    /// Whether the peer closes within this time, whatever it sends before.
    pub fn closes_within(&mut self, longest: Duration) -> bool {
        self.stream.set_read_timeout(Some(longest)).expect("a timeout");
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::ConnectionReset,
            }
        }
    }
}

pub(super) fn parse(received: &[u8]) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = response.parse(received).ok()? else { return None };
    let headers: Vec<(String, String)> = response
        .headers
        .iter()
        .map(|header| (header.name.to_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let status = response.code?;
    // 204 has no body, and so no length of one (RFC 9110, 8.6).
    let length = match headers.iter().find(|(name, _)| name == "content-length") {
        Some((_, length)) => length.parse::<usize>().ok()?,
        None if status == 204 => 0,
        None => return None,
    };
    let body = received.get(start..start + length)?.to_vec();
    Some(Answer { status, headers, body })
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }
}
