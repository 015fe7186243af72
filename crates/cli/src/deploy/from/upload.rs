//! Uploads, each under a key that its content makes: what is there already is not uploaded again.

use aws_sdk_s3::primitives::ByteStream;

use super::release::{Uploaded, digest};
use crate::aws::{Aws, Error};

/// The place of the uploads.
pub(super) struct Uploads {
    client: aws_sdk_s3::Client,
    bucket: String,
    prefix: String,
    /// How many files were there already, and how many were not.
    pub(super) counts: (usize, usize),
}

impl Uploads {
    pub(super) fn new(aws: &Aws, bucket: String, prefix: String) -> Self {
        Self { client: aws.s3(), bucket, prefix, counts: (0, 0) }
    }

    /// Uploads a file. `ending` is what its key ends in.
    pub(super) async fn put(&mut self, content: Vec<u8>, ending: &str) -> Result<Uploaded, Error> {
        let name = format!("{}{ending}", digest(&content));
        let key = if self.prefix.is_empty() { name } else { format!("{}/{name}", self.prefix) };
        if self.is_there(&key, content.len()).await? {
            self.counts.0 += 1;
        } else {
            let put = self.client.put_object().bucket(&self.bucket).key(&key).body(ByteStream::from(content));
            put.send().await?;
            self.counts.1 += 1;
        }
        Ok(Uploaded { bucket: self.bucket.clone(), key })
    }

    /// Whether a whole object is there. To a caller who may not list the bucket S3 does not tell that an object is missing:
    /// it forbids to look.
    async fn is_there(&self, key: &str, length: usize) -> Result<bool, Error> {
        let asked = self.client.head_object().bucket(&self.bucket).key(key).send().await.map_err(Error::from);
        match asked {
            Ok(found) => Ok(found.content_length().and_then(|found| usize::try_from(found).ok()) == Some(length)),
            Err(error) if matches!(error.status(), Some(403 | 404)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
