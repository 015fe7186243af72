//! Wires the preflight step to Lambda.

use database::Connector;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::logs::init();
    let connector = Connector::from_env().await;
    shared::step::serve("preflight", async |input, context| {
        preflight::handle(&connector, input, context.deadline()).await
    })
    .await
}
