//! The bundles in a stack's bucket.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use aws_smithy_types::base64;
use aws_smithy_types::timeout::TimeoutConfig;
use bundle::{Digest, KEYS, MOST_BYTES, Made};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::arguments::Bucket;
use crate::aws::Error;
use crate::deploy::stack::Stack;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::stack::history::moment;
use crate::target::Target;

/// The output of the stack that names the bucket.
const OUTPUT: &str = "ReportsBucketName";

/// How many bytes a second a slow line sends.
const SLOW_LINE: usize = 64 * 1024;

/// How often a bundle is put that another caller puts at this moment.
const ATTEMPTS: u32 = 4;

/// Where the bundles of a stack are.
pub(super) struct Store {
    target: Target,
    s3: Client,
    /// The bucket's name.
    pub(super) bucket: String,
}

/// A bundle in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    /// Its digest, as its name says.
    pub(super) digest: Digest,
    /// How many bytes it has.
    pub(super) size: u64,
    /// When it was put there.
    pub(super) at: Timestamp,
}

/// What is in the bucket.
#[derive(Debug)]
pub(super) struct Listed {
    /// The bundles, the newest first.
    pub(super) bundles: Vec<Stored>,
    /// The keys of objects whose name is no bundle's.
    pub(super) others: Vec<String>,
}

impl Store {
    /// Finds the bucket of a stack: the one that is named, or the one that `CloudFormation` says.
    ///
    /// # Errors
    ///
    /// When there is no such stack, and when AWS refuses or does not answer.
    pub(super) async fn find(target: &Target, named: &Bucket) -> Result<Self, Problem> {
        let bucket = match &named.bucket {
            Some(name) => name.clone(),
            None => bucket(target).await?,
        };
        Ok(Self { target: target.clone(), s3: target.aws.s3(), bucket })
    }

    /// Puts a bundle there, and replaces nothing. Returns whether it was not there before. After an answer that was lost, the
    /// next attempt finds it there.
    ///
    /// # Errors
    ///
    /// When AWS refuses or does not answer.
    pub(super) async fn put(&self, made: &Made) -> Result<bool, Problem> {
        let key = made.digest.key();
        let checksum = base64::encode(Sha256::digest(&made.bytes));
        let patience = Config::builder().timeout_config(timeouts(made.bytes.len()));
        let mut attempt = 1;
        loop {
            let put = self.s3.put_object().bucket(&self.bucket).key(&key).if_none_match("*").checksum_sha256(&checksum);
            let put = put.body(ByteStream::from(made.bytes.clone()));
            let answer = put.customize().config_override(patience.clone()).send().await.map_err(Error::from);
            match answer {
                Ok(_) => return Ok(true),
                Err(error) if error.status() == Some(412) => return Ok(false),
                // Another caller puts it or deletes it at this moment.
                Err(error) if error.status() == Some(409) && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    attempt += 1;
                }
                Err(error) => return Err(self.not_put(&error, &key)),
            }
        }
    }

    fn not_put(&self, error: &Error, key: &str) -> Problem {
        let place = format!("s3://{}/{key}", self.bucket);
        match error {
            Error::Refused { message, status: 403, .. } if !error.is_expired() => Problem::failed(format!(
                "AWS does not let you put {place}: attach the stack's policy for shipping (ShipPolicyArn) ({message})"
            )),
            _ if error.is_uncertain() => {
                let why = self.target.problem(error).message;
                let message = format!(
                    "{why}\nIt is not known whether the bundle was uploaded. The same command again is safe: it replaces nothing"
                );
                Problem { exit: Exit::Lost, ..Problem::failed(message) }
            }
            _ => self.target.problem(error),
        }
    }

    /// Returns the bundles whose digest begins with these digits.
    ///
    /// # Errors
    ///
    /// When AWS refuses or does not answer.
    pub(super) async fn list(&self, beginning: &str) -> Result<Listed, Problem> {
        let asked = self.s3.list_objects_v2().bucket(&self.bucket).prefix(format!("{KEYS}{beginning}"));
        let mut pages = asked.into_paginator().send();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.not_read(&error.into(), "the list of bundles in it", KEYS))?;
            objects.extend(page.contents.unwrap_or_default());
        }
        Ok(listed(&objects))
    }

    /// Returns a bundle, and its bytes as they are there: they are not verified.
    ///
    /// # Errors
    ///
    /// When it is not there or too large, and when AWS refuses or does not answer.
    pub(super) async fn get(&self, digest: Digest) -> Result<(Stored, Vec<u8>), Problem> {
        let key = digest.key();
        let patience = Config::builder().timeout_config(timeouts(MOST_BYTES));
        let asked = self.s3.get_object().bucket(&self.bucket).key(&key);
        let answer = asked.customize().config_override(patience).send().await;
        let answer = answer.map_err(|error| self.not_read(&error.into(), &format!("bundle {digest}"), &key))?;
        let size = answer.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
        let at = answer.last_modified.as_ref().map(moment).unwrap_or_default();
        let (mut body, mut content) = (answer.body, Vec::new());
        while let Some(part) = body.next().await {
            let part =
                part.map_err(|error| Problem::failed(format!("the bundle was cut off while it was read: {error}")))?;
            content.extend_from_slice(&part);
            // More is not needed to know that it is none.
            if content.len() > MOST_BYTES {
                break;
            }
        }
        Ok((Stored { digest, size, at }, content))
    }

    fn not_read(&self, error: &Error, what: &str, key: &str) -> Problem {
        let bucket = &self.bucket;
        match error {
            Error::Refused { status: 404, .. } => Problem::failed(format!("{what} is not in {bucket}")),
            Error::Refused { message, status: 403, .. } if !error.is_expired() => Problem::failed(format!(
                "AWS does not let you read s3://{bucket}/{key}: attach the stack's policy for starting or approving ({message})"
            )),
            _ => self.target.problem(error),
        }
    }
}

