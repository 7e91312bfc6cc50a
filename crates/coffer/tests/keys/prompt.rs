//! A share is typed unseen, and however the prompt ends, the terminal shows again what is typed.

use std::{
    fs::File,
    io::{Read, Write},
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{Mode, OFlags, open},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, SpecialCodeIndex, tcgetattr},
};

use crate::shares::Vault;

const INTERRUPT: &[u8] = b"\x03";
const QUIT: &[u8] = b"\x1c";

/// A pseudo-terminal with a command in it that asks for shares.
struct Asking {
    keyboard: File,
    terminal: OwnedFd,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Asking {
    /// The command is in a session of its own, of which this is the terminal: its keys are signals.
    fn new(config: &Path) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let mut command = Command::new("setsid");
        command.args(["--ctty", env!("CARGO_BIN_EXE_coffer"), "fsck", "--config"]).arg(config);
        let child = command
            .stdin(Stdio::from(terminal.try_clone().unwrap()))
            .stdout(Stdio::null())
            .stderr(Stdio::from(terminal.try_clone().unwrap()))
            .spawn()
            .expect("setsid of util-linux");
        let (keyboard, said) = (File::from(keyboard), Arc::<Mutex<String>>::default());
        let (mut screen, shown) = (keyboard.try_clone().unwrap(), Arc::clone(&said));
        thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { keyboard, terminal, child, said }
    }

    fn shows(&self) -> bool {
        tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits until it has asked so often: what is typed now is not shown.
    fn hides(&mut self, asked: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.said.lock().unwrap().matches("your share").count() < asked {
            assert!(self.child.try_wait().unwrap().is_none(), "{}", self.said.lock().unwrap());
            assert!(Instant::now() < deadline, "it does not ask");
            thread::sleep(Duration::from_millis(2));
        }
        assert!(!self.shows(), "it asks before it hides");
    }

    fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }

    fn told(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// It has ended with this code, and the terminal shows what is typed.
    fn ended(mut self, code: i32) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let ended = loop {
            match self.child.try_wait().unwrap() {
                Some(ended) => break ended,
                None => assert!(Instant::now() < deadline, "it does not end"),
            }
            thread::sleep(Duration::from_millis(2));
        };
        assert_eq!(ended.code(), Some(code), "by the signal {:?}", ended.signal());
        assert!(self.shows(), "the terminal was left hidden");
        let modes = tcgetattr(&self.terminal).unwrap();
        assert_ne!(modes.special_codes[SpecialCodeIndex::VSUSP], 0, "and its keys as they were");
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A vault that was opened once, with its shares: a command asks for those that open it.
fn begun() -> (Vault, Vec<String>) {
    let vault = Vault::new();
    let shares = vault.init();
    let node = vault.start();
    vault.unsealed(&shares, &[0, 1, 2]);
    drop(node);
    (vault, shares)
}

#[test]
fn a_prompt_that_a_key_or_a_signal_ends_leaves_the_terminal_showing() {
    let (vault, _) = begun();
    let config = vault.path("coffer.toml");
    for (key, code) in [(INTERRUPT, 130), (QUIT, 131)] {
        let mut asking = Asking::new(&config);
        asking.hides(1);
        asking.press(key);
        asking.ended(code);
    }
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131), (Signal::TERM, 143)] {
        let mut asking = Asking::new(&config);
        asking.hides(1);
        asking.told(signal);
        asking.ended(code);
    }
}

#[test]
fn every_prompt_is_hidden_and_none_can_be_stopped() {
    let (vault, shares) = begun();
    let mut asking = Asking::new(&vault.path("coffer.toml"));
    assert!(asking.shows(), "before it asks");
    asking.hides(1);
    let modes = tcgetattr(&asking.terminal).unwrap();
    assert_eq!(modes.special_codes[SpecialCodeIndex::VSUSP], 0, "a shell leaves a stopped command's showing");
    for (line, asked) in [("no share", 2), (&shares[0], 3)] {
        asking.press(format!("{line}\n").as_bytes());
        asking.hides(asked);
    }
    asking.press(b"typed in part");
    asking.press(INTERRUPT);
    let said = Arc::clone(&asking.said);
    asking.ended(130);
    let said = said.lock().unwrap();
    assert!(said.contains("1 of 3") && said.contains("Custodian 2"), "{said}");
    for typed in ["no share", &shares[0][..20], "typed in part"] {
        assert!(!said.contains(typed), "what was typed was shown");
    }
}
