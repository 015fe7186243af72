//! Opens a page in a browser.

use std::path::Path;

use url::Url;

use crate::screen::{Look, Screen};

/// Opens a file in the browser that BROWSER names, or else in the system's own. Does not wait for it.
pub(crate) fn open(screen: &mut Screen, file: &Path) {
    let page = Url::from_file_path(file).map_or_else(|()| file.display().to_string(), String::from);
    // A list, as other programs take it; the first one counts.
    let named = std::env::var("BROWSER").ok();
    let named = named.as_deref().and_then(|list| list.split(':').map(str::trim).find(|name| !name.is_empty()));
    let opened = match named {
        Some(program) => open::with_detached(&page, program),
        None => open::that_detached(&page),
    };
    if opened.is_err() {
        screen.complain(Look::Warning, "No browser could be started: open that file yourself");
    }
}
