//! Somebody else who takes every connection that a server has.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use coffer_postgres_fixture::Server;

/// All connections that were free. Dropping it gives them back.
pub(crate) struct Hog(#[expect(dead_code, reason = "they are held")] Vec<TcpStream>);

impl Hog {
    /// Takes connections until the server has none left.
    pub(crate) fn take_all(server: &Server) -> Self {
        let mut taken = Vec::new();
        while let Some(connection) = take(server.address()) {
            taken.push(connection);
        }
        Self(taken)
    }
}

/// One connection as the server's superuser, whom it trusts; none when it has none left (53300).
fn take(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let names = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(names.len() + 8).expect("short").to_be_bytes();
    // Version 3.0 of the protocol.
    let request = [&length[..], &[0, 3, 0, 0], names].concat();
    stream.write_all(&request).expect("a request");
    let mut kind = [0];
    stream.read_exact(&mut kind).expect("an answer");
    match kind {
        // It is let in.
        [b'R'] => Some(stream),
        // The server refuses.
        [b'E'] => {
            let mut said = String::new();
            let _ = stream.read_to_string(&mut said);
            assert!(said.contains("53300"), "{said}");
            None
        }
        other => panic!("an answer of the kind {other:?}"),
    }
}
