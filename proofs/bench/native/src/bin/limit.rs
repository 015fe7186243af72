//! The lower limit: `limit each|together LIST` sends scripts to PostgreSQL and does nothing else.
//!
//! LIST is a file that names one script a line, with `outside<TAB>` before a script that cannot share a transaction
//! with others. `each` sends every script as one simple query. `together` sends them inside of one transaction, and
//! interrupts it where a script has to run outside. `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD` and `PGDATABASE` say
//! where to connect.
//!
//! It keeps no ledger and takes no lock. A tool that does both cannot be faster, unless its commits wait less.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::{env, fs};

use sha2::{Digest as _, Sha256};

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [mode, list] = &arguments[..] else { return Err(io::Error::other("usage: limit each|together LIST")) };
    let list = fs::read_to_string(list)?;
    let mut session = Session::open()?;
    let mut inside = false;
    for line in list.lines() {
        let (outside, path) = line.strip_prefix("outside\t").map_or((false, line), |path| (true, path));
        if mode == "together" && outside == inside {
            session.query(if inside { "COMMIT" } else { "BEGIN" })?;
            inside = !inside;
        }
        let script = fs::read_to_string(path)?;
        session.query(&script).map_err(|error| io::Error::other(format!("{path}: {error}")))?;
    }
    if inside {
        session.query("COMMIT")?;
    }
    session.send(b'X', b"")
}

/// A connection without TLS.
struct Session {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Session {
    fn open() -> io::Result<Self> {
        let variable = |name: &str| env::var(name).map_err(|_| io::Error::other(format!("{name} is not set")));
        let stream = TcpStream::connect(format!("{}:{}", variable("PGHOST")?, variable("PGPORT")?))?;
        stream.set_nodelay(true)?;
        let mut session = Self { stream, buffer: Vec::new() };
        let parameters =
            ["user", &variable("PGUSER")?, "database", &variable("PGDATABASE")?, "application_name", "limit", ""];
        let mut startup = 196_608_i32.to_be_bytes().to_vec();
        for text in parameters {
            startup.extend_from_slice(text.as_bytes());
            startup.push(0);
        }
        let framed = [&length_of(&startup)?[..], &startup].concat();
        session.stream.write_all(&framed)?;
        session.authenticate(&variable("PGPASSWORD")?)?;
        session.until_ready()?;
        Ok(session)
    }

    /// Authenticates by SCRAM-SHA-256. The server's own proof is not checked: the server is the one that was just
    /// started.
    fn authenticate(&mut self, password: &str) -> io::Result<()> {
        // Nothing here is secret from a listener on loopback, so a fixed nonce is enough.
        let mine = "n=,r=bench";
        let mut first = b"SCRAM-SHA-256\0".to_vec();
        first.extend_from_slice(&length_of_text(&format!("n,,{mine}"))?);
        first.extend_from_slice(format!("n,,{mine}").as_bytes());
        loop {
            let (kind, body) = self.receive()?;
            if kind != b'R' || body.len() < 4 {
                return Err(io::Error::other(String::from_utf8_lossy(&body).into_owned()));
            }
            match i32::from_be_bytes([body[0], body[1], body[2], body[3]]) {
                0 => return Ok(()),
                10 => self.send(b'p', &first)?,
                11 => {
                    let server = String::from_utf8_lossy(&body[4..]).into_owned();
                    let field = |name: &str| {
                        let found = server.split(',').find_map(|field| field.strip_prefix(name));
                        found.ok_or_else(|| io::Error::other("an authentication of another kind"))
                    };
                    let rounds: u32 = field("i=")?.parse().map_err(io::Error::other)?;
                    let key = salted_password(password.as_bytes(), &decode(field("s=")?), rounds);
                    let client_key = Hmac::new(&key).over(b"Client Key");
                    let last = format!("c=biws,r={}", field("r=")?);
                    let signed = format!("{mine},{server},{last}");
                    let signature = Hmac::new(&Sha256::digest(client_key)).over(signed.as_bytes());
                    let proof: Vec<_> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
                    self.send(b'p', format!("{last},p={}", encode(&proof)).as_bytes())?;
                }
                12 => {}
                other => return Err(io::Error::other(format!("authentication {other} is not supported"))),
            }
        }
    }

    fn query(&mut self, sql: &str) -> io::Result<()> {
        let mut body = Vec::with_capacity(sql.len() + 1);
        body.extend_from_slice(sql.as_bytes());
        body.push(0);
        self.send(b'Q', &body)?;
        self.until_ready()
    }

    fn send(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        self.stream.write_all(&[&[kind][..], &length_of(body)?, body].concat())
    }

    fn until_ready(&mut self) -> io::Result<()> {
        let mut failed = None;
        loop {
            match self.receive()? {
                (b'Z', _) => return failed.map_or(Ok(()), |error: String| Err(io::Error::other(error))),
                (b'E', body) => failed = Some(String::from_utf8_lossy(&body).replace('\0', " ")),
                _ => {}
            }
        }
    }

    fn receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        loop {
            if let Some(length) = self.buffer.get(1..5) {
                let end = 1 + length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                if self.buffer.len() >= end {
                    let message: Vec<u8> = self.buffer.drain(..end).collect();
                    return Ok((message[0], message[5..].to_vec()));
                }
            }
            let mut piece = [0; 16_384];
            let length = self.stream.read(&mut piece)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&piece[..length]);
        }
    }
}

fn length_of(body: &[u8]) -> io::Result<[u8; 4]> {
    i32::try_from(body.len() + 4).map(i32::to_be_bytes).map_err(io::Error::other)
}

fn length_of_text(text: &str) -> io::Result<[u8; 4]> {
    i32::try_from(text.len()).map(i32::to_be_bytes).map_err(io::Error::other)
}

fn salted_password(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let hmac = Hmac::new(password);
    let mut block = hmac.over(&[salt, &1_u32.to_be_bytes()].concat());
    let mut sum = block;
    for _ in 1..rounds {
        block = hmac.over(&block);
        for (sum, byte) in sum.iter_mut().zip(block) {
            *sum ^= byte;
        }
    }
    sum
}

/// HMAC-SHA-256 with a fixed key.
struct Hmac {
    inner: Sha256,
    outer: Sha256,
}

impl Hmac {
    fn new(key: &[u8]) -> Self {
        let mut block = [0; 64];
        if key.len() > block.len() {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let keyed = |pad: u8| Sha256::new().chain_update(block.map(|byte| byte ^ pad));
        Self { inner: keyed(0x36), outer: keyed(0x5c) }
    }

    fn over(&self, message: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(message).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0_usize, |sum, index| sum << 8 | usize::from(*chunk.get(index).unwrap_or(&0)));
        for index in 0..4 {
            let digit = char::from(BASE64[number >> (18 - 6 * index) & 63]);
            text.push(if index <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut number, mut bits) = (0_u32, 0);
    for value in text.bytes().filter_map(|byte| (0_u32..).zip(BASE64).find(|(_, digit)| **digit == byte)) {
        (number, bits) = (number << 6 | value.0, bits + 6);
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(number >> bits & 255).unwrap_or(0));
        }
    }
    bytes
}
