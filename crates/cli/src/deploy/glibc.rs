//! Proves that Lambda's glibc has every symbol that a built function needs. Without one of them no invocation would ever
//! start.

use std::collections::BTreeSet;
use std::path::Path;

use super::packages::programs;
use crate::problem::Problem;

/// The glibc version of the runtime provided.al2023.
const LAMBDAS: [u32; 2] = [2, 34];

const SHT_GNU_VERNEED: u32 = 0x6fff_fffe;

/// Checks the functions in `sam build`'s directory.
///
/// # Errors
///
/// Names a function that could not start on Lambda.
pub(crate) fn check(build: &Path) -> Result<(), Problem> {
    for (function, program) in programs(build) {
        let content = std::fs::read(&program)
            .map_err(|error| Problem::usage(format!("{} cannot be read: {error}", program.display())))?;
        let Some(needed) = versions(&content) else {
            return Err(Problem::usage(format!(
                "{} is no program for Linux: run lockstep deploy without --no-build",
                program.display()
            )));
        };
        let newer: Vec<_> = needed.into_iter().filter(|version| is_newer(version)).collect();
        if !newer.is_empty() {
            return Err(Problem::usage(format!(
                "{function} needs {}, and Lambda's glibc is {}.{}: it could not start there. Let cargo-lambda link with zig, as it \
                 does unless CARGO_LAMBDA_COMPILER or Cargo.toml names another compiler, and run lockstep deploy without --no-build",
                newer.join(", "),
                LAMBDAS[0],
                LAMBDAS[1]
            )));
        }
    }
    Ok(())
}

/// Returns the symbol versions that a file needs, such as `GLIBC_2.34`. The file is a 64-bit ELF, little-endian. Returns
/// `None` for another file.
fn versions(elf: &[u8]) -> Option<BTreeSet<String>> {
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let file = File(elf);
    let (sections, size, count) = (file.long(0x28)?, file.short(0x3a)?, file.short(0x3c)?);
    let section = |index: usize| sections.checked_add(usize::from(size).checked_mul(index)?);
    let mut found = BTreeSet::new();
    for index in 0..usize::from(count) {
        let header = section(index)?;
        if file.word(header + 4)? != SHT_GNU_VERNEED {
            continue;
        }
        let mut library = file.long(header + 24)?;
        let names = section(file.index(header + 40)?)?;
        let text = file.long(names + 24)?;
        for _ in 0..file.word(header + 44)? {
            let mut symbol = library + file.index(library + 8)?;
            for _ in 0..file.short(library + 2)? {
                found.insert(file.text(text + file.index(symbol + 8)?)?);
                symbol += file.index(symbol + 12)?;
            }
            library += file.index(library + 12)?;
        }
    }
    Some(found)
}

/// The numbers of a file. Each is `None` beyond its end.
struct File<'a>(&'a [u8]);

impl File<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn short(&self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn word(&self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    /// Returns a word as an index or a distance.
    fn index(&self, at: usize) -> Option<usize> {
        usize::try_from(self.word(at)?).ok()
    }

    fn long(&self, at: usize) -> Option<usize> {
        usize::try_from(self.bytes(at).map(u64::from_le_bytes)?).ok()
    }

    fn text(&self, at: usize) -> Option<String> {
        let text = self.0.get(at..)?.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

fn is_newer(version: &str) -> bool {
    let Some(number) = version.strip_prefix("GLIBC_") else { return false };
    let parts: Option<Vec<u32>> = number.split('.').map(|part| part.parse().ok()).collect();
    // A version without a number, such as GLIBC_ABI_DT_RELR, is newer than 2.34 or not for programs.
    parts.is_none_or(|parts| parts.as_slice() > LAMBDAS.as_slice())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    /// Links a program that calls one function of a library for each of the versions. The program is not run.
    fn program(directory: &Path, needed: &[&str]) -> PathBuf {
        std::fs::create_dir_all(directory).unwrap();
        let each = |one: &dyn Fn(usize, &str) -> String| {
            needed.iter().enumerate().map(|(at, name)| one(at, name)).collect::<String>()
        };
        let write = |name: &str, text: String| std::fs::write(directory.join(name), text).unwrap();
        write("library.c", each(&|at, _| format!("void f{at}(void) {{}}\n")));
        write("library.map", each(&|at, version| format!("{version} {{ f{at}; }};\n")));
        let declared = each(&|at, _| format!("void f{at}(void);\n"));
        write("program.c", format!("{declared}void _start(void) {{ {} }}\n", each(&|at, _| format!("f{at}(); "))));
        let link = |arguments: &[&str]| {
            let status = Command::new("cc").arg("-nostdlib").args(arguments).current_dir(directory).status().unwrap();
            assert!(status.success());
        };
        link(&["-shared", "-fPIC", "-Wl,--version-script=library.map", "-o", "libone.so", "library.c"]);
        link(&["-s", "-o", "bootstrap", "program.c", "-L.", "-lone"]);
        directory.join("bootstrap")
    }

    #[test]
    fn the_versions_are_the_linkers() {
        let directory = tempfile::tempdir().unwrap();
        let needed = ["GLIBC_2.2.5", "GLIBC_2.34", "OTHER_9"];
        let content = std::fs::read(program(directory.path(), &needed)).unwrap();
        assert_eq!(versions(&content).unwrap(), needed.map(str::to_owned).into());
        // A file that ends too early is no program, wherever it ends.
        for length in [0, 5, 0x30, 0x50, content.len() / 2] {
            assert_eq!(versions(&content[..length]), None, "{length}");
        }
        assert_eq!(versions(b"#!/bin/sh"), None);
    }

    #[test]
    fn a_newer_one_is_refused() {
        for version in ["GLIBC_2.35", "GLIBC_2.100", "GLIBC_3", "GLIBC_ABI_DT_RELR"] {
            let build = tempfile::tempdir().unwrap();
            program(&build.path().join("ApplyFunction"), &["GLIBC_2.17", version]);
            let told = check(build.path()).unwrap_err().message;
            assert!(told.contains(&format!("ApplyFunction needs {version}, and Lambda's glibc is 2.34")), "{told}");
        }
    }

    #[test]
    fn a_program_for_lambdas_own_glibc_is_accepted() {
        let build = tempfile::tempdir().unwrap();
        program(&build.path().join("ApplyFunction"), &["GLIBC_2.4", "GLIBC_2.34", "GCC_3.0"]);
        check(build.path()).unwrap();
    }
}
