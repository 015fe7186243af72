//! Wires the decision to Lambda.

use approve::Approver;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::logs::init();
    let approver = Approver::from_env().await;
    approve::serve(&approver).await
}
