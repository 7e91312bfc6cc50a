//! Looks for bytes in the whole memory of a live process, as root can and a thief with a memory dump would.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

const CHUNK: usize = 1 << 20;

/// Every place where one of these byte strings is, with some bytes around it: by the index of the needle.
pub(crate) fn find(process: u32, needles: &[Vec<u8>]) -> Vec<Vec<String>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("the maps of the process");
    let memory = File::open(format!("/proc/{process}/mem")).expect("root may read the memory");
    let longest = needles.iter().map(Vec::len).max().expect("needles");
    let mut found = vec![Vec::new(); needles.len()];
    let mut bytes = 0_u64;
    for line in maps.lines() {
        let mut parts = line.split_whitespace();
        let (range, modes) = (parts.next().unwrap(), parts.next().unwrap());
        // What the system maps into every process has no memory of its own.
        if !modes.starts_with('r') || line.ends_with("[vvar]") || line.contains("[vsyscall]") {
            continue;
        }
        let (begin, end) = range.split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|one| u64::from_str_radix(one, 16).unwrap());
        let mut at = begin;
        while at < end {
            let wanted = usize::try_from((end - at).min(CHUNK as u64)).unwrap();
            let mut chunk = vec![0; wanted];
            let Ok(count) = memory.read_at(&mut chunk, at) else { break };
            bytes += count as u64;
            search(&chunk[..count], line, needles, &mut found);
            if count < wanted || at + count as u64 >= end {
                break;
            }
            // A needle may lie across the border; one that lies whole in the overlap is counted twice, never missed.
            at += (count - longest) as u64;
        }
    }
    assert!(bytes > 8 << 20, "the memory was read: {bytes} bytes");
    found
}

fn search(chunk: &[u8], line: &str, needles: &[Vec<u8>], found: &mut [Vec<String>]) {
    for (needle, found) in needles.iter().zip(found) {
        let (first, length) = (needle[0], needle.len());
        let mut from = 0;
        while let Some(step) = chunk[from..].iter().position(|byte| *byte == first) {
            let at = from + step;
            if chunk[at..].starts_with(needle) {
                let around = &chunk[at.saturating_sub(48)..(at + length + 32).min(chunk.len())];
                let place = line.split_whitespace().nth(5).unwrap_or("heap");
                found.push(format!("{place}: {}", around.escape_ascii()));
            }
            from = at + 1;
        }
    }
}
