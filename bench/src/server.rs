//! The processes that are measured: started, watched until they answer, and killed whatever happens.

use crate::Failure;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to answer for the first time.
const START_MAX: Duration = Duration::from_secs(30);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const PROBE_PAUSE: Duration = Duration::from_millis(1);

/// A running server. Dropping it kills the process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer.
    pub(crate) start: Duration,
    child: Child,
}

/// A folder that goes away when it is dropped. It lies beside the binaries, because a folder for temporary files
/// may be memory, and a commit to memory measures nothing.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self, Failure> {
        let path = own_folder()?.join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(Failure::while_doing("making a folder"))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}

/// The folder of this program, where cargo puts the product too.
pub(crate) fn own_folder() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe().map_err(Failure::while_doing("looking for this program"))?;
    program.parent().map(Path::to_owned).ok_or_else(|| Failure::because("this program has no folder"))
}

impl Server {
    /// The yardstick: this program again.
    pub(crate) fn echo(folder: &Folder) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::while_doing("looking for this program"))?;
        let address = free_address()?;
        let mut command = Command::new(program);
        command.args(["echo", "--listen", &address.to_string()]);
        Self::start(command, address, "POST /echo", &folder.0.join("echo.log"))
    }

    /// The product's sandbox with a fresh store.
    pub(crate) fn coffer(program: &Path, folder: &Folder, store: Option<&str>) -> Result<Self, Failure> {
        let address = free_address()?;
        let mut command = Command::new(program);
        command.args(["sandbox", "--listen", &address.to_string(), "--data"]).arg(folder.0.join("sandbox"));
        if let Some(url) = store {
            command.args(["--store", url]);
        }
        Self::start(command, address, "GET /readyz", &folder.0.join("coffer.log"))
    }

    /// Starts a process and asks until it answers 200; what it prints goes to a file, as in real life.
    fn start(mut command: Command, address: SocketAddr, probe: &str, log: &Path) -> Result<Self, Failure> {
        let program = PathBuf::from(command.get_program());
        let unable = || format!("starting {}", program.display());
        let output = File::create(log).map_err(Failure::while_doing(unable()))?;
        let errors = output.try_clone().map_err(Failure::while_doing(unable()))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let began = Instant::now();
        let child = command.spawn().map_err(Failure::while_doing(unable()))?;
        let mut server = Self { address, start: Duration::ZERO, child };
        while !answers(address, probe) {
            let ended = server.child.try_wait().map_err(Failure::while_doing(unable()))?;
            if let Some(status) = ended {
                return Err(Failure::because(format!("{}: ended with {status}\n{}", unable(), tail(log))));
            }
            if began.elapsed() > START_MAX {
                let seconds = START_MAX.as_secs();
                return Err(Failure::because(format!(
                    "{}: not ready in {seconds} s\n{}",
                    unable(),
                    tail(log)
                )));
            }
            std::thread::sleep(PROBE_PAUSE);
        }
        server.start = began.elapsed();
        Ok(server)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in KiB, of which the kernel keeps the count.
    pub(crate) fn resident_kib(&self) -> Result<u64, Failure> {
        let path = format!("/proc/{}/status", self.process());
        let status =
            std::fs::read_to_string(path).map_err(Failure::while_doing("reading the memory size"))?;
        resident(&status).ok_or_else(|| Failure::because("the kernel names no memory size"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill and little to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `VmRSS` of `/proc/PID/status` (proc(5)), in KiB.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// An address that was free a moment ago.
fn free_address() -> Result<SocketAddr, Failure> {
    let listener =
        TcpListener::bind("127.0.0.1:0").map_err(Failure::while_doing("looking for a free port"))?;
    listener.local_addr().map_err(Failure::while_doing("looking for a free port"))
}

/// Whether the server answers the probe with 200.
fn answers(address: SocketAddr, probe: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, PROBE_TIMEOUT)?;
        stream.set_read_timeout(Some(PROBE_TIMEOUT))?;
        let body = if probe.starts_with("POST") {
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        } else {
            "\r\n"
        };
        let request = format!("{probe} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{body}");
        stream.write_all(request.as_bytes())?;
        let mut status = [0; 13];
        stream.read_exact(&mut status)?;
        Ok(&status == b"HTTP/1.1 200 ")
    };
    ask().unwrap_or(false)
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_size_is_read_in_kib() {
        assert_eq!(resident("Name:\ta\nVmPeak:\t 9 kB\nVmRSS:\t    5120 kB\nRssAnon:\t 1 kB\n"), Some(5120));
        assert_eq!(resident("Name:\ta\n"), None);
        assert_eq!(resident("VmRSS:\t5 MB\n"), None);
    }

    #[test]
    fn a_program_that_ends_at_once_is_reported_with_its_words() {
        let folder = Folder::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo its words; exit 3"]);
        // Nobody can listen at port 0. A port that was free a moment ago may be the listener of another test by now.
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let failed = Server::start(command, address, "GET /readyz", &folder.0.join("log")).err().unwrap();
        let message = failed.to_string();
        assert!(message.contains("its words") && message.contains('3'), "{message}");
    }

    #[test]
    fn only_a_200_is_an_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            for status in ["503 Busy", "200 OK"] {
                let (mut stream, _) = listener.accept().unwrap();
                assert!(stream.read(&mut [0; 512]).unwrap() > 0);
                // In one piece: who asks leaves after the status, and a second one would meet nobody.
                stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).unwrap();
            }
        });
        assert!(!answers(address, "GET /readyz"));
        assert!(answers(address, "GET /readyz"));
        server.join().unwrap();
        assert!(!answers(SocketAddr::from(([127, 0, 0, 1], 0)), "GET /readyz"), "nobody listens there");
    }
}
