//! Reads bundles from the stack's bucket.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bundle::{BundleRefused, MOST_BYTES};
use engine::history::Files;
use shared::payload::PlannedBundle;
use shared::{Failure, FailureName, config};

/// How long a bundle may take to arrive. The largest takes a second or two.
const LONGEST_READ: Duration = Duration::from_secs(12);

/// The bundles in the bucket.
pub(crate) struct Bundles {
    client: Client,
    bucket: Result<String, Failure>,
}

impl Bundles {
    /// Reads the environment and creates the client.
    pub(crate) async fn from_env() -> Self {
        let sdk = shared::aws::config().load().await;
        Self { client: Client::new(&sdk), bucket: config::required(config::REPORTS_BUCKET) }
    }

    /// Reads a bundle: the version that is given, or the latest one. Returns its files, and the version that they are of.
    ///
    /// # Errors
    ///
    /// `Config.Invalid` when it is not there or may not be read, `History.Invalid` when its content is refused,
    /// `Bundle.Unreachable` when S3 gives no answer.
    pub(crate) async fn read(&self, planned: &PlannedBundle) -> Result<(Files, PlannedBundle), Failure> {
        let bucket = self.bucket.as_deref().map_err(Clone::clone)?;
        let reading = self.get(bucket, planned);
        let (bytes, version) = tokio::time::timeout(LONGEST_READ, reading)
            .await
            .unwrap_or_else(|_| Err(unreachable(&format!("S3 did not send bundle {} in time", planned.digest))))?;
        let files = bundle::read(&bytes, &planned.digest).map_err(|refused| refusal(planned, &refused))?;
        Ok((files, PlannedBundle { digest: planned.digest, version }))
    }

    async fn get(&self, bucket: &str, planned: &PlannedBundle) -> Result<(Vec<u8>, Option<String>), Failure> {
        let request =
            self.client.get_object().bucket(bucket).key(planned.digest.key()).set_version_id(planned.version.clone());
        // Boxed: what the SDK does inside is large.
        let output = Box::pin(request.send()).await.map_err(|error| failure(bucket, planned, &error))?;
        let bytes = collect(output.body, output.content_length, planned).await?;
        // A bucket without versions has this one for each object.
        let version = output.version_id.filter(|version| version != "null");
        Ok((bytes, version))
    }
}

/// Returns the bytes of an object, of which S3 says that it has `length`. No more is read than a bundle may have.
async fn collect(mut body: ByteStream, length: Option<i64>, planned: &PlannedBundle) -> Result<Vec<u8>, Failure> {
    let too_large = |length| refusal(planned, &BundleRefused::TooLarge(length));
    let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    if length > MOST_BYTES {
        return Err(too_large(length));
    }
    let mut bytes = Vec::with_capacity(length);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| unreachable(&format!("S3 broke off while it sent bundle {}", planned.digest)))?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(too_large(bytes.len()));
        }
    }
    Ok(bytes)
}

fn refusal(planned: &PlannedBundle, refused: &BundleRefused) -> Failure {
    Failure::new(FailureName::HistoryInvalid, format!("bundle {} is refused: {refused}", planned.digest))
}

fn unreachable(what: &str) -> Failure {
    Failure::new(
        FailureName::BundleUnreachable,
        format!(
            "{what}. The function's subnets need S3's gateway endpoint (parameters S3RouteTableIds and S3PrefixListId) or a \
             NAT gateway"
        ),
    )
}

