//! Reads a case: a text with sections. `crates/analysis/cases/README.md` explains the sections.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use super::expect::Expected;

/// A case.
#[derive(Debug)]
pub(super) struct Case {
    /// Its folder and file.
    pub(super) name: String,
    /// The servers that it is for, by major version: the first and the last.
    pub(super) versions: (u32, u32),
    pub(super) steps: Vec<Step>,
}

/// A run, what is done before it, and what is expected of it.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) settings: Settings,
    pub(super) acts: Vec<Act>,
    /// Whether the run's session is terminated while it waits.
    pub(super) is_cut: bool,
    pub(super) expected: Vec<Expected>,
}

/// The stack's settings, as far as cases need them.
#[derive(Debug, Default, Clone)]
pub(super) struct Settings {
    pub(super) schema: Option<String>,
    pub(super) table: Option<String>,
    /// The database's encoding. The first step decides it.
    pub(super) encoding: Option<String>,
    pub(super) is_strict: bool,
    /// The time of an attempt, in seconds.
    pub(super) seconds: Option<u64>,
    pub(super) attempts: Option<usize>,
}

/// An action before a run.
#[derive(Debug)]
pub(super) enum Act {
    /// Runs statements.
    Setup { by: By, sql: String, fails: bool },
    /// Runs statements in a session of their own, which stays open. If `later`, it does so once the run holds the
    /// migration lock.
    Meanwhile { by: By, sql: String, later: bool },
    /// Terminates those sessions.
    MeanwhileEnds,
    /// Makes a file or a directory in the history's directory.
    Make { path: PathBuf, what: Made },
    /// Removes a file or a directory from there.
    Remove { path: PathBuf },
}

/// The role that runs statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Superuser,
    Role,
}

/// What to make in a directory.
#[derive(Debug)]
pub(super) enum Made {
    File { content: Vec<u8>, is_readable: bool },
    Link { to: String },
    Folder,
}

/// Returns all cases below `folder`, by name. An error names the file.
pub(super) fn cases(folder: &Path) -> Result<Vec<Case>, String> {
    let mut files = Vec::new();
    list(folder, &mut files).map_err(|error| format!("{}: {error}", folder.display()))?;
    files.sort();
    let read = |file: PathBuf| {
        let name = file.strip_prefix(folder).unwrap_or(&file).with_extension("").display().to_string();
        let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        case(&name, &text).map_err(|error| format!("{name}: {error}"))
    };
    files.into_iter().map(read).collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "case") {
            files.push(path);
        }
    }
    Ok(())
}

/// Returns the case with this `text`.
pub(super) fn case(name: &str, text: &str) -> Result<Case, String> {
    let mut case = Case { name: name.to_owned(), versions: (0, u32::MAX), steps: Vec::new() };
    let mut step = Step::default();
    let (about, sections) = text.split_once("=== ").ok_or("it has no section")?;
    if about.trim().is_empty() {
        return Err("it does not say what it is about".into());
    }
    for section in sections.split("\n=== ") {
        let (header, body) = section.split_once('\n').unwrap_or((section, ""));
        let Header { kind, argument, options } = Header::of(header);
        match kind {
            "only" => case.versions = versions(argument)?,
            "settings" => step.settings.read(body)?,
            "setup" => {
                step.acts.push(Act::Setup { by: by(&options), sql: text_of(body), fails: options.contains(&"fails") });
            }
            "meanwhile" if argument == "ends" => step.acts.push(Act::MeanwhileEnds),
            "meanwhile" => {
                let later = options.contains(&"once it runs");
                step.acts.push(Act::Meanwhile { by: by(&options), sql: text_of(body), later });
            }
            "history" => step.acts.push(made(argument, &options, body)?),
            "gone" => step.acts.push(Act::Remove { path: path(argument, &options)? }),
            "cut while waiting" => step.is_cut = true,
            "expect" => {
                step.expected = Expected::all(body)?;
                let settings = step.settings.clone();
                case.steps.push(std::mem::take(&mut step));
                step.settings = settings;
            }
            other => return Err(format!("there is no section {other:?}")),
        }
    }
    if case.steps.is_empty() || !step.acts.is_empty() {
        return Err("nothing is expected at its end".into());
    }
    Ok(case)
}

