//! Wires the apply step to Lambda.

use database::Connector;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::logs::init();
    let connector = Connector::from_env().await;
    shared::step::serve("apply", async |input, context| apply::handle(&connector, input, context.deadline()).await)
        .await
}
