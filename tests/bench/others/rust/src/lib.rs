//! What both programs share: a file in pieces, a line at a time, and counts.

use std::error::Error;
use std::fs::File;
use std::io::Read;

pub type Failure = Box<dyn Error>;

const PIECE: usize = 256 * 1024;

/// How many orders have which status: so few that a list is fastest.
#[derive(Default)]
pub struct Counts(Vec<(String, u64)>);

impl Counts {
    pub fn add(&mut self, status: &str) {
        match self.0.iter_mut().find(|(known, _)| known == status) {
            Some((_, count)) => *count += 1,
            None => self.0.push((status.to_owned(), 1)),
        }
    }

    /// STATUS, tab, count: a line each.
    pub fn print(&self) {
        for (status, count) in &self.0 {
            println!("{status}\t{count}");
        }
    }
}

/// Calls `each` with every line of a file, without its newline.
fn each_line(
    path: &str,
    mut each: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; PIECE];
    let mut held = 0; // of a line whose end is not there yet
    loop {
        if held == buffer.len() {
            buffer.resize(2 * held, 0);
        }
        let more = file.read(&mut buffer[held..])?;
        if more == 0 {
            break;
        }
        let end = held + more;
        let mut start = 0;
        for newline in memchr::memchr_iter(b'\n', &buffer[..end]) {
            each(&buffer[start..newline])?;
            start = newline + 1;
        }
        buffer.copy_within(start..end, 0);
        held = end - start;
    }
    if held > 0 {
        each(&buffer[..held])?;
    }
    Ok(())
}

/// Counts the file that the command line names, and prints the counts.
pub fn run(mut count: impl FnMut(&[u8], &mut Counts) -> Result<(), Failure>) {
    let path = std::env::args().nth(1).expect("usage: PROGRAM FILE");
    let mut counts = Counts::default();
    each_line(&path, |line| count(line, &mut counts))
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    counts.print();
}
