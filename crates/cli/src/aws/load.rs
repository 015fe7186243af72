//! Finds Region and credentials: for an account of the caller's, or for a stack on this machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use url::Url;

use super::call::Patience;
use super::credentials::Kept;
use super::error::Error;
use super::{Aws, http};

/// Where a stack is, as far as that is known without asking the settings of AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// The Region.
    pub(crate) region: Option<String>,
    /// The profile.
    pub(crate) profile: Option<String>,
}

/// How the variables begin that name an endpoint.
pub(crate) const ENDPOINTS: &str = "AWS_ENDPOINT_URL";

const NO_REGION: &str =
    "no AWS Region is set: give --region, fill it in in samconfig.toml, set AWS_REGION, or name a profile that has one";

impl Aws {
    /// Returns the account of the caller's credentials. What `place` leaves open comes from the settings that all SDKs share.
    ///
    /// # Errors
    ///
    /// When there is no Region, or there are no credentials.
    pub(crate) async fn of_caller(place: Place) -> Result<Self, Error> {
        check_endpoints()?;
        if let Some(region) = &place.region {
            check_region(region)?;
        }
        let patience = Patience::with_aws();
        let http = http::client()?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .timeout_config(patience.timeouts.clone())
            .retry_config(patience.retries.clone());
        if let Some(region) = place.region.clone() {
            loader = loader.region(Region::new(region));
        }
        if let Some(profile) = &place.profile {
            // By default the keys of the environment come before a profile, even before one that was asked for.
            let within =
                ProviderConfig::default().with_http_client(http.clone()).with_region(place.region.map(Region::new));
            let chosen = ProfileFileCredentialsProvider::builder().configure(&within).profile_name(profile).build();
            loader = loader.profile_name(profile).credentials_provider(chosen);
        }
        let config = loader.load().await;
        let region = config.region().ok_or_else(|| Error::Settings(NO_REGION.to_owned()))?.to_string();
        check_region(&region)?;
        let provider = config.credentials_provider().ok_or_else(|| Error::NoCredentials(String::new()))?;
        let provider = SharedCredentialsProvider::new(Kept::new(provider));
        let config = config.into_builder().credentials_provider(provider.clone()).build();
        Ok(Self::new(config, region, http, provider, patience, None))
    }

    /// Returns the stack on this machine with these settings. Nothing of the user's own settings gets in, so a call that
    /// misses the emulator fails instead of reaching AWS.
    ///
    /// # Errors
    ///
    /// When a setting is missing.
    pub(crate) fn of_this_machine(settings: BTreeMap<String, String>) -> Result<Self, Error> {
        let setting = |name: &str| {
            let missing =
                || Error::Settings(format!("the local stack's settings have no {name}: start it anew with `make up`"));
            settings.get(name).cloned().ok_or_else(missing)
        };
        let region = setting("AWS_REGION")?;
        // Without it, a call would go to AWS.
        setting("AWS_ENDPOINT_URL")?;
        let keys = (setting("AWS_ACCESS_KEY_ID")?, setting("AWS_SECRET_ACCESS_KEY")?);
        let provider = SharedCredentialsProvider::new(Credentials::new(keys.0, keys.1, None, None, "local"));
        let (http, patience) = (http::client_of_this_machine(), Patience::with_this_machine());
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .credentials_provider(provider.clone())
            .http_client(http.clone())
            .timeout_config(patience.timeouts.clone())
            .retry_config(patience.retries.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .build();
        Ok(Self::new(config, region, http, provider, patience, Some(Arc::new(settings))))
    }

    fn new(
        config: SdkConfig,
        region: String,
        http: SharedHttpClient,
        credentials: SharedCredentialsProvider,
        patience: Patience,
        local: Option<Arc<BTreeMap<String, String>>>,
    ) -> Self {
        Self { config, region, http, credentials, patience, local, identity: Arc::default() }
    }
}

/// Refuses a Region that is no name of one. Hosts are made of it, and it can come from an ARN in a mail: with a slash in it, a
/// signed request would go to a host that the ARN's author chose.
fn check_region(region: &str) -> Result<(), Error> {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if region.contains('-') && region.split('-').all(is_part) {
        return Ok(());
    }
    Err(Error::Settings(format!("'{region}' is no name of an AWS Region, such as eu-west-1")))
}

/// Refuses an endpoint in the environment that no request could be sent to.
fn check_endpoints() -> Result<(), Error> {
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(ENDPOINTS)) else { continue };
        let is_one = value
            .to_str()
            .and_then(|value| Url::parse(value).ok())
            .is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_one {
            // Its value is not repeated: it can hold a password.
            return Err(Error::Settings(format!(
                "{name} is no URL such as http://127.0.0.1:4566: correct it, or unset it"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_a_name_and_no_part_of_an_address() {
        for region in ["eu-west-1", "us-gov-east-1", "cn-northwest-1", "ap-southeast-7"] {
            assert!(check_region(region).is_ok(), "{region}");
        }
        for region in
            ["", "x", "x@evil.example/", "eu-west-1.evil.example", "eu-west-1/", "eu-west-1#", "EU-WEST-1", "-"]
        {
            assert!(check_region(region).is_err(), "{region}");
        }
    }
}