fn failure(bucket: &str, planned: &PlannedBundle, error: &SdkError<GetObjectError>) -> Failure {
    let digest = planned.digest;
    let Some(service) = error.as_service_error() else { return unreachable("S3 gave no answer") };
    let code = service.meta().code().unwrap_or("an error without a name");
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    match status {
        // Without the right to list, S3 answers a missing object with 403. 405 is a delete marker.
        400..=499 if code != "SlowDown" && code != "RequestTimeout" => Failure::config(
            "bundle",
            format!(
                "S3 answered with {code}: bundle {digest} is not in the bucket {bucket}, or the function may not read it. If it is \
                 not there, put it there with lockstep bundle push and start a new run; if it is, look at the policies of the \
                 bucket and of the S3 endpoint"
            ),
        ),
        _ => Failure::new(
            FailureName::BundleUnreachable,
            format!("S3 answered with {code}; start a new run, and see the service's health if it goes on"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::http::HttpResponse;
    use aws_sdk_s3::operation::get_object::GetObjectOutput;
    use aws_sdk_s3::primitives::SdkBody;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use bundle::{Digest, Made};

    use super::*;

    fn made() -> Made {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("1_a")).unwrap();
        std::fs::write(root.path().join("1_a/migration.sql"), "SELECT 1;").unwrap();
        bundle::make(root.path()).unwrap()
    }

    fn bundles(rule: &Rule) -> Bundles {
        let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [rule]);
        Bundles { client, bucket: Ok("b".into()) }
    }

    fn sent(bytes: Vec<u8>, version: &'static str) -> Rule {
        mock!(Client::get_object).then_output(move || {
            let length = i64::try_from(bytes.len()).unwrap();
            let body = ByteStream::from(bytes.clone());
            GetObjectOutput::builder().body(body).content_length(length).version_id(version).build()
        })
    }

    async fn refused(rule: &Rule, digest: Digest) -> Failure {
        bundles(rule).read(&PlannedBundle::latest(digest)).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_bundle_is_read_in_the_version_that_was_planned() {
        let Made { bytes, digest, .. } = made();
        let key = format!("bundles/{digest}.zip");
        let get = |asked: Option<&'static str>, answered: &'static str| {
            let (key, bytes) = (key.clone(), bytes.clone());
            mock!(Client::get_object)
                .match_requests(move |request| {
                    (request.bucket(), request.key(), request.version_id()) == (Some("b"), Some(&key), asked)
                })
                .then_output(move || {
                    let body = ByteStream::from(bytes.clone());
                    GetObjectOutput::builder().body(body).version_id(answered).build()
                })
        };
        let (files, planned) = bundles(&get(None, "v1")).read(&PlannedBundle::latest(digest)).await.unwrap();
        assert_eq!(files.names().file("1_a").as_deref(), Some("1_a/migration.sql"));
        assert_eq!(planned, PlannedBundle { digest, version: Some("v1".into()) });
        let (again, same) = bundles(&get(Some("v1"), "v1")).read(&planned).await.unwrap();
        assert_eq!((again, &same), (files, &planned));
        let (_, plain) = bundles(&get(None, "null")).read(&PlannedBundle::latest(digest)).await.unwrap();
        assert_eq!(plain.version, None);
    }

    #[tokio::test]
    async fn other_bytes_under_the_name_are_refused() {
        let Made { mut bytes, digest, .. } = made();
        bytes.push(0);
        let failure = refused(&sent(bytes, "v1"), digest).await;
        assert_eq!(failure.name, FailureName::HistoryInvalid);
        assert!(failure.message.starts_with(&format!("bundle {digest} is refused: ")), "{failure}");
    }

    #[tokio::test]
    async fn no_more_is_read_than_a_bundle_may_have() {
        let digest = made().digest;
        let claimed = mock!(Client::get_object).then_output(|| {
            let length = i64::try_from(MOST_BYTES).unwrap() + 1;
            GetObjectOutput::builder().body(ByteStream::from_static(b"")).content_length(length).build()
        });
        let unclaimed = mock!(Client::get_object)
            .then_output(|| GetObjectOutput::builder().body(ByteStream::from(vec![0; MOST_BYTES + 1])).build());
        for rule in [claimed, unclaimed] {
            let failure = refused(&rule, digest).await;
            assert_eq!(failure.name, FailureName::HistoryInvalid);
            assert!(failure.message.contains(&(MOST_BYTES + 1).to_string()), "{failure}");
        }
    }

    #[tokio::test]
    async fn a_bundle_that_is_not_there_is_told_from_a_service_that_does_not_answer() {
        let digest = made().digest;
        for (status, code, name) in [
            (404, "NoSuchKey", FailureName::ConfigInvalid),
            (403, "AccessDenied", FailureName::ConfigInvalid),
            (404, "NoSuchVersion", FailureName::ConfigInvalid),
            (405, "MethodNotAllowed", FailureName::ConfigInvalid),
            (400, "RequestTimeout", FailureName::BundleUnreachable),
            (503, "SlowDown", FailureName::BundleUnreachable),
            (500, "InternalError", FailureName::BundleUnreachable),
        ] {
            let answer = mock!(Client::get_object).then_http_response(move || {
                let body = format!("<Error><Code>{code}</Code><Message>arn of whom</Message></Error>");
                HttpResponse::new(u16::try_from(status).unwrap().try_into().unwrap(), SdkBody::from(body))
            });
            let failure = refused(&answer, digest).await;
            assert_eq!(failure.name, name, "{code}: {failure}");
            assert!(failure.message.contains(code) && !failure.message.contains("arn of whom"), "{failure}");
            let names_it =
                failure.message.contains(&digest.to_string()) && failure.message.contains("lockstep bundle push");
            assert_eq!(names_it, name == FailureName::ConfigInvalid, "{failure}");
        }
    }

    /// The paused clock stands still while there is work, and otherwise jumps to the next timer.
    #[tokio::test(start_paused = true)]
    async fn an_s3_that_does_not_answer_is_given_up_in_time() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = shared::aws::config()
            .region(aws_sdk_s3::config::Region::new("us-east-1"))
            .credentials_provider(aws_sdk_s3::config::Credentials::new("id", "key", None, None, "test"))
            .endpoint_url(format!("http://{}", silent.local_addr().unwrap()))
            .load()
            .await;
        let bundles = Bundles { client: Client::new(&config), bucket: Ok("b".into()) };
        let planned = PlannedBundle::latest(made().digest);
        let read = tokio::time::timeout(LONGEST_READ + Duration::from_secs(1), bundles.read(&planned)).await;
        let failure = read.unwrap().unwrap_err();
        assert_eq!(failure.name, FailureName::BundleUnreachable);
        assert!(failure.message.contains("S3RouteTableIds"), "{failure}");
        drop(silent);
    }

    #[tokio::test]
    async fn without_a_bucket_the_variable_is_named() {
        let bundles = Bundles { bucket: config::required("NO_SUCH_VARIABLE"), ..bundles(&sent(Vec::new(), "v1")) };
        let failure = bundles.read(&PlannedBundle::latest(made().digest)).await.unwrap_err();
        assert!(failure.message.contains("NO_SUCH_VARIABLE"), "{failure}");
    }
}
