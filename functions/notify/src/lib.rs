//! Sends a mail when a run waits for approval and one for each outcome. Completes and logs the run's record.
//!
//! A mail that cannot be sent does not fail the run. The log, the metrics and the record show it.

mod complete;
mod event;
mod mail;

use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata as _;
use aws_sdk_sns::types::MessageAttributeValue;
use jiff::Timestamp;
use shared::metrics::{self, Unit};
use shared::payload::NotifyOutput;
use shared::record::Notification;
use shared::{Failure, FailureName, config, logs};

pub use event::Event;
pub use mail::Mail;

/// Publishes mails to the stack's SNS topic.
pub struct Notifier {
    client: Client,
    settings: Result<NotifierSettings, Failure>,
}

/// The settings from the environment.
#[derive(Debug, Clone)]
pub struct NotifierSettings {
    /// The topic's ARN.
    pub topic_arn: String,
    /// The environment: dev, qa or prod.
    pub environment: String,
}

impl Notifier {
    /// Reads the environment and creates the client.
    pub async fn from_env() -> Self {
        let config = shared::aws::config().load().await;
        Self { client: Client::new(&config), settings: NotifierSettings::from_env() }
    }

    /// Sends the mail for `event`, if it needs one, and records the run if it has ended.
    ///
    /// # Errors
    ///
    /// `Config.Invalid` when the environment is incomplete. `Step.Failed` when a mail for EventBridge could not be
    /// sent. A mail for the state machine that could not be sent is no error.
    pub async fn handle(&self, event: Event) -> Result<NotifyOutput, Failure> {
        let settings = self.settings.as_ref().map_err(Clone::clone)?;
        let now = Timestamp::now();
        let mut record = complete::complete(&event, &settings.environment, now);
        let notification = match mail::compose(&event, record.as_ref(), &settings.environment) {
            Some(mail) => self.send(settings, &mail).await,
            None => Notification::default(),
        };
        let error = notification.error.clone();
        if let Some(record) = &mut record {
            record.run.notifications.ended = Some(notification.clone());
            logs::record(&record.execution, &now.to_string(), record);
        }
        match (&event, error) {
            // EventBridge's call is asynchronous: Lambda tries again if this one fails.
            (Event::Ended(_), Some(code)) => {
                Err(Failure::new(FailureName::StepFailed, format!("SNS answered with {code}")))
            }
            _ => Ok(NotifyOutput { notification, record: record.map(Box::new) }),
        }
    }

    async fn send(&self, settings: &NotifierSettings, mail: &Mail) -> Notification {
        let attribute =
            |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build().ok();
        let mut request =
            self.client.publish().topic_arn(&settings.topic_arn).subject(&mail.subject).message(&mail.body);
        for (name, value) in [("environment", settings.environment.as_str()), ("outcome", mail.outcome)] {
            if let Some(value) = attribute(value) {
                request = request.message_attributes(name, value);
            }
        }
        match request.send().await {
            Ok(output) => {
                tracing::info!(outcome = mail.outcome, "mail sent");
                Notification { sent: true, message_id: output.message_id, error: None }
            }
            Err(error) => {
                let code = error.code().unwrap_or("no answer").to_owned();
                tracing::error!(outcome = mail.outcome, code, "mail could not be sent");
                metrics::emit("notify", &[("MailsLost", Unit::Count, 1.0)]);
                Notification { sent: false, message_id: None, error: Some(code) }
            }
        }
    }
}

impl NotifierSettings {
    fn from_env() -> Result<Self, Failure> {
        Ok(Self {
            topic_arn: config::required(config::TOPIC_ARN)?,
            environment: config::required(config::ENVIRONMENT)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_sns::config::{Credentials, Region};
    use tokio::net::TcpListener;

    use super::*;

    /// The paused clock stands still while there is work, and otherwise jumps to the next timer.
    #[tokio::test(start_paused = true)]
    async fn a_topic_that_does_not_answer_is_given_up_in_time() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = shared::aws::config()
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .endpoint_url(format!("http://{}", silent.local_addr().unwrap()))
            .load()
            .await;
        let settings =
            NotifierSettings { topic_arn: "arn:aws:sns:us-east-1:1:topic".into(), environment: "dev".into() };
        let notifier = Notifier { client: Client::new(&config), settings: Ok(settings.clone()) };
        let mail = Mail { subject: "s".into(), body: "b".into(), outcome: "failed" };
        let longest = shared::aws::LONGEST_CALL + Duration::from_secs(1);
        let sent = tokio::time::timeout(longest, notifier.send(&settings, &mail)).await;
        assert_eq!(sent, Ok(Notification { sent: false, message_id: None, error: Some("no answer".into()) }));
        drop(silent);
    }
}
