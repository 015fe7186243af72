//! The bucket that stores the reports.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use report::Report;
use shared::{Failure, config};

use crate::analyse::{WhyNoReport, Written};

/// Writes reports. Created once, outside of the handler.
pub struct Reports {
    client: Client,
    bucket: Result<String, Failure>,
}

/// Where a report is.
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Reports {
    /// Reads the environment and creates the client.
    pub async fn from_env() -> Self {
        let sdk = shared::aws::config().load().await;
        Self { client: Client::new(&sdk), bucket: config::required(config::REPORTS_BUCKET) }
    }

    /// Stores a report in all its renderings. An earlier report on the same plan stays as an older version.
    pub(crate) async fn put(&self, written: Written) -> Result<(Report, Place), WhyNoReport> {
        let Written { digest, report, json, markdown, html } = written;
        let bucket = self.bucket()?;
        let key = format!("reports/{digest}");
        tokio::try_join!(
            self.put_one(bucket, format!("{key}/report.json"), "application/json", json),
            self.put_one(bucket, format!("{key}/report.md"), "text/markdown; charset=utf-8", markdown),
            self.put_one(bucket, format!("{key}/report.html"), "text/html; charset=utf-8", html),
        )?;
        Ok((report, Place { bucket: bucket.to_owned(), key }))
    }

    /// Returns the bucket's name.
    pub(crate) fn bucket(&self) -> Result<&str, WhyNoReport> {
        self.bucket.as_deref().map_err(|failure| failure.message.clone())
    }

    async fn put_one(&self, bucket: &str, key: String, content_type: &str, text: String) -> Result<(), WhyNoReport> {
        let request = self.client.put_object().bucket(bucket).key(key).content_type(content_type);
        let request = request.content_disposition("inline").body(text.into_bytes().into());
        // Boxed: what the SDK does inside is large.
        let put = Box::pin(request.send()).await;
        put.map(|_| ()).map_err(|error| match error.code() {
            Some(code) => format!("S3 answered with {code}"),
            None => "S3 gave no answer: see the template's parameters S3RouteTableIds and S3PrefixListId".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;
    use crate::summary::tests::report;

    fn written() -> Written {
        Written {
            digest: "d1".into(),
            report: report(&[]),
            json: "{}".into(),
            markdown: "# r".into(),
            html: "<p>r".into(),
        }
    }

    fn reports(client: Client) -> Reports {
        Reports { client, bucket: Ok("b".into()) }
    }

    #[tokio::test]
    async fn three_objects_are_below_the_digest() {
        let put = ["json", "md", "html"].map(|ending| {
            mock!(Client::put_object)
                .match_requests(move |request| {
                    request.bucket() == Some("b")
                        && request.key() == Some(&format!("reports/d1/report.{ending}"))
                        && request.content_disposition() == Some("inline")
                        && request.content_type().is_some_and(|known| {
                            known
                                == match ending {
                                    "json" => "application/json",
                                    "md" => "text/markdown; charset=utf-8",
                                    _ => "text/html; charset=utf-8",
                                }
                        })
                })
                .then_output(|| PutObjectOutput::builder().build())
        });
        let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&put[0], &put[1], &put[2]]);
        let (_, place) = reports(client).put(written()).await.unwrap();
        assert_eq!((place.bucket.as_str(), place.key.as_str()), ("b", "reports/d1"));
        assert_eq!(put.map(|rule| rule.num_calls()), [1, 1, 1]);
    }

    #[tokio::test]
    async fn a_refusal_of_s3_is_named_by_its_code_alone() {
        let refused = mock!(Client::put_object).then_error(|| {
            PutObjectError::generic(ErrorMetadata::builder().code("AccessDenied").message("arn of whom").build())
        });
        let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&refused]);
        let why = reports(client).put(written()).await.err();
        assert_eq!(why.as_deref(), Some("S3 answered with AccessDenied"));
    }

    #[tokio::test]
    async fn without_a_bucket_the_variable_is_named() {
        let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, []);
        let reports = Reports { client, bucket: config::required("NO_SUCH_VARIABLE") };
        assert!(reports.put(written()).await.err().unwrap().contains("NO_SUCH_VARIABLE"));
    }
}
