//! Opens a connection, and explains why one could not be opened.

use std::io;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection as _, PgConnection};

use crate::history::Format;
use crate::quote::identifier;
use crate::session::fault::database_error;
use crate::session::{Target, Tls};
use crate::{Error, Result, sqlstate};

/// Connects, with `settings` and those that every session has.
pub(crate) async fn connect(target: &Target, settings: &[(&str, &str)]) -> Result<PgConnection, sqlx::Error> {
    let options = login(target)?
        .application_name(&target.application_name)
        // As startup options, so that a RESET ALL between two scripts restores them.
        .options([
            ("lock_timeout", format!("{}ms", target.lock_timeout.as_millis())),
            ("standard_conforming_strings", "on".to_owned()),
            // A limit of the role's own would cut scripts off; the deadline bounds them.
            ("statement_timeout", "0".to_owned()),
            ("idle_in_transaction_session_timeout", "0".to_owned()),
            // No commit waits for its own flush, whatever mode the role or the database sets. All commits are flushed
            // before anything is reported. If the server crashes before that, it loses the last ones, each together
            // with its row.
            ("synchronous_commit", "off".to_owned()),
        ])
        .options(settings.iter().copied());
    let options = match target.tool {
        // Prisma's engine sets its schema, and leaves all other settings to the role and the database.
        Format::Prisma => options.options([("search_path", identifier(&target.schema))]).extra_float_digits(None),
        // sqlx's own runner uses the role's search path, see `settings`. All other settings are the driver's.
        Format::Sqlx => options,
    };
    let options = options.ssl_mode(match &target.tls {
        Tls::VerifyFull(_) => PgSslMode::VerifyFull,
        Tls::VerifyCa(_) => PgSslMode::VerifyCa,
        Tls::Unverified => PgSslMode::Require,
        Tls::Disabled => PgSslMode::Disable,
    });
    let options = match target.tls.pem() {
        Some(pem) => options.ssl_root_cert_from_pem(pem.to_vec()),
        None => options,
    };
    // No log may contain a statement's text: it may hold rows and secrets.
    let options = sqlx::ConnectOptions::disable_statement_logging(options);
    match tokio::time::timeout(target.connect_timeout, PgConnection::connect_with(&options)).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer").into()),
    }
}

/// Returns who connects where, with the password.
fn login(target: &Target) -> Result<PgConnectOptions, sqlx::Error> {
    let Target { host, port, user, password, database, .. } = target;
    let Some(password) = password else {
        // The driver looks a password up only for an address that it reads itself.
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let [host, user, database] = [host, user, database].map(|text| encoded(text));
        return format!("postgres://?host={host}&port={port}&user={user}&dbname={database}").parse();
    };
    Ok(PgConnectOptions::new_without_pgpass()
        .host(host)
        .port(*port)
        .username(user)
        .password(password)
        .database(database))
}

/// Returns the meaning of `error`, which occurred while connecting.
pub(crate) fn connect_error(target: &Target, error: &sqlx::Error) -> Error {
    let (host, port) = (target.host.clone(), target.port);
    let unreachable = |reason: String| Error::Unreachable { host: host.clone(), port, reason };
    if let Some(server) = database_error(error) {
        let refused = |hint| Error::AuthenticationFailed {
            host: host.clone(),
            port,
            user: target.user.clone(),
            code: server.code().to_owned(),
            hint,
        };
        return match server.code() {
            sqlstate::INVALID_PASSWORD => refused("the password is not the role's (P1000)"),
            sqlstate::INVALID_AUTHORIZATION => refused(
                "the role may not connect like this; check that it exists, may log in, has CONNECT on the database, and that pg_hba allows it (P1010)",
            ),
            sqlstate::INVALID_CATALOG_NAME => Error::DatabaseNotFound { host, port, database: target.database.clone() },
            sqlstate::INSUFFICIENT_PRIVILEGE => refused("the role lacks CONNECT on the database: grant it (P1010)"),
            sqlstate::TOO_MANY_CONNECTIONS => {
                unreachable("it has no connection left; free some, or raise max_connections".into())
            }
            sqlstate::CANNOT_CONNECT_NOW => unreachable("it is starting up or shutting down".into()),
            code => {
                unreachable(format!("it refused the connection with SQLSTATE {code} ({})", sqlstate::condition(code)))
            }
        };
    }
    match error {
        sqlx::Error::Tls(source) => Error::Tls { host, port, reason: tls_reason(source.as_ref()) },
        sqlx::Error::Io(source) => match certificate_error(source) {
            Some(_) if has_no_roots(&target.tls) => {
                Error::Tls { host, port, reason: "the file of root certificates holds none; it has to be PEM".into() }
            }
            Some(reason) => Error::Tls { host, port, reason },
            None => unreachable(io_reason(source)),
        },
        // The driver prepares both by SASLprep (RFC 4013). If that fails, it sends neither.
        sqlx::Error::Configuration(source) => Error::AuthenticationFailed {
            host,
            port,
            user: target.user.clone(),
            code: "SASLprep".into(),
            hint: unprepared(&source.to_string()),
        },
        sqlx::Error::Protocol(_) => {
            unreachable("what answers there does not speak PostgreSQL's protocol; are host and port right?".into())
        }
        _ => unreachable("the driver failed".into()),
    }
}

/// Returns why the driver could not prepare the user or the password. The driver's message may quote a character of the
/// password.
fn unprepared(said: &str) -> &'static str {
    if said.contains("username") {
        "the user's name holds a character that cannot be sent; give the role a name of letters and digits (P1000)"
    } else if said.contains("Bidirectional") {
        "the password mixes left-to-right and right-to-left text, and cannot be sent like that; \
         set another one for the role (P1000)"
    } else {
        "the password holds a character that cannot be sent: a control character, an emoji, or one that \
         Unicode 3.2 does not have; set another one for the role (P1000)"
    }
}

/// Whether the text of the root certificates contains no PEM at all: the driver ignores such a file.
fn has_no_roots(tls: &Tls) -> bool {
    const BEGINS: &[u8] = b"-----BEGIN CERTIFICATE-----";
    tls.pem().is_some_and(|pem| !pem.windows(BEGINS.len()).any(|window| window == BEGINS))
}

/// rustls reports an untrusted certificate as an I/O error.
fn certificate_error(error: &io::Error) -> Option<String> {
    let text = error.to_string();
    (error.kind() == io::ErrorKind::InvalidData || text.contains("certificate")).then(|| {
        format!(
            "{text}; is the file of root certificates the right one, and is the host the name in the server's certificate?"
        )
    })
}

fn tls_reason(error: &(dyn std::error::Error + Send + Sync)) -> String {
    format!("{error}; a server without TLS is not accepted")
}

fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused; is the port right, and is the server running?".into(),
        io::ErrorKind::TimedOut => {
            "no answer in time; do the security groups, the route and the firewalls let a connection through?".into()
        }
        _ if error.to_string().contains("lookup") => {
            "the host name cannot be resolved; is it right, and does DNS answer here (in a VPC: is its DNS resolution on)?".into()
        }
        kind => format!("{kind}"),
    }
}
