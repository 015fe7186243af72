//! The AWS account that a stack is in: who asks, in which Region, and the clients.
//!
//! Step Functions, S3 and STS are asked through the SDK's crates, which the functions compile anyway. The crates of the
//! other services would cost minutes of compilation for a call or two each, so these are asked by [`Aws::query`],
//! [`Aws::json`], [`Aws::rest`] and [`Aws::function_url`].

mod call;
mod credentials;
pub(crate) mod endpoint;
pub(crate) mod error;
mod http;
mod load;
mod protocol;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::{Position, Url};

use call::{Caller, Patience};
use endpoint::{Endpoint, Service, endpoint};
pub(crate) use error::Error;
pub(crate) use load::Place;
use protocol::Request;
pub(crate) use protocol::encoded;

/// The account of the emulators.
pub(crate) const LOCAL_ACCOUNT: &str = "000000000000";

/// Asks a server that is none of AWS's, once. Follows no redirect. Returns the HTTP status and the body.
///
/// # Errors
///
/// When no answer comes.
pub(crate) async fn get(url: &str, headers: &[(&'static str, &str)]) -> Result<(u16, String), Error> {
    call::get(http::client()?, url, headers).await
}

/// An account and a Region, with the credentials to ask it.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    config: SdkConfig,
    region: String,
    http: SharedHttpClient,
    credentials: SharedCredentialsProvider,
    patience: Patience,
    /// The settings of a stack on this machine, which name its endpoints.
    local: Option<Arc<BTreeMap<String, String>>>,
    identity: Arc<OnceCell<Identity>>,
}

/// The caller, as STS names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The account's number.
    pub(crate) account: String,
    /// The caller's ARN.
    pub(crate) arn: String,
}

impl Aws {
    /// Returns the Region.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Returns whether this is a stack on this machine by its own settings.
    pub(crate) fn is_emulated(&self) -> bool {
        self.local.is_some()
    }

    /// Returns a client of Step Functions.
    pub(crate) fn states(&self) -> aws_sdk_sfn::Client {
        let mut config = aws_sdk_sfn::config::Builder::from(&self.config);
        if let Some(url) = self.local_endpoint("SFN") {
            config.set_endpoint_url(Some(url));
        }
        aws_sdk_sfn::Client::from_conf(config.build())
    }

    /// Returns a client of S3.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config);
        if let Some(url) = self.local_endpoint("S3") {
            config.set_endpoint_url(Some(url));
        }
        config.set_force_path_style(self.is_emulated().then_some(true));
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Returns the address of an object, as `CloudFormation` takes it for a template.
    pub(crate) fn s3_url(&self, bucket: &str, key: &str) -> String {
        let named = self.local_endpoint("S3").or_else(|| self.named("S3"));
        let endpoint = named.unwrap_or_else(|| format!("https://{}", endpoint::s3_host(&self.region)));
        format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/'))
    }

