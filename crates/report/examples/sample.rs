//! Writes the sample reports as pages, Markdown and JSON, to look at: `cargo run -p report --features sample --example
//! sample -- target/report`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use report::sample::{hostile, huge, small};
use report::{html, json, markdown};

/// GitHub's limit for a job summary.
const SUMMARY: usize = 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(env::args().nth(1).ok_or("which directory?")?);
    fs::create_dir_all(&directory)?;
    for (name, report) in [("small", small()), ("hostile", hostile()), ("huge", huge(1000))] {
        fs::write(directory.join(name).with_extension("html"), html(&report))?;
        fs::write(directory.join(name).with_extension("md"), markdown(&report, SUMMARY))?;
        fs::write(directory.join(name).with_extension("json"), json(&report)?)?;
    }
    Ok(())
}
