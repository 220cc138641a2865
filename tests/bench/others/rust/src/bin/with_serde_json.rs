//! with_serde_json FILE: counts the lines of FILE by their status with
//! serde_json, into a struct that borrows from the line.

use std::borrow::Cow;

#[derive(serde::Deserialize)]
struct Order<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
}

fn main() {
    others::run(|line, counts| {
        let order: Order = serde_json::from_slice(line)?;
        counts.add(&order.status);
        Ok(())
    });
}
