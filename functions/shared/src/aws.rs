//! How the functions call AWS.

use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The SDK's configuration: region and credentials from the environment, as Lambda sets it.
pub fn config() -> ConfigLoader {
    let tls = Provider::Rustls(CryptoMode::Ring);
    aws_config::defaults(BehaviorVersion::latest()).http_client(Builder::new().tls_provider(tls).build_https())
}