    /// Returns a client of Secrets Manager.
    pub(crate) fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        let mut config = aws_sdk_secretsmanager::config::Builder::from(&self.config);
        if let Some(url) = self.local_endpoint("SECRETS_MANAGER") {
            config.set_endpoint_url(Some(url));
        }
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }

    /// Returns a client of SNS.
    pub(crate) fn topics(&self) -> aws_sdk_sns::Client {
        let mut config = aws_sdk_sns::config::Builder::from(&self.config);
        if let Some(url) = self.local_endpoint("SNS") {
            config.set_endpoint_url(Some(url));
        }
        aws_sdk_sns::Client::from_conf(config.build())
    }

    /// Returns a client of S3 that signs nothing, as any program on the internet has one.
    pub(crate) fn s3_unsigned(&self) -> aws_sdk_s3::Client {
        let mut unsigned = self.config.clone().into_builder();
        unsigned.set_credentials_provider(None);
        let config = aws_sdk_s3::config::Builder::from(&unsigned.build()).allow_no_auth();
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Returns a client of S3 that uses no TLS.
    pub(crate) fn s3_without_tls(&self) -> aws_sdk_s3::Client {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config);
        if self.named("S3").is_none() {
            config.set_endpoint_url(Some(format!("http://{}", endpoint::s3_host(&self.region))));
        }
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Returns the caller. STS is asked once.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub(crate) async fn caller(&self) -> Result<&Identity, Error> {
        let ask = async || {
            let mut config = aws_sdk_sts::config::Builder::from(&self.config);
            if let Some(url) = self.local_endpoint("STS") {
                config.set_endpoint_url(Some(url));
            }
            let told = aws_sdk_sts::Client::from_conf(config.build()).get_caller_identity().send().await?;
            let (Some(account), Some(arn)) = (told.account, told.arn) else {
                return Err(Error::Unreadable("STS named no account and no ARN".to_owned()));
            };
            Ok(Identity { account, arn })
        };
        self.identity.get_or_try_init(ask).await
    }

    /// Asks a service whose answers are XML. `O` is the answer's outermost element.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub(crate) async fn query<O: DeserializeOwned>(
        &self,
        service: Service,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<O, Error> {
        let answer = self.send(service, protocol::query(service, action, parameters)).await?;
        quick_xml::de::from_str(&answer).map_err(|error| Error::Unreadable(format!("{action}: {error}")))
    }

    /// Asks a service of the kind AWS JSON 1.1. `target` is the interface and the operation, such as
    /// `Logs_20140328.FilterLogEvents`.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub(crate) async fn json<O: DeserializeOwned>(
        &self,
        service: Service,
        target: &str,
        input: &impl Serialize,
    ) -> Result<O, Error> {
        let body = serde_json::to_vec(input).map_err(|error| Error::Settings(format!("{target}: {error}")))?;
        let answer = self.send(service, protocol::json(target.to_owned(), body)).await?;
        serde_json::from_str(&answer).map_err(|error| Error::Unreadable(format!("{target}: {error}")))
    }

    /// Asks a service of the kind REST JSON. `path` holds the query, and is encoded.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub(crate) async fn rest<O: DeserializeOwned>(
        &self,
        service: Service,
        method: &'static str,
        path: &str,
        input: Option<&(impl Serialize + Sync)>,
    ) -> Result<O, Error> {
        let body = input.map(serde_json::to_vec).transpose();
        let body = body.map_err(|error| Error::Settings(format!("{path}: {error}")))?.unwrap_or_default();
        let answer = self.send(service, protocol::rest(method, path.to_owned(), body)).await?;
        serde_json::from_str(&answer).map_err(|error| Error::Unreadable(format!("{path}: {error}")))
    }

    /// Calls a function's URL with a signature. Returns the HTTP status and the body. It may arrive more than once.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub(crate) async fn function_url(
        &self,
        url: &str,
        method: &'static str,
        body: Vec<u8>,
    ) -> Result<(u16, String), Error> {
        let url = Url::parse(url).map_err(|error| Error::Unreadable(format!("the function's URL, {url}: {error}")))?;
        let endpoint = Endpoint { url: url[..Position::BeforePath].to_owned(), region: self.region.clone() };
        let request = protocol::rest(method, url[Position::BeforePath..].to_owned(), body);
        self.sender().await?.send_plain(Service::Lambda.name(), &endpoint, request).await
    }

    async fn send(&self, service: Service, request: Request) -> Result<String, Error> {
        let endpoint = endpoint(service, &self.region, self.named_endpoint(service));
        self.sender().await?.send(service.name(), &endpoint, request).await
    }

    async fn sender(&self) -> Result<Caller, Error> {
        let credentials = self.credentials.provide_credentials().await?;
        Ok(Caller { http: self.http.clone(), credentials, patience: self.patience.clone() })
    }

    /// Returns the endpoint that the settings name: those of the stack on this machine, or those of the SDKs.
    fn named_endpoint(&self, service: Service) -> Option<String> {
        if self.is_emulated() {
            return self.local_endpoint(&service.id().to_uppercase().replace(' ', "_"));
        }
        self.named(service.id())
    }

    /// Returns the endpoint that the settings of the SDKs name for a service with this id.
    fn named(&self, id: &str) -> Option<String> {
        let of_service = || {
            let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
            self.config.service_config()?.load_config(key.build().ok()?)
        };
        of_service().or_else(|| self.config.endpoint_url().map(str::to_owned))
    }

    fn local_endpoint(&self, service: &str) -> Option<String> {
        let settings = self.local.as_ref()?;
        settings.get(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| settings.get("AWS_ENDPOINT_URL")).cloned()
    }
}
