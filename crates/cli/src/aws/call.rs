//! Sends a request: signed for each attempt, repeated where a repetition can help.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime::client::orchestrator::operation::{Operation, OperationBuilder};
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use url::{Position, Url};

use super::endpoint::Endpoint;
use super::error::Error;
use super::protocol::{Refusal, Request};

/// The HTTP statuses after which a request is repeated.
const AGAIN: [u16; 5] = [429, 500, 502, 503, 504];

/// How long a call waits, and how often it is repeated.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    pub(super) timeouts: TimeoutConfig,
    pub(super) retries: RetryConfig,
}

impl Patience {
    /// For AWS: some failures pass in seconds.
    pub(super) fn with_aws() -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_mins(1))
            .operation_attempt_timeout(Duration::from_secs(90))
            .build();
        Self { timeouts, retries: RetryConfig::standard().with_max_attempts(4) }
    }

    /// For this machine: an emulator may be slow but loses no answer. A retry would only do the same thing twice.
    pub(super) fn with_this_machine() -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_mins(2))
            .build();
        Self { timeouts, retries: RetryConfig::standard().with_max_attempts(1) }
    }
}

/// What signs and sends requests.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) http: SharedHttpClient,
    pub(super) credentials: Credentials,
    pub(super) patience: Patience,
}

impl Caller {
    /// Sends a request and returns the answer's body.
    pub(super) async fn send(
        &self,
        service: &'static str,
        endpoint: &Endpoint,
        request: Request,
    ) -> Result<String, Error> {
        self.attempts(service, endpoint, request).await.map_err(|error| named(error.into(), endpoint))
    }

    /// Sends a request, and returns the HTTP status and the body, whatever the status.
    pub(super) async fn send_plain(
        &self,
        service: &'static str,
        endpoint: &Endpoint,
        request: Request,
    ) -> Result<(u16, String), Error> {
        plain(self.attempts(service, endpoint, request).await, endpoint)
    }

    async fn attempts(
        &self,
        service: &'static str,
        endpoint: &Endpoint,
        request: Request,
    ) -> Result<String, SdkError<Refusal, HttpResponse>> {
        let Self { http, credentials, patience } = self;
        let signer = Signer { credentials: credentials.clone(), service, region: endpoint.region.clone() };
        operation(service, http, endpoint, patience)
            .retry_classifier(HttpStatusCodeClassifier::new_from_codes(AGAIN.to_vec()))
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
            .interceptor(signer)
            .serializer(written)
            .deserializer(read)
            .build()
            .invoke(request)
            .await
    }
}

/// Asks a server that is none of AWS's, once, without a signature. Follows no redirect. Returns the HTTP status and the body.
pub(super) async fn get(
    http: SharedHttpClient,
    url: &str,
    headers: &[(&'static str, &str)],
) -> Result<(u16, String), Error> {
    let url = Url::parse(url).map_err(|error| Error::Settings(format!("{url} is no URL: {error}")))?;
    let endpoint = Endpoint { url: url[..Position::BeforePath].to_owned(), region: String::new() };
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let request = Request { method: "GET", path: url[Position::BeforePath..].to_owned(), headers, body: Vec::new() };
    let patience = Patience { retries: RetryConfig::standard().with_max_attempts(1), ..Patience::with_aws() };
    let answer = operation("http", &http, &endpoint, &patience).serializer(written).deserializer(read).build();
    plain(answer.invoke(request).await, &endpoint)
}

/// Returns the HTTP status and the body, whatever the status.
fn plain(answer: Result<String, SdkError<Refusal, HttpResponse>>, endpoint: &Endpoint) -> Result<(u16, String), Error> {
    match answer {
        Ok(body) => Ok((200, body)),
        Err(SdkError::ServiceError(refused)) => {
            let refusal = refused.into_err();
            Ok((refusal.status, refusal.body))
        }
        Err(error) => Err(named(error.into(), endpoint)),
    }
}

fn operation(
    service: &'static str,
    http: &SharedHttpClient,
    endpoint: &Endpoint,
    patience: &Patience,
) -> OperationBuilder {
    Operation::builder()
        .service_name(service)
        .operation_name("call")
        .http_client(http.clone())
        .endpoint_url(&endpoint.url)
        .no_auth()
        .sleep_impl(TokioSleep::new())
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .timeout_config(patience.timeouts.clone())
        .standard_retry(&patience.retries)
}

/// Names the endpoint that does not answer.
fn named(error: Error, endpoint: &Endpoint) -> Error {
    match error {
        Error::NoAnswer(why) => Error::NoAnswer(format!("{}: {why}", without_user(&endpoint.url))),
        other => other,
    }
}

/// Returns an address without the user and the password that it may hold.
fn without_user(url: &str) -> String {
    let Ok(mut address) = Url::parse(url) else { return String::new() };
    // An address that takes no user has none.
    let _ = address.set_username("").and_then(|()| address.set_password(None));
    address.as_str().trim_end_matches('/').to_owned()
}

fn written(request: Request) -> Result<HttpRequest, BoxError> {
    let mut written = HttpRequest::new(SdkBody::from(request.body));
    written.set_method(request.method)?;
    written.set_uri(request.path)?;
    for (name, value) in request.headers {
        written.headers_mut().try_insert(name, value)?;
    }
    written.headers_mut().insert("user-agent", concat!("lockstep/", env!("CARGO_PKG_VERSION")));
    Ok(written)
}

#[expect(clippy::result_large_err, reason = "the error's type is the SDK's")]
fn read(answer: &HttpResponse) -> Result<String, OrchestratorError<Refusal>> {
    let status = answer.status();
    let body = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default()).into_owned();
    if status.is_success() {
        return Ok(body);
    }
    let kind = answer.headers().get("x-amzn-errortype");
    Err(OrchestratorError::operation(Refusal::read(status.as_u16(), kind, &body)))
}

/// Signs each attempt anew: a signature is valid for five minutes.
#[derive(Debug)]
struct Signer {
    credentials: Credentials,
    service: &'static str,
    region: String,
}

impl Intercept for Signer {
    fn name(&self) -> &'static str {
        "Signer"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let identity = self.credentials.clone().into();
        let time = components.time_source().map_or_else(std::time::SystemTime::now, |source| source.now());
        let settings = SigningSettings::default();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(time)
            .settings(settings)
            .build()?
            .into();
        let request = context.request_mut();
        let body = SignableBody::Bytes(request.body().bytes().unwrap_or_default());
        let signable = SignableRequest::new(request.method(), request.uri(), request.headers().iter(), body)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        for (name, value) in instructions.headers() {
            let (name, value) = (name.to_owned(), value.to_owned());
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }
}
