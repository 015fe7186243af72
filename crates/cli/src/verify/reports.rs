//! Whether the bucket of the reports is protected as the template says.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::BucketVersioningStatus;

use crate::aws::Error;

/// Returns the protections that S3 itself says the bucket lacks.
pub(super) async fn unprotected(s3: &Client, bucket: &str) -> Result<Vec<String>, Error> {
    let blocked = setting(s3.get_public_access_block().bucket(bucket).send().await.map_err(Error::from))?;
    let blocked = blocked.and_then(|answer| answer.public_access_block_configuration).is_some_and(|block| {
        [block.block_public_acls, block.ignore_public_acls, block.block_public_policy, block.restrict_public_buckets]
            .iter()
            .all(|is_on| *is_on == Some(true))
    });
    let encrypted = setting(s3.get_bucket_encryption().bucket(bucket).send().await.map_err(Error::from))?;
    let encrypted = encrypted
        .and_then(|answer| answer.server_side_encryption_configuration)
        .is_some_and(|encryption| !encryption.rules.is_empty());
    let versioned = s3.get_bucket_versioning().bucket(bucket).send().await.map_err(Error::from)?;
    let versioned = versioned.status == Some(BucketVersioningStatus::Enabled);
    Ok(missing(bucket, blocked, encrypted, versioned))
}

fn missing(bucket: &str, is_private: bool, is_encrypted: bool, is_versioned: bool) -> Vec<String> {
    [("private", is_private), ("encrypted", is_encrypted), ("versioned", is_versioned)]
        .into_iter()
        .filter(|(_, is_so)| !is_so)
        .map(|(quality, _)| format!("The bucket of the reports is not {quality}: {bucket}"))
        .collect()
}

/// Returns a setting; `None` if S3 says that it does not exist.
fn setting<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns a problem unless S3 refuses the client. S3 refuses a client without permission even if no report exists.
pub(super) async fn admitted(s3: &Client, bucket: &str, who: &str) -> Vec<String> {
    let asked = s3.get_object().bucket(bucket).key("reports/none/report.html").send().await;
    judged(asked.map(|_| ()).map_err(Error::from), bucket, who)
}

fn judged(answer: Result<(), Error>, bucket: &str, who: &str) -> Vec<String> {
    match answer {
        // Only S3 itself says so. A proxy refuses with the same status.
        Err(error) if error.is_forbidden() => Vec::new(),
        Err(error @ Error::Refused { status: 403, .. }) => vec![not_checked(&error, who)],
        Ok(()) | Err(Error::Refused { .. }) => vec![format!("The bucket of the reports admits {who}: {bucket}")],
        // A network that lets nothing through says nothing about the bucket.
        Err(error) => vec![not_checked(&error, who)],
    }
}

fn not_checked(error: &Error, who: &str) -> String {
    let why = error.explain("", "", "").message;
    format!("It could not be checked whether the bucket of the reports admits {who}: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> Error {
        Error::Refused { code: "x".to_owned(), message: String::new(), status }
    }

    #[test]
    fn each_missing_protection_is_named() {
        assert!(missing("bucket", true, true, true).is_empty());
        assert_eq!(missing("bucket", false, true, true), ["The bucket of the reports is not private: bucket"]);
        assert_eq!(missing("b", true, false, false).len(), 2);
    }

    #[test]
    fn a_setting_that_does_not_exist_is_none() {
        assert_eq!(setting(Ok(7)), Ok(Some(7)));
        assert_eq!(setting::<u8>(Err(refused(404))), Ok(None));
        assert_eq!(setting::<u8>(Err(refused(403))), Err(refused(403)));
    }

    #[test]
    fn only_a_refusal_shows_that_a_client_is_not_admitted() {
        let problems = |answer| judged(answer, "bucket", "unsigned requests");
        let denied = Error::Refused { code: "AccessDenied".to_owned(), message: String::new(), status: 403 };
        assert!(problems(Err(denied)).is_empty());
        assert!(problems(Err(refused(403)))[0].starts_with("It could not be checked"));
        for admitted in [Ok(()), Err(refused(404))] {
            assert_eq!(problems(admitted), ["The bucket of the reports admits unsigned requests: bucket"]);
        }
        assert!(problems(Err(Error::NoAnswer("x".to_owned())))[0].starts_with("It could not be checked"));
    }
}
