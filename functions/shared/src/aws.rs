//! How the functions call AWS.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// How long a call may take, with its second attempt. A function that Lambda has to end cannot report why, so the
/// template gives more time than this to the functions that only call services.
pub const LONGEST_CALL: Duration = Duration::from_secs(11);

/// Returns the SDK's configuration: region and credentials from the environment, as Lambda sets it.
///
/// A call times out within seconds. Otherwise a service that does not answer, or a subnet without a route to it, would
/// hold the function until Lambda ends it.
pub fn config() -> ConfigLoader {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(LONGEST_CALL)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(tls).build_https())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(2))
}
