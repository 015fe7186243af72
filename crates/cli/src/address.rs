//! The database that a command works on: its address, the role, and how the connection is protected.
//!
//! The values are those of PostgreSQL's own tools: a URL, then `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGPASSWORD`,
//! the file of passwords, `PGSSLMODE` and `PGSSLROOTCERT`. The driver reads the variables. One thing is stricter here: off this
//! machine a connection is encrypted and the server verified, unless the URL says otherwise.

use std::env;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr as _;

use engine::session::{Roots, Tls};
use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::problem::Problem;

/// Where a database is, and who connects.
#[derive(Clone)]
pub(crate) struct Address {
    /// Host name, IP address, or the directory of a socket.
    pub(crate) host: String,
    /// TCP port, or the number of the socket.
    pub(crate) port: u16,
    /// The role.
    pub(crate) user: String,
    /// The password, if the URL has it.
    pub(crate) password: Option<String>,
    /// The database.
    pub(crate) database: String,
    /// The schema, if the URL names it as Prisma's do.
    pub(crate) schema: Option<String>,
    /// How the connection is protected.
    pub(crate) tls: Tls,
}

/// The form of a URL, for messages. A message never repeats a URL: it may hold a password.
const FORM: &str = "write it as postgresql://user@host:5432/database, with special characters percent-encoded";

/// The variables that name a database where there is no URL.
const NAMING: [&str; 3] = ["PGHOST", "PGDATABASE", "PGUSER"];

/// Variables of PostgreSQL's tools that would change what a script does or where it runs, and that are not supported.
const REFUSED: [(&str, &str); 5] = [
    ("PGOPTIONS", "Lockstep's sessions have settings of their own"),
    ("PGHOSTADDR", "give the address as PGHOST"),
    ("PGSERVICE", "a service file is not read"),
    ("PGSSLCERT", "a client certificate is not supported"),
    ("PGSSLKEY", "a client certificate is not supported"),
];

/// Refuses variables that the driver would read, or ignore, otherwise than a person expects.
fn check_variables() -> Result<(), Problem> {
    if let Some((name, why)) = REFUSED.iter().find(|(name, _)| variable(name).is_some()) {
        return Err(wrong(&format!("{name} is set: {why}; unset it")));
    }
    match variable("PGPORT").map(|port| port.parse::<u16>()) {
        None | Some(Ok(1..)) => Ok(()),
        Some(_) => Err(wrong("PGPORT is no port: give a number from 1 to 65535")),
    }
}

/// Returns the database that `url` names or, without one, that PostgreSQL's variables name. Returns `None` where neither
/// does.
///
/// # Errors
///
/// When the URL or a variable is wrong.
pub(crate) fn find(url: Option<&str>) -> Result<Option<Address>, Problem> {
    // A variable of a job's that has no value is set and empty.
    match url.filter(|url| !url.trim().is_empty()) {
        Some(url) => of_url(url).map(Some),
        None if NAMING.iter().any(|name| variable(name).is_some()) => of_url("postgresql://").map(Some),
        None => Ok(None),
    }
}

fn of_url(text: &str) -> Result<Address, Problem> {
    check_variables()?;
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(wrong(&format!("the database is named by no URL; {FORM}")));
    };
    if !matches!(scheme, "postgres" | "postgresql") {
        let scheme: String = scheme.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        return Err(wrong(&format!(
            "the database's URL begins with {scheme}://, and Lockstep migrates PostgreSQL alone; {FORM}"
        )));
    }
    // PostgreSQL's own tools accept a user without a host; the host is then a parameter.
    let is_bare = rest.split(['/', '?']).next().is_some_and(|authority| authority.ends_with('@'));
    let text = if is_bare { text.replacen('@', "@localhost", 1) } else { text.to_owned() };
    let url =
        Url::parse(&text).map_err(|error| wrong(&format!("the database's URL cannot be read ({error}); {FORM}")))?;
    let parameter = |names: &[&str]| {
        url.query_pairs().filter(|(name, _)| names.contains(&name.as_ref())).last().map(|(_, value)| value.into_owned())
    };
    for (name, reason) in [
        ("options", "Lockstep's sessions have settings of their own"),
        ("sslcert", "a client certificate is not supported"),
        ("sslkey", "a client certificate is not supported"),
        ("sslidentity", "a client certificate is not supported"),
        ("service", "a service file is not read"),
        (
            "hostaddr",
            "the certificate is checked for the host's name, and hostaddr would lead elsewhere; give host alone",
        ),
    ] {
        if parameter(&[name]).is_some() {
            return Err(wrong(&format!("the database's URL has the parameter {name}: {reason}; leave it out")));
        }
    }
    let password = url.password().map(decoded).transpose()?.or_else(|| parameter(&["password"]));
    let mode = Mode::find(parameter(&["sslmode", "ssl-mode"]), parameter(&["sslaccept"]).as_deref())?;
    let roots = parameter(&["sslrootcert", "ssl-root-cert", "ssl-ca"]).or_else(|| variable("PGSSLROOTCERT"));
    // What the driver does not know in Prisma's URLs, it would log.
    let options = PgConnectOptions::from_str(without_query(&url, KNOWN).as_str())
        .map_err(|_| wrong(&format!("the database's URL has a part that cannot be used; {FORM}")))?;
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string());
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let is_near = is_near(&host);
    let tls = mode.tls(is_near, roots, &host)?;
    Ok(Address {
        port: options.get_port(),
        user: options.get_username().to_owned(),
        password: password.filter(|password| !password.is_empty()),
        database: options.get_database().unwrap_or_else(|| options.get_username()).to_owned(),
        schema: parameter(&["schema"]).filter(|schema| !schema.is_empty()),
        tls,
        host,
    })
}

