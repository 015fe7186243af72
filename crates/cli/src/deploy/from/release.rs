//! A release, unpacked in a directory: its checksums, its template, and the files that the template names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;
use crate::template::Template;

/// The file with the checksums of the others.
const CHECKSUMS: &str = "checksums.txt";

/// A property whose value is a file beside the template.
const REFERENCE: &str = r"(?m)^ +(CodeUri|DefinitionUri|Content): ([\w./-]+)$";

/// The property of the layer with the history. The release has no history: it is the deployer's.
const LAYER: &str = "Content";

/// A release.
#[derive(Debug)]
pub(crate) struct Release {
    directory: PathBuf,
    /// The SHA-256 of each file, in lower case.
    checksums: BTreeMap<String, String>,
    /// The name of its template.
    file: String,
    text: String,
}

/// Where an uploaded file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uploaded {
    /// The bucket.
    pub(crate) bucket: String,
    /// The key.
    pub(crate) key: String,
}

#[derive(Deserialize)]
struct Described {
    #[serde(rename = "Metadata")]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "AWS::ServerlessRepo::Application")]
    application: Application,
}

#[derive(Deserialize)]
struct Application {
    #[serde(rename = "SemanticVersion")]
    version: String,
}

impl Release {
    /// Reads a release whose functions are for a processor.
    ///
    /// # Errors
    ///
    /// When there is none in the directory, or its template is not the one that was released.
    pub(crate) fn read(directory: &Path, architecture: &str) -> Result<Self, Problem> {
        let name = if architecture == "x86_64" { String::new() } else { format!("-{architecture}") };
        let file = format!("template.packaged{name}.yaml");
        let listed = directory.join(CHECKSUMS);
        let listed = std::fs::read_to_string(&listed).map_err(|error| {
            Problem::usage(format!(
                "{} cannot be read: {error}. Give --from the directory that all files of a release are in",
                listed.display()
            ))
        })?;
        let mut release =
            Self { directory: directory.to_owned(), checksums: checksums(&listed)?, file, text: String::new() };
        if !release.checksums.contains_key(&release.file) {
            return Err(Problem::usage(format!(
                "the release in {} has no functions for {architecture}: change Architecture in samconfig.toml",
                directory.display()
            )));
        }
        let text = release.content(&release.file)?;
        release.text = String::from_utf8(text).map_err(|_| release.unfit("has no text in its template"))?;
        Ok(release)
    }

    /// Returns what the template says about its input.
    ///
    /// # Errors
    ///
    /// When it is no template of ours.
    pub(crate) fn template(&self) -> Result<Template, Problem> {
        Template::of(&self.text, &self.directory.join(&self.file))
    }

    /// Returns its version.
    ///
    /// # Errors
    ///
    /// When the template does not say.
    pub(crate) fn version(&self) -> Result<String, Problem> {
        let described: Result<Described, _> = yaml_serde::from_str(&self.text);
        described
            .map(|found| found.metadata.application.version)
            .map_err(|_| self.unfit("has a template without a version"))
    }

    /// Returns the content of a file.
    ///
    /// # Errors
    ///
    /// When it is missing, or is not the one that was released.
    pub(crate) fn content(&self, name: &str) -> Result<Vec<u8>, Problem> {
        let path = self.directory.join(name);
        let Some(wanted) = self.checksums.get(name) else {
            return Err(Problem::usage(format!(
                "{CHECKSUMS} has no line for {name}: download the whole release again"
            )));
        };
        let content = std::fs::read(&path).map_err(|error| {
            Problem::usage(format!("{} cannot be read: {error}. Download the whole release again", path.display()))
        })?;
        let found = digest(&content);
        if found != *wanted {
            return Err(Problem::usage(format!(
                "{} is not the file that was released: its SHA-256 is {found}, and {CHECKSUMS} says {wanted}. Download it again",
                path.display()
            )));
        }
        Ok(content)
    }

    /// Returns the names of the files that the template needs from the release, each once.
    ///
    /// # Errors
    ///
    /// When it needs none, so is no packaged template.
    pub(crate) fn needed(&self) -> Result<Vec<String>, Problem> {
        let mut names: Vec<_> = self.references().filter(|(of, _)| of != LAYER).map(|(_, name)| name).collect();
        names.sort();
        names.dedup();
        let has_layer = self.references().filter(|(of, _)| of == LAYER).count() == 1;
        if names.is_empty() || !has_layer { Err(self.unfit("has no packaged template")) } else { Ok(names) }
    }

    /// Returns the template with the uploaded files in place of the names. `history` is the layer's content.
    ///
    /// # Errors
    ///
    /// When a file that the template names was not uploaded.
    pub(crate) fn deployable(
        &self,
        uploaded: &BTreeMap<String, Uploaded>,
        history: &Uploaded,
    ) -> Result<String, Problem> {
        let mut lines = Vec::new();
        for line in self.text.lines() {
            let Some((property, name)) = reference(line) else {
                lines.push(line.to_owned());
                continue;
            };
            let indent = &line[..line.len() - line.trim_start().len()];
            lines.push(if property == LAYER {
                let Uploaded { bucket, key } = history;
                format!("{indent}{LAYER}: {{ S3Bucket: \"{bucket}\", S3Key: \"{key}\" }}")
            } else {
                let place = uploaded.get(&name).ok_or_else(|| self.unfit(&format!("lacks {name}")))?;
                format!("{indent}{property}: \"s3://{}/{}\"", place.bucket, place.key)
            });
        }
        Ok(lines.join("\n") + "\n")
    }

