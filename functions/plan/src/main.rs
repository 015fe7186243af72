//! Wires the plan step to Lambda.

use database::Connector;
use plan::Reports;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::logs::init();
    let connector = Connector::from_env().await;
    let reports = Reports::from_env().await;
    shared::step::serve("plan", async |input, context| {
        plan::handle(&connector, &reports, input, context.deadline()).await
    })
    .await
}
