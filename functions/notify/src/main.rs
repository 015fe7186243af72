//! Wires the mails to Lambda.

use notify::Notifier;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::logs::init();
    let notifier = Notifier::from_env().await;
    shared::step::serve("notify", async |event, _context| notifier.handle(event).await).await
}
