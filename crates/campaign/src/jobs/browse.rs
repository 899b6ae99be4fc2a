//! Pages whose player hides what it plays: a browser opens them.

use super::patrol::Seen;
use crate::{Campaign, Error};
use bytes::Bytes;
use swordnet_core::{Area, Rendered};
use swordnet_crawl::{Browser, Opened, read};
use url::Url;

/// Pages of one site that are opened at most.
const MOST: usize = 40;

impl Campaign {
    /// Adds what a browser finds on the pages on which a player was seen but no address; gives what is to be remarked.
    pub(super) async fn open_hidden(&self, area: Area, pages: &mut [Seen]) -> Result<Vec<String>, Error> {
        let hidden: Vec<&mut Seen> = pages.iter_mut().filter(|seen| seen.hidden_player).collect();
        let count = hidden.len();
        if count == 0 || !self.settings.browser {
            return Ok(Vec::new());
        }
        let Some(program) = swordnet_crawl::installed_browser() else {
            return Ok(vec![format!(
                "{count} pages hide what they play, and no chromium is installed to open them"
            )]);
        };
        let mut browser = match Browser::start(&program, &self.client).await {
            Ok(browser) => browser,
            Err(e) => {
                return Ok(vec![format!(
                    "{count} pages hide what they play, and {} did not start: {e}",
                    program.display()
                )]);
            }
        };
        let mut remarks = Vec::new();
        let (mut fruitless, mut han) = (0, false);
        for seen in hidden.into_iter().take(MOST) {
            let Ok(url) = Url::parse(&seen.page.url) else {
                continue;
            };
            match browser.open(&url, area).await {
                Ok(opened) => {
                    seen.page.rendered = Some(self.rendered(&opened).await?);
                    han |= opened.markup.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                    let mut offers = opened.offers;
                    if offers.is_empty()
                        && let Some(program) = &self.settings.resolver
                    {
                        match swordnet_crawl::resolve(program, &self.client, &url).await {
                            Ok(found) => offers = found,
                            Err(e) => remarks.push(e.to_string()),
                        }
                    }
                    fruitless += usize::from(offers.is_empty());
                    seen.offers.extend(offers);
                }
                Err(e) => {
                    remarks.push(e.to_string());
                    break;
                }
            }
        }
        if fruitless > 0 {
            remarks.push(format!(
                "{fruitless} pages hide what they play, from a browser too"
            ));
        }
        if han && !swordnet_crawl::draws_han() {
            remarks
                .push("no font for Chinese is installed: pictures of pages show boxes in its place".into());
        }
        if count > MOST {
            remarks.push(format!(
                "{} pages hide what they play and were not opened: {MOST} a site are",
                count - MOST
            ));
        }
        Ok(remarks)
    }

    /// What one page offers in a browser, or why it could not be opened.
    pub(super) async fn open_one(&self, url: &Url, area: Area) -> Result<Vec<read::Offer>, String> {
        let program = swordnet_crawl::installed_browser().filter(|_| self.settings.browser);
        let program = program.ok_or("the page hides what it plays, and no browser opens it")?;
        let failed = |e: &dyn std::fmt::Display| format!("the page hides what it plays: {e}");
        let mut browser = Browser::start(&program, &self.client)
            .await
            .map_err(|e| failed(&e))?;
        let opened = browser.open(url, area).await.map_err(|e| failed(&e))?;
        Ok(opened.offers)
    }

    /// Keeps how the browser showed a page.
    async fn rendered(&self, opened: &Opened) -> Result<Rendered, Error> {
        let screenshot = match &opened.screenshot {
            Some(png) => Some(self.vault.put(png.clone()).await?),
            None => None,
        };
        Ok(Rendered {
            browser: opened.browser.clone(),
            at: self.now(),
            markup: self.vault.put(Bytes::from(opened.markup.clone())).await?,
            screenshot,
            asked: opened.asked.clone(),
        })
    }
}
