//! A relay that delays what passes to the server: `relay PORT ROUND_TRIP_US [log]`.
//!
//! It delays each direction by half of the round trip. It delays a client's first message by a whole one, which opening
//! the connection would have taken. It prints the port that it listens on. It answers every line on its standard input
//! with what it counted since the last time. If it keeps a log, it prints every message and its time before that. It
//! ends when its standard input ends.
//!
//! It counts a round trip when the first byte of an answer comes back, and when a connection is opened.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, hint, thread};

/// How much later than asked the system wakes a sleeping thread. The thread spends the rest of the time awake.
const WAKES_LATE: Duration = Duration::from_micros(80);

/// How many bytes of a message the log shows.
const SHOWN: usize = 4_000;

struct Counts {
    since: Instant,
    connections: AtomicU64,
    round_trips: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    log: Option<Mutex<Vec<String>>>,
}

/// One connection, as both of its directions see it.
struct Link {
    number: u64,
    /// Whether something was sent that has no answer yet.
    asked: AtomicBool,
    /// When a real connection would be open.
    open_at: Instant,
    half: Duration,
    counts: Arc<Counts>,
}

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [port, round_trip, rest @ ..] = &arguments[..] else {
        return Err(io::Error::other("usage: relay PORT ROUND_TRIP_US [log]"));
    };
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let half = Duration::from_micros(round_trip.parse().map_err(io::Error::other)?) / 2;
    let counts = Arc::new(Counts {
        since: Instant::now(),
        connections: AtomicU64::new(0),
        round_trips: AtomicU64::new(0),
        sent: AtomicU64::new(0),
        received: AtomicU64::new(0),
        log: rest.iter().any(|argument| argument == "log").then(Mutex::default),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    say(&listener.local_addr()?.port().to_string())?;
    let accepting = Arc::clone(&counts);
    thread::spawn(move || {
        for (number, client) in (0..).zip(listener.incoming().flatten()) {
            accepting.connections.fetch_add(1, Ordering::Relaxed);
            accepting.round_trips.fetch_add(1, Ordering::Relaxed);
            let asked = AtomicBool::new(false);
            let link = Link { number, asked, open_at: Instant::now() + half * 2, half, counts: Arc::clone(&accepting) };
            // If no server listens, dropping the client's end hangs up.
            if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                drop(serve(&Arc::new(link), &client, &server));
            }
        }
    });
    for line in io::stdin().lock().lines() {
        line?;
        if let Some(log) = &counts.log {
            let passed = std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner));
            say(&passed.join("\n"))?;
        }
        let [connections, round_trips, sent, received] =
            [&counts.connections, &counts.round_trips, &counts.sent, &counts.received]
                .map(|counter| counter.swap(0, Ordering::Relaxed));
        say(&format!(
            r#"{{"connections": {connections}, "round_trips": {round_trips}, "sent": {sent}, "received": {received}}}"#
        ))?;
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

fn serve(link: &Arc<Link>, client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    for end in [client, server] {
        end.set_nodelay(true)?;
    }
    for (from_client, source, sink) in [(true, client, server), (false, server, client)] {
        let (source, sink) = (source.try_clone()?, sink.try_clone()?);
        let (sender, receiver) = channel();
        let link = Arc::clone(link);
        thread::spawn(move || read(&link, from_client, source, &sender));
        thread::spawn(move || hand_on(sink, &receiver));
    }
    Ok(())
}

/// Reads from the source and computes when each piece is due at the other end; an empty piece means the end.
fn read(link: &Link, from_client: bool, mut source: TcpStream, sender: &Sender<(Instant, Vec<u8>)>) {
    let mut buffer = vec![0; 65_536];
    let mut framing = Framing { rest: Vec::new(), untyped: from_client };
    loop {
        let length = source.read(&mut buffer).unwrap_or(0);
        let piece = &buffer[..length];
        let now = Instant::now();
        if length > 0 {
            let counter = if from_client { &link.counts.sent } else { &link.counts.received };
            counter.fetch_add(length as u64, Ordering::Relaxed);
            link.log(from_client, now, &mut framing, piece);
            if from_client {
                link.asked.store(true, Ordering::Relaxed);
            } else if link.asked.swap(false, Ordering::Relaxed) {
                link.counts.round_trips.fetch_add(1, Ordering::Relaxed);
            }
        }
        let from = if from_client { now.max(link.open_at) } else { now };
        if sender.send((from + link.half, piece.to_vec())).is_err() || length == 0 {
            return;
        }
    }
}

fn hand_on(mut sink: TcpStream, receiver: &Receiver<(Instant, Vec<u8>)>) {
    for (due, piece) in receiver {
        let left = due.saturating_duration_since(Instant::now());
        thread::sleep(left.saturating_sub(WAKES_LATE));
        while Instant::now() < due {
            hint::spin_loop();
        }
        if piece.is_empty() || sink.write_all(&piece).is_err() {
            break;
        }
    }
    drop(sink.shutdown(Shutdown::Write));
}

/// Splits a stream into PostgreSQL's messages. A client's first message has no type.
struct Framing {
    rest: Vec<u8>,
    untyped: bool,
}

impl Framing {
    fn next(&mut self) -> Option<(char, Vec<u8>)> {
        let head = usize::from(!self.untyped);
        let length = self.rest.get(head..head + 4)?;
        let end = head + length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        if self.rest.len() < end {
            return None;
        }
        let message: Vec<u8> = self.rest.drain(..end).collect();
        let kind = if self.untyped { 'S' } else { char::from(message[0]) };
        self.untyped = false;
        Some((kind, message.get(head + 4..)?.to_vec()))
    }
}

impl Link {
    /// Logs what the client sends, and when the server is ready again: time in microseconds, connection, direction,
    /// type, and the text of a query.
    fn log(&self, from_client: bool, now: Instant, framing: &mut Framing, piece: &[u8]) {
        let Some(log) = &self.counts.log else { return };
        framing.rest.extend_from_slice(piece);
        let mut lines = Vec::new();
        while let Some((kind, body)) = framing.next() {
            if !from_client && kind != 'Z' {
                continue;
            }
            let mut line = String::new();
            let at = now.duration_since(self.counts.since).as_micros();
            let direction = if from_client { '>' } else { '<' };
            // Formatting into a text cannot fail.
            let _ = write!(line, "{at}\t{}\t{direction}\t{kind}\t", self.number);
            if from_client && matches!(kind, 'Q' | 'P') {
                let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
                line.extend(text.chars().map(|character| if character.is_control() { ' ' } else { character }));
            }
            lines.push(line);
        }
        log.lock().unwrap_or_else(PoisonError::into_inner).append(&mut lines);
    }
}