/// A section's header: `kind argument (option, option)`.
struct Header<'a> {
    kind: &'a str,
    argument: &'a str,
    options: Vec<&'a str>,
}

impl<'a> Header<'a> {
    fn of(header: &'a str) -> Self {
        let header = header.trim_end();
        let (rest, options) = header
            .strip_suffix(')')
            .and_then(|header| header.rsplit_once(" ("))
            .map_or((header, Vec::new()), |(rest, options)| (rest, options.split(", ").collect()));
        if rest == "cut while waiting" {
            return Self { kind: rest, argument: "", options };
        }
        let (kind, argument) = rest.split_once(' ').unwrap_or((rest, ""));
        Self { kind, argument, options }
    }
}

fn by(options: &[&str]) -> By {
    if options.contains(&"role") { By::Role } else { By::Superuser }
}

fn versions(argument: &str) -> Result<(u32, u32), String> {
    let number = |text: &str| text.parse().map_err(|_| format!("{argument:?} names no versions, as in 17+ or 15-16"));
    if let Some(from) = argument.strip_suffix('+') {
        return Ok((number(from)?, u32::MAX));
    }
    let (from, to) = argument.split_once('-').unwrap_or((argument, argument));
    Ok((number(from)?, number(to)?))
}

impl Settings {
    fn read(&mut self, body: &str) -> Result<(), String> {
        for line in body.lines().filter(|line| !line.trim().is_empty()) {
            let (name, value) = line.split_once(": ").ok_or_else(|| format!("{line:?} is no setting"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{value:?} is no number"));
            match name {
                "schema" => self.schema = Some(value.to_owned()),
                "sqlx table" => self.table = Some(value.to_owned()),
                "encoding" => self.encoding = Some(value.to_owned()),
                "divergence" => self.is_strict = value == "strict",
                "seconds" => self.seconds = Some(number()?),
                "attempts" => self.attempts = Some(usize::try_from(number()?).map_err(|error| error.to_string())?),
                _ => return Err(format!("there is no setting {name:?}")),
            }
        }
        Ok(())
    }
}

fn made(argument: &str, options: &[&str], body: &str) -> Result<Act, String> {
    let is_escaped = options.contains(&"escaped");
    let path = path(argument, options)?;
    let link = options.iter().find_map(|option| option.strip_prefix("link to "));
    let what = match link {
        Some(to) => Made::Link { to: to.to_owned() },
        None if options.contains(&"folder") => Made::Folder,
        None => Made::File {
            // Where everything is escaped, line ends are escaped too.
            content: if is_escaped { unescaped(&body.replace('\n', ""))? } else { text_of(body).into_bytes() },
            is_readable: !options.contains(&"unreadable"),
        },
    };
    Ok(Act::Make { path, what })
}

fn path(argument: &str, options: &[&str]) -> Result<PathBuf, String> {
    let is_escaped = options.contains(&"escaped");
    Ok(if is_escaped { OsString::from_vec(unescaped(argument)?).into() } else { argument.into() })
}

/// Returns a section's text, without the empty lines before the next section.
fn text_of(body: &str) -> String {
    let text = body.trim_end_matches('\n');
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

/// Returns the bytes of a text with `\xNN`, `\n`, `\r`, `\t` and `\\`.
fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend(before.as_bytes());
        let (byte, length) = match escape.as_bytes().first() {
            Some(b'n') => (b'\n', 1),
            Some(b'r') => (b'\r', 1),
            Some(b't') => (b'\t', 1),
            Some(b'\\') => (b'\\', 1),
            Some(b'x') => {
                let digits = escape.get(1..3).ok_or("\\x wants two digits")?;
                (u8::from_str_radix(digits, 16).map_err(|error| format!("\\x{digits}: {error}"))?, 3)
            }
            _ => return Err(format!("there is no escape \\{escape:.1}")),
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend(rest.as_bytes());
    Ok(bytes)
}
