//! Runs a command and writes the resources that it used: `measure RESULT COMMAND...`.
//!
//! The system counts the memory of the starting process into a process's peak, so a small process has to start it.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Instant;
use std::{env, fs, io};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1);
    let wrong = || io::Error::other("usage: measure RESULT COMMAND...");
    let (result, program) = (arguments.next().ok_or_else(wrong)?, arguments.next().ok_or_else(wrong)?);
    let started = Instant::now();
    let status = Command::new(program).args(arguments).status()?;
    let wall = started.elapsed();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let status = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    fs::write(
        result,
        format!(
            r#"{{"status": {status}, "wall_us": {}, "cpu_us": {}, "peak_kb": {}}}"#,
            wall.as_micros(),
            microseconds(used.user_time()) + microseconds(used.system_time()),
            used.max_rss()
        ),
    )
}

fn microseconds(time: TimeVal) -> i64 {
    time.tv_sec() * 1_000_000 + time.tv_usec()
}
