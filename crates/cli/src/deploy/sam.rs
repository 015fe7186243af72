//! Runs SAM, which builds and deploys.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::problem::Problem;
use crate::signals::asked_to_end;

/// How long SAM has to end after an interruption.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long after SAM's end an interruption is still taken for its cause.
const NOTICE: Duration = Duration::from_millis(200);

/// SAM, as the project installs it.
pub(crate) struct Sam {
    root: PathBuf,
    samconfig: PathBuf,
    /// The directory with sam, cargo-lambda and zig.
    bin: PathBuf,
}

/// How a command of SAM's ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It did its work.
    Well,
    /// It failed. Its output says why.
    Badly,
    /// A person interrupted it.
    Interrupted,
}

impl Sam {
    /// Installs SAM in the project, if it is not there yet.
    ///
    /// # Errors
    ///
    /// When it cannot be installed.
    pub(crate) async fn install(root: &Path, samconfig: &Path) -> Result<Self, Problem> {
        let mut command = Command::new("python3");
        command.arg("scripts/setup.py").arg("sam").current_dir(root).stdin(Stdio::null()).stderr(Stdio::inherit());
        let told = command.output().await;
        let told =
            told.map_err(|error| Problem::usage(format!("python3 could not be run, which installs SAM: {error}")))?;
        let bin = String::from_utf8_lossy(&told.stdout).lines().last().map(|line| PathBuf::from(line.trim()));
        match bin {
            Some(bin) if told.status.success() && bin.join("sam").is_file() => {
                Ok(Self { root: root.to_owned(), samconfig: samconfig.to_owned(), bin })
            }
            _ => Err(Problem::usage("SAM could not be installed (python3 scripts/setup.py sam); the message is above")),
        }
    }

    /// Runs a command of SAM's. Its output is shown as it comes, on the standard error if the standard output is a program's.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) async fn run(
        &self,
        command: &str,
        environment: &str,
        more: &[String],
        is_for_program: bool,
    ) -> Result<Ended, Problem> {
        let mut sam = Command::new(self.bin.join("sam"));
        sam.arg(command).arg("--config-file").arg(&self.samconfig).args(["--config-env", environment]).args(more);
        sam.current_dir(&self.root).env_clear().envs(surroundings(std::env::vars_os(), command));
        // sam build calls cargo-lambda and zig, which are in sam's own directory.
        let mut path = OsString::from(&self.bin);
        if let Some(own) = std::env::var_os("PATH") {
            path.push(":");
            path.push(own);
        }
        sam.env("PATH", path).env("SAM_CLI_TELEMETRY", "0");
        if is_for_program {
            sam.stdout(io::stderr());
        }
        let started = sam.spawn();
        let mut child = started.map_err(|error| Problem::failed(format!("sam could not be started: {error}")))?;
        let mut interruption = pin!(asked_to_end());
        let status = tokio::select! {
            biased;
            () = &mut interruption => {
                end(&mut child).await;
                return Ok(Ended::Interrupted);
            }
            status = child.wait() => status,
        };
        let status = status.map_err(|error| Problem::failed(format!("sam was lost sight of: {error}")))?;
        if status.success() {
            return Ok(Ended::Well);
        }
        // The interruption at a terminal reaches both, and SAM may end before it is noticed here.
        let is_interrupted = tokio::time::timeout(NOTICE, interruption).await.is_ok();
        Ok(if is_interrupted { Ended::Interrupted } else { Ended::Badly })
    }
}

/// Lets a program end by itself: at a terminal the interruption has reached it too. Ends it if it does not.
async fn end(child: &mut Child) {
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
        // It has ended meanwhile, if this fails.
        let _ = child.kill().await;
    }
}

/// Returns what SAM may see of this process's environment. The build compiles other people's code too, so it gets none of
/// the deployer's credentials.
fn surroundings(
    own: impl Iterator<Item = (OsString, OsString)>,
    command: &str,
) -> impl Iterator<Item = (OsString, OsString)> {
    let is_build = command == "build";
    own.filter(move |(name, _)| {
        let name = name.to_string_lossy();
        !is_build || !(name.starts_with("AWS_") || name.starts_with("SAM_"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_gets_no_credentials() {
        let own = ["AWS_SESSION_TOKEN", "AWS_PROFILE", "SAM_CLI_X", "CARGO_HOME", "PATH"];
        let seen = |command: &str| -> Vec<String> {
            let own = own.iter().map(|name| (OsString::from(name), OsString::from("x")));
            surroundings(own, command).map(|(name, _)| name.to_string_lossy().into_owned()).collect()
        };
        assert_eq!(seen("build"), ["CARGO_HOME", "PATH"]);
        assert_eq!(seen("deploy"), own);
    }
}
