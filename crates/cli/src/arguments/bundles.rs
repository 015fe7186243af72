//! The command lines about bundles.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::target::{Environment, Where};
use crate::values::{not_empty, path};

/// The fewest digits by which a bundle can be named.
const FEWEST_DIGITS: usize = 6;

/// The digits of a whole digest.
const DIGITS: usize = 64;

/// The arguments of `bundle`.
#[derive(Debug, Args)]
pub(crate) struct BundleArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: BundleAction,
}

/// What is done with bundles.
#[derive(Debug, Subcommand)]
pub(crate) enum BundleAction {
    /// Make a bundle: the migrations as one zip file, which is named by its digest
    #[command(after_help = "Examples:
  lockstep bundle make                           writes DIGEST.zip into this directory
  lockstep bundle make --output build/sql.zip")]
    Make(MakeArguments),
    /// Make a bundle, and put it into the stack's bucket
    #[command(after_help = "Example:
  lockstep bundle push dev prisma/migrations")]
    Push(PushArguments),
    /// List the bundles in the stack's bucket, the newest first
    #[command(after_help = "Example:
  lockstep bundle list dev --limit 5")]
    List(ListArguments),
    /// Show what is in a bundle of the stack's bucket
    #[command(after_help = "Example:
  lockstep bundle show prod 3f9a01c2")]
    Show(ShowBundleArguments),
}

/// The stack's bucket.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Bucket {
    /// The bucket; without it, the stack's outputs are asked
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    pub(crate) bucket: Option<String>,
}

/// The arguments of `bundle make`.
#[derive(Debug, Args)]
pub(crate) struct MakeArguments {
    /// The directory of the migrations: prisma/migrations or migrations, if there is one of them here
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// The file to write, or the directory to write DIGEST.zip into; this directory, if it is not given
    #[arg(long, value_name = "FILE", value_parser = path)]
    pub(crate) output: Option<PathBuf>,
}

/// The arguments of `bundle push`.
#[derive(Debug, Args)]
pub(crate) struct PushArguments {
    /// The environment
    #[arg(value_enum, value_name = "ENV")]
    pub(crate) environment: Environment,
    /// The directory of the migrations: prisma/migrations or migrations, if there is one of them here
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// The bucket.
    #[command(flatten)]
    pub(crate) bucket: Bucket,
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) place: Where,
}

/// The arguments of `bundle list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// The environment
    #[arg(value_enum, value_name = "ENV")]
    pub(crate) environment: Environment,
    /// How many
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// The bucket.
    #[command(flatten)]
    pub(crate) bucket: Bucket,
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) place: Where,
}

/// The arguments of `bundle show`.
#[derive(Debug, Args)]
pub(crate) struct ShowBundleArguments {
    /// The environment
    #[arg(value_enum, value_name = "ENV")]
    pub(crate) environment: Environment,
    /// The bundle's digest, or its first digits if no other bundle has them
    #[arg(value_name = "DIGEST", value_parser = beginning)]
    pub(crate) digest: String,
    /// The bucket.
    #[command(flatten)]
    pub(crate) bucket: Bucket,
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) place: Where,
}

/// Refuses what no digest begins with.
fn beginning(text: &str) -> Result<String, String> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if (FEWEST_DIGITS..=DIGITS).contains(&text.len()) && text.bytes().all(is_digit) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "is no digest: give its {DIGITS} hexadecimal digits in lower case, or the first ones, {FEWEST_DIGITS} at least"
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::arguments::Arguments;

    fn refused(line: &[&str]) -> Option<String> {
        let words = ["lockstep", "bundle"].into_iter().chain(line.iter().copied());
        Arguments::try_parse_from(words).err().map(|error| error.to_string())
    }

    #[test]
    fn a_digest_may_be_cut_at_its_end() {
        for digest in ["0123ab", &"0f".repeat(32)] {
            assert_eq!(refused(&["show", "dev", digest]), None);
        }
        for digest in ["", "0123a", "0123AB", "0123ag", "0123ab.zip", &"0f".repeat(33)] {
            let told = refused(&["show", "dev", digest]).unwrap();
            assert!(told.contains("is no digest: give its 64 hexadecimal digits in lower case"), "{told}");
        }
    }

    #[test]
    fn an_environment_is_one_of_those_that_exist() {
        for line in [&["push", "staging"][..], &["list", "staging"], &["show", "staging", "0123ab"]] {
            assert!(refused(line).unwrap().contains("[possible values: dev, qa, prod, local]"), "{line:?}");
        }
        // A directory is no environment.
        assert!(refused(&["push", "prisma/migrations"]).is_some());
    }

    #[test]
    fn an_empty_file_name_is_refused() {
        assert!(refused(&["make", "--output="]).unwrap().contains("--output"));
    }
}
