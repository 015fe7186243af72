//! How requests are sent: TLS on the database driver's cryptography, through the proxy that the environment names.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};

use super::error::Error;

/// Returns a client that takes the environment's proxy and, with `AWS_CA_BUNDLE`, more certificate authorities.
pub(super) fn client() -> Result<SharedHttpClient, Error> {
    let more = std::env::var_os("AWS_CA_BUNDLE").filter(|file| !file.is_empty()).map(PathBuf::from);
    let mut trusted = TrustStore::default();
    if let Some(file) = more {
        let unusable =
            |why: String| Error::Settings(format!("AWS_CA_BUNDLE: {} cannot be used: {why}", file.display()));
        trusted = trusted.with_pem_certificate(std::fs::read(&file).map_err(|error| unusable(error.to_string()))?);
    }
    let context = TlsContext::builder().with_trust_store(trusted).build();
    let context =
        context.map_err(|error| Error::Settings(format!("the certificate authorities cannot be used: {error}")))?;
    Ok(made_once_for_each_patience(move |builder| {
        let builder = builder.proxy_config(ProxyConfig::from_env()).tls_provider(Provider::Rustls(CryptoMode::Ring));
        builder.tls_context(context.clone()).build()
    }))
}

/// Returns a client that goes to this machine only: without TLS, through no proxy.
pub(super) fn client_of_this_machine() -> SharedHttpClient {
    made_once_for_each_patience(|builder| builder.proxy_config(ProxyConfig::disabled()).build_http())
}

type Made = ((Option<Duration>, Option<Duration>), SharedHttpConnector);

/// Connections are kept by the connector, so there is one for all calls with the same time limits.
fn made_once_for_each_patience(
    make: impl Fn(ConnectorBuilder) -> Connector + Send + Sync + 'static,
) -> SharedHttpClient {
    let connectors: Arc<Mutex<Vec<Made>>> = Arc::default();
    http_client_fn(move |settings: &HttpConnectorSettings, components| {
        let patience = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, connector)) = connectors.iter().find(|(of, _)| *of == patience) {
            return connector.clone();
        }
        let mut builder = Connector::builder().connector_settings(settings.clone());
        builder.set_sleep_impl(components.sleep_impl());
        let connector = SharedHttpConnector::new(make(builder));
        connectors.push((patience, connector.clone()));
        connector
    })
}