/// The parameters of a URL that the driver is to read.
const KNOWN: &[&str] = &["host", "port", "dbname", "user"];

fn without_query(url: &Url, kept: &[&str]) -> Url {
    let mut bare = url.clone();
    bare.set_query(None);
    let pairs: Vec<_> = url.query_pairs().filter(|(name, _)| kept.contains(&name.as_ref())).collect();
    if !pairs.is_empty() {
        bare.query_pairs_mut().extend_pairs(pairs);
    }
    bare
}

fn decoded(text: &str) -> Result<String, Problem> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| wrong(&format!("the password in the database's URL is not UTF-8; {FORM}")))
}

/// Whether a host is this machine.
fn is_near(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.starts_with('/') || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What is asked of the connection's protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// What is right for the host.
    Default,
    /// No encryption, which the URL says.
    Disable,
    /// No encryption, which only a variable says.
    DisableByVariable,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    fn find(in_url: Option<String>, accept: Option<&str>) -> Result<Self, Problem> {
        let is_strict = accept == Some("strict");
        let is_said = in_url.is_some();
        let mode = in_url.or_else(|| variable("PGSSLMODE"));
        Ok(match mode.as_deref() {
            None | Some("allow" | "prefer") => Self::Default,
            Some("disable") if is_said => Self::Disable,
            Some("disable") => Self::DisableByVariable,
            Some("require") if is_strict => Self::VerifyFull,
            Some("require") => Self::Require,
            Some("verify-ca") => Self::VerifyCa,
            Some("verify-full") => Self::VerifyFull,
            Some(_) => {
                return Err(wrong(
                    "sslmode has a value that is not known: give disable, require, verify-ca or verify-full",
                ));
            }
        })
    }

    fn tls(self, is_near: bool, roots: Option<String>, host: &str) -> Result<Tls, Problem> {
        Ok(match self {
            Self::Default if is_near => Tls::Disabled,
            Self::Disable => Tls::Disabled,
            Self::DisableByVariable if is_near => Tls::Disabled,
            Self::DisableByVariable => {
                return Err(wrong(
                    "PGSSLMODE is disable and the database is on another machine: passwords and rows would cross the network in \
                     the clear. If that is right, write ?sslmode=disable into the URL",
                ));
            }
            // As libpq does: with a certificate at hand, it is verified.
            Self::Require if roots.as_deref() == Some("system") => Tls::VerifyFull(self::roots(roots, host)?),
            Self::Require if roots.is_some() => Tls::VerifyCa(self::roots(roots, host)?),
            Self::Require => Tls::Unverified,
            Self::VerifyCa => match self::roots(roots, host)? {
                given @ Roots::Pem(_) => Tls::VerifyCa(given),
                Roots::Machine => {
                    return Err(wrong(
                        "sslmode is verify-ca, which accepts any name: with this machine's roots, any server on the \
                         Internet could pose as the database. Name the root with sslrootcert=FILE, or sslrootcert=rds for \
                         RDS's own",
                    ));
                }
            },
            Self::Default | Self::VerifyFull => Tls::VerifyFull(self::roots(roots, host)?),
        })
    }
}

