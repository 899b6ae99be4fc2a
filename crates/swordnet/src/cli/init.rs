//! `init`.

use super::Office;
use crate::{exit, output};
use serde_json::json;
use std::process::ExitCode;
use swordnet_campaign::{Campaign, Error};

pub async fn run(office: &Office) -> Result<ExitCode, Error> {
    Campaign::init(&office.place).await?;
    if office.json {
        output::json(&json!({"data": office.place.data}));
    } else {
        output::note(&format!(
            "{} is ready; keep its signing.key safe",
            office.place.data.display()
        ));
    }
    Ok(ExitCode::from(exit::DONE))
}
