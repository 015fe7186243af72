//! The database's user and password, from Secrets Manager, read when a connection is made.

use std::fmt;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use serde::{Deserialize, Deserializer, de};
use shared::{Failure, FailureName};

/// The part of the secret that holds the address of the database and our role's credentials.
///
/// The classic shape has all fields. The shape that RDS manages has only user and password.
#[derive(Clone, Deserialize)]
pub(crate) struct Secret {
    pub(crate) username: String,
    pub(crate) password: String,
    #[serde(default)]
    pub(crate) host: Option<String>,
    #[serde(default, deserialize_with = "port")]
    pub(crate) port: Option<u16>,
    #[serde(default)]
    pub(crate) dbname: Option<String>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Creates a client of the service.
pub(crate) async fn client() -> Client {
    Client::new(&shared::aws::config().load().await)
}

/// Reads the secret `arn`.
pub(crate) async fn read(client: &Client, arn: &str) -> Result<Secret, Failure> {
    let output = client.get_secret_value().secret_id(arn).send().await.map_err(|error| failure(arn, &error))?;
    let text = output
        .secret_string()
        .ok_or_else(|| Failure::config("DatabaseSecretArn", format!("{arn} holds bytes; it has to hold JSON text")))?;
    parse(arn, text)
}

fn parse(arn: &str, text: &str) -> Result<Secret, Failure> {
    // serde's message can quote the value, which here is a secret: name only the expected shape.
    let secret: Secret = serde_json::from_str(text).map_err(|_| {
        Failure::config(
            "DatabaseSecretArn",
            format!(
                "{arn} is not a database secret: it has to be a JSON object with the texts username and password, \
                 and perhaps host, port and dbname"
            ),
        )
    })?;
    let given = |text: &String| !text.is_empty();
    Ok(Secret { host: secret.host.filter(given), dbname: secret.dbname.filter(given), ..secret })
}

fn failure(arn: &str, error: &SdkError<GetSecretValueError>) -> Failure {
    let invalid = |reason: &str| Failure::config("DatabaseSecretArn", format!("{arn}: {reason}"));
    let Some(service) = error.as_service_error() else {
        return Failure::new(
            FailureName::SecretUnreachable,
            "Secrets Manager gave no answer. The function's subnets need its interface endpoint \
             (parameter SecretsManagerEndpoint) or a NAT gateway, and the security groups have to let port 443 through",
        );
    };
    match service {
        GetSecretValueError::ResourceNotFoundException(_) => {
            invalid("there is no such secret in this account and region")
        }
        GetSecretValueError::DecryptionFailure(_) => {
            invalid("cannot be decrypted; name its key in parameter DatabaseSecretKmsKeyArn")
        }
        GetSecretValueError::InvalidRequestException(_) => invalid("cannot be read; is it marked for deletion?"),
        other => match other.meta().code() {
            Some("AccessDeniedException") => {
                invalid("access denied; check the secret's policy, and its key in parameter DatabaseSecretKmsKeyArn")
            }
            code => Failure::new(
                FailureName::SecretUnreachable,
                format!(
                    "Secrets Manager answered with {}; start a new run, and see the service's health if it goes on",
                    code.unwrap_or("an error without a name")
                ),
            ),
        },
    }
}

/// Reads a port, which is a number in some secrets and a text in others.
fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Port {
        Number(u16),
        Text(String),
    }
    match Option::<Port>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Port::Number(port)) => Ok(Some(port)),
        Some(Port::Text(port)) => port.trim().parse().map(Some).map_err(|_| de::Error::custom("not a port")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
    use aws_sdk_secretsmanager::types::error::ResourceNotFoundException;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    #[test]
    fn both_shapes_are_read() {
        let classic = r#"{"engine":"postgres","host":"h","port":"6543","username":"u","password":"p","dbname":"d","masterarn":"m"}"#;
        let secret = parse("arn", classic).unwrap();
        assert_eq!((secret.host.as_deref(), secret.port, secret.dbname.as_deref()), (Some("h"), Some(6543), Some("d")));
        let number = parse("arn", r#"{"username":"u","password":"p","port":5432}"#).unwrap();
        assert_eq!((number.host, number.port), (None, Some(5432)));
        let managed = parse("arn", r#"{"username":"u","password":"a\"b/c%d'e\\f é"}"#).unwrap();
        assert_eq!((managed.password.as_str(), managed.port), ("a\"b/c%d'e\\f é", None));
        let empty = parse("arn", r#"{"username":"u","password":"p","host":"","dbname":""}"#).unwrap();
        assert_eq!((empty.host, empty.dbname), (None, None));
    }

    #[test]
    fn text_that_is_no_secret_is_not_repeated() {
        for text in
            ["hunter2", r#"{"username":"u","password":5}"#, r#"{"username":"u","password":"hunter2","port":"hunter2"}"#]
        {
            let failure = parse("arn", text).unwrap_err();
            assert_eq!(failure.name, FailureName::ConfigInvalid);
            assert!(!failure.message.contains("hunter2") && failure.message.contains("username and password"));
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = parse("arn", r#"{"username":"u","password":"hunter2"}"#).unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn a_missing_secret_names_the_parameter() {
        let missing = mock!(Client::get_secret_value).then_error(|| {
            GetSecretValueError::ResourceNotFoundException(ResourceNotFoundException::builder().build())
        });
        let client = mock_client!(aws_sdk_secretsmanager, RuleMode::Sequential, [&missing]);
        let failure = read(&client, "arn").await.unwrap_err();
        assert_eq!(failure.message, "DatabaseSecretArn: arn: there is no such secret in this account and region");
    }

    #[tokio::test]
    async fn a_secret_of_bytes_is_refused() {
        let bytes = mock!(Client::get_secret_value).then_output(|| GetSecretValueOutput::builder().build());
        let client = mock_client!(aws_sdk_secretsmanager, RuleMode::Sequential, [&bytes]);
        assert!(read(&client, "arn").await.unwrap_err().message.contains("JSON text"));
    }
}