    fn references(&self) -> impl Iterator<Item = (String, String)> {
        self.text.lines().filter_map(reference)
    }

    fn unfit(&self, why: &str) -> Problem {
        Problem::usage(format!("the release in {} {why}: download the whole release again", self.directory.display()))
    }
}

/// Returns the property of a line and the file that it names.
fn reference(line: &str) -> Option<(String, String)> {
    let found = Regex::new(REFERENCE).ok()?.captures(line)?;
    Some((found[1].to_owned(), found[2].to_owned()))
}

/// Returns the SHA-256 in lower case.
pub(super) fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn checksums(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let pair = |line: &str| {
        let found = line.split_once("  ").filter(|(sum, name)| {
            let is_sum = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
            // A name with a directory in it would lead out of the release.
            is_sum && !name.is_empty() && !name.contains(['/', '\\'])
        });
        let (sum, name) =
            found.ok_or_else(|| Problem::usage(format!("{CHECKSUMS} has a line of another form: {line}")))?;
        Ok((name.to_owned(), sum.to_lowercase()))
    };
    text.lines().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Metadata:\n  AWS::ServerlessRepo::Application:\n    SemanticVersion: 1.2.3\nResources:\n  Layer:\n    \
                        Content: layer/\n  A:\n    CodeUri: a-x86_64.zip\n    Description: 'CodeUri: none'\n  B:\n    CodeUri: \
                        a-x86_64.zip\n  C:\n    DefinitionUri: c.json\n";

    fn release(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let mut sums = String::new();
        for (name, content) in files {
            std::fs::write(directory.path().join(name), content).unwrap();
            sums += &format!("{}  {name}\n", digest(content.as_bytes()));
        }
        std::fs::write(directory.path().join(CHECKSUMS), sums).unwrap();
        directory
    }

    fn whole() -> tempfile::TempDir {
        release(&[("template.packaged.yaml", TEXT), ("a-x86_64.zip", "a"), ("c.json", "{}")])
    }

    #[test]
    fn what_the_template_names_is_replaced_by_what_was_uploaded() {
        let directory = whole();
        let release = Release::read(directory.path(), "x86_64").unwrap();
        assert_eq!(
            (release.version().unwrap().as_str(), release.needed().unwrap().as_slice()),
            ("1.2.3", ["a-x86_64.zip", "c.json"].map(str::to_owned).as_slice())
        );
        let place = |key: &str| Uploaded { bucket: "b".to_owned(), key: key.to_owned() };
        let uploaded = [("a-x86_64.zip", "p/1"), ("c.json", "p/2")].map(|(name, key)| (name.to_owned(), place(key)));
        let text = release.deployable(&uploaded.clone().into(), &place("p/3")).unwrap();
        let expected = TEXT
            .replace("CodeUri: a-x86_64.zip", "CodeUri: \"s3://b/p/1\"")
            .replace("DefinitionUri: c.json", "DefinitionUri: \"s3://b/p/2\"")
            .replace("Content: layer/", "Content: { S3Bucket: \"b\", S3Key: \"p/3\" }");
        assert_eq!(text, expected);
        let [_, second] = uploaded;
        let refused = release.deployable(&[second].into(), &place("p/3")).unwrap_err().message;
        assert!(refused.contains("lacks a-x86_64.zip"), "{refused}");
    }

    #[test]
    fn a_file_that_is_not_the_released_one_is_named() {
        let directory = whole();
        let release = Release::read(directory.path(), "x86_64").unwrap();
        std::fs::write(directory.path().join("a-x86_64.zip"), "b").unwrap();
        let told = release.content("a-x86_64.zip").unwrap_err().message;
        assert!(told.contains("a-x86_64.zip is not the file that was released"), "{told}");
        std::fs::remove_file(directory.path().join("c.json")).unwrap();
        assert!(release.content("c.json").unwrap_err().message.contains("c.json cannot be read"));
        assert!(release.content("d.json").unwrap_err().message.contains("has no line for d.json"));
        std::fs::write(directory.path().join("template.packaged.yaml"), "other").unwrap();
        let told = Release::read(directory.path(), "x86_64").unwrap_err().message;
        assert!(told.contains("template.packaged.yaml is not the file"), "{told}");
    }

    #[test]
    fn a_directory_without_a_release_is_named() {
        let empty = tempfile::tempdir().unwrap();
        let told = |directory: &Path, architecture| Release::read(directory, architecture).unwrap_err().message;
        assert!(told(empty.path(), "x86_64").contains("Give --from the directory"));
        assert!(told(whole().path(), "arm64").contains("has no functions for arm64"));
        for line in ["x", "abc  name", &format!("{}  ../name", "0".repeat(64)), &format!("{}  ", "0".repeat(64))] {
            std::fs::write(empty.path().join(CHECKSUMS), line).unwrap();
            assert!(told(empty.path(), "x86_64").contains("a line of another form"), "{line}");
        }
        let unpacked = release(&[("template.packaged.yaml", "Resources: {}\n")]);
        let read = Release::read(unpacked.path(), "x86_64").unwrap();
        assert!(read.needed().unwrap_err().message.contains("has no packaged template"));
        assert!(read.version().unwrap_err().message.contains("without a version"));
    }
}