/// Returns the roots in a file; without one those of libpq's usual file, of RDS, or of this machine.
fn roots(file: Option<String>, host: &str) -> Result<Roots, Problem> {
    let usual = || env::home_dir().map(|home| home.join(".postgresql/root.crt")).filter(|file| file.is_file());
    let Some(file) = file.map(PathBuf::from).or_else(usual) else {
        let is_rds = host.ends_with(".rds.amazonaws.com");
        return Ok(if is_rds { Roots::Pem(database::RDS_ROOTS.to_vec()) } else { Roots::Machine });
    };
    match file.to_str() {
        Some("system") => return Ok(Roots::Machine),
        Some("rds") => return Ok(Roots::Pem(database::RDS_ROOTS.to_vec())),
        _ => {}
    }
    fs::read(&file)
        .map(Roots::Pem)
        .map_err(|error| wrong(&format!("sslrootcert: {} cannot be read: {error}", file.display())))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn wrong(message: &str) -> Problem {
    Problem::usage(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protected(url: &str) -> &'static str {
        match of_url(url).unwrap().tls {
            Tls::Disabled => "disabled",
            Tls::Unverified => "unverified",
            Tls::VerifyCa(_) => "verify-ca",
            Tls::VerifyFull(Roots::Machine) => "verify-full, machine",
            Tls::VerifyFull(Roots::Pem(_)) => "verify-full, given",
        }
    }

    #[test]
    fn a_url_is_read_as_postgresqls_tools_read_it() {
        let address = of_url("postgres://ann:p%40ss%3A%2F@db.example:6543/shop?schema=app&connection_limit=5").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.user.as_str()), ("db.example", 6543, "ann"));
        assert_eq!((address.password.as_deref(), address.database.as_str()), (Some("p@ss:/"), "shop"));
        assert_eq!(address.schema.as_deref(), Some("app"));
        let address = of_url("postgresql:///?host=/run/postgresql&dbname=shop&user=ann&password=x").unwrap();
        assert_eq!((address.host.as_str(), address.database.as_str()), ("/run/postgresql", "shop"));
        assert_eq!(address.password.as_deref(), Some("x"));
        let address = of_url("postgresql://ann@/shop?host=/run/postgresql&port=6543").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.user.as_str()), ("/run/postgresql", 6543, "ann"));
        assert_eq!(of_url("postgres://a@[::1]:6543/x").unwrap().host, "::1");
        assert!(find(Some(" ")).is_ok());
    }

    #[test]
    fn off_this_machine_a_connection_is_encrypted_and_verified() {
        for (url, how) in [
            ("postgres://a@localhost/x", "disabled"),
            ("postgres://a@127.0.0.1/x", "disabled"),
            ("postgres://a@[::1]/x", "disabled"),
            ("postgres:///x?host=/run/postgresql", "disabled"),
            ("postgres://a@localhost/x?sslmode=require", "unverified"),
            ("postgres://a@db.example/x", "verify-full, machine"),
            ("postgres://a@db.example/x?sslmode=prefer", "verify-full, machine"),
            ("postgres://a@x.abc.eu-central-1.rds.amazonaws.com/x", "verify-full, given"),
            ("postgres://a@db.example/x?sslmode=disable", "disabled"),
            ("postgres://a@db.example/x?sslmode=require", "unverified"),
            ("postgres://a@db.example/x?sslmode=require&sslaccept=strict", "verify-full, machine"),
            ("postgres://a@localhost/x?sslmode=verify-ca&sslrootcert=rds", "verify-ca"),
            ("postgres://a@db.example/x?sslmode=require&sslrootcert=system", "verify-full, machine"),
            ("postgres://a@db.example/x?sslmode=verify-full&sslrootcert=system", "verify-full, machine"),
        ] {
            assert_eq!(protected(url), how, "{url}");
        }
    }

    #[test]
    fn a_wrong_url_is_named_and_its_password_never_repeated() {
        for (url, said) in [
            ("s3cret", "is named by no URL"),
            ("host=h password=s3cret", "is named by no URL"),
            ("postgres:s3cret@host/db", "is named by no URL"),
            ("postgresql:/u:s3cret@host/db", "is named by no URL"),
            ("postgres://a:s3cret@h/x?sslmode=verify-ca", "Name the root"),
            ("postgres://a:s3cret@h/x?hostaddr=127.0.0.1", "the parameter hostaddr"),
            ("postgres://a:s3cret@h:99999/x", "cannot be read"),
            ("mysql://a:s3cret@h/x", "begins with mysql://"),
            ("postgres://a:s3cret@h/x?sslmode=s3cret", "sslmode has a value"),
            ("postgres://a:s3cret@h/x?options=-csearch_path%3Ds3cret", "the parameter options"),
            ("postgres://a:s3cret@h/x?sslcert=f", "the parameter sslcert"),
            ("postgres://a:s3cret@h/x?port=s3cret", "a part that cannot be used"),
            ("postgres://a:%ff@h/x", "not UTF-8"),
            ("postgres://a:s3cret@h/x?sslmode=verify-full&sslrootcert=/no/such", "/no/such cannot be read"),
        ] {
            let problem = of_url(url).err().unwrap();
            assert!(problem.message.contains(said) && !problem.message.contains("s3cret"), "{url}: {problem:?}");
        }
    }
}
