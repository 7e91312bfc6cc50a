//! One kept-alive connection: bytes out, an answer in. As little work as possible, because the load generator
//! shares the processors with what it measures.

use crate::Failure;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The largest answer, head and body, in bytes.
const ANSWER_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 48;

/// A connection with room for one answer.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

/// What an answer said.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// The `Location` header, when there is one in UTF-8.
    pub(crate) location: Option<&'a str>,
    pub(crate) body: &'a [u8],
    /// The server will close the connection.
    pub(crate) last: bool,
}

/// A head that has arrived in full.
#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// Where the body is.
    body: Range<usize>,
    location: Option<Range<usize>>,
    last: bool,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await.map_err(Failure::while_doing("connecting"))?;
        stream.set_nodelay(true).map_err(Failure::while_doing("connecting"))?;
        Ok(Self { stream, buffer: vec![0; ANSWER_MAX].into() })
    }

    /// Sends a whole request and reads the whole answer. After an error the connection is of no more use.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, Failure> {
        self.write(request).await?;
        let mut filled = 0;
        let mut head: Option<Head> = None;
        loop {
            filled += self.read(filled).await?;
            if head.is_none() {
                head = parse_head(&self.buffer[..filled])?;
            }
            if let Some(head) = head.take_if(|head| head.body.end <= filled) {
                if head.body.end < filled {
                    return Err(Failure::because("bytes behind the answer"));
                }
                return Ok(self.answer(head));
            }
        }
    }

    fn answer(&self, head: Head) -> Answer<'_> {
        let location = head.location.and_then(|range| std::str::from_utf8(&self.buffer[range]).ok());
        Answer { status: head.status, location, body: &self.buffer[head.body], last: head.last }
    }

    async fn write(&mut self, mut request: &[u8]) -> Result<(), Failure> {
        while !request.is_empty() {
            let written = poll_fn(|context| Pin::new(&mut self.stream).poll_write(context, request)).await;
            let written = written.map_err(Failure::while_doing("sending"))?;
            request = &request[written..];
        }
        Ok(())
    }

    /// Reads at least one byte behind the first `filled`.
    async fn read(&mut self, filled: usize) -> Result<usize, Failure> {
        let Self { stream, buffer } = self;
        let mut free = ReadBuf::new(&mut buffer[filled..]);
        if free.remaining() == 0 {
            return Err(Failure::because(format!("an answer of more than {ANSWER_MAX} bytes")));
        }
        // `poll_read` and not `try_read`: it knows that a short read emptied the socket and saves a system call.
        let read = poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut free)).await;
        read.map_err(Failure::while_doing("reading"))?;
        match free.filled().len() {
            0 => Err(Failure::because("the server closed the connection")),
            read => Ok(read),
        }
    }
}

/// The head at the beginning of `bytes`, once it is complete.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(Failure::while_doing("reading an answer's head"))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    let mut content_length = (status == 204).then_some(0);
    let mut head = Head { status, body: 0..0, location: None, last: false };
    for header in response.headers.iter() {
        let text = || std::str::from_utf8(header.value).unwrap_or_default().trim();
        if header.name.eq_ignore_ascii_case("content-length") {
            content_length = text().parse().ok();
        } else if header.name.eq_ignore_ascii_case("location") {
            let start = header.value.as_ptr().addr() - bytes.as_ptr().addr();
            head.location = Some(start..start + header.value.len());
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.last = text().eq_ignore_ascii_case("close");
        }
    }
    let body: usize = content_length.ok_or_else(|| Failure::because("an answer without Content-Length"))?;
    head.body = length..length.saturating_add(body);
    Ok(Some(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    const CREATED: &[u8] =
        b"HTTP/1.1 201 Created\r\nLocation: http://a/tokens/b\r\ncontent-length: 5\r\n\r\nhello";

    #[test]
    fn a_head_is_known_when_its_last_byte_is_there() {
        let length = CREATED.len() - 5;
        for part in 0..length {
            assert_eq!(parse_head(&CREATED[..part]).unwrap(), None);
        }
        let head = parse_head(&CREATED[..length]).unwrap().unwrap();
        assert_eq!((head.status, head.body, head.last), (201, length..length + 5, false));
        assert_eq!(&CREATED[head.location.unwrap()], b"http://a/tokens/b");
    }

    #[test]
    fn an_answer_must_say_how_long_it_is() {
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
        assert!(parse_head(b"SSH-2.0-x\r\n").is_err());
        assert_eq!(parse_head(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap().body.len(), 0);
    }

    #[test]
    fn a_server_that_will_close_says_so() {
        let head = parse_head(b"HTTP/1.1 503 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert!(head.unwrap().unwrap().last);
    }

    /// Plays a server that reads one request and answers in the given pieces.
    fn exchange(pieces: Vec<&'static [u8]>) -> Result<(u16, Vec<u8>), Failure> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            assert_eq!(stream.read(&mut [0; 64]).unwrap(), 4);
            for piece in pieces {
                stream.write_all(piece).unwrap();
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async {
            let mut connection = Connection::open(address).await.unwrap();
            let answer = connection.exchange(b"GET ").await?;
            Ok((answer.status, answer.body.to_vec()))
        });
        server.join().unwrap();
        answer
    }

    #[test]
    fn answers_in_pieces_are_put_together() {
        assert_eq!(exchange(vec![CREATED]).unwrap(), (201, b"hello".to_vec()));
        let (head, body) = CREATED.split_at(CREATED.len() - 3);
        assert_eq!(exchange(vec![&head[..10], &head[10..], body]).unwrap(), (201, b"hello".to_vec()));
    }

    #[test]
    fn answers_that_stop_short_are_errors() {
        assert!(exchange(vec![]).is_err());
        assert!(exchange(vec![&CREATED[..CREATED.len() - 1]]).is_err());
    }
}
