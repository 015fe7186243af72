//! Tests every way in which a connection can fail, each with its own error.

use std::time::{Duration, Instant};

use engine::Error;
use engine::session::{Roots, Session, Target, Tls};

use crate::support::{Database, run};

async fn refused(target: Target) -> Error {
    match Session::open(&target).await {
        Err(error) => {
            assert!(!error.to_string().contains(target.password.as_ref().unwrap()), "{error}");
            error
        }
        Ok(_) => panic!("a session was opened"),
    }
}

#[tokio::test]
async fn each_cause_has_its_error() {
    let good = Database::create().await.target;
    let error = refused(Target { password: Some("wrong".into()), ..good.clone() }).await;
    assert!(matches!(&error, Error::AuthenticationFailed { code, .. } if code == "28P01"), "{error}");
    let error = refused(Target { database: "nowhere".into(), ..good.clone() }).await;
    assert!(matches!(&error, Error::DatabaseNotFound { database, .. } if database == "nowhere"), "{error}");
    let error = refused(Target { port: 1, ..good.clone() }).await;
    assert!(error.to_string().contains("connection refused; is the port right"), "{error}");
    let error = refused(Target { host: "no-such-host.invalid".into(), ..good.clone() }).await;
    assert!(error.to_string().contains("cannot be resolved"), "{error}");
    assert!(matches!(error, Error::Unreachable { .. }));
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_long() {
    let good = Database::create().await.target;
    // Accepts, and never answers, like a firewall that drops packets.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let started = Instant::now();
    let error = refused(Target { port, connect_timeout: Duration::from_millis(300), ..good }).await;
    assert!(error.to_string().contains("security groups"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_cannot_prove_itself_is_not_trusted() {
    let good = Database::create().await.target;
    // RDS's roots did not sign the test server's certificate.
    let strangers = include_bytes!("../../../../functions/database/rds-global-bundle.pem").to_vec();
    let error = refused(Target { tls: Tls::VerifyFull(Roots::Pem(strangers)), ..good.clone() }).await;
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    // 127.0.0.2 is the same server, at an address that its certificate does not name.
    let error = refused(Target { host: "127.0.0.2".into(), ..good.clone() }).await;
    assert!(matches!(error, Error::Tls { .. } | Error::Unreachable { .. }), "{error}");
    let torn = b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n".to_vec();
    for (file, part) in [(b"no PEM".to_vec(), "holds none; it has to be PEM"), (torn, "Invalid certificate")] {
        let error = refused(Target { tls: Tls::VerifyFull(Roots::Pem(file)), ..good.clone() }).await;
        assert!(matches!(error, Error::Tls { .. }) && error.to_string().contains(part), "{error}");
    }
    // An unreachable server is not reported as a matter of certificates.
    let error = refused(Target { tls: Tls::VerifyFull(Roots::Pem(b"no PEM".to_vec())), port: 1, ..good }).await;
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_password_that_the_driver_cannot_send_is_told_as_such() {
    let database = Database::create().await;
    let (good, mut admin) = (&database.target, database.superuser().await);
    // PostgreSQL takes all of these, and libpq sends them.
    for (password, part) in [
        ("sun😀shine", "a control character, an emoji"),
        ("tab\there", "a control character, an emoji"),
        ("bell\u{7}", "a control character, an emoji"),
        ("private\u{e000}", "a control character, an emoji"),
        ("left\u{5d0}", "mixes left-to-right and right-to-left text"),
        ("\u{5d0}1", "mixes left-to-right and right-to-left text"),
    ] {
        run(&mut admin, &format!("ALTER ROLE {} PASSWORD '{password}'", good.user)).await;
        for tls in [Tls::Disabled, good.tls.clone()] {
            let error = refused(Target { password: Some(password.into()), tls, ..good.clone() }).await;
            assert!(matches!(&error, Error::AuthenticationFailed { hint, .. } if hint.contains(part)), "{error}");
            assert!(error.to_string().contains("set another one for the role (P1000)"), "{error}");
            let odd = |c: char| !c.is_ascii() || c.is_control();
            assert!(!error.to_string().contains(odd), "{error}");
        }
    }
    let error = refused(Target { user: "sun😀".into(), ..good.clone() }).await;
    assert!(matches!(&error, Error::AuthenticationFailed { hint, .. } if hint.contains("the user's name")), "{error}");
    // Other passwords beyond ASCII are prepared as the server prepares them.
    for password in ["\u{5d0}\u{5d1}", "n\u{a0}o-break", "soft\u{ad}hyphen", "\u{2168}", "漢字"] {
        run(&mut admin, &format!("ALTER ROLE {} PASSWORD '{password}'", good.user)).await;
        Session::open(&Target { password: Some(password.into()), ..good.clone() }).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_known_before_anything_is_tried() {
    let database = Database::create().await;
    let name = &database.target.user;
    run(&mut database.superuser().await, &format!("ALTER ROLE {name} SET default_transaction_read_only = on")).await;
    let error = Session::open(&database.target).await.unwrap().check_writable().unwrap_err();
    assert!(
        matches!(&error, Error::ReadOnly { reason, .. } if reason.contains("default_transaction_read_only")),
        "{error}"
    );
}