async fn bucket(target: &Target) -> Result<String, Problem> {
    let (stack, region) = (&target.stack, target.aws.region());
    let rights =
        format!("name the bucket of {stack} with --bucket, or attach the stack's policy for shipping (ShipPolicyArn)");
    let found = Stack::find(&target.aws, stack).await.map_err(|error| error.explain(stack, region, &rights))?;
    let found = found.ok_or_else(|| {
        Problem::failed(format!("there is no stack {stack} in this account in {region}: deploy it first"))
    })?;
    found.outputs.get(OUTPUT).cloned().ok_or_else(|| {
        Problem::failed(format!("the stack {stack} is {} and names no bucket: deploy it first", found.status))
    })
}

/// Returns for how long an attempt to send or to get so many bytes goes on.
fn timeouts(bytes: usize) -> TimeoutConfig {
    let seconds = u64::try_from(bytes / SLOW_LINE).unwrap_or(u64::MAX);
    let longest = Duration::from_mins(1).saturating_add(Duration::from_secs(seconds));
    // The time for an answer begins when the request begins to be sent.
    TimeoutConfig::builder().read_timeout(longest).operation_attempt_timeout(longest).build()
}

fn listed(objects: &[Object]) -> Listed {
    let mut listed = Listed { bundles: Vec::new(), others: Vec::new() };
    for object in objects {
        let key = object.key.clone().unwrap_or_default();
        match Digest::of_key(&key) {
            Some(digest) => listed.bundles.push(Stored {
                digest,
                size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                at: object.last_modified.as_ref().map(moment).unwrap_or_default(),
            }),
            None => listed.others.push(key),
        }
    }
    listed.bundles.sort_by_key(|stored| (std::cmp::Reverse(stored.at), stored.digest));
    listed
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::DateTime;

    use super::*;

    #[test]
    fn a_slow_line_has_time_for_the_largest_bundle() {
        let patience = |bytes| timeouts(bytes).operation_attempt_timeout().unwrap();
        assert_eq!(patience(1_000), Duration::from_mins(1));
        assert_eq!(patience(MOST_BYTES), Duration::from_secs(60 + 768));
        assert_eq!(timeouts(MOST_BYTES).read_timeout(), timeouts(MOST_BYTES).operation_attempt_timeout());
    }

    #[test]
    fn bundles_are_told_from_other_objects() {
        let object =
            |key: &str, at: i64| Object::builder().key(key).size(7).last_modified(DateTime::from_secs(at)).build();
        let digests = ["0a".repeat(32), "0b".repeat(32), "0c".repeat(32)];
        let keys = digests.clone().map(|digest| format!("bundles/{digest}.zip"));
        let other = format!("bundles/{}.zip", "0A".repeat(32));
        let found = listed(&[object(&keys[0], 5), object(&keys[1], 9), object(&other, 9), object(&keys[2], 9)]);
        let bundles: Vec<_> = found.bundles.iter().map(|stored| stored.digest.to_string()).collect();
        assert_eq!(bundles, [&digests[1], &digests[2], &digests[0]].map(String::clone));
        assert_eq!((found.bundles[0].size, found.others), (7, vec![other]));
    }
}
