//! with_sonic_rs FILE: counts the lines of FILE by their status with sonic-rs,
//! which looks for that one field and validates nothing.

use sonic_rs::JsonValueTrait;

fn main() {
    others::run(|line, counts| {
        // SAFETY: the corpora are well-formed JSON in UTF-8.
        let status = unsafe { sonic_rs::get_unchecked(line, ["status"])? };
        counts.add(status.as_str().ok_or("status is no string")?);
        Ok(())
    });
}
